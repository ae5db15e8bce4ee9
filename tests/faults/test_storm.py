"""Anything is killed at any moment, several at once, while the wire misbehaves; one seed is one storm."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from typing import Final

import pytest

from tests.faults.report import Report
from tests.faults.steps import Wire
from tests.faults.victims import Victim, back, kill9
from tests.faults.world import World, a_world

SEEDS: Final = range(40) if os.environ.get("LIANGFU_PROFILE") == "full" else range(2)
BLOWS: Final = 12
CLERKS: Final = 3
PEOPLE: Final = 600


@pytest.fixture(scope="module")
async def world(report: Report) -> AsyncIterator[World]:
    async with a_world(report, people=0, stepped=True) as world:
        yield world


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_storm_loses_nothing_and_does_nothing_twice(world: World, seed: int) -> None:
    chance = random.Random(seed)
    await world.ensure(PEOPLE)
    blowing = True
    told = 0

    async def clerk() -> None:
        nonlocal told
        while blowing:
            people = world.fresh(2)
            await world.stories(people)
            told += len(people)

    clerks = [asyncio.create_task(clerk()) for _ in range(CLERKS)]
    for _ in range(BLOWS):
        await asyncio.sleep(chance.uniform(0.1, 1.5))
        world.control.bend(chance.choice((None, None, *Wire)))
        for victim in chance.sample(list(Victim), chance.choice((1, 1, 2, 3))):
            kill9(world.stack, victim)
    blowing = False
    world.control.clear()
    for victim in (Victim.POSTGRES, Victim.NATS, Victim.API, Victim.RELAY, Victim.CONSUMER):
        await back(world.stack, victim)
    calm = time.monotonic()
    await asyncio.gather(*clerks)
    await world.converged(f"storm of {BLOWS} blows, seed {seed}", since=calm, people=told)
