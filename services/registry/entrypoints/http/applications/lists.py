"""Looking at cases: one, many, overdue, posted, counted."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.registry.adapters import application_queries as queries
from services.registry.domain.application import Application
from services.registry.domain.application_errors import ApplicationNotFound
from services.registry.domain.application_state import ApplicationState, Matter
from services.registry.entrypoints.http.applications.desk import APPLICATION_FIELDS, Reader, Work, told
from services.registry.entrypoints.http.applications.schemas import (
    ApplicationOut,
    CounterOut,
    NoticeOut,
    ObjectionOut,
    PaperOut,
    RatingOut,
    StepOut,
)
from services.registry.use_cases.handle_application import missing_papers
from shared.kit.audit import Look, looks
from shared.kit.bodies import Day
from shared.kit.pagination import Listed, PageAsked
from shared.kit.routing import Router
from shared.values.division import Division

router = Router(prefix="/api/v1", tags=["applications"])
Place = Annotated[str | None, Query(max_length=12, description="区划代码，任意级别")]


def _division(code: str | None) -> Division | None:
    return None if code is None else Division.parse(code)


@router.get("/applications", summary="申请列表")
async def list_applications(
    *,
    caller: Reader,
    work: Work,
    page: PageAsked,
    division: Place = None,
    matter: Matter | None = None,
    state: ApplicationState | None = None,
    person_id: UUID | None = None,
    warned: Annotated[bool, Query(description="只看已到预警日的")] = False,
) -> Listed[ApplicationOut]:
    """Cases any county of which lies in the caller's divisions."""
    wanted = queries.Wanted(
        division=_division(division),
        matter=matter,
        state=state,
        person_id=person_id,
        warned_on=work.today() if warned else None,
    )
    items, following = await queries.applications_page(work.connection, page, wanted, within=caller.scope)
    work.audit(*looks(((item.person_id, item.home.code) for item in items), APPLICATION_FIELDS, what="read"))
    return Listed(items=[ApplicationOut.of(item) for item in items], next=following)


@router.get("/overdue-applications", summary="超期申请")
async def list_overdue(caller: Reader, work: Work, page: PageAsked, division: Place = None) -> Listed[ApplicationOut]:
    """Cases that should have left their state, longest due first (CERT-06, CERT-32)."""
    items, following = await queries.overdue_page(
        work.connection, page, within=caller.scope, today=work.today(), division=_division(division)
    )
    work.audit(*looks(((item.person_id, item.home.code) for item in items), APPLICATION_FIELDS, what="read"))
    return Listed(items=[ApplicationOut.of(item) for item in items], next=following)


@router.get("/applications/{application_id}", summary="申请详情")
async def read_application(caller: Reader, application_id: UUID, work: Work, response: Response) -> ApplicationOut:
    """One case; its ETag is what a step must present."""
    application = await queries.application_by_id(work.connection, application_id, within=caller.scope)
    if application is None:
        raise ApplicationNotFound
    work.audit(Look(application.person_id, APPLICATION_FIELDS, "read", application.home.code))
    return told(application, response)


@router.get("/applications/{application_id}/steps", summary="办理过程")
async def read_steps(caller: Reader, application_id: UUID, work: Work) -> Listed[StepOut]:
    """Every step with who took it and whether its clock was kept."""
    await _looked(application_id, work, caller)
    found = await queries.steps_of(work.connection, application_id, within=caller.scope, today=work.today())
    return Listed(items=[StepOut.model_validate(each) for each in found])


@router.get("/applications/{application_id}/papers", summary="材料清单")
async def read_papers(caller: Reader, application_id: UUID, work: Work) -> Listed[PaperOut]:
    """The checklist: what was received, and, without a day, what is missing (CERT-03)."""
    application = await _looked(application_id, work, caller)
    found = await queries.papers_of(work.connection, application_id, within=caller.scope)
    missing = sorted(await missing_papers(application, work))
    items = [PaperOut.model_validate(each) for each in found]
    return Listed(items=[*items, *(PaperOut(paper=paper, received_on=None, blob_id=None) for paper in missing)])


@router.get("/applications/{application_id}/objections", summary="异议列表")
async def read_objections(caller: Reader, application_id: UUID, work: Work) -> Listed[ObjectionOut]:
    """Objections to the case, without their words."""
    await _looked(application_id, work, caller)
    found = await queries.objections_of(work.connection, application_id, within=caller.scope)
    return Listed(items=[ObjectionOut.model_validate(each) for each in found])


async def _looked(application_id: UUID, work: Work, caller: Reader) -> Application:
    application = await queries.application_by_id(work.connection, application_id, within=caller.scope)
    if application is None:
        raise ApplicationNotFound
    work.audit(Look(application.person_id, APPLICATION_FIELDS, "read", application.home.code))
    return application


@router.get("/public-notices", summary="公示内容")
async def list_notices(caller: Reader, work: Work, page: PageAsked, division: Place = None) -> Listed[NoticeOut]:
    """What is posted now, with no more than a notice may show (CERT-05, PI-03)."""
    items, following = await queries.notices_page(
        work.connection, work.secrets, page, within=caller.scope, division=_division(division)
    )
    work.audit(*looks(((item["person_id"], item["division"]) for item in items), ("name",)))
    return Listed(items=[NoticeOut.model_validate(item) for item in items], next=following)


@router.get("/application-counters", summary="时限统计")
async def read_counters(
    *,
    caller: Reader,
    work: Work,
    since: Annotated[Day, Query(description="离开环节之日，起")],
    until: Annotated[Day, Query(description="离开环节之日，止")],
    division: Place = None,
) -> Listed[CounterOut]:
    """How each county keeps its clocks, by matter and state (CERT-31, CERT-32)."""
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


@router.get("/application-ratings", summary="评价统计")
async def read_ratings(caller: Reader, work: Work, division: Place = None) -> Listed[RatingOut]:
    """How applicants rated the counties that took their cases in (CERT-31)."""
    found = await queries.ratings(work.connection, within=caller.scope, division=_division(division))
    work.audit(Look(None, ("rating",), "counted", count=len(found)))
    return Listed(items=[RatingOut.model_validate(each) for each in found])
