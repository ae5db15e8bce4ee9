"""Counting spells. Whole months of history are one pass over one index."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.indicators.domain.breakdown import Root
from services.indicators.domain.definition import Counting, Definition, Kind
from services.indicators.domain.period import Period, day_after
from services.indicators.use_cases.ports import AsOf, Counted

# A spell covers the reference dates from ``first`` to before ``past`` (indexes in order of time): ``:after`` are the
# days after them, so both ends are the same search. Equal runs are grouped before they are spread over the dates.
_COVERED: Final = """
WITH covered AS (
  SELECT left(division, :digits) AS place, person_id, width_bucket(from_date, CAST(:after AS date[])) AS first,
         width_bucket(to_date, CAST(:after AS date[])) AS past
    FROM spell
   WHERE kind = :kind AND division LIKE :within AND length(division) >= :digits
     AND from_date < :last_after AND to_date >= :first_after)"""
_EACH: Final = """
{covered},
alike AS (SELECT place, first, past, count(*) AS n FROM covered WHERE first < past GROUP BY 1, 2, 3)
SELECT place, i, sum(n)::bigint FROM alike, generate_series(first, past - 1) AS i GROUP BY 1, 2
"""
# One person's overlapping spells are one run first (RU-02).
_EACH_PERSON: Final = """
{covered},
person AS (SELECT place, range_agg(int4range(first, past)) AS runs FROM covered WHERE first < past
            GROUP BY place, person_id),
alike AS (SELECT place, run, count(*) AS n FROM person, unnest(runs) AS run GROUP BY 1, 2)
SELECT place, i, sum(n)::bigint FROM alike, generate_series(lower(run), upper(run) - 1) AS i GROUP BY 1, 2
"""
_STOCK: Final = text(_EACH.format(covered=_COVERED))
_STOCK_DISTINCT: Final = text(_EACH_PERSON.format(covered=_COVERED))
_ENDED: Final = text("""
SELECT left(division, :digits) AS place, width_bucket(to_date - 1, CAST(:firsts AS date[])) - 1 AS i, count(*)
  FROM spell
 WHERE kind = :kind AND division LIKE :within AND length(division) >= :digits AND closes
   AND to_date > :first AND to_date <= :past
 GROUP BY 1, 2
""")
_BY_PREFECTURE: Final = text("""
SELECT left(division, 4) AS prefecture, count(*) AS value FROM spell
 WHERE kind = :kind AND from_date <= :today AND to_date > :today GROUP BY 1
""")


class SqlFigures:
    """`Figures` on one snapshot of the database."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def count(self, definition: Definition, root: Root, asked: Sequence[Period]) -> Counted:
        """One indicator below one root, for some months in order."""
        values: dict[str, object] = {
            "kind": definition.kind.value,
            "digits": root.digits,
            "within": f"{root.prefix}%",
        }
        match definition.counting:
            case Counting.STOCK:
                after = [day_after(period.reference_date) for period in asked]
                values |= {"after": after, "first_after": after[0], "last_after": after[-1]}
                statement = _STOCK_DISTINCT if definition.distinct else _STOCK
            case Counting.ENDED:
                values |= {
                    "firsts": [period.month.first_day for period in asked],
                    "first": asked[0].month.first_day,
                    "past": day_after(asked[-1].last_end(definition.kind)),
                }
                statement = _ENDED
        rows = await self._connection.execute(statement, values)
        return {(place, index): value for place, index, value in rows}

    async def as_of(self) -> tuple[datetime, list[AsOf]]:
        """The instant of the snapshot, and what it contains of each journal."""
        instant = await self._connection.scalar(text("SELECT now()"))
        assert isinstance(instant, datetime)
        rows = await self._connection.execute(
            text("SELECT publisher, epoch, position, moved_at FROM consumer_cursor ORDER BY publisher")
        )
        return instant, [AsOf(*row) for row in rows]


async def stock_by_prefecture(connection: AsyncConnection, kind: Kind, today: date) -> dict[str, int]:
    """What counts today in each prefecture."""
    rows = await connection.execute(_BY_PREFECTURE, {"kind": kind.value, "today": today})
    return {row.prefecture: row.value for row in rows}
