"""Looking at cases: one, many, overdue, posted, counted; the form masked, the refusal in writing."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from services.subsidy.adapters import application_queries as queries
from services.subsidy.adapters.forms import OBJECTION
from services.subsidy.adapters.register import certificate_now
from services.subsidy.domain.application import Application
from services.subsidy.domain.application_errors import ApplicationNotFound, ApplicationStepNotAllowed
from services.subsidy.domain.application_state import APPLICATIONS, ApplicationState
from services.subsidy.entrypoints.http.applications.desk import (
    APPLICATION_FIELDS,
    FORM_FIELDS,
    FormsOf,
    Reader,
    Work,
    seen_by,
    told,
)
from services.subsidy.entrypoints.http.applications.refusal_page import page_of
from services.subsidy.entrypoints.http.applications.schemas import (
    ApplicationOut,
    CertificateCheckOut,
    CounterOut,
    FormOut,
    NoticeOut,
    ObjectionOut,
    StepOut,
)
from shared.contracts.state import SchemeCode
from shared.kit.audit import Look, looks
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller
from shared.kit.problems import NOT_THERE_YET
from shared.kit.routing import Router
from shared.kit.scoping import DivisionAsked
from shared.values.division import Division, Scope

router = Router(prefix="/api/v1", tags=["applications"])
Since = Annotated[date, Query(description="申请日期，起")]
Until = Annotated[date, Query(description="申请日期，止")]


def _division(code: str | None) -> Division | None:
    return None if code is None else Division.parse(code)


@router.get("/applications", summary="补贴申请列表")
async def list_applications(
    *,
    caller: Reader,
    work: Work,
    page: PageAsked,
    division: DivisionAsked = None,
    scheme: SchemeCode | None = None,
    state: ApplicationState | None = None,
    person_id: UUID | None = None,
    died: Annotated[bool, Query(description="只看申请人已登记死亡的在办申请")] = False,
) -> Listed[ApplicationOut]:
    """Cases in which the caller's divisions have a part: as home authority, or as the place that took them in."""
    wanted = queries.Wanted(division=_division(division), scheme=scheme, state=state, person_id=person_id, died=died)
    return await _page(work, page, wanted, caller)


@router.get("/overdue-applications", summary="超期申请")
async def list_overdue(
    caller: Reader, work: Work, page: PageAsked, division: DivisionAsked = None
) -> Listed[ApplicationOut]:
    """Cases that should have left their state, longest due first (SUB-22, SUB-29)."""
    return await _page(work, page, queries.Wanted(division=_division(division), overdue_on=work.today()), caller)


async def _page(work: Work, page: PageAsked, wanted: queries.Wanted, caller: Caller) -> Listed[ApplicationOut]:
    items, following = await queries.applications_page(work.connection, page, wanted, within=caller.scope)
    work.audit(*looks(((item.person_id, item.home.code) for item in items), APPLICATION_FIELDS, what="read"))
    return Listed(items=[seen_by(item, caller) for item in items], next=following)


@router.get("/applications/{application_id}", summary="补贴申请详情")
async def read_application(caller: Reader, application_id: UUID, work: Work, response: Response) -> ApplicationOut:
    """One case; its ETag is what a step must present."""
    return told(await _looked(application_id, work, caller), response, caller)


@router.get("/applications/{application_id}/form", summary="申请表（脱敏）")
async def read_form(caller: Reader, application_id: UUID, work: Work, forms: FormsOf) -> FormOut:
    """What the applicant wrote, masked."""
    await _looked(application_id, work, caller, FORM_FIELDS)
    return FormOut.of(application_id, await forms.get(work.connection, application_id))


@router.get("/applications/{application_id}/steps", summary="办理过程")
async def read_steps(caller: Reader, application_id: UUID, work: Work) -> Listed[StepOut]:
    """Every step with who took it and whether its clock was kept."""
    await _looked(application_id, work, caller)
    found = await queries.steps_of(work.connection, application_id, within=caller.scope, today=work.today())
    return Listed(items=[StepOut.model_validate(each) for each in found])


@router.get("/applications/{application_id}/certificate-check", summary="残疾人证实时核对")
async def check_certificate(caller: Reader, application_id: UUID, work: Work, request: Request) -> CertificateCheckOut:
    """The certificate as the register tells it now, beside our copy. For convenience: it never blocks a step."""
    application = await _looked(application_id, work, caller, ("certificate",))
    holders = await work.holders.get([application.person_id], within=Scope.everywhere())
    holder = holders.get(application.person_id)
    ours = None if holder is None or holder.status is None else holder.status.value
    live = None
    if holder is not None and holder.certificate_id is not None:
        bearer = request.headers["authorization"].partition(" ")[2]
        live = await certificate_now(request.app.state.settings, holder.certificate_id, bearer=bearer)
    return CertificateCheckOut(
        asked=live is not None,
        **{name: None if live is None else live.get(name) for name in ("status", "category", "grade", "expires_on")},
        copy_status=ours,
        agrees=None if live is None else live.get("status") == ours,
    )


@router.get(
    "/applications/{application_id}/refusal-notice",
    summary="不予认定通知书（打印）",
    response_class=Response,
    responses=NOT_THERE_YET,
)
async def print_refusal(caller: Reader, application_id: UUID, work: Work, forms: FormsOf) -> Response:
    """The refusal in writing, with its reason, to hand over (SUB-24)."""
    application = await _looked(application_id, work, caller, (*APPLICATION_FIELDS, "name"))
    if application.state is not ApplicationState.REFUSED:
        allowed = [step.value for step in APPLICATIONS.allowed(application.state)]
        raise ApplicationStepNotAllowed(status=application.state.value, step="refusal_notice", allowed=allowed)
    words = await queries.reason_of(work.connection, forms, application_id, within=caller.scope)
    form = await forms.get(work.connection, application_id)
    return Response(page_of(application, form, words), media_type="text/html; charset=utf-8")


@router.get("/applications/{application_id}/objections", summary="异议列表")
async def read_objections(caller: Reader, application_id: UUID, work: Work, forms: FormsOf) -> Listed[ObjectionOut]:
    """Objections to the case with their words; for the home authority, who has to answer them."""
    application = await _looked(application_id, work, caller, ("objections",))
    caller.must_cover(application.home.code)
    found = await queries.objections_of(work.connection, application_id, within=caller.scope)
    return Listed(
        items=[
            ObjectionOut(
                **{name: getattr(row, name) for name in ObjectionOut.model_fields if name != "words"},
                words=None
                if row.words_cipher is None
                else forms.open_words(row.words_cipher, OBJECTION, row.objection_id),
            )
            for row in found
        ]
    )


async def _looked(
    application_id: UUID, work: Work, caller: Caller, fields: tuple[str, ...] = APPLICATION_FIELDS
) -> Application:
    application = await queries.application_by_id(work.connection, application_id, within=caller.scope)
    if application is None:
        raise ApplicationNotFound
    work.audit(Look(application.person_id, fields, "read", application.home.code))
    return application


@router.get("/public-notices", summary="公示内容")
async def list_notices(
    *, caller: Reader, work: Work, page: PageAsked, forms: FormsOf, division: DivisionAsked = None
) -> Listed[NoticeOut]:
    """What is posted now, with no more than a notice may show (SUB-23, PI-03)."""
    items, following = await queries.notices_page(
        work.connection, forms, page, within=caller.scope, division=_division(division)
    )
    work.audit(*looks(((item["person_id"], item["division"]) for item in items), ("name",)))
    return Listed(items=[NoticeOut.model_validate(item) for item in items], next=following)


@router.get("/application-counters", summary="跨省通办、全程网办时限统计")
async def read_counters(
    *, caller: Reader, work: Work, since: Since, until: Until, division: DivisionAsked = None
) -> Listed[CounterOut]:
    """How each county keeps 3 + 10 + 3 working days: late pushes, late decisions, late news (SUB-29)."""
    found = await queries.counters(
        work.connection,
        within=caller.scope,
        division=_division(division),
        since=since,
        until=until,
        today=work.today(),
    )
    work.audit(Look(None, ("application",), "counted", count=len(found)))
    return Listed(items=[CounterOut.model_validate(each) for each in found])
