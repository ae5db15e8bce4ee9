"""Finding whom to remind, set-based: who is new, what the one expression says of them, what is settled since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import engine, policy_documents
from services.subsidy.adapters.tables_reminder import reminder
from services.subsidy.domain.application_state import OPEN as APPLICATION_OPEN
from services.subsidy.domain.entitlement.rules import BARS, Effect
from services.subsidy.domain.entitlement.sources import Population
from services.subsidy.domain.person_facts import VALUES, Economy, FactKind
from services.subsidy.domain.policy_book import PolicyBook
from services.subsidy.domain.reminder import NEW_DAYS, Cause, Reminder, ReminderState
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.division import Division, Scope
from shared.values.month import Month

_DIBAO: Final = 1 + list(VALUES[FactKind.ECONOMY]).index(Economy.DIBAO)
_PAUSED: Final = sum(1 << rule.number for rule in BARS if rule.effect is Effect.PAUSED)
_APPLYING: Final = ", ".join(f"'{state}'" for state in APPLICATION_OPEN)
_VALID: Final = (
    "c.known_to = 'infinity' AND c.held_to = 'infinity' AND c.cancelled_on = 'infinity' AND c.expires_on >= :today"
)

# Everybody with a cause of the last weeks that has no case yet: an entry into dibao of a holder (a change of class is
# none), a card that is held and valid. A cause that was corrected or told again by another source keeps its case.
_NEW: Final = f"""
CREATE TEMPORARY TABLE new_cause ON COMMIT DROP AS
SELECT DISTINCT ON (n.person_id, n.cause, n.cause_on) n.*, h.division
  FROM (
    SELECT '{Cause.DIBAO_ENTRY}' AS cause, l.person_id, l.fact_id AS cause_id, l.valid_from AS cause_on FROM level l
     WHERE l.known_to = 'infinity' AND l.kind = {FactKind.ECONOMY.number} AND l.value = {_DIBAO}
       AND l.value_before <> {_DIBAO} AND l.valid_from BETWEEN :since AND :today AND l.valid_to > :today
       AND EXISTS (SELECT FROM held_card c WHERE c.person_id = l.person_id AND {_VALID})
    UNION ALL
    SELECT '{Cause.NEW_CARD}', c.person_id, c.certificate_id, c.issued_on FROM held_card c
     WHERE c.issued_on BETWEEN :since AND :today AND {_VALID}) n
  JOIN home h ON h.person_id = n.person_id AND h.known_to = 'infinity' AND h.valid_to = 'infinity'
 WHERE starts_with(h.division, :division) AND NOT EXISTS (
   SELECT FROM proactive_reminder r WHERE r.person_id = n.person_id AND r.cause = n.cause
      AND (r.cause_id = n.cause_id OR r.cause_on = n.cause_on))
 ORDER BY n.person_id, n.cause, n.cause_on, n.cause_id
"""  # noqa: S608 - put together from constants
_ASKED: Final = text(
    "SELECT person_id FROM new_cause UNION SELECT person_id FROM proactive_reminder "
    "WHERE state IN ('OPEN', 'REMINDED') AND starts_with(division, :division)"
)
# Who could be paid this month and neither is, nor applies, nor is paused.
_UNASKED: Final = f"""
CREATE TEMPORARY TABLE unasked ON COMMIT DROP AS
SELECT d.person_id, array_agg(d.scheme ORDER BY d.scheme) AS schemes, sum(d.entitled_fen) AS amount_fen
  FROM decided d
 WHERE d.due_fen = 0 AND d.entitled_fen > 0 AND d.rules & {_PAUSED} = 0 AND NOT EXISTS (
   SELECT FROM application a WHERE a.person_id = d.person_id AND a.scheme = d.scheme AND a.state IN ({_APPLYING}))
 GROUP BY d.person_id
"""  # noqa: S608 - put together from constants
_OPEN: Final = text(
    "INSERT INTO proactive_reminder (reminder_id, version, person_id, cause, cause_id, cause_on, schemes, amount_fen, "
    "division, division_found, found_on, state) SELECT uuidv7(), 1, n.person_id, n.cause, n.cause_id, n.cause_on, "
    "u.schemes, u.amount_fen, n.division, n.division, :today, 'OPEN' "
    "FROM new_cause n JOIN unasked u ON u.person_id = n.person_id ON CONFLICT DO NOTHING"
)
_KEEP: Final = text(
    "UPDATE proactive_reminder r SET schemes = u.schemes, amount_fen = u.amount_fen, division = h.division, "
    "version = r.version + 1 FROM unasked u JOIN home h ON h.person_id = u.person_id AND h.known_to = 'infinity' "
    "AND h.valid_to = 'infinity' WHERE r.person_id = u.person_id AND r.state IN ('OPEN', 'REMINDED') "
    "AND (r.schemes, r.amount_fen, r.division) IS DISTINCT FROM (u.schemes, u.amount_fen, h.division)"
)
# Ended by an application for, or an award of, what it was about; otherwise by a change of what is so.
_SETTLE: Final = text(
    "UPDATE proactive_reminder r SET version = r.version + 1, ended_on = :today, closed_by = 'system', "
    "state = CASE WHEN EXISTS (SELECT FROM application a WHERE a.person_id = r.person_id "
    "AND a.scheme = ANY(r.schemes) AND a.application_date >= r.cause_on) "
    "OR EXISTS (SELECT FROM award w WHERE w.person_id = r.person_id AND w.scheme = ANY(r.schemes) "
    "AND w.application_date >= r.cause_on) THEN 'APPLIED' ELSE 'LAPSED' END "
    "WHERE r.state IN ('OPEN', 'REMINDED') AND starts_with(r.division, :division) "
    "AND NOT EXISTS (SELECT FROM unasked u WHERE u.person_id = r.person_id)"
)
_CANCEL: Final = text(
    "UPDATE reminder_telling t SET state = 'CANCELLED', recipient_cipher = NULL FROM proactive_reminder r "
    "WHERE t.state = 'WAITING' AND r.reminder_id = t.reminder_id AND r.state NOT IN ('OPEN', 'REMINDED')"
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look came to: cases opened, cases ended by themselves."""

    opened: int
    settled: int


async def look(connection: AsyncConnection, today: date, *, division: str | None) -> Looked:
    """Find new cases of a division (None: everywhere), end those with nothing left to tell. Again: nothing."""
    bound = {"division": division or "", "today": today}
    await connection.execute(text(_NEW), bound | {"since": today - timedelta(days=NEW_DAYS)})
    persons = list(await connection.scalars(_ASKED, {"division": division or ""}))
    if not persons:
        return Looked(0, 0)
    book = PolicyBook(await policy_documents.in_force(connection, None))
    crowd = await engine.set_apart(connection, Population.of(persons), months=[Month.of(today)], books=[book])
    await engine.hold(connection, "decided", crowd, book=book)
    await connection.execute(text(_UNASKED))
    settled = await connection.execute(_SETTLE, bound)
    await connection.execute(_CANCEL)
    await connection.execute(_KEEP)
    opened = await connection.execute(_OPEN, {"today": today})
    return Looked(opened=opened.rowcount, settled=settled.rowcount)


async def count_open(connection: AsyncConnection) -> int:
    """How many persons' cases nobody was told of yet."""
    query = select(func.count()).where(reminder.c.state == ReminderState.OPEN)
    return (await connection.execute(query)).scalar_one()


async def page_of(
    connection: AsyncConnection,
    page: Page,
    *,
    within: Scope,
    division: Division | None,
    cause: Cause | None,
    state: ReminderState | None,
    person_id: UUID | None,
) -> tuple[list[Reminder], str | None]:
    """A page of the work list."""
    query = select(reminder).where(
        inside(reminder.c.division, within if division is None else within.narrowed_to(division))
    )
    for column, wanted in ((reminder.c.cause, cause), (reminder.c.state, state), (reminder.c.person_id, person_id)):
        if wanted is not None:
            query = query.where(column == wanted)
    rows, following = await paginate(connection, query, [reminder.c.reminder_id], page)
    return [to_reminder(row) for row in rows], following


async def get(connection: AsyncConnection, reminder_id: UUID, *, within: Scope, lock: bool = False) -> Reminder | None:
    """One case; None outside the scope."""
    query = select(reminder).where(reminder.c.reminder_id == reminder_id, inside(reminder.c.division, within))
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else to_reminder(row)


async def close(connection: AsyncConnection, known: Reminder, *, on: date, by: str, closing_cipher: bytes) -> Reminder:
    """A person closes it; what waits to be sent is not sent."""
    row = await connection.execute(
        update(reminder)
        .where(reminder.c.reminder_id == known.reminder_id)
        .values(
            state=ReminderState.CLOSED,
            version=known.version + 1,
            ended_on=on,
            closed_by=by,
            closing_cipher=closing_cipher,
        )
        .returning(reminder)
    )
    closed = to_reminder(row.one())
    await connection.execute(_CANCEL)
    return closed


async def of_person(connection: AsyncConnection, person_id: UUID) -> list[Reminder]:
    """Every case of a person, oldest first."""
    query = select(reminder).where(reminder.c.person_id == person_id).order_by(reminder.c.found_on, reminder.c.cause)
    return [to_reminder(row) for row in await connection.execute(query)]


async def forget_words_of(connection: AsyncConnection, person_id: UUID) -> None:
    """On the person's request: what was written when cases about them were closed."""
    await connection.execute(update(reminder).where(reminder.c.person_id == person_id).values(closing_cipher=None))


def to_reminder(row: Any) -> Reminder:
    """A row of ``proactive_reminder``."""
    values = {name: getattr(row, name) for name in Reminder.__dataclass_fields__}
    told = {"cause": Cause(row.cause), "state": ReminderState(row.state), "schemes": tuple(row.schemes)}
    return Reminder(**values | told)
