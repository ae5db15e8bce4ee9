"""Asks the one expression: the policy is looked up, laid out and bound, the statement runs once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, cast

from sqlalchemy import Column, Compiled, MetaData, Row, Select, Table, Uuid, select, text
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import policy_documents, tables_facts
from services.subsidy.domain.decisions import Answer
from services.subsidy.domain.entitlement.decision import ALL_RULES, RuleSet, decision, plain_decision
from services.subsidy.domain.entitlement.plain import eventful
from services.subsidy.domain.entitlement.sources import Population, Tables, known
from services.subsidy.domain.entitlement.terms import lay_out
from services.subsidy.domain.policy import PolicyDocument
from services.subsidy.domain.policy_book import PolicyBook
from shared.values.month import Month

TABLES: Final[Tables] = tables_facts
FAR_AHEAD: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""What is known now is known at this moment too."""

_SETTINGS: Final = (
    "work_mem = '192MB'",
    "enable_mergejoin = off",  # it would sort millions of rows by county,
    "enable_nestloop = off",  # this compare each of thousands with each: where rows can be hashed, they are
    "idle_in_transaction_session_timeout = '30s'",  # a statement is long to write; nobody waits for this transaction
)
"""Of a transaction that works over everybody."""
_STANDING: Final = tuple(getattr(tables_facts, name) for name in Tables.__annotations__)


class _Apart:
    """The tables in which what stands about eventful persons is set apart."""

    def __getattr__(self, name: str) -> Table:
        table: Table = getattr(tables_facts, name)
        return table.to_metadata(MetaData(), name=f"eventful_{name}")


_APART: Final = cast("Tables", _Apart())
_DIALECT: Final = psycopg.dialect()  # type: ignore[no-untyped-call] # a class
_EVENTFUL: Final = Table("eventful_person", MetaData(), Column("person_id", Uuid))

_COUNTIES: Final = text(
    "WITH RECURSIVE at AS ((SELECT county FROM {0} ORDER BY county LIMIT 1) UNION ALL "
    "SELECT (SELECT county FROM {0} WHERE county > at.county ORDER BY county LIMIT 1) FROM at "
    "WHERE at.county IS NOT NULL) SELECT county FROM at WHERE county IS NOT NULL"
)


@cache
def statement(shape: Population, *, homes: bool, rules: RuleSet) -> Select[Any]:
    """The expression for a shape of population; built once."""
    return decision(TABLES, shape, homes=homes, rules=rules)


@cache
def _long_way(*, homes: bool) -> Select[Any]:
    return decision(_APART, Population.everyone(), homes=homes)


@cache
def _eventful(shape: Population) -> Select[Any]:
    return eventful(TABLES, shape)


@cache
def _standing(table: Table) -> Select[Any]:
    return select(table).where(known(table), table.c.person_id.in_(select(_EVENTFUL.c.person_id)))


@cache
def _plain_statement(shape: Population, *, homes: bool) -> Select[Any]:
    return plain_decision(TABLES, shape, _EVENTFUL, homes=homes)


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


@cache
def _written(shape: Population, *, homes: bool, rules: RuleSet) -> Compiled:
    return write(statement(shape, homes=homes, rules=rules))


@cache
def write(query: Select[Any]) -> Compiled:
    """The text of a statement. It takes a good part of a second: to be kept, and made before the first transaction."""
    return query.compile(dialect=_DIALECT)


async def run(connection: AsyncConnection, written: Compiled, bound: dict[str, Any]) -> Sequence[Row[Any]]:
    """Run what was written before."""
    return (await connection.exec_driver_sql(str(written), written.construct_params(bound))).all()


def warm() -> None:
    """Write the statements about one person, so that no first caller's transaction stands still meanwhile."""
    for homes in (True, False):
        _written(Population.of(()), homes=homes, rules=ALL_RULES)


async def ask(
    connection: AsyncConnection,
    population: Population,
    bound: dict[str, Any],
    *,
    homes: bool = True,
    rules: RuleSet = ALL_RULES,
) -> Sequence[Row[Any]]:
    """Run the expression; a row a person, scheme and month."""
    written = _written(population.shape, homes=homes, rules=rules)
    return await run(connection, written, bound)


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


@dataclass(frozen=True, slots=True)
class Crowd:
    """A large population, its eventful persons set apart for the rest of this transaction."""

    population: Population
    months: Sequence[Month]
    known_at: datetime | None


async def set_apart(
    connection: AsyncConnection, population: Population, *, months: Sequence[Month], known_at: datetime | None = None
) -> Crowd:
    """Copy what stands about the eventful persons of a population, so that all others go the short way.

    Sorting and hashing 3.5 million claims in memory is worth some hundred megabytes to one transaction a month.
    """
    for setting in _SETTINGS:
        await connection.exec_driver_sql(f"SET LOCAL {setting}")
    bound = {"known_at": known_at or FAR_AHEAD, "first_day": min(months).first_day, **population.parameters}
    await _create(connection, _EVENTFUL.name, _eventful(population.shape), bound)
    for table in _STANDING:
        await _create(connection, f"eventful_{table.name}", _standing(table), bound)
    return Crowd(population, months, known_at)


async def hold(connection: AsyncConnection, name: str, crowd: Crowd, *, book: PolicyBook, homes: bool = True) -> None:
    """Put the answers of a crowd into a temporary table of this transaction: what work over everybody reads."""
    bound = await questions(connection, book, months=crowd.months, population=crowd.population, known_at=crowd.known_at)
    await _create(connection, name, _plain_statement(crowd.population.shape, homes=homes), bound)
    await _execute(connection, f"INSERT INTO {name}", _long_way(homes=homes), bound)
    await connection.exec_driver_sql(f"ANALYZE {name}")


async def _create(connection: AsyncConnection, name: str, query: Select[Any], bound: dict[str, Any]) -> None:
    await _execute(connection, f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS", query, bound)
    await connection.exec_driver_sql(f"ANALYZE {name}")


async def _execute(connection: AsyncConnection, verb: str, query: Select[Any], bound: dict[str, Any]) -> None:
    """A statement that keeps the rows of a query where they are."""
    compiled = write(query)
    await connection.exec_driver_sql(f"{verb} {compiled}", compiled.construct_params(bound))


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
