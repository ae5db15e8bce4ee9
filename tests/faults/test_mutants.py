"""The suite sees what it claims to see: with a defence switched off its scenario fails.

The defences are switched off in the test's processes and in the test's database only; the product has no such switch.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import pytest

from tests.faults import scenarios
from tests.faults.invariants import Diverged, Expectation, Stories
from tests.faults.report import Report
from tests.faults.victims import Victim
from tests.faults.world import STEPPED, World, a_world

LOCK: Final = "PERFORM pg_advisory_xact_lock"
COMPARED_SECONDS: Final = 1.0
NEVER_SECONDS: Final = 3_600.0


@pytest.fixture(scope="module")
async def world(report: Report) -> AsyncIterator[World]:
    extra_env = {"ANTI_ENTROPY_SECONDS": str(COMPARED_SECONDS)}
    async with a_world(report, people=250, stepped=True, extra_env=extra_env) as world:
        world.expected = Expectation(stories=Stories.IGNORED)
        yield world


async def fails(world: World, scenario: Callable[[World], Awaitable[None]], defence: str) -> None:
    """The scenario must notice that the defence is gone."""
    with pytest.raises(Diverged) as caught:
        await scenario(world)
    world.report.add(f"mutant caught: no {defence}", says=str(caught.value))


async def consumer_without(world: World, change: str, *, compare_every_seconds: float) -> None:
    """Run the consumer's process with a change; its steps are laid around whatever it does then."""
    env = {"ANTI_ENTROPY_SECONDS": str(compare_every_seconds)}
    await world.run_changed(Victim.CONSUMER, change, STEPPED[Victim.CONSUMER], extra_env=env)


async def ordinary_consumer(world: World) -> None:
    """The product again: whatever was lost is found by its other defences."""
    await world.run_changed(Victim.CONSUMER, STEPPED[Victim.CONSUMER])
    await world.agreed()


@pytest.mark.quick
@pytest.mark.parametrize(
    ("defence", "change", "scenario", "compare_every_seconds"),
    [
        ("cursor check", "no_cursor_check", scenarios.a_middle_message_lost, NEVER_SECONDS),
        ("journal catch-up", "no_catch_up", scenarios.the_last_message_lost, NEVER_SECONDS),
        ("anti-entropy", "no_anti_entropy", scenarios.an_award_set_running_again, COMPARED_SECONDS),
    ],
    ids=["cursor check", "journal catch-up", "anti-entropy"],
)
async def test_a_consumer_without_a_defence_fails_its_scenario(
    world: World,
    defence: str,
    change: str,
    scenario: Callable[[World], Awaitable[None]],
    compare_every_seconds: float,
) -> None:
    world.control.clear()
    await scenario(world)
    await consumer_without(world, change, compare_every_seconds=compare_every_seconds)
    await fails(world, scenario, defence)
    world.control.clear()
    await ordinary_consumer(world)


@pytest.mark.quick
async def test_a_journal_without_the_append_lock_fails_its_scenario(world: World) -> None:
    """The last one here: nothing mends a journal with the same position twice."""
    world.control.clear()
    await scenarios.concurrent_cancellations(world)
    async with world.stack.postgres.admin("registry") as database:
        row = await (await database.execute("SELECT pg_get_functiondef('journal_append'::regproc)")).fetchone()
        assert row is not None
        assert row[0].count(LOCK) == 1
        await database.execute(row[0].replace(LOCK, "-- " + LOCK))
    await fails(world, scenarios.concurrent_cancellations, "append lock")
