"""The relay: carries the journal to JetStream, in order, at least once.

Its cursor lives in a side table; every update names the leader's term, so a deposed relay cannot move it. A crash
between publish and cursor repeats messages with the same ids; consumers drop them by position.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.contracts.event import Envelope
from shared.kit import journal
from shared.kit.bus import BATCH_MAX, Bus, BusUnavailable, StreamMissing
from shared.kit.database import is_transient
from shared.kit.instruments import RELAY_BACKLOG_SECONDS, RELAY_POSITION, RELAY_PUBLISHED
from shared.kit.journal import Outgoing
from shared.kit.leader import LeadershipLost

IDLE_SECONDS: Final = 0.02
RECENT_SECONDS: Final = 2.0
LONG_IDLE_SECONDS: Final = 0.05
RETRY_SECONDS: Final = 0.2

log = structlog.get_logger()


def relay_tables(metadata: MetaData) -> None:
    """Declare the relay's cursor: one row."""
    Table(
        "relay_cursor",
        metadata,
        Column("singleton", Integer, primary_key=True, autoincrement=False),
        Column("position", BigInteger, nullable=False),
        Column("term", BigInteger, nullable=False),
    )


RELAY_DDL: Final = ("INSERT INTO relay_cursor (singleton, position, term) VALUES (1, 0, 0)",)


class Relay:
    """One per service, under leadership. ``service`` names the stream (upper case)."""

    def __init__(self, engine: AsyncEngine, bus: Bus, *, service: str, term: int) -> None:
        self._engine = engine
        # A poll is one statement: without BEGIN and ROLLBACK around it, four services idle at half the cost.
        self._reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._bus = bus
        self._stream = service.upper()
        self._term = term
        self._position = 0

    async def run(self) -> None:
        """Publish for ever. Raises `LeadershipLost` when another relay has taken over."""
        await self._persist(self.start)
        quiet_since = time.monotonic()
        while True:
            if await self._persist(self.step):
                quiet_since = time.monotonic()
            else:
                recent = time.monotonic() - quiet_since < RECENT_SECONDS
                await asyncio.sleep(IDLE_SECONDS if recent else LONG_IDLE_SECONDS)

    async def _persist(self, work: Callable[[], Awaitable[int]]) -> int:
        """Repeat until it succeeds; only named transient failures are repeated."""
        while True:
            try:
                return await work()
            except StreamMissing:
                await self._recreate()
            except BusUnavailable as error:
                log.warning("relay.waiting", reason=str(error)[:200])
                await self._tell_backlog()
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("relay.waiting", reason=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def _tell_backlog(self) -> None:
        """Keep the gauge true while nothing can be published: that is when somebody looks at it."""
        try:
            RELAY_BACKLOG_SECONDS.set(await unpublished_seconds(self._engine) or 0.0)
        except Exception as error:
            if not is_transient(error):
                raise

    async def _recreate(self) -> None:
        try:
            await self._bus.ensure_stream(self._stream)
            log.warning("relay.stream_created", stream=self._stream)
        except BusUnavailable:
            await asyncio.sleep(RETRY_SECONDS)

    async def start(self) -> int:
        """Claim the cursor for this term and notice a restored database.

        If the newest event of the stream is of the current epoch and the journal does not have it, this database was
        restored from a backup without saying so: a new epoch begins here, and consumers resync. Positions alone would
        not tell: the restored database may have been written to since.
        """
        await self._bus.ensure_stream(self._stream)
        newest = await self._bus.last(self._stream)
        async with self._engine.begin() as connection:
            claimed = await connection.execute(
                text("UPDATE relay_cursor SET term = :term WHERE term < :term RETURNING position"),
                {"term": self._term},
            )
            position = claimed.scalar_one_or_none()
            if position is None:
                raise LeadershipLost(self._stream)
            self._position = int(position)
            head = await journal.horizon(connection)
            if newest is not None and newest.epoch >= head.epoch and not await _has(connection, newest):
                epoch = await journal.mint_epoch(
                    connection, reason=f"the stream has an event that the journal has not: {newest.event_id}"
                )
                log.error("journal.epoch_minted", epoch=epoch, stream_position=newest.position, head=head.position)
        return 1

    async def step(self) -> int:
        """Publish what is next; the number of entries published."""
        entries = await self.read()
        if entries:
            await self.publish(entries)
            await self.advance(entries[-1].position)
            RELAY_PUBLISHED.inc(len(entries))
        RELAY_BACKLOG_SECONDS.set(_age_seconds(entries))
        return len(entries)

    async def read(self) -> Sequence[Outgoing]:
        """The next entries of the journal, at most one atomic batch."""
        async with self._reading.connect() as connection:
            return await journal.outgoing(connection, after=self._position, limit=BATCH_MAX)

    async def publish(self, entries: Sequence[Outgoing]) -> None:
        """To JetStream, durably acknowledged."""
        await self._bus.publish(entries)

    async def advance(self, position: int) -> None:
        """Remember how far we are. Raises `LeadershipLost` when the term is no longer ours."""
        async with self._engine.begin() as connection:
            moved = await connection.execute(
                text("UPDATE relay_cursor SET position = :position WHERE term = :term"),
                {"position": position, "term": self._term},
            )
            if moved.rowcount == 0:
                raise LeadershipLost(self._stream)
        self._position = position
        RELAY_POSITION.set(position)


async def _has(connection: AsyncConnection, envelope: Envelope) -> bool:
    """Whether the journal has exactly this entry."""
    known = await journal.find(connection, envelope.event_id)
    return known is not None and known.position == envelope.position


async def unpublished_seconds(engine: AsyncEngine) -> float | None:
    """How long the oldest entry of the journal has waited for the broker; None when nothing waits."""
    async with engine.connect() as connection:
        age = await connection.scalar(
            text(
                "SELECT extract(epoch FROM clock_timestamp() - recorded_at) FROM journal "
                "WHERE position > (SELECT position FROM relay_cursor) ORDER BY position LIMIT 1"
            )
        )
    return None if age is None else float(age)


def _age_seconds(entries: Sequence[Outgoing]) -> float:
    """How long the oldest entry of this step had waited, 0 when nothing waits."""
    if not entries:
        return 0.0
    return max(0.0, time.time() - entries[0].recorded_at.timestamp())
