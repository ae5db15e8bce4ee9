"""Needs on PostgreSQL: told in bulk, merged, waited for in order, met."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Row, Select, exists, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.rehab.adapters.tables import client_certificate, client_person
from services.rehab.adapters.tables_aid import place
from services.rehab.adapters.tables_need import need, need_source
from services.rehab.domain.aid import AidProgramme
from services.rehab.domain.need import NeedOutcome, NeedStatus
from shared.kit.audit import Change
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.certificate import CertificateStatus
from shared.values.division import Division, Scope

# One statement for all. A need that is told twice in one call, or was told before, is one: the most urgent and the
# earliest counts, and each source is kept. The conflict is on the index of open needs, so two calls at once merge too.
_TELL: Final = """
WITH asked AS (
  SELECT r.person_id, r.item_code, min(r.rank) AS rank, min(r.registered_on) AS registered_on, min(r.n) AS n
    FROM json_to_recordset(CAST(:rows AS json))
      AS r(person_id uuid, item_code text, source text, rank smallint, registered_on date, n int)
   GROUP BY 1, 2
), judged AS (
  SELECT a.*, p.division,
         CASE WHEN p.person_id IS NULL THEN 'PERSON_NOT_KNOWN' WHEN p.died_on IS NOT NULL THEN 'PERSON_HAS_DIED' END
           AS refused
    FROM asked a LEFT JOIN copy_registry_person p ON p.person_id = a.person_id
     AND (:everywhere OR p.division ^@ ANY (CAST(:prefixes AS text[])))
), told AS (
  INSERT INTO aid_need AS n (need_id, person_id, version, division, item_code, rank, registered_on, status, recorded_by)
  SELECT uuidv7(), person_id, 1, division, item_code, rank, registered_on, 'OPEN', :by
    FROM judged WHERE refused IS NULL ORDER BY person_id, item_code
  ON CONFLICT (person_id, item_code) WHERE status = 'OPEN' DO UPDATE
     SET rank = least(n.rank, excluded.rank), registered_on = least(n.registered_on, excluded.registered_on),
         version = n.version + 1
  RETURNING n.need_id, n.person_id, n.item_code, n.version
), sources AS (
  INSERT INTO aid_need_source (need_id, source, told_on, recorded_by)
  SELECT t.need_id, r.source, min(r.registered_on), :by
    FROM json_to_recordset(CAST(:rows AS json))
      AS r(person_id uuid, item_code text, source text, registered_on date)
    JOIN told t ON t.person_id = r.person_id AND t.item_code = r.item_code
   GROUP BY 1, 2
  ON CONFLICT DO NOTHING
)
SELECT j.person_id, j.item_code, j.division, j.n, t.need_id,
       coalesce(j.refused, CASE WHEN t.version = 1 THEN 'REGISTERED' ELSE 'MERGED' END) AS outcome
  FROM judged j LEFT JOIN told t ON t.person_id = j.person_id AND t.item_code = j.item_code
 ORDER BY j.n
"""

_FIGURES: Final = """
WITH wanted AS (
  SELECT item_code, count(*) AS open FROM aid_need n
   WHERE status = 'OPEN' AND starts_with(n.division, :division) GROUP BY 1
), supply AS (
  SELECT i ->> 'code' AS item_code, count(*) AS programmes,
         sum(g.quota - (SELECT count(*) FROM aid_place h
                         WHERE h.programme_id = g.programme_id AND h.status = 'HELD')) AS free
    FROM aid_programme g CROSS JOIN jsonb_array_elements(g.body -> 'items') i
   WHERE g.status = 'IN_FORCE' AND :today BETWEEN g.begins_on AND g.ends_on
     AND (starts_with(:division, g.division) OR starts_with(g.division, :division))
   GROUP BY 1
)
SELECT item_code, coalesce(w.open, 0) AS open, coalesce(s.programmes, 0) AS programmes, coalesce(s.free, 0) AS free
  FROM wanted w FULL JOIN supply s USING (item_code) ORDER BY item_code
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one need that was told."""

    person_id: UUID
    item_code: str
    outcome: NeedOutcome
    need_id: UUID | None
    division: str | None
    line: int


class SqlNeeds:
    """Needs and who waits."""

    def __init__(self, connection: AsyncConnection, *, recorded_by: str, audit: Callable[[Change], None]) -> None:
        self._connection = connection
        self._by = recorded_by
        self._audit = audit

    async def tell(self, rows: Sequence[dict[str, Any]], *, within: Scope) -> list[Told]:
        """Keep needs: person_id, item_code, source, rank, registered_on of each."""
        numbered = orjson.dumps([row | {"n": n} for n, row in enumerate(rows)]).decode()
        values = {"rows": numbered, "everywhere": within.is_everywhere, "prefixes": list(within.prefixes)}
        found = [
            Told(row.person_id, row.item_code, NeedOutcome(row.outcome), row.need_id, row.division, row.n)
            for row in await self._connection.execute(text(_TELL), values | {"by": self._by})
        ]
        for each in found:
            if each.need_id is not None:
                after = {"need_id": each.need_id, "outcome": each.outcome}
                self._audit(Change(each.person_id, "need.told", after=after, division=each.division))
        return found

    async def withdraw(self, need_id: UUID, *, within: Scope) -> bool:
        """It is not wanted any more; False when no such need is open in the scope."""
        query = (
            update(need)
            .where(need.c.need_id == need_id, need.c.status == NeedStatus.OPEN.value, inside(need.c.division, within))
            .values(status=NeedStatus.WITHDRAWN.value, version=need.c.version + 1)
            .returning(need.c.person_id, need.c.division)
        )
        row = (await self._connection.execute(query)).one_or_none()
        if row is not None:
            after = {"need_id": need_id, "status": NeedStatus.WITHDRAWN}
            self._audit(Change(row.person_id, "need.withdrawn", after=after, division=row.division))
        return row is not None

    async def meet(self, person_id: UUID, item_code: str, delivery_id: UUID) -> None:
        """What was delivered is not waited for."""
        await self._connection.execute(
            update(need)
            .where(need.c.person_id == person_id, need.c.item_code == item_code, need.c.status == NeedStatus.OPEN.value)
            .values(status=NeedStatus.MET.value, met_by=delivery_id, version=need.c.version + 1)
        )

    async def reopen(self, delivery_id: UUID) -> None:
        """What was delivered was refused or never was: the need stands, unless it was told anew."""
        again = need.alias()
        told_anew = exists().where(
            again.c.person_id == need.c.person_id,
            again.c.item_code == need.c.item_code,
            again.c.status == NeedStatus.OPEN.value,
        )
        await self._connection.execute(
            update(need)
            .where(need.c.met_by == delivery_id, ~told_anew)
            .values(status=NeedStatus.OPEN.value, met_by=None, version=need.c.version + 1)
        )

    async def next(self, programme_id: UUID, document: AidProgramme, count: int, *, today: date) -> list[UUID]:
        """Who is to be served next."""
        query = waiting(programme_id, document, within=Scope.of(document.division), today=today)
        first = query.order_by(need.c.rank, need.c.registered_on, need.c.need_id)
        # Somebody who waits for two items of a programme holds one place of it.
        rows = await self._connection.execute(first.limit(count * len(document.items)))
        return list(dict.fromkeys(row.person_id for row in rows))[:count]


def waiting(programme_id: UUID, document: AidProgramme, *, within: Scope, today: date) -> Select[Any]:
    """Open needs for what a programme gives, of those who qualify and have no place (REH-31)."""
    held = exists().where(
        place.c.programme_id == programme_id, place.c.person_id == need.c.person_id, place.c.status == "HELD"
    )
    query = (
        select(need)
        .join(client_person, client_person.c.person_id == need.c.person_id)
        .where(
            need.c.status == NeedStatus.OPEN.value,
            need.c.item_code.in_([item.code for item in document.items]),
            client_person.c.died_on.is_(None),
            client_person.c.division.startswith(document.division),
            inside(client_person.c.division, within),
            ~held,
        )
    )
    if not document.qualifies.holders:
        return query
    return query.where(
        exists().where(
            client_certificate.c.person_id == need.c.person_id,
            client_certificate.c.status == CertificateStatus.VALID.value,
            client_certificate.c.expires_on >= today,
            client_certificate.c.components.regexp_match(document.qualifies.pattern),
        )
    )


async def waiting_page(
    connection: AsyncConnection, page: Page, programme_id: UUID, document: AidProgramme, *, within: Scope, today: date
) -> tuple[list[Row[Any]], str | None]:
    """The waiting list in the order it is served."""
    query = waiting(programme_id, document, within=within, today=today)
    rows, following = await paginate(connection, query, [need.c.rank, need.c.registered_on, need.c.need_id], page)
    return list(rows), following


async def needs_page(
    connection: AsyncConnection,
    page: Page,
    *,
    within: Scope,
    person_id: UUID | None,
    item_code: str | None,
    status: NeedStatus | None,
) -> tuple[list[Row[Any]], str | None]:
    """Needs with who told of them."""
    sources = (
        select(func.array_agg(need_source.c.source)).where(need_source.c.need_id == need.c.need_id).scalar_subquery()
    )
    query = select(need, sources.label("sources")).where(inside(need.c.division, within))
    for column, value in ((need.c.person_id, person_id), (need.c.item_code, item_code), (need.c.status, status)):
        if value is not None:
            query = query.where(column == value)
    rows, following = await paginate(connection, query, [need.c.need_id], page)
    return list(rows), following


async def figures(connection: AsyncConnection, division: Division, *, today: date) -> Collection[Row[Any]]:
    """Of each item how many wait, how many programmes give it, and how many places are free."""
    return (await connection.execute(text(_FIGURES), {"division": division.code, "today": today})).all()
