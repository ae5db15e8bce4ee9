"""Telling persons of their reminders: what waits for a messenger, receipts, and what clerks wrote down (SUB-71)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Row, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.tables_reminder import reminder, telling
from services.subsidy.adapters.words import Words
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.reminder import (
    ACTIVE,
    TEXT,
    Reminder,
    Telling,
    TellingMedium,
    TellingState,
)
from shared.kit.audit import Change
from shared.kit.crypto import Keys
from shared.kit.messages import MESSAGES_MAX, Medium, Message, Receipt
from shared.kit.scoping import inside
from shared.values.division import Scope

CLOSING: Final = b"reminder.closing"
RECIPIENT: Final = b"reminder.recipient"
EVIDENCE: Final = b"reminder.evidence"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A telling that waits for whoever carries it."""

    telling_id: UUID
    reminder_id: UUID
    person_id: UUID
    division: str
    message: Message | None


_ASKED: Final = text(
    "INSERT INTO reminder_telling (telling_id, reminder_id, medium, state, recipient_cipher, requested_by) "
    "SELECT t.telling_id, t.reminder_id, t.medium, 'WAITING', decode(t.recipient, 'hex'), :by "
    "FROM json_to_recordset(CAST(:rows AS json)) AS t(telling_id uuid, reminder_id uuid, medium text, recipient text) "
    "ON CONFLICT DO NOTHING RETURNING reminder_id"
)
_ANSWERED: Final = text(
    "UPDATE reminder_telling t SET state = a.state, recipient_cipher = NULL, "
    "evidence_cipher = decode(a.evidence, 'hex'), told_on = CASE WHEN a.state = 'SENT' THEN CAST(:today AS date) END "
    "FROM json_to_recordset(CAST(:rows AS json)) AS a(telling_id uuid, state text, evidence text) "
    "WHERE t.telling_id = a.telling_id AND t.state = 'WAITING' RETURNING t.telling_id"
)
# The first day counts; a case that ended meanwhile was told of all the same.
_REMINDED: Final = text(
    "UPDATE proactive_reminder r SET version = r.version + 1, "
    "reminded_on = least(r.reminded_on, CAST(:told_on AS date)), "
    "state = CASE WHEN r.state = 'OPEN' THEN 'REMINDED' ELSE r.state END "
    "WHERE r.reminder_id = ANY(:reminders)"
)


class Tellings:
    """What is told, and by whom it is carried."""

    def __init__(self, keys: Keys) -> None:
        self._words = Words(keys)

    async def active(self, work: SubsidyWork, ids: Sequence[UUID], *, within: Scope) -> dict[UUID, Any]:
        """Cases within a scope of which somebody is still to be told, locked: id -> (id, person, division)."""
        query = (
            select(reminder.c.reminder_id, reminder.c.person_id, reminder.c.division)
            .where(
                reminder.c.reminder_id.in_(set(ids)), reminder.c.state.in_(ACTIVE), inside(reminder.c.division, within)
            )
            .order_by(reminder.c.reminder_id)
            .with_for_update()
        )
        rows = await work.connection.execute(query)
        return {row.reminder_id: row for row in rows}

    async def ask(
        self, work: SubsidyWork, asked: Mapping[UUID, tuple[TellingMedium, str | None]], *, by: str
    ) -> set[UUID]:
        """Let messages wait for whoever carries them; the cases of which none waited yet."""
        rows = []
        for reminder_id, (medium, recipient) in asked.items():
            telling_id = work.new_id()
            sealed = None if recipient is None else self._words.sealed(recipient, RECIPIENT, telling_id).hex()
            rows.append(
                {"telling_id": telling_id, "reminder_id": reminder_id, "medium": medium.value, "recipient": sealed}
            )
        told = await work.connection.scalars(_ASKED, {"rows": orjson.dumps(rows).decode(), "by": by})
        return set(told)

    async def waiting(self, work: SubsidyWork) -> Sequence[Outgoing]:
        """Messages to send, those that wait longest first."""
        query = (
            select(telling, reminder.c.person_id, reminder.c.division)
            .join(reminder, reminder.c.reminder_id == telling.c.reminder_id)
            .where(telling.c.state == TellingState.WAITING)
            .order_by(telling.c.requested_at, telling.c.telling_id)
            .limit(MESSAGES_MAX)
        )
        return [self._outgoing(row) for row in await work.connection.execute(query)]

    def _outgoing(self, row: Row[Any]) -> Outgoing:
        medium = Medium(row.medium)
        recipient = self._words.opened(row.recipient_cipher, RECIPIENT, row.telling_id)
        if medium is Medium.IN_APP:
            recipient = str(row.person_id)
        message = None if recipient is None else Message(row.telling_id, medium, recipient, TEXT)
        return Outgoing(row.telling_id, row.reminder_id, row.person_id, row.division, message)

    async def record(self, work: SubsidyWork, told: Sequence[tuple[Outgoing, Receipt]]) -> None:
        """Keep the evidence, forget the recipients; who was reached was reminded today."""
        rows = [
            {
                "telling_id": each.telling_id,
                "state": TellingState.SENT if receipt.taken else TellingState.FAILED,
                "evidence": self._words.sealed(receipt.evidence, EVIDENCE, each.telling_id).hex(),
            }
            for each, receipt in told
        ]
        values = {"rows": orjson.dumps(rows).decode(), "today": work.today()}
        answered = set(await work.connection.scalars(_ANSWERED, values))
        reached = [each.reminder_id for each, receipt in told if receipt.taken and each.telling_id in answered]
        await work.connection.execute(_REMINDED, {"reminders": reached, "told_on": work.today()})
        work.audit(
            *(
                Change(
                    each.person_id,
                    "reminder.sent" if receipt.taken else "reminder.failed",
                    after={"reminder_id": each.reminder_id, "telling_id": each.telling_id},
                    division=each.division,
                )
                for each, receipt in told
                if each.telling_id in answered
            )
        )

    async def write_down(
        self, work: SubsidyWork, known: Reminder, medium: TellingMedium, told_on: date, evidence: str, *, by: str
    ) -> None:
        """A clerk told the person, and says how that is known."""
        telling_id = work.new_id()
        await work.connection.execute(
            insert(telling).values(
                telling_id=telling_id,
                reminder_id=known.reminder_id,
                medium=medium.value,
                state=TellingState.SENT.value,
                told_on=told_on,
                evidence_cipher=self._words.sealed(evidence, EVIDENCE, telling_id),
                requested_by=by,
            )
        )
        await work.connection.execute(_REMINDED, {"reminders": [known.reminder_id], "told_on": told_on})

    async def of(self, connection: AsyncConnection, reminder_ids: Sequence[UUID]) -> list[tuple[Telling, str | None]]:
        """The tellings of some cases with their evidence, oldest first."""
        columns = [telling.c[name] for name in Telling.__dataclass_fields__]
        query = (
            select(*columns)
            .where(telling.c.reminder_id.in_(set(reminder_ids)))
            .order_by(telling.c.requested_at, telling.c.telling_id)
        )
        return [
            (
                Telling(**dict(row._mapping) | {"medium": TellingMedium(row.medium), "state": TellingState(row.state)}),
                self._words.opened(row.evidence_cipher, EVIDENCE, row.telling_id),
            )
            for row in await connection.execute(query)
        ]

    def sealed_closing(self, reason: str, reminder_id: UUID) -> bytes:
        """Why a case was closed, for the column."""
        return self._words.sealed(reason, CLOSING, reminder_id)

    def closing(self, one: Reminder) -> str | None:
        """Why a case was closed."""
        return self._words.opened(one.closing_cipher, CLOSING, one.reminder_id)


async def count_waiting(connection: AsyncConnection) -> int:
    """Messages nobody has taken yet."""
    query = select(func.count()).where(telling.c.state == TellingState.WAITING)
    return (await connection.execute(query)).scalar_one()


async def forget_evidence_of(connection: AsyncConnection, person_id: UUID) -> None:
    """On the person's request: whatever was written when they were told; that they were told stays."""
    await connection.execute(
        text(
            "UPDATE reminder_telling t SET evidence_cipher = NULL FROM proactive_reminder r "
            "WHERE r.reminder_id = t.reminder_id AND r.person_id = :person"
        ),
        {"person": person_id},
    )
