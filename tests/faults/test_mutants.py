"""The suite sees what it claims to see: with a defence switched off its scenario fails.

The defences are switched off in the test's processes and in the test's database only; the product has no such switch.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import pytest

from tests.faults import scenarios
from tests.faults.invariants import Diverged, Expectation, Stories
from tests.faults.report import Report
from tests.faults.victims import Victim
from tests.faults.world import STEPPED, World, a_world

LOCK: Final = "PERFORM pg_advisory_xact_lock"


async def without_append_lock(world: World) -> None:
    """Replace the function in the registry's database by itself without the lock."""
    async with world.stack.postgres.admin("registry") as database:
        row = await (await database.execute("SELECT pg_get_functiondef('journal_append'::regproc)")).fetchone()
        assert row is not None
        assert row[0].count(LOCK) == 1
        await database.execute(row[0].replace(LOCK, "-- " + LOCK))


def consumer_without(change: str) -> Callable[[World], Awaitable[object]]:
    """Run the consumer's process with a change; its steps are laid around whatever it does then."""
    return lambda world: world.run_changed(Victim.CONSUMER, change, STEPPED[Victim.CONSUMER])


@dataclass(frozen=True, slots=True)
class Mutant:
    """A defence, the scenario that needs it, and how to go without."""

    defence: str
    scenario: Callable[[World], Awaitable[None]]
    switch_off: Callable[[World], Awaitable[object]]
    compare_every_seconds: float = 3_600.0
    """Comparison would mend what the other defences let through."""


MUTANTS: Final = (
    Mutant("append lock", scenarios.concurrent_cancellations, without_append_lock),
    Mutant("cursor check", scenarios.a_middle_message_lost, consumer_without("no_cursor_check")),
    Mutant("journal catch-up", scenarios.the_last_message_lost, consumer_without("no_catch_up")),
    Mutant("anti-entropy", scenarios.an_award_set_running_again, consumer_without("no_anti_entropy"), 2.0),
)


@pytest.mark.quick
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.defence)
async def test_without_its_defence_the_scenario_fails(report: Report, mutant: Mutant) -> None:
    extra_env = {"ANTI_ENTROPY_SECONDS": str(mutant.compare_every_seconds)}
    async with a_world(report, people=150, stepped=True, extra_env=extra_env) as world:
        world.expected = Expectation(stories=Stories.IGNORED)
        await mutant.scenario(world)
        await mutant.switch_off(world)
        with pytest.raises(Diverged) as caught:
            await mutant.scenario(world)
    report.add(f"mutant caught: no {mutant.defence}", says=str(caught.value))
