"""Proves the audit trail, or names what was done to it. ``python -m shared.kit.audit_verify`` reads `VerifySettings`.

Every row is read in its canonical form and hashed here, not in the database; seals are chained again, signatures
checked, and the chain is held against the anchors that lie outside. Rows stream in order of id next to the seals, so
memory does not grow with the trail.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import orjson
import psycopg
from psycopg import sql
from psycopg.pq import ExecStatus
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.kit.anchors import AnchorFile, AnchorIsMalformed, Head, published
from shared.kit.audit import COLUMNS
from shared.kit.audit_seal import GENESIS, Run, id_of, link, row_hash, runs_in, told
from shared.kit.bus import Bus, BusUnavailable
from shared.kit.signing import KeyPair, PublicKeys, parse_public_keys

SEALS_PER_PAGE: Final = 100
UNSEALED_SECONDS_MAX: Final = 10.0
FINDINGS_MAX: Final = 1_000
RUN_ROWS_MAX: Final = 256
"""Rows hashed at a time: so few stay in the processor's cache (more than twice as fast as ten thousand)."""
SWAPS_MAX: Final = 300
"""Places are compared with each other only while so few are wrong: the comparison grows with their square."""
HASH_BYTES: Final = 32


Buffer = bytes | bytearray | memoryview
"""A line as the driver hands it over, before anybody needs to read it."""


class FindingKind(StrEnum):
    """What was done to the trail."""

    CHANGED = "CHANGED"
    """The row is not what was sealed."""
    REMOVED = "REMOVED"
    """The row was sealed and is gone, without a tombstone."""
    INSERTED = "INSERTED"
    """The row is in no seal, though rows after it are."""
    UNSEALED = "UNSEALED"
    """The row waits for its seal longer than it should: is the sealer running?"""
    REORDERED = "REORDERED"
    """Two rows, or two seals, changed places."""
    SEAL_CHANGED = "SEAL_CHANGED"
    """The seal does not follow from the one before: its ids, hashes or chain were edited."""
    SEAL_REMOVED = "SEAL_REMOVED"
    """A seal between others is gone."""
    SIGNATURE_INVALID = "SIGNATURE_INVALID"
    """No key of ours signed the seal or tombstone."""
    REHASHED_SUFFIX = "REHASHED_SUFFIX"
    """The chain agrees with itself, not with an anchor: it was written anew from here on."""
    SUFFIX_REMOVED = "SUFFIX_REMOVED"
    """An anchor knows more seals than the database: its end was cut."""
    ANCHOR_INVALID = "ANCHOR_INVALID"
    """The anchor, not the chain, was edited."""
    ANCHOR_REMOVED = "ANCHOR_REMOVED"
    """Heads that were anchored are missing from the anchors."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: which row, or which seal, and in words."""

    kind: FindingKind
    audit_id: int | None = None
    seal: int | None = None
    detail: str = ""


@dataclass(slots=True)
class Report:
    """What a verification saw. ``retired`` rows were removed by retention, under a signed tombstone."""

    service: str
    verified_at: str
    rows: int = 0
    seals: int = 0
    retired: int = 0
    unsealed: int = 0
    anchors: int = 0
    seconds: float = 0.0
    finding_count: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        """Nothing is wrong."""
        return self.finding_count == 0

    def add(self, kind: FindingKind, *, audit_id: int | None = None, seal: int | None = None, detail: str = "") -> None:
        """Count a finding; the first thousand are named."""
        self.finding_count += 1
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(kind, audit_id, seal, detail))

    def as_json(self) -> dict[str, Any]:
        """For a job's report or the command line."""
        rate = round(self.rows / self.seconds) if self.seconds else None
        return {"intact": self.intact, **asdict(self), "rows_per_second": rate}


@dataclass(frozen=True, slots=True)
class Anchors:
    """What lies outside: heads by number, lines that are none, and how far the database says its file goes."""

    heads: Sequence[tuple[str, Head]] = ()
    malformed: Sequence[str] = ()
    filed: int = 0
    file_ends_at: int | None = None


@dataclass(frozen=True, slots=True)
class _Seal:
    number: int
    runs: list[Run]
    hashes: bytes
    head: Head


@dataclass(frozen=True, slots=True)
class _Expected:
    digest: bytes
    seal: int


@dataclass(frozen=True, slots=True)
class _SealedRun:
    """Ids without a gap, in one seal, with their hashes; not too many."""

    first: int
    end: int
    hashes: bytes
    seal: int

    def expected(self) -> Iterator[tuple[int, _Expected]]:
        for place, audit_id in enumerate(range(self.first, self.end)):
            yield audit_id, _Expected(self.hashes[place * HASH_BYTES : (place + 1) * HASH_BYTES], self.seal)


def verify(connection: psycopg.Connection[Any], *, service: str, keys: PublicKeys, anchors: Anchors) -> Report:
    """Prove one service's trail in one snapshot. ``anchors`` must have been read before (`read_anchors`)."""
    started = time.perf_counter()
    report = Report(service, datetime.now(UTC).isoformat(timespec="seconds"))
    with _snapshot(connection):
        _Verification(connection, report, keys, anchors).run()
    report.seconds = round(time.perf_counter() - started, 3)
    return report


def read_anchors(connection: psycopg.Connection[Any], file: AnchorFile | None, stream: Sequence[bytes] = ()) -> Anchors:
    """The anchors of the file and those already read from the stream."""
    with connection.transaction():
        row = connection.execute("SELECT filed FROM audit_cursor").fetchone()
    heads: list[tuple[str, Head]] = []
    malformed: list[str] = []

    def read(place: str, line: bytes) -> int:
        try:
            head = Head.from_json(line)
        except AnchorIsMalformed:
            malformed.append(place)
            return 0
        heads.append((place, head))
        return head.number

    for message, line in enumerate(stream, start=1):
        read(f"stream, message {message}", line)
    ends_at = None
    if file is not None:
        ends_at = max((read(f"{file.path.name}, line {number}", line) for number, line in file.lines()), default=0)
    return Anchors(heads, malformed, filed=0 if row is None else row[0], file_ends_at=ends_at)


class _Verification:
    """One pass; every finding goes into the report."""

    def __init__(self, connection: psycopg.Connection[Any], report: Report, keys: PublicKeys, anchors: Anchors) -> None:
        self._connection = connection
        self._report = report
        self._keys = keys
        self._anchors = anchors
        self._retired: list[Run] = []
        self._unclaimed: dict[int, list[bytes]] = {}
        self._missing: dict[int, _Expected] = {}
        self._changed: dict[int, tuple[bytes, _Expected]] = {}
        self._broken: list[_Seal] = []
        self._chains: dict[int, Head] = {}
        self._high: int | None = None
        self._last: Head | None = None

    def run(self) -> None:
        """Rows and seals side by side, then what is left over, then the anchors."""
        self._read_tombstones()
        wanted = {head.number for _, head in self._anchors.heads}
        for page in self._pages():
            for seal in page:
                self._check_link(seal)
                if seal.number in wanted:
                    self._chains[seal.number] = seal.head
                self._last = seal.head
            self._check_signatures(page)
            self._check_rows(page)
        self._read_rest()
        self._settle()
        self._name_broken_seals()
        self._check_anchors()

    # ------------------------------------------------------------------ the chain

    def _pages(self) -> Iterator[list[_Seal]]:
        number = 0
        while True:
            with self._connection.cursor(binary=True) as cursor:
                cursor.execute(
                    "SELECT number, ids, hashes, high, chain, sealed_at, key_id, signature FROM audit_seal "
                    "WHERE number > %s ORDER BY number LIMIT %s",
                    (number, SEALS_PER_PAGE),
                )
                page = [self._seal(row) for row in cursor]
            if not page:
                return
            yield page
            number = page[-1].number

    def _seal(self, row: tuple[Any, ...]) -> _Seal:
        number, ids, hashes, high, chain, sealed_at, key_id, signature = row
        head = Head(self._report.service, number, high, chain, sealed_at, key_id, signature)
        return _Seal(number, runs_in(ids), hashes, head)

    def _check_link(self, seal: _Seal) -> None:
        """The seal follows from the one stored before it."""
        self._report.seals += 1
        before = self._last
        expected = 1 if before is None else before.number + 1
        for number in range(expected, min(seal.number, expected + FINDINGS_MAX)):
            self._report.add(FindingKind.SEAL_REMOVED, seal=number)
        chain, signature = (GENESIS, b"") if before is None else (before.chain, before.signature)
        follows = link(chain, signature, seal.head, told(seal.runs), seal.hashes) == seal.head.chain
        if seal.number == expected and not follows:
            self._broken.append(seal)

    def _check_signatures(self, page: Sequence[_Seal]) -> None:
        """The last signature of a page covers all before it; only when it fails is each one looked at."""
        if page[-1].head.is_genuine(self._keys):
            return
        false = [seal.number for seal in page if not seal.head.is_genuine(self._keys)]
        for number in false:
            self._report.add(FindingKind.SIGNATURE_INVALID, seal=number)

    def _name_broken_seals(self) -> None:
        """A seal that does not follow was edited, changed places with another, or follows one whose signature was."""
        numbers = [seal.number for seal in self._broken] if len(self._broken) <= SWAPS_MAX else []
        named = {finding.seal for finding in self._report.findings}
        for seal in self._broken:
            elsewhere = [other for other in numbers if other != seal.number and self._belongs(seal, other)]
            before = seal.number - 1
            if elsewhere:
                self._report.add(FindingKind.REORDERED, seal=seal.number, detail=f"it is seal {elsewhere[0]}")
            elif seal.head.is_genuine(self._keys) and self._signature_is_false(before):
                if before not in named:
                    self._report.add(FindingKind.SIGNATURE_INVALID, seal=before)
            else:
                self._report.add(FindingKind.SEAL_CHANGED, seal=seal.number, detail=f"rows {told(seal.runs)[:200]}")

    def _belongs(self, seal: _Seal, number: int) -> bool:
        head = seal.head
        moved = Head(head.service, number, head.high, head.chain, head.sealed_at, head.key_id, head.signature)
        return moved.is_genuine(self._keys)

    def _signature_is_false(self, number: int) -> bool:
        row = self._connection.execute(
            "SELECT high, chain, sealed_at, key_id, signature FROM audit_seal WHERE number = %s", (number,)
        ).fetchone()
        return row is not None and not Head(self._report.service, number, *row).is_genuine(self._keys)

    # ------------------------------------------------------------------ the rows

    def _read_tombstones(self) -> None:
        """Rows that retention removed; a tombstone nobody signed excuses nothing."""
        for row in self._connection.execute(
            "SELECT partition, ids, removed_at, key_id, signature FROM audit_tombstone"
        ).fetchall():
            partition, ids, removed_at, key_id, signature = row
            runs = runs_in(ids)
            key = self._keys.get(key_id)
            statement = tombstone_statement(self._report.service, partition, runs, removed_at, key_id)
            if key is None or not key.verifies(statement, signature):
                self._report.add(FindingKind.SIGNATURE_INVALID, detail=f"tombstone {partition}")
            else:
                self._retired += runs
        self._retired.sort()

    def _is_retired(self, audit_id: int) -> bool:
        place = bisect_right(self._retired, (audit_id, sys.maxsize)) - 1
        return place >= 0 and audit_id < self._retired[place][1]

    def _check_rows(self, page: Sequence[_Seal]) -> None:
        """The rows between the page before and the end of this one, against the hashes of its seals."""
        runs = sorted(_sealed_runs(page), key=lambda run: run.first)
        if not runs:
            return
        high = max(run.end - 1 for run in runs)
        with _Lines(self._connection, after=self._high, upto=high) as lines:
            for run in runs:
                if self._is_retired(run.first) and self._is_retired(run.end - 1):
                    self._report.retired += run.end - run.first
                elif self._high is not None and run.first <= self._high:
                    # Rows that were committed late lie among those of earlier seals, which left them unclaimed.
                    self._missing.update(run.expected())
                else:
                    self._check_run(run, lines)
            self._leave(lines)
        self._high = high if self._high is None else max(high, self._high)

    def _check_run(self, run: _SealedRun, lines: _Lines) -> None:
        batch = lines.take(run.end - run.first)
        if b"".join([sha256(line).digest() for line in batch]) == run.hashes:
            self._report.rows += len(batch)
            return
        # Row by row: something here is missing, changed, or not of this seal.
        found: dict[int, list[bytes]] = {}
        while batch:
            for place, view in enumerate(batch):
                line = bytes(view)
                audit_id = id_of(line)
                if audit_id >= run.end:
                    lines.give_back(batch[place:])
                    batch = []
                    break
                (self._unclaimed if audit_id < run.first else found).setdefault(audit_id, []).append(line)
            else:
                batch = lines.take(run.end - run.first)
        for audit_id, expected in run.expected():
            if audit_id in found:
                self._judge(audit_id, found[audit_id], expected)
            else:
                self._missing[audit_id] = expected

    def _judge(self, audit_id: int, found: Sequence[bytes], expected: _Expected) -> None:
        """One of the rows with this id was sealed, unless it was changed; any other was put beside it."""
        self._report.rows += len(found)
        if all(row_hash(line) != expected.digest for line in found):
            self._changed[audit_id] = (found[0], expected)
        for _ in found[1:]:
            self._report.add(FindingKind.INSERTED, audit_id=audit_id, detail="another row has this id")

    def _read_rest(self) -> None:
        """Rows after the last seal."""
        with _Lines(self._connection, after=self._high, upto=None) as lines:
            self._leave(lines)

    def _leave(self, lines: Iterable[bytes]) -> None:
        """Rows that no seal has claimed so far."""
        for line in lines:
            self._unclaimed.setdefault(id_of(line), []).append(line)

    def _settle(self) -> None:
        """Late rows find their seals; what is left over on either side is named."""
        for audit_id, expected in sorted(self._missing.items()):
            found = self._unclaimed.pop(audit_id, None)
            if found is not None:
                self._judge(audit_id, found, expected)
            elif self._is_retired(audit_id):
                self._report.retired += 1
            else:
                self._report.add(FindingKind.REMOVED, audit_id=audit_id, seal=expected.seal)
        self._name_changed()
        sealed = 0 if self._last is None else self._last.high
        row = self._connection.execute("SELECT open_ids FROM audit_cursor").fetchone()
        still_open = [] if row is None else runs_in(row[0])
        for audit_id, found in sorted(self._unclaimed.items()):
            waiting = audit_id > sealed or any(first <= audit_id < end for first, end in still_open)
            if not waiting or len(found) > 1:
                self._report.add(FindingKind.INSERTED, audit_id=audit_id)
            elif abs(_age_seconds(found[0])) > UNSEALED_SECONDS_MAX:
                self._report.add(FindingKind.UNSEALED, audit_id=audit_id)
            else:
                self._report.unsealed += 1

    def _name_changed(self) -> None:
        """A changed row that is another one under its id changed places with it."""
        by_digest = {expected.digest: audit_id for audit_id, (_, expected) in self._changed.items()}
        few = len(self._changed) <= SWAPS_MAX
        for audit_id, (line, expected) in sorted(self._changed.items()):
            rest = line[line.index(b"\t") :]
            was = (by_digest.get(row_hash(str(other).encode() + rest)) for other in self._changed) if few else ()
            if (other := next((each for each in was if each is not None), None)) is not None:
                self._report.add(
                    FindingKind.REORDERED, audit_id=audit_id, seal=expected.seal, detail=f"it is row {other}"
                )
            else:
                self._report.add(FindingKind.CHANGED, audit_id=audit_id, seal=expected.seal)

    # ------------------------------------------------------------------ the anchors

    def _check_anchors(self) -> None:
        agrees = 0
        rewritten = False
        self._report.anchors = len(self._anchors.heads)
        for place in self._anchors.malformed:
            self._report.add(FindingKind.ANCHOR_INVALID, detail=place)
        for place, anchor in sorted(self._anchors.heads, key=lambda item: item[1].number):
            stored = self._chains.get(anchor.number)
            if stored is not None and stored == anchor and stored.signature == anchor.signature:
                agrees = anchor.number
            elif not anchor.is_genuine(self._keys):
                self._report.add(FindingKind.ANCHOR_INVALID, seal=anchor.number, detail=place)
            elif stored is not None and stored.chain == anchor.chain:
                agrees = anchor.number
            elif not rewritten:
                rewritten = True
                kind = FindingKind.REHASHED_SUFFIX
                if self._last is None or anchor.number > self._last.number:
                    kind = FindingKind.SUFFIX_REMOVED
                self._report.add(kind, seal=agrees + 1, detail=f"at the latest from seal {anchor.number} on; {place}")
        ends_at = self._anchors.file_ends_at
        if ends_at is not None and ends_at < self._anchors.filed:
            self._report.add(FindingKind.ANCHOR_REMOVED, seal=self._anchors.filed, detail=f"the file ends at {ends_at}")


def tombstone_statement(service: str, partition: str, runs: Sequence[Run], removed_at: str, key_id: str) -> bytes:
    """What is signed when rows are removed."""
    return orjson.dumps(["liangfu/audit-tombstone/1", service, partition, told(runs), removed_at, key_id])


def _sealed_runs(page: Sequence[_Seal]) -> Iterator[_SealedRun]:
    for seal in page:
        offset = 0
        for first, claimed in seal.runs:
            # Whoever edited a seal may claim more ids than there are hashes, or than there is memory.
            end = min(claimed, first + (len(seal.hashes) - offset) // HASH_BYTES)
            for start in range(first, end, RUN_ROWS_MAX):
                stop = min(start + RUN_ROWS_MAX, end)
                length = HASH_BYTES * (stop - start)
                yield _SealedRun(start, stop, seal.hashes[offset : offset + length], seal.number)
                offset += length


def _age_seconds(line: bytes) -> float:
    """How long ago the row says it was recorded; a row that says nothing readable is old."""
    try:
        recorded_at = datetime.fromisoformat(line.split(b"\t", 2)[1].decode())
    except (ValueError, IndexError):
        return float("inf")
    return (datetime.now(UTC) - recorded_at).total_seconds()


class _Lines:
    """Canonical lines in order of id, some at a time; what was taken too early can be given back.

    They come straight from the protocol: the driver's own iteration costs as much as hashing them.
    """

    def __init__(self, connection: psycopg.Connection[Any], *, after: int | None, upto: int | None) -> None:
        self._protocol = connection.pgconn
        # No id is too small to be looked at: a forger may have thought so.
        bounds = {"audit_id > {}": after, "audit_id <= {}": upto}
        rows = sql.SQL(" AND ").join(
            [sql.SQL("true"), *(sql.SQL(bound).format(end) for bound, end in bounds.items() if end is not None)]
        )
        statement = sql.SQL("COPY (SELECT {columns} FROM audit WHERE {rows} ORDER BY audit_id) TO STDOUT")
        columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
        self._statement = statement.format(columns=columns, rows=rows).as_bytes(connection)
        self._back: deque[Buffer] = deque()
        self._ended = False

    def __enter__(self) -> Self:
        begun = self._protocol.exec_(self._statement)
        if begun.status != ExecStatus.COPY_OUT:
            raise psycopg.errors.error_from_result(begun)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _ in self._arriving():
            pass
        while (result := self._protocol.get_result()) is not None:
            if result.status != ExecStatus.COMMAND_OK and error is None:
                raise psycopg.errors.error_from_result(result)

    def _arriving(self) -> Iterator[Buffer]:
        receive = self._protocol.get_copy_data
        while not self._ended:
            size, line = receive(0)
            if size < 0:
                self._ended = True
            else:
                yield line

    def take(self, count: int) -> list[Buffer]:
        """The next ``count`` lines, fewer at the end."""
        if not self._back:
            return list(islice(self._arriving(), count))
        taken = [self._back.popleft() for _ in range(min(count, len(self._back)))]
        return taken + list(islice(self._arriving(), count - len(taken)))

    def give_back(self, lines: Sequence[Buffer]) -> None:
        """They come first again."""
        self._back.extendleft(reversed(lines))

    def __iter__(self) -> Iterator[bytes]:
        while self._back:
            yield bytes(self._back.popleft())
        for line in self._arriving():
            yield bytes(line)


@contextmanager
def _snapshot(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """One read-only view of the database, with the spelling the canonical form needs."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute("SET LOCAL timezone = 'UTC'")
        connection.execute("SET LOCAL datestyle = 'ISO, MDY'")
        connection.execute("SET LOCAL client_encoding = 'UTF8'")
        connection.execute("SET LOCAL statement_timeout = 0")
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield


# ---------------------------------------------------------------------------- command line


class VerifySettings(BaseSettings):
    """What a verification needs, from the environment; the services' own settings serve as they are."""

    model_config = SettingsConfigDict(frozen=True, hide_input_in_errors=True)

    service: str
    database_direct_url: SecretStr
    audit_public_keys: str = "{}"
    """JSON of the public halves of the signing keys that were ever used."""
    audit_signing_key: SecretStr | None = None
    """Where the service's own settings are at hand: its public half is one of them."""
    audit_dir: Path | None = None
    nats_url: str | None = None
    nats_user: str | None = None
    nats_password: SecretStr | None = None
    nats_nkey_seed: SecretStr | None = None


async def _stream_anchors(settings: VerifySettings) -> Sequence[bytes]:
    if settings.nats_url is None:
        return ()
    password, seed = settings.nats_password, settings.nats_nkey_seed
    bus = await Bus.connect(
        settings.nats_url,
        name=f"{settings.service}-audit-verify",
        user=settings.nats_user,
        password=None if password is None else password.get_secret_value(),
        nkey_seed=None if seed is None else seed.get_secret_value(),
        inbox=f"_INBOX.{settings.service}",
    )
    try:
        return await published(bus, settings.service)
    finally:
        await bus.close()


def verify_with(settings: VerifySettings) -> Report:
    """Verify as configured. An unreachable stream is a finding: an anchor nobody can read proves nothing."""
    stream: Sequence[bytes] = ()
    unreachable = ""
    try:
        stream = asyncio.run(_stream_anchors(settings))
    except BusUnavailable as error:
        unreachable = str(error)
    url = settings.database_direct_url.get_secret_value().replace("+psycopg", "")
    file = None if settings.audit_dir is None else AnchorFile(settings.audit_dir, settings.service)
    with psycopg.connect(url, autocommit=True, application_name=f"{settings.service}-audit-verify") as connection:
        anchors = read_anchors(connection, file, stream)
        keys = parse_public_keys(settings.audit_public_keys)
        if settings.audit_signing_key is not None:
            signer = KeyPair.parse(settings.audit_signing_key)
            keys[signer.key_id] = signer.public_key
        report = verify(connection, service=settings.service, keys=keys, anchors=anchors)
    if unreachable:
        report.add(FindingKind.ANCHOR_REMOVED, detail=f"the stream cannot be read: {unreachable[:200]}")
    return report


def main() -> None:
    """Print the report as JSON; exit 1 when something is wrong."""
    report = verify_with(VerifySettings())
    print(json.dumps(report.as_json(), ensure_ascii=False, indent=2))  # noqa: T201 - the answer of a command
    sys.exit(0 if report.intact else 1)


if __name__ == "__main__":
    main()
