"""Another history: a publisher restored from a backup is noticed, its present truth adopted, its new epoch followed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlalchemy import text

from services.subsidy.adapters.work import SubsidyWork
from shared.contracts.event import decode
from shared.contracts.registry import CertificateState, PersonState, StopState
from shared.contracts.state import State
from shared.kit import mirror
from shared.kit.consumer import Consumer, OnNewEpoch
from tests.builders.chain import FakeBus, FakeJournal, delivered
from tests.builders.publishers import Registry
from tests.integration.events.conftest import STATES, Reader

Live = Callable[[int], list[UUID]]


async def publish_rows(reader: Reader, journal: FakeJournal, publisher: Registry) -> None:
    """Give the publisher tables of its own with its present rows, in the same database under other names."""
    rows: dict[type[State], list[State]] = {
        PersonState: [*publisher.persons.values()],
        CertificateState: [*publisher.certificates.values()],
        StopState: [*publisher.stops.values()],
    }
    async with reader.works.engine.begin() as connection:
        for state in STATES:
            ours = mirror.table_name(state)
            theirs = ours.replace("copy_", "their_")
            await connection.execute(text(f"DROP TABLE IF EXISTS {theirs}"))
            await connection.execute(text(f"CREATE TABLE {theirs} (LIKE {ours} INCLUDING ALL)"))
            await connection.execute(text(f"ALTER TABLE {ours} RENAME TO aside"))
            await connection.execute(text(f"ALTER TABLE {theirs} RENAME TO {ours}"))
            await mirror.upsert(connection, state, rows[state])
            await connection.execute(text(f"ALTER TABLE {ours} RENAME TO {theirs}"))
            await connection.execute(text(f"ALTER TABLE aside RENAME TO {ours}"))
            journal.tables[state] = theirs
    journal.engine = reader.works.engine


async def copied(reader: Reader, state: type[State]) -> dict[UUID, State]:
    """Our copy."""
    async with reader.works.engine.connect() as connection:
        names = state.field_names()
        found = await connection.execute(text(f"SELECT {', '.join(names)} FROM {mirror.table_name(state)}"))
        rows = [state.model_validate(row._asdict()) for row in found]
    return {row.id: row for row in rows}


def restore(publisher: Registry, journal: FakeJournal, *, keep: int, epoch: int) -> None:
    """The publisher's database goes back: later events are forgotten, and the rows are what the others left."""
    del publisher.journal.entries[keep:]
    for rows in (publisher.persons, publisher.certificates, publisher.stops):
        rows.clear()
    for entry in publisher.journal.entries:
        for state in decode(entry).states():
            match state:
                case PersonState():
                    publisher.persons[state.id] = state
                case CertificateState():
                    publisher.certificates[state.id] = state
                case StopState():
                    publisher.stops[state.id] = state
                case _:
                    raise AssertionError(state.relation)
    publisher.journal.epoch = journal.epoch = epoch


async def test_a_new_epoch_is_answered_by_adopting_the_publishers_present_rows(
    consumer: Consumer[SubsidyWork], reader: Reader, journal: FakeJournal, publisher: Registry, live: Live
) -> None:
    for _ in range(3):
        live(1)
    await consumer.catch_up()
    restore(publisher, journal, keep=4, epoch=2)
    await publish_rows(reader, journal, publisher)
    await consumer.catch_up()
    assert await copied(reader, PersonState) == publisher.persons
    assert await copied(reader, CertificateState) == publisher.certificates
    assert await reader.cursor() == (2, 4)


async def test_a_resync_is_recorded_with_both_ends(
    consumer: Consumer[SubsidyWork], reader: Reader, journal: FakeJournal, publisher: Registry, live: Live
) -> None:
    live(3)
    await consumer.catch_up()
    restore(publisher, journal, keep=3, epoch=2)
    await publish_rows(reader, journal, publisher)
    await consumer.catch_up()
    (record,) = await reader._all("SELECT * FROM consumer_resync")
    assert (record.from_epoch, record.from_position) == (1, 6)
    assert (record.to_epoch, record.to_position, record.method) == (2, 3, "SNAPSHOT")
    assert record.rows_changed == 3, "three certificates are gone"


async def test_a_journal_shorter_than_what_we_have_read_is_another_history_whatever_its_epoch_says(
    consumer: Consumer[SubsidyWork], reader: Reader, journal: FakeJournal, publisher: Registry, live: Live
) -> None:
    live(2)
    await consumer.catch_up()
    restore(publisher, journal, keep=2, epoch=1)
    await publish_rows(reader, journal, publisher)
    await consumer.catch_up()
    assert await reader.cursor() == (1, 2)
    assert await copied(reader, CertificateState) == {}


async def test_after_a_resync_the_new_history_is_followed_and_the_old_one_dropped(
    consumer: Consumer[SubsidyWork], reader: Reader, journal: FakeJournal, publisher: Registry, live: Live
) -> None:
    live(2)
    await consumer.catch_up()
    stale = [replace(entry, position=entry.position + 3) for entry in publisher.journal.entries]
    restore(publisher, journal, keep=2, epoch=2)
    await publish_rows(reader, journal, publisher)
    await consumer.catch_up()
    before = len(await reader.applied())
    newcomer = publisher.register("341503", on=date(2026, 2, 2))
    await consumer.take(delivered([*stale, *publisher.journal.entries[2:]]))
    assert await reader.cursor() == (2, 3)
    assert len(await reader.applied()) == before + 1
    assert newcomer in await copied(reader, PersonState)


async def test_letters_of_the_old_history_are_superseded_by_the_snapshot(
    consumer: Consumer[SubsidyWork], reader: Reader, journal: FakeJournal, publisher: Registry, live: Live
) -> None:
    live(2)
    reader.poison = {publisher.journal.entries[1].event_id}
    await consumer.catch_up()
    assert len(await reader.letters()) == 2
    publisher.journal.epoch = journal.epoch = 2
    await publish_rows(reader, journal, publisher)
    await consumer.catch_up()
    assert {letter.state for letter in await reader.letters()} == {"SUPERSEDED"}
    assert await copied(reader, CertificateState) == publisher.certificates


async def test_a_reader_of_histories_forgets_and_reads_the_journal_from_its_start(
    reader: Reader, journal: FakeJournal, bus: FakeBus, publisher: Registry, live: Live
) -> None:
    subscription = replace(reader.subscription, on_new_epoch=OnNewEpoch.REPLAY)
    consumer = Consumer(subscription, works=reader.works, bus=bus, journal=journal, durable="test")  # type: ignore[arg-type]
    live(3)
    await consumer.catch_up()
    restore(publisher, journal, keep=4, epoch=2)
    await consumer.catch_up()
    assert await reader.cursor() == (2, 4)
    assert (await reader.applied())[6:] == [entry.event_id for entry in publisher.journal.entries]
    assert await copied(reader, CertificateState) == publisher.certificates


async def test_first_contact_adopts_whatever_history_there_is(
    consumer: Consumer[SubsidyWork], reader: Reader, journal: FakeJournal, publisher: Registry, live: Live
) -> None:
    publisher.journal.epoch = journal.epoch = 77
    live(2)
    await consumer.catch_up()
    assert await reader.cursor() == (77, 4)
    assert await reader._all("SELECT * FROM consumer_resync") == []


async def test_a_resync_overwrites_whatever_our_copy_claims(
    consumer: Consumer[SubsidyWork], reader: Reader, journal: FakeJournal, publisher: Registry, live: Live
) -> None:
    live(2)
    await consumer.catch_up()
    async with reader.works.engine.begin() as connection:
        await connection.execute(text("UPDATE copy_registry_certificate SET version = 99"))
        await connection.execute(text("UPDATE copy_registry_person SET division = '341503'"))
    publisher.journal.epoch = journal.epoch = 2
    await publish_rows(reader, journal, publisher)
    await consumer.catch_up()
    assert await copied(reader, CertificateState) == publisher.certificates
    assert await copied(reader, PersonState) == publisher.persons
