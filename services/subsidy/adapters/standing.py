"""What stands for money about some persons, derived from the copy of the register and from the facts received.

One pass over the persons whose news it is: the rows that should stand are computed set-based and compared with those
that do; what no longer holds is closed at this moment, what is new is added. Running it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import Enum, auto
from typing import Final
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import records
from services.subsidy.adapters.records import as_one
from services.subsidy.adapters.successions import LINE
from services.subsidy.adapters.tables import holder_certificate, holder_stop
from services.subsidy.adapters.tables_facts import fact
from services.subsidy.domain.person_facts import LEVELS, VALUES, FactKind
from shared.kit.database import uuid_array
from shared.values.certificate import StopKind


class News(Enum):
    """What was learned of a person, and may change what stands."""

    HOME = auto()
    CARD = auto()
    STOP = auto()
    FACT = auto()


_NOT_RENEWED: Final = ("EXPIRED_NOT_RENEWED", "NOT_RENEWED_6M")
"""Reasons of a freeze or cancellation that leave an expiry gap an expiry gap (READ-11)."""

_ALONE: Final = (FactKind.OWN_WISH.value, FactKind.CONFIRMATION_MISSED.value)
"""Each of these is answered by the next application, and so never runs into another."""

_REGISTER_STOPS: Final = {
    StopKind.DEATH: FactKind.DEATH,
    StopKind.FROZEN: FactKind.CARD_FROZEN,
    StopKind.CANCELLED: FactKind.CARD_CANCELLED,
}
"""Expiry follows from the dates of the card, a move from the homes: their announcements tell nothing new."""


def _quoted(words: Collection[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _month(day: str) -> str:
    """The number of a month (`entitlement.algebra.number_of`)."""
    return f"CAST(12 * extract(year FROM {day}) + extract(month FROM {day}) - 1 AS int)"


def _numbered(column: str, numbers: dict[str, int]) -> str:
    cases = " ".join(f"WHEN '{word}' THEN {number}" for word, number in numbers.items())
    return f"CASE {column} {cases} END"


# --- cards ----------------------------------------------------------------------------------------------------------

# A replacement keeps the days of the card that was lost (READ-20): of one issue the newest stands for all.
_CARDS: Final = """
  SELECT c.person_id, c.certificate_id, c.issued_on, c.expires_on,
         coalesce(lead(c.issued_on) OVER w, 'infinity') AS held_to,
         p.components, p.mask, coalesce(lag(p.mask) OVER w, 0) AS mask_before
    FROM (SELECT DISTINCT ON (c.person_id, c.issued_on) c.* FROM {certificate} c WHERE {persons}
           ORDER BY c.person_id, c.issued_on, c.status = 'SUPERSEDED', c.version DESC, c.certificate_id DESC) c
   CROSS JOIN LATERAL (
     SELECT array_agg(CAST(n AS smallint)) AS components, CAST(bit_or(1 << n) AS int) AS mask
       FROM string_to_table(c.components, ';') AS part
      CROSS JOIN LATERAL (SELECT 4 * (CAST(split_part(part, ':', 1) AS int) - 1)
                                 + CAST(split_part(part, ':', 2) AS int) - 1 AS n) AS numbered) p
  WINDOW w AS (PARTITION BY c.person_id ORDER BY c.issued_on)"""

# --- homes ----------------------------------------------------------------------------------------------------------

# A household lived in the division of each move until that day, and lives where the register says now. Moves within a
# county are none (READ-09 is about the county that pays), nor is it one that the county was given up for another.
_HOME: Final = f"""
WITH move AS (
  SELECT c.person_id, c.division, c.event_date AS valid_to, c.version FROM copy_registry_stop c
   WHERE c.kind = 'TRANSFERRED' AND NOT c.withdrawn AND {{persons}}
  UNION ALL
  SELECT c.person_id, c.division, 'infinity', c.version FROM copy_registry_person c WHERE {{persons}}),
stay AS (
  SELECT *, {LINE.format(person="move.person_id", division="division", holds="valid_to > l.ends_after")} AS county,
         coalesce(lag(valid_to) OVER w, '-infinity') AS valid_from
    FROM move WINDOW w AS (PARTITION BY person_id ORDER BY valid_to, version)),
marked AS (
  SELECT *, CASE WHEN lag(county) OVER w = county THEN 0 ELSE 1 END AS begins
    FROM stay WHERE valid_from < valid_to WINDOW w AS (PARTITION BY person_id ORDER BY valid_to)),
counted AS (
  SELECT *, sum(begins) OVER (PARTITION BY person_id ORDER BY valid_to) AS nth FROM marked)
SELECT person_id, (array_agg(division ORDER BY valid_to DESC))[1] AS division, county,
       min(valid_from) AS valid_from, max(valid_to) AS valid_to,
       coalesce(lead(min(valid_from)) OVER (PARTITION BY person_id, county ORDER BY min(valid_from)), 'infinity')
         AS back_on
  FROM counted GROUP BY person_id, county, nth"""  # noqa: S608 - put together from constants

# Of one person the surviving record says where the household lives. In a county that only an absorbed one names it was
# at home as long as that record said so, to the day of the merge: what is left of the stay is that it ended.
_HOME_OF_ONE: Final = f"""
WITH own AS ({_HOME}),
left_behind AS (
  SELECT r.person_id, r.record_id, c.division, c.event_date AS left_on
    FROM person_record r JOIN copy_registry_stop c ON c.person_id = r.record_id
   WHERE c.kind = 'TRANSFERRED' AND NOT c.withdrawn AND {{absorbed}}
  UNION ALL
  SELECT r.person_id, r.record_id, c.division, m.merged_on
    FROM person_record r JOIN copy_registry_person c ON c.person_id = r.record_id
    JOIN copy_registry_merge m ON m.absorbed_id = r.record_id AND NOT m.undone
   WHERE {{absorbed}})
SELECT * FROM own WHERE NOT EXISTS (SELECT FROM person_record r WHERE r.record_id = own.person_id
                                       AND r.known_to = 'infinity' AND r.person_id <> r.record_id)
UNION ALL
SELECT person_id, max(division), county, max(left_on), max(left_on), date 'infinity'
  FROM (SELECT *, {LINE.format(person="b.record_id", division="division", holds="left_on > l.ends_after")} AS county
          FROM left_behind b) b
 WHERE NOT EXISTS (SELECT FROM own WHERE own.person_id = b.person_id AND own.county = b.county)
 GROUP BY person_id, county"""  # noqa: S608 - put together from constants

_HELD_CARD: Final = f"""
WITH card AS ({_CARDS})
SELECT c.person_id, c.certificate_id, c.issued_on, c.expires_on, c.held_to,
       coalesce((SELECT min(s.event_date) FROM {{stop}} s
                  WHERE s.person_id = c.person_id AND s.certificate_id = c.certificate_id
                    AND s.kind = 'CANCELLED' AND NOT s.withdrawn), 'infinity') AS cancelled_on,
       component, c.mask AS components, c.mask_before AS components_before,
       {_month("c.issued_on")} AS issued_month,
       c.held_to + CASE WHEN EXISTS (
         SELECT FROM {{stop}} s WHERE s.person_id = c.person_id AND s.certificate_id = c.certificate_id
            AND s.kind IN ('FROZEN', 'CANCELLED') AND NOT s.withdrawn AND s.event_date < c.held_to - 1
            AND coalesce(s.ended_on, 'infinity') >= c.held_to) THEN 0 ELSE 1 END AS counts_to,
       {_month("c.expires_on")} AS expiry_month,
       h.county AS expiry_county
  FROM card c CROSS JOIN LATERAL unnest(c.components) AS component
  LEFT JOIN home h ON h.person_id = c.person_id AND h.known_to = 'infinity' AND h.valid_from <= c.expires_on
                  AND h.valid_to > c.expires_on"""  # noqa: S608 - put together from constants

# --- levels ---------------------------------------------------------------------------------------------------------

_FACTS: Final = """
  SELECT c.*, coalesce(c.valid_to, 'infinity') AS ends FROM {fact} c
   WHERE c.superseded_at IS NULL AND NOT c.withdrawn AND c.verified AND {persons} AND c.kind"""

_VALUE_NUMBERS: Final = {
    f"{kind}.{value}": number for kind in LEVELS for number, value in enumerate(VALUES[kind], start=1)
}

# Cut at every beginning and end; on each piece the fact of the best source stands, of equals the one learned last.
_LEVEL: Final = f"""
WITH told AS ({_FACTS} IN ({_quoted([kind.value for kind in LEVELS])})),
cut AS (
  SELECT DISTINCT person_id, kind, at FROM told
   CROSS JOIN LATERAL (VALUES (valid_from), (ends), (date '-infinity'), (date 'infinity')) v(at)),
piece AS (
  SELECT person_id, kind, at AS valid_from, lead(at) OVER (PARTITION BY person_id, kind ORDER BY at) AS valid_to
    FROM cut),
piled AS (
SELECT DISTINCT ON (p.person_id, p.kind, p.valid_from)
       p.person_id, CAST({_numbered("p.kind", {kind.value: kind.number for kind in LEVELS})} AS smallint) AS kind,
       CAST(coalesce({_numbered("t.kind || '.' || t.value", _VALUE_NUMBERS)}, 0) AS smallint) AS value,
       coalesce(t.dibao_class, CAST(0 AS smallint)) AS dibao_class, t.income_percent, p.valid_from, p.valid_to,
       t.fact_id, t.revision
  FROM piece p LEFT JOIN told t
    ON t.person_id = p.person_id AND t.kind = p.kind AND t.valid_from <= p.valid_from AND t.ends >= p.valid_to
 WHERE p.valid_to IS NOT NULL
 ORDER BY p.person_id, p.kind, p.valid_from, t.rank NULLS LAST, t.recorded_at DESC, t.fact_id DESC)
SELECT *, coalesce(lag(value) OVER w, CAST(0 AS smallint)) AS value_before,
       lag(income_percent) OVER w AS income_percent_before,
       CASE WHEN isfinite(valid_from) THEN {_month("(valid_from - 1)")} END AS month_before
  FROM piled WINDOW w AS (PARTITION BY person_id, kind ORDER BY valid_from)"""  # noqa: S608 - put together from constants

# --- spells ---------------------------------------------------------------------------------------------------------

_SPELLS_TOLD: Final = {kind.value: kind.number for kind in FactKind if kind not in LEVELS}
_STOP_NUMBERS: Final = {stop.value: kind.number for stop, kind in _REGISTER_STOPS.items()}

# What the register says of a card counts while that card is the one held, or the one that replaced it.
_SPELL: Final = f"""
WITH card AS ({_CARDS}),
told AS (
  SELECT f.person_id, CAST({_numbered("f.kind", _SPELLS_TOLD)} AS smallint) AS kind, f.scheme, f.amount_fen,
         false AS after_expiry, f.valid_from, f.ends AS valid_to,
         CASE WHEN f.kind IN ({_quoted(_ALONE)}) THEN f.fact_id END AS belongs,
         f.fact_id, f.revision
    FROM ({_FACTS} NOT IN ({_quoted([kind.value for kind in LEVELS])})) f
  UNION ALL
  SELECT c.person_id, CAST({_numbered("c.kind", _STOP_NUMBERS)} AS smallint), NULL, NULL,
         coalesce(c.reason IN ({_quoted(_NOT_RENEWED)}), false), c.event_date,
         least(coalesce(c.ended_on, 'infinity'), coalesce(k.held_to, 'infinity')),
         coalesce(k.certificate_id, c.certificate_id), c.stop_id, NULL
    FROM {{stop}} c
    LEFT JOIN {{certificate}} o ON o.certificate_id = c.certificate_id
    LEFT JOIN card k ON k.person_id = o.person_id AND k.issued_on = o.issued_on
                    AND (k.certificate_id = o.certificate_id OR o.status = 'SUPERSEDED')
   WHERE c.kind IN ({_quoted(list(_STOP_NUMBERS))}) AND NOT c.withdrawn AND {{persons}}
     AND CASE WHEN c.kind = 'DEATH' THEN true ELSE k.held_to > c.event_date END),
marked AS (
  SELECT *, CASE WHEN valid_from <= max(valid_to) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
                 THEN 0 ELSE 1 END AS begins
    FROM told WINDOW w AS (PARTITION BY person_id, kind, scheme, belongs ORDER BY valid_from, fact_id)),
counted AS (
  SELECT *, sum(begins) OVER (PARTITION BY person_id, kind, scheme, belongs ORDER BY valid_from, fact_id) AS nth
    FROM marked)
SELECT person_id, kind, scheme, amount_fen, after_expiry, valid_from, valid_to,
       min(valid_from) OVER run AS run_from, max(valid_to) OVER run AS run_to,
       {_month("(min(valid_from) OVER run)")} AS event_month, fact_id, revision
  FROM counted WINDOW run AS (PARTITION BY person_id, kind, scheme, belongs, nth)"""  # noqa: S608 - put together from constants


_COPIES: Final = {"certificate": holder_certificate, "stop": holder_stop, "fact": fact}
_OF_ONE: Final = ",\n".join(as_one(f"one_{name}", table) for name, table in _COPIES.items())


def _restand(table: str, columns: str, desired: str, *, merged: bool) -> TextClause:
    """The statement that makes a table what it should be, for some persons; ``merged``: who have several records."""
    row = "ROW({})"
    old, new = (row.format(", ".join(f"{alias}.{name.strip()}" for name in columns.split(","))) for alias in "od")
    statement = f"""
WITH {_OF_ONE + "," if merged else ""} desired AS MATERIALIZED ({desired}),
closed AS (
  UPDATE {table} o SET known_to = :at WHERE o.known_to = 'infinity' AND o.person_id = ANY(CAST(:persons AS uuid[]))
     AND NOT EXISTS (SELECT FROM desired d WHERE d.person_id = o.person_id AND {old} IS NOT DISTINCT FROM {new})
  RETURNING 1)
INSERT INTO {table} ({columns}, known_from)
SELECT {columns}, :at FROM desired d
 WHERE NOT EXISTS (SELECT FROM {table} o WHERE o.person_id = d.person_id AND o.known_to = 'infinity'
                      AND {old} IS NOT DISTINCT FROM {new})"""  # noqa: S608 - put together from constants
    sources = {name: f"one_{name}" if merged else table.name for name, table in _COPIES.items()}
    these = "= ANY(CAST(:persons AS uuid[]))"
    absorbed = f"r.person_id {these} AND r.known_to = 'infinity' AND r.person_id <> r.record_id"
    return text(statement.format(persons=f"c.person_id {these}", absorbed=absorbed, **sources))


def _statements(*, merged: bool) -> dict[frozenset[News], TextClause]:
    return {needs: _restand(*told, merged=merged) for needs, told in _standing(merged=merged).items()}


def _standing(*, merged: bool) -> dict[frozenset[News], tuple[str, str, str]]:
    """What stands, by the news it depends on; homes first, as a card tells where it expires."""
    home = _HOME_OF_ONE if merged else _HOME
    return {
        frozenset({News.HOME}): ("home", "person_id, division, county, valid_from, valid_to, back_on", home),
        frozenset({News.HOME, News.CARD, News.STOP}): (
            "held_card",
            (
                "person_id, certificate_id, issued_on, expires_on, held_to, cancelled_on, component, components, "
                "components_before, issued_month, counts_to, expiry_month, expiry_county"
            ),
            _HELD_CARD,
        ),
        frozenset({News.FACT}): (
            "level",
            (
                "person_id, kind, value, dibao_class, income_percent, value_before, income_percent_before, "
                "month_before, valid_from, valid_to, fact_id, revision"
            ),
            _LEVEL,
        ),
        frozenset({News.CARD, News.STOP, News.FACT}): (
            "spell",
            (
                "person_id, kind, scheme, amount_fen, after_expiry, valid_from, valid_to, run_from, run_to, "
                "event_month, fact_id, revision"
            ),
            _SPELL,
        ),
    }


_STATEMENTS: Final = _statements(merged=False)
_OF_SEVERAL: Final = _statements(merged=True)


async def restand(connection: AsyncConnection, news: Mapping[News, Collection[UUID]], *, at: datetime) -> None:
    """Bring what stands in line with what is known now of the persons there is news of; ``at``: this moment.

    News of a record is news of whoever it belongs to.
    """
    everybody = set[UUID]().union(*news.values())
    if not everybody:
        return
    whose = await records.owners(connection, everybody)
    several = {*whose, *whose.values()}
    for (needs, statement), of_several in zip(_STATEMENTS.items(), _OF_SEVERAL.values(), strict=True):
        persons = set[UUID]().union(*(news.get(each, ()) for each in needs))
        persons |= {whose[record_id] for record_id in persons & whose.keys()}
        for chosen, written in ((persons - several, statement), (persons & several, of_several)):
            if chosen:
                await connection.execute(written, {"at": at, "persons": uuid_array(chosen)})
