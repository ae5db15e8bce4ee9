"""Whoever holds the database can change it; nobody can do so unseen."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from shared.kit.anchors import Head
from shared.kit.audit_seal import link, row_hash, runs_in, told
from shared.kit.audit_verify import FindingKind as Found
from shared.kit.signing import KeyPair, new_key
from tests.integration.audit.conftest import KEY, SERVICE, Trail, named

Forger = psycopg.Connection[tuple[Any, ...]]


async def test_an_untouched_trail_is_proved(trail: Trail) -> None:
    await trail.sealed(10, 1, 25)
    report = trail.verify()
    assert (report.intact, report.rows, report.seals, report.anchors) == (True, 36, 3, 3)


async def test_an_empty_trail_is_proved(trail: Trail) -> None:
    assert trail.verify().intact


@pytest.mark.parametrize(
    "edit",
    [
        "person_id = gen_random_uuid()",
        "actor = 'somebody else'",
        "fields = NULL",
        "what = ''",
        "detail = '{}'",
        "ip = NULL",
        "recorded_at = recorded_at + interval '1 microsecond'",
        "trace_id = trace_id || ' '",
    ],
)
async def test_a_single_edit_of_any_column_is_named(trail: Trail, forger: Forger, edit: str) -> None:
    await trail.sealed(10, 10)
    forger.execute(f"UPDATE audit SET {edit} WHERE audit_id = 13")
    assert named(trail.verify()) == {(Found.CHANGED, 13, 2)}


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


async def test_a_row_nobody_seals_is_noticed(trail: Trail, forger: Forger) -> None:
    await trail.sealed(3)
    await trail.record()
    assert (trail.verify().intact, trail.verify().unsealed) == (True, 1)
    forger.execute("UPDATE audit SET recorded_at = recorded_at - interval '1 minute' WHERE audit_id = 4")
    assert named(trail.verify()) == {(Found.UNSEALED, 4, None)}


async def test_two_rows_that_changed_places_are_named_as_that(trail: Trail, forger: Forger) -> None:
    await trail.sealed(10, 10)
    swapped = "recorded_at, person_id, fields, trace_id"
    forger.execute(
        f"UPDATE audit a SET ({swapped}) = (SELECT {swapped} FROM audit b WHERE b.audit_id = 21 - a.audit_id) "
        "WHERE a.audit_id IN (4, 17)"
    )
    assert named(trail.verify()) == {(Found.REORDERED, 4, 1), (Found.REORDERED, 17, 2)}


async def test_two_seals_that_changed_places_are_named_as_that(trail: Trail, forger: Forger) -> None:
    await trail.sealed(4, 4, 4, 4, 4)
    for old, new in ((2, 99), (4, 2), (99, 4)):
        forger.execute("UPDATE audit_seal SET number = %s WHERE number = %s", (new, old))
    report = trail.verify()
    assert {(Found.REORDERED, None, 2), (Found.REORDERED, None, 4)} <= named(report)


@pytest.mark.parametrize(
    "edit",
    [
        "hashes = hashes || sha256('x')",
        "hashes = sha256('x') || substring(hashes from 33)",
        "chain = sha256('x')",
        "ids = '{[5,8)}'",
    ],
)
async def test_an_edited_seal_is_named(trail: Trail, forger: Forger, edit: str) -> None:
    await trail.sealed(4, 4, 4, 4)
    forger.execute(f"UPDATE audit_seal SET {edit} WHERE number = 2")
    assert (Found.SEAL_CHANGED, None, 2) in named(trail.verify())


async def test_an_edited_signature_is_named_though_nothing_hangs_on_it(trail: Trail, forger: Forger) -> None:
    await trail.sealed(4, 4, 4)
    forger.execute("UPDATE audit_seal SET signature = sha256('x') || sha256('y') WHERE number = 2")
    assert (Found.SIGNATURE_INVALID, None, 2) in named(trail.verify())


async def test_a_removed_seal_is_named(trail: Trail, forger: Forger) -> None:
    await trail.sealed(4, 4, 4)
    forger.execute("DELETE FROM audit_seal WHERE number = 2")
    report = trail.verify()
    assert (Found.SEAL_REMOVED, None, 2) in named(report)
    assert {finding.audit_id for finding in report.findings if finding.kind is Found.INSERTED} == {5, 6, 7, 8}


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
        columns = (
            "audit_id, recorded_at, kind, person_id, division, actor, client_id, roles, method, route, status, what, "
            "fields, purpose, trace_id, ip, detail"
        )
        with forger.cursor().copy(
            f"COPY (SELECT {columns} FROM audit WHERE audit_id <@ %s::int8multirange ORDER BY audit_id) TO STDOUT",
            (told(runs_in(ids)),),
        ) as copy:
            hashes = b"".join(row_hash(bytes(line)) for line in copy)
        chain = link(chain, signature, number, told(runs_in(ids)), hashes)
        signature = signer(Head(SERVICE, number, high, chain, sealed_at, "a1")).signature
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
