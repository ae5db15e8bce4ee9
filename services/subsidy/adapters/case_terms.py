"""What the steps of a case ask besides the case: days and limits, the rules, quotas, awards that run already."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import policy_documents, records
from services.subsidy.adapters.repositories import to_award
from services.subsidy.adapters.tables import award, working_days
from services.subsidy.domain.application import Application
from services.subsidy.domain.application_timing import Timing
from services.subsidy.domain.award import Award
from services.subsidy.domain.policy_book import PolicyBook
from shared.kit.audit import Change
from shared.kit.calendar import working_days as working_days_of
from shared.kit.clock import Clock
from shared.kit.scoping import inside
from shared.values.award import RUNNING, AwardStatus, Scheme
from shared.values.division import Division, Scope
from shared.values.month import Month

_RUNNING: Final = tuple(status.value for status in RUNNING)
_SUPERSEDE: Final = text(
    "WITH changed AS (UPDATE award SET status = 'STOPPED', version = version + 1 "
    "WHERE person_id = :person AND scheme = :scheme AND status = 'SUSPENDED' RETURNING *), "
    "step AS (INSERT INTO award_step (award_id, version, status_before, status, effective_month, cause_id, cause_kind, "
    "trace_id, recorded_by) SELECT award_id, version, 'SUSPENDED', status, effective_month, cause_id, cause_kind, "
    ":trace, :by FROM changed) SELECT * FROM changed"
)


async def timing(connection: AsyncConnection, clock: Clock, *, home: Division, acceptance: Division) -> Timing:
    """Today, the limits in force in the home county this month, and the calendars of both places."""
    today = clock.today()
    book = PolicyBook(await policy_documents.in_force(connection, None))
    return Timing(
        today=today,
        limits=book.limits(home.county.code, Month.of(today)),
        at_acceptance=await working_days_of(connection, working_days, acceptance),
        at_home=await working_days_of(connection, working_days, home),
    )


async def quota(connection: AsyncConnection, one: Application) -> int | None:
    """How many awards of the scheme the home county may have."""
    book = PolicyBook(await policy_documents.in_force(connection, None))
    return book.quota(one.home.county.code, one.month, one.scheme.value)


async def running(connection: AsyncConnection, scheme: Scheme, county: Division) -> int:
    """How many awards of the scheme the county has. Who counts waits for whoever is granting one there."""
    await connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"quota/{scheme}/{county}"))))
    counted = await connection.scalar(
        select(func.count())
        .select_from(award)
        .where(award.c.scheme == scheme.value, award.c.status.in_(_RUNNING), inside(award.c.division, Scope.of(county)))
    )
    return int(counted or 0)


async def has_running(connection: AsyncConnection, person_id: UUID, scheme: Scheme) -> bool:
    """Whether an award of the scheme is being paid to the person."""
    found = await connection.scalar(
        select(award.c.award_id).where(
            award.c.person_id == await records.owner(connection, person_id),
            award.c.scheme == scheme.value,
            award.c.status.in_(_RUNNING),
            award.c.status != AwardStatus.SUSPENDED.value,
        )
    )
    return found is not None


async def supersede(
    connection: AsyncConnection, person_id: UUID, scheme: Scheme, *, by: str, trace_id: str
) -> list[Award]:
    """A suspended award is stopped before its month turns: a new one follows it."""
    values = {"person": await records.owner(connection, person_id), "scheme": scheme.value, "by": by, "trace": trace_id}
    return [to_award(row) for row in await connection.execute(_SUPERSEDE, values)]


def superseded(ended: Award) -> Change:
    """For the trail."""
    return Change(
        ended.person_id,
        "award.changed",
        before={"status": AwardStatus.SUSPENDED},
        after={"status": ended.status, "award_id": ended.award_id},
        division=ended.division.code,
    )
