"""The proactive rate and the cases behind it (SUB-72, KPI-22)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel

from services.subsidy.adapters import reminder_rate
from services.subsidy.adapters.reminder_rate import Count
from services.subsidy.adapters.tellings import Tellings
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.reminder import WITHIN_DAYS, WITHIN_DAYS_MAX
from services.subsidy.entrypoints.http.reminders import FIELDS, ReminderOut
from shared.kit.audit import Look, looks
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router, open_work
from shared.kit.scoping import DivisionAsked
from shared.values.division import Division, Scope
from shared.values.month import Month

Work = Annotated[SubsidyWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("reminder:read")]
MonthAsked = Annotated[str, Query(pattern=r"^(19|20|21)\d{2}-(0[1-9]|1[0-2])$", description="月份，例如 2026-06")]
WithinDays = Annotated[int, Query(ge=0, le=WITHIN_DAYS_MAX, description="发现后多少天内提醒算按时")]


class RateOut(BaseModel):
    """KPI-22. ``permille`` null: not applicable, there is no case (RU-06)."""

    month: str
    division: str | None
    within_days: int
    numerator: int
    denominator: int
    permille: int | None
    counts: dict[Count, int]


class RateLineOut(ReminderOut):
    """A case behind the rate and how it counts."""

    counted_as: Count


def rate_router(told: Tellings) -> Router:
    """The rate and its lines."""
    router = Router(prefix="/api/v1", tags=["reminders"])

    @router.get("/reminder-rate", summary="主动服务率（KPI-22）")
    async def read_rate(
        caller: Reader,
        work: Work,
        month: MonthAsked,
        division: DivisionAsked = None,
        within_days: WithinDays = WITHIN_DAYS,
    ) -> RateOut:
        """Of the new cases of a month, how many were told of within some days."""
        found = await reminder_rate.rate(
            work.connection,
            Month.parse(month),
            within=_narrowed(caller, division),
            today=work.today(),
            within_days=within_days,
        )
        work.audit(Look(None, ("reminded_on",), "counted", division, count=found.denominator))
        return RateOut(
            month=month,
            division=division,
            within_days=within_days,
            numerator=found.numerator,
            denominator=found.denominator,
            permille=found.permille,
            counts=found.counts,
        )

    @router.get("/reminder-rate-lines", summary="主动服务率明细")
    async def list_rate_lines(
        *,
        caller: Reader,
        work: Work,
        page: PageAsked,
        month: MonthAsked,
        division: DivisionAsked = None,
        within_days: WithinDays = WITHIN_DAYS,
    ) -> Listed[RateLineOut]:
        """The cases behind the rate, each with how it counts."""
        items, following = await reminder_rate.lines(
            work.connection,
            page,
            Month.parse(month),
            within=_narrowed(caller, division),
            today=work.today(),
            within_days=within_days,
        )
        work.audit(*looks(((one.person_id, one.division_found) for one, _ in items), FIELDS, what="read"))
        return Listed(
            items=[RateLineOut(**ReminderOut.of(one, told).model_dump(), counted_as=counted) for one, counted in items],
            next=following,
        )

    return router


def _narrowed(caller: Caller, division: str | None) -> Scope:
    return caller.scope if division is None else caller.scope.narrowed_to(Division.parse(division))
