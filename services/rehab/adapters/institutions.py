"""Institutions, their agreements and staff, the catalogue and the time limits: rows ↔ domain."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, insert, literal, or_, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.rehab.adapters.tables import rehab_case
from services.rehab.adapters.tables_institution import (
    agreement,
    case_limit,
    catalogue_item,
    institution,
    institution_change,
    safety_check,
    staff,
)
from services.rehab.domain.case_state import ENDED, PLACED
from services.rehab.domain.catalogue import CatalogueItem, Cycle, ItemKind
from services.rehab.domain.institution import Agreement, Institution, InstitutionStatus, Staff
from services.rehab.domain.limits import EVERYWHERE, Limit, Stage
from services.rehab.domain.measures import AgeBand, Mode, Payer, Programme
from shared.kit.audit import Change, Code
from shared.kit.scoping import inside
from shared.values.disability import DisabilityCategory
from shared.values.division import Division, Scope


def digits(categories: Collection[DisabilityCategory]) -> str:
    """Categories as a column keeps them."""
    return "".join(str(int(category)) for category in sorted(categories))


def categories_of(digits: str) -> frozenset[DisabilityCategory]:
    """The reverse."""
    return frozenset(DisabilityCategory(int(digit)) for digit in digits)


def takes_a_place() -> ColumnElement[bool]:
    """Cases that have a place. Ended ones are ruled out in so many words: that is what the index says."""
    placed, ended = ([status.value for status in states] for states in (PLACED, ENDED))
    return and_(rehab_case.c.status.in_(placed), rehab_case.c.status.not_in(ended))


def to_agreement(row: Any) -> Agreement:
    """A row of ``institution_agreement``."""
    return Agreement(
        agreement_id=row.agreement_id,
        begins_on=row.begins_on,
        ends_on=row.ends_on,
        categories=categories_of(row.categories),
        capacity=row.capacity,
    )


def to_item(row: Any) -> CatalogueItem:
    """A row of ``catalogue_item``."""
    return CatalogueItem(
        item_id=row.item_id,
        division=Division(row.division),
        item_code=row.item_code,
        kind=ItemKind(row.kind),
        categories=categories_of(row.categories),
        age_bands=frozenset(AgeBand(word) for word in row.age_bands.split()),
        modes=frozenset(Mode(word) for word in row.modes.split()),
        payers=frozenset(Payer(word) for word in row.payers.split()),
        cycle=Cycle(row.cycle),
        price_fen=row.price_fen,
        service_life_months=row.service_life_months,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


class SqlInstitutions:
    """`Institutions` on PostgreSQL."""

    def __init__(self, connection: AsyncConnection, *, recorded_by: str, audit: Callable[[Change], None]) -> None:
        self._connection = connection
        self._by = recorded_by
        self._audit = audit

    async def get(self, institution_id: UUID, *, within: Scope, lock: bool = False) -> Institution | None:
        """One with its agreements; None outside the scope."""
        query = select(institution).where(
            institution.c.institution_id == institution_id, inside(institution.c.division, within)
        )
        row = (await self._connection.execute(query.with_for_update() if lock else query)).one_or_none()
        if row is None:
            return None
        agreements = await self._connection.execute(
            select(agreement).where(agreement.c.institution_id == institution_id).order_by(agreement.c.begins_on)
        )
        return Institution(
            institution_id=row.institution_id,
            version=row.version,
            division=Division(row.division),
            status=InstitutionStatus(row.status),
            changed_by=row.changed_by,
            account=row.account,
            defence_until=row.defence_until,
            agreements=tuple(to_agreement(each) for each in agreements),
        )

    async def add(self, one: Institution, name: str) -> None:
        """Take in an application."""
        values = {**_values(one), "institution_id": one.institution_id, "division": one.division.code}
        await self._connection.execute(
            insert(institution).values(values | {"name": name, "account": one.account, "recorded_by": self._by})
        )
        await self._changed(one, "apply", None)

    async def save(self, one: Institution, step: str, reason: str | None) -> None:
        """Store the changed institution with its step."""
        await self._connection.execute(
            update(institution).where(institution.c.institution_id == one.institution_id).values(_values(one))
        )
        await self._changed(one, step, reason)

    async def _changed(self, one: Institution, step: str, reason: str | None) -> None:
        await self._connection.execute(
            insert(institution_change).values(
                institution_id=one.institution_id,
                version=one.version,
                step=step,
                status=one.status.value,
                reason=reason,
                recorded_by=self._by,
            )
        )
        self._told(one, f"institution.{step}", {"status": one.status, "reason": reason and Code(reason)})

    async def agree(self, one: Institution, given: Agreement, agreement_no: str) -> bool:
        """Keep an agreement; False when another covers one of its days."""
        added = await self._connection.scalar(
            postgresql.insert(agreement)
            .values(
                agreement_id=given.agreement_id,
                institution_id=one.institution_id,
                agreement_no=agreement_no,
                begins_on=given.begins_on,
                ends_on=given.ends_on,
                categories=digits(given.categories),
                capacity=given.capacity,
                recorded_by=self._by,
            )
            .on_conflict_do_nothing()
            .returning(agreement.c.agreement_id)
        )
        if added is not None:
            self._told(one, "institution.agreed", {"agreement_id": added, "capacity": given.capacity})
        return added is not None

    async def employ(self, one: Institution, given: Staff, values: Mapping[str, object]) -> bool:
        """Keep somebody qualified; False when the number is taken."""
        added = await self._connection.scalar(
            postgresql.insert(staff)
            .values(
                staff_id=given.staff_id,
                institution_id=one.institution_id,
                qualified_from=given.qualified_from,
                qualified_until=given.qualified_until,
                recorded_by=self._by,
                **values,
            )
            .on_conflict_do_nothing()
            .returning(staff.c.staff_id)
        )
        if added is not None:
            self._told(one, "institution.staffed", {"staff_id": added})
        return added is not None

    async def check(self, one: Institution, values: Mapping[str, object]) -> bool:
        """Keep a quarter's safety check; False when it is on record (REH-31)."""
        added = await self._connection.scalar(
            postgresql.insert(safety_check)
            .values(institution_id=one.institution_id, recorded_by=self._by, **values)
            .on_conflict_do_nothing()
            .returning(safety_check.c.quarter)
        )
        if added is not None:
            self._told(one, "institution.checked", dict(values))
        return added is not None

    async def has_place(self, one: Institution, given: Agreement) -> bool:
        """Whether fewer cases stand with it than its agreement has places."""
        placed = await self._connection.scalar(
            select(func.count()).where(rehab_case.c.institution_id == one.institution_id, takes_a_place())
        )
        return (placed or 0) < given.capacity

    async def staff(self, staff_ids: Collection[UUID]) -> Mapping[UUID, Staff]:
        """Those there are."""
        rows = await self._connection.execute(select(staff).where(staff.c.staff_id.in_(staff_ids)))
        return {
            row.staff_id: Staff(
                staff_id=row.staff_id,
                institution_id=row.institution_id,
                qualified_from=row.qualified_from,
                qualified_until=row.qualified_until,
            )
            for row in rows
        }

    async def catalogue(self, item_ids: Collection[UUID]) -> Mapping[UUID, CatalogueItem]:
        """Those there are."""
        rows = await self._connection.execute(select(catalogue_item).where(catalogue_item.c.item_id.in_(item_ids)))
        return {row.item_id: to_item(row) for row in rows}

    def _told(self, one: Institution, what: str, after: dict[str, object]) -> None:
        told = {"institution_id": one.institution_id, **after}
        self._audit(Change(None, what, after=told, division=one.division.code))


def _values(one: Institution) -> dict[str, Any]:
    return {
        "version": one.version,
        "status": one.status.value,
        "defence_until": one.defence_until,
        "changed_by": one.changed_by,
    }


async def limits_of(connection: AsyncConnection, division: Division) -> tuple[Limit, ...]:
    """Every limit that holds in a division, past and to come."""
    rows = await connection.execute(
        select(case_limit).where(
            or_(case_limit.c.division == EVERYWHERE, literal(division.code).startswith(case_limit.c.division))
        )
    )
    return tuple(
        Limit(row.division, Programme(row.programme), Stage(row.stage), row.valid_from, row.days) for row in rows
    )
