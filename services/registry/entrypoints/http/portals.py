"""Government portals hand in cases, ask how they stand, and both sides count (KPI-35)."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Annotated, Final

from fastapi import Depends, Path, Query, Response

from services.registry.adapters.work import RegistryWork
from services.registry.domain.application import Channel
from services.registry.domain.errors import DateInFuture
from services.registry.domain.portal import CountIsRepeated, PeriodIsWrong, PortalCaseNotFound
from services.registry.entrypoints.http.schemas_portal import (
    CountsIn,
    CountsOut,
    PortalCaseIn,
    PortalCaseOut,
    PortalStandingOut,
    ReconciledOut,
    ReconciliationOut,
)
from services.registry.use_cases.handle_application import load_application
from services.registry.use_cases.take_portal_case import HandIn, take_portal_case
from shared.kit.audit import Change, Look, looks
from shared.kit.bodies import Day
from shared.kit.idempotency import Idempotent
from shared.kit.limits import Budget
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router, open_work
from shared.values.division import Scope

DAYS_MAX: Final = 366

router = Router(prefix="/api/v1", tags=["portals"])

Work = Annotated[RegistryWork, Depends(open_work, scope="function")]
Portal = Annotated[Caller, Permit("portal:write")]
Reader = Annotated[Caller, Permit("portal:read")]


@router.post(
    "/portal-cases",
    status_code=201,
    dependencies=[Idempotent(), Budget("portal.case", client="100/second")],
    responses={200: {"model": PortalStandingOut, "description": "此前已推送的同一办件"}},
    summary="平台推送办件",
)
async def take(caller: Portal, body: PortalCaseIn, work: Work, response: Response) -> PortalStandingOut:
    """A case of the portal becomes an application here; handed in again under its number it is the one there is."""
    caller.must_cover(body.acceptance)
    _must_have_been(body.received_on, "received_on", work)
    asked = body.asked_by(body.applicant.who(), Channel.PORTAL)
    handed = HandIn(portal=caller.client_id, case_no=body.case_no, received_on=body.received_on, asked=asked)
    case, application, is_new = await take_portal_case(handed, work, within=caller.scope)
    after = {"intake_id": case.intake_id, "application_id": case.application_id, "matter": case.matter}
    what = "portal.case_taken" if is_new else "portal.case_repeated"
    work.audit(Change(case.person_id, what, after=after, division=case.division.code))
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"/api/v1/portal-cases/{case.case_no}"
    return PortalStandingOut.standing(case, application)


@router.get("/portal-cases/{case_no}", summary="平台查询办件")
async def read(
    caller: Portal, case_no: Annotated[str, Path(pattern=r"^[0-9A-Za-z._-]{4,64}$")], work: Work
) -> PortalStandingOut:
    """How a case stands, by the portal's own number; of no other portal's."""
    case = await work.portals.found(caller.client_id, case_no)
    if case is None or not caller.scope.covers(case.division):
        raise PortalCaseNotFound
    application = await load_application(case.application_id, work, within=Scope.everywhere())
    work.audit(Look(case.person_id, ("application",), "read", case.division.code))
    return PortalStandingOut.standing(case, application)


@router.get("/portal-cases", summary="平台办件列表")
async def list_cases(
    *,
    caller: Reader,
    work: Work,
    page: PageAsked,
    portal: Annotated[str | None, Query(max_length=64, description="平台客户端编号")] = None,
    received_on: Day | None = None,
) -> Listed[PortalCaseOut]:
    """Cases of portals in the caller's divisions, by both names."""
    found, following = await work.portals.page(page, within=caller.scope, portal=portal, received_on=received_on)
    work.audit(*looks(((case.person_id, case.division.code) for case, _ in found), ("application",), what="read"))
    return Listed(items=[PortalCaseOut.of(case, state) for case, state in found], next=following)


@router.post("/portal-counts", dependencies=[Idempotent()], summary="平台报送每日办件数")
async def count(caller: Portal, body: CountsIn, work: Work) -> CountsOut:
    """How many cases the portal took in on a day, by matter and county."""
    _must_have_been(body.day, "day", work)
    counted = [each.value() for each in body.counts]
    for each in counted:  # a county's figure is nothing for who answers for a township of it
        caller.must_cover(each.county.code)
    for (matter, county), times in Counter((each.matter, each.county.code) for each in counted).items():
        if times > 1:
            raise CountIsRepeated(matter=matter.value, county=county)
    await work.portals.count(caller.client_id, body.day, counted)
    work.audit(Change(None, "portal.counted", after={"day": body.day, "counts": len(counted)}))
    return CountsOut(day=body.day, counts=len(counted))


@router.get("/portal-reconciliation", summary="平台办件对账")
async def reconcile(
    *,
    caller: Reader,
    work: Work,
    first: Annotated[Day, Query(alias="from")],
    last: Annotated[Day, Query(alias="to")],
    portal: Annotated[str | None, Query(max_length=64, description="平台客户端编号")] = None,
) -> ReconciliationOut:
    """Both sides' counts per matter and day, and KPI-35 for the period."""
    if not 0 <= (last - first).days < DAYS_MAX:
        raise PeriodIsWrong(days_max=DAYS_MAX)
    rows = await work.portals.reconciled(first=first, last=last, within=caller.scope, portal=portal)
    inside, everything = await work.portals.rate(first=first, last=last, within=caller.scope)
    return ReconciliationOut(
        items=[ReconciledOut.of(row) for row in rows],
        inside=inside,
        all_cases=everything,
        rate=round(inside / everything, 4) if everything else None,
    )


def _must_have_been(day: date, field: str, work: RegistryWork) -> None:
    if day > work.today():
        raise DateInFuture(field=field, given=day.isoformat(), today=work.today().isoformat())
