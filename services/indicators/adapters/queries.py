"""Figures: read from what is kept counted where it is, from the spells where it is not.

Spells tell whole months of history by one pass over one index. What is kept counted ends with months; of the running
one, what comes and goes after today is taken off again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.indicators.adapters.tallies import ROOTED, TURNS
from services.indicators.domain.breakdown import Root
from services.indicators.domain.definition import Count, Counting, Kind
from services.indicators.domain.period import Period, day_after
from services.indicators.domain.tally import FLOWS, KEPT, Facet, Family, facet_of, grain_of
from services.indicators.use_cases.ports import AsOf, Counted, ReportedFigure, Told
from shared.values.division import Level

_COUNTED: Final = "kind = :kind AND division LIKE :within AND length(division) >= :digits AND trait LIKE ANY (:traits)"

# ``hits``: bit i is set when the spell counts in period i: from the first period that is not over before it begins,
# until the last one it reaches. ``:after`` are the days after the reference dates, ``:firsts`` the first days. Equal
# hits are counted before they are spread over the periods.
_EACH: Final = f"""
WITH hit AS (
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
    "WHERE NOT EXISTS (SELECT FROM absorbed m WHERE m.absorbed_id = hit.person_id) GROUP BY 1, 2"
)
# A person counts in a period when any of their spells does (RU-02).
_DISTINCT: Final = (
    "SELECT place, hits, count(*) AS n FROM (SELECT place, bit_or(hits) AS hits FROM hit "
    "LEFT JOIN absorbed m ON m.absorbed_id = hit.person_id "
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
# from before an award began is no reason against it: the award was granted in its knowledge. First, by one index, who
# has both at all (``held``), which is hardly anybody; a stop of an absorbed record is that of who absorbed it. The
# bounds are told to the index themselves: of a LIKE a plan for any value would read every award.
_DESPITE: Final = text("""
WITH held AS MATERIALIZED (
  SELECT s.person_id FROM spell s
   WHERE s.kind = :kind AND s.division ~>=~ :prefix AND s.division ~<~ (CAST(:prefix AS text) || ':')
     AND s.trait LIKE ANY (:traits)
     AND s.from_date < :last_after AND s.to_date >= :first_after
     AND EXISTS (SELECT FROM spell f WHERE f.kind = 'stop' AND f.person_id = s.person_id
                    AND f.from_date < :last_month AND f.to_date > :first_month)
  UNION SELECT person_id FROM absorbed),
halted AS MATERIALIZED (
  SELECT f.person_id, f.from_date, f.to_date FROM held JOIN spell f ON f.person_id = held.person_id AND f.kind = 'stop'
   WHERE NOT EXISTS (SELECT FROM absorbed m WHERE m.absorbed_id = f.person_id)
  UNION ALL
  SELECT m.person_id, f.from_date, f.to_date
    FROM absorbed m JOIN spell f ON f.person_id = m.absorbed_id AND f.kind = 'stop')
SELECT s.division AS place, p.i - 1, count(*)
  FROM (SELECT DISTINCT person_id FROM halted) AS both_of
  JOIN spell s ON s.person_id = both_of.person_id AND s.kind = :kind
  JOIN unnest(CAST(:after AS date[]), CAST(:months AS date[])) WITH ORDINALITY AS p(after, month, i)
    ON s.from_date < p.after AND s.to_date >= p.after
  JOIN copy_subsidy_award a ON a.award_id = s.subject_id
 WHERE s.division ~>=~ :prefix AND s.division ~<~ (CAST(:prefix AS text) || ':')
   AND s.trait LIKE ANY (:traits)
   AND EXISTS (
    SELECT FROM halted f WHERE f.person_id = s.person_id
       AND f.from_date >= CAST(a.start_month || '-01' AS date) AND f.from_date < p.month AND f.to_date > p.month)
 GROUP BY 1, 2
""")
# Some facets in one reading. ``firsts``: the first month of each period, ``lasts``: that of its reference date. Months
# are whole: who had gone before a period began and was not there at its beginning has come anew (``during``).
_KEPT: Final = text("""
SELECT facet, place, (p.i - 1)::int AS i, sum(came - went)::bigint AS stock,
       coalesce(sum(came) FILTER (WHERE after = '-infinity'), 0)::bigint AS ever,
       coalesce(sum(came) FILTER (WHERE month >= p.first), 0)::bigint AS turned,
       (coalesce(sum(came) FILTER (WHERE after <= p.first), 0)
        - coalesce(sum(went) FILTER (WHERE month <= p.first), 0))::bigint AS during
  FROM tally JOIN unnest(CAST(:firsts AS date[]), CAST(:lasts AS date[])) WITH ORDINALITY AS p(first, last, i)
    ON month <= p.last
 WHERE facet = ANY(:facets) AND level = :digits AND place >= :prefix AND place < :prefix || ':' AND month >= :earliest
 GROUP BY 1, 2, 3
""")
_OF: Final[Mapping[Counting, str]] = {
    Counting.STOCK: "stock",
    Counting.EVER: "ever",
    Counting.BEGAN: "turned",
    Counting.ENDED: "turned",
    Counting.DURING: "during",
}
"""Which column tells what."""
# Of every facet of a kind at once: who comes and goes on the days of the running month that are still to come.
_LATE: Final = text(f"""
WITH seen AS (
  SELECT 1 AS side, s.* FROM spell s WHERE s.kind = :kind AND s.person_id = ANY(ARRAY(
    WITH late AS (
      SELECT person_id FROM spell WHERE kind = :kind AND to_date > :day AND to_date < 'infinity'
         AND to_date <= CAST(:month_end AS date) + 1 AND division LIKE :within
      UNION SELECT person_id FROM spell
       WHERE kind = :kind AND from_date > :day AND from_date <= :month_end AND division LIKE :within),
    circle AS (SELECT coalesce(a.person_id, l.person_id) AS root
                 FROM late l LEFT JOIN absorbed a ON a.absorbed_id = l.person_id)
    SELECT root FROM circle UNION SELECT a.absorbed_id FROM circle JOIN absorbed a ON a.person_id = root))),
{ROOTED}, {TURNS}
SELECT facet, place, sum(came - went)::bigint AS stock, sum(came)::bigint AS turned,
       coalesce(sum(came) FILTER (WHERE after = '-infinity'), 0)::bigint AS ever
  FROM turn WHERE day > :day AND day <= :month_end AND grain = :grain AND place LIKE :within GROUP BY 1, 2
""")  # noqa: S608 - texts of ours
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
        "prefix": root.prefix,
        "traits": [*count.traits] or ["%"],
        "after": after,
        "first_after": after[0],
        "last_after": after[-1],
        "firsts": firsts,
        "first": firsts[0],
        "months": (months := [period.reference_month.first_day for period in asked]),
        "first_month": months[0],
        "last_month": months[-1],
        "past": day_after(asked[-1].last_end(count.kind)),
        "last": len(asked) - 1,
    }


def query_of(count: Count) -> str:
    """The statement behind a count, as lineage shows it: over spells, which what is kept counted must agree with."""
    return _statement(count).text


class SqlFigures:
    """`Figures` on one snapshot of the database."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._kept: frozenset[str] | None = None
        self._despite: dict[tuple[Count, str, date], list[tuple[str, int]]] = {}
        self._known: dict[tuple[Kind, bool, Root, tuple[Period, ...]], Sequence[Row[Any]]] = {}
        self._turning: dict[tuple[Kind, str, Period], Sequence[Row[Any]]] = {}

    async def count(self, count: Count, root: Root, asked: Sequence[Period]) -> Counted:
        """One count below one root, for some periods in order, without gaps."""
        facet = facet_of(count)
        if facet is None or root.digits not in KEPT or facet.code not in await self._facets():
            return await self.from_spells(count, root, asked)
        last, column = asked[-1], _OF[count.counting]
        told = {
            (row.place, row.i): int(getattr(row, column))
            for row in await self._read(facet, root, asked)
            if row.facet == facet.code
        }
        if last.reference_date < last.reference_month.last_day and not count.kind.by_month:
            for turned in await self._late(count.kind, root, last):
                if turned.facet == facet.code and turned.place.startswith(root.prefix):
                    key = (turned.place[: root.digits], len(asked) - 1)
                    told[key] = told.get(key, 0) - getattr(turned, column)
        return {key: value for key, value in told.items() if value}

    async def _read(self, facet: Facet, root: Root, asked: Sequence[Period]) -> Sequence[Row[Any]]:
        """All stocks, or all flows, that are kept of a kind below one root: most questions are about many of them.

        A stock is added up from the first month on, a flow within its period.
        """
        flows = facet.family in FLOWS
        key = (facet.kind, flows, root, tuple(asked))
        if key not in self._known:
            alike = [f"{facet.kind}:{family}:" for family in Family if (family in FLOWS) == flows]
            values = {
                "facets": [code for code in await self._facets() if code.startswith(tuple(alike))],
                "earliest": asked[0].first_day if flows else date.min,
                "digits": root.digits,
                "prefix": root.prefix,
                "firsts": [period.first_day for period in asked],
                "lasts": [period.reference_month.first_day for period in asked],
            }
            self._known[key] = list(await self._connection.execute(_KEPT, values))
        return self._known[key]

    async def _despite_stop(self, count: Count, root: Root, asked: Sequence[Period]) -> Counted:
        """Few awards, told by where each is and by day: one reading serves a place and everything below it, a month and
        the year it ends."""
        keys = [(count, root.prefix, period.reference_date) for period in asked]
        if not self._despite.keys() >= {*keys}:
            values = _values(count, root, asked)
            used = {name: values[name] for name in values if f":{name}" in _DESPITE.text}
            self._despite |= {key: [] for key in keys}
            for division, index, awards in await self._connection.execute(_DESPITE, used):
                self._despite[keys[index]].append((division, awards))
        told: dict[tuple[str, int], int] = {}
        for index, key in enumerate(keys):
            for division, awards in self._despite[key]:
                if len(division) >= root.digits:
                    place = (division[: root.digits], index)
                    told[place] = told.get(place, 0) + awards
        return told

    async def _late(self, kind: Kind, root: Root, last: Period) -> Sequence[Row[Any]]:
        """What the running month has already counted of the days after today: of counties for all levels above."""
        grain = grain_of(root.digits)
        within = root.prefix if grain == Level.TOWNSHIP else ""
        key = (kind, within, last)
        if key not in self._turning:
            values = {
                "kind": kind.value,
                "facet": "%",
                "grain": grain,
                "within": f"{within}%",
                "day": last.reference_date,
                "month_end": last.reference_month.last_day,
            }
            self._turning[key] = list(await self._connection.execute(_LATE, values))
        return [turned for turned in self._turning[key] if len(turned.place) >= root.digits]

    async def _facets(self) -> frozenset[str]:
        """What is kept counted."""
        if self._kept is None:
            self._kept = frozenset(await self._connection.scalars(text("SELECT facet FROM tally_facet")))
        return self._kept

    async def from_spells(self, count: Count, root: Root, asked: Sequence[Period]) -> Counted:
        """The same by counting spells."""
        if count.despite_stop:
            return await self._despite_stop(count, root, asked)
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
