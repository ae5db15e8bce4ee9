"""The journal: gapless positions in commit order, whatever writers do; append-only; nobody can hold the lock."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from uuid_utils.compat import uuid7

from shared.contracts.event import Announcement, Envelope
from shared.contracts.registry import PersonRegistered, PersonState
from shared.kit import journal
from shared.kit.journal import EVENTS_PER_TRANSACTION_MAX, TooManyEvents
from shared.kit.work import UnitOfWork, Works

WRITERS: Final = 8
TRACE: Final = "e" * 32


def an_announcement(mark: int = 0) -> Announcement:
    """Somebody was registered; ``mark`` shows in the version."""
    person_id = uuid7()
    person = PersonState(person_id=person_id, division="341502001001", version=mark + 1, registered_on=date(2026, 1, 1))
    return Announcement(
        event_id=uuid7(),
        event=PersonRegistered(person=person),
        person_id=person_id,
        version=mark + 1,
        division="341502001001",
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


async def write(engine: AsyncEngine, announcements: Iterable[Announcement]) -> None:
    async with engine.begin() as connection:
        await journal.append(connection, list(announcements), trace_id=TRACE)


async def positions(engine: AsyncEngine) -> list[int]:
    async with engine.connect() as connection:
        return list(await connection.scalars(text("SELECT position FROM journal ORDER BY position")))


async def test_entries_of_one_transaction_follow_each_other_in_the_order_they_were_announced(
    registry_engine: AsyncEngine,
) -> None:
    told = [an_announcement(mark) for mark in range(20)]
    await write(registry_engine, told)
    async with registry_engine.connect() as connection:
        read = await journal.read(connection, after=0, limit=100)
    assert [entry.event_id for entry in read] == [each.event_id for each in told]
    assert [entry.position for entry in read] == list(range(1, 21))
    assert {(entry.trace_id, entry.division, entry.aggregate_type) for entry in read} == {
        (TRACE, "341502001001", "person")
    }
    assert read[7].data == told[7].event.model_dump(mode="json")


async def test_eight_writers_with_rollbacks_leave_no_gap_and_lose_nothing(registry_engine: AsyncEngine) -> None:
    committed: list[list[Announcement]] = []

    async def writer(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(25):
            told = [an_announcement() for _ in range(chance.choice((1, 1, 2, 7, 130)))]
            async with registry_engine.connect() as connection:
                transaction = await connection.begin()
                await journal.append(connection, told, trace_id=TRACE)
                await asyncio.sleep(chance.choice((0, 0, 0.002)))
                if chance.random() < 0.3:
                    await transaction.rollback()
                else:
                    await transaction.commit()
                    committed.append(told)

    await asyncio.gather(*(writer(seed) for seed in range(WRITERS)))
    total = sum(map(len, committed))
    assert total > 2 * 1_000, "the run must span more than two batches of the relay"
    assert await positions(registry_engine) == list(range(1, total + 1))
    async with registry_engine.connect() as connection:
        read = [
            entry.event_id
            for after in range(0, total, 1_000)
            for entry in await journal.read(connection, after=after, limit=1_000)
        ]
    assert sorted(read) == sorted(each.event_id for told in committed for each in told)
    starts = {event_id: index for index, event_id in enumerate(read)}
    for told in committed:
        first = starts[told[0].event_id]
        assert read[first : first + len(told)] == [each.event_id for each in told], "a transaction is never torn"


async def test_positions_follow_the_order_of_commits_not_of_appends(registry_engine: AsyncEngine) -> None:
    early, late = an_announcement(), an_announcement()
    async with registry_engine.connect() as connection:
        slow = await connection.begin()
        await journal.append(connection, [early], trace_id=TRACE)
        await write(registry_engine, [late])
        await slow.commit()
    async with registry_engine.connect() as connection:
        read = await journal.read(connection, after=0, limit=10)
    assert [entry.event_id for entry in read] == [late.event_id, early.event_id]


async def test_a_client_that_freezes_between_append_and_commit_delays_nobody(registry_engine: AsyncEngine) -> None:
    async with registry_engine.connect() as frozen:
        held = await frozen.begin()
        await journal.append(frozen, [an_announcement()], trace_id=TRACE)
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(write(registry_engine, [an_announcement()]) for _ in range(8)))
        assert asyncio.get_running_loop().time() - began < 1.0
        await held.rollback()
    assert await positions(registry_engine) == list(range(1, 9))


async def test_a_client_frozen_in_its_transaction_is_cut_off_after_a_second(registry_engine: AsyncEngine) -> None:
    async with registry_engine.connect() as frozen:
        await frozen.begin()
        await journal.append(frozen, [an_announcement()], trace_id=TRACE)
        session = await frozen.scalar(text("SELECT pg_backend_pid()"))
        assert await frozen.scalar(text("SHOW idle_in_transaction_session_timeout")) == "1s"
        there = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :session")
        async with registry_engine.connect() as watcher, asyncio.timeout(120):
            while await watcher.scalar(there, {"session": session}):
                await watcher.rollback()
                await asyncio.sleep(0.1)
        with pytest.raises(DBAPIError):
            await frozen.execute(text("SELECT 1"))
        await frozen.invalidate()
    assert await positions(registry_engine) == []


async def test_a_long_transaction_elsewhere_hides_nothing(registry_engine: AsyncEngine) -> None:
    async with registry_engine.connect() as old:
        await old.execute(text("SET idle_in_transaction_session_timeout = 0"))
        await old.execute(text("SELECT txid_current()"))
        await write(registry_engine, [an_announcement()])
        async with registry_engine.connect() as reader:
            assert (await journal.horizon(reader)).position == 1
            assert len(await journal.read(reader, after=0, limit=10)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET division = '341503'",
        "UPDATE journal SET payload = NULL",
        "DELETE FROM journal",
        "DELETE FROM journal WHERE position = 1",
        "TRUNCATE journal",
        "TRUNCATE journal CASCADE",
        "TRUNCATE {month}",
        "DELETE FROM {month}",
        "UPDATE {month} SET position = 2",
    ],
    ids=lambda statement: statement[:34],
)
async def test_what_was_written_is_never_changed(registry_engine: AsyncEngine, statement: str) -> None:
    await write(registry_engine, [an_announcement()])
    with pytest.raises(DBAPIError, match="append-only"):
        async with registry_engine.begin() as connection:
            await connection.execute(text(statement.format(month=f"journal_{datetime.now(UTC):%Y_%m}")))
    assert await positions(registry_engine) == [1]


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
async def test_a_writer_that_sees_an_old_snapshot_is_refused(registry_engine: AsyncEngine, level: str) -> None:
    async with registry_engine.connect() as connection:
        await connection.execution_options(isolation_level=level)
        await connection.execute(text("SELECT 1"))
        await journal.append(connection, [an_announcement()], trace_id=TRACE)
        with pytest.raises(DBAPIError, match="READ COMMITTED only"):
            await connection.commit()
    assert await positions(registry_engine) == []


async def test_five_thousand_events_fit_into_a_transaction_and_one_more_does_not(
    registry_engine: AsyncEngine, registry: Works[UnitOfWork]
) -> None:
    many = [an_announcement() for _ in range(EVENTS_PER_TRANSACTION_MAX)]
    await write(registry_engine, many)
    with pytest.raises(TooManyEvents):
        await _publish(registry, [*many, an_announcement()])
    assert len(await positions(registry_engine)) == EVENTS_PER_TRANSACTION_MAX


async def _publish(works: Works[UnitOfWork], told: Iterable[Announcement], *, then: Exception | None = None) -> None:
    async with works.begin() as work:
        work.publish(*told)
        if then is not None:
            raise then


async def test_the_database_refuses_too_many_events_even_when_the_code_does_not(registry_engine: AsyncEngine) -> None:
    with pytest.raises(DBAPIError, match="at most 5000 events"):
        async with registry_engine.begin() as connection:
            await connection.execute(
                text(
                    "INSERT INTO journal_intake (events) "
                    "SELECT json_agg(json_build_object('n', n)) FROM generate_series(1, 5001) AS n"
                )
            )
    assert await positions(registry_engine) == []


async def test_a_work_that_fails_announces_nothing(registry: Works[UnitOfWork]) -> None:
    with pytest.raises(RuntimeError, match="afterwards"):
        await _publish(registry, [an_announcement()], then=RuntimeError("afterwards"))
    assert await positions(registry.engine) == []


async def test_the_intake_is_empty_after_every_commit(registry_engine: AsyncEngine) -> None:
    await write(registry_engine, [an_announcement() for _ in range(3)])
    async with registry_engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM journal_intake")) == 0


async def test_recorded_at_never_goes_back_even_when_the_clock_does(registry_engine: AsyncEngine) -> None:
    async with registry_engine.begin() as connection:
        await _append_at(connection, "clock_timestamp() + interval '20 minutes'")
    await write(registry_engine, [an_announcement()])
    async with registry_engine.connect() as connection:
        stamps = list(await connection.scalars(text("SELECT recorded_at FROM journal ORDER BY position")))
    assert stamps == sorted(stamps)
    assert len(stamps) == 2


async def _append_at(connection: AsyncConnection, moment: str) -> None:
    """An entry as a machine with another clock would have written it."""
    await connection.execute(
        text(
            "INSERT INTO journal (epoch, position, event_id, type, subject, aggregate_type, aggregate_id, "
            "aggregate_version, division, occurred_at, recorded_at, trace_id, payload) "
            "SELECT max(epoch), 1, gen_random_uuid(), 'registry.person.registered.v1', '', 'person', "
            f"gen_random_uuid(), 1, '341502', now(), {moment}, '', '{{}}' FROM journal_epoch"
        )
    )


async def test_positions_go_on_after_a_silence_longer_than_a_partition(registry_engine: AsyncEngine) -> None:
    async with registry_engine.begin() as connection:
        await connection.execute(
            text(
                "CREATE TABLE journal_1999_12 PARTITION OF journal "
                "FOR VALUES FROM ('1999-12-01 00:00Z') TO ('2000-01-01 00:00Z')"
            )
        )
        await _append_at(connection, "timestamptz '1999-12-24 18:00Z'")
    await write(registry_engine, [an_announcement()])
    assert await positions(registry_engine) == [1, 2]


async def test_a_year_of_months_is_ready_and_making_them_again_is_harmless(registry_engine: AsyncEngine) -> None:
    async with registry_engine.begin() as connection:
        before = await _partitions(connection)
        await journal.ensure_partitions(connection)
        assert await _partitions(connection) == before
        assert len(before) == 13
        await connection.execute(text("SELECT journal_ensure_partitions(14)"))
        assert len(await _partitions(connection)) == 15


async def _partitions(connection: AsyncConnection) -> list[str]:
    query = (
        "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' AND relname LIKE 'journal_2%' ORDER BY 1"
    )
    return list(await connection.scalars(text(query)))


async def test_the_horizon_of_an_empty_journal_is_zero_and_of_a_full_one_its_last_position(
    registry_engine: AsyncEngine,
) -> None:
    async with registry_engine.connect() as connection:
        empty = await journal.horizon(connection)
    await write(registry_engine, [an_announcement() for _ in range(4)])
    async with registry_engine.connect() as connection:
        full = await journal.horizon(connection)
    assert (empty.position, full.position) == (0, 4)
    assert empty.epoch == full.epoch > 0


async def test_an_entry_is_found_by_its_id_and_nothing_by_another(registry_engine: AsyncEngine) -> None:
    told = an_announcement()
    await write(registry_engine, [told])
    async with registry_engine.connect() as connection:
        found = await journal.find(connection, told.event_id)
        assert found is not None
        assert found.aggregate_id == told.person_id
        assert await journal.find(connection, uuid7()) is None


async def test_every_minted_epoch_is_larger_and_positions_go_on_counting(registry_engine: AsyncEngine) -> None:
    await write(registry_engine, [an_announcement()])
    async with registry_engine.begin() as connection:
        before = (await journal.horizon(connection)).epoch
        first = await journal.mint_epoch(connection, reason="restored")
        second = await journal.mint_epoch(connection, reason="restored again")
    assert before < first < second
    await write(registry_engine, [an_announcement()])
    async with registry_engine.connect() as connection:
        read = await journal.read(connection, after=0, limit=10)
    assert [(entry.epoch, entry.position) for entry in read] == [(before, 1), (second, 2)]


async def test_what_goes_out_says_what_the_journal_says(registry_engine: AsyncEngine) -> None:
    await write(registry_engine, [an_announcement() for _ in range(3)])
    async with registry_engine.connect() as connection:
        sent = await journal.outgoing(connection, after=1, limit=10)
        read = await journal.read(connection, after=1, limit=10)
    assert [Envelope.from_json(each.to_json()) for each in sent] == read
    assert [orjson.loads(each.to_json()) for each in sent] == [each.cloud_event() for each in read]
    assert [(each.position, each.event_id, each.subject) for each in sent] == [
        (each.position, str(each.event_id), each.subject) for each in read
    ]
