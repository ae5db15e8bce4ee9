"""Asks the one expression: the policy is looked up, laid out and bound, the statement runs once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Column, Compiled, MetaData, Row, Select, Table, Uuid, select, text
from sqlalchemy.dialects.postgresql import ARRAY, array, psycopg
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import policy_documents, tables_facts
from services.subsidy.domain.decisions import Answer
from services.subsidy.domain.entitlement import alike
from services.subsidy.domain.entitlement.decision import ALL_RULES, RuleSet, decision
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
    "enable_nestloop = off",  # this compare each of thousands with each,
    "enable_sort = off",  # and this order all lives by all that is known of them: what can be hashed is
    "idle_in_transaction_session_timeout = '30s'",  # a statement is long to write; nobody waits for this transaction
)
"""Of a transaction that works over everybody."""
_IN_ORDER: Final = ("enable_hashjoin = off", "enable_mergejoin = on")
"""What stands is read side by side in the order of persons: it is written about in that order, more or less, and a hash
of millions costs a miss of every cache for every person and table, twice the time of all else."""
_BY_HASH: Final = ("enable_hashjoin = on", "enable_mergejoin = off")
STANDING: Final = tuple(Tables.__annotations__)
"""Names of what stands."""
_STANDING: Final = tuple(getattr(tables_facts, name) for name in STANDING)


class _Apart:
    """The tables in which what stands about the persons who are asked about is set apart."""

    def __getattr__(self, name: str) -> Table:
        table: Table = getattr(tables_facts, name)
        return table.to_metadata(MetaData(), name=f"asked_{name}")


_APART: Final = cast("Tables", _Apart())
_DIALECT: Final = psycopg.dialect()  # type: ignore[no-untyped-call] # a class
_ALIKE: Final = Table("alike", MetaData(), Column("person_id", Uuid), Column("members", ARRAY(Uuid)))
# An award of one who is alike is the only one of that person and scheme; those who are asked about have their own.
_EVERYBODY: Final = """
CREATE TEMPORARY VIEW {0} AS
SELECT member.person_id, a.scheme, a.month, a.county, a.covered, a.entitled_fen, a.due_fen, a.settled_fen, a.open_fen,
       a.payable_fen, a.rules, a.problem,
       CASE WHEN member.person_id = a.person_id THEN a.award_id
            WHEN a.award_id IS NOT NULL THEN (SELECT d.award_id FROM determination d
                 WHERE d.person_id = member.person_id AND d.scheme = a.scheme AND d.single) END AS award_id
  FROM {0}_asked a JOIN alike ON alike.person_id = a.person_id
 CROSS JOIN LATERAL unnest(alike.members) AS member(person_id)"""

_LEVELS: Final = select(tables_facts.level.c.kind).distinct()
"""Kinds of level on record: who nothing is known of is not looked for among millions."""
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
def _alike(shape: Population, schemes: int, levels: tuple[int, ...], *, homes: bool, whole: bool) -> Select[Any]:
    return alike.alike(TABLES, shape, schemes, levels, homes=homes, whole=whole)


@cache
def _others(shape: Population, *, homes: bool, whole: bool) -> Select[Any]:
    other = alike.others(TABLES, shape, homes=homes, whole=whole).distinct().subquery("other")
    return select(other.c.person_id, array([other.c.person_id]))


@cache
def _standing(table: Table, *, whole: bool) -> Select[Any]:
    standing = select(table).where(known(table), table.c.person_id.in_(select(_ALIKE.c.person_id)))
    if whole or table is not TABLES.determination:
        return standing
    return standing.where(alike.is_asked_about(table))


_COUNTED: Final = text("SELECT greatest(reltuples, 1) FROM pg_class WHERE oid = 'home'::regclass")
_MIDDLE: Final = text(
    "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY person_id) FROM home TABLESAMPLE SYSTEM (:percent)"
)
_SAMPLED: Final = 10_000
_FIRST: Final = UUID(int=0)
_LAST: Final = UUID(int=(1 << 128) - 1)


async def halves(connection: AsyncConnection) -> list[Population]:
    """Everybody, in two parts of about the same number: one person's answers need nobody else's, so two transactions
    may work beside each other, each on a processor of its own."""
    counted = await connection.scalar(_COUNTED)
    middle = await connection.scalar(_MIDDLE, {"percent": min(100.0, 100 * _SAMPLED / float(counted))})
    if middle is None or middle.int == 0:
        return [Population.everyone()]
    return [Population.between(_FIRST, UUID(int=middle.int - 1)), Population.between(middle, _LAST)]


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
    schemes: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Everything the expression binds; ``schemes``: the policy of these alone."""
    terms = lay_out(book, await counties(connection, population), months, schemes)
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
    """A large population, those who are asked for all who are alike set apart for the rest of this transaction."""

    population: Population
    months: Sequence[Month]
    known_at: datetime | None
    homes: bool
    schemes: Sequence[str] | None


async def set_apart(
    connection: AsyncConnection,
    population: Population,
    *,
    months: Sequence[Month],
    books: Sequence[PolicyBook],
    known_at: datetime | None = None,
    homes: bool = True,
    schemes: Sequence[str] | None = None,
) -> Crowd:
    """Find who is alike under these policies, and copy what stands about one of each.

    ``schemes``: nothing else is asked about; None: all there are.

    Sorting and hashing 3.5 million persons in memory is worth some hundred megabytes to one transaction a month.
    """
    await _set(connection, *_SETTINGS)
    whole = schemes is None
    named = schemes_of(books) if schemes is None else schemes
    bound = {
        "known_at": known_at or FAR_AHEAD,
        **population.parameters,
        **alike.parameters(books, named, months),
    }
    levels = tuple(sorted(await connection.scalars(_LEVELS)))
    grouping = _alike(population.shape, len(named), levels, homes=homes, whole=whole)
    await _set(connection, *_IN_ORDER)
    await _create(connection, _ALIKE.name, grouping, bound)
    others = _others(population.shape, homes=homes, whole=whole)
    await _execute(connection, f"INSERT INTO {_ALIKE.name}", others, bound)
    await connection.exec_driver_sql(f"ANALYZE {_ALIKE.name} (person_id)")
    await _set(connection, *_BY_HASH, "enable_nestloop = on")  # a few among millions
    for table in _STANDING:
        await _create(connection, f"asked_{table.name}", _standing(table, whole=whole), bound)
        await connection.exec_driver_sql(f"ANALYZE asked_{table.name}")
    await _set(connection, "enable_nestloop = off")
    return Crowd(population, months, known_at, homes, schemes)


def schemes_of(books: Sequence[PolicyBook]) -> list[str]:
    """All schemes of some policies."""
    return sorted({scheme for book in books for scheme in book.schemes})


async def changed_schemes(
    connection: AsyncConnection, law: PolicyBook, draft: PolicyBook, *, month: Month, population: Population
) -> list[str]:
    """The schemes whose terms differ: of all others a draft says what the law says."""
    where = await counties(connection, population)
    return [
        scheme
        for scheme in schemes_of([law, draft])
        if lay_out(law, where, [month], [scheme]).rows != lay_out(draft, where, [month], [scheme]).rows
    ]


async def hold(connection: AsyncConnection, name: str, crowd: Crowd, *, book: PolicyBook) -> None:
    """Put the answers of a crowd into a view of this transaction: what work over everybody reads.

    ``<name>_asked`` holds the answers of those who were asked about, who are alike to the ``members`` of ``alike``.
    """
    bound = await questions(
        connection,
        book,
        months=crowd.months,
        population=crowd.population,
        known_at=crowd.known_at,
        schemes=crowd.schemes,
    )
    await _create(connection, f"{name}_asked", _long_way(homes=crowd.homes), bound)
    await connection.exec_driver_sql(f"ANALYZE {name}_asked")
    await connection.exec_driver_sql(_EVERYBODY.format(name))


async def _set(connection: AsyncConnection, *settings: str) -> None:
    """For the rest of this transaction."""
    for setting in settings:
        await connection.exec_driver_sql(f"SET LOCAL {setting}")


async def forget(connection: AsyncConnection, name: str) -> None:
    """Let go of a crowd and its answers, so that another can be set apart before the transaction ends."""
    tables = [_ALIKE.name, f"{name}_asked", *(f"asked_{table.name}" for table in _STANDING)]
    await connection.exec_driver_sql(f"DROP TABLE IF EXISTS {', '.join(tables)} CASCADE")


async def _create(connection: AsyncConnection, name: str, query: Select[Any], bound: dict[str, Any]) -> None:
    await _execute(connection, f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS", query, bound)


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
