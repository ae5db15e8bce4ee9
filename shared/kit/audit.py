"""The audit trail: who looked at whom, who changed what (old → new), and who was refused.

An entry is a row of ``audit``, append-only. Changes are written in the transaction they tell of. What a request only
looked at has no transaction to share: it is written by the `Recorder`, many requests in one commit, and the answer
leaves after that commit. Nothing personal is written in clear: the person is an opaque id, values are keyed
fingerprints (`told`), free text has no place. The rows are sealed by `audit_seal` and proved by `audit_verify`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, time
from enum import Enum, StrEnum
from functools import lru_cache
from types import NoneType
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson
import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.kit.crypto import BlindIndex, Keys
from shared.values.division import Division, Scope
from shared.values.money import Money
from shared.values.month import Month

if TYPE_CHECKING:
    from shared.kit.permissions import Caller

HOUSE: Final = "house"
"""The actor of work that nobody asked for: timers, events of other services."""
PARTITION_MONTHS_AHEAD: Final = 3
"""Made daily: further ones would only cost every connection that reads the trail."""
GATHER_SECONDS: Final = 0.008
"""From one commit of looks to the next, while several come at once."""
PERSONS_NAMED: Final = "(detail::jsonb -> 'persons'::text)"
"""SQL: the persons one entry tells of together."""
MANY_AT_ONCE: Final = "kind = 'LOOK' AND person_id IS NULL AND detail IS NOT NULL"
"""SQL: which entries tell of persons together; the index of them knows no others."""
_FINGERPRINT_HEX: Final = 32
_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})


class Kind(StrEnum):
    """What an entry tells of."""

    LOOK = "LOOK"
    CHANGE = "CHANGE"
    REFUSED = "REFUSED"


class Code(str):
    """Text that is a code of the house (a division, a status, a reason), hence no person's: it is told in clear."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Look:
    """Personal data of one person was shown: which fields, in clear or masked (``what``), for which purpose.

    ``person_id`` None: a search that found nobody, figures over many (``count``), or many looked at in one call: then
    ``persons`` names them all (ids as text) in one entry, and each of them learns of it.
    """

    person_id: UUID | None
    fields: tuple[str, ...] = ()
    what: str = "read"
    division: str | None = None
    purpose: str | None = None
    count: int | None = None
    persons: tuple[UUID, ...] | tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """Something changed: the fields that differ, before and after. A beginning has no ``before``, an end no ``after``.

    Values pass through `told`: whatever is not a code, number, date or id becomes a fingerprint.
    """

    person_id: UUID | None
    what: str
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None
    division: str | None = None
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """An attempt that was refused: problem code, what it aimed at (ids only), and how often when counted together."""

    what: str
    person_id: UUID | None = None
    division: str | None = None
    detail: Mapping[str, object] | None = None


Entry = Look | Change | Refused


def looks(
    subjects: Iterable[tuple[UUID, str | None]], fields: tuple[str, ...], *, what: str = "read.masked"
) -> list[Look]:
    """A look at each (person, division) of an answer; a search that found nobody is one as well."""
    return [Look(person_id, fields, what, division) for person_id, division in subjects] or [
        Look(None, fields, what, count=0)
    ]


Row = dict[str, Any]
"""The columns of one entry as JSON values."""


@dataclass(slots=True)
class Origin:
    """Where entries come from: the route (its template, never the path), or the job. ``status`` once it is known."""

    method: str
    route: str
    ip: str | None = None
    purpose: str | None = None
    status: int | None = None


_ORIGIN: ContextVar[Origin | None] = ContextVar("audit_origin", default=None)


@contextmanager
def originating(origin: Origin) -> Iterator[Origin]:
    """Everything audited inside comes from ``origin``."""
    token = _ORIGIN.set(origin)
    try:
        yield origin
    finally:
        _ORIGIN.reset(token)


def current_origin() -> Origin:
    """Where this task's entries come from; the house itself when nobody said."""
    return _ORIGIN.get() or Origin("", "")


# ---------------------------------------------------------------------------- tables

COLUMNS: Final = (
    "audit_id",
    "recorded_at",
    "kind",
    "person_id",
    "division",
    "actor",
    "client_id",
    "roles",
    "method",
    "route",
    "status",
    "what",
    "fields",
    "purpose",
    "trace_id",
    "ip",
    "detail",
)
"""The canonical order. A row's canonical form is its line in PostgreSQL's COPY text format, in UTC: a new column is
appended and leaves the lines of rows without it to an older format."""


@dataclass(frozen=True, slots=True)
class AuditTables:
    """The tables of the trail, its seals and the heads' way out of the database."""

    audit: sql.Table
    seal: sql.Table
    tombstone: sql.Table


def audit_tables(metadata: sql.MetaData) -> AuditTables:
    """Declare them on a service's metadata; `AUDIT_DDL` goes with them."""
    moment = sql.TIMESTAMP(timezone=True)
    audit = sql.Table(
        "audit",
        metadata,
        sql.Column("audit_id", sql.BigInteger, sql.Identity(always=True), nullable=False),
        sql.Column("recorded_at", moment, nullable=False, server_default=sql.text("clock_timestamp()")),
        sql.Column("kind", sql.Text, nullable=False),
        sql.Column("person_id", sql.Uuid),
        sql.Column("division", sql.Text),
        sql.Column("actor", sql.Text, nullable=False),
        sql.Column("client_id", sql.Text, nullable=False),
        sql.Column("roles", sql.Text, nullable=False),
        sql.Column("method", sql.Text, nullable=False),
        sql.Column("route", sql.Text, nullable=False),
        sql.Column("status", sql.SmallInteger),
        sql.Column("what", sql.Text, nullable=False),
        sql.Column("fields", sql.Text),
        sql.Column("purpose", sql.Text),
        sql.Column("trace_id", sql.Text, nullable=False),
        sql.Column("ip", sql.Text),
        sql.Column("detail", sql.Text, comment="canonical JSON"),
        sql.PrimaryKeyConstraint("audit_id", "recorded_at"),
        sql.CheckConstraint(f"kind IN ({', '.join(repr(kind.value) for kind in Kind)})", name="kind_is_known"),
        sql.Index("ix_audit_person_id", "person_id", "audit_id", postgresql_where=sql.text("person_id IS NOT NULL")),
        sql.Index(
            "ix_audit_persons",
            sql.literal_column(PERSONS_NAMED).label("persons"),
            postgresql_using="gin",
            postgresql_ops={"persons": "jsonb_path_ops"},
            postgresql_where=sql.text(MANY_AT_ONCE),
        ),
        sql.Index("ix_audit_actor", "actor", "audit_id"),
        postgresql_partition_by="RANGE (recorded_at)",
    )
    seal = sql.Table(
        "audit_seal",
        metadata,
        sql.Column("number", sql.BigInteger, primary_key=True, autoincrement=False),
        sql.Column("ids", INT8MULTIRANGE, nullable=False),
        sql.Column("hashes", sql.LargeBinary, nullable=False, comment="32 bytes a row, in order of its id"),
        sql.Column("high", sql.BigInteger, nullable=False, comment="largest row id so far"),
        sql.Column("chain", sql.LargeBinary, nullable=False),
        sql.Column("sealed_at", sql.Text, nullable=False, comment="RFC 3339, as signed"),
        sql.Column("key_id", sql.Text, nullable=False),
        sql.Column("signature", sql.LargeBinary, nullable=False),
    )
    sql.Table(
        "audit_cursor",
        metadata,
        sql.Column("singleton", sql.Integer, primary_key=True, autoincrement=False),
        sql.Column("term", sql.BigInteger, nullable=False),
        sql.Column("number", sql.BigInteger, nullable=False, comment="of the newest seal"),
        sql.Column("high", sql.BigInteger, nullable=False, comment="every id up to here is sealed, open or dead"),
        sql.Column("open_ids", INT8MULTIRANGE, nullable=False, comment="ids a running transaction may still commit"),
        sql.Column("filed", sql.BigInteger, nullable=False, comment="newest seal in the anchor file"),
        sql.Column("published", sql.BigInteger, nullable=False, comment="newest seal in the anchor stream"),
    )
    tombstone = sql.Table(
        "audit_tombstone",
        metadata,
        sql.Column("partition", sql.Text, primary_key=True),
        sql.Column("ids", INT8MULTIRANGE, nullable=False),
        sql.Column("removed_at", sql.Text, nullable=False, comment="RFC 3339, as signed"),
        sql.Column("key_id", sql.Text, nullable=False),
        sql.Column("signature", sql.LargeBinary, nullable=False),
    )
    return AuditTables(audit, seal, tombstone)


_KEPT: Final = ("audit", "audit_seal", "audit_tombstone")
_APPEND_ONLY: Final = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_change()
"""
_NO_TRUNCATE: Final = """
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()
"""

AUDIT_DDL: Final = (
    """
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'restrict_violation';
END $$
""",
    *(ddl.format(table=table) for table in _KEPT for ddl in (_APPEND_ONLY, _NO_TRUNCATE)),
    """
CREATE FUNCTION audit_ensure_partitions(months_ahead int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE first_day timestamptz; name text;
BEGIN
  FOR n IN 0..months_ahead LOOP
    first_day := date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + make_interval(months => n);
    name := 'audit_' || to_char(first_day AT TIME ZONE 'UTC', 'YYYY_MM');
    IF to_regclass(name) IS NULL THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF audit FOR VALUES FROM (%L) TO (%L)',
                     name, first_day, first_day + interval '1 month');
      EXECUTE format('CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON %I '
                     'FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()', name);
    END IF;
  END LOOP;
END $$
""",
    f"SELECT audit_ensure_partitions({PARTITION_MONTHS_AHEAD})",
    """
INSERT INTO audit_cursor (singleton, term, number, high, open_ids, filed, published) VALUES (1, 0, 0, 0, '{}', 0, 0)
""",
)


async def ensure_partitions(connection: AsyncConnection) -> None:
    """Create the monthly partitions of the next year; safe to repeat."""
    await connection.execute(sql.text("SELECT audit_ensure_partitions(:ahead)"), {"ahead": PARTITION_MONTHS_AHEAD})


# ---------------------------------------------------------------------------- writing


class Auditor:
    """What every unit of work of a process audits with: the key of fingerprints and the writer of looks."""

    def __init__(self, engine: AsyncEngine, keys: Keys) -> None:
        self._index = BlindIndex(keys, b"audit")
        self.recorder = Recorder(engine)

    def fingerprint(self, clear: str) -> str:
        """A keyed fingerprint: equal values look equal, nothing else can be learned without the key."""
        return "fp:" + self._index.of(clear).hex()[:_FINGERPRINT_HEX]

    def rows(self, entries: Sequence[Entry], *, origin: Origin, caller: Caller | None, trace_id: str) -> list[Row]:
        """The rows of some entries of one caller."""
        who = {
            "actor": caller.subject if caller else HOUSE,
            "client_id": caller.client_id if caller else HOUSE,
            "roles": ",".join(sorted(caller.roles)) if caller else "",
            "method": origin.method,
            "route": origin.route,
            "status": origin.status,
            "ip": origin.ip,
            "trace_id": trace_id,
        }
        return [{**who, **_columns(entry, origin.purpose, self.fingerprint)} for entry in entries]


def goes_alone(entries: Sequence[Entry], origin: Origin) -> bool:
    """Whether entries need no transaction of their request: it only looked, and asked by a method that only looks."""
    return origin.method in _SAFE_METHODS and all(isinstance(entry, Look) for entry in entries)


def division_of(scope: Scope) -> str | None:
    """The division an attempt without a person belongs to: the caller's, when there is one."""
    return next(iter(scope.prefixes)) if len(scope.prefixes) == 1 and not scope.is_everywhere else None


def _columns(entry: Entry, purpose: str | None, fingerprint: Callable[[str], str]) -> Row:
    match entry:
        case Look():
            return {
                "kind": Kind.LOOK,
                "person_id": entry.person_id,
                "division": entry.division,
                "what": entry.what,
                "fields": ",".join(entry.fields) or None,
                "purpose": entry.purpose or purpose,
                "detail": _counted(entry),
            }
        case Change():
            before, after = _differing(entry.before, entry.after)
            detail = {
                name: told(values, fingerprint)
                for name, values in (("before", before), ("after", after))
                if values is not None
            }
            return {
                "kind": Kind.CHANGE,
                "person_id": entry.person_id,
                "division": entry.division,
                "what": entry.what,
                "fields": ",".join(sorted({*(before or ()), *(after or ())})) or None,
                "purpose": entry.purpose or purpose,
                "detail": _canonical(detail),
            }
        case Refused():
            return {
                "kind": Kind.REFUSED,
                "person_id": entry.person_id,
                "division": entry.division,
                "what": entry.what,
                "fields": None,
                "purpose": purpose,
                "detail": None if entry.detail is None else _canonical(told(entry.detail, fingerprint)),
            }


def _counted(look: Look) -> str | None:
    count = len(look.persons) if look.count is None and look.persons else look.count
    if count is None:
        return None
    persons = {"persons": look.persons} if look.persons else {}
    return _canonical({"count": count, **persons})


def _differing(
    before: Mapping[str, object] | None, after: Mapping[str, object] | None
) -> tuple[Mapping[str, object] | None, Mapping[str, object] | None]:
    """Both sides without what is the same on both."""
    if before is None or after is None:
        return before, after
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}


_TOLD: Final[tuple[tuple[type, Callable[[Any], object]], ...]] = (
    (Enum, lambda value: value._value_),
    (Code, str),
    (Division, lambda value: value.code),
    (Month, str),
    (Money, lambda value: value.fen),
    (UUID, str),
    (date, lambda value: value.isoformat()),  # a datetime is a date
    (time, lambda value: value.isoformat()),
    (bool, bool),
    (int, int),
    (float, float),
    (NoneType, lambda _: None),
)
"""What is told in clear, and how."""


def told(value: object, fingerprint: Callable[[str], str]) -> Any:
    """A value as the trail may hold it. Text is somebody's until its type says otherwise."""
    if (tell := _teller(type(value))) is not None:  # type: ignore[arg-type]  # a class is hashable
        return tell(value)
    if isinstance(value, Mapping):
        return {str(name): told(inner, fingerprint) for name, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [told(inner, fingerprint) for inner in value]
    return fingerprint(_clear(value))


@lru_cache(maxsize=512)
def _teller(kind: type) -> Callable[[Any], object] | None:
    """How values of a type are told in clear; None when they are not."""
    return next((tell for told_kind, tell in _TOLD if issubclass(kind, told_kind)), None)


def _clear(value: object) -> str:
    """What a value says when it does not hide: equal numbers must have equal fingerprints."""
    for name in ("clear", "number"):
        if isinstance(text := getattr(value, name, None), str):
            return text
    return value.hex() if isinstance(value, bytes) else str(value)


def _canonical(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


_WRITTEN: Final = ", ".join(COLUMNS[2:])
_INSERT: Final = (
    f"INSERT INTO audit ({_WRITTEN}) SELECT {_WRITTEN} FROM json_to_recordset(%s) AS r("  # noqa: S608 - constants
    "kind text, person_id uuid, division text, actor text, client_id text, roles text, method text, route text, "
    "status smallint, what text, fields text, purpose text, trace_id text, ip text, detail text)"
)


async def write(connection: AsyncConnection, rows: Sequence[Row]) -> None:
    """Append rows in this connection's transaction; their ids follow their order."""
    if rows:
        await connection.exec_driver_sql(_INSERT, (orjson.dumps(rows).decode(),))


_Batch = list[tuple[Sequence[Row], "asyncio.Future[None]"]]
"""Rows, and who waits for them."""


class Recorder:
    """Writes rows in transactions of its own, whatever waits in one commit; `write` returns when they are durable.

    A commit costs more than ten rows. So while several come at once the next one waits a little for more; whoever comes
    alone is written at once.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._waiting: _Batch = []
        self._writing: asyncio.Task[None] | None = None
        self._next_at = 0.0

    async def write(self, rows: Sequence[Row]) -> None:
        """Raises what the database raised: then nothing was recorded, and nothing may be shown."""
        if not rows:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._drain(), name="audit-recorder")
        await done

    async def _drain(self) -> None:
        while self._waiting:
            batch: _Batch = []
            try:
                async with self._engine.connect() as connection:
                    # One statement is one transaction: no round trips to begin and to commit it, and while rows keep
                    # coming the connection stays at hand.
                    await connection.execution_options(isolation_level="AUTOCOMMIT")
                    while self._waiting:
                        _tell(batch, None)
                        batch = []
                        await self._gather()
                        batch = self._taken()
                        await write(connection, [row for rows, _ in batch for row in rows])
                _tell(batch, None)
            except BaseException as error:
                if not isinstance(error, Exception):
                    _tell(batch + self._taken(), ConnectionError("stopped"))
                    raise
                # Without a connection nobody's rows can be written.
                _tell(batch or self._taken(), error)

    async def _gather(self) -> None:
        """Wait for more, if several came at once the last time."""
        if (pause := self._next_at - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(pause)

    def _taken(self) -> _Batch:
        batch, self._waiting = self._waiting, []
        self._next_at = asyncio.get_running_loop().time() + GATHER_SECONDS if len(batch) > 1 else 0.0
        return batch


def _tell(batch: _Batch, error: Exception | None) -> None:
    """Those who wait learn how it ended; who was told already, or went away, is left alone."""
    for _, done in batch:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
