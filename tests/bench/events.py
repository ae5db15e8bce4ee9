"""Events end to end: from a committed journal entry to an award suspended in another database, durably.

The registry's API is down while the broker's path is measured, so that nothing can come by REST; the relay is down
while the journal's path is measured, so that nothing can come by the broker. The clock starts before the process that
carries the events is launched and stops when the last effect is committed and seen.
"""

from __future__ import annotations

import os
import time
from datetime import date
from typing import Final

from deploy.local.nats import NatsServer
from deploy.local.ports import Ports
from shared.contracts.event import Envelope
from shared.kit import journal
from shared.kit.bus import BATCH_MAX, Bus, require_durable_broker
from tests.bench.ground import Ground
from tests.bench.measure import Measurement, measured
from tests.builders.population import Crowd

EVENTS: Final = int(os.environ.get("LIANGFU_BENCH_EVENTS", "50000"))
REPEATS: Final = 3
WARM_UP: Final = 1_000
FLOOR: Final = "publish alone, atomic batches of 1,000, sync always"
CANCELLED_ON: Final = date(2026, 1, 15)


async def events_end_to_end(ground: Ground) -> list[Measurement]:
    """Journal → relay → JetStream → consumer → award, and journal → REST → consumer → award."""
    by_broker: list[float] = []
    by_journal: list[float] = []
    alone: list[float] = []
    await _meet(ground)
    for _ in range(REPEATS):
        by_broker.append(await _rate(ground, down="registry.api", carrier="registry.worker"))
        alone.append(await publish_alone(ground))
        by_journal.append(await _rate(ground, down="registry.worker", carrier="subsidy.worker"))
    return [
        measured(name, "events/s", values, floor_name=FLOOR, floor_values=alone)
        for name, values in (
            ("events end to end by the broker", by_broker),
            ("events end to end by the journal", by_journal),
        )
    ]


async def _meet(ground: Ground) -> None:
    """A few events with everything up: a consumer learns the epoch of a publisher over REST, once."""
    crowd = Crowd(ground.numbers(WARM_UP), WARM_UP)
    await crowd.enter_register(ground.registry)
    await crowd.be_granted(ground.subsidy)
    await crowd.be_cancelled(ground.registry, on=CANCELLED_ON)
    await ground.until_consumed(await ground.published())


async def _rate(ground: Ground, *, down: str, carrier: str) -> float:
    """Events a second with one process down and one that starts when the clock does."""
    crowd = Crowd(ground.numbers(EVENTS), EVENTS)
    await crowd.enter_register(ground.registry)
    await crowd.be_granted(ground.subsidy)
    stack = ground.stack
    for name in ("registry.api", "registry.worker", "subsidy.worker"):
        await stack.stop_process(name)
    await crowd.be_cancelled(ground.registry, on=CANCELLED_ON)
    target = await ground.published()
    for name in {"registry.api", "registry.worker", "subsidy.worker"} - {down, carrier}:
        await stack.spawn(name)
    began = time.perf_counter()
    await stack.spawn(carrier, ready=False)
    seconds = await ground.until_consumed(target) - began
    await stack.spawn(down)
    applied = await ground.suspended_once(crowd.first, crowd.size)
    if applied != crowd.size:
        raise AssertionError(f"{applied} of {crowd.size} awards were suspended exactly once")
    return EVENTS / seconds


async def publish_alone(ground: Ground) -> float:
    """The same events through the product's own publishing, on an empty broker with the same settings."""
    async with ground.registry.connect() as connection:
        head = await journal.horizon(connection)
        envelopes: list[Envelope] = []
        while len(envelopes) < EVENTS:
            after = head.position - EVENTS + len(envelopes)
            envelopes += await journal.read(connection, after=after, limit=BATCH_MAX)
    root = ground.stack.var_dir / "floor"
    ports = Ports(root / "ports.json")
    server = NatsServer(
        root / "nats" / "store",
        port=ports.port("nats"),
        monitor_port=ports.port("nats.monitor"),
        log_file=root / "nats.log",
    )
    await server.wipe() if server.store_dir.exists() else await server.start()
    try:
        await require_durable_broker(server.monitor_url)
        bus = await Bus.connect(server.url, name="bench")
        await bus.ensure_stream("REGISTRY")
        began = time.perf_counter()
        for start in range(0, EVENTS, BATCH_MAX):
            await bus.publish(envelopes[start : start + BATCH_MAX])
        seconds = time.perf_counter() - began
        await bus.close()
    finally:
        await server.stop()
    return EVENTS / seconds
