"""What lists say of persons: one row for each person, list and day, kept as long as lists tell it (DX-05)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.tables_comparison import list_entry
from services.subsidy.adapters.work import SYSTEM, SubsidyWork
from services.subsidy.domain.comparison.lists import SHAPES, ListKind, ListRow
from shared.kit.audit import Look
from shared.kit.retention import Rule
from shared.values.dates import add_years

YEARS: Final = 3
CHUNK: Final = 5_000
FIELDS: Final = ("list", "event_on")

# An undated list names the day of its first receipt ever after: the same list again says the same.
_KEEP: Final = text("""
WITH told AS (
  SELECT t.*, coalesce(t.day, (SELECT min(k.event_on) FROM list_entry k WHERE k.kind = :kind
                                  AND k.person_id = t.person_id AND k.scheme = t.scheme), :today) AS event_on
    FROM json_to_recordset(CAST(:rows AS json)) AS t(person_id uuid, day date, scheme text, until date,
      amount_fen bigint, judged boolean, category smallint, grade smallint, card_state text, expires_on date)),
kept AS (
  INSERT INTO list_entry AS e (kind, person_id, event_on, scheme, until, amount_fen, judged, category, grade,
                               card_state, expires_on, last_seen_on, recorded_by)
  SELECT DISTINCT ON (person_id, event_on, scheme) :kind, person_id, event_on, scheme, until, amount_fen, judged,
         category, grade, card_state, expires_on, CAST(:today AS date), :by
    FROM told ORDER BY person_id, event_on, scheme, judged DESC
  ON CONFLICT (kind, person_id, event_on, scheme) DO UPDATE
     SET (until, amount_fen, judged, category, grade, card_state, expires_on, last_seen_on)
       = (excluded.until, excluded.amount_fen, excluded.judged, excluded.category, excluded.grade,
          excluded.card_state, excluded.expires_on, greatest(e.last_seen_on, excluded.last_seen_on))
  RETURNING (old.until, old.amount_fen, old.judged, old.category, old.grade, old.card_state, old.expires_on)
            IS DISTINCT FROM
            (new.until, new.amount_fen, new.judged, new.category, new.grade, new.card_state, new.expires_on)
            OR old.entry_id IS NULL AS is_news)
SELECT count(*) FROM kept WHERE is_news""")


async def keep(work: SubsidyWork, kind: ListKind, told: Sequence[tuple[date | None, ListRow]]) -> int:
    """Keep what rows of linked persons say; how many say anything new. Everybody told of is in the trail."""
    if not told:
        return 0
    ends = "until" not in SHAPES[kind].dates
    rows = [
        {
            "person_id": row.person_id,
            "day": day,
            "scheme": row.scheme or "",
            "until": row.until if ends else None,
            "amount_fen": row.amount_fen,
            "judged": row.judged,
            "category": row.category,
            "grade": row.grade,
            "card_state": row.card_state,
            "expires_on": row.expires_on,
        }
        for day, row in told
    ]
    by = SYSTEM if work.caller is None else work.caller.subject
    bound = {"rows": orjson.dumps(rows).decode(), "kind": kind.value, "today": work.today(), "by": by}
    persons = sorted({row.person_id for _, row in told if row.person_id is not None})
    work.audit(Look(None, FIELDS, "list.told", count=len(persons), persons=tuple(persons)))
    return int(await work.connection.scalar(_KEEP, bound) or 0)


async def of_person(connection: AsyncConnection, person_id: UUID) -> list[Any]:
    """What lists say of a person, oldest day first."""
    query = select(list_entry).where(list_entry.c.person_id == person_id)
    found = await connection.execute(query.order_by(list_entry.c.event_on, list_entry.c.kind))
    return list(found.all())


async def _count(connection: AsyncConnection, now: datetime) -> int:
    return int(await connection.scalar(select(func.count()).where(_over(now))) or 0)


async def _forget(connection: AsyncConnection, now: datetime) -> int:
    some = select(list_entry.c.entry_id).where(_over(now)).limit(CHUNK).with_for_update(skip_locked=True)
    gone = await connection.execute(delete(list_entry).where(list_entry.c.entry_id.in_(some)))
    return gone.rowcount


def _over(now: datetime) -> ColumnElement[bool]:
    return list_entry.c.last_seen_on < add_years(now.date(), -YEARS)


LISTS: Final = Rule("bureau_lists", "what no list has told for three years is forgotten", _count, _forget)
