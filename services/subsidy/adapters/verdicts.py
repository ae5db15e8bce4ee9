"""Asks the one expression about an application as if it were determined; nothing is written, no other award counts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Compiled, Date, Integer, Text, Uuid, bindparam, cast, literal_column, select
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import engine, policy_documents, records, tables_facts
from services.subsidy.adapters.successions import line_of
from services.subsidy.domain.application import Application
from services.subsidy.domain.entitlement.algebra import number_of
from services.subsidy.domain.entitlement.decision import decision
from services.subsidy.domain.entitlement.sources import Population
from services.subsidy.domain.policy_book import PolicyBook
from services.subsidy.domain.verdict import Verdict

_MOMENT: Final = TIMESTAMP(timezone=True)
_TRIAL: Final = select(
    cast(bindparam("trial_award"), Uuid).label("award_id"),
    cast(bindparam("trial_person"), Uuid).label("person_id"),
    cast(bindparam("trial_scheme"), Text).label("scheme"),
    cast(bindparam("trial_division"), Text).label("division"),
    cast(bindparam("trial_county"), Text).label("county"),
    cast(bindparam("trial_date"), Date).label("application_date"),
    cast(bindparam("trial_month"), Integer).label("application_month"),
    cast(literal_column("'-infinity'"), _MOMENT).label("known_from"),
    cast(literal_column("'infinity'"), _MOMENT).label("known_to"),
).subquery("determination")


@dataclass
class _Tables:
    """What stands, with one determination in the place of all."""

    held_card: Any = tables_facts.held_card
    home: Any = tables_facts.home
    level: Any = tables_facts.level
    spell: Any = tables_facts.spell
    determination: Any = _TRIAL
    pause: Any = tables_facts.pause
    back_payment: Any = tables_facts.back_payment
    payment_line: Any = tables_facts.payment_line


@cache
def _statement() -> Compiled:
    return engine.write(decision(_Tables(), Population.of(()), homes=False))


async def verdict_of(connection: AsyncConnection, one: Application, award_id: UUID) -> Verdict:
    """What the rules say about the day of an application, and what its first month would bring (READ-02)."""
    person_id = await records.owner(connection, one.person_id)
    population = Population.of([person_id])
    book = PolicyBook(await policy_documents.in_force(connection, None))
    bound = await engine.questions(connection, book, months=[one.month], population=population, known_at=None)
    trial = {
        "trial_award": award_id,
        "trial_person": person_id,
        "trial_scheme": one.scheme.value,
        "trial_division": one.home.code,
        "trial_county": await line_of(connection, person_id, one.home.code, day=one.application_date),
        "trial_date": one.application_date,
        "trial_month": number_of(one.month),
    }
    rows = await engine.run(connection, _statement(), bound | trial)
    row = next(each for each in rows if each.award_id == award_id)
    return Verdict.of(row.rules, row.entitled_fen, row.problem)
