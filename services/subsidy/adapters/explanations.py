"""Puts an explanation together: the answer of the one expression, and what it was made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Compiled, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import engine, policy_documents, records
from services.subsidy.domain.county_line import COUNTY_LENGTH
from services.subsidy.domain.decisions import Answer
from services.subsidy.domain.entitlement.decision import candidates
from services.subsidy.domain.entitlement.sources import Population
from services.subsidy.domain.explanation import (
    KIND_ZH,
    LEVEL_ZH,
    Combination,
    Explanation,
    Known,
    arithmetic,
    documents_of,
    outcomes,
)
from services.subsidy.domain.person_facts import LEVELS, VALUES, FactKind
from services.subsidy.domain.policy_book import PolicyBook
from shared.values.disability import DisabilityCategory, DisabilityGrade
from shared.values.money import Money
from shared.values.month import Month

KINDS: Final = tuple(FactKind)

# Everything that stood about a person at a moment, in one pass over the indexes by person.
_KNOWN: Final = text(
    """
SELECT 'card' AS what, c.component AS number, NULL AS scheme, NULL::bigint AS amount, nullif(c.issued_on, '-infinity')
         AS valid_from, c.expires_on + 1 AS valid_to, 'REGISTRY' AS source, c.known_from, c.certificate_id AS id
  FROM held_card c WHERE c.person_id = :person AND c.known_from <= :at AND c.known_to > :at
UNION ALL
SELECT 'home', NULL, h.division, NULL, CASE WHEN isfinite(h.valid_from) THEN h.valid_from END,
       CASE WHEN isfinite(h.valid_to) THEN h.valid_to END, 'REGISTRY', h.known_from, NULL
  FROM home h WHERE h.person_id = :person AND h.known_from <= :at AND h.known_to > :at
UNION ALL
SELECT 'level', 8 * l.kind + l.value, NULL, l.income_percent, CASE WHEN isfinite(l.valid_from) THEN l.valid_from END,
       CASE WHEN isfinite(l.valid_to) THEN l.valid_to END, f.source, l.known_from, l.fact_id
  FROM level l JOIN fact f ON f.fact_id = l.fact_id AND f.revision = l.revision
 WHERE l.person_id = :person AND l.known_from <= :at AND l.known_to > :at
UNION ALL
SELECT 'spell', s.kind, s.scheme, s.amount_fen, s.valid_from, CASE WHEN isfinite(s.valid_to) THEN s.valid_to END,
       coalesce(f.source, 'REGISTRY'), s.known_from, s.fact_id
  FROM spell s LEFT JOIN fact f ON f.fact_id = s.fact_id AND f.revision = s.revision
 WHERE s.person_id = :person AND s.known_from <= :at AND s.known_to > :at
UNION ALL
SELECT 'award', NULL, d.scheme, NULL, d.application_date, NULL, 'CIVIL_AFFAIRS', d.known_from, d.award_id
  FROM determination d WHERE d.person_id = :person AND d.known_from <= :at AND d.known_to > :at
UNION ALL
SELECT 'pause', NULL, NULL, NULL, p.first_day, CASE WHEN isfinite(p.until) THEN p.until END, 'CIVIL_AFFAIRS',
       p.known_from, p.award_id
  FROM pause p WHERE p.person_id = :person AND p.known_from <= :at AND p.known_to > :at
UNION ALL
SELECT 'back_payment', NULL, NULL, NULL, NULL, NULL, 'CIVIL_AFFAIRS', b.known_from, b.award_id
  FROM back_payment b WHERE b.person_id = :person AND b.known_from <= :at AND b.known_to > :at
 ORDER BY valid_from NULLS FIRST, known_from
"""
)

_WHAT_ZH: Final = {
    "card": "残疾人证",
    "home": "户籍地",
    "award": "补贴资格认定",
    "pause": "人工暂停",
    "back_payment": "准予补发",
}


@cache
def _candidates() -> Compiled:
    found = candidates(engine.TABLES, Population.of(())).subquery("candidate")
    return engine.write(select(*(found.c[name] for name in (*Combination.__dataclass_fields__, "scheme", "award_id"))))


def warm() -> None:
    """Write the statements before the first transaction asks for them."""
    engine.warm()
    _candidates()


async def explain(
    connection: AsyncConnection, person_id: UUID, scheme: str, month: Month, *, known_at: datetime | None
) -> Explanation:
    """Why a person gets what they get of a scheme in a month, as known at a moment (None: now).

    A record that was absorbed is answered for by the person whose it is.
    """
    # A plan serves every person: to make one anew takes longer than everything else here.
    await connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
    person_id = await records.owner(connection, person_id, known_at=known_at)
    population = Population.of([person_id])
    book = PolicyBook(await policy_documents.in_force(connection, known_at))
    asked = await engine.questions(connection, book, months=[month], population=population, known_at=known_at)
    rows = await engine.ask(connection, population, asked)
    row = next((row for row in rows if row.scheme == scheme), None)
    answer = _nothing(person_id, scheme, month) if row is None else engine.answer_of(row)
    county = None if row is None else row.line
    combinations = [] if row is None else await _combinations(connection, row, asked)
    chosen = max(combinations, key=lambda each: each.fen, default=None)
    priced = None if county is None else book.priced(county, month, scheme)
    return Explanation(
        answer=answer,
        title=scheme if county is None else book.title(county, month, scheme),
        county=None if row is None else row.county,
        outcomes=outcomes(answer),
        known=tuple(await known(connection, person_id, known_at=known_at)),
        documents=() if county is None else documents_of(book, county, month, scheme),
        combinations=tuple(combinations),
        arithmetic=arithmetic(priced, chosen) if answer.entitled_fen or answer.due_fen or answer.problem else (),
        known_at=known_at,
        other_records=tuple(await records.others(connection, person_id, known_at=known_at)),
        succeeded=() if county is None else tuple(part[-COUNTY_LENGTH:] for part in county.split(">")),
    )


def _nothing(person_id: UUID, scheme: str, month: Month) -> Answer:
    return Answer(
        person_id=person_id,
        scheme=scheme,
        month=month,
        award_id=None,
        entitled_fen=0,
        due_fen=0,
        settled_fen=0,
        open_fen=0,
        payable_fen=0,
        rules=0,
        problem=None,
    )


async def _combinations(connection: AsyncConnection, row: Any, asked: dict[str, Any]) -> list[Combination]:
    """What the amount was chosen from: the combinations of the claim that counted."""
    found = await engine.run(connection, _candidates(), asked)
    return [
        Combination(
            **{name: getattr(each, name) or 0 for name in Combination.__dataclass_fields__},
        )
        for each in found
        if each.scheme == row.scheme and each.award_id == (row.award_id if row.covered else None)
    ]


async def known(connection: AsyncConnection, person_id: UUID, *, known_at: datetime | None) -> Sequence[Known]:
    """What stood about a person at a moment."""
    rows = await connection.execute(_KNOWN, {"person": person_id, "at": known_at or engine.FAR_AHEAD})
    return [_known(row) for row in rows]


def _known(row: Any) -> Known:
    what, told = _words(row)
    return Known(
        what=what,
        told=told,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        source=row.source,
        known_from=row.known_from,
        id=row.id,
    )


def _words(row: Any) -> tuple[str, str]:
    match row.what:
        case "card":
            category, grade = divmod(row.number, 4)
            return _WHAT_ZH["card"], f"{DisabilityCategory(category + 1).zh}{DisabilityGrade(grade + 1).zh}"
        case "level":
            kind, number = LEVELS[row.number // 8], row.number % 8
            value = list(VALUES[kind])[number - 1]
            share = "" if row.amount is None else f"（收入为低保标准的 {row.amount}%）"
            return KIND_ZH[kind], LEVEL_ZH.get(value, value.value) + share
        case "spell":
            amount = "" if row.amount is None else f"每月 {Money(row.amount)} 元"
            return KIND_ZH[KINDS[row.number]], amount or (row.scheme or "")
        case _:
            return _WHAT_ZH[row.what], row.scheme or ""
