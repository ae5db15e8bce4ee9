"""The journal: what a service tells the world, with gapless positions in commit order.

Writers insert one row into ``journal_intake``; a *deferred* constraint trigger moves its events into ``journal`` while
COMMIT runs. Positions are thus assigned inside the COMMIT command, under one advisory lock that no client can hold:
a frozen or slow writer never stalls another one, and no open transaction anywhere in the cluster matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import (
    JSON,
    TIMESTAMP,
    BigInteger,
    Column,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Row,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contracts.event import Announcement, Envelope, subject_of, timestamp

EVENTS_PER_TRANSACTION_MAX: Final = 5_000
PARTITION_MONTHS_AHEAD: Final = 12
APPEND_LOCK: Final = 7_251_001
_EPOCH_ZERO: Final = datetime(2026, 1, 1, tzinfo=UTC)


class TooManyEvents(ValueError):
    """A transaction announced more than 5,000 events; long work must be cut into chunks."""


class EpochChanged(Exception):
    """The journal asked for belongs to another history: the publisher's database was restored from a backup."""

    def __init__(self, current: Horizon) -> None:
        super().__init__(f"current epoch is {current.epoch}")
        self.current = current


@dataclass(frozen=True, slots=True)
class Horizon:
    """The newest committed entry: everything up to ``position`` of ``epoch`` is readable. ``at`` is RFC 3339."""

    epoch: int
    position: int
    at: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An entry as the broker gets it: what it says is not looked into on the way."""

    position: int
    event_id: str
    subject: str
    recorded_at: datetime
    body: bytes

    def to_json(self) -> bytes:
        """The bytes that go on the wire."""
        return self.body


def journal_tables(metadata: MetaData) -> Table:
    """Declare the journal and its side tables on a service's metadata; returns the journal."""
    journal = Table(
        "journal",
        metadata,
        Column("epoch", Integer, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("event_id", Uuid, nullable=False),
        Column("type", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("aggregate_type", Text, nullable=False),
        Column("aggregate_id", Uuid, nullable=False),
        Column("aggregate_version", BigInteger, nullable=False),
        Column("division", Text, nullable=False),
        Column("occurred_at", TIMESTAMP(timezone=True), nullable=False),
        Column("recorded_at", TIMESTAMP(timezone=True), nullable=False),
        Column("trace_id", Text, nullable=False),
        Column("payload", JSONB, nullable=False),
        PrimaryKeyConstraint("position", "recorded_at"),
        Index("ix_journal_event_id", "event_id"),
        Index("ix_journal_aggregate_id_position", "aggregate_id", "position"),
        postgresql_partition_by="RANGE (recorded_at)",
    )
    Table(
        "journal_intake",
        metadata,
        Column("intake_id", BigInteger, Identity(always=True), primary_key=True),
        Column("events", JSON, nullable=False),
        # Rows come and go within one transaction: there is nothing in it that a crash could lose.
        prefixes=["UNLOGGED"],
    )
    Table(
        "journal_epoch",
        metadata,
        Column("epoch", Integer, primary_key=True, autoincrement=False),
        Column("minted_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("now()")),
        Column("reason", Text, nullable=False),
    )
    return journal


JOURNAL_DDL: Final = (
    "ALTER TABLE journal_intake ALTER COLUMN events SET STORAGE EXTERNAL",
    """
CREATE FUNCTION journal_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = 'restrict_violation';
END $$
""",
    """
CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE ON journal
  FOR EACH ROW EXECUTE FUNCTION journal_refuse_change()
""",
    """
CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON journal
  FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse_change()
""",
    """
CREATE FUNCTION journal_ensure_partitions(months_ahead int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE first_day timestamptz; name text;
BEGIN
  FOR n IN 0..months_ahead LOOP
    first_day := date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + make_interval(months => n);
    name := 'journal_' || to_char(first_day AT TIME ZONE 'UTC', 'YYYY_MM');
    IF to_regclass(name) IS NULL THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF journal FOR VALUES FROM (%L) TO (%L)',
                     name, first_day, first_day + interval '1 month');
      EXECUTE format('CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON %I '
                     'FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse_change()', name);
    END IF;
  END LOOP;
END $$
""",
    f"""
CREATE FUNCTION journal_append() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  current_epoch int;
  head bigint;
  head_at timestamptz;
  stamp timestamptz;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'journal entries are written at READ COMMITTED only: an older snapshot misses the last position';
  END IF;
  IF json_array_length(NEW.events) > {EVENTS_PER_TRANSACTION_MAX} THEN
    RAISE EXCEPTION 'at most {EVENTS_PER_TRANSACTION_MAX} events in one transaction';
  END IF;
  PERFORM pg_advisory_xact_lock({APPEND_LOCK});
  SELECT max(epoch) INTO current_epoch FROM journal_epoch;
  SELECT position, recorded_at INTO head, head_at FROM journal
   WHERE recorded_at >= now() - interval '32 days' ORDER BY position DESC LIMIT 1;
  IF head IS NULL THEN
    SELECT position, recorded_at INTO head, head_at FROM journal ORDER BY position DESC LIMIT 1;
  END IF;
  -- Never earlier than the entry before it, even if the machine's clock was set back.
  stamp := greatest(clock_timestamp(), head_at);
  INSERT INTO journal (epoch, position, event_id, type, subject, aggregate_type, aggregate_id, aggregate_version,
                       division, occurred_at, recorded_at, trace_id, payload)
  SELECT current_epoch, coalesce(head, 0) + e.ordinality, e.event_id, e.type, e.subject, e.aggregate_type,
         e.aggregate_id, e.aggregate_version, e.division, e.occurred_at, stamp, e.trace_id, e.payload
    FROM ROWS FROM (json_to_recordset(NEW.events) AS (event_id uuid, type text, subject text, aggregate_type text,
                    aggregate_id uuid, aggregate_version bigint, division text, occurred_at timestamptz,
                    trace_id text, payload jsonb)) WITH ORDINALITY AS e;
  DELETE FROM journal_intake WHERE intake_id = NEW.intake_id;
  RETURN NULL;
END $$
""",  # noqa: S608 - two constants of this module
    """
CREATE CONSTRAINT TRIGGER journal_append AFTER INSERT ON journal_intake
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION journal_append()
""",
    f"SELECT journal_ensure_partitions({PARTITION_MONTHS_AHEAD})",
)


async def ensure_partitions(connection: AsyncConnection) -> None:
    """Create the monthly partitions of the next year; safe to repeat."""
    await connection.execute(text("SELECT journal_ensure_partitions(:ahead)"), {"ahead": PARTITION_MONTHS_AHEAD})


async def append(connection: AsyncConnection, announcements: Sequence[Announcement], *, trace_id: str) -> None:
    """Hand events to the journal; they get their positions when the transaction commits.

    Raises `TooManyEvents` above 5,000 in one call (a transaction makes one call, at its end).
    """
    await enter(connection, written(announcements, trace_id=trace_id))


def written(announcements: Sequence[Announcement], *, trace_id: str) -> str | None:
    """Events as `enter` wants them; None when there are none. Raises `TooManyEvents`."""
    if not announcements:
        return None
    if len(announcements) > EVENTS_PER_TRANSACTION_MAX:
        raise TooManyEvents(len(announcements))
    rows = [
        {
            "event_id": a.event_id,
            "type": a.event.type,
            "subject": subject_of(a.event.type, a.division),
            "aggregate_type": a.event.aggregate(),
            "aggregate_id": a.person_id,
            "aggregate_version": a.version,
            "division": a.division,
            "occurred_at": a.occurred_at,
            "trace_id": a.trace_id or trace_id,
            "payload": orjson.Fragment(a.event.model_dump_json()),
        }
        for a in announcements
    ]
    return orjson.dumps(rows).decode()


async def enter(connection: AsyncConnection, events: str | None) -> None:
    """Hand over what was `written`."""
    if events is not None:
        await connection.execute(
            text("INSERT INTO journal_intake (events) VALUES (CAST(:events AS json))"), {"events": events}
        )


async def horizon(connection: AsyncConnection) -> Horizon:
    """The newest entry in this connection's snapshot; position 0 while nothing was ever published."""
    row = (
        await connection.execute(
            text(
                "SELECT (SELECT max(epoch) FROM journal_epoch) AS epoch, "
                "coalesce((SELECT position FROM journal ORDER BY position DESC LIMIT 1), 0) AS position, "
                "clock_timestamp() AS at"
            )
        )
    ).one()
    return Horizon(epoch=row.epoch, position=row.position, at=timestamp(row.at))


_SELECT: Final = (
    "SELECT epoch, position, event_id, type, aggregate_type, aggregate_id, aggregate_version, division, "
    "occurred_at, recorded_at, trace_id, payload FROM journal WHERE "
)
_NEXT: Final = text(_SELECT + "position > :after ORDER BY position LIMIT :limit")
_BY_ID: Final = text(_SELECT + "event_id = :event_id")


async def read(connection: AsyncConnection, *, after: int, limit: int) -> list[Envelope]:
    """The next entries in order of position, across epochs: positions go on counting after a restore."""
    rows = (await connection.execute(_NEXT, {"after": after, "limit": limit})).all()
    return [_envelope(row) for row in rows]


# `Envelope.cloud_event`, written by PostgreSQL: a relay passes on what it need not look into. Only a trace may hold
# anything that has to be escaped.
_ON_THE_WIRE: Final = r"""format(
  '{"specversion":"1.0","id":"%s","source":"/%s","type":"%s","subject":"%s","time":"%s",'
  '"datacontenttype":"application/json","dataschema":"urn\:liangfu\:schema\:%s","epoch":%s,"position":%s,'
  '"aggregatetype":"%s","aggregateversion":%s,"division":"%s","recordedat":"%s","traceid":%s,"data":%s}',
  event_id, split_part(type, '.', 1), type, aggregate_id, occurred, type, epoch, position, aggregate_type,
  aggregate_version, division, recorded, to_json(trace_id), payload)"""
_UTC: Final = r"""to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24\:MI\:SS.US"Z"')"""
_MOMENTS: Final = f"(SELECT {_UTC.format('occurred_at')} AS occurred, {_UTC.format('recorded_at')} AS recorded)"
_OUTGOING: Final = text(
    f"SELECT position, CAST(event_id AS text), subject, recorded_at, {_ON_THE_WIRE} "  # noqa: S608 - constants
    f"FROM journal CROSS JOIN LATERAL {_MOMENTS} AS moments WHERE position > :after ORDER BY position LIMIT :limit"
)


async def outgoing(connection: AsyncConnection, *, after: int, limit: int) -> list[Outgoing]:
    """The next entries in order of position, ready to be sent."""
    rows = await connection.execute(_OUTGOING, {"after": after, "limit": limit})
    return [
        Outgoing(position, event_id, subject, recorded_at, body.encode())
        for position, event_id, subject, recorded_at, body in rows
    ]


async def find(connection: AsyncConnection, event_id: UUID) -> Envelope | None:
    """One entry by its event id."""
    row = (await connection.execute(_BY_ID, {"event_id": event_id})).one_or_none()
    return None if row is None else _envelope(row)


def _envelope(row: Row[Any]) -> Envelope:
    return Envelope(
        epoch=row.epoch,
        position=row.position,
        event_id=row.event_id,
        type=row.type,
        aggregate_type=row.aggregate_type,
        aggregate_id=row.aggregate_id,
        aggregate_version=row.aggregate_version,
        division=row.division,
        occurred_at=timestamp(row.occurred_at),
        recorded_at=timestamp(row.recorded_at),
        trace_id=row.trace_id,
        data=row.payload,
    )


async def mint_epoch(connection: AsyncConnection, *, reason: str) -> int:
    """Begin a new history after a restore; consumers that followed the old one resync.

    The number is seconds since 2026-01-01 UTC (a CloudEvents Integer until 2094): restoring the same backup twice
    still gives two epochs.
    """
    epoch = int((datetime.now(UTC) - _EPOCH_ZERO).total_seconds())
    row = await connection.execute(
        text(
            "INSERT INTO journal_epoch (epoch, reason) "
            "SELECT greatest(:epoch, coalesce(max(epoch), 0) + 1), :reason FROM journal_epoch RETURNING epoch"
        ),
        {"epoch": epoch, "reason": reason},
    )
    return int(row.scalar_one())
