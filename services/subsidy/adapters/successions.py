"""Who followed a division that was given up: their homes, awards and all that is theirs go on in its successor (ID-21).

The register announces the division first and then the persons, one by one. The months before the day keep the policy
of the county that was given up: the county of what stands becomes a line of counties (`domain.county_line`). What stood
before stays on record as known then.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.tables_divisions import division_succession
from services.subsidy.domain.county_line import COUNTY_LENGTH, continued
from services.subsidy.domain.succession import Step, Succession, path
from shared.values.month import Month

Moved = tuple[UUID, str, str]
"""A person, and the division they belonged to before and belong to now."""

LINE: Final = (
    "coalesce((SELECT l.line FROM county_line l WHERE l.person_id = {person} AND l.county = left({division}, 6) "
    "AND {holds}), left({division}, 6))"
)
"""The county of a division, or the line it is a part of where ``holds``: a condition on the row ``l`` of it."""
DECIDED: Final = "{award}.application_date >= l.decided_from"
"""A decision is part of the line when it was applied for in its last stay: it went on in each successor."""

_TOLD: Final = (
    "json_to_recordset(CAST(:rows AS json)) AS t(person_id uuid, before text, after text, was text, becomes text, "
    "home text, on_day date, step text, change_id uuid)"
)
"""A step of each person: the codes that succeed each other, the person's county and where they belong now."""

# Within a county only what lies in the old code follows; to another county everything the old one decided.
_FOLLOWS: Final = "(starts_with({0}, t.before) OR (t.was <> t.becomes AND left({0}, 6) = t.was))"
_FOLLOWING: Final = (
    "CASE WHEN starts_with({0}, t.before) THEN t.after || substr({0}, length(t.before) + 1) ELSE t.home END"
)

_CONTINUE: Final = text(
    f"""
WITH told AS (
  SELECT t.*, coalesce(l.line, t.was) AS old, coalesce(l.line, t.was) || t.step AS new,
         coalesce((SELECT h.valid_from FROM home h WHERE h.person_id = t.person_id AND h.known_to = 'infinity'
                      AND h.valid_to = 'infinity'), '-infinity') AS lived_from
    FROM {_TOLD} LEFT JOIN county_line l ON l.person_id = t.person_id AND l.county = t.was
   WHERE t.was <> t.becomes),
continued AS (
  UPDATE county_line l SET line = t.new FROM told t
   WHERE l.person_id = t.person_id AND l.line = t.old AND l.county <> t.becomes)
INSERT INTO county_line (person_id, county, ends_after, decided_from, line)
SELECT t.person_id, v.county, v.ends_after, v.decided_from, t.new
  FROM told t CROSS JOIN LATERAL (VALUES (t.was, date '-infinity', date '-infinity'),
                                         (t.becomes, t.on_day, t.lived_from)) AS v(county, ends_after, decided_from)
 WHERE v.county = t.becomes OR t.old = t.was
ON CONFLICT (person_id, county) DO UPDATE SET line = excluded.line"""  # noqa: S608 - put together from constants
)
_DETERMINED: Final = text(
    f"""
WITH due AS (
  SELECT d.*, {_FOLLOWING.format("d.division")} AS following,
         CASE WHEN d.county LIKE '%>%'
              THEN coalesce((SELECT l.line FROM county_line l WHERE l.person_id = d.person_id
                                AND starts_with(l.line, d.county || '>') LIMIT 1), d.county)
              ELSE {LINE.format(person="d.person_id", division="d.county", holds=DECIDED.format(award="d"))} END AS line
    FROM determination d JOIN {_TOLD} ON t.person_id = d.person_id AND {_FOLLOWS.format("d.division")}
   WHERE d.known_to = 'infinity'),
closed AS (
  UPDATE determination o SET known_to = :at, single = false FROM due d WHERE o.row_id = d.row_id)
INSERT INTO determination (award_id, person_id, scheme, division, county, application_date, application_month, single,
                           known_from)
SELECT award_id, person_id, scheme, following, line, application_date, application_month, single, :at FROM due"""  # noqa: S608 - put together from constants
)
_AWARDED: Final = text(
    f"""
WITH changed AS (
  UPDATE award a SET division = {_FOLLOWING.format("a.division")}, version = a.version + 1
    FROM {_TOLD} WHERE t.person_id = a.person_id AND {_FOLLOWS.format("a.division")}
  RETURNING a.*, t.change_id, t.before, t.after),
step AS (
  INSERT INTO award_step (award_id, version, status_before, status, effective_month, cause_id, cause_kind, recorded_by)
  SELECT award_id, version, status, status, effective_month, change_id, 'DIVISION_SUCCEEDED', 'registry' FROM changed)
SELECT * FROM changed"""  # noqa: S608 - put together from constants
)
_BELONGING: Final = {
    told: text(
        f"UPDATE {table} b SET {column} = {_FOLLOWING.format(f'b.{column}')} "  # noqa: S608 - constants
        f"FROM {_TOLD} WHERE t.person_id = b.person_id AND {_FOLLOWS.format(f'b.{column}')} "
        "RETURNING t.before, t.after"
    )
    for told, table, column in (
        ("applications", "application", "home"),
        ("findings", "finding", "division"),
        ("reminders", "proactive_reminder", "division"),
        ("suspects", "suspect", "division"),
    )
}
"""What is somebody's work, and is the successor's from now on."""

_LINE_OF: Final = text(
    "SELECT "
    + LINE.format(
        person="CAST(:person AS uuid)", division="CAST(:division AS text)", holds="CAST(:day AS date) >= l.decided_from"
    )
)
# A predecessor with several successors takes nobody along: it only tells where its area went.
_TAKING_ALONG: Final = text(
    "SELECT change_id, predecessor, min(successor) AS successor, min(effective_on) AS effective_on "
    "FROM division_succession GROUP BY change_id, predecessor HAVING count(*) = 1"
)


async def line_of(connection: AsyncConnection, person_id: UUID, division: str, *, day: date) -> str:
    """The county of a division, or the line it is a part of, for somebody who applies on ``day``."""
    values = {"person": person_id, "division": division, "day": day}
    return str(await connection.scalar(_LINE_OF, values))


async def announced(connection: AsyncConnection, successions: Sequence[Succession]) -> None:
    """Keep what the register has said of divisions."""
    if successions:
        await connection.execute(
            insert(division_succession).on_conflict_do_nothing(), [asdict(each) for each in successions]
        )


@dataclass(frozen=True, slots=True)
class Followed:
    """Awards as they are now; and by the divisions before and after, how many of what went on in the successor."""

    awards: list[Row[Any]]
    counts: dict[tuple[str, str], Counter[str]]


async def follow(connection: AsyncConnection, moved: Sequence[Moved], *, at: datetime) -> Followed:
    """Take along what is of persons who belong elsewhere because their division does.

    Everybody else among them has moved house, which is the homes' affair (SUB-38).
    """
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    if not moved:
        return Followed([], counts)
    known = [Succession(**row._mapping) for row in await connection.execute(_TAKING_ALONG)]
    paths = {(before, after): path(before, after, known) for _, before, after in moved}
    awards: dict[UUID, Row[Any]] = {}
    for number in range(max(map(len, paths.values()))):
        found = [
            _row(person_id, steps[number])
            for person_id, before, after in moved
            if len(steps := paths[before, after]) > number
        ]
        rows = {"rows": orjson.dumps(found).decode()}
        await connection.execute(_CONTINUE, rows)
        await connection.execute(_DETERMINED, rows | {"at": at})
        for told in found:
            counts[told["before"], told["after"]]["persons"] += 1
        for name, statement in _BELONGING.items():
            for row in await connection.execute(statement, rows):
                counts[row.before, row.after][name] += 1
        for award in await connection.execute(_AWARDED, rows):
            awards[award.award_id] = award
            counts[award.before, award.after]["awards"] += 1
    return Followed(list(awards.values()), counts)


def _row(person_id: UUID, step: Step) -> dict[str, Any]:
    since = Month.of(step.succession.effective_on)
    becomes = step.after[:COUNTY_LENGTH]
    return {
        "person_id": person_id,
        "before": step.succession.predecessor,
        "after": step.succession.successor,
        "was": step.before[:COUNTY_LENGTH],
        "becomes": becomes,
        "home": step.after,
        "on_day": step.succession.effective_on,
        "step": continued("", becomes, since),
        "change_id": step.succession.change_id,
    }
