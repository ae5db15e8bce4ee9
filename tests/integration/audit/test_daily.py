"""The trail is proved every day without anybody asking."""

import asyncio
from datetime import timedelta

import psycopg
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.kit.audit import Auditor
from shared.kit.audit_daily import verify_daily
from shared.kit.audit_routes import VERIFICATION_JOB
from shared.kit.clock import Clock
from shared.kit.jobs import HOUSE
from shared.kit.work import UnitOfWork, Works
from tests.integration.audit.conftest import Trail
from tests.integration.kit_jobs.conftest import a_ring

Forger = psycopg.Connection[tuple[int, ...]]


def _works(engine: AsyncEngine, clock: Clock) -> Works[UnitOfWork]:
    return Works(engine, clock=clock, make=UnitOfWork, auditor=Auditor(engine, a_ring()))


def _jobs(forger: Forger) -> int:
    query = "SELECT count(*) FROM job WHERE kind = %s AND created_by = %s"
    return int((forger.execute(query, [VERIFICATION_JOB, HOUSE]).fetchone() or (0,))[0])


async def test_a_trail_older_than_a_day_is_verified_once_a_day(
    engine: AsyncEngine, trail: Trail, forger: Forger
) -> None:
    clock = Clock(movable=True)
    works = _works(engine, clock)
    await trail.record(3)
    forger.execute("UPDATE audit SET recorded_at = recorded_at - interval '25 hours'")
    await asyncio.gather(*(verify_daily(works) for _ in range(3)))
    assert _jobs(forger) == 1
    clock.show(clock.today() + timedelta(days=1))
    await verify_daily(works)
    assert _jobs(forger) == 2


async def test_a_trail_of_today_only_waits_for_its_first_day(engine: AsyncEngine, trail: Trail, forger: Forger) -> None:
    works = _works(engine, Clock())
    await verify_daily(works)
    await trail.record(3)
    await verify_daily(works)
    assert _jobs(forger) == 0
