"""The consumer is a cursor: whatever the broker does, every event has its effects exactly once and in order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.subsidy.adapters.work import SubsidyWork
from shared.contracts.event import Envelope
from shared.kit import dead_letters
from shared.kit.bus import Delivery
from shared.kit.consumer import Consumer, discard_letter, retry_person
from shared.kit.leader import LeadershipLost
from tests.builders.chain import FakeBus, FakeJournal, delivered
from tests.builders.publishers import Registry
from tests.integration.events.conftest import Reader, consumer_of

SECONDS: Final = 10.0
Live = Callable[[int], list[UUID]]


def ids(entries: list[Envelope]) -> list[UUID]:
    return [entry.event_id for entry in entries]


async def test_what_arrives_in_order_is_applied_in_order_and_the_cursor_follows(
    consumer: Consumer[SubsidyWork], reader: Reader, publisher: Registry, live: Live
) -> None:
    live(30)
    await consumer.catch_up()
    assert await reader.applied() == ids(publisher.journal.entries)
    assert await reader.cursor() == (1, 60)
    assert (consumer.epoch, consumer.position) == (1, 60)


async def test_a_duplicate_is_a_position_we_have(
    consumer: Consumer[SubsidyWork], reader: Reader, publisher: Registry, live: Live
) -> None:
    live(5)
    entries = publisher.journal.entries
    await consumer.catch_up()
    for batch in (entries, entries[:3], entries[::-1], [*entries, *entries]):
        await consumer.take(delivered(batch))
    assert await reader.applied() == ids(entries)


async def test_a_duplicate_from_before_a_restart_is_recognised_by_the_stored_cursor(
    reader: Reader, journal: FakeJournal, bus: FakeBus, publisher: Registry, live: Live
) -> None:
    live(5)
    await consumer_of(reader, journal, bus).catch_up()
    again = consumer_of(reader, journal, bus)
    await again.load()
    await again.take(delivered(publisher.journal.entries))
    assert await reader.applied() == ids(publisher.journal.entries)


async def test_a_batch_in_any_order_is_applied_in_order(
    consumer: Consumer[SubsidyWork], reader: Reader, publisher: Registry, live: Live
) -> None:
    live(1)
    await consumer.catch_up()
    live(20)
    shuffled = publisher.journal.entries[2:]
    random.Random(7).shuffle(shuffled)
    await consumer.take(delivered(shuffled))
    assert await reader.applied() == ids(publisher.journal.entries)


async def test_a_loss_is_a_position_we_miss_and_read_from_the_journal(
    consumer: Consumer[SubsidyWork], reader: Reader, journal: FakeJournal, publisher: Registry, live: Live
) -> None:
    live(20)
    await consumer.take(delivered(publisher.journal.entries[7:9]))
    assert await reader.applied() == ids(publisher.journal.entries)
    assert journal.pages > 0


async def test_without_a_gap_the_journal_is_not_asked(
    consumer: Consumer[SubsidyWork], journal: FakeJournal, publisher: Registry, live: Live
) -> None:
    live(1)
    await consumer.catch_up()
    asked = journal.pages
    live(50)
    await consumer.take(delivered(publisher.journal.entries[2:]))
    assert journal.pages == asked
    assert consumer.position == 102


async def test_while_a_gap_cannot_be_read_nothing_behind_it_is_applied(
    consumer: Consumer[SubsidyWork], reader: Reader, journal: FakeJournal, publisher: Registry, live: Live
) -> None:
    live(1)
    await consumer.catch_up()
    live(5)
    journal.unreachable = True
    taking = asyncio.create_task(consumer.take(delivered(publisher.journal.entries[6:])))
    await asyncio.sleep(0.3)
    assert await reader.applied() == ids(publisher.journal.entries[:2])
    journal.unreachable = False
    await asyncio.wait_for(taking, SECONDS)
    assert await reader.applied() == ids(publisher.journal.entries)


async def test_an_event_the_journal_does_not_have_is_never_applied_and_moves_nothing(
    consumer: Consumer[SubsidyWork], reader: Reader, publisher: Registry, live: Live
) -> None:
    live(2)
    await consumer.catch_up()
    forged = replace(publisher.journal.entries[0], position=9, event_id=uuid7())
    await consumer.take(delivered([forged]))
    assert await reader.cursor() == (1, 4)
    assert len(await reader.applied()) == 4


async def test_what_is_left_of_an_old_history_costs_no_reading(
    consumer: Consumer[SubsidyWork], journal: FakeJournal, publisher: Registry, live: Live
) -> None:
    live(2)
    journal.epoch = 5
    publisher.journal.entries[:] = [replace(entry, epoch=5) for entry in publisher.journal.entries]
    await consumer.catch_up()
    asked = journal.pages
    stale = [replace(publisher.journal.entries[0], epoch=1, position=100 + n) for n in range(50)]
    await consumer.take(delivered(stale))
    assert journal.pages == asked
    assert consumer.position == 4


async def test_a_lost_last_event_is_noticed_when_it_has_been_quiet(
    consumer: Consumer[SubsidyWork], reader: Reader, bus: FakeBus, publisher: Registry, live: Live
) -> None:
    live(1)
    running = asyncio.create_task(consumer.run())
    await _until(lambda: consumer.position == 2)
    live(1)
    bus.hand_out(publisher.journal.entries[2:3])
    await _until(lambda: consumer.position == 4)
    running.cancel()
    assert await reader.applied() == ids(publisher.journal.entries)


async def test_events_that_arrive_do_not_wait_for_a_journal_that_hangs(
    consumer: Consumer[SubsidyWork], bus: FakeBus, journal: FakeJournal, publisher: Registry, live: Live
) -> None:
    live(1)
    running = asyncio.create_task(consumer.run())
    await _until(lambda: consumer.position == 2)
    journal.hangs = True
    await _until_asked_again(journal)
    live(1)
    bus.hand_out(publisher.journal.entries[2:])
    await _until(lambda: consumer.position == 4)
    running.cancel()


async def test_the_first_events_do_not_wait_for_a_journal_that_hangs(
    consumer: Consumer[SubsidyWork], bus: FakeBus, journal: FakeJournal, publisher: Registry, live: Live
) -> None:
    live(1)
    running = asyncio.create_task(consumer.run())
    await _until(lambda: consumer.position == 2)
    running.cancel()
    await asyncio.wait({running})
    journal.hangs = True
    live(1)
    bus.hand_out(publisher.journal.entries[2:])
    running = asyncio.create_task(consumer.run())
    await _until(lambda: consumer.position == 4)
    running.cancel()


async def test_while_the_broker_is_missing_the_journal_is_enough(
    consumer: Consumer[SubsidyWork], bus: FakeBus, live: Live
) -> None:
    live(3)
    bus.missing = True
    running = asyncio.create_task(consumer.run())
    await _until(lambda: consumer.position == 6)
    running.cancel()


async def test_a_message_is_acknowledged_after_its_effects_are_committed(
    consumer: Consumer[SubsidyWork], reader: Reader, bus: FakeBus, publisher: Registry, live: Live
) -> None:
    live(1)
    reader.failures = [ConnectionError("first")]
    bus.hand_out(publisher.journal.entries)
    running = asyncio.create_task(consumer.run())
    await _until(lambda: len(bus.deliveries.acknowledged) == 2)
    running.cancel()
    assert await reader.applied() == ids(publisher.journal.entries)


async def _until_asked_again(journal: FakeJournal) -> None:
    asked = journal.pages
    await _until(lambda: journal.pages > asked)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.01)


# --- failures -------------------------------------------------------------------------------------------------------


async def test_one_poison_event_is_cut_out_and_everybody_else_goes_on(
    consumer: Consumer[SubsidyWork], reader: Reader, publisher: Registry, live: Live
) -> None:
    live(64)
    bad = publisher.journal.entries[40]
    reader.poison = {bad.event_id}
    await consumer.catch_up()
    applied = await reader.applied()
    waits = [entry for entry in publisher.journal.entries if entry.aggregate_id == bad.aggregate_id]
    assert set(applied) == set(ids(publisher.journal.entries)) - set(ids(waits))
    assert [(letter.event_id, letter.state) for letter in await reader.letters()] == [
        (waits[0].event_id, "OPEN"),
        (waits[1].event_id, "PARKED"),
    ]
    assert await reader.cursor() == (1, 128)
    assert reader.attempts < 40, "halving, not one by one"


async def test_the_letter_tells_what_went_wrong_and_keeps_the_event(
    consumer: Consumer[SubsidyWork], reader: Reader, publisher: Registry, live: Live
) -> None:
    live(1)
    reader.poison = {publisher.journal.entries[0].event_id}
    await consumer.catch_up()
    letter, _ = await reader.letters()
    assert letter.error == "PoisonError: cannot digest 1"
    assert letter.attempts == 1
    assert Envelope.from_cloud_event(letter.body) == publisher.journal.entries[0]


async def test_everything_before_the_poison_of_the_same_person_stays_applied(
    consumer: Consumer[SubsidyWork], reader: Reader, publisher: Registry, live: Live
) -> None:
    (person,) = live(1)
    publisher.die(person, on=date(2026, 5, 1))
    reader.poison = {publisher.journal.entries[1].event_id}
    await consumer.catch_up()
    assert await reader.applied() == ids(publisher.journal.entries[:1])
    assert [letter.state for letter in await reader.letters()] == ["OPEN", "PARKED"]


@pytest.mark.parametrize("count", [2, 3])
async def test_several_poison_events_in_one_batch_are_each_found(
    consumer: Consumer[SubsidyWork], reader: Reader, publisher: Registry, live: Live, count: int
) -> None:
    live(16)
    bad = publisher.journal.entries[1 : 1 + 2 * count : 2]
    reader.poison = {entry.event_id for entry in bad}
    await consumer.catch_up()
    letters = await reader.letters()
    assert [letter.event_id for letter in letters if letter.state == "OPEN"] == ids(bad)
    assert len(await reader.applied()) == 32 - 2 * count


async def test_after_a_fix_a_retry_applies_the_letter_and_what_waited_behind_it_in_order(
    consumer: Consumer[SubsidyWork], reader: Reader, publisher: Registry, live: Live
) -> None:
    first, _ = live(2)
    publisher.die(first, on=date(2026, 5, 1))
    mine = [entry for entry in publisher.journal.entries if entry.aggregate_id == first]
    reader.poison = {mine[0].event_id}
    await consumer.catch_up()
    reader.poison.clear()
    assert await retry_person(reader.works, reader.subscription, first, by="me") == 3
    assert (await reader.lives())[first] == [entry.position for entry in mine]
    assert {(letter.state, letter.settled_by) for letter in await reader.letters()} == {("APPLIED", "me")}
    assert await retry_person(reader.works, reader.subscription, first, by="me") == 0
    assert len(await reader.applied()) == len(publisher.journal.entries)


async def test_a_retry_that_fails_again_changes_nothing_and_is_counted(
    consumer: Consumer[SubsidyWork], reader: Reader, publisher: Registry, live: Live
) -> None:
    (person,) = live(1)
    reader.poison = {publisher.journal.entries[0].event_id}
    await consumer.catch_up()
    assert await retry_person(reader.works, reader.subscription, person, by="me") == 0
    letter, parked = await reader.letters()
    assert (letter.state, letter.attempts, parked.state) == ("OPEN", 2, "PARKED")
    assert await reader.applied() == []


async def test_a_person_who_waits_is_followed_again_after_the_retry(
    consumer: Consumer[SubsidyWork], reader: Reader, publisher: Registry, live: Live
) -> None:
    (person,) = live(1)
    reader.poison = {publisher.journal.entries[0].event_id}
    await consumer.catch_up()
    reader.poison.clear()
    await retry_person(reader.works, reader.subscription, person, by="me")
    publisher.die(person, on=date(2026, 5, 1))
    await consumer.catch_up()
    assert (await reader.lives())[person] == [1, 2, 3]


async def test_discarding_gives_one_letter_up_by_name_and_applies_the_rest(
    consumer: Consumer[SubsidyWork], reader: Reader, publisher: Registry, live: Live
) -> None:
    (person,) = live(1)
    publisher.die(person, on=date(2026, 5, 1))
    reader.poison = {publisher.journal.entries[1].event_id}
    await consumer.catch_up()
    async with reader.works.begin() as work:
        bad = (await dead_letters.of_person(work.connection, "registry", person))[0]
    assert await discard_letter(reader.works, reader.subscription, bad, by="me", note=b"sealed") == 1
    assert (await reader.lives())[person] == [1, 3]
    given_up, behind = await reader.letters()
    assert (given_up.state, given_up.settled_by, given_up.note_cipher) == ("DISCARDED", "me", b"sealed")
    assert behind.state == "APPLIED"


@pytest.mark.parametrize("error", [ConnectionError("gone"), TimeoutError("slow")])
async def test_a_transient_failure_is_repeated_and_never_buried(
    consumer: Consumer[SubsidyWork], reader: Reader, publisher: Registry, live: Live, error: Exception
) -> None:
    live(4)
    reader.failures = [error] * 4
    await consumer.catch_up()
    assert await reader.letters() == []
    assert await reader.applied() == ids(publisher.journal.entries)


async def test_what_the_database_refuses_for_good_is_buried_and_not_repeated(
    consumer: Consumer[SubsidyWork], reader: Reader, publisher: Registry, live: Live
) -> None:
    live(2)
    async with reader.works.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE applied ADD CHECK (position <> 3)"))
    await consumer.catch_up()
    assert [(letter.position, letter.state) for letter in await reader.letters()] == [(3, "OPEN")]
    assert "IntegrityError" in (await reader.letters())[0].error


@pytest.mark.parametrize(
    "body",
    [b"\x00\x01", b"{}", b"[1]", b'{"data": {"\\u0000": 1}}', b'"' + b"x" * 200_000 + b'"'],
    ids=["bytes", "empty object", "list", "nul inside", "long"],
)
async def test_a_message_that_is_no_event_is_kept_and_passed_over(
    consumer: Consumer[SubsidyWork], reader: Reader, publisher: Registry, live: Live, body: bytes
) -> None:
    live(1)
    await consumer.catch_up()
    live(1)
    foreign = Delivery(body=body, reply="r", subject="registry.x")
    await consumer.take([foreign, *delivered(publisher.journal.entries[2:])])
    assert consumer.position == 4
    (letter,) = await reader.letters()
    assert (letter.state, letter.position, letter.person_id) == ("OPEN", None, None)


async def test_an_event_of_another_publisher_on_our_stream_is_kept_and_not_applied(
    consumer: Consumer[SubsidyWork], reader: Reader, publisher: Registry, live: Live
) -> None:
    live(1)
    await consumer.catch_up()
    stray = replace(publisher.journal.entries[0], type="subsidy.award.granted.v1", position=3)
    await consumer.take(delivered([stray]))
    assert consumer.position == 2
    assert "stream of registry" in (await reader.letters())[0].error


async def test_a_cursor_moved_by_somebody_else_ends_this_role(
    consumer: Consumer[SubsidyWork], reader: Reader, publisher: Registry, live: Live
) -> None:
    live(2)
    await consumer.catch_up()
    async with reader.works.engine.begin() as connection:
        await connection.execute(text("UPDATE consumer_cursor SET epoch = 9, position = 1"))
    live(1)
    with pytest.raises(LeadershipLost):
        await consumer.take(delivered(publisher.journal.entries[4:]))
    assert len(await reader.applied()) == 4
    assert await reader.letters() == [], "a lost role is no reason to bury anything"


# --- all of it at once ----------------------------------------------------------------------------------------------


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
async def test_however_a_stream_is_mangled_every_event_has_its_effects_once_and_lives_keep_their_order(
    reader: Reader, seed: int
) -> None:
    chance = random.Random(seed)
    publisher = Registry()
    journal = FakeJournal(publisher.journal.entries)
    async with reader.works.engine.begin() as connection:
        for table in ("applied", "dead_letter", "consumer_cursor", "copy_registry_person", "copy_registry_certificate"):
            await connection.execute(text(f"DELETE FROM {table}"))
    consumer = consumer_of(reader, journal, FakeBus())
    persons = [publisher.register("341502", on=date(2026, 1, 1)) for _ in range(6)]
    for _ in range(30):
        person = chance.choice(persons)
        cards = [card for card in publisher.certificates.values() if card.person_id == person]
        if not cards:
            publisher.issue(person, on=date(2026, 1, 2), until=date(2036, 1, 2))
        else:
            publisher.freeze(cards[0].certificate_id, on=date(2026, 3, 1))
    for _ in range(chance.randint(1, 8)):
        entries = publisher.journal.entries
        start = chance.randrange(len(entries))
        batch = [entry for entry in entries[start : start + chance.randint(1, 30)] if chance.random() > 0.3]
        batch += chance.sample(entries, 3)
        if chance.random() < 0.5:
            chance.shuffle(batch)
        if chance.random() < 0.2:
            consumer = consumer_of(reader, journal, FakeBus())
            await consumer.load()
        await consumer.take(delivered(batch))
    await consumer.catch_up()
    assert sorted(await reader.applied()) == sorted(ids(publisher.journal.entries))
    expected: dict[UUID, list[int]] = {}
    for entry in publisher.journal.entries:
        expected.setdefault(entry.aggregate_id, []).append(entry.position)
    assert await reader.lives() == expected
