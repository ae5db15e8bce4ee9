"""Facts as received: every revision stays on record, and what follows from it stands from the same moment on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import and_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import records
from services.subsidy.adapters.standing import News, restand
from services.subsidy.adapters.tables import holder_person
from services.subsidy.adapters.tables_facts import fact
from services.subsidy.domain.person_facts import Fact, FactKind, Revision, Source
from shared.kit.audit import Change
from shared.kit.database import uuid_array
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.division import Division, Scope

_NEWEST: Final = fact.c.superseded_at.is_(None)


_TOLD: Final = """json_to_recordset(CAST(:rows AS json)) AS t(fact_id uuid, revision int, person_id uuid, division text,
  kind text, value text, amount_fen bigint, dibao_class smallint, income_percent int, scheme text, reason text,
  valid_from date, valid_to date, source text, rank smallint, verified boolean, withdrawn boolean)"""
_CLOSE: Final = text(
    f"UPDATE fact f SET superseded_at = :at FROM {_TOLD} "  # noqa: S608 - put together from constants
    "WHERE f.fact_id = t.fact_id AND f.revision = t.revision - 1 AND f.superseded_at IS NULL"
)
_ADD: Final = text(
    "INSERT INTO fact (fact_id, revision, person_id, division, kind, value, amount_fen, dibao_class, income_percent, "  # noqa: S608
    "scheme, reason, valid_from, valid_to, source, rank, verified, withdrawn, recorded_at, recorded_by, trace_id) "
    "SELECT fact_id, revision, person_id, division, kind, value, amount_fen, dibao_class, income_percent, scheme, "
    f"reason, valid_from, valid_to, source, rank, verified, withdrawn, :at, :by, :trace FROM {_TOLD}"
)

_FOLLOW: Final = text(
    "UPDATE fact f SET division = h.division FROM copy_registry_person h "
    "WHERE h.person_id = ANY(CAST(:persons AS uuid[])) AND f.person_id = h.person_id "
    "AND f.superseded_at IS NULL AND f.division <> h.division"
)


async def store(
    connection: AsyncConnection, revisions: Sequence[Revision], *, at: datetime, by: str, trace_id: str
) -> None:
    """Store revisions, each the successor of the newest on record, which it supersedes."""
    if not revisions:
        return
    rows = orjson.dumps([_row(revision) for revision in revisions]).decode()
    await connection.execute(_CLOSE, {"rows": rows, "at": at})
    await connection.execute(_ADD, {"rows": rows, "at": at, "by": by, "trace": trace_id})


async def put(
    connection: AsyncConnection, revisions: Sequence[Revision], *, at: datetime, by: str, trace_id: str
) -> None:
    """Store revisions and let what follows from them stand."""
    await store(connection, revisions, at=at, by=by, trace_id=trace_id)
    await restand(connection, {News.FACT: {revision.fact.person_id for revision in revisions}}, at=at)


def _row(revision: Revision) -> dict[str, Any]:
    return {
        **asdict(revision.fact),
        "rank": revision.fact.source.rank,
        "revision": revision.revision,
        "division": revision.division,
        "withdrawn": revision.withdrawn,
    }


async def get(
    connection: AsyncConnection, fact_ids: Sequence[UUID], *, within: Scope, lock: bool = False
) -> dict[UUID, Revision]:
    """The newest revisions of some facts within a scope."""
    query = select(fact).where(fact.c.fact_id.in_(set(fact_ids)), _NEWEST, inside(fact.c.division, within))
    if lock:
        query = query.with_for_update()
    return {row.fact_id: to_revision(row) for row in await connection.execute(query)}


async def history(connection: AsyncConnection, fact_id: UUID, *, within: Scope) -> list[Revision]:
    """All revisions of a fact, oldest first; empty where the newest lies outside the scope."""
    if not await get(connection, [fact_id], within=within):
        return []
    rows = await connection.execute(select(fact).where(fact.c.fact_id == fact_id).order_by(fact.c.revision))
    return [to_revision(row) for row in rows]


async def follow_homes(connection: AsyncConnection, persons: Collection[UUID]) -> None:
    """Facts in force belong where their person lives now; older revisions keep where they were told."""
    if persons:
        await connection.execute(_FOLLOW, {"persons": uuid_array(persons)})


async def page_of(
    connection: AsyncConnection,
    page: Page,
    *,
    within: Scope,
    division: Division | None,
    person_id: UUID | None,
    kind: FactKind | None,
) -> tuple[list[Revision], str | None]:
    """A page of newest revisions."""
    where = [_NEWEST, inside(fact.c.division, within if division is None else within.narrowed_to(division))]
    if person_id is not None:
        where.append(fact.c.person_id.in_(await records.every(connection, person_id)))
    if kind is not None:
        where.append(fact.c.kind == kind.value)
    rows, following = await paginate(connection, select(fact).where(and_(*where)), [fact.c.fact_id], page)
    return [to_revision(row) for row in rows], following


def to_revision(row: Any) -> Revision:
    """A row of ``fact``."""
    return Revision(
        fact=Fact(
            fact_id=row.fact_id,
            person_id=row.person_id,
            kind=FactKind(row.kind),
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            value=row.value,
            amount_fen=row.amount_fen,
            dibao_class=row.dibao_class,
            income_percent=row.income_percent,
            scheme=row.scheme,
            reason=row.reason,
            source=Source(row.source),
            verified=row.verified,
        ),
        revision=row.revision,
        division=row.division,
        withdrawn=row.withdrawn,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
    )


class SqlFacts:
    """`Facts` on PostgreSQL."""

    def __init__(self, connection: AsyncConnection, *, by: str, trace_id: str, audit: Callable[..., None]) -> None:
        self._connection = connection
        self._by = by
        self._trace_id = trace_id
        self._audit = audit

    async def divisions(self, person_ids: Collection[UUID], *, within: Scope) -> dict[UUID, str]:
        """Where these persons belong, as far as they lie within the scope."""
        rows = await self._connection.execute(
            select(holder_person.c.person_id, holder_person.c.division).where(
                holder_person.c.person_id.in_(set(person_ids)), inside(holder_person.c.division, within)
            )
        )
        return {row.person_id: row.division for row in rows}

    async def get(self, fact_ids: Sequence[UUID], *, within: Scope) -> dict[UUID, Revision]:
        """The newest revisions, locked."""
        return await get(self._connection, fact_ids, within=within, lock=True)

    async def add(self, revisions: Sequence[Revision], *, at: datetime) -> None:
        """Store revisions and what follows from them."""
        await put(self._connection, revisions, at=at, by=self._by, trace_id=self._trace_id)
        for revision in revisions:
            what = "withdrawn" if revision.withdrawn else "recorded" if revision.revision == 1 else "corrected"
            told = {"kind": revision.fact.kind, "fact_id": revision.fact.fact_id, "revision": revision.revision}
            self._audit(Change(revision.fact.person_id, f"fact.{what}", after=told, division=revision.division))
