"""The consumer is away while five thousand certificates are cancelled."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from tests.faults.people import Holder
from tests.faults.report import Report
from tests.faults.victims import Victim
from tests.faults.world import World, a_world

CANCELLED: Final = 5_000
AT_ONCE: Final = 16


async def cancel_all(world: World, people: list[Holder]) -> float:
    """As fast as the API takes them; the seconds."""
    began = time.monotonic()
    queue = iter(people)

    async def clerk() -> None:
        for holder in queue:
            await world.cancel(holder)

    await asyncio.gather(*(clerk() for _ in range(AT_ONCE)))
    return time.monotonic() - began


async def test_a_consumer_that_was_away_for_five_thousand_cancellations_catches_up(report: Report) -> None:
    async with a_world(report, people=CANCELLED) as world:
        await world.stack.stop_process(Victim.CONSUMER)
        seconds = await cancel_all(world, world.fresh(CANCELLED))
        await world.stack.spawn(Victim.CONSUMER)
        back = time.monotonic()
        await world.converged(
            "consumer away for 5,000 cancellations",
            since=back,
            cancelled_per_s=round(CANCELLED / seconds),
            read_from_journal=int(await world.metric("subsidy", "worker", "liangfu_consumer_journal_reads_total")),
        )
