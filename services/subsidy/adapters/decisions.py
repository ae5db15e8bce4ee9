"""Dated decisions: determinations, pauses, back-payments. What was decided stays on record when it is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Table, insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.tables_facts import back_payment, determination, pause
from services.subsidy.domain.decisions import BackPayment, Determination, Pause
from services.subsidy.domain.entitlement.algebra import number_of
from shared.values.month import Month

_OPEN: Final = text("known_to = 'infinity'")
_FOR_EVER: Final = text("'infinity'")


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
