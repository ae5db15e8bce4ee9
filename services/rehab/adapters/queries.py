"""Reads that only list, show or count cases, always within a scope and a sight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Row, Table, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.rehab.adapters.repositories import seen_by, to_case
from services.rehab.adapters.tables import case_step, rehab_case
from services.rehab.adapters.tables_care import follow_up, plan, plan_item, referral, session
from services.rehab.domain.case import Case, CaseFlag
from services.rehab.domain.case_state import ENDED
from services.rehab.domain.measures import Programme
from services.rehab.use_cases.ports import Sight
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.division import Division, Scope
from shared.values.rehab_case import CaseStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which cases of a list; ``due_before``: open and due before the day."""

    division: Division | None = None
    status: CaseStatus | None = None
    programme: Programme | None = None
    flag: CaseFlag | None = None
    person_id: UUID | None = None
    institution_id: UUID | None = None
    due_before: date | None = None


async def case_by_id(connection: AsyncConnection, case_id: UUID, *, within: Scope, sight: Sight) -> Case | None:
    """One case; None outside the scope or out of sight."""
    row = (
        await connection.execute(
            select(rehab_case).where(
                rehab_case.c.case_id == case_id, inside(rehab_case.c.division, within), seen_by(sight)
            )
        )
    ).one_or_none()
    return None if row is None else to_case(row)


async def cases_page(
    connection: AsyncConnection, page: Page, wanted: Wanted, *, within: Scope, sight: Sight
) -> tuple[list[Case], str | None]:
    """A page of cases."""
    scope = within if wanted.division is None else within.narrowed_to(wanted.division)
    query = select(rehab_case).where(inside(rehab_case.c.division, scope), seen_by(sight))
    for name in ("status", "programme", "flag", "person_id", "institution_id"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(rehab_case.c[name] == value)
    if wanted.due_before is not None:
        query = query.where(
            rehab_case.c.due_on < wanted.due_before, rehab_case.c.status.not_in([status.value for status in ENDED])
        )
    rows, following = await paginate(connection, query, [rehab_case.c.case_id], page)
    return [to_case(row) for row in rows], following


async def steps_of(connection: AsyncConnection, case_id: UUID, *, within: Scope) -> list[dict[str, Any]]:
    """The history of one case, oldest first; empty outside the scope."""
    recorded_on = cast(func.timezone("Asia/Shanghai", case_step.c.recorded_at), Date)
    rows = await connection.execute(
        select(case_step, func.coalesce(recorded_on > case_step.c.due_on, False).label("late"))
        .join(rehab_case, rehab_case.c.case_id == case_step.c.case_id)
        .where(case_step.c.case_id == case_id, inside(rehab_case.c.division, within))
        .order_by(case_step.c.version)
    )
    return [dict(row._mapping) for row in rows]


Rows = list[Row[Any]]


async def _of_case(connection: AsyncConnection, table: Table, case_id: UUID, within: Scope, *more: Any) -> Rows:
    """The rows of a case, in the order of their key; none outside the scope."""
    query = select(table, *more).join(rehab_case, rehab_case.c.case_id == table.c.case_id)
    query = query.where(table.c.case_id == case_id, inside(rehab_case.c.division, within))
    return list(await connection.execute(query.order_by(*table.primary_key.columns)))


async def plans_of(connection: AsyncConnection, case_id: UUID, *, within: Scope) -> tuple[Rows, Rows]:
    """Every revision of a case's plan, the newest first, and the items of all with how often they were attended."""
    attended = (
        select(func.count())
        .where(
            session.c.case_id == plan_item.c.case_id,
            session.c.plan_no == plan_item.c.plan_no,
            session.c.item_no == plan_item.c.item_no,
            session.c.attendance == "ATTENDED",
        )
        .scalar_subquery()
    )
    plans = await _of_case(connection, plan, case_id, within)
    return plans[::-1], await _of_case(connection, plan_item, case_id, within, attended.label("attended"))


async def visits_of(connection: AsyncConnection, case_id: UUID, *, within: Scope) -> Rows:
    """Visits after the closing, due and done."""
    return await _of_case(connection, follow_up, case_id, within)


async def referrals_of(connection: AsyncConnection, case_id: UUID, *, within: Scope) -> Rows:
    """Where a case was referred to, the oldest first."""
    return await _of_case(connection, referral, case_id, within)


async def session_by_id(connection: AsyncConnection, session_id: UUID, *, within: Scope) -> Row[Any]:
    """One session, of a case that was found."""
    query = select(session).where(session.c.session_id == session_id, inside(session.c.division, within))
    return (await connection.execute(query)).one()


async def sessions_page(
    connection: AsyncConnection,
    page: Page,
    *,
    within: Scope,
    sight: Sight,
    case_id: UUID | None = None,
    institution_month: tuple[UUID, date] | None = None,
) -> tuple[Rows, str | None]:
    """Sessions of a case, or of an institution in the month that begins on a day."""
    query = (
        select(session)
        .join(rehab_case, rehab_case.c.case_id == session.c.case_id)
        .where(inside(rehab_case.c.division, within), seen_by(sight))
    )
    if case_id is not None:
        rows, following = await paginate(
            connection, query.where(session.c.case_id == case_id), [session.c.session_id], page
        )
        return list(rows), following
    assert institution_month is not None
    institution_id, begins = institution_month
    ends = (begins + timedelta(days=32)).replace(day=1)
    query = query.where(session.c.institution_id == institution_id, session.c.day >= begins, session.c.day < ends)
    rows, following = await paginate(connection, query, [session.c.day, session.c.session_id], page)
    return list(rows), following


async def open_and_undecided(connection: AsyncConnection, today: date) -> tuple[int, int, int]:
    """How many cases are open, how many wait for a decision on a move, and how many are over time."""
    row = (
        await connection.execute(
            select(
                func.count(),
                func.count().filter(rehab_case.c.flag == CaseFlag.TRANSFERRED.value),
                func.count().filter(rehab_case.c.due_on < today),
            ).where(rehab_case.c.status.not_in([status.value for status in ENDED]))
        )
    ).one()
    return row[0], row[1], row[2]
