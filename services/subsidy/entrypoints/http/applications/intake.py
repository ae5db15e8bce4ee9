"""Taking in: submit, ask for papers once, complete, push home, first check, withdraw, tell the result (SUB-20…30)."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request, Response

from services.subsidy.adapters.register import linked
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.application_errors import ApplicantIsNotLinked
from services.subsidy.domain.errors import PersonNotKnown
from services.subsidy.entrypoints.http.applications.desk import (
    ONCE,
    Acceptor,
    FormsOf,
    Seen,
    Work,
    at_desk,
    found,
    told,
)
from services.subsidy.entrypoints.http.applications.schemas import ApplicationIn, ApplicationOut, CompletionIn
from services.subsidy.use_cases import handle_application as steps
from services.subsidy.use_cases.submit_application import SubmitApplication, submit_application
from shared.kit.clients import ServiceIsUnavailable
from shared.kit.permissions import Caller
from shared.kit.problems import Problem
from shared.kit.routing import Router
from shared.values.division import Division

router = Router(prefix="/api/v1/applications", tags=["applications"])


@router.post("", status_code=201, dependencies=[ONCE], summary="提交补贴申请")
async def submit(
    *, caller: Acceptor, body: ApplicationIn, work: Work, forms: FormsOf, request: Request, response: Response
) -> ApplicationOut:
    """Any township in the country takes it in; the day it is handed in fixes its first month (SUB-25, 35, 37)."""
    acceptance = Division.parse(body.acceptance)
    caller.must_cover(acceptance.code)
    application_id = work.new_id()
    command = SubmitApplication(
        application_id=application_id,
        person_id=await _person(caller, body, work, forms, request),
        scheme=body.scheme,
        channel=body.channel,
        filed_by=body.filed_by,
        acceptance=acceptance,
        papers=body.papers,
        form=forms.sealed(body.form(), application_id),
        by=caller.subject,
    )
    application = await submit_application(command, work)
    response.headers["Location"] = f"/api/v1/applications/{application.application_id}"
    return told(application, response, caller)


async def _person(caller: Caller, body: ApplicationIn, work: SubsidyWork, forms: FormsOf, request: Request) -> UUID:
    """Whoever the caller may see by id; anybody by the number on the identity card. A number is one person's."""
    known = await forms.known_as(work.connection, body.citizen_id_no)
    if body.person_id is None:
        return await _by_number(body, known, request)
    if known not in {None, body.person_id}:
        raise ApplicantIsNotLinked
    if known is None and not await work.facts.divisions([body.person_id], within=caller.scope):
        raise PersonNotKnown
    return body.person_id


async def _by_number(body: ApplicationIn, known: UUID | None, request: Request) -> UUID:
    """The register knows best; while it does not answer, what an earlier application told us."""
    try:
        found = await linked(request.app.state.settings, body.citizen_id_no)
    except ServiceIsUnavailable as error:
        if known is None:
            raise Problem("service_unavailable", headers={"Retry-After": "5"}, service=error.service) from error
        return known
    if found is None:
        raise ApplicantIsNotLinked
    return found


@router.post("/{application_id}/completion-request", dependencies=[ONCE], summary="一次性告知补正")
async def ask_completion(
    caller: Acceptor, application_id: UUID, work: Work, seen: Seen, response: Response
) -> ApplicationOut:
    """Everything that is missing, in a single list; who has no valid card is refused instead (READ-18)."""
    application = await at_desk(application_id, work, caller, seen)
    return told(await steps.ask_completion(application, work), response, caller)


@router.post("/{application_id}/completion", dependencies=[ONCE], summary="补正材料")
async def complete(
    *, caller: Acceptor, application_id: UUID, body: CompletionIn, work: Work, seen: Seen, response: Response
) -> ApplicationOut:
    """The applicant brought papers; the application date stays."""
    application = await at_desk(application_id, work, caller, seen)
    return told(await steps.complete(application, body.papers, work), response, caller)


@router.post("/{application_id}/push", dependencies=[ONCE], summary="推送户籍地")
async def push(caller: Acceptor, application_id: UUID, work: Work, seen: Seen, response: Response) -> ApplicationOut:
    """The complete file goes to the home window within three working days (SUB-25)."""
    application = await at_desk(application_id, work, caller, seen)
    return told(await steps.push(application, work), response, caller)


@router.post("/{application_id}/first-check", dependencies=[ONCE], summary="初审通过")
async def first_check(
    caller: Acceptor, application_id: UUID, work: Work, seen: Seen, response: Response
) -> ApplicationOut:
    """The home township has looked at it (SUB-20)."""
    application = await found(application_id, work, caller, seen)
    caller.must_cover(application.home.code)
    return told(await steps.first_check(application, caller.subject, work), response, caller)


@router.post("/{application_id}/withdrawal", dependencies=[ONCE], summary="撤回申请")
async def withdraw(
    caller: Acceptor, application_id: UUID, work: Work, seen: Seen, response: Response
) -> ApplicationOut:
    """The applicant does not want it any more: either place of the case may say so for them."""
    application = await found(application_id, work, caller, seen)
    return told(await steps.withdraw(application, work), response, caller)


@router.post("/{application_id}/review-request", dependencies=[ONCE], summary="申请复核")
async def ask_review(
    caller: Acceptor, application_id: UUID, work: Work, seen: Seen, response: Response
) -> ApplicationOut:
    """The applicant does not accept the refusal (SUB-43)."""
    application = await found(application_id, work, caller, seen)
    return told(await steps.ask_review(application, work), response, caller)


@router.post("/{application_id}/notification", dependencies=[ONCE], summary="告知申请人结果")
async def tell(caller: Acceptor, application_id: UUID, work: Work, seen: Seen, response: Response) -> ApplicationOut:
    """The place of acceptance has told the applicant, within three working days of the result (SUB-27)."""
    application = await found(application_id, work, caller, seen)
    caller.must_cover(application.acceptance.code)
    return told(await steps.tell_applicant(application, work), response, caller)
