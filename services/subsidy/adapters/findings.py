"""Two lists over everybody: eligible but unpaid (应享未享), and should have stopped but did not (应停未停).

Both are differences between what people see (awards) and what the one expression says of a month. A finding stays open
while it is so, is settled when it no longer is, or is closed by a person with a reason; the next month looks again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import engine, policy_documents, records
from services.subsidy.adapters.tables_facts import finding
from services.subsidy.adapters.words import Words
from services.subsidy.domain.entitlement.rules import BARS, CONDITIONS, HIGHER, Effect
from services.subsidy.domain.entitlement.sources import Population
from services.subsidy.domain.policy_book import PolicyBook
from shared.kit.crypto import Keys
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.division import Division, Scope
from shared.values.month import Month

CLOSING: Final = b"finding.closing"
MONTHS_BACK: Final = 12
_PAUSED: Final = sum(1 << rule.number for rule in BARS if rule.effect is Effect.PAUSED)
_NO_REASON_TO_STOP: Final = (
    _PAUSED | 1 << HIGHER.number | sum(1 << rule.number for rule in CONDITIONS if rule.id == "PERIOD")
)
"""Awards rest under these without being stopped: they go on by themselves."""


class Working(Protocol):
    """What is needed of a unit of work."""

    @property
    def connection(self) -> AsyncConnection:
        """Its transaction."""


Begin = Callable[[], AbstractAsyncContextManager[Working]]


class FindingKind(StrEnum):
    """What was found."""

    ELIGIBLE_UNPAID = "ELIGIBLE_UNPAID"
    STOP_MISSED = "STOP_MISSED"


class FindingState(StrEnum):
    """OPEN while it is so; SETTLED when it is so no more; CLOSED by a person."""

    OPEN = "OPEN"
    SETTLED = "SETTLED"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One row of a list. ``closing_cipher``: why a person closed it, see `Closings`."""

    finding_id: UUID
    version: int
    kind: FindingKind
    person_id: UUID
    scheme: str
    division: str
    award_id: UUID | None
    month: date
    since: date
    amount_fen: int
    rules: int
    state: FindingState
    found_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    closing_cipher: bytes | None


class Closings:
    """Seals and opens why findings were closed: words that may name anybody, encrypted and bound to the finding."""

    def __init__(self, keys: Keys) -> None:
        self._words = Words(keys)

    def sealed(self, words: str, finding_id: UUID) -> bytes:
        """Encrypted, for the column."""
        return self._words.sealed(words, CLOSING, finding_id)

    def opened(self, one: Finding) -> str | None:
        """The words; None: nobody closed it, or they are forgotten."""
        return self._words.opened(one.closing_cipher, CLOSING, one.finding_id)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a look over everybody came to."""

    found: int
    opened: int
    settled: int


# A person who could be paid and is not, unless somebody paused it.
_UNPAID: Final = f"""
CREATE TEMPORARY TABLE unpaid ON COMMIT DROP AS
SELECT person_id, scheme, entitled_fen, rules FROM decided
 WHERE due_fen = 0 AND entitled_fen > 0 AND rules & {_PAUSED} = 0"""  # noqa: S608 - put together from constants
# Awards that are due are most: they are left out before any is explained.
_NOT_DUE: Final = """
CREATE TEMPORARY TABLE not_due ON COMMIT DROP AS
SELECT a.person_id, a.scheme, a.division, a.award_id FROM award a
 WHERE a.status = 'ACTIVE' AND {about} AND NOT EXISTS (
   SELECT FROM decided d WHERE d.person_id = a.person_id AND d.scheme = a.scheme AND d.due_fen <> 0)"""
# An award that is shown as running although the month is not due for a reason that stops it. Which award an answer is
# about is looked up only where a rate is missing.
_FOUND: Final = f"""
CREATE TEMPORARY TABLE found ON COMMIT DROP AS
SELECT 'ELIGIBLE_UNPAID' AS kind, u.person_id, u.scheme, h.division, CAST(NULL AS uuid) AS award_id,
       u.entitled_fen AS amount_fen, u.rules
  FROM unpaid u JOIN home h ON h.person_id = u.person_id AND h.known_to = 'infinity' AND h.valid_to = 'infinity'
UNION ALL
SELECT 'STOP_MISSED', a.person_id, a.scheme, a.division, a.award_id,
       coalesce(d.settled_fen + d.open_fen, 0), coalesce(d.rules, 0)
  FROM not_due a
  LEFT JOIN (SELECT alike.person_id AS asked, member.person_id
               FROM alike CROSS JOIN LATERAL unnest(alike.members) AS member(person_id)) m ON m.person_id = a.person_id
  LEFT JOIN decided_asked d ON d.person_id = m.asked AND d.scheme = a.scheme AND coalesce(d.due_fen, 0) = 0
 WHERE coalesce(d.rules, -1) & ~CAST({_NO_REASON_TO_STOP} AS bigint) <> 0
   AND (d.due_fen IS NULL AND d.covered AND CASE WHEN m.asked = a.person_id THEN d.award_id = a.award_id
        ELSE d.award_id IS NOT NULL AND a.award_id = (SELECT e.award_id FROM determination e
          WHERE e.person_id = a.person_id AND e.scheme = a.scheme AND e.single) END) IS NOT TRUE"""  # noqa: S608 - put together from constants

_SETTLE: Final = (
    "UPDATE finding f SET state = 'SETTLED', version = version + 1, closed_at = :at, closed_by = 'system' "
    "WHERE f.state = 'OPEN' AND {about} AND NOT EXISTS (SELECT FROM found n WHERE n.kind = f.kind "
    "AND n.person_id = f.person_id AND n.scheme = f.scheme)"
)
_KEEP: Final = text(
    "UPDATE finding f SET month = :month, version = version + 1, amount_fen = n.amount_fen, rules = n.rules, "
    "division = n.division "
    "FROM found n WHERE f.state = 'OPEN' AND n.kind = f.kind AND n.person_id = f.person_id AND n.scheme = f.scheme "
    "AND (f.month, f.amount_fen, f.rules, f.division) "
    "IS DISTINCT FROM (CAST(:month AS date), n.amount_fen, n.rules, n.division)"
)
# Closed by a person for this month: the next one looks again.
_OPEN: Final = text(
    "INSERT INTO finding (finding_id, version, kind, person_id, scheme, division, award_id, month, since, amount_fen, "
    "rules, state, found_at) SELECT uuidv7(), 1, n.kind, n.person_id, n.scheme, n.division, n.award_id, :month, "
    ":month, n.amount_fen, n.rules, 'OPEN', :at FROM found n WHERE NOT EXISTS (SELECT FROM finding f "
    "WHERE f.kind = n.kind AND f.person_id = n.person_id AND f.scheme = n.scheme "
    "AND (f.state = 'OPEN' OR (f.state = 'CLOSED' AND f.month >= :month))) ON CONFLICT DO NOTHING"
)


async def look(connection: AsyncConnection, month: Month, *, population: Population, at: datetime) -> Tally:
    """Look over a population for a month; what is so is open afterwards, what is not is settled."""
    book = PolicyBook(await policy_documents.in_force(connection, None))
    crowd = await engine.set_apart(connection, population, months=[month], books=[book])
    await engine.hold(connection, "decided", crowd, book=book)
    about, bound = _about(population)
    await connection.execute(text(_NOT_DUE.format(about=about.format("a"))), bound)
    await connection.execute(text(_UNPAID))
    await connection.execute(text("ANALYZE not_due, unpaid"))
    found = await connection.execute(text(_FOUND))
    values = {"at": at, "month": month.first_day}
    settled = await connection.execute(text(_SETTLE.format(about=about.format("f"))), {"at": at, **bound})
    await connection.execute(_KEEP, {"month": month.first_day})
    opened = await connection.execute(_OPEN, values)
    return Tally(found=found.rowcount, opened=opened.rowcount, settled=settled.rowcount)


async def look_over(begin: Begin, month: Month, *, division: str | None, at: datetime) -> Tally:
    """Look over a division in one transaction, or over everybody in two beside each other (``begin`` opens one).

    What one of them found stays when the other fails: whoever looks again changes nothing about those.
    """
    if division is not None:
        populations = [Population.within(division)]
    else:
        async with begin() as work:
            populations = await engine.halves(work.connection)

    async def part(population: Population) -> Tally:
        async with begin() as work:
            return await look(work.connection, month, population=population, at=at)

    async with asyncio.TaskGroup() as group:
        parts = [group.create_task(part(population)) for population in populations]
    tallies = [each.result() for each in parts]
    return Tally(*(sum(getattr(each, name) for each in tallies) for name in ("found", "opened", "settled")))


def _about(population: Population) -> tuple[str, dict[str, Any]]:
    """The condition that a finding or an award is about the population, and what it binds."""
    if population.division is not None:
        return "starts_with({0}.division, :population_division)", population.parameters
    if population.span is not None:
        return "{0}.person_id BETWEEN :population_first AND :population_last", population.parameters
    return "true", {}


async def page_of(
    connection: AsyncConnection,
    page: Page,
    *,
    within: Scope,
    division: Division | None,
    kind: FindingKind | None,
    state: FindingState | None,
    person_id: UUID | None,
) -> tuple[list[Finding], str | None]:
    """A page of a list."""
    query = select(finding).where(
        inside(finding.c.division, within if division is None else within.narrowed_to(division))
    )
    for column, wanted in ((finding.c.kind, kind), (finding.c.state, state)):
        if wanted is not None:
            query = query.where(column == wanted)
    if person_id is not None:
        query = query.where(finding.c.person_id.in_(await records.every(connection, person_id)))
    rows, following = await paginate(connection, query, [finding.c.finding_id], page)
    return [_finding(row) for row in rows], following


async def get(connection: AsyncConnection, finding_id: UUID, *, within: Scope, lock: bool = False) -> Finding | None:
    """One finding; None outside the scope."""
    query = select(finding).where(finding.c.finding_id == finding_id, inside(finding.c.division, within))
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else _finding(row)


async def close(connection: AsyncConnection, known: Finding, *, by: str, closing_cipher: bytes) -> Finding:
    """A person closes it."""
    row = await connection.execute(
        update(finding)
        .where(finding.c.finding_id == known.finding_id)
        .values(
            state=FindingState.CLOSED,
            version=known.version + 1,
            closed_at=func.clock_timestamp(),
            closed_by=by,
            closing_cipher=closing_cipher,
        )
        .returning(finding)
    )
    return _finding(row.one())


async def of_person(connection: AsyncConnection, person_id: UUID) -> list[Finding]:
    """Everything that was found about a person, oldest first."""
    query = select(finding).where(finding.c.person_id == person_id).order_by(finding.c.found_at, finding.c.finding_id)
    return [_finding(row) for row in await connection.execute(query)]


async def forget_words_of(connection: AsyncConnection, person_id: UUID) -> None:
    """On the person's request: what was written when findings about them were closed."""
    await connection.execute(update(finding).where(finding.c.person_id == person_id).values(closing_cipher=None))


async def since(connection: AsyncConnection, known: Finding) -> Month:
    """The first month, of the last year, since when it is so without a break."""
    last = Month.of(known.month)
    months = list(last.plus(1 - MONTHS_BACK).through(last))
    whose = await records.owner(connection, known.person_id)
    answers = await engine.decide(connection, months=months, population=Population.of([whose]))
    so = {answer.month for answer in answers if answer.scheme == known.scheme and _is_so(known, answer)}
    first = last
    while first.previous() in so and first.previous() >= months[0]:
        first = first.previous()
    return first


def _is_so(known: Finding, answer: Any) -> bool:
    unpaid = answer.due_fen == 0 and bool(answer.entitled_fen)
    return unpaid if known.kind is FindingKind.ELIGIBLE_UNPAID else answer.due_fen == 0


def _finding(row: Any) -> Finding:
    values = {name: getattr(row, name) for name in Finding.__dataclass_fields__}
    return Finding(**values | {"kind": FindingKind(row.kind), "state": FindingState(row.state)})
