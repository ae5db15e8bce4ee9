"""Reads that only list or show awards, always within a scope."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import records
from services.subsidy.adapters.repositories import to_award
from services.subsidy.adapters.tables import award, award_step
from services.subsidy.domain.award import Award
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.award import AwardStatus, Scheme
from shared.values.division import Division, Scope


async def award_by_id(connection: AsyncConnection, award_id: UUID, *, within: Scope) -> Award | None:
    """One award; None outside the scope."""
    row = (
        await connection.execute(select(award).where(award.c.award_id == award_id, inside(award.c.division, within)))
    ).one_or_none()
    return None if row is None else to_award(row)


async def awards_page(
    connection: AsyncConnection,
    page: Page,
    *,
    within: Scope,
    division: Division | None,
    status: AwardStatus | None,
    scheme: Scheme | None,
    person_id: UUID | None,
    cause_id: UUID | None,
) -> tuple[list[Award], str | None]:
    """A page of awards."""
    query = select(award).where(inside(award.c.division, within if division is None else within.narrowed_to(division)))
    for column, wanted in (
        (award.c.status, None if status is None else status.value),
        (award.c.scheme, None if scheme is None else scheme.value),
        (award.c.person_id, None if person_id is None else await records.owner(connection, person_id)),
        (award.c.cause_id, cause_id),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    rows, following = await paginate(connection, query, [award.c.award_id], page)
    return [to_award(row) for row in rows], following


async def steps_of(connection: AsyncConnection, award_id: UUID, *, within: Scope) -> list[dict[str, Any]]:
    """The history of one award, oldest first; empty outside the scope."""
    rows = await connection.execute(
        select(award_step)
        .join(award, award.c.award_id == award_step.c.award_id)
        .where(award_step.c.award_id == award_id, inside(award.c.division, within))
        .order_by(award_step.c.version)
    )
    return [dict(row._mapping) for row in rows]
