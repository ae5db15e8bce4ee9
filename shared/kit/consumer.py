"""A consumer is a cursor: one contiguous ``(epoch, position)`` per publisher, moved in the transaction of its effects.

A duplicate is a position we have; a loss is a position we miss and read from the publisher's journal. JetStream only
makes it fast. Permanent failures are cut out by halving and kept as dead letters; the person's later events wait
behind them, everybody else goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import structlog
from sqlalchemy import TIMESTAMP, BigInteger, Column, Identity, Integer, MetaData, Table, Text, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contracts.event import Envelope, EnvelopeUnreadable, decode
from shared.contracts.state import State
from shared.kit import dead_letters, mirror
from shared.kit.bus import Bus, BusUnavailable, Deliveries, Delivery
from shared.kit.database import is_transient
from shared.kit.dead_letters import LetterState
from shared.kit.instruments import (
    CONSUMED,
    CONSUMER_CAUGHT_UP,
    CONSUMER_DELAY_SECONDS,
    CONSUMER_LAG_EVENTS,
    CONSUMER_POSITION,
    CONSUMER_RESYNCS,
)
from shared.kit.journal import Horizon
from shared.kit.journal_client import JournalClient, JournalPage
from shared.kit.leader import LeadershipLost
from shared.kit.mirror import Cause, Change, Changes
from shared.kit.work import UnitOfWork, Works

BATCH_MAX: Final = 1_000
QUIET_SECONDS: Final = 1.0
IN_PROGRESS_SECONDS: Final = 4.0
BACKOFF_SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1.0)
RESYNC_CHUNK: Final = 2_000
ASK_SECONDS: Final = 0.5

log = structlog.get_logger()
W = TypeVar("W", bound=UnitOfWork)


class OnNewEpoch(StrEnum):
    """How a reader recovers when the publisher's history was replaced.

    SNAPSHOT adopts the publisher's current rows (what counts is now); REPLAY forgets its own facts and reads the
    journal from the start (what counts is the history).
    """

    SNAPSHOT = "SNAPSHOT"
    REPLAY = "REPLAY"


async def no_sweep(_: Any) -> int:
    """Nothing to sweep."""
    return 0


async def nothing_to_forget(_: Any) -> None:
    """No facts of our own beside the copies."""


@dataclass(frozen=True, slots=True)
class Subscription(Generic[W]):
    """What a service does with one publisher's journal.

    ``states`` are the relations it keeps a copy of; ``react`` turns one wave of changes into effects, set-based;
    ``sweep`` looks for effects that should follow from the copies and do not, mends them and returns how many;
    ``forget`` clears own facts before a replay.
    """

    publisher: str
    states: tuple[type[State], ...]
    react: Callable[[Changes, W], Awaitable[None]]
    on_new_epoch: OnNewEpoch = OnNewEpoch.SNAPSHOT
    sweep: Callable[[W], Awaitable[int]] = no_sweep
    forget: Callable[[W], Awaitable[None]] = nothing_to_forget

    @property
    def stream(self) -> str:
        """The publisher's JetStream stream."""
        return self.publisher.upper()


class NotInTheJournal(BusUnavailable):
    """The broker delivered an event that the publisher's journal does not have: the journal is read instead."""


def consumer_tables(metadata: MetaData) -> None:
    """Declare the cursor and the record of resyncs."""
    Table(
        "consumer_cursor",
        metadata,
        Column("publisher", Text, primary_key=True),
        Column("epoch", Integer, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("moved_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("now()")),
    )
    Table(
        "consumer_resync",
        metadata,
        Column("resync_id", BigInteger, Identity(always=True), primary_key=True),
        Column("publisher", Text, nullable=False),
        Column("from_epoch", Integer, nullable=False),
        Column("from_position", BigInteger, nullable=False),
        Column("to_epoch", Integer, nullable=False),
        Column("to_position", BigInteger, nullable=False),
        Column("method", Text, nullable=False),
        Column("rows_changed", BigInteger, nullable=False),
        Column("started_at", TIMESTAMP(timezone=True), nullable=False),
        Column("finished_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("now()")),
    )


# --- effects: shared by live events, retries and repairs ------------------------------------------------------------


def waves(envelopes: Sequence[Envelope]) -> Iterator[list[Envelope]]:
    """Split a run so that each person occurs at most once per wave, in order.

    Within a wave handlers may group events by kind and work set-based without ever reordering one person's events.
    """
    rank: dict[UUID, int] = {}
    split: list[list[Envelope]] = []
    for envelope in envelopes:
        nth = rank.get(envelope.aggregate_id, 0)
        rank[envelope.aggregate_id] = nth + 1
        if nth == len(split):
            split.append([])
        split[nth].append(envelope)
    return iter(split)


async def absorb(work: W, subscription: Subscription[W], envelopes: Sequence[Envelope]) -> None:
    """Take over the states of a run of events and react to what changed, wave by wave."""
    for wave in waves(envelopes):
        events = [(envelope, decode(envelope)) for envelope in wave]
        rows: dict[type[State], list[State]] = {}
        causes: dict[type[State], list[Cause]] = {}
        for envelope, event in events:
            cause = _cause(envelope)
            for state in event.states():
                rows.setdefault(type(state), []).append(state)
                causes.setdefault(type(state), []).append(cause)
        changes = Changes(events=events)
        for kind in subscription.states:
            changes.add(kind, await mirror.upsert(work.connection, kind, rows.get(kind, []), causes.get(kind, [])))
        await subscription.react(changes, work)


async def adopt(work: W, subscription: Subscription[W], state: type[State], rows: Sequence[State]) -> int:
    """A repair: take over current rows through the same door; only higher versions change anything."""
    changed = await mirror.upsert(work.connection, state, rows)
    await react_to(work, subscription, state, changed)
    return len(changed)


async def react_to(
    work: W, subscription: Subscription[W], state: type[State], changed: Sequence[Change[State]]
) -> None:
    """Pass changes of one relation that came by no event (repair, resync, decision) to the service."""
    changes = Changes()
    changes.add(state, changed)
    if changes:
        await subscription.react(changes, work)


def _cause(envelope: Envelope) -> Cause:
    return Cause(
        event_id=envelope.event_id,
        type=envelope.type,
        position=envelope.position,
        occurred_at=envelope.occurred_at,
        recorded_at=envelope.recorded_at,
        trace_id=envelope.trace_id,
    )


async def lock_cursor(connection: AsyncConnection, publisher: str) -> tuple[int, int]:
    """The cursor ``(epoch, position)``, locked: effects of one publisher are applied one transaction at a time."""
    found = await connection.execute(
        text("SELECT epoch, position FROM consumer_cursor WHERE publisher = :publisher FOR UPDATE"),
        {"publisher": publisher},
    )
    row = found.one_or_none()
    if row is None:
        await connection.execute(
            text("INSERT INTO consumer_cursor (publisher, epoch, position) VALUES (:p, 0, 0) ON CONFLICT DO NOTHING"),
            {"p": publisher},
        )
        return await lock_cursor(connection, publisher)
    return int(row.epoch), int(row.position)


async def retry_person(works: Works[W], subscription: Subscription[W], person_id: UUID, *, by: str) -> int:
    """Apply everything that waits for one person, in order, in one transaction; the number applied.

    When the first letter fails again, nothing of the person changes and the failure is counted on that letter.
    """
    failed: tuple[UUID, Exception] | None = None
    applied = 0
    with contextlib.suppress(_Undo):
        async with works.begin() as work:
            await lock_cursor(work.connection, subscription.publisher)
            letters = await dead_letters.of_person(work.connection, subscription.publisher, person_id)
            for letter in letters:
                try:
                    await absorb(work, subscription, [letter.envelope()])
                except Exception as error:
                    if is_transient(error):
                        raise
                    failed = (letter.letter_id, error)
                    raise _Undo from error
            await dead_letters.settle(
                work.connection, [letter.letter_id for letter in letters], state=LetterState.APPLIED, by=by
            )
            applied = len(letters)
    if failed is not None:
        async with works.begin() as work:
            await dead_letters.failed_again(work.connection, *failed)
    return applied


class _Undo(Exception):
    """Roll the transaction back."""


async def discard_letter(
    works: Works[W], subscription: Subscription[W], letter: dead_letters.Letter, *, by: str, note: bytes
) -> int:
    """Give one letter up, with a name and a (sealed) reason, and apply what waited behind it; the number applied."""
    async with works.begin() as work:
        await lock_cursor(work.connection, subscription.publisher)
        await dead_letters.settle(work.connection, [letter.letter_id], state=LetterState.DISCARDED, by=by, note=note)
    if letter.person_id is None:
        return 0
    return await retry_person(works, subscription, letter.person_id, by=by)


# --- the live consumer ----------------------------------------------------------------------------------------------


class Consumer(Generic[W]):
    """Reads one publisher for one service, under leadership."""

    def __init__(
        self,
        subscription: Subscription[W],
        *,
        works: Works[W],
        bus: Bus,
        journal: JournalClient,
        durable: str,
    ) -> None:
        self.subscription = subscription
        self.works = works
        self.journal = journal
        self.epoch = 0
        self.position = 0
        self._bus = bus
        self._durable = durable
        self._turn = asyncio.Lock()
        self._stop: _Stop | None = None

    @property
    def publisher(self) -> str:
        """Whose journal this reads."""
        return self.subscription.publisher

    async def run(self) -> None:
        """Consume for ever: from the broker while it serves, from the journal while it does not."""
        await self._patiently(self.load)
        while True:
            try:
                deliveries = await self._bus.subscribe(self.subscription.stream, self._durable)
            except BusUnavailable:
                await self._if_possible(self.catch_up)
                await asyncio.sleep(QUIET_SECONDS)
                continue
            try:
                await self._if_possible(partial(self._look_after_quiet, deliveries))
                await self._consume(deliveries)
            except BusUnavailable as error:
                log.warning("consumer.broker_lost", publisher=self.publisher, reason=str(error)[:200])
                await self._if_possible(self.catch_up)
                await asyncio.sleep(BACKOFF_SECONDS[2])
            finally:
                await deliveries.close()

    async def _consume(self, deliveries: Deliveries) -> None:
        while True:
            batch = await deliveries.receive(limit=BATCH_MAX, timeout_seconds=QUIET_SECONDS)
            if not batch:
                await self._if_possible(partial(self._look_after_quiet, deliveries))
                continue
            async with _keeping(deliveries, batch):
                await self.take(batch)
            await deliveries.acknowledge(batch)

    async def load(self) -> None:
        """Read the stored cursor."""
        async with self.works.begin() as work:
            self.epoch, self.position = await lock_cursor(work.connection, self.publisher)
        CONSUMER_POSITION.labels(self.publisher).set(self.position)

    async def take(self, batch: Sequence[Delivery]) -> None:
        """Apply what a batch of messages adds to our position; gaps are read from the journal first."""
        envelopes = await self._readable(batch)
        run: list[Envelope] = []
        following = self.position + 1
        for envelope in sorted(envelopes, key=lambda e: e.position):
            if (envelope.epoch, envelope.position) > (self.epoch, following):
                # A new history or a gap: the journal knows both. What is left of an old history is neither.
                await self.apply(run)
                run = []
                await self._patiently(self.catch_up)
                following = self.position + 1
            if envelope.epoch != self.epoch or envelope.position != following:
                # Behind us: a duplicate. Still ahead of us: the journal just read to its end does not have it.
                outcome = "duplicate" if envelope.position < following else "not_in_journal"
                CONSUMED.labels(self.publisher, outcome).inc()
                continue
            run.append(envelope)
            following += 1
        await self.apply(run)

    async def _readable(self, batch: Sequence[Delivery]) -> list[Envelope]:
        envelopes: list[Envelope] = []
        for delivery in batch:
            try:
                envelope = delivery.envelope()
                if envelope.service != self.publisher:
                    message = f"an event of {envelope.service} on the stream of {self.publisher}"
                    raise EnvelopeUnreadable(message)
            except EnvelopeUnreadable as error:
                await self._patiently(partial(self._keep_foreign, delivery.body, error))
                continue
            envelopes.append(envelope)
        return envelopes

    async def _keep_foreign(self, raw: bytes, error: EnvelopeUnreadable) -> None:
        log.error("consumer.message_unreadable", publisher=self.publisher, reason=str(error)[:200])
        CONSUMED.labels(self.publisher, "unreadable").inc()
        async with self.works.begin() as work:
            await dead_letters.keep_foreign(work.connection, self.publisher, raw, error)

    async def _if_possible(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("consumer.waiting", publisher=self.publisher, reason=str(error)[:200])

    async def _look_after_quiet(self, deliveries: Deliveries) -> None:
        """A lost last message leaves no gap to notice: read whatever the journal has behind our position.

        What arrives meanwhile goes first: the publisher's API may hang while its events still come.
        """
        more = True
        while more:
            asking = asyncio.create_task(self._next_page())
            arriving = asyncio.create_task(deliveries.arrival())
            try:
                await asyncio.wait({asking, arriving}, return_when=asyncio.FIRST_COMPLETED)
                if not asking.done():
                    arriving.result()  # the broker may be lost
                    return
                page = asking.result()
            finally:
                asking.cancel()
                arriving.cancel()
                await asyncio.wait({asking, arriving})
            more = await self._take_over(page)

    async def catch_up(self) -> None:
        """Read the publisher's journal up to its end. Raises `PublisherUnreachable`."""
        while await self._take_over(await self._next_page()):
            pass

    async def _next_page(self) -> JournalPage:
        return await self.journal.page(after=self.position, limit=BATCH_MAX)

    async def _take_over(self, page: JournalPage) -> bool:
        """Apply a page of the publisher's journal; whether there may be more behind it."""
        if self.epoch == 0 and self.position == 0:
            # First contact: adopt the history as it is and read it from the start.
            self.epoch = page.horizon.epoch
        if page.horizon.epoch != self.epoch or page.horizon.position < self.position:
            await self.resync(page.horizon)
            return True
        CONSUMER_LAG_EVENTS.labels(self.publisher).set(page.horizon.position - self.position)
        if page.envelopes:
            CONSUMER_CAUGHT_UP.labels(self.publisher).inc(len(page.envelopes))
            await self.apply([envelope for envelope in page.envelopes if envelope.position > self.position])
        return bool(page.envelopes)

    async def apply(self, run: Sequence[Envelope]) -> None:
        """Apply a contiguous run; on return every event of it is applied, parked or buried."""
        while run:
            async with self._turn:
                if run[-1].position <= self.position:
                    return
                cut = len(run)
                if self._stop is not None and run[0].position <= self._stop.position < run[-1].position:
                    cut = self._stop.position - run[0].position + 1
                await self._settle(run[:cut])
                run = run[cut:]
                await self._stand_still()

    async def _settle(self, run: Sequence[Envelope]) -> None:
        """Apply, and when something permanent fails, halve until only the poison is left."""
        error = await self._attempt(run)
        if error is None:
            return
        if len(run) == 1:
            await self._patiently(partial(self._require_in_journal, run[0]))
            await self._patiently(partial(self._bury, run[0], error))
            return
        middle = len(run) // 2
        await self._settle(run[:middle])
        await self._settle(run[middle:])

    async def _attempt(self, run: Sequence[Envelope]) -> Exception | None:
        """One transaction, repeated while failures are transient; a permanent failure is returned."""
        attempt = 0
        while True:
            try:
                await self.transact(run)
            except LeadershipLost:
                raise
            except Exception as error:  # noqa: BLE001 - the verdict is the point of this function
                if not is_transient(error):
                    return error
                log.warning("consumer.retrying", publisher=self.publisher, reason=type(error).__name__)
                await asyncio.sleep(BACKOFF_SECONDS[min(attempt, len(BACKOFF_SECONDS) - 1)])
                attempt += 1
            else:
                return None

    async def transact(self, run: Sequence[Envelope]) -> None:
        """Cursor check, effects and cursor in one transaction."""
        async with self.works.begin() as work:
            stored = await lock_cursor(work.connection, self.publisher)
            fresh = self.unseen(run, stored)
            if fresh:
                waiting = await dead_letters.waiting_persons(
                    work.connection, self.publisher, [envelope.aggregate_id for envelope in fresh]
                )
                parked = [envelope for envelope in fresh if envelope.aggregate_id in waiting]
                await dead_letters.keep(work.connection, self.publisher, parked, state=LetterState.PARKED)
                await absorb(
                    work, self.subscription, [envelope for envelope in fresh if envelope.aggregate_id not in waiting]
                )
                await self._advance(work.connection, fresh[-1].position)
        self._moved(max(stored[1], run[-1].position))
        if fresh:
            CONSUMED.labels(self.publisher, "parked").inc(len(parked))
            CONSUMED.labels(self.publisher, "applied").inc(len(fresh) - len(parked))
            committed = datetime.fromisoformat(fresh[-1].recorded_at)
            CONSUMER_DELAY_SECONDS.labels(self.publisher).observe(
                max(0.0, (self.works.clock.now() - committed).total_seconds())
            )

    def unseen(self, run: Sequence[Envelope], stored: tuple[int, int]) -> Sequence[Envelope]:
        """The cursor check: what the stored ``(epoch, position)`` does not contain yet.

        Raises `LeadershipLost` when the run does not continue it: somebody else has moved it, a new leader while we
        were frozen or a restored database.
        """
        epoch, position = stored
        if epoch not in {0, self.epoch} or position < run[0].position - 1:
            raise LeadershipLost(f"{self.publisher}: stored {stored}, expected {(self.epoch, run[0].position - 1)}")
        return [envelope for envelope in run if envelope.position > position]

    async def _lock_own_cursor(self, connection: AsyncConnection) -> tuple[int, int]:
        """Lock the cursor, which must be where we left it. Raises `LeadershipLost` when it is not."""
        stored = await lock_cursor(connection, self.publisher)
        if stored[0] not in {0, self.epoch} or stored[1] != self.position:
            raise LeadershipLost(f"{self.publisher}: stored {stored}, expected {(self.epoch, self.position)}")
        return stored

    async def _advance(self, connection: AsyncConnection, position: int) -> None:
        await connection.execute(
            text(
                "UPDATE consumer_cursor SET epoch = :epoch, position = :position, moved_at = now() "
                "WHERE publisher = :publisher"
            ),
            {"epoch": self.epoch, "position": position, "publisher": self.publisher},
        )

    def _moved(self, position: int) -> None:
        self.position = position
        CONSUMER_POSITION.labels(self.publisher).set(position)

    async def _require_in_journal(self, envelope: Envelope) -> None:
        """Only what the publisher really wrote is worth a letter. Raises `NotInTheJournal`."""
        page = await self.journal.page(after=envelope.position - 1, limit=1)
        if page.envelopes != [envelope]:
            CONSUMED.labels(self.publisher, "not_in_journal").inc()
            raise NotInTheJournal(f"{self.publisher}#{envelope.position}")

    async def _bury(self, envelope: Envelope, error: Exception) -> None:
        log.error(
            "consumer.event_buried",
            publisher=self.publisher,
            position=envelope.position,
            type=envelope.type,
            reason=dead_letters.describe(error),
        )
        async with self.works.begin() as work:
            if self.unseen([envelope], await lock_cursor(work.connection, self.publisher)):
                await dead_letters.keep(
                    work.connection, self.publisher, [envelope], state=LetterState.OPEN, error=error
                )
                await self._advance(work.connection, envelope.position)
                await dead_letters.count(work.connection)
        self._moved(envelope.position)
        CONSUMED.labels(self.publisher, "buried").inc()

    async def _patiently(self, step: Callable[[], Awaitable[None]]) -> None:
        """Repeat a step while its failures are transient."""
        attempt = 0
        while True:
            try:
                await step()
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("consumer.waiting", publisher=self.publisher, reason=str(error)[:200])
                await asyncio.sleep(BACKOFF_SECONDS[min(attempt, len(BACKOFF_SECONDS) - 1)])
                attempt += 1
            else:
                return

    # --- another history -------------------------------------------------------------------------------------------

    async def resync(self, current: Horizon) -> None:
        """The publisher was restored from a backup: say so loudly, adopt its present truth, follow its new epoch."""
        log.error(
            "consumer.history_replaced",
            publisher=self.publisher,
            epoch=self.epoch,
            position=self.position,
            publisher_epoch=current.epoch,
            publisher_position=current.position,
        )
        CONSUMER_RESYNCS.labels(self.publisher).inc()
        async with self._turn:
            match self.subscription.on_new_epoch:
                case OnNewEpoch.SNAPSHOT:
                    await self._adopt_snapshot()
                case OnNewEpoch.REPLAY:
                    await self._begin_again(current)

    async def _begin_again(self, current: Horizon) -> None:
        started = self.works.clock.now()
        async with self.works.begin() as work:
            before = await self._lock_own_cursor(work.connection)
            for state in self.subscription.states:
                await mirror.clear(work.connection, state)
            await self.subscription.forget(work)
            reached = Horizon(epoch=current.epoch, position=0, at=current.at)
            await self._follow(work.connection, before, reached, rows_changed=0, started=started)
        self.epoch = current.epoch
        self._moved(0)

    async def _adopt_snapshot(self) -> None:
        started = self.works.clock.now()
        states = self.subscription.states
        changed = 0
        async with self.works.engine.connect() as connection:
            async with connection.begin():
                for state in states:
                    await mirror.stage(connection, state)
            async with self.journal.snapshot(states) as (head, chunks):
                async for state, rows in chunks:
                    async with connection.begin():
                        await mirror.stage_rows(connection, state, rows)
            for state in states:
                while True:
                    async with self.works.begin(on=connection) as work:
                        await self._lock_own_cursor(connection)
                        adopted = await mirror.adopt_staged(connection, state, limit=RESYNC_CHUNK)
                        await react_to(work, self.subscription, state, adopted)
                    changed += len(adopted)
                    if len(adopted) < RESYNC_CHUNK:
                        break
            async with self.works.begin(on=connection) as work:
                before = await self._lock_own_cursor(connection)
                await self.subscription.sweep(work)
                await self._follow(connection, before, head, rows_changed=changed, started=started)
        self.epoch = head.epoch
        self._moved(head.position)
        log.warning("consumer.resynced", publisher=self.publisher, epoch=self.epoch, rows_changed=changed)

    async def _follow(
        self,
        connection: AsyncConnection,
        before: tuple[int, int],
        reached: Horizon,
        *,
        rows_changed: int,
        started: datetime,
    ) -> None:
        await dead_letters.supersede(connection, self.publisher)
        await connection.execute(
            text(
                "INSERT INTO consumer_resync (publisher, from_epoch, from_position, to_epoch, to_position, method, "
                "rows_changed, started_at) VALUES (:publisher, :from_epoch, :from_position, :to_epoch, :to_position, "
                ":method, :rows_changed, :started)"
            ),
            {
                "publisher": self.publisher,
                "from_epoch": before[0],
                "from_position": before[1],
                "to_epoch": reached.epoch,
                "to_position": reached.position,
                "method": self.subscription.on_new_epoch.value,
                "rows_changed": rows_changed,
                "started": started,
            },
        )
        await connection.execute(
            text(
                "UPDATE consumer_cursor SET epoch = :epoch, position = :position, moved_at = now() "
                "WHERE publisher = :publisher"
            ),
            {"epoch": reached.epoch, "position": reached.position, "publisher": self.publisher},
        )

    # --- standing still at a position, for comparisons -------------------------------------------------------------

    @asynccontextmanager
    async def standing_at(
        self, ask: Callable[[], Awaitable[Horizon]], *, timeout_seconds: float
    ) -> AsyncIterator[AsyncConnection | None]:
        """A snapshot of our database at exactly the position the publisher answers from.

        Nothing is applied while the question is asked, so the answer is never behind us; then events are applied up
        to that position, the snapshot is opened there, and consumption goes on while the caller compares at leisure.
        None when the position was not reached in time or the history differs. Raises TimeoutError when the publisher
        hangs: events must not wait for it.
        """
        async with AsyncExitStack() as opened:
            async with self._turn:
                async with asyncio.timeout(ASK_SECONDS):
                    target = await ask()
                stop = _Stop(target.position, opened, asyncio.get_running_loop().create_future())
                if target.epoch != self.epoch:
                    stop.reached.set_result(None)
                else:
                    self._stop = stop
                    await self._stand_still()
            connection: AsyncConnection | None = None
            with contextlib.suppress(TimeoutError):
                connection = await asyncio.wait_for(asyncio.shield(stop.reached), timeout_seconds)
            async with self._turn:
                self._stop = None
            yield connection

    async def _stand_still(self) -> None:
        """Open the snapshot somebody waits for, when we stand at its position."""
        stop = self._stop
        if stop is None or self.position < stop.position or stop.reached.done():
            return
        exact = False
        try:
            connection = await stop.opened.enter_async_context(self.works.snapshot())
            found = await connection.execute(
                text("SELECT position FROM consumer_cursor WHERE publisher = :publisher"),
                {"publisher": self.publisher},
            )
            exact = found.scalar_one() == stop.position
        except Exception as error:
            if not is_transient(error):
                raise
        stop.reached.set_result(connection if exact else None)


@dataclass(frozen=True, slots=True)
class _Stop:
    """Somebody waits for a snapshot at a position."""

    position: int
    opened: AsyncExitStack
    reached: asyncio.Future[AsyncConnection | None]


@asynccontextmanager
async def _keeping(deliveries: Deliveries, batch: Sequence[Delivery]) -> AsyncIterator[None]:
    """While a batch takes long, tell the broker that it is being worked on."""

    async def remind() -> None:
        while True:
            await asyncio.sleep(IN_PROGRESS_SECONDS)
            await deliveries.in_progress(batch)

    reminder = asyncio.create_task(remind())
    try:
        yield
    finally:
        reminder.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reminder
