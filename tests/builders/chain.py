"""A journal and a broker that do what a test tells them, in place of the publisher's API and of JetStream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from shared.contracts.event import Envelope
from shared.contracts.state import State
from shared.kit import mirror
from shared.kit.bus import Delivery, StreamMissing
from shared.kit.journal import Horizon
from shared.kit.journal_client import JournalPage, PublisherUnreachable
from shared.kit.mirror import Bucket, RowDigest


def delivered(entries: Iterable[Envelope]) -> list[Delivery]:
    """Messages as the broker hands them out."""
    return [Delivery(body=entry.to_json(), reply=f"reply.{entry.position}", subject=entry.subject) for entry in entries]


@dataclass
class TableOf:
    """Rows a publisher has, in a table of their own, so that both sides are hashed by the same statement."""

    state: type[State]
    table: str


@dataclass
class FakeJournal:
    """`JournalClient` over a list of entries; ``rows`` are the publisher's tables for comparisons and snapshots."""

    entries: list[Envelope]
    epoch: int = 1
    unreachable: bool = False
    hangs: bool = False
    pages: int = 0
    engine: AsyncEngine | None = None
    tables: dict[type[State], str] = field(default_factory=dict)

    def _answer(self) -> Horizon:
        if self.unreachable:
            raise PublisherUnreachable("down")
        last = self.entries[-1].position if self.entries else 0
        return Horizon(epoch=self.epoch, position=last, at="2026-06-01T00:00:00.000000Z")

    async def page(self, *, after: int, limit: int) -> JournalPage:
        self.pages += 1
        if self.hangs:
            await asyncio.Event().wait()
        head = self._answer()
        return JournalPage(head, [entry for entry in self.entries if entry.position > after][:limit])

    async def horizon(self) -> Horizon:
        return self._answer()

    async def states(self, state: type[State], keys: Sequence[UUID]) -> list[State]:
        self._answer()
        assert self.engine is not None
        async with self.engine.connect() as connection:
            return await mirror.rows_of(connection, self.tables[state], state, keys)

    @asynccontextmanager
    async def snapshot(
        self, states: Sequence[type[State]]
    ) -> AsyncIterator[tuple[Horizon, AsyncIterator[tuple[type[State], list[State]]]]]:
        yield self._answer(), self._chunks(states)

    async def _chunks(self, states: Sequence[type[State]]) -> AsyncIterator[tuple[type[State], list[State]]]:
        assert self.engine is not None
        for state in states:
            async with self.engine.connect() as connection:
                names = ", ".join(state.field_names())
                found = await connection.exec_driver_sql(f"SELECT {names} FROM {self.tables[state]}")
                rows = [state.model_validate(row._asdict()) for row in found]
            yield state, rows

    @asynccontextmanager
    async def buckets(self, state: type[State]) -> AsyncIterator[tuple[Horizon, AsyncIterator[Bucket]]]:
        head = self._answer()
        assert self.engine is not None
        async with self.engine.connect() as connection:
            found = await mirror.bucket_digests(connection, self.tables[state], state, state.field_names())
        yield head, _each(found)

    @asynccontextmanager
    async def rows(
        self, state: type[State], buckets: Sequence[int]
    ) -> AsyncIterator[tuple[Horizon, AsyncIterator[RowDigest]]]:
        head = self._answer()
        assert self.engine is not None
        async with self.engine.connect() as connection:
            found = await mirror.row_digests(connection, self.tables[state], state, state.field_names(), buckets)
        yield head, _each(found)


async def _each(items: Iterable[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


@dataclass
class FakeDeliveries:
    """A durable that hands out what was put in, batch by batch."""

    batches: asyncio.Queue[list[Delivery]]
    acknowledged: list[Delivery] = field(default_factory=list)

    async def receive(self, *, limit: int, timeout_seconds: float) -> list[Delivery]:
        try:
            return await asyncio.wait_for(self.batches.get(), min(timeout_seconds, 0.05))
        except TimeoutError:
            return []

    async def arrival(self) -> None:
        while self.batches.empty():
            await asyncio.sleep(0.005)

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self.acknowledged += deliveries

    async def in_progress(self, deliveries: Sequence[Delivery]) -> None: ...

    async def close(self) -> None: ...


@dataclass
class FakeBus:
    """A broker with one durable; ``missing`` makes it answer as an empty one."""

    missing: bool = False
    deliveries: FakeDeliveries = field(default_factory=lambda: FakeDeliveries(asyncio.Queue()))

    async def subscribe(self, stream: str, durable: str) -> FakeDeliveries:
        if self.missing:
            raise StreamMissing(stream)
        return self.deliveries

    def hand_out(self, entries: Iterable[Envelope]) -> None:
        """One batch."""
        self.deliveries.batches.put_nowait(delivered(entries))
