"""Reads of institutions, the catalogue and time limits, which name no person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, exists, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.rehab.adapters.institutions import digits, takes_a_place
from services.rehab.adapters.tables import rehab_case
from services.rehab.adapters.tables_institution import (
    agreement,
    case_limit,
    catalogue_item,
    institution,
    safety_check,
    staff,
)
from services.rehab.domain.institution import InstitutionStatus
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.disability import DisabilityCategory
from shared.values.division import Division, Scope

Values = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which institutions; ``unchecked``: designated, without a safety check of that (year, quarter) (REH-31)."""

    today: date
    division: Division | None = None
    status: InstitutionStatus | None = None
    category: DisabilityCategory | None = None
    free: bool = False
    unchecked: tuple[int, int] | None = None


def _standing(today: date) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Places of today's agreement, and how many are taken."""
    day = literal(today, Date)
    theirs = (
        agreement.c.institution_id == institution.c.institution_id,
        day.between(agreement.c.begins_on, agreement.c.ends_on),
    )
    capacity = select(func.coalesce(func.max(agreement.c.capacity), 0)).where(*theirs).scalar_subquery()
    placed = (
        select(func.count())
        .where(rehab_case.c.institution_id == institution.c.institution_id, takes_a_place())
        .scalar_subquery()
    )
    return capacity, placed


async def institutions_page(
    connection: AsyncConnection, page: Page, wanted: Wanted, *, within: Scope
) -> tuple[list[Values], str | None]:
    """A page of institutions with their places."""
    capacity, placed = _standing(wanted.today)
    scope = within if wanted.division is None else within.narrowed_to(wanted.division)
    query = select(institution, capacity.label("capacity"), placed.label("placed")).where(
        inside(institution.c.division, scope)
    )
    if wanted.status is not None:
        query = query.where(institution.c.status == wanted.status.value)
    if wanted.category is not None:
        query = query.where(
            exists().where(
                agreement.c.institution_id == institution.c.institution_id,
                literal(wanted.today, Date).between(agreement.c.begins_on, agreement.c.ends_on),
                agreement.c.categories.contains(str(int(wanted.category))),
            )
        )
    if wanted.free:
        query = query.where(placed < capacity)
    if wanted.unchecked is not None:
        year, quarter = wanted.unchecked
        checked = exists().where(
            safety_check.c.institution_id == institution.c.institution_id,
            safety_check.c.year == year,
            safety_check.c.quarter == quarter,
        )
        query = query.where(institution.c.status == InstitutionStatus.DESIGNATED.value, ~checked)
    rows, following = await paginate(connection, query, [institution.c.institution_id], page)
    return [dict(row._mapping) for row in rows], following


async def institution_by_id(
    connection: AsyncConnection, institution_id: UUID, *, within: Scope, today: date
) -> Values | None:
    """One with agreements, staff and safety checks; None outside the scope."""
    capacity, placed = _standing(today)
    row = (
        await connection.execute(
            select(institution, capacity.label("capacity"), placed.label("placed")).where(
                institution.c.institution_id == institution_id, inside(institution.c.division, within)
            )
        )
    ).one_or_none()
    if row is None:
        return None
    parts = {}
    for name, table, order in (
        ("agreements", agreement, (agreement.c.begins_on,)),
        ("staff", staff, (staff.c.staff_no,)),
        ("checks", safety_check, (safety_check.c.year, safety_check.c.quarter)),
    ):
        rows = await connection.execute(select(table).where(table.c.institution_id == institution_id).order_by(*order))
        parts[name] = [dict(each._mapping) for each in rows]
    for each in parts["agreements"]:
        each["categories"] = [int(digit) for digit in each["categories"]]
    return dict(row._mapping) | parts


async def items_page(
    connection: AsyncConnection, page: Page, *, division: Division | None, on: date | None
) -> tuple[list[Values], str | None]:
    """A page of the catalogue, which is public: what is offered in a division, on a day."""
    query = select(catalogue_item)
    if division is not None:
        query = query.where(literal(division.code).startswith(catalogue_item.c.division))
    if on is not None:
        query = query.where(
            catalogue_item.c.valid_from <= on, or_(catalogue_item.c.valid_to.is_(None), catalogue_item.c.valid_to >= on)
        )
    rows, following = await paginate(connection, query, [catalogue_item.c.item_id], page)
    return [dict(row._mapping) for row in rows], following


async def item_by_id(connection: AsyncConnection, item_id: UUID) -> Values | None:
    """One item, locked."""
    query = select(catalogue_item).where(catalogue_item.c.item_id == item_id).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else dict(row._mapping)


async def add_item(connection: AsyncConnection, values: Values, *, by: str) -> Values | None:
    """Insert; None when one of the same code is in force there on one of its days."""
    words = {name: " ".join(sorted(set(values[name]))) for name in ("age_bands", "modes", "payers")}
    told = values | words | {"categories": digits({DisabilityCategory(each) for each in values["categories"]})}
    statement = postgresql.insert(catalogue_item).values(**told, version=1, recorded_by=by).on_conflict_do_nothing()
    row = (await connection.execute(statement.returning(catalogue_item))).one_or_none()
    return None if row is None else dict(row._mapping)


async def end_item(connection: AsyncConnection, item_id: UUID, valid_to: date) -> Values:
    """Store the last day."""
    row = (
        await connection.execute(
            update(catalogue_item)
            .where(catalogue_item.c.item_id == item_id)
            .values(valid_to=valid_to, version=catalogue_item.c.version + 1)
            .returning(catalogue_item)
        )
    ).one()
    return dict(row._mapping)


async def limits(connection: AsyncConnection) -> Sequence[Values]:
    """Every time limit; a province has some dozen."""
    columns = (case_limit.c.division, case_limit.c.programme, case_limit.c.stage, case_limit.c.valid_from)
    return [dict(row._mapping) for row in await connection.execute(select(case_limit).order_by(*columns))]


async def add_limit(connection: AsyncConnection, values: Values, *, by: str) -> bool:
    """Insert; False when it stands already."""
    statement = postgresql.insert(case_limit).values(**values, recorded_by=by).on_conflict_do_nothing()
    return (await connection.scalar(statement.returning(case_limit.c.days))) is not None
