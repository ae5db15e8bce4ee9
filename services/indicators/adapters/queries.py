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

# ``hits``: bit i is set when the spell covers reference date i. ``:after`` are the days after the reference dates, so
# that both ends are found by the same search; equal hits are counted before they are spread over the dates.
_EACH: Final = """
WITH hit AS (
  SELECT left(division, :digits) AS place, person_id,
         (1::bigint << width_bucket(to_date, CAST(:after AS date[])))
         - (1::bigint << width_bucket(from_date, CAST(:after AS date[]))) AS hits
    FROM spell
   WHERE kind = :kind AND division LIKE :within AND length(division) >= :digits
     AND from_date < :last_after AND to_date >= :first_after),
alike AS ({alike})
SELECT place, i, sum(n)::bigint FROM alike JOIN generate_series(0, :last) AS i ON (hits >> i) & 1 = 1 GROUP BY 1, 2
"""
_ALL: Final = "SELECT place, hits, count(*) AS n FROM hit GROUP BY 1, 2"
# A person counts on a date when any of their spells does (RU-02).
_DISTINCT: Final = (
    "SELECT place, hits, count(*) AS n FROM "
    "(SELECT place, bit_or(hits) AS hits FROM hit GROUP BY place, person_id) AS person GROUP BY 1, 2"
)
_STOCK: Final = text(_EACH.format(alike=_ALL))
_STOCK_DISTINCT: Final = text(_EACH.format(alike=_DISTINCT))
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
                values |= {"after": after, "first_after": after[0], "last_after": after[-1], "last": len(after) - 1}
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
