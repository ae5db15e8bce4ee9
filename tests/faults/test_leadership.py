"""Any number of workers of one service: one leads, the next takes over, and who wakes up too late changes nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Final

import pytest

from tests.faults.invariants import Expectation, Stories
from tests.faults.report import Report
from tests.faults.standby import another
from tests.faults.steps import Step
from tests.faults.victims import Victim, kill9
from tests.faults.world import World, a_world

LEADER_LOCK: Final = 7_251_002
GIVEN_UP_SECONDS: Final = 60.0
WORKERS: Final = (Victim.RELAY, Victim.CONSUMER)


@pytest.fixture(scope="module")
async def world(report: Report) -> AsyncIterator[World]:
    async with a_world(report, people=0, stepped=True) as world:
        yield world


@pytest.fixture(autouse=True)
async def straight(world: World) -> None:
    world.control.clear()
    await world.ensure(50)
    await world.stories(world.fresh(3))
    await world.agreed()  # so the workers lead: those that just began may have waited for the ones before them


async def leaders(world: World, role: Victim) -> int:
    """How many sessions hold the leader's lock of a service."""
    async with world.stack.postgres.admin() as database:
        rows = await database.execute(
            "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
            "WHERE l.locktype = 'advisory' AND l.objid = %s AND l.granted AND d.datname = %s",
            (LEADER_LOCK, role.split(".")[0]),
        )
        row = await rows.fetchone()
        assert row is not None
        return int(row[0])


async def term(world: World, role: Victim) -> int:
    """How often the service got a new leader."""
    async with world.stack.postgres.admin(role.split(".")[0]) as database:
        row = await (await database.execute("SELECT term FROM leader_term")).fetchone()
        assert row is not None
        return int(row[0])


@pytest.mark.parametrize("role", WORKERS)
async def test_of_two_workers_one_leads_and_the_other_takes_over_when_it_is_killed(world: World, role: Victim) -> None:
    before = await term(world, role)
    async with another(world, role):
        await world.stories(world.fresh(9))
        await world.converged(f"two of {role}")
        assert await leaders(world, role) == 1
        assert await term(world, role) == before, "the second one waits"
        kill9(world.stack, role)
        killed = time.monotonic()
        await world.stories(world.fresh(9))
        await world.converged(f"two of {role}, the leader killed", since=killed)
        assert await leaders(world, role) == 1
        assert await term(world, role) == before + 1


@pytest.mark.parametrize(
    ("role", "step"),
    [
        (Victim.RELAY, Step.RELAY_PUBLISH),
        (Victim.RELAY, Step.RELAY_PUBLISHED),
        pytest.param(Victim.CONSUMER, Step.CONSUMER_TAKE, marks=pytest.mark.quick),
        (Victim.CONSUMER, Step.CONSUMER_TRANSACT),
        (Victim.CONSUMER, Step.CONSUMER_COMMIT),
        (Victim.CONSUMER, Step.CONSUMER_COMMITTED),
    ],
)
async def test_a_frozen_leader_is_replaced_and_fenced_when_it_thaws(world: World, role: Victim, step: Step) -> None:
    frozen = world.stack.process(role)
    before = await term(world, role)
    async with another(world, role):
        world.control.arm(step)
        telling = asyncio.create_task(world.stories(world.fresh(9)))
        await world.control.held(step)
        frozen.sigstop()
        since = time.monotonic()
        await telling
        # Nothing but time ends this fault: the frozen leader is cut off after two seconds.
        while (told := await term(world, role)) == before:
            await asyncio.sleep(0.05)
        replaced = f"{time.monotonic() - since:.1f} s"
        await world.converged(f"{role} frozen at {step.partition(':')[2]}", since=since, replaced_after=replaced)
        await world.stories(world.fresh(9))
        world.control.release(step)
        frozen.sigcont()
        thawed = time.monotonic()
        await world.stories(world.fresh(9))
        await world.converged(f"{role} frozen at {step.partition(':')[2]}, thawed", since=thawed)
        assert await leaders(world, role) == 1
        assert await term(world, role) == told, "the thawed one waits its turn"
        await _deposed(world, role)
        assert told == before + 1
    # The second is gone, the first leads again.
    await world.stories(world.fresh(3))
    await world.agreed()


async def test_a_consumer_that_slept_through_a_resync_applies_nothing_of_the_old_history(world: World) -> None:
    role, step = Victim.CONSUMER, Step.CONSUMER_TRANSACT
    backup = world.stack.var_dir / "backup.dump"
    world.expected = Expectation(stories=Stories.CONSISTENT)
    await world.stack.postgres.dump_database("registry", backup)
    frozen = world.stack.process(role)
    async with another(world, role):
        world.control.arm(step)
        lost = world.fresh(9)
        telling = asyncio.create_task(world.stories(lost))
        await world.control.held(step)
        frozen.sigstop()
        await telling
        await world.stack.restore_database("registry", backup)
        restored = time.monotonic()
        await world.converged("consumer frozen, registry restored, the other one resynced", since=restored)
        world.control.release(step)
        frozen.sigcont()
        thawed = time.monotonic()
        await asyncio.sleep(1)
        await world.agreed(since=thawed)
        await _deposed(world, role)
    async with world.stack.postgres.admin("subsidy") as database:
        rows = await database.execute(
            "SELECT DISTINCT status FROM award WHERE award_id = ANY(%s)", ([holder.award_id for holder in lost],)
        )
        assert await rows.fetchall() == [("ACTIVE",)]


async def _deposed(world: World, role: Victim) -> None:
    async with asyncio.timeout(GIVEN_UP_SECONDS):
        while "worker.deposed" not in world.stack.log_file(role).read_text():
            await asyncio.sleep(0.05)
