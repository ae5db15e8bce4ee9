"""Awards follow the facts that are not the register's: an exit from dibao, a prison term, another benefit (RULES 4.7).

What stops an award is said once, by the one expression: it is asked which awards a fact has stopped, and from when. The
fact behind that month is looked up, so that the award names its cause.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import engine
from services.subsidy.adapters.judgement import ENDED, JUDGED, OF_REGISTER
from services.subsidy.adapters.records import MERGED
from services.subsidy.domain.decisions import Answer
from services.subsidy.domain.entitlement.rules import GROUNDS, RULES
from services.subsidy.domain.entitlement.sources import Population
from services.subsidy.domain.person_facts import LEVELS, TRAITS, FactKind
from shared.values.month import Month

MONTHS_BACK: Final = 36
"""How far back a late fact is searched for the month it took effect in."""

_KINDS: Final[Mapping[str, Collection[FactKind]]] = {
    "SUB-39": (FactKind.ECONOMY,),
    "SUB-03/lost": (FactKind.CARE_NEED,),
    "TRAIT/lost": TRAITS,
    "SUB-07/stop": GROUNDS["tekun"],
    "SUB-08/stop": GROUNDS["work_injury"],
    "SUB-09/stop": GROUNDS["orphan"],
    "SUB-10/stop": GROUNDS["unattended"],
    "SUB-16/stop": GROUNDS["other_benefit"],
    "SUB-41/stop": GROUNDS["prison"],
    "SUB-43/lost": GROUNDS["missing"],
    "SUB-77": GROUNDS["fraud"],
    "SUB-43/gave-up": GROUNDS["own_wish"],
    "SUB-75/stop": GROUNDS["unconfirmed"],
}
"""The rules by which such a fact stops an award, and the kinds of facts behind each."""
_STOPPING: Final = {rule.number: _KINDS[rule.id] for rule in RULES if rule.id in _KINDS}

_NEWEST: Final = text(
    "SELECT DISTINCT ON (person_id, scheme) award_id, person_id, scheme, application_date, cause_id, cause_kind, "  # noqa: S608
    f"effective_month FROM award a WHERE person_id = ANY(:persons) AND cause_kind IS DISTINCT FROM '{MERGED}' "
    "AND (cause_id IS NOT NULL OR EXISTS (SELECT FROM fact f WHERE f.person_id = a.person_id OR f.person_id IN ("
    "SELECT r.record_id FROM person_record r WHERE r.person_id = a.person_id AND r.known_to = 'infinity'))) "
    "ORDER BY person_id, scheme, application_date DESC, award_id DESC"
)

# The event of a level (dibao, care need) is its last day, that of anything else its first (READ-19). Without a fact of
# the kind in that month (one of several that touch each other was corrected) the award itself stands for the cause.
_FOLLOW: Final = text(
    f"""
WITH judged AS (
  SELECT a.award_id, CASE WHEN t.following IS NOT NULL THEN coalesce(f.fact_id, a.award_id) END AS stop_id,
         CASE WHEN t.following IS NOT NULL THEN coalesce(f.kind, t.kinds[1]) END AS kind, CAST(NULL AS text) AS reason,
         coalesce(f.day, t.following - 1) AS event_date, f.trace_id
    FROM json_to_recordset(CAST(:rows AS json)) AS t(award_id uuid, following date, kinds text[])
    JOIN award a ON a.award_id = t.award_id
    LEFT JOIN LATERAL (
      SELECT f.fact_id, f.kind, f.trace_id, d.day FROM fact f
       CROSS JOIN LATERAL (VALUES (f.valid_from, NOT f.kind = ANY(:levels)), (f.valid_from - 1, f.kind = ANY(:levels)),
                                  (f.valid_to - 1, f.kind = ANY(:levels) OR f.kind = ANY(:traits))) AS d(day, counts)
       WHERE f.person_id IN (SELECT a.person_id UNION ALL SELECT r.record_id FROM person_record r
                                WHERE r.person_id = a.person_id AND r.known_to = 'infinity')
         AND f.superseded_at IS NULL AND f.verified AND NOT f.withdrawn
         AND f.kind = ANY(t.kinds) AND d.counts AND d.day < t.following AND d.day >= t.following - interval '1 month'
       ORDER BY d.day, f.fact_id LIMIT 1) f ON true
   WHERE ROW(a.cause_id, a.cause_kind, a.cause_event_date)
         IS DISTINCT FROM ROW(CASE WHEN t.following IS NOT NULL THEN coalesce(f.fact_id, a.award_id) END,
                              CASE WHEN t.following IS NOT NULL THEN coalesce(f.kind, t.kinds[1]) END,
                              coalesce(f.day, t.following - 1))
     AND (a.cause_id IS NULL OR a.cause_kind NOT IN ({OF_REGISTER})
          OR coalesce(f.day, t.following - 1) < a.cause_event_date)
     AND (a.status NOT IN {ENDED} OR t.following IS NOT NULL OR NOT EXISTS (
           SELECT FROM award o WHERE o.person_id = a.person_id AND o.scheme = a.scheme AND o.status NOT IN {ENDED}))
   FOR UPDATE OF a),
{JUDGED}"""  # noqa: S608 - put together from constants
)


async def judge(connection: AsyncConnection, persons: Collection[UUID], month: Month, *, by: str) -> Sequence[Row[Any]]:
    """Bring the newest awards of some persons in line with the facts known now; the rows that changed."""
    awards = {(row.person_id, row.scheme): row for row in await connection.execute(_NEWEST, {"persons": list(persons)})}
    if not awards:
        return []
    holders = {person_id for person_id, _ in awards}
    stopped = {
        key: answer for key, answer in (await _asked(connection, holders, [month.next()])).items() if _stops(answer[0])
    }
    doubtful = {person_id for person_id, _ in stopped}
    since = await _asked(connection, doubtful, _months(awards, stopped, month)) if doubtful else {}
    told = [
        {"award_id": row.award_id, **_verdict(since.get(key, ()) if key in stopped else ())}
        for key, row in awards.items()
        if key in stopped or row.cause_id is not None
    ]
    if not told:
        return []
    values = {
        "rows": orjson.dumps(told, default=str).decode(),
        "levels": [kind.value for kind in LEVELS],
        "traits": [kind.value for kind in TRAITS],
        "judge": by,
    }
    return (await connection.execute(_FOLLOW, values)).all()


def _months(awards: Mapping[Any, Any], stopped: Iterable[Any], month: Month) -> list[Month]:
    first = min(Month.of(awards[key].application_date) for key in stopped if key in awards)
    return list(max(first, month.plus(-MONTHS_BACK)).through(month.next()))


async def _asked(
    connection: AsyncConnection, persons: Collection[UUID], months: Sequence[Month]
) -> dict[tuple[UUID, str], list[Answer]]:
    """The answers about awards, in the order of the months."""
    answers = await engine.decide(connection, months=months, population=Population.of(persons), homes=False)
    told: dict[tuple[UUID, str], list[Answer]] = {}
    for answer in sorted(answers, key=lambda answer: answer.month):
        told.setdefault((answer.person_id, answer.scheme), []).append(answer)
    return told


def _stops(answer: Answer) -> list[int]:
    return [number for number in _STOPPING if answer.rules >> number & 1]


def _verdict(answers: Sequence[Answer]) -> dict[str, Any]:
    """The first month in which a fact had stopped the award, and the kinds of facts that may have."""
    for answer in answers:
        if found := _stops(answer):
            kinds = sorted({kind.value for number in found for kind in _STOPPING[number]})
            return {"following": answer.month.first_day.isoformat(), "kinds": kinds}
    return {"following": None, "kinds": []}
