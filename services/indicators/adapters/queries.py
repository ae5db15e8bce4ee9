"""Counting spells. Whole months of history are one pass over one index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.indicators.domain.breakdown import Root
from services.indicators.domain.definition import Count, Counting, Kind
from services.indicators.domain.period import Period, day_after
from services.indicators.use_cases.ports import AsOf, Counted, ReportedFigure, Told

# Who was found to be one person with whom, and with whom that one (RU-02); an absorbed record is nobody of its own.
_MERGED: Final = """
WITH RECURSIVE chain AS (
  SELECT absorbed_id, person_id, 1 AS step FROM copy_registry_merge WHERE NOT undone
  UNION ALL
  SELECT c.absorbed_id, m.person_id, step + 1 FROM chain c
    JOIN copy_registry_merge m ON m.absorbed_id = c.person_id AND NOT m.undone WHERE step < 20),
merged AS (
  SELECT DISTINCT ON (absorbed_id) absorbed_id, person_id FROM chain ORDER BY absorbed_id, step DESC)
"""
_COUNTED: Final = "kind = :kind AND division LIKE :within AND length(division) >= :digits AND trait LIKE ANY (:traits)"

# ``hits``: bit i is set when the spell counts in period i: from the first period that is not over before it begins,
# until the last one it reaches. ``:after`` are the days after the reference dates, ``:firsts`` the first days. Equal
# hits are counted before they are spread over the periods.
_EACH: Final = f"""{_MERGED},
hit AS (
  SELECT left(division, :digits) AS place, person_id,
         (1::bigint << {{until}}) - (1::bigint << width_bucket(from_date, CAST(:after AS date[]))) AS hits
    FROM spell WHERE {_COUNTED} AND from_date < :last_after AND {{reaches}}),
alike AS ({{alike}})
SELECT place, i, sum(n)::bigint FROM alike JOIN generate_series(0, :last) AS i ON (hits >> i) & 1 = 1 GROUP BY 1, 2
"""  # noqa: S608 - texts of ours
_UNTIL: Final[Mapping[Counting, tuple[str, str]]] = {
    Counting.STOCK: ("width_bucket(to_date, CAST(:after AS date[]))", "to_date >= :first_after"),
    Counting.DURING: ("width_bucket(to_date - 1, CAST(:firsts AS date[]))", "to_date > :first"),
    Counting.EVER: (":last + 1", "true"),
}
_ALL: Final = "SELECT place, hits, count(*) AS n FROM hit GROUP BY 1, 2"
_PERSONS: Final = (
    "SELECT place, hits, count(*) AS n FROM hit "
    "WHERE NOT EXISTS (SELECT FROM merged m WHERE m.absorbed_id = hit.person_id) GROUP BY 1, 2"
)
# A person counts in a period when any of their spells does (RU-02).
_DISTINCT: Final = (
    "SELECT place, hits, count(*) AS n FROM (SELECT place, bit_or(hits) AS hits FROM hit "
    "LEFT JOIN merged m ON m.absorbed_id = hit.person_id "
    "GROUP BY place, coalesce(m.person_id, hit.person_id)) AS person GROUP BY 1, 2"
)
_TURNED: Final[Mapping[Counting, TextClause]] = {
    counting: text(f"""
SELECT left(division, :digits) AS place, width_bucket({day}, CAST(:firsts AS date[])) - 1 AS i, count(*)
  FROM spell WHERE {_COUNTED} AND {turns} AND {day} >= :first AND {day} < :past GROUP BY 1, 2
""")  # noqa: S608 - two columns of ours
    for counting, turns, day in ((Counting.BEGAN, "opens", "from_date"), (Counting.ENDED, "closes", "(to_date - 1)"))
}
# KPI-20: due for the month of the reference date, although a stop older than it still held on its first day. A stop
# from before an award began is no reason against it: the award was granted in its knowledge.
_DESPITE: Final = text(f"""{_MERGED}
SELECT left(s.division, :digits) AS place, p.i - 1, count(*)
  FROM unnest(CAST(:after AS date[]), CAST(:months AS date[])) WITH ORDINALITY AS p(after, month, i)
  JOIN spell s ON s.from_date < p.after AND s.to_date >= p.after
  JOIN copy_subsidy_award a ON a.award_id = s.subject_id
 WHERE s.kind = :kind AND s.division LIKE :within AND length(s.division) >= :digits AND s.trait LIKE ANY (:traits)
   AND EXISTS (
    SELECT FROM spell f LEFT JOIN merged m ON m.absorbed_id = f.person_id
     WHERE f.kind = 'stop' AND coalesce(m.person_id, f.person_id) = s.person_id
       AND f.from_date >= CAST(a.start_month || '-01' AS date) AND f.from_date < p.month AND f.to_date > p.month)
 GROUP BY 1, 2
""")  # noqa: S608 - one text of ours
_BY_PREFECTURE: Final = text("""
SELECT left(division, 4) AS prefecture, count(*) AS value FROM spell
 WHERE kind = :kind AND from_date <= :today AND to_date > :today GROUP BY 1
""")
_REPORTED: Final = text("""
SELECT DISTINCT ON (indicator, period, division) indicator, period, division, report_id, numerator, denominator
  FROM reported_value
 WHERE status = 'ACCEPTED' AND aspect = 'ACTUAL' AND period = ANY (:periods)
   AND division LIKE :within AND length(division) = :digits
 ORDER BY indicator, period, division, accepted_at DESC, report_id DESC
""")


def _statement(count: Count) -> TextClause:
    if count.despite_stop:
        return _DESPITE
    if count.counting in _TURNED:
        return _TURNED[count.counting]
    until, reaches = _UNTIL[count.counting]
    alike = _DISTINCT if count.distinct else _PERSONS if count.kind is Kind.PERSON else _ALL
    return text(_EACH.format(until=until, reaches=reaches, alike=alike))


def _values(count: Count, root: Root, asked: Sequence[Period]) -> dict[str, object]:
    after = [day_after(period.reference_date) for period in asked]
    firsts = [period.first_day for period in asked]
    return {
        "kind": count.kind.value,
        "digits": root.digits,
        "within": f"{root.prefix}%",
        "traits": [*count.traits] or ["%"],
        "after": after,
        "first_after": after[0],
        "last_after": after[-1],
        "firsts": firsts,
        "first": firsts[0],
        "months": [period.reference_month.first_day for period in asked],
        "past": day_after(asked[-1].last_end(count.kind)),
        "last": len(asked) - 1,
    }


def query_of(count: Count) -> str:
    """The statement behind a count, as lineage shows it."""
    return _statement(count).text


class SqlFigures:
    """`Figures` on one snapshot of the database."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def count(self, count: Count, root: Root, asked: Sequence[Period]) -> Counted:
        """One count below one root, for some periods in order, without gaps."""
        statement, values = _statement(count), _values(count, root, asked)
        used = {name: values[name] for name in values if f":{name}" in statement.text}
        rows = await self._connection.execute(statement, used)
        return {(place, index): value for place, index, value in rows}

    async def reported(self, root: Root, asked: Sequence[Period]) -> Told:
        """What was reported and accepted, the newest of each place and period."""
        index = {str(period.span): number for number, period in enumerate(asked)}
        rows = await self._connection.execute(
            _REPORTED,
            {
                "periods": [*index],
                "within": f"{root.prefix}%",
                "digits": root.digits,
            },
        )
        told: dict[str, dict[tuple[str, int], ReportedFigure]] = {}
        for row in rows:
            figure = ReportedFigure(row.report_id, row.numerator, row.denominator)
            told.setdefault(row.indicator, {})[row.division, index[row.period]] = figure
        return told

    async def as_of(self) -> tuple[datetime, list[AsOf]]:
        """The instant of the snapshot, and what it contains of each journal."""
        instant = await self._connection.scalar(text("SELECT clock_timestamp()"))
        assert isinstance(instant, datetime)
        rows = await self._connection.execute(
            text("SELECT publisher, epoch, position, moved_at FROM consumer_cursor ORDER BY publisher")
        )
        return instant, [AsOf(*row) for row in rows]


async def stock_by_prefecture(connection: AsyncConnection, kind: Kind, today: date) -> dict[str, int]:
    """What counts today in each prefecture."""
    rows = await connection.execute(_BY_PREFECTURE, {"kind": kind.value, "today": today})
    return {row.prefecture: row.value for row in rows}
