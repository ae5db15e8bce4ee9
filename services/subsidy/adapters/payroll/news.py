"""About whom anything came to stand since a draft, and what is owed to them now.

Lock and send judge these persons again: whoever is no longer owed a line in full is held by name before a file exists.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import engine, policy_documents, records
from services.subsidy.adapters.records import with_other_records
from services.subsidy.domain.decisions import Answer
from services.subsidy.domain.entitlement.sources import Population
from services.subsidy.domain.payroll.line import HoldReason
from services.subsidy.domain.payroll.run import Draft
from services.subsidy.domain.policy import PolicyDocument
from services.subsidy.domain.policy_book import PolicyBook
from shared.values.month import Month

_STANDING: Final = ("held_card", "home", "level", "spell", "determination", "pause", "back_payment")
_SINCE: Final = " UNION ".join(
    [
        *(
            f"SELECT person_id FROM {table} WHERE known_from > :since OR (known_to > :since AND known_to < 'infinity')"
            for table in _STANDING
        ),
        "SELECT person_id FROM line_turn WHERE at > :since AND state = 'CANCELLED'",
    ]
)
_TOLD: Final = with_other_records(_SINCE)
WAITING: Final = with_other_records(
    "SELECT DISTINCT person_id FROM dead_letter WHERE publisher = 'registry' AND state IN ('OPEN', 'PARKED')"
)
"""Persons of whom the register told something that could not be applied yet."""
SUSPECTED: Final = with_other_records("SELECT DISTINCT person_id FROM suspect WHERE holds")
"""Persons whose money is held while somebody looks whether they died, or serve a sentence (READ-22)."""

# Who holds a line of a person, by name; the first that applies. ``short``: lines no longer owed in full.
_HOLDS: Final = f"""
CREATE TEMPORARY TABLE to_hold ON COMMIT DROP AS
SELECT l.person_id, l.scheme, l.month, l.seq,
       CASE WHEN w.person_id IS NOT NULL THEN '{HoldReason.EVENTS_WAITING}'
            WHEN d.person_id IS NOT NULL THEN '{HoldReason.SUSPECT}'
            WHEN p.award_id IS NULL THEN '{HoldReason.NO_PAYEE}' ELSE '{HoldReason.NO_LONGER_DUE}' END AS reason
  FROM {{lines}} l
  LEFT JOIN ({WAITING}) w ON w.person_id = l.person_id
  LEFT JOIN ({SUSPECTED}) d ON d.person_id = l.person_id
  LEFT JOIN payee p ON p.award_id = l.award_id
  LEFT JOIN short s ON (s.person_id, s.scheme, s.month, s.seq) = (l.person_id, l.scheme, l.month, l.seq)
 WHERE w.person_id IS NOT NULL OR d.person_id IS NOT NULL OR p.award_id IS NULL OR s.person_id IS NOT NULL"""
# Several records of one person may have a line each: all of them together must be owed, the first ones go first.
_SHORT: Final = """
CREATE TEMPORARY TABLE short ON COMMIT DROP AS
SELECT person_id, scheme, month, seq FROM (
  SELECT l.*, sum(l.amount_fen) OVER (PARTITION BY w.person_id, l.scheme, l.month
                                      ORDER BY l.person_id <> w.person_id, l.person_id, l.seq) AS so_far,
         coalesce(d.payable_fen, 0) AS payable_fen
    FROM {lines} l JOIN news_of w ON w.record_id = l.person_id
    LEFT JOIN owed d ON (d.person_id, d.scheme, d.month) = (w.person_id, l.scheme, l.month)) AS told
 WHERE payable_fen < {needed_fen}"""
_NEWS_OF: Final = """
CREATE TEMPORARY TABLE news_of ON COMMIT DROP AS
SELECT DISTINCT n.person_id AS record_id, coalesce(r.person_id, n.person_id) AS person_id FROM news n
  LEFT JOIN person_record r ON r.record_id = n.person_id AND r.known_to = 'infinity'"""


_NOTHING_OWED: Final = (
    "CREATE TEMPORARY TABLE owed (person_id uuid, scheme text, month date, payable_fen bigint) ON COMMIT DROP"
)
_EVER: Final = datetime(1, 1, 1, tzinfo=UTC)


async def policy_digest(
    connection: AsyncConnection, known_at: datetime | None = None
) -> tuple[list[PolicyDocument], str]:
    """The policy in force at a moment (None: now) and its digest: which policy a run was drawn up by."""
    documents = await policy_documents.in_force(connection, known_at)
    told = [policy_documents.dump(document) for document in documents]
    return documents, hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def gather(connection: AsyncConnection, since: datetime, *, name: str = "news", of: str | None = None) -> int:
    """Put the persons about whom anything came to stand since into a table of this transaction.

    ``of``: only those of this relation of persons.
    """
    narrowed = "" if of is None else f" WHERE person_id IN ({of})"
    await connection.execute(
        text(f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS SELECT person_id FROM ({_TOLD}) AS told{narrowed}"),
        {"since": since},
    )
    return int(await connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0)


async def hold_again(connection: AsyncConnection, draft: Draft, lines: str, *, entered: bool) -> int:
    """Name in ``to_hold`` the lines of a relation that must not leave now; how many persons were judged again.

    ``lines`` has the columns of a line. Lines that are entered already are open in what is owed: nothing is missing
    while nothing is overdrawn. A policy that came or went since concerns everybody.
    """
    _, digest = await policy_digest(connection)
    since = draft.news_since if digest == draft.policy_digest else _EVER
    judged = await gather(connection, since, of=f"SELECT person_id FROM {lines}")
    await connection.execute(text(_NEWS_OF))
    months = await connection.scalars(text(f"SELECT DISTINCT month FROM {lines}"))
    owed_months = sorted(Month.of(month) for month in months)
    if owed_months:
        await owed(connection, "SELECT DISTINCT person_id FROM news_of", owed_months)
    else:
        await connection.execute(text(_NOTHING_OWED))
    await connection.execute(text(_SHORT.format(lines=lines, needed_fen="0" if entered else "so_far")))
    await connection.execute(text(_HOLDS.format(lines=lines)))
    return judged


async def forget(connection: AsyncConnection) -> None:
    """Let go of what `hold_again` named, so that it can be asked again before the transaction ends."""
    await engine.forget(connection, "owed")
    await connection.exec_driver_sql("DROP TABLE news, news_of, short, to_hold")


async def owed(connection: AsyncConnection, persons: str, months: list[Month]) -> None:
    """What some persons are owed in some months, in the relation ``owed`` of this transaction."""
    found = list((await connection.scalars(text(persons))).all())
    documents, _ = await policy_digest(connection)
    book, population = PolicyBook(documents), Population.of(found)
    crowd = await engine.set_apart(connection, population, months=months, books=[book], homes=False)
    await engine.hold(connection, "owed", crowd, book=book)


async def answers_of(connection: AsyncConnection, person_id: UUID, month: Month) -> list[Answer]:
    """What the rules say of whoever a record is about, and a month, now."""
    population = Population.of([await records.owner(connection, person_id)])
    return await engine.decide(connection, months=[month], population=population, homes=False)
