"""Copies of what other services publish: one typed table per relation, a plain upsert guarded by version.

Publisher and reader describe the same columns (`State`), so both can hash the same content and compare (anti-entropy).
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Generic, TypeVar, Union, cast, get_args, get_origin
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, Boolean, Column, Date, Index, MetaData, Table, Text, Uuid, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from shared.contracts.event import Envelope, Event
from shared.contracts.state import STATES, State

BUCKETS: Final = 256

S = TypeVar("S", bound=State)

_COLUMN: Final[Mapping[type, tuple[type[TypeEngine[Any]], str]]] = {
    UUID: (Uuid, "uuid"),
    bool: (Boolean, "boolean"),
    int: (BigInteger, "bigint"),
    str: (Text, "text"),
    date: (Date, "date"),
}


@dataclass(frozen=True, slots=True)
class Cause:
    """The journal entry behind a change; repairs and resyncs have none."""

    event_id: UUID
    type: str
    position: int
    occurred_at: str
    recorded_at: str
    trace_id: str


@dataclass(frozen=True, slots=True)
class Former:
    """Whose a row was before it changed, and where: all that a service may ask of what its copy no longer says."""

    person_id: UUID
    division: str


@dataclass(frozen=True, slots=True)
class Change(Generic[S]):
    """A copied row before and after. ``old`` None: new row; ``gone``: the publisher no longer has it (resync)."""

    row: S
    """The newest known content."""
    old: Former | None
    cause: Cause | None
    gone: bool = False

    @property
    def new(self) -> S | None:
        """What the copy says now; None when the row is gone."""
        return None if self.gone else self.row


@dataclass(slots=True)
class Changes:
    """What one wave changed. Within a wave each person occurs at most once, so handlers may work set-based."""

    events: list[tuple[Envelope, Event]] = field(default_factory=list)
    _by_state: dict[type[State], list[Change[State]]] = field(default_factory=dict)

    def of(self, state: type[S]) -> list[Change[S]]:
        """The changes of one relation."""
        return cast("list[Change[S]]", self._by_state.get(state, []))

    def add(self, state: type[State], changes: Iterable[Change[State]]) -> None:
        """Record changes of a relation."""
        self._by_state.setdefault(state, []).extend(changes)

    def __bool__(self) -> bool:
        return bool(self.events) or any(self._by_state.values())


def base_type(annotation: object) -> tuple[type, bool]:
    """The storage type of a State field and whether it may be absent. Raises `TypeError` for anything exotic."""
    nullable = False
    if get_origin(annotation) in {Union, types.UnionType}:
        members = [member for member in get_args(annotation) if member is not type(None)]
        if len(members) != 1:
            message = f"{annotation} is not one type or None"
            raise TypeError(message)
        annotation, nullable = members[0], True
    assert isinstance(annotation, type)
    stored = str if issubclass(annotation, str) else annotation
    if stored not in _COLUMN:
        message = f"{annotation} cannot be published"
        raise TypeError(message)
    return stored, nullable


def mirror_table(metadata: MetaData, state: type[State]) -> Table:
    """Declare ``copy_<publisher>_<thing>`` with one typed column per published field."""
    columns: list[Column[Any]] = []
    for name in state.field_names():
        stored, nullable = base_type(state.model_fields[name].annotation)
        columns.append(Column(name, _COLUMN[stored][0](), primary_key=name == state.key, nullable=nullable))
    table = f"copy_{state.relation.replace('.', '_')}"
    indexes = [] if state.key == "person_id" else [Index(f"ix_{table}_person_id", "person_id")]
    return Table(table, metadata, *columns, *indexes)


def table_name(state: type[State]) -> str:
    """The name of the copy's table."""
    return f"copy_{state.relation.replace('.', '_')}"


def _recordset(state: type[State]) -> str:
    """The rows of ``:rows``, one JSON document: much cheaper to bind than an array a column."""
    columns = ", ".join(
        f"{name} {_COLUMN[base_type(state.model_fields[name].annotation)[0]][1]}" for name in state.field_names()
    )
    return f"json_to_recordset(CAST(:rows AS json)) AS r({columns})"


def _as_json(states: Sequence[State]) -> str:
    return orjson.dumps([vars(state) for state in states]).decode()


_FORMER: Final = "old.person_id AS former_person, old.division AS former_division"


def _former(person_id: UUID | None, division: str) -> Former | None:
    return None if person_id is None else Former(person_id, division)


def _state(state: type[S], values: Sequence[Any]) -> S:
    return state.trusted(dict(zip(state.field_names(), values, strict=True)))


def _gone(state: type[S], rows: Iterable[Sequence[Any]]) -> list[Change[S]]:
    last = (_state(state, row) for row in rows)
    return [Change(row, Former(row.person_id, row.division), None, gone=True) for row in last]


async def upsert(
    connection: AsyncConnection,
    state: type[S],
    states: Sequence[S],
    causes: Sequence[Cause] | None = None,
    *,
    whatever_version: bool = False,
) -> list[Change[S]]:
    """Take over the rows whose version is higher than ours, in one statement; the others change nothing.

    ``causes``: the journal entry behind each of ``states``; None when they came by no event.
    ``whatever_version`` overwrites equal and higher ones too: an operator's decision, never a repair's.
    """
    if not states:
        return []
    names = state.field_names()
    table = table_name(state)
    updates = ", ".join(f"{n} = excluded.{n}" for n in names if n != state.key)
    guard = "" if whatever_version else "WHERE c.version < excluded.version"
    statement = text(
        f"INSERT INTO {table} AS c ({', '.join(names)}) SELECT {', '.join(names)} FROM {_recordset(state)} "  # noqa: S608 - names are declared
        f"ON CONFLICT ({state.key}) DO UPDATE SET {updates} {guard} "
        f"RETURNING new.{state.key}, {_FORMER}"
    )
    rows = await connection.execute(statement, {"rows": _as_json(states)})
    known: Sequence[Cause | None] = causes or [None] * len(states)
    given = {each.id: (each, cause) for each, cause in zip(states, known, strict=True)}
    changes: list[Change[S]] = []
    for key, person_id, division in rows:
        row, cause = given[key]
        changes.append(Change(row, _former(person_id, division), cause))
    return changes


async def remove(connection: AsyncConnection, state: type[S], keys: Sequence[UUID]) -> list[Change[S]]:
    """Drop rows the publisher does not have (an operator's decision)."""
    rows = await connection.execute(
        text(
            f"DELETE FROM {table_name(state)} WHERE {state.key} = ANY(:keys) "  # noqa: S608
            f"RETURNING {', '.join(state.field_names())}"
        ),
        {"keys": list(keys)},
    )
    return _gone(state, rows)


async def clear(connection: AsyncConnection, state: type[State]) -> None:
    """Forget the copy of a relation (before a replay)."""
    await connection.execute(text(f"DELETE FROM {table_name(state)}"))  # noqa: S608


# --- staging for a resync -------------------------------------------------------------------------------------------


async def stage(connection: AsyncConnection, state: type[State]) -> None:
    """An empty temporary twin of the copy, on this connection."""
    table = table_name(state)
    await connection.execute(text(f"DROP TABLE IF EXISTS pg_temp.staged_{table}"))
    await connection.execute(text(f"CREATE TEMP TABLE staged_{table} (LIKE {table} INCLUDING INDEXES)"))


async def stage_rows(connection: AsyncConnection, state: type[S], states: Sequence[S]) -> None:
    """Add rows to the staged twin."""
    names = state.field_names()
    await connection.execute(
        text(
            f"INSERT INTO staged_{table_name(state)} ({', '.join(names)}) "  # noqa: S608
            f"SELECT {', '.join(names)} FROM {_recordset(state)}"
        ),
        {"rows": _as_json(states)},
    )


async def adopt_staged(connection: AsyncConnection, state: type[S], *, limit: int) -> list[Change[S]]:
    """Make up to ``limit`` differing rows equal to the staged twin, whatever their versions; returns what changed."""
    names = state.field_names()
    table, key = table_name(state), state.key
    row = ", ".join
    updates = ", ".join(f"{n} = excluded.{n}" for n in names if n != key)
    changed = await connection.execute(
        text(
            f"INSERT INTO {table} AS c ({row(names)}) "  # noqa: S608
            f"SELECT {row(f's.{n}' for n in names)} FROM staged_{table} s LEFT JOIN {table} o USING ({key}) "
            f"WHERE o.{key} IS NULL OR ROW({row(f'o.{n}' for n in names)}) "
            f"IS DISTINCT FROM ROW({row(f's.{n}' for n in names)}) LIMIT :limit "
            f"ON CONFLICT ({key}) DO UPDATE SET {updates} RETURNING {row(f'new.{n}' for n in names)}, {_FORMER}"
        ),
        {"limit": limit},
    )
    changes = [Change(_state(state, new), _former(person_id, division), None) for *new, person_id, division in changed]
    if len(changes) < limit:
        gone = await connection.execute(
            text(
                f"DELETE FROM {table} c WHERE c.{key} IN (SELECT o.{key} FROM {table} o "  # noqa: S608
                f"WHERE NOT EXISTS (SELECT FROM staged_{table} s WHERE s.{key} = o.{key}) LIMIT :limit) "
                f"RETURNING {row(f'c.{n}' for n in names)}"
            ),
            {"limit": limit - len(changes)},
        )
        changes += _gone(state, gone)
    return changes


# --- digests --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bucket:
    """Count and XOR of row hashes of one 256th of a relation."""

    bucket: int
    count: int
    digest: int


@dataclass(frozen=True, slots=True)
class RowDigest:
    """One row's identity in a comparison."""

    id: UUID
    person_id: UUID
    version: int
    digest: str


def _content(state: type[State], fields: Sequence[str]) -> str:
    unknown = set(fields) - set(state.field_names())
    if unknown:
        message = f"{state.relation} does not publish {', '.join(sorted(unknown))}"
        raise ValueError(message)
    return f"md5(concat_ws('|', {', '.join(f'''coalesce({name}::text, '∅')''' for name in fields)}))"


def _bucket(state: type[State]) -> str:
    return f"get_byte(uuid_send({state.key}), 15)"


async def bucket_digests(
    connection: AsyncConnection, table: str, state: type[State], fields: Sequence[str]
) -> list[Bucket]:
    """Hash ``(key, version, copied fields)`` of a whole table into 256 buckets."""
    rows = await connection.execute(
        text(
            f"SELECT {_bucket(state)} AS bucket, count(*), "  # noqa: S608 - names are declared
            f"bit_xor(('x' || left({_content(state, fields)}, 16))::bit(64)::bigint) FROM {table} GROUP BY 1 ORDER BY 1"
        )
    )
    return [Bucket(*row) for row in rows]


async def row_digests(
    connection: AsyncConnection, table: str, state: type[State], fields: Sequence[str], buckets: Sequence[int]
) -> list[RowDigest]:
    """The rows of some buckets with their hashes."""
    rows = await connection.execute(
        text(
            f"SELECT {state.key}, person_id, version, {_content(state, fields)} FROM {table} "  # noqa: S608
            f"WHERE {_bucket(state)} = ANY(:buckets)"
        ),
        {"buckets": list(buckets)},
    )
    return [RowDigest(*row) for row in rows]


async def rows_of(connection: AsyncConnection, table: str, state: type[S], keys: Sequence[UUID]) -> list[S]:
    """Current rows by key."""
    names = state.field_names()
    rows = await connection.execute(
        text(f"SELECT {', '.join(names)} FROM {table} WHERE {state.key} = ANY(:keys)"),  # noqa: S608
        {"keys": list(keys)},
    )
    return [_state(state, row) for row in rows]


def state_named(relation: str) -> type[State]:
    """The contract of a relation; `KeyError` when there is none."""
    return STATES[relation]
