"""Events end to end: from a committed journal entry to an award suspended in another database, durably.

The registry's API is down while the broker's path is measured, so that nothing can come by REST; the relay is down
while the journal's path is measured, so that nothing can come by the broker.

All processes run and rest while the clock does not: the one that carries the events stands at the row of its cursor,
which is locked until the clock starts. So nobody's start-up is measured, and nothing of the work is done before: the
journal holds everything, the broker and the reader nothing. The clock stops when the last effect is committed and seen.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date
from typing import Final

import psycopg
from psycopg import sql

from shared.contracts.event import Envelope
from shared.kit import journal
from shared.kit.bus import BATCH_MAX
from tests.bench.ground import POLL_SECONDS, WAIT_SECONDS_MAX, Ground
from tests.bench.measure import Measurement, measured

EVENTS: Final = int(os.environ.get("LIANGFU_BENCH_EVENTS", "50000"))
REPEATS: Final = 3
WARM_UP: Final = 1_000
FLOOR: Final = "publish alone, atomic batches of 1,000, sync always"
CANCELLED_ON: Final = date(2026, 1, 15)

API, RELAY, READER = "registry.api", "registry.worker", "subsidy.worker"
CURSORS: Final[Mapping[str, tuple[str, str]]] = {
    RELAY: ("registry", "relay_cursor"),
    READER: ("subsidy", "consumer_cursor"),
}
"""Database and table of what a process has to lock before it can carry anything."""
BYSTANDERS: Final = ("rehab.worker", "indicators.worker")
"""Other services that read the same stream: on in one measurement, off in the others, so that each shows its price."""


async def events_end_to_end(ground: Ground) -> list[Measurement]:
    """Journal → relay → JetStream → consumer → award, and journal → REST → consumer → award."""
    by_broker: list[float] = []
    by_journal: list[float] = []
    everybody: list[float] = []
    alone: list[float] = []
    await _meet(ground)
    for _ in range(REPEATS):
        async with _without(ground, *BYSTANDERS):
            by_broker.append(await _rate(ground, down=API, carrier=RELAY))
            by_journal.append(await _rate(ground, down=RELAY, carrier=READER))
        alone.append(await _publish_alone(ground))
        everybody.append(await _rate(ground, down=API, carrier=RELAY))
    return [
        measured(name, "events/s", values, floor_name=FLOOR, floor_values=alone)
        for name, values in (
            ("events end to end by the broker", by_broker),
            ("events end to end by the broker, rehab and indicators reading too", everybody),
            ("events end to end by the journal", by_journal),
        )
    ]


async def _meet(ground: Ground) -> None:
    """A few events with everything up: a consumer learns the epoch of a publisher over REST, once."""
    crowd = await ground.crowd(WARM_UP)
    await crowd.be_cancelled(ground.registry, on=CANCELLED_ON)
    await ground.until_consumed(await ground.published())


@asynccontextmanager
async def _without(ground: Ground, *names: str) -> AsyncIterator[None]:
    for name in names:
        await ground.stack.stop_process(name)
    yield
    back = [await ground.stack.spawn(name, ready=False) for name in names]
    for process in back:
        await process.wait_ready(WAIT_SECONDS_MAX)  # it has all that was held back to carry first


async def _rate(ground: Ground, *, down: str, carrier: str) -> float:
    """Events a second with one process down and the others at rest until the clock starts."""
    crowd = await ground.crowd(EVENTS)
    stack = ground.stack
    database, cursor = CURSORS[carrier]
    await ground.until_quiet()
    async with _without(ground, down):
        for name in {RELAY, READER} - {down}:
            await stack.stop_process(name)
        await crowd.be_cancelled(ground.registry, on=CANCELLED_ON)
        target = await ground.published()
        for name in {RELAY, READER} - {down, carrier}:
            await stack.spawn(name)
        async with stack.postgres.admin(database) as session:
            async with session.transaction():
                await session.execute(sql.SQL("SELECT FROM {} FOR UPDATE").format(sql.Identifier(cursor)))
                await stack.spawn(carrier, ready=False)
                await _until_waited_for(session)
                began = time.perf_counter()
            seconds = await ground.until_consumed(target) - began
    await ground.require_suspended_once(crowd)
    return EVENTS / seconds


async def _until_waited_for(session: psycopg.AsyncConnection) -> None:
    """Until another session waits for a lock of this one. The view of sessions would stand still in a transaction."""
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        while True:
            found = await session.execute(
                "SELECT EXISTS (SELECT FROM pg_locks "
                "WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
            )
            if (await found.fetchone()) == (True,):
                return
            await asyncio.sleep(POLL_SECONDS)


async def _publish_alone(ground: Ground) -> float:
    """The same events through the product's own publishing, on an empty broker with the same settings."""
    envelopes: list[Envelope] = []
    gc.freeze()  # else a look through all the crowds takes longer than a session may stand idle in its transaction
    async with ground.registry.connect() as connection:
        head = await journal.horizon(connection)
        while len(envelopes) < EVENTS:
            after = head.position - EVENTS + len(envelopes)
            envelopes += await journal.read(connection, after=after, limit=BATCH_MAX)
    bus = await ground.floor_bus()
    await ground.until_quiet()
    began = time.perf_counter()
    for start in range(0, EVENTS, BATCH_MAX):
        await bus.publish(envelopes[start : start + BATCH_MAX])
    seconds = time.perf_counter() - began
    await bus.close()
    return EVENTS / seconds
