"""Lists and counts of applications, notices and clocks: straight from rows, always within a scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.applications import has_a_part, to_application
from services.subsidy.adapters.forms import REASON, Forms
from services.subsidy.adapters.tables import holder_person
from services.subsidy.adapters.tables_application import application, application_step, objection, public_notice
from services.subsidy.domain.application import Application
from services.subsidy.domain.application_state import IN_PROGRESS, OPEN, ApplicationState
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.award import Scheme
from shared.values.division import Division, Level, Scope

_RESULTS: Final = (ApplicationState.DETERMINED_ELIGIBLE, ApplicationState.REFUSED)


def _texts(states: Sequence[ApplicationState]) -> list[str]:
    return [state.value for state in states]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which cases are asked for."""

    division: Division | None = None
    scheme: Scheme | None = None
    state: ApplicationState | None = None
    person_id: UUID | None = None
    overdue_on: date | None = None
    """Only what should have left its state before this day."""
    died: bool = False
    """Only open cases whose applicant has died."""

    def conditions(self) -> list[ColumnElement[bool]]:
        """As SQL."""
        column = application.c
        dead = select(holder_person.c.person_id).where(
            holder_person.c.person_id == column.person_id, holder_person.c.died_on.is_not(None)
        )
        return [
            *([has_a_part(Scope.of(self.division))] if self.division else []),
            *([column.scheme == self.scheme.value] if self.scheme else []),
            *([column.state == self.state.value] if self.state else []),
            *([column.person_id == self.person_id] if self.person_id else []),
            *([column.due_on < self.overdue_on] if self.overdue_on else []),
            *([and_(column.state.in_(_texts(OPEN)), dead.exists())] if self.died else []),
        ]


async def applications_page(
    connection: AsyncConnection, page: Page, wanted: Wanted, *, within: Scope
) -> tuple[list[Application], str | None]:
    """A page of cases; overdue ones longest due first."""
    query = select(application).where(has_a_part(within), *wanted.conditions())
    order = [application.c.due_on] if wanted.overdue_on else []
    rows, following = await paginate(connection, query, [*order, application.c.application_id], page)
    return [to_application(row) for row in rows], following


async def application_by_id(connection: AsyncConnection, application_id: UUID, *, within: Scope) -> Application | None:
    """One case; None when neither place of it lies in the scope."""
    row = (
        await connection.execute(
            select(application).where(application.c.application_id == application_id, has_a_part(within))
        )
    ).one_or_none()
    return None if row is None else to_application(row)


async def steps_of(
    connection: AsyncConnection, application_id: UUID, *, within: Scope, today: date
) -> Sequence[dict[str, Any]]:
    """Every step of a case with its clock, oldest first."""
    column = application_step.c
    late = func.coalesce(func.coalesce(column.left_on, today) > column.due_on, False).label("late")
    rows = await connection.execute(
        select(application_step, late)
        .join(application, application.c.application_id == column.application_id)
        .where(column.application_id == application_id, has_a_part(within))
        .order_by(column.ordinal)
    )
    return [dict(row._mapping) for row in rows]


async def reason_of(connection: AsyncConnection, forms: Forms, application_id: UUID, *, within: Scope) -> str | None:
    """Why it was refused, in words; None: nothing was written."""
    sealed = await connection.scalar(
        select(application.c.reason_cipher).where(application.c.application_id == application_id, has_a_part(within))
    )
    return None if sealed is None else forms.open_words(sealed, REASON, application_id)


async def objections_of(connection: AsyncConnection, application_id: UUID, *, within: Scope) -> Sequence[Any]:
    """The objections to a case, for its home authority."""
    column = objection.c
    rows = await connection.execute(
        select(objection)
        .join(application, application.c.application_id == column.application_id)
        .where(application.c.application_id == application_id, inside(application.c.home, within))
        .order_by(column.filed_on, column.objection_id)
    )
    return rows.all()


async def notices_page(
    connection: AsyncConnection, forms: Forms, page: Page, *, within: Scope, division: Division | None
) -> tuple[list[dict[str, Any]], str | None]:
    """What is posted now: a masked name, the kind of subsidy and the amount, nothing else (SUB-23, PI-03)."""
    scope = within if division is None else within.narrowed_to(division)
    column = public_notice.c
    query = (
        select(
            *(column.notice_id, column.division, column.amount_fen, column.posted_on, column.until),
            *(application.c.application_id, application.c.person_id, application.c.scheme),
            *(application.c.number_cipher, application.c.form_cipher),
        )
        .join(application, application.c.application_id == column.application_id)
        .where(column.ended_on.is_(None), application.c.forgotten_at.is_(None), inside(column.division, scope))
    )
    rows, following = await paginate(connection, query, [column.notice_id], page)
    return [{**row._mapping, "name_masked": forms.opened(row).name.masked()} for row in rows], following


async def counters(
    connection: AsyncConnection, *, within: Scope, division: Division | None, since: date, until: date, today: date
) -> Sequence[dict[str, Any]]:
    """How each county keeps the clocks of cases handed in away from home or online, ``since`` … ``until`` (SUB-29).

    ``pushed_late`` (未及时推送) and ``told_late`` are the place of acceptance's, ``decided_late`` (未及时认定办理) the
    home county's; what is late at this moment counts as well.
    """
    scope = within if division is None else within.narrowed_to(division)
    column = application.c
    waiting = column.state.in_(_texts(IN_PROGRESS))
    untold = and_(column.state.in_(_texts(_RESULTS)), column.told_on.is_(None))
    late = {
        "pushed_late": (
            column.acceptance,
            or_(column.pushed_late, _late(column.push_by, today, column.pushed_on.is_(None) & waiting)),
        ),
        "decided_late": (
            column.home,
            or_(column.decided_late, _late(column.decide_by, today, column.pushed_on.is_not(None) & waiting)),
        ),
        "told_late": (column.acceptance, or_(column.told_late, _late(column.tell_by, today, untold))),
    }
    found: dict[str, dict[str, Any]] = {}
    for name, (place, is_late) in late.items():
        county = func.left(place, int(Level.COUNTY)).label("county")
        rows = await connection.execute(
            select(county, func.count().label("cases"), func.count().filter(is_late).label("late"))
            .where(column.remote, column.application_date.between(since, until), inside(place, scope))
            .group_by(county)
        )
        for row in rows:
            told = found.setdefault(
                row.county, {"county": row.county, "accepted": 0, "received": 0, **dict.fromkeys(late, 0)}
            )
            told[name] = row.late
            told["received" if name == "decided_late" else "accepted"] = row.cases
    return [found[county] for county in sorted(found)]


def _late(by: ColumnElement[Any], today: date, waits: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(waits, func.coalesce(by < today, False))


async def overdue_count(connection: AsyncConnection, *, today: date) -> int:
    """How many cases should have left their state: about no person."""
    query = select(func.count()).select_from(application).where(application.c.due_on < today)
    return int(await connection.scalar(query) or 0)


async def applications_of(connection: AsyncConnection, forms: Forms, person_id: UUID) -> list[dict[str, Any]]:
    """Everything about a person's applications in clear, for their own copy."""
    rows = await connection.execute(
        select(application).where(application.c.person_id == person_id).order_by(application.c.application_id)
    )
    return [_clear(row, forms) for row in rows]


def _clear(row: Row[Any], forms: Forms) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in ("scheme", "channel", "state", "application_date", "refusal")}
    if row.forgotten_at is not None:
        return told
    form = forms.opened(row)
    reason = None if row.reason_cipher is None else forms.open_words(row.reason_cipher, REASON, row.application_id)
    return told | {
        "name": form.name.clear,
        "citizen_id_no": form.citizen_id_no.number,
        "phone": form.phone and form.phone.clear,
        "payee_name": form.payee.clear,
        "account": form.account.clear,
        "bank": form.bank,
        "agent": form.agent and form.agent.name.clear,
        "reason": reason,
    }


async def has_open_application(connection: AsyncConnection, person_id: UUID) -> bool:
    """Whether a case of the person runs."""
    found = await connection.scalar(
        select(application.c.application_id).where(
            application.c.person_id == person_id, application.c.state.in_(_texts(OPEN))
        )
    )
    return found is not None
