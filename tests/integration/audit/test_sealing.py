"""Rows are sealed within a second, in an order that is defined, whatever transactions and crashes do in between."""

import asyncio
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.kit import audit_seal
from shared.kit.audit import Look, write
from shared.kit.audit_seal import runs_of, told
from shared.kit.audit_verify import FindingKind
from shared.kit.leader import LeadershipLost
from shared.kit.signing import KeyPair, SignatureAlgorithm, new_key
from tests.integration.audit.conftest import KEYS, Trail, named

Forger = psycopg.Connection[tuple[Any, ...]]


async def test_a_row_is_sealed_and_anchored_within_a_second(trail: Trail, forger: Forger) -> None:
    running = asyncio.create_task(trail.sealer.run())
    for _ in range(10):
        await asyncio.sleep(0.23)
        await trail.record()
    await asyncio.sleep(2.0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    delays = forger.execute(
        "SELECT extract(epoch FROM s.sealed_at::timestamptz - a.recorded_at)::float "
        "FROM audit a JOIN audit_seal s ON a.audit_id <@ s.ids"
    ).fetchall()
    report = trail.verify()
    assert (report.intact, report.rows, len(delays)) == (True, 10, 10)
    assert max(delay for (delay,) in delays) <= 1.0
    assert forger.execute("SELECT number = filed FROM audit_cursor").fetchone() == (True,)


async def test_eight_writers_and_a_slow_one_are_all_sealed(trail: Trail, engine: AsyncEngine) -> None:
    running = asyncio.create_task(trail.sealer.run())

    async def write_many() -> None:
        for _ in range(25):
            await trail.record(3)

    async with engine.connect() as slow:
        await slow.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        await write(slow, trail.rows(Look(None, ("slow",))))
        await asyncio.gather(*(write_many() for _ in range(8)))
        await asyncio.sleep(1.0)
        report = trail.verify()
        assert (report.rows, report.intact) == (600, True)
        await slow.commit()
    await asyncio.sleep(1.0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    report = trail.verify()
    assert (report.rows, report.unsealed, report.intact) == (601, 0, True)


async def test_a_rolled_back_id_is_open_until_its_transaction_must_have_ended(
    trail: Trail, engine: AsyncEngine, forger: Forger, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engine.connect() as lost:
        await write(lost, trail.rows(Look(None)))
        await lost.rollback()
    await trail.sealed(2)
    cursor = "SELECT high, open_ids::text FROM audit_cursor"
    assert forger.execute(cursor).fetchone() == (3, "{[1,2)}")
    await trail.sealer.seal()
    assert forger.execute(cursor).fetchone() == (3, "{[1,2)}")
    monkeypatch.setattr(audit_seal, "OPEN_SECONDS", 0.0)
    await trail.sealer.seal()
    assert forger.execute(cursor).fetchone() == (3, "{}")
    assert trail.verify().intact


async def test_an_id_stays_open_while_a_transaction_of_its_time_runs(
    trail: Trail, engine: AsyncEngine, forger: Forger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_seal, "OPEN_SECONDS", 0.0)
    async with engine.connect() as slow:
        await write(slow, trail.rows(Look(None)))
        await trail.sealed(2)
        for _ in range(3):
            await trail.sealer.seal()
        assert forger.execute("SELECT open_ids::text FROM audit_cursor").fetchone() == ("{[1,2)}",)
        await slow.commit()
    assert await trail.sealer.seal() == 1
    assert (trail.verify().rows, trail.verify().intact) == (3, True)


async def _seal_and_file(trail: Trail) -> None:
    await trail.sealer.seal()
    await trail.sealer.file()


@pytest.mark.parametrize("step", ["_store", "_move", "file", "_anchored"])
async def test_a_sealer_that_crashes_at_any_step_is_taken_up_by_the_next(
    trail: Trail, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await trail.sealed(3)
    await trail.record(2)

    async def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(trail.sealer, step, crash)
        with pytest.raises(KeyboardInterrupt):
            await _seal_and_file(trail)
    following = trail.a_sealer(term=2)
    await following.seal()
    await following.file()
    await trail.record(1)
    await following.seal()
    await following.file()
    report = trail.verify()
    assert (report.intact, report.rows) == (True, 6)


async def test_a_line_that_a_crash_cut_short_spoils_no_other(trail: Trail) -> None:
    await trail.sealed(1, 1)
    whole = trail.file.path.read_bytes()
    trail.file.path.write_bytes(whole[:-40])
    await trail.sealed(1)
    assert named(trail.verify()) == set()
    assert len(list(trail.file.lines())) == 2


async def test_a_deposed_sealer_seals_nothing(trail: Trail) -> None:
    await trail.sealed(2)
    await trail.a_sealer(term=2).seal()
    await trail.a_sealer(term=2)._load()
    await trail.record()
    with pytest.raises(LeadershipLost):
        await trail.sealer.seal()
    with pytest.raises(LeadershipLost):
        await trail.a_sealer(term=1).seal()


async def test_a_backlog_is_sealed_in_bounded_steps(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_seal, "ROWS_PER_SEAL_MAX", 100)
    await trail.record(250)
    assert [await trail.sealer.seal() for _ in range(4)] == [100, 100, 50, 0]
    assert trail.verify().intact


async def test_the_chain_goes_on_under_another_key_and_another_algorithm(trail: Trail) -> None:
    sm2 = KeyPair.parse(new_key("a2", SignatureAlgorithm.SM2))
    await trail.sealed(2)
    trail.sealer = trail.a_sealer(sm2, term=2)
    await trail.sealed(2)
    keys = {**KEYS, sm2.key_id: sm2.public_key}
    assert trail.verify(keys=keys).intact
    assert named(trail.verify()) >= {(FindingKind.SIGNATURE_INVALID, None, 2)}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET actor = 'x'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "UPDATE audit_seal SET chain = ''",
        "DELETE FROM audit_seal",
        "TRUNCATE audit_seal",
        "UPDATE audit_tombstone SET key_id = ''",
    ],
)
async def test_the_trail_is_append_only_for_its_owner(trail: Trail, engine: AsyncEngine, change: str) -> None:
    await trail.sealed(2)
    async with engine.connect() as connection:
        await connection.execute(
            text(
                "INSERT INTO audit_tombstone (partition, ids, removed_at, key_id, signature) "
                "VALUES ('x', '{}', '', '', '')"
            )
        )
        with pytest.raises(DBAPIError, match="append-only"):
            await connection.execute(text(change))


@pytest.mark.parametrize("change", ["TRUNCATE {}", "DELETE FROM {}"])
async def test_a_month_cannot_be_emptied_either(trail: Trail, engine: AsyncEngine, change: str) -> None:
    await trail.sealed(1)
    async with engine.connect() as connection:
        month = await connection.scalar(text("SELECT tableoid::regclass::text FROM audit LIMIT 1"))
        with pytest.raises(DBAPIError, match="append-only"):
            await connection.execute(text(change.format(month)))


def test_runs_are_told_as_postgresql_tells_them() -> None:
    assert told(runs_of([1, 2, 3, 7, 9, 10])) == "{[1,4),[7,8),[9,11)}"
    assert told(runs_of([])) == "{}"
