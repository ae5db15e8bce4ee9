"""Lists and counts of applications, notices, slots and clocks: straight from rows, always within a scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.applications import has_a_part, to_application
from services.registry.adapters.institutions import to_booking, to_institution, to_slot
from services.registry.adapters.secrets import NAME, Secrets
from services.registry.adapters.tables import (
    application,
    application_paper,
    application_step,
    booking,
    institution,
    objection,
    person,
    public_notice,
    slot,
)
from services.registry.domain.application import Application
from services.registry.domain.application_state import STAGES, ApplicationState, Awaited, Matter
from services.registry.domain.assessment import Institution
from services.registry.domain.booking import Booking, Slot
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.division import Division, Level, Scope
from shared.values.personal import PersonName


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which cases are asked for."""

    division: Division | None = None
    matter: Matter | None = None
    state: ApplicationState | None = None
    person_id: UUID | None = None
    overdue_on: date | None = None
    """Only what should have left its state before this day."""
    warned_on: date | None = None
    """Only what is to be marked from this day or an earlier one."""

    def conditions(self) -> list[ColumnElement[bool]]:
        """As SQL."""
        column = application.c
        return [
            *([has_a_part(Scope.of(self.division))] if self.division else []),
            *([column.matter == self.matter.value] if self.matter else []),
            *([column.state == self.state.value] if self.state else []),
            *([column.person_id == self.person_id] if self.person_id else []),
            *([column.due_on < self.overdue_on] if self.overdue_on else []),
            *([column.warn_on <= self.warned_on] if self.warned_on else []),
        ]


async def applications_page(
    connection: AsyncConnection, page: Page, wanted: Wanted, *, within: Scope
) -> tuple[list[Application], str | None]:
    """A page of cases."""
    query = select(application).where(has_a_part(within), *wanted.conditions())
    rows, following = await paginate(connection, query, [application.c.application_id], page)
    return [to_application(row) for row in rows], following


async def overdue_page(
    connection: AsyncConnection, page: Page, *, within: Scope, today: date, division: Division | None
) -> tuple[list[Application], str | None]:
    """What should have left its state, longest due first."""
    wanted = Wanted(division=division, overdue_on=today)
    query = select(application).where(has_a_part(within), *wanted.conditions())
    rows, following = await paginate(connection, query, [application.c.due_on, application.c.application_id], page)
    return [to_application(row) for row in rows], following


async def application_by_id(connection: AsyncConnection, application_id: UUID, *, within: Scope) -> Application | None:
    """One case; None when no county of it lies in the scope."""
    row = (
        await connection.execute(
            select(application).where(application.c.application_id == application_id, has_a_part(within))
        )
    ).one_or_none()
    return None if row is None else to_application(row)


def _of_case(application_id: UUID, within: Scope) -> ColumnElement[bool]:
    return and_(application.c.application_id == application_id, has_a_part(within))


async def steps_of(
    connection: AsyncConnection, application_id: UUID, *, within: Scope, today: date
) -> Sequence[dict[str, Any]]:
    """Every step of a case with its clock, oldest first."""
    column = application_step.c
    late = func.coalesce(func.coalesce(column.left_on, today) > column.due_on, False).label("late")
    rows = await connection.execute(
        select(application_step, late)
        .join(application, application.c.application_id == column.application_id)
        .where(_of_case(application_id, within))
        .order_by(column.ordinal)
    )
    return [dict(row._mapping) for row in rows]


async def papers_of(connection: AsyncConnection, application_id: UUID, *, within: Scope) -> Sequence[dict[str, Any]]:
    """The papers a case has."""
    column = application_paper.c
    rows = await connection.execute(
        select(column.paper, column.received_on, column.blob_id)
        .join(application, application.c.application_id == column.application_id)
        .where(_of_case(application_id, within))
        .order_by(column.paper)
    )
    return [dict(row._mapping) for row in rows]


async def objections_of(
    connection: AsyncConnection, application_id: UUID, *, within: Scope
) -> Sequence[dict[str, Any]]:
    """The objections to a case, without their words."""
    column = objection.c
    rows = await connection.execute(
        select(column.objection_id, column.application_id, column.filed_on, column.state, column.decided_on)
        .join(application, application.c.application_id == column.application_id)
        .where(_of_case(application_id, within))
        .order_by(column.filed_on, column.objection_id)
    )
    return [dict(row._mapping) for row in rows]


async def notices_page(
    connection: AsyncConnection, secrets: Secrets, page: Page, *, within: Scope, division: Division | None
) -> tuple[list[dict[str, Any]], str | None]:
    """What is posted now: a masked name, the matter and what was found (CERT-05, PI-03)."""
    scope = within if division is None else within.narrowed_to(division)
    column = public_notice.c
    query = (
        select(
            column.notice_id,
            column.division,
            column.posted_on,
            column.until,
            application.c.matter,
            application.c.found,
            person.c.person_id,
            person.c.name_cipher,
        )
        .join(application, application.c.application_id == column.application_id)
        .join(person, person.c.person_id == application.c.person_id)
        .where(column.ended_on.is_(None), person.c.erased_at.is_(None), inside(column.division, scope))
    )
    rows, following = await paginate(connection, query, [column.notice_id], page)
    return [
        {
            **{name: value for name, value in row._mapping.items() if name != "name_cipher"},
            "name_masked": PersonName(secrets.open(row.name_cipher, NAME, row.person_id.bytes)).masked(),
        }
        for row in rows
    ], following


_COUNTY: Final = int(Level.COUNTY)


async def counters(
    connection: AsyncConnection,
    *,
    within: Scope,
    division: Division | None,
    since: date,
    until: date,
    today: date,
) -> Sequence[dict[str, Any]]:
    """Clocks a county kept and broke, by matter and state; ``since`` to ``until`` is when cases left (CERT-31)."""
    scope = within if division is None else within.narrowed_to(division)
    column = application_step.c
    county = func.left(column.desk, _COUNTY).label("county")
    left = column.left_on.between(since, until)
    waiting = column.left_on.is_(None)
    rows = await connection.execute(
        select(
            county,
            column.matter,
            column.target.label("state"),
            func.count().filter(left).label("left"),
            func.count().filter(left, column.left_on > column.due_on).label("left_late"),
            func.count().filter(waiting).label("waiting"),
            func.count().filter(waiting, column.due_on < today).label("waiting_late"),
        )
        .where(column.due_on.is_not(None), inside(column.desk, scope), or_(left, waiting))
        .group_by(county, column.matter, column.target)
        .order_by(county, column.matter, column.target)
    )
    return [dict(row._mapping) for row in rows]


async def ratings(connection: AsyncConnection, *, within: Scope, division: Division | None) -> Sequence[dict[str, Any]]:
    """How applicants rated the counties that took their cases in."""
    scope = within if division is None else within.narrowed_to(division)
    county = func.left(application.c.acceptance, _COUNTY).label("county")
    rows = await connection.execute(
        select(county, func.count().label("rated"), func.avg(application.c.rating).label("average"))
        .where(application.c.rating.is_not(None), inside(application.c.acceptance, scope))
        .group_by(county)
        .order_by(county)
    )
    return [{**row._mapping, "average": float(row.average)} for row in rows]


async def institutions_page(
    connection: AsyncConnection, page: Page, *, within: Scope, division: Division | None
) -> tuple[list[Institution], str | None]:
    """Institutions. They are designated province-wide: whoever may see applications may see them."""
    scope = within if division is None else within.narrowed_to(division)
    query = select(institution).where(inside(institution.c.division, scope))
    rows, following = await paginate(connection, query, [institution.c.institution_id], page)
    return [to_institution(row) for row in rows], following


async def slots_page(
    connection: AsyncConnection, page: Page, *, within: Scope, institution_id: UUID, since: date, until: date
) -> tuple[list[Slot], str | None]:
    """Slots of an institution with the places that are left, in the order of time."""
    query = select(slot).where(
        slot.c.institution_id == institution_id, slot.c.day.between(since, until), inside(slot.c.division, within)
    )
    rows, following = await paginate(connection, query, [slot.c.day, slot.c.slot_id], page)
    return [to_slot(row) for row in rows], following


async def bookings_page(
    connection: AsyncConnection, page: Page, *, within: Scope, institution_id: UUID, day: date
) -> tuple[list[tuple[Booking, UUID]], str | None]:
    """Who is expected at an institution on a day: bookings with the person of each."""
    query = (
        select(booking, application.c.person_id)
        .join(slot, slot.c.slot_id == booking.c.slot_id)
        .join(application, application.c.application_id == booking.c.application_id)
        .where(slot.c.institution_id == institution_id, slot.c.day == day, has_a_part(within))
    )
    rows, following = await paginate(connection, query, [booking.c.booking_id], page)
    return [(to_booking(row), row.person_id) for row in rows], following


_OFFICE: Final = tuple(state.value for state, stage in STAGES.items() if stage.awaited is Awaited.OFFICE)
_AT_HOME: Final = tuple(state.value for state, stage in STAGES.items() if stage.desk.value == "HOME")


async def waiting(connection: AsyncConnection, *, within: Scope, limit: int) -> Sequence[dict[str, Any]]:
    """Cases that wait for an office in the scope, soonest due first: what a list of tasks shows."""
    desk = case((application.c.state.in_(_AT_HOME), application.c.home), else_=application.c.acceptance)
    rows = await connection.execute(
        select(
            application.c.application_id,
            application.c.person_id,
            application.c.matter,
            application.c.state,
            desk.label("division"),
            application.c.warn_on,
            application.c.due_on,
        )
        .where(application.c.due_on.is_not(None), application.c.state.in_(_OFFICE), inside(desk, within))
        .order_by(application.c.due_on, application.c.application_id)
        .limit(limit)
    )
    return [dict(row._mapping) for row in rows]


async def notices_over(connection: AsyncConnection, *, today: date, limit: int = 1_000) -> Sequence[UUID]:
    """Cases whose notice has run and that nobody objects to: what a timer moves on."""
    open_objection = (
        select(objection.c.objection_id)
        .where(objection.c.application_id == application.c.application_id, objection.c.state == "OPEN")
        .exists()
    )
    found = await connection.scalars(
        select(application.c.application_id)
        .where(
            application.c.state == ApplicationState.IN_NOTICE.value,
            application.c.notice_until < today,
            ~open_objection,
        )
        .order_by(application.c.notice_until)
        .limit(limit)
    )
    return found.all()


async def overdue_count(connection: AsyncConnection, *, today: date) -> int:
    """How many cases should have left their state: about no person."""
    query = select(func.count()).select_from(application).where(application.c.due_on < today)
    return int(await connection.scalar(query) or 0)
