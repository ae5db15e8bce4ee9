"""The unit of work: the only place that opens a transaction for writing (house rule 6).

One transaction holds the change, its journal entries and whatever a subclass adds; it commits before the HTTP response
leaves, because routes open it with ``Depends(open_work, scope="function")``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from uuid_utils.compat import uuid7

from shared.contracts.event import EMPTY_TRACE, Announcement
from shared.kit import journal

if TYPE_CHECKING:
    from shared.kit.clock import Clock
    from shared.kit.permissions import Caller


class UnitOfWork:
    """One transaction with the caller it serves. Services subclass it to add their repositories."""

    def __init__(self, connection: AsyncConnection, *, clock: Clock, caller: Caller | None, trace_id: str) -> None:
        self.connection = connection
        self.clock = clock
        self.caller = caller
        self.trace_id = trace_id
        self._announcements: list[Announcement] = []

    def publish(self, *announcements: Announcement) -> None:
        """Announce; the entries enter the journal inside this transaction's COMMIT."""
        self._announcements.extend(announcements)

    def today(self) -> date:
        """The civil date."""
        return self.clock.today()

    def now(self) -> datetime:
        """The instant facts are recorded at."""
        return self.clock.now()

    def new_id(self) -> UUID:
        """A fresh time-ordered id."""
        return uuid7()

    @property
    def announced(self) -> tuple[Announcement, ...]:
        """What this transaction has announced so far."""
        return tuple(self._announcements)

    async def flush(self) -> None:
        """Write the collected announcements; the factory calls it last, right before COMMIT."""
        await journal.append(self.connection, self._announcements, trace_id=self.trace_id)
        self._announcements.clear()


W = TypeVar("W", bound=UnitOfWork)


class Works(Generic[W]):
    """Opens units of work on one engine. ``make`` is the service's subclass of `UnitOfWork`."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock, make: Callable[..., W]) -> None:
        self.engine = engine
        self.clock = clock
        self._make = make

    @asynccontextmanager
    async def begin(
        self, *, caller: Caller | None = None, trace_id: str = EMPTY_TRACE, on: AsyncConnection | None = None
    ) -> AsyncIterator[W]:
        """Commit on success, roll back on any error (also on a failing COMMIT: the error reaches the caller).

        ``on`` runs the transaction on a connection the caller keeps (temporary tables live with a connection).
        """
        async with AsyncExitStack() as opened:
            connection = await opened.enter_async_context(self.engine.connect()) if on is None else on
            await opened.enter_async_context(connection.begin())
            work = self._make(connection, clock=self.clock, caller=caller, trace_id=trace_id)
            yield work
            await work.flush()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A read-only REPEATABLE READ connection: every query sees the database of its first one."""
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            # A streamed answer may pause on a slow reader: it holds no locks, so it may idle longer than a writer.
            async with connection.begin():
                await connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '60s'")
                yield connection
