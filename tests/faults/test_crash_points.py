"""kill -9 of everything at every named step of cancel -> journal -> relay -> JetStream -> consumer -> suspend."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Final

import pytest

from tests.faults.report import Report
from tests.faults.steps import Step, Wire
from tests.faults.victims import Victim, back, kill9
from tests.faults.world import World, a_world

PEOPLE: Final = 9
"""With every third reinstated and cancelled again: fifteen events, more than one atomic batch needs."""
QUICK: Final = frozenset(
    {
        *((step, Victim(step.process)) for step in Step),
        (Step.API_COMMIT, Victim.POSTGRES),
        (Step.RELAY_BATCH, Victim.NATS),
        (Step.RELAY_PUBLISHED, Victim.POSTGRES),
        (Step.CONSUMER_COMMIT, Victim.POSTGRES),
        (Step.CONSUMER_TAKE, Victim.NATS),
        (Step.CONSUMER_CATCH_UP, Victim.API),
    }
)
CRASHES: Final = [
    pytest.param(step, victim, id=f"{step}-{victim}", marks=[pytest.mark.quick] if (step, victim) in QUICK else [])
    for step in Step
    for victim in Victim
]


@pytest.fixture(scope="module")
async def world(report: Report) -> AsyncIterator[World]:
    async with a_world(report, people=0, stepped=True) as world:
        yield world


@pytest.mark.parametrize(("step", "victim"), CRASHES)
async def test_whatever_is_killed_at_whatever_step_awards_follow(world: World, step: Step, victim: Victim) -> None:
    control = world.control
    control.clear()
    await world.ensure(PEOPLE)
    if step is Step.CONSUMER_CATCH_UP:
        control.bend(Wire.DROP)
    # Later steps see the whole story as one batch, because the relay looks away until it is written.
    collected = step.process != Victim.API and step is not Step.RELAY_READ
    if collected:
        control.arm(Step.RELAY_READ)
        await control.held(Step.RELAY_READ)
    control.arm(step)
    telling = asyncio.create_task(world.stories(world.fresh(PEOPLE)))
    if collected:
        await telling
        control.release(Step.RELAY_READ)
    await control.held(step)

    killed = time.monotonic()
    kill9(world.stack, victim)
    await back(world.stack, victim)
    control.clear()
    ended = time.monotonic()
    await telling
    back_after = f"{ended - killed:.1f} s"
    await world.converged(f"kill -9 {victim} at {step}", since=ended, back_after=back_after)
