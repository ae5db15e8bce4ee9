"""Anti-entropy: prove that our copy equals the publisher's rows, without trusting broker or cursor.

Both sides hash the same rows at exactly the same journal position, so under any load a difference is a difference.
A missing or older row is mended through the normal door; the same version with other content is an alarm that a person
decides on (`adopt_as_published`), because overwriting it would hide whatever changed our copy.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import structlog
from sqlalchemy import TIMESTAMP, BigInteger, Column, MetaData, Table, Text, Uuid, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contracts.state import State
from shared.kit import dead_letters, mirror
from shared.kit.consumer import Consumer, Subscription, adopt, lock_cursor, react_to
from shared.kit.database import is_transient
from shared.kit.instruments import ANTI_ENTROPY_ROUNDS, DRIFT, DRIFT_ALARMS, REPAIRED
from shared.kit.journal import Horizon
from shared.kit.journal_client import JournalClient
from shared.kit.leader import LeadershipLost
from shared.kit.mirror import RowDigest
from shared.kit.work import UnitOfWork, Works

REACH_SECONDS: Final = 15.0
REPAIR_CHUNK: Final = 1_000

log = structlog.get_logger()
W = TypeVar("W", bound=UnitOfWork)


def drift_tables(metadata: MetaData) -> None:
    """Declare the list of rows that differ and that no repair may or can mend by itself.

    ``kind``: ALTERED (same version, other content), EXTRA (the publisher does not have it), REFUSED (the effects of
    mending it fail).
    """
    Table(
        "drift",
        metadata,
        Column("publisher", Text, primary_key=True),
        Column("relation", Text, primary_key=True),
        Column("id", Uuid, primary_key=True),
        Column("person_id", Uuid, nullable=False),
        Column("kind", Text, nullable=False),
        Column("our_version", BigInteger),
        Column("their_version", BigInteger),
        Column("first_seen_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("now()")),
        Column("last_seen_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("now()")),
        Column("settled_at", TIMESTAMP(timezone=True)),
        Column("settled_by", Text),
    )


@dataclass(slots=True)
class Differences:
    """What one comparison of one relation found. ``behind``: missing here or older; ``altered``: same or higher
    version with other content; ``extra``: rows the publisher does not have."""

    behind: list[UUID] = field(default_factory=list)
    altered: list[tuple[RowDigest, RowDigest]] = field(default_factory=list)
    extra: list[RowDigest] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.behind) + len(self.altered) + len(self.extra)


def differences(theirs: Sequence[RowDigest], ours: Sequence[RowDigest]) -> Differences:
    """Compare row digests taken at the same journal position."""
    found = Differences()
    mine = {row.id: row for row in ours}
    for row in theirs:
        own = mine.pop(row.id, None)
        if own is None or own.version < row.version:
            found.behind.append(row.id)
        elif own.digest != row.digest:
            found.altered.append((row, own))
    found.extra = list(mine.values())
    return found


class AntiEntropy(Generic[W]):
    """Compares and repairs on a timer beside one consumer."""

    def __init__(self, consumer: Consumer[W], *, period_seconds: float) -> None:
        self._consumer = consumer
        self._period_seconds = period_seconds
        self._before: dict[type[State], set[UUID]] = {}

    async def run(self) -> None:
        """A round now and then for ever."""
        while True:
            await asyncio.sleep(self._period_seconds)
            try:
                await self.round()
            except LeadershipLost:
                raise
            except Exception as error:  # noqa: BLE001 - told apart below
                self._explain(error)

    def _explain(self, error: Exception) -> None:
        """A comparison never takes the relay and the consumers down with it, whatever it stumbles over."""
        publisher, reason = self._consumer.publisher, dead_letters.describe(error)
        if is_transient(error):
            ANTI_ENTROPY_ROUNDS.labels(publisher, "postponed").inc()
            log.warning("anti_entropy.postponed", publisher=publisher, reason=reason)
        else:
            ANTI_ENTROPY_ROUNDS.labels(publisher, "failed").inc()
            log.error("anti_entropy.failed", publisher=publisher, reason=reason)

    async def round(self) -> int:
        """Compare every copied relation, repair what may be repaired, sweep; the number of differences found."""
        total = 0
        for state in self._consumer.subscription.states:
            found = await self._compare(state)
            if found is None:
                ANTI_ENTROPY_ROUNDS.labels(self._consumer.publisher, "postponed").inc()
                continue
            total += len(found)
            await self._settle(state, found)
            ANTI_ENTROPY_ROUNDS.labels(self._consumer.publisher, "different" if len(found) else "equal").inc()
        async with self._consumer.works.begin() as work:
            await lock_cursor(work.connection, self._consumer.publisher)
            mended = await self._consumer.subscription.sweep(work)
            await dead_letters.count(work.connection)
        if mended:
            log.error("anti_entropy.effects_mended", publisher=self._consumer.publisher, count=mended)
            REPAIRED.labels(self._consumer.publisher, "effects").inc(mended)
        return total + mended

    async def _compare(self, state: type[State]) -> Differences | None:
        buckets = await self._differing_buckets(state)
        if not buckets:
            return None if buckets is None else Differences()
        async with _Question(self._consumer.journal.rows(state, buckets)) as question:
            async with self._consumer.standing_at(question.ask, timeout_seconds=REACH_SECONDS) as connection:
                if connection is None:
                    return None
                ours = await mirror.row_digests(
                    connection, mirror.table_name(state), state, state.field_names(), buckets
                )
            theirs = [row async for row in question.answers]
        found = differences(theirs, ours)
        return await self._without_waiting(found, ours, theirs)

    async def _differing_buckets(self, state: type[State]) -> list[int] | None:
        async with _Question(self._consumer.journal.buckets(state)) as question:
            async with self._consumer.standing_at(question.ask, timeout_seconds=REACH_SECONDS) as connection:
                if connection is None:
                    return None
                ours = await mirror.bucket_digests(connection, mirror.table_name(state), state, state.field_names())
            theirs = [bucket async for bucket in question.answers]
        return sorted({bucket.bucket for bucket in set(ours) ^ set(theirs)})

    async def _without_waiting(
        self, found: Differences, ours: Sequence[RowDigest], theirs: Sequence[RowDigest]
    ) -> Differences:
        """Leave out persons whose events wait as dead letters: they differ for a known reason."""
        persons = {row.id: row.person_id for row in (*ours, *theirs)}
        concerned = {*found.behind, *(row.id for row, _ in found.altered), *(row.id for row in found.extra)}
        if not concerned:
            return found
        async with self._consumer.works.begin() as work:
            waiting = await dead_letters.waiting_persons(
                work.connection, self._consumer.publisher, [persons[key] for key in concerned]
            )
        return Differences(
            behind=[key for key in found.behind if persons[key] not in waiting],
            altered=[pair for pair in found.altered if pair[0].person_id not in waiting],
            extra=[row for row in found.extra if row.person_id not in waiting],
        )

    async def _settle(self, state: type[State], found: Differences) -> None:
        publisher = self._consumer.publisher
        keys = {*found.behind, *(row.id for row, _ in found.altered), *(row.id for row in found.extra)}
        DRIFT.labels(publisher, state.relation).set(len(keys & self._before.get(state, set())))
        self._before[state] = keys
        refused: list[State] = []
        if found.behind:
            log.error("anti_entropy.rows_behind", publisher=publisher, relation=state.relation, count=len(found.behind))
            refused = await self._repair(state, found.behind)
        await self._record(state, found, refused)

    async def _repair(self, state: type[State], keys: Sequence[UUID]) -> list[State]:
        """Mend rows through the normal door; returns those whose effects fail for good."""
        refused: list[State] = []
        for start in range(0, len(keys), REPAIR_CHUNK):
            refused += await self._mend(
                state, await self._consumer.journal.states(state, keys[start : start + REPAIR_CHUNK])
            )
        return refused

    async def _mend(self, state: type[State], rows: Sequence[State]) -> list[State]:
        """Halve what fails until only the rows are left that fail by themselves: the others are mended."""
        try:
            async with self._consumer.works.begin() as work:
                await lock_cursor(work.connection, self._consumer.publisher)
                mended = await adopt(work, self._consumer.subscription, state, rows)
        except Exception as error:
            if is_transient(error):
                raise
            if len(rows) == 1:
                reason = dead_letters.describe(error)
                log.error("anti_entropy.row_refused", relation=state.relation, reason=reason)  # noqa: TRY400 - no payloads
                return list(rows)
            middle = len(rows) // 2
            return [*await self._mend(state, rows[:middle]), *await self._mend(state, rows[middle:])]
        REPAIRED.labels(self._consumer.publisher, state.relation).inc(mended)
        return []

    async def _record(self, state: type[State], found: Differences, refused: Sequence[State]) -> None:
        publisher = self._consumer.publisher
        rows = [
            *(("ALTERED", theirs.id, theirs.person_id, own.version, theirs.version) for theirs, own in found.altered),
            *(("EXTRA", own.id, own.person_id, own.version, None) for own in found.extra),
            *(("REFUSED", row.id, row.person_id, None, row.version) for row in refused),
        ]
        async with self._consumer.works.begin() as work:
            await _close_vanished(work.connection, publisher, state, [row[1] for row in rows])
            if not rows:
                return
            inserted = await _remember(work.connection, publisher, state, rows)
        if inserted:
            DRIFT_ALARMS.labels(publisher, state.relation).inc(inserted)
            log.error("anti_entropy.rows_altered", publisher=publisher, relation=state.relation, count=inserted)


async def _close_vanished(
    connection: AsyncConnection, publisher: str, state: type[State], standing: Sequence[UUID]
) -> None:
    await connection.execute(
        text(
            "UPDATE drift SET settled_at = now(), settled_by = 'comparison' WHERE publisher = :publisher "
            "AND relation = :relation AND settled_at IS NULL AND NOT id = ANY(:standing)"
        ),
        {"publisher": publisher, "relation": state.relation, "standing": list(standing)},
    )


async def _remember(
    connection: AsyncConnection, publisher: str, state: type[State], rows: Sequence[tuple[Any, ...]]
) -> int:
    """Record standing differences; the number that are new (a known one only gets a new date)."""
    kinds, ids, persons, ours, theirs = (list(column) for column in zip(*rows, strict=True))
    inserted = await connection.execute(
        text(
            "INSERT INTO drift AS d (publisher, relation, kind, id, person_id, our_version, their_version) "
            "SELECT :publisher, :relation, * FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS uuid[]), "
            "CAST(:persons AS uuid[]), CAST(:ours AS bigint[]), CAST(:theirs AS bigint[])) "
            "ON CONFLICT (publisher, relation, id) DO UPDATE SET kind = excluded.kind, last_seen_at = now(), "
            "first_seen_at = CASE WHEN d.settled_at IS NULL THEN d.first_seen_at ELSE now() END, "
            "our_version = excluded.our_version, their_version = excluded.their_version, settled_at = NULL, "
            "settled_by = NULL RETURNING (old.id IS NULL OR old.settled_at IS NOT NULL) AS fresh"
        ),
        {
            "publisher": publisher,
            "relation": state.relation,
            "kinds": kinds,
            "ids": ids,
            "persons": persons,
            "ours": ours,
            "theirs": theirs,
        },
    )
    return sum(1 for row in inserted if row.fresh)


async def adopt_as_published(
    works: Works[W], subscription: Subscription[W], journal: JournalClient, state: type[State], key: UUID, *, by: str
) -> int:
    """An operator's decision on a row that was altered here: take what the publisher has, whatever the versions say.

    Returns the number of rows changed (0 when they agree by now).
    """
    rows = await journal.states(state, [key])
    async with works.begin() as work:
        await lock_cursor(work.connection, subscription.publisher)
        if rows:
            changed = await mirror.upsert(work.connection, state, rows, whatever_version=True)
        else:
            changed = await mirror.remove(work.connection, state, [key])
        await react_to(work, subscription, state, changed)
        await work.connection.execute(
            text(
                "UPDATE drift SET settled_at = now(), settled_by = :by "
                "WHERE publisher = :publisher AND relation = :relation AND id = :id AND settled_at IS NULL"
            ),
            {"by": by, "publisher": subscription.publisher, "relation": state.relation, "id": key},
        )
    return len(changed)


T = TypeVar("T")


class _Question(AsyncExitStack[bool | None], Generic[T]):
    """A streamed answer whose first line is the publisher's horizon; asked only when the consumer stands still."""

    answers: AsyncIterator[T]

    def __init__(self, stream: AbstractAsyncContextManager[tuple[Horizon, AsyncIterator[T]]]) -> None:
        super().__init__()
        self._stream = stream

    async def ask(self) -> Horizon:
        """Send the request; the horizon of the publisher's snapshot."""
        head, self.answers = await self.enter_async_context(self._stream)
        return head
