"""Scenarios that are run with all defences and, to prove that they see something, with one of them switched off."""

from __future__ import annotations

import asyncio
from typing import Final

from tests.faults.people import Holder
from tests.faults.steps import Step, Wire
from tests.faults.world import World

PEOPLE_IN_A_BATCH: Final = 12
CONCURRENT: Final = 60


async def batch_on_the_wire(world: World, wire: Wire, *, plain: bool = False) -> None:
    """One batch suffers on its way, and nothing comes after it that could give it away.

    ``plain``: one event a person, so that no later one makes up for a lost one.
    """
    control = world.control
    # The consumer is kept busy with somebody else: it must not find the batch in the journal before it is sent.
    control.arm(Step.CONSUMER_TAKE)
    await world.stories(world.fresh(1))
    await control.held(Step.CONSUMER_TAKE)
    control.arm(Step.RELAY_READ)
    await control.held(Step.RELAY_READ)
    await world.stories(world.fresh(PEOPLE_IN_A_BATCH), plain=plain)
    control.bend(wire)
    control.arm(Step.RELAY_PUBLISHED)
    control.release(Step.RELAY_READ)
    await control.held(Step.RELAY_PUBLISHED)
    control.clear()
    await world.converged(f"a batch on the wire: {wire}")


async def a_middle_message_lost(world: World) -> None:
    """The cursor check sees the gap."""
    await batch_on_the_wire(world, Wire.DROP_MIDDLE, plain=True)


async def the_last_message_lost(world: World) -> None:
    """Only reading the journal shows it."""
    await batch_on_the_wire(world, Wire.DROP_LAST, plain=True)


async def concurrent_cancellations(world: World) -> None:
    """Many commits at the same moment: only the append lock gives each its own position."""
    await asyncio.gather(*(world.cancel(holder) for holder in world.fresh(CONCURRENT)))
    await world.converged(f"{CONCURRENT} cancellations at once")


async def an_award_set_running_again(world: World) -> None:
    """Somebody's statement in the subsidy database: no event will ever tell."""
    (holder,) = world.fresh(1)
    await world.cancel(holder)
    await world.agreed()
    await _set_running(world, holder)
    await world.converged("an award set running again by hand")


async def _set_running(world: World, holder: Holder) -> None:
    async with world.stack.postgres.admin("subsidy") as database:
        await database.execute(
            "UPDATE award SET status = 'ACTIVE', version = version + 1, cause_id = NULL WHERE award_id = %s",
            (holder.award_id,),
        )
