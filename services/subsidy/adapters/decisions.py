"""Dated decisions: determinations, pauses, back-payments. What was decided stays on record when it is taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Table, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.successions import DECIDED, LINE
from services.subsidy.adapters.tables_facts import back_payment, determination, pause
from services.subsidy.domain.award import Award
from services.subsidy.domain.decisions import BackPayment, Determination, Pause
from services.subsidy.domain.entitlement.algebra import number_of
from shared.kit.audit import Change
from shared.values.month import Month

_OPEN: Final = text("known_to = 'infinity'")
_FOR_EVER: Final = text("'infinity'")


_PLACED: Final = text(
    "UPDATE determination d SET county = "  # noqa: S608 - put together from constants
    f"{LINE.format(person='d.person_id', division='d.division', holds=DECIDED.format(award='d'))} "
    "WHERE d.award_id = ANY(:awards) AND d.known_to = 'infinity'"
)
# Persons with one award a scheme may be alike in work over everybody (`entitlement.alike`).
_SINGLE: Final = text(
    "UPDATE determination d SET single = n.single FROM (SELECT person_id, scheme, count(*) = 1 AS single "
    "FROM determination WHERE person_id = ANY(:persons) GROUP BY person_id, scheme) n "
    "WHERE d.person_id = n.person_id AND d.scheme = n.scheme AND d.single <> n.single"
)


async def determine(connection: AsyncConnection, decisions: Sequence[Determination], *, at: datetime) -> None:
    """Awards were determined."""
    if decisions:
        await connection.execute(
            insert(determination),
            [
                {
                    "award_id": decision.award_id,
                    "person_id": decision.person_id,
                    "scheme": decision.scheme,
                    "division": decision.division,
                    "county": decision.division[:6],
                    "application_date": decision.application_date,
                    "application_month": number_of(Month.of(decision.application_date)),
                    "known_from": at,
                }
                for decision in decisions
            ],
        )
        await connection.execute(_PLACED, {"awards": [decision.award_id for decision in decisions]})
        await connection.execute(_SINGLE, {"persons": list({decision.person_id for decision in decisions})})


async def begin_pause(
    connection: AsyncConnection, decision: Pause, *, person_id: UUID, reason: str, by: str, at: datetime
) -> None:
    """An award pauses."""
    await connection.execute(
        insert(pause).values(
            pause_id=decision.pause_id,
            award_id=decision.award_id,
            person_id=person_id,
            first_day=decision.first.first_day,
            until=text("'infinity'") if decision.until is None else decision.until.first_day,
            reason=reason,
            recorded_by=by,
            known_from=at,
        )
    )


async def grant_back_payment(
    connection: AsyncConnection, decision: BackPayment, *, person_id: UUID, reason: str, by: str, at: datetime
) -> None:
    """The gap before an award is paid."""
    await connection.execute(
        insert(back_payment).values(
            decision_id=decision.decision_id,
            award_id=decision.award_id,
            person_id=person_id,
            reason=reason,
            recorded_by=by,
            known_from=at,
        )
    )


async def take_back(connection: AsyncConnection, table: Table, key: str, ids: Sequence[UUID], *, at: datetime) -> int:
    """Decisions no longer hold, from this moment of knowledge on; how many did."""
    closed = await connection.execute(
        update(table).where(table.c[key].in_(ids), _OPEN).values(known_to=at).returning(table.c.row_id)
    )
    return len(closed.all())


class SqlDecisions:
    """`Decisions` on PostgreSQL."""

    def __init__(self, connection: AsyncConnection, *, by: str, audit: Callable[..., None]) -> None:
        self._connection = connection
        self._audit = audit
        self._by = by

    async def begin_pause(self, pause: Pause, *, person_id: UUID, reason: str) -> None:
        """From now on known."""
        at = await self._now()
        await begin_pause(self._connection, pause, person_id=person_id, reason=reason, by=self._by, at=at)

    async def open_pause(self, award_id: UUID) -> Pause:
        """The pause of a paused award."""
        query = select(pause.c.pause_id, pause.c.first_day).where(
            pause.c.award_id == award_id, pause.c.until == _FOR_EVER, _OPEN
        )
        row = (await self._connection.execute(query)).one()
        return Pause(pause_id=row.pause_id, award_id=award_id, first=Month.of(row.first_day))

    async def end_pause(self, pause_: Pause, until: Month, *, person_id: UUID, reason: str) -> None:
        """From now on known to end with a month."""
        at = await self._now()
        await take_back(self._connection, pause, "pause_id", [pause_.pause_id], at=at)
        if until > pause_.first:
            ended = replace(pause_, until=until)
            await begin_pause(self._connection, ended, person_id=person_id, reason=reason, by=self._by, at=at)

    async def has_back_payment(self, award_id: UUID) -> bool:
        """Whether the gap before the award was granted already."""
        query = select(back_payment.c.decision_id).where(back_payment.c.award_id == award_id, _OPEN)
        return await self._connection.scalar(query) is not None

    async def grant_back_payment(self, decision: BackPayment, award: Award, *, reason: str) -> None:
        """From now on known."""
        at = await self._now()
        await grant_back_payment(
            self._connection, decision, person_id=award.person_id, reason=reason, by=self._by, at=at
        )
        after = {"award_id": award.award_id, "decision_id": decision.decision_id, "reason": reason}
        self._audit(Change(award.person_id, "award.back_paid", after=after, division=award.division.code))

    async def _now(self) -> datetime:
        """The instant of the database: two decisions about one award follow each other in its order."""
        at: datetime = (await self._connection.execute(select(func.clock_timestamp()))).scalar_one()
        return at
