"""Whoever holds the database can change it; nobody can do so unseen."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from shared.kit.anchors import Head
from shared.kit.audit import COLUMNS
from shared.kit.audit_seal import link, row_hash, runs_in, told
from shared.kit.audit_verify import FindingKind as Found
from shared.kit.signing import KeyPair, new_key
from tests.integration.audit.conftest import KEY, SERVICE, TABLES, Trail, named

Forger = psycopg.Connection[tuple[Any, ...]]


async def test_an_untouched_trail_is_proved(trail: Trail) -> None:
    await trail.sealed(10, 1, 25)
    report = trail.verify()
    assert (report.intact, report.rows, report.seals, report.anchors) == (True, 36, 3, 3)


async def test_an_empty_trail_is_proved(trail: Trail) -> None:
    assert trail.verify().intact


EDITS = {
    "recorded_at": "recorded_at + interval '1 microsecond'",
    "kind": "'CHANGE'",
    "person_id": "gen_random_uuid()",
    "division": "'341503'",
    "actor": "'somebody else'",
    "client_id": "client_id || ' '",
    "roles": "'auditor'",
    "method": "'POST'",
    "route": "'/'",
    "status": "404",
    "what": "''",
    "fields": "NULL",
    "purpose": "'PAYMENT'",
    "trace_id": "trace_id || ' '",
    "ip": "NULL",
    "detail": "'{}'",
}


@contextmanager
def put_back(forger: Forger, table: str) -> Iterator[None]:
    """Whatever is done to a table inside is undone."""
    forger.execute(f"CREATE TEMP TABLE kept AS TABLE {table}")
    try:
        yield
    finally:
        forger.execute(f"DELETE FROM {table}; INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE kept; DROP TABLE kept")


async def test_a_single_edit_of_any_column_is_named(trail: Trail, forger: Forger) -> None:
    await trail.sealed(10, 10)
    for column, value in EDITS.items():
        with put_back(forger, "audit"):
            forger.execute(f"UPDATE audit SET {column} = {value} WHERE audit_id = 13")
            assert named(trail.verify()) == {(Found.CHANGED, 13, 2)}, column
    assert trail.verify().intact


def test_every_column_of_the_trail_is_proved_and_tried() -> None:
    assert list(COLUMNS) == [column.name for column in TABLES.audit.columns]
    assert {"audit_id", *EDITS} == set(COLUMNS)


async def test_a_row_under_another_id_is_named_under_both(trail: Trail, forger: Forger) -> None:
    await trail.sealed(10, 10)
    put_beside(forger, 13, -13)
    forger.execute("DELETE FROM audit WHERE audit_id = 13")
    assert named(trail.verify()) == {(Found.REMOVED, 13, 2), (Found.INSERTED, -13, None)}


@pytest.mark.parametrize("gone", [[1], [7], [10], [11], [20], [3, 4, 5], list(range(1, 21))])
async def test_removed_rows_are_named(trail: Trail, forger: Forger, gone: list[int]) -> None:
    await trail.sealed(10, 10)
    forger.execute("DELETE FROM audit WHERE audit_id = ANY(%s)", (gone,))
    assert named(trail.verify()) == {(Found.REMOVED, each, 1 if each <= 10 else 2) for each in gone}


async def test_a_row_put_back_into_a_gap_is_named(trail: Trail, forger: Forger) -> None:
    await trail.sealed(5)
    forger.execute("SELECT nextval(pg_get_serial_sequence('audit', 'audit_id'))")  # an id that nobody committed
    await trail.sealed(5)
    forger.execute("UPDATE audit_cursor SET open_ids = '{}'")  # its transaction is known to be dead
    forger.execute(
        "INSERT INTO audit (audit_id, kind, actor, client_id, roles, method, route, what, trace_id) "
        "OVERRIDING SYSTEM VALUE VALUES (6, 'LOOK', 'x', 'x', '', 'GET', '/', 'read', 't')"
    )
    assert named(trail.verify()) == {(Found.INSERTED, 6, None)}


def put_beside(forger: Forger, audit_id: int, new_id: int, **changes: str) -> None:
    """Another row like this one."""
    columns = ", ".join(COLUMNS)
    values = ", ".join(({name: name for name in COLUMNS} | {"audit_id": str(new_id)} | changes).values())
    forger.execute(
        f"INSERT INTO audit ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} FROM audit WHERE audit_id = %s",
        (audit_id,),
    )


@pytest.mark.parametrize("new_id", [0, -1, -(2**63)])
async def test_a_row_put_before_the_first_is_named(trail: Trail, forger: Forger, new_id: int) -> None:
    await trail.sealed(5, 5)
    put_beside(forger, 1, new_id)
    assert named(trail.verify()) == {(Found.INSERTED, new_id, None)}


@pytest.mark.parametrize("shift", ["interval '1 second'", "- interval '1 second'"])
async def test_a_second_row_of_the_same_id_is_named_and_the_first_is_still_proved(
    trail: Trail, forger: Forger, shift: str
) -> None:
    await trail.sealed(5, 5)
    put_beside(forger, 7, 7, recorded_at=f"recorded_at + {shift}", actor="'x'")
    assert named(trail.verify()) == {(Found.INSERTED, 7, None)}


async def test_a_second_row_of_the_same_id_does_not_hide_that_the_first_was_changed(
    trail: Trail, forger: Forger
) -> None:
    await trail.sealed(5, 5)
    put_beside(forger, 7, 7, recorded_at="recorded_at + interval '1 second'")
    forger.execute("UPDATE audit SET actor = 'x' WHERE audit_id = 7")
    assert named(trail.verify()) == {(Found.INSERTED, 7, None), (Found.CHANGED, 7, 2)}


async def test_a_row_that_says_it_is_of_tomorrow_does_not_wait_for_its_seal_for_ever(
    trail: Trail, forger: Forger
) -> None:
    await trail.sealed(3)
    put_beside(forger, 3, 4, recorded_at="recorded_at + interval '1 day'")
    assert named(trail.verify()) == {(Found.UNSEALED, 4, None)}


async def test_a_row_nobody_seals_is_noticed(trail: Trail, forger: Forger) -> None:
    await trail.sealed(3)
    await trail.record()
    assert (trail.verify().intact, trail.verify().unsealed) == (True, 1)
    forger.execute("UPDATE audit SET recorded_at = recorded_at - interval '1 minute' WHERE audit_id = 4")
    assert named(trail.verify()) == {(Found.UNSEALED, 4, None)}


@pytest.mark.parametrize(("one", "other"), [(4, 5), (1, 10), (4, 17), (1, 20)])
async def test_two_rows_that_changed_places_are_named_as_that(
    trail: Trail, forger: Forger, one: int, other: int
) -> None:
    await trail.sealed(10, 10)
    rest = ", ".join(COLUMNS[1:])
    forger.execute(
        f"UPDATE audit a SET ({rest}) = (SELECT {rest} FROM audit b WHERE b.audit_id = %s - a.audit_id) "
        "WHERE a.audit_id = ANY(%s)",
        (one + other, [one, other]),
    )
    assert named(trail.verify()) == {(Found.REORDERED, each, 1 if each <= 10 else 2) for each in (one, other)}


async def test_two_seals_that_changed_places_are_named_as_that(trail: Trail, forger: Forger) -> None:
    await trail.sealed(4, 4, 4, 4, 4)
    for old, new in ((2, 99), (4, 2), (99, 4)):
        forger.execute("UPDATE audit_seal SET number = %s WHERE number = %s", (new, old))
    report = trail.verify()
    assert {(Found.REORDERED, None, 2), (Found.REORDERED, None, 4)} <= named(report)


SEAL_EDITS = {
    "ids": (["'{[5,8)}'", "'{[5,8),[9,10)}'", "'{}'", "'{[5,9000000000000)}'", "'{[5,)}'"], Found.SEAL_CHANGED),
    "hashes": (
        ["hashes || sha256('x')", "sha256('x') || substring(hashes from 33)", "''", "substring(hashes from 2)"],
        Found.SEAL_CHANGED,
    ),
    "high": (["high + 1", "-high", "9223372036854775807"], Found.SEAL_CHANGED),
    "chain": (["sha256('x')", "''"], Found.SEAL_CHANGED),
    "sealed_at": (["''", "sealed_at || ' '"], Found.SEAL_CHANGED),
    "key_id": (["'a2'"], Found.SEAL_CHANGED),
    "signature": (["sha256('x') || sha256('y')", "''"], Found.SIGNATURE_INVALID),
    "number": (["9", "-2", "2 - 2"], Found.SEAL_REMOVED),
}


@pytest.mark.parametrize("column", SEAL_EDITS)
async def test_an_edit_of_any_column_of_a_seal_is_named(trail: Trail, forger: Forger, column: str) -> None:
    await trail.sealed(4, 4, 4, 4)
    values, kind = SEAL_EDITS[column]
    for value, number in itertools.product(values, (1, 2, 4)):
        with put_back(forger, "audit_seal"):
            forger.execute(f"UPDATE audit_seal SET {column} = {value} WHERE number = {number}")
            found = named(trail.verify())
        # The end of the chain has nothing behind it that would miss it: the anchors do.
        kinds = {kind, Found.SUFFIX_REMOVED} if (column, number) == ("number", 4) else {kind}
        assert found & {(each, None, number) for each in kinds}, (value, number)
    assert trail.verify().intact


def test_every_column_of_a_seal_is_tried() -> None:
    assert set(SEAL_EDITS) == {column.name for column in TABLES.seal.columns}


@pytest.mark.parametrize(
    ("number", "kind"), [(1, Found.SEAL_REMOVED), (2, Found.SEAL_REMOVED), (3, Found.SUFFIX_REMOVED)]
)
async def test_a_removed_seal_is_named(trail: Trail, forger: Forger, number: int, kind: Found) -> None:
    await trail.sealed(4, 4, 4)
    forger.execute("DELETE FROM audit_seal WHERE number = %s", (number,))
    report = trail.verify()
    assert (kind, None, number) in named(report)
    if kind is Found.SEAL_REMOVED:
        rows = range(4 * number - 3, 4 * number + 1)
        assert {finding.audit_id for finding in report.findings if finding.kind is Found.INSERTED} == {*rows}


async def test_a_seal_that_no_key_of_ours_signed_does_not_carry_rows(trail: Trail, forger: Forger) -> None:
    await trail.sealed(4, 4)
    forger.execute(
        "INSERT INTO audit_seal SELECT 3, '{[9,10)}', sha256('row'), 9, sha256('chain'), sealed_at, key_id, signature "
        "FROM audit_seal WHERE number = 2"
    )
    assert {(Found.SIGNATURE_INVALID, None, 3), (Found.SEAL_CHANGED, None, 3), (Found.REMOVED, 9, 3)} <= named(
        trail.verify()
    )


def rehash(forger: Forger, first: int, signer: Callable[[Head], Head]) -> None:
    """Write the chain anew from seal ``first`` on, over the rows as they are now."""
    rows = forger.execute("SELECT number, ids, high, sealed_at FROM audit_seal ORDER BY number").fetchall()
    before = forger.execute("SELECT chain, signature FROM audit_seal WHERE number = %s", (first - 1,)).fetchone() or (
        bytes(32),
        b"",
    )
    chain, signature = before
    forger.execute("SET timezone = 'UTC'")
    for number, ids, high, sealed_at in rows[first - 1 :]:
        hashes = b""
        chosen = f"SELECT {', '.join(COLUMNS)} FROM audit WHERE audit_id <@ %s::int8multirange ORDER BY audit_id"
        with forger.cursor().copy(f"COPY ({chosen}) TO STDOUT", (told(runs_in(ids)),)) as copy:
            hashes = b"".join(row_hash(bytes(line)) for line in copy)
        head = Head(SERVICE, number, high, b"", sealed_at, "a1")
        chain = link(chain, signature, head, told(runs_in(ids)), hashes)
        signature = signer(replace(head, chain=chain)).signature
        forger.execute(
            "UPDATE audit_seal SET hashes = %s, chain = %s, signature = %s WHERE number = %s",
            (hashes, chain, signature, number),
        )


async def test_a_suffix_hashed_anew_without_the_key_has_no_valid_signature(trail: Trail, forger: Forger) -> None:
    await trail.sealed(4, 4, 4, 4)
    forger.execute("UPDATE audit SET actor = 'x' WHERE audit_id = 6")
    other = KeyPair.parse(new_key("a1"))
    rehash(forger, 2, lambda head: head.signed_by(other))
    found = named(trail.verify())
    assert {(Found.SIGNATURE_INVALID, None, number) for number in (2, 3, 4)} <= found
    assert (Found.REHASHED_SUFFIX, None, 2) in found


async def test_a_suffix_hashed_anew_with_the_stolen_key_is_told_by_the_anchors(trail: Trail, forger: Forger) -> None:
    await trail.sealed(4, 4, 4, 4)
    forger.execute("UPDATE audit SET actor = 'x' WHERE audit_id = 10")
    rehash(forger, 3, lambda head: head.signed_by(KEY))
    assert named(trail.verify()) == {(Found.REHASHED_SUFFIX, None, 3)}


async def test_the_stream_alone_tells_of_a_suffix_hashed_anew(trail: Trail, forger: Forger) -> None:
    await trail.sealed(4, 4, 4)
    published = [line for _, line in trail.file.lines()]
    forger.execute("UPDATE audit SET actor = 'x' WHERE audit_id = 10")
    rehash(forger, 3, lambda head: head.signed_by(KEY))
    forger.execute("UPDATE audit_cursor SET filed = 0")
    trail.file.path.unlink()
    assert named(trail.verify()) == set()
    assert named(trail.verify(stream=published)) == {(Found.REHASHED_SUFFIX, None, 3)}


async def test_an_end_that_was_cut_off_is_told_by_the_anchors(trail: Trail, forger: Forger) -> None:
    await trail.sealed(4, 4, 4)
    forger.execute("DELETE FROM audit_seal WHERE number = 3")
    forger.execute("DELETE FROM audit WHERE audit_id > 8")
    forger.execute("UPDATE audit_cursor SET number = 2, high = 8")
    assert named(trail.verify()) == {(Found.SUFFIX_REMOVED, None, 3)}


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"high":8', b'"high":9'), (b'"chain":"', b'"chain":"00'), (b"{", b"["), (b'"number":2', b'"number":7')],
)
async def test_an_edited_anchor_file_is_named_as_that(trail: Trail, old: bytes, new: bytes) -> None:
    await trail.sealed(4, 4, 4)
    lines = trail.file.path.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(old, new)
    trail.file.path.write_bytes(b"".join(lines))
    report = trail.verify()
    assert {finding.kind for finding in report.findings} == {Found.ANCHOR_INVALID}


@pytest.mark.parametrize("kept", [0, 2])
async def test_a_shortened_anchor_file_is_named_as_that(trail: Trail, kept: int) -> None:
    await trail.sealed(4, 4, 4)
    lines = trail.file.path.read_bytes().splitlines(keepends=True)
    trail.file.path.write_bytes(b"".join(lines[:kept]))
    assert named(trail.verify()) == {(Found.ANCHOR_REMOVED, None, 3)}


async def test_a_key_we_do_not_know_proves_nothing(trail: Trail) -> None:
    await trail.sealed(4)
    assert (Found.SIGNATURE_INVALID, None, 1) in named(trail.verify(keys={}))


async def test_a_thousand_findings_are_named_and_all_are_counted(trail: Trail, forger: Forger) -> None:
    await trail.sealed(1500)
    forger.execute("UPDATE audit SET actor = 'x'")
    report = trail.verify()
    assert (len(report.findings), report.finding_count, report.as_json()["intact"]) == (1000, 1500, False)
