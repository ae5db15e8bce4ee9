"""The unit of work: the only place that opens a transaction for writing (house rule 6).

One transaction holds the change, its journal and audit entries and whatever a subclass adds; it commits before the HTTP
response leaves, because routes open it with ``Depends(open_work, scope="function")``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from uuid_utils.compat import uuid7

from shared.contracts.event import EMPTY_TRACE, Announcement
from shared.kit import journal
from shared.kit.audit import Auditor, Entry, Look, Origin, Row, current_origin, goes_alone, write

if TYPE_CHECKING:
    from shared.kit.clock import Clock
    from shared.kit.permissions import Caller

T = TypeVar("T")


class UnitOfWork:
    """One transaction with the caller it serves. Services subclass it to add their repositories."""

    def __init__(self, connection: AsyncConnection, *, clock: Clock, caller: Caller | None, trace_id: str) -> None:
        self.connection = connection
        self.clock = clock
        self.caller = caller
        self.trace_id = trace_id
        self.asked: Mapping[str, Any] = {}
        """What the job this transaction works for was asked: its params, and its id as ``job_id``."""
        self._announcements: list[Announcement] = []
        self._entries: list[Entry] = []
        self._later: list[Callable[[], Awaitable[object]]] = []

    def audit(self, *entries: Entry) -> None:
        """Tell the audit trail; a refusal rolls back what it tells of together with the entries."""
        self._entries.extend(entries)

    @property
    def audited(self) -> tuple[Entry, ...]:
        """What this transaction has told the audit trail so far."""
        return tuple(self._entries)

    def publish(self, *announcements: Announcement) -> None:
        """Announce; the entries enter the journal inside this transaction's COMMIT."""
        self._announcements.extend(announcements)

    def later(self, step: Callable[[], Awaitable[object]]) -> None:
        """Have the database do this at the end, while what was announced and audited is written down here.

        What is to read its effect in this transaction calls `caught_up` first.
        """
        self._later.append(step)

    async def caught_up(self) -> None:
        """Do now what was left for later."""
        while self._later:
            await self._later.pop(0)()

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

    @asynccontextmanager
    async def rehearsed(self) -> AsyncIterator[list[Announcement]]:
        """What is done inside is undone at its end, and neither announced nor audited; the list is what it would tell.

        A preview made of the very code that will act cannot promise anything else than what will happen.
        """
        await self.caught_up()  # what is left for later inside is undone, what was before is not
        announced, entries = len(self._announcements), len(self._entries)
        told: list[Announcement] = []
        savepoint = await self.connection.begin_nested()
        try:
            yield told
            told.extend(self._announcements[announced:])
        finally:
            await savepoint.rollback()
            del self._announcements[announced:]
            del self._entries[entries:]
            self._later.clear()

    @asynccontextmanager
    async def attempted(self) -> AsyncIterator[None]:
        """One of many steps of a transaction: when it raises, it alone is undone, with what it told."""
        await self.caught_up()
        announced, entries = len(self._announcements), len(self._entries)
        async with self.connection.begin_nested():
            try:
                yield
                await self.caught_up()
            except BaseException:
                del self._announcements[announced:]
                del self._entries[entries:]
                self._later.clear()
                raise

    async def flush(self, meanwhile: Callable[[], T]) -> T:
        """Write the collected announcements; the factory calls it last, right before COMMIT.

        What was left for later is done while they, and the result of ``meanwhile``, are made ready.
        """
        catching_up = asyncio.create_task(self.caught_up()) if self._later else None
        try:
            if catching_up is not None:
                await asyncio.sleep(0)  # the database has something to do now
            events, ready = journal.written(self._announcements, trace_id=self.trace_id), meanwhile()
        finally:
            if catching_up is not None:
                await catching_up
        await journal.enter(self.connection, events)
        return ready


W = TypeVar("W", bound=UnitOfWork)


class Works(Generic[W]):
    """Opens units of work on one engine. ``make`` is the service's subclass of `UnitOfWork`."""

    def __init__(
        self, engine: AsyncEngine, *, clock: Clock, make: Callable[..., W], auditor: Auditor | None = None
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.auditor = auditor
        self._make = make

    @asynccontextmanager
    async def begin(
        self,
        *,
        caller: Caller | None = None,
        trace_id: str = EMPTY_TRACE,
        origin: Origin | None = None,
        on: AsyncConnection | None = None,
        reading: bool = False,
    ) -> AsyncIterator[W]:
        """Commit on success, roll back on any error (also on a failing COMMIT: the error reaches the caller).

        ``on`` runs the transaction on a connection the caller keeps (temporary tables live with a connection).
        ``reading``: nothing is to be changed, so there is no transaction to begin and to commit; each query sees what
        was committed when it began, as it would inside one. ``origin``: where its audit entries come from, by default
        `current_origin`. They commit with it; those of who only read are durable when this returns.
        """
        alone: Sequence[Row] = ()
        origin = origin or current_origin()
        async with AsyncExitStack() as opened:
            connection = await opened.enter_async_context(self.engine.connect()) if on is None else on
            if reading:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
            else:
                await opened.enter_async_context(connection.begin())
            work = self._make(connection, clock=self.clock, caller=caller, trace_id=trace_id)
            yield work
            announced = work.announced
            assert not (reading and announced), "who only reads has no news"
            rows = await work.flush(partial(self._rows, work, origin))
            if reading or (not announced and goes_alone(work.audited, origin)):
                alone = rows
            else:
                await write(connection, rows)
        if alone:
            await self._require_auditor().recorder.write(alone)

    def _rows(self, work: W, origin: Origin) -> Sequence[Row]:
        """The audit entries of a unit of work as rows."""
        if not (entries := work.audited):
            return ()
        return self._require_auditor().rows(entries, origin=origin, caller=work.caller, trace_id=work.trace_id)

    async def look(self, *entries: Look, caller: Caller | None, trace_id: str) -> None:
        """Record what was shown without a unit of work (from a snapshot); durable when this returns."""
        auditor = self._require_auditor()
        rows = auditor.rows(entries, origin=current_origin(), caller=caller, trace_id=trace_id)
        await auditor.recorder.write(rows)

    def _require_auditor(self) -> Auditor:
        assert self.auditor is not None, "these units of work were opened without an auditor"
        return self.auditor

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A read-only REPEATABLE READ connection: every query sees the database of its first one."""
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            # A streamed answer may pause on a slow reader: it holds no locks, so it may idle longer than a writer.
            async with connection.begin():
                await connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '60s'")
                yield connection
