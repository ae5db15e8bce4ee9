"""The sealer: hashes committed audit rows, chains and signs the hashes, and carries the heads out of the database.

Row ids are drawn before COMMIT, so a slow transaction's rows appear late and below others: an id that is missing stays
*open* until its transaction must have ended, and whatever appears there goes into the next seal. A seal is a set of ids
with a hash each; the order of the seals is the chain::

    chain(n) = SHA-256(chain(n-1) | signature(n-1) | head(n) | ids | hash of each row, in order of id)

The head says the seal's number, time, key and largest id.

One leader seals; every step is fenced by its term, and a crash between two steps is made good by the next start.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from typing import Final

import psycopg
import structlog
from psycopg.types.multirange import Int8Multirange
from psycopg.types.range import Int8Range
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.kit.anchors import AnchorFile, Head, publish
from shared.kit.audit import COLUMNS
from shared.kit.bus import Bus, BusUnavailable
from shared.kit.copying import driver_of
from shared.kit.database import is_transient
from shared.kit.instruments import AUDIT_ANCHORED_AT, AUDIT_OPEN, AUDIT_SEAL_SECONDS, AUDIT_SEALED, AUDIT_SEALED_AT
from shared.kit.leader import LeadershipLost
from shared.kit.signing import Signer

SEAL_SECONDS: Final = 0.5
ANCHOR_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 0.5
ROWS_PER_SEAL_MAX: Final = 2_000
OPEN_SECONDS: Final = 60.0
"""An id stays open at least so long, and until every transaction has ended that ran when it was missed."""
GENESIS: Final = bytes(32)

_XMIN: Final = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
_XMAX: Final = text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")

Run = tuple[int, int]
"""Ids from the first up to, not including, the second."""

log = structlog.get_logger()


def row_hash(line: bytes) -> bytes:
    """The hash of a row: of its line in COPY text format, with its end."""
    return sha256(line).digest()


def id_of(line: bytes) -> int:
    """The row's id: the first column of its line."""
    return int(line[: line.index(b"\t")])


def runs_of(ids: Iterable[int]) -> list[Run]:
    """Ascending ids as runs."""
    runs: list[Run] = []
    for each in ids:
        if runs and runs[-1][1] == each:
            runs[-1] = (runs[-1][0], each + 1)
        else:
            runs.append((each, each + 1))
    return runs


def told(runs: Iterable[Run]) -> str:
    """Runs as PostgreSQL writes a multirange: this text is part of the chain."""
    return "{" + ",".join(f"[{first},{end})" for first, end in runs) + "}"


def runs_in(ranges: Iterable[Int8Range]) -> list[Run]:
    """The reverse, of what PostgreSQL gives."""
    return [(each.lower or 0, each.upper or 0) for each in ranges]


def link(previous: bytes, signature: bytes, head: Head, ids: str, hashes: bytes) -> bytes:
    """The chain after one more seal; what ``head`` says of its own chain is passed over."""
    digest = sha256(previous)
    for part in (signature, replace(head, chain=b"").statement, ids.encode(), hashes):
        digest.update(len(part).to_bytes(8) + part)
    return digest.digest()


@dataclass(frozen=True, slots=True)
class _Open:
    """An id that was missing, noticed at a moment when ``xmax`` was the next transaction to begin."""

    noticed: float
    xmax: int


@dataclass(slots=True)
class _State:
    """Where the chain stands."""

    number: int
    high: int
    chain: bytes
    signature: bytes
    open_ids: dict[int, _Open]
    filed: int
    published: int


class Sealer:
    """One per service, under leadership."""

    def __init__(
        self, engine: AsyncEngine, *, service: str, signer: Signer, file: AnchorFile, bus: Bus | None, term: int
    ) -> None:
        self._engine = engine
        self._service = service
        self._signer = signer
        self._file = file
        self._bus = bus
        self._term = term
        self._state: _State | None = None

    async def run(self) -> None:
        """Seal and anchor for ever. Raises `LeadershipLost` when another leader has taken over."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._repeat(self.seal, SEAL_SECONDS), name="seal")
            group.create_task(self._repeat(self.file, ANCHOR_SECONDS), name="anchor-file")
            group.create_task(self._repeat(self.publish, ANCHOR_SECONDS), name="anchor-stream")

    async def _repeat(self, step: Callable[[], Awaitable[int]], pause_seconds: float) -> None:
        while True:
            done, pause = 0, pause_seconds
            try:
                done = await step()
            except BusUnavailable as error:
                log.warning("audit.anchor_waits", reason=str(error)[:200])
                pause = RETRY_SECONDS
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("audit.seal_waits", reason=type(error).__name__)
                self._state, pause = None, RETRY_SECONDS
            if done < ROWS_PER_SEAL_MAX:
                await asyncio.sleep(pause)

    # ------------------------------------------------------------------ sealing

    async def seal(self) -> int:
        """Seal what was committed since; the number of rows sealed."""
        started = time.monotonic()
        state = self._state or await self._load()
        async with self._engine.begin() as connection:
            driver = await driver_of(connection)
            # What had ended before we looked can show no more rows; what is missing may belong to any that runs now.
            xmin = await connection.scalar(_XMIN)
            lines = await _lines(driver, state.high, list(state.open_ids))
            xmax = await connection.scalar(_XMAX)
            after = self._after(state, [id_of(line) for line in lines], xmin=int(xmin or 0), xmax=int(xmax or 0))
            if lines:
                await self._store(connection, state, after, lines)
            elif after.open_ids.keys() != state.open_ids.keys():
                await self._move(connection, state, after)
        self._state = after
        AUDIT_SEALED.inc(len(lines))
        AUDIT_OPEN.set(len(after.open_ids))
        if len(lines) < ROWS_PER_SEAL_MAX:
            AUDIT_SEALED_AT.set_to_current_time()
        if lines:
            AUDIT_SEAL_SECONDS.observe(time.monotonic() - started)
        return len(lines)

    def _after(self, state: _State, ids: Sequence[int], *, xmin: int, xmax: int) -> _State:
        """The state once rows ``ids`` (ascending) are sealed."""
        now, sealed = time.monotonic(), set(ids)
        beyond = [each for each in ids if each > state.high]
        high = beyond[-1] if beyond else state.high
        missing = (each for before, after in pairwise([state.high, *beyond]) for each in range(before + 1, after))
        still = {
            each: seen
            for each, seen in state.open_ids.items()
            if each not in sealed and not (now - seen.noticed > OPEN_SECONDS and xmin >= seen.xmax)
        }
        return _State(
            number=state.number,
            high=high,
            chain=state.chain,
            signature=state.signature,
            open_ids=still | {each: _Open(now, xmax) for each in missing},
            filed=state.filed,
            published=state.published,
        )

    async def _store(self, connection: AsyncConnection, state: _State, after: _State, lines: Sequence[bytes]) -> None:
        """One seal over ``lines``, signed."""
        runs = runs_of(id_of(line) for line in lines)
        hashes = b"".join(row_hash(line) for line in lines)
        after.number = state.number + 1
        head = Head(
            service=self._service,
            number=after.number,
            high=after.high,
            chain=b"",
            sealed_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            key_id=self._signer.key_id,
        )
        after.chain = link(state.chain, state.signature, head, told(runs), hashes)
        head = replace(head, chain=after.chain).signed_by(self._signer)
        after.signature = head.signature
        await self._move(connection, state, after)
        await connection.execute(
            text(
                "INSERT INTO audit_seal (number, ids, hashes, high, chain, sealed_at, key_id, signature) "
                "VALUES (:number, :ids, :hashes, :high, :chain, :sealed_at, :key_id, :signature)"
            ),
            {
                "number": after.number,
                "ids": _multirange(runs),
                "hashes": hashes,
                "high": after.high,
                "chain": after.chain,
                "sealed_at": head.sealed_at,
                "key_id": head.key_id,
                "signature": head.signature,
            },
        )

    async def _move(self, connection: AsyncConnection, state: _State, after: _State) -> None:
        moved = await connection.execute(
            text(
                "UPDATE audit_cursor SET number = :number, high = :high, open_ids = :open_ids "
                "WHERE term = :term AND number = :before"
            ),
            {
                "number": after.number,
                "high": after.high,
                "open_ids": _multirange(runs_of(sorted(after.open_ids))),
                "term": self._term,
                "before": state.number,
            },
        )
        if moved.rowcount == 0:
            raise LeadershipLost(self._service)

    async def _load(self) -> _State:
        """Claim the cursor for this term and read where the chain stands."""
        async with self._engine.begin() as connection:
            cursor = (
                await connection.execute(
                    text("UPDATE audit_cursor SET term = :term WHERE term <= :term RETURNING *"), {"term": self._term}
                )
            ).one_or_none()
            if cursor is None:
                raise LeadershipLost(self._service)
            newest = (
                await connection.execute(
                    text("SELECT chain, signature FROM audit_seal WHERE number = :number"), {"number": cursor.number}
                )
            ).one_or_none()
            xmax = await connection.scalar(text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"))
        now = time.monotonic()
        return _State(
            number=cursor.number,
            high=cursor.high,
            chain=GENESIS if newest is None else newest.chain,
            signature=b"" if newest is None else newest.signature,
            open_ids={
                each: _Open(now, int(xmax or 0))
                for first, end in runs_in(cursor.open_ids)
                for each in range(first, end)
            },
            filed=cursor.filed,
            published=cursor.published,
        )

    # ------------------------------------------------------------------ anchoring

    async def file(self) -> int:
        """Append the newest head to the anchor file, if it is not there."""
        head = await self._unanchored("filed")
        if head is not None:
            await asyncio.to_thread(self._file.append, head)
            await self._anchored("filed", head.number)
        AUDIT_ANCHORED_AT.labels("file").set_to_current_time()
        return 0

    async def publish(self) -> int:
        """Publish the newest head, if it is not on the stream. Raises BusUnavailable."""
        if self._bus is None:
            return 0
        head = await self._unanchored("published")
        if head is not None:
            await publish(self._bus, head)
            await self._anchored("published", head.number)
        AUDIT_ANCHORED_AT.labels("stream").set_to_current_time()
        return 0

    async def _unanchored(self, column: str) -> Head | None:
        async with self._engine.connect() as connection:
            row = (
                await connection.execute(
                    text(f"SELECT s.* FROM audit_seal s JOIN audit_cursor c USING (number) WHERE c.{column} < c.number")  # noqa: S608 - one of two names
                )
            ).one_or_none()
        if row is None:
            return None
        return Head(self._service, row.number, row.high, row.chain, row.sealed_at, row.key_id, row.signature)

    async def _anchored(self, column: str, number: int) -> None:
        async with self._engine.begin() as connection:
            moved = await connection.execute(
                text(f"UPDATE audit_cursor SET {column} = :number WHERE term = :term"),  # noqa: S608 - one of two names
                {"number": number, "term": self._term},
            )
            if moved.rowcount == 0:
                raise LeadershipLost(self._service)


def _multirange(runs: Iterable[Run]) -> Int8Multirange:
    return Int8Multirange(Int8Range(first, end) for first, end in runs)


async def _lines(driver: psycopg.AsyncConnection[tuple[object, ...]], high: int, open_ids: list[int]) -> list[bytes]:
    """The canonical lines of what is committed and not sealed, by id."""
    statement = psycopg.sql.SQL(
        "COPY (SELECT {columns} FROM audit WHERE audit_id > {high} OR audit_id = ANY({open_ids}) "
        "ORDER BY audit_id LIMIT {limit}) TO STDOUT"
    ).format(
        columns=psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, COLUMNS)),
        high=high,
        open_ids=open_ids,
        limit=ROWS_PER_SEAL_MAX,
    )
    async with driver.cursor().copy(statement) as copy:
        return [bytes(line) async for line in copy]
