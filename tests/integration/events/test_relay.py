"""The relay carries the journal to a real JetStream: in order, at least once, fenced by its leader's term."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.nats import NatsServer
from shared.contracts.event import Envelope
from shared.kit import journal
from shared.kit.bus import BATCH_MAX, SINGLES_MAX, BrokerNotDurable, Bus, StreamMissing, require_durable_broker
from shared.kit.leader import LeadershipLost
from shared.kit.relay import Relay
from tests.integration.events.test_journal import an_announcement, write

STREAM = "REGISTRY"
SECONDS = 10.0


@pytest.fixture
async def bus(broker: NatsServer) -> AsyncIterator[Bus]:
    """A connection to a broker without streams."""
    bus = await Bus.connect(broker.url, name="test")
    await bus._api(f"STREAM.DELETE.{STREAM}")
    yield bus
    await bus.close()


def relay_of(engine: AsyncEngine, bus: Bus, *, term: int = 1) -> Relay:
    return Relay(engine, bus, service="registry", term=term)


async def entries(engine: AsyncEngine) -> list[Envelope]:
    async with engine.connect() as connection:
        return await journal.read(connection, after=0, limit=10_000)


async def published(bus: Bus) -> list[Envelope]:
    """Everything in the stream, in its order."""
    state = (await bus._api(f"STREAM.INFO.{STREAM}"))["state"]
    found = []
    for sequence in range(state["first_seq"], state["last_seq"] + 1):
        message = await bus._api(f"STREAM.MSG.GET.{STREAM}", {"seq": sequence})
        found.append(Envelope.from_json(base64.b64decode(message["message"]["data"])))
    return found


async def announce(engine: AsyncEngine, count: int) -> None:
    for start in range(0, count, 5_000):
        await write(engine, [an_announcement() for _ in range(min(5_000, count - start))])


async def cursor(engine: AsyncEngine) -> tuple[int, int]:
    async with engine.connect() as connection:
        row = (await connection.execute(text("SELECT position, term FROM relay_cursor"))).one()
        return row.position, row.term


@pytest.mark.parametrize("count", [1, SINGLES_MAX, SINGLES_MAX + 1, 60])
async def test_the_stream_has_what_the_journal_has_in_the_same_order(
    registry_engine: AsyncEngine, bus: Bus, count: int
) -> None:
    await announce(registry_engine, count)
    relay = relay_of(registry_engine, bus)
    await relay.start()
    assert await relay.step() == count
    assert await published(bus) == await entries(registry_engine)
    assert await cursor(registry_engine) == (count, 1)
    assert await relay.step() == 0


async def test_more_than_a_batch_goes_in_batches_of_a_thousand(registry_engine: AsyncEngine, bus: Bus) -> None:
    await announce(registry_engine, 2 * BATCH_MAX + 7)
    relay = relay_of(registry_engine, bus)
    await relay.start()
    assert [await relay.step() for _ in range(4)] == [BATCH_MAX, BATCH_MAX, 7, 0]
    newest = await bus.last(STREAM)
    assert newest is not None
    assert newest.position == 2 * BATCH_MAX + 7


async def test_a_crash_between_publishing_and_the_cursor_repeats_without_duplicates(
    registry_engine: AsyncEngine, bus: Bus
) -> None:
    await announce(registry_engine, 20)
    relay = relay_of(registry_engine, bus)
    await relay.start()
    await relay.publish(await relay.read())
    after_crash = relay_of(registry_engine, bus, term=2)
    await after_crash.start()
    assert await after_crash.step() == 20
    assert await published(bus) == await entries(registry_engine)


async def test_a_batch_refused_for_one_known_id_falls_back_to_single_messages(
    registry_engine: AsyncEngine, bus: Bus
) -> None:
    await announce(registry_engine, 30)
    relay = relay_of(registry_engine, bus)
    await relay.start()
    all_of_them = await relay.read()
    await bus.publish(all_of_them[:7])
    assert await relay.step() == 30
    assert await published(bus) == await entries(registry_engine)


async def test_a_stream_that_vanished_is_made_again_and_the_rest_published(
    registry_engine: AsyncEngine, bus: Bus
) -> None:
    await announce(registry_engine, 10)
    running = asyncio.create_task(relay_of(registry_engine, bus).run())
    await _until_position(registry_engine, 10)
    await bus._api(f"STREAM.DELETE.{STREAM}")
    await announce(registry_engine, 10)
    await _until_position(registry_engine, 20)
    running.cancel()
    assert [entry.position for entry in await published(bus)] == list(range(11, 21))


async def test_a_wiped_broker_starts_over_with_what_is_new(
    registry_engine: AsyncEngine, broker: NatsServer, bus: Bus
) -> None:
    await announce(registry_engine, 10)
    running = asyncio.create_task(relay_of(registry_engine, bus).run())
    await _until_position(registry_engine, 10)
    await broker.wipe()
    await announce(registry_engine, 6)
    await _until_position(registry_engine, 16)
    running.cancel()
    assert [entry.position for entry in await published(bus)] == list(range(11, 17))


async def _until_position(engine: AsyncEngine, position: int) -> None:
    async with asyncio.timeout(SECONDS):
        while (await cursor(engine))[0] < position:
            await asyncio.sleep(0.02)


async def test_a_deposed_relay_cannot_move_the_cursor(registry_engine: AsyncEngine, bus: Bus) -> None:
    await announce(registry_engine, 10)
    old, new = relay_of(registry_engine, bus, term=1), relay_of(registry_engine, bus, term=2)
    await old.start()
    await new.start()
    await new.step()
    with pytest.raises(LeadershipLost):
        await old.advance(3)
    assert await cursor(registry_engine) == (10, 2)


async def test_a_relay_of_an_older_term_does_not_start(registry_engine: AsyncEngine, bus: Bus) -> None:
    await relay_of(registry_engine, bus, term=5).start()
    for term in (4, 5):
        with pytest.raises(LeadershipLost):
            await relay_of(registry_engine, bus, term=term).start()


async def test_a_restored_database_is_noticed_by_an_event_it_does_not_have(
    registry_engine: AsyncEngine, bus: Bus
) -> None:
    await announce(registry_engine, 5)
    relay = relay_of(registry_engine, bus)
    await relay.start()
    await relay.step()
    known = await entries(registry_engine)
    lost = replace(known[-1], position=6, event_id=an_announcement().event_id)
    await bus.publish([lost])
    await announce(registry_engine, 3)
    await relay_of(registry_engine, bus, term=2).start()
    async with registry_engine.connect() as connection:
        head = await journal.horizon(connection)
    assert head.epoch > known[0].epoch


async def test_an_ordinary_restart_keeps_the_epoch(registry_engine: AsyncEngine, bus: Bus) -> None:
    await announce(registry_engine, 5)
    relay = relay_of(registry_engine, bus)
    await relay.start()
    await relay.step()
    await announce(registry_engine, 5)
    await relay_of(registry_engine, bus, term=2).start()
    known = await entries(registry_engine)
    async with registry_engine.connect() as connection:
        assert (await journal.horizon(connection)).epoch == known[0].epoch


# --- the other end of the stream ------------------------------------------------------------------------------------


async def some(engine: AsyncEngine, count: int) -> list[Envelope]:
    await announce(engine, count)
    return (await entries(engine))[-count:]


async def test_a_lone_message_is_handed_out_at_once(registry_engine: AsyncEngine, bus: Bus) -> None:
    await bus.ensure_stream(STREAM)
    deliveries = await bus.subscribe(STREAM, "reader")
    (only,) = await some(registry_engine, 1)
    receiving = asyncio.create_task(deliveries.receive(limit=1_000, timeout_seconds=SECONDS))
    await asyncio.sleep(0.1)
    began = asyncio.get_running_loop().time()
    await bus.publish([only])
    received = await receiving
    assert asyncio.get_running_loop().time() - began < 0.5
    assert [Envelope.from_json(each.body) for each in received] == [only]


async def test_messages_that_are_pending_come_together(registry_engine: AsyncEngine, bus: Bus) -> None:
    await bus.ensure_stream(STREAM)
    deliveries = await bus.subscribe(STREAM, "reader")
    many = await some(registry_engine, 900)
    await bus.publish(many)
    received: list[Envelope] = []
    batches = 0
    while len(received) < len(many):
        batch = await deliveries.receive(limit=1_000, timeout_seconds=SECONDS)
        received += [Envelope.from_json(each.body) for each in batch]
        await deliveries.acknowledge(batch)
        batches += 1
    assert received == many
    assert batches < 30, f"{batches} transactions for 900 events"


async def test_nothing_to_hand_out_is_an_empty_list_after_the_time_out(bus: Bus) -> None:
    await bus.ensure_stream(STREAM)
    deliveries = await bus.subscribe(STREAM, "reader")
    assert await deliveries.receive(limit=10, timeout_seconds=0.2) == []


async def test_what_was_not_acknowledged_is_still_pending_for_the_next_reader(
    registry_engine: AsyncEngine, bus: Bus
) -> None:
    await bus.ensure_stream(STREAM)
    deliveries = await bus.subscribe(STREAM, "reader")
    await bus.publish(await some(registry_engine, 3))
    batch = await deliveries.receive(limit=10, timeout_seconds=SECONDS)
    await deliveries.acknowledge(batch[:1])
    await asyncio.sleep(0.2)
    state = await bus._api(f"CONSUMER.INFO.{STREAM}.reader")
    assert state["num_ack_pending"] == 3 - 1


async def test_a_durable_that_is_gone_is_named_and_can_be_made_again(bus: Bus) -> None:
    await bus.ensure_stream(STREAM)
    deliveries = await bus.subscribe(STREAM, "reader")
    receiving = asyncio.create_task(deliveries.receive(limit=10, timeout_seconds=SECONDS))
    await asyncio.sleep(0.1)
    await bus._api(f"CONSUMER.DELETE.{STREAM}.reader")
    with pytest.raises(StreamMissing):
        await receiving
    await bus.subscribe(STREAM, "reader")
    assert await bus.pending(STREAM, "reader") == 0


async def test_a_subscription_without_a_stream_is_refused(bus: Bus) -> None:
    with pytest.raises(StreamMissing):
        await bus.subscribe(STREAM, "reader")


async def test_a_broker_that_syncs_every_write_is_trusted(broker: NatsServer) -> None:
    await require_durable_broker(broker.monitor_url)


async def test_a_broker_that_does_not_is_refused(broker: NatsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    careless = broker.configuration().replace("sync_interval: always", "sync_interval: 2m")
    monkeypatch.setattr(broker, "configuration", lambda: careless)
    await broker.restart()
    try:
        with pytest.raises(BrokerNotDurable):
            await require_durable_broker(broker.monitor_url)
    finally:
        monkeypatch.undo()
        await broker.restart()
