"""Reads that only list, show or count cases, always within a scope."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.rehab.adapters.repositories import to_case
from services.rehab.adapters.tables import case_step, rehab_case
from services.rehab.domain.case import Case, CaseFlag
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.division import Division, Scope
from shared.values.rehab_case import CaseStatus


async def case_by_id(connection: AsyncConnection, case_id: UUID, *, within: Scope) -> Case | None:
    """One case; None outside the scope."""
    row = (
        await connection.execute(
            select(rehab_case).where(rehab_case.c.case_id == case_id, inside(rehab_case.c.division, within))
        )
    ).one_or_none()
    return None if row is None else to_case(row)


async def cases_page(
    connection: AsyncConnection,
    page: Page,
    *,
    within: Scope,
    division: Division | None = None,
    status: CaseStatus | None = None,
    flag: CaseFlag | None = None,
    person_id: UUID | None = None,
) -> tuple[list[Case], str | None]:
    """A page of cases."""
    scope = within if division is None else within.narrowed_to(division)
    query = select(rehab_case).where(inside(rehab_case.c.division, scope))
    for column, wanted in (
        (rehab_case.c.status, status),
        (rehab_case.c.flag, flag),
        (rehab_case.c.person_id, person_id),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    rows, following = await paginate(connection, query, [rehab_case.c.case_id], page)
    return [to_case(row) for row in rows], following


async def steps_of(connection: AsyncConnection, case_id: UUID, *, within: Scope) -> list[dict[str, Any]]:
    """The history of one case, oldest first; empty outside the scope."""
    rows = await connection.execute(
        select(case_step)
        .join(rehab_case, rehab_case.c.case_id == case_step.c.case_id)
        .where(case_step.c.case_id == case_id, inside(rehab_case.c.division, within))
        .order_by(case_step.c.version)
    )
    return [dict(row._mapping) for row in rows]


async def open_and_undecided(connection: AsyncConnection) -> tuple[int, int]:
    """How many cases are open, and how many of them wait for a decision on a move."""
    row = (
        await connection.execute(
            select(func.count(), func.count(rehab_case.c.flag)).where(rehab_case.c.status != CaseStatus.CLOSED)
        )
    ).one()
    return row[0], row[1]
