"""What if: everybody's month under a draft, against the same month under the law, by the same expression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import engine, policy_documents
from services.subsidy.domain.entitlement.sources import Population
from services.subsidy.domain.policy import PolicyDocument
from services.subsidy.domain.policy_book import PolicyBook
from shared.values.month import Month

SAMPLE: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a draft does to the persons of a county, category and grade. Amounts in fen a month."""

    scheme: str
    county: str
    category: int | None
    grade: int | None
    gained: int
    lost: int
    more: int
    less: int
    gained_fen: int
    lost_fen: int
    without_rate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One person who wins or loses much."""

    person_id: UUID
    scheme: str
    county: str
    was_fen: int
    becomes_fen: int


@dataclass(frozen=True, slots=True)
class Trial:
    """The whole difference."""

    effects: tuple[Effect, ...]
    winners: tuple[Sample, ...]
    losers: tuple[Sample, ...]


# Those who are alike hold cards of one kind: what changes for one of them is counted for all.
_CHANGED: Final = text(
    """
CREATE TEMPORARY TABLE changed ON COMMIT DROP AS
SELECT alike.person_id, alike.members, cardinality(alike.members) AS persons, coalesce(l.scheme, n.scheme) AS scheme,
       coalesce(n.county, l.county) AS county, coalesce(l.entitled_fen, 0) AS was,
       coalesce(n.entitled_fen, 0) AS becomes, coalesce(n.problem = 'NO_RATE', false) AS without_rate
  FROM under_law_asked l FULL JOIN under_draft_asked n ON n.person_id = l.person_id AND n.scheme = l.scheme
  JOIN alike ON alike.person_id = coalesce(l.person_id, n.person_id)
 WHERE coalesce(l.entitled_fen, 0) <> coalesce(n.entitled_fen, 0)
    OR (n.problem = 'NO_RATE') IS DISTINCT FROM (l.problem = 'NO_RATE')"""
)
_EFFECTS: Final = text(
    """
WITH held AS (
  SELECT k.person_id, CASE WHEN count(*) > 1 THEN 7 ELSE 1 + min(k.component) / 4 END AS category,
         1 + min(k.component % 4) AS grade
    FROM held_card k WHERE k.person_id IN (SELECT person_id FROM changed) AND k.known_to = 'infinity'
     AND k.issued_on <= :last AND k.held_to > :last GROUP BY k.person_id)
SELECT c.scheme, c.county, h.category, h.grade,
       coalesce(sum(c.persons) FILTER (WHERE c.was = 0 AND c.becomes > 0), 0) AS gained,
       coalesce(sum(c.persons) FILTER (WHERE c.was > 0 AND c.becomes = 0), 0) AS lost,
       coalesce(sum(c.persons) FILTER (WHERE c.was > 0 AND c.becomes > c.was), 0) AS more,
       coalesce(sum(c.persons) FILTER (WHERE c.becomes > 0 AND c.becomes < c.was), 0) AS less,
       CAST(sum(c.persons * greatest(c.becomes - c.was, 0)) AS bigint) AS gained_fen,
       CAST(sum(c.persons * greatest(c.was - c.becomes, 0)) AS bigint) AS lost_fen,
       coalesce(sum(c.persons) FILTER (WHERE c.without_rate), 0) AS without_rate
  FROM changed c LEFT JOIN held h ON h.person_id = c.person_id
 GROUP BY c.scheme, c.county, h.category, h.grade ORDER BY c.scheme, c.county, h.category, h.grade"""
)
_SAMPLES: Final = {
    order: text(
        "SELECT member.person_id, scheme, county, was AS was_fen, becomes AS becomes_fen FROM changed "  # noqa: S608
        f"CROSS JOIN LATERAL unnest(members) AS member(person_id) WHERE (becomes - was) {sign} 0 "
        f"ORDER BY becomes - was {order}, member.person_id LIMIT {SAMPLE}"
    )
    for order, sign in (("DESC", ">"), ("ASC", "<"))
}


async def try_out(
    connection: AsyncConnection, drafts: Sequence[PolicyDocument], month: Month, *, division: str | None
) -> Trial:
    """The difference some drafts would make in a month, to everybody or within a division."""
    law = await policy_documents.in_force(connection, None)
    population = Population.everyone() if division is None else Population.within(division)
    books = {"under_law": PolicyBook(law), "under_draft": PolicyBook([*law, *drafts])}
    changed = await engine.changed_schemes(connection, *books.values(), month=month, population=population)
    if not changed:
        return Trial((), (), ())
    crowd = await engine.set_apart(connection, population, months=[month], books=list(books.values()), schemes=changed)
    for name, book in books.items():
        await engine.hold(connection, name, crowd, book=book)
    await connection.execute(_CHANGED)
    effects = await connection.execute(_EFFECTS, {"last": month.last_day})
    winners, losers = [await connection.execute(_SAMPLES[order]) for order in ("DESC", "ASC")]
    return Trial(
        effects=tuple(Effect(**row._mapping) for row in effects),
        winners=tuple(Sample(**row._mapping) for row in winners),
        losers=tuple(Sample(**row._mapping) for row in losers),
    )


def told(trial: Trial) -> dict[str, Any]:
    """The sums of a trial, small enough for a job's report."""
    names = ("gained", "lost", "more", "less", "gained_fen", "lost_fen", "without_rate")
    return {name: sum(getattr(effect, name) for effect in trial.effects) for name in names}
