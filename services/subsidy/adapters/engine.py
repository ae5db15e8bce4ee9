"""Asks the one expression: the policy is looked up, laid out and bound, the statement runs once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Row, Select, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import policy_documents, tables_facts
from services.subsidy.domain.decisions import Answer
from services.subsidy.domain.entitlement.decision import ALL_RULES, RuleSet, decision
from services.subsidy.domain.entitlement.sources import Population, Tables
from services.subsidy.domain.entitlement.terms import lay_out
from services.subsidy.domain.policy import PolicyDocument
from services.subsidy.domain.policy_book import PolicyBook
from shared.values.month import Month

TABLES: Final[Tables] = tables_facts
FAR_AHEAD: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""What is known now is known at this moment too."""

WORK_MEM: Final = "192MB"

_COUNTIES: Final = text(
    "WITH RECURSIVE at AS ((SELECT county FROM {0} ORDER BY county LIMIT 1) UNION ALL "
    "SELECT (SELECT county FROM {0} WHERE county > at.county ORDER BY county LIMIT 1) FROM at "
    "WHERE at.county IS NOT NULL) SELECT county FROM at WHERE county IS NOT NULL"
)


@cache
def statement(shape: Population, *, homes: bool, rules: RuleSet) -> Select[Any]:
    """The expression for a shape of population; built once."""
    return decision(TABLES, shape, homes=homes, rules=rules)


async def counties(connection: AsyncConnection, population: Population) -> set[str]:
    """The counties that may pay the population."""
    found: set[str] = set()
    for table in (tables_facts.home, tables_facts.determination):
        if population.persons is not None:
            query: Any = select(table.c.county).distinct().where(table.c.person_id.in_(population.persons))
        else:
            query = text(_COUNTIES.text.format(table.name))
        found.update(await connection.scalars(query))
    return found


async def questions(
    connection: AsyncConnection,
    book: PolicyBook,
    *,
    months: Sequence[Month],
    population: Population,
    known_at: datetime | None,
) -> dict[str, Any]:
    """Everything the expression binds."""
    terms = lay_out(book, await counties(connection, population), months)
    return {**terms.parameters, **population.parameters, "known_at": known_at or FAR_AHEAD}


async def ask(
    connection: AsyncConnection,
    population: Population,
    bound: dict[str, Any],
    *,
    homes: bool = True,
    rules: RuleSet = ALL_RULES,
) -> Sequence[Row[Any]]:
    """Run the expression; a row a person, scheme and month."""
    return (await connection.execute(statement(population.shape, homes=homes, rules=rules), bound)).all()


async def decide(
    connection: AsyncConnection,
    *,
    months: Sequence[Month],
    population: Population,
    known_at: datetime | None = None,
    policy: Sequence[PolicyDocument] | None = None,
    homes: bool = True,
    rules: RuleSet = ALL_RULES,
) -> list[Answer]:
    """Entitled, due and payable of a population in some months, as known at a moment (None: now).

    ``policy``: other documents than those in force. ``homes``: also persons and months without an award.
    """
    book = PolicyBook(await policy_documents.in_force(connection, known_at) if policy is None else policy)
    bound = await questions(connection, book, months=months, population=population, known_at=known_at)
    return [answer_of(row) for row in await ask(connection, population, bound, homes=homes, rules=rules)]


async def hold(
    connection: AsyncConnection,
    name: str,
    *,
    month: Month,
    population: Population,
    book: PolicyBook,
    known_at: datetime | None = None,
    homes: bool = True,
) -> None:
    """Put the answers of a month into a temporary table of this transaction: what monthly work over everybody reads.

    Sorting and hashing 3.5 million claims in memory is worth a fifth of a gigabyte to one transaction a month.
    """
    bound = await questions(connection, book, months=[month], population=population, known_at=known_at)
    compiled = statement(population.shape, homes=homes, rules=ALL_RULES).compile(dialect=connection.dialect)
    await connection.exec_driver_sql(f"SET LOCAL work_mem = '{WORK_MEM}'")
    await connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS {compiled}", compiled.construct_params(bound)
    )
    await connection.exec_driver_sql(f"ANALYZE {name}")


def answer_of(row: Row[Any]) -> Answer:
    """A row of the expression."""
    return Answer(
        person_id=row.person_id,
        scheme=row.scheme,
        month=Month.of(row.month),
        award_id=row.award_id if row.covered else None,
        entitled_fen=row.entitled_fen,
        due_fen=row.due_fen,
        settled_fen=row.settled_fen,
        open_fen=row.open_fen,
        payable_fen=row.payable_fen,
        rules=row.rules,
        problem=row.problem,
    )
