"""Intake: submit, ask for papers once, accept, reject, withdraw (RULES 3.1)."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from services.registry.entrypoints.http.applications.desk import Seen, Work, Writer, at_desk, found, told
from services.registry.entrypoints.http.applications.schemas import (
    AcceptanceIn,
    ApplicationIn,
    ApplicationOut,
    RatingIn,
    RejectionIn,
    ResubmissionIn,
    received,
)
from services.registry.use_cases import handle_application as steps
from services.registry.use_cases.submit_application import submit_application
from shared.kit.idempotency import Idempotent
from shared.kit.limits import Budget
from shared.kit.routing import Router

router = Router(prefix="/api/v1/applications", tags=["applications"])
ONCE = Idempotent()


@router.post(
    "",
    status_code=201,
    # Who shows papers is found anywhere: nobody may try numbers and names freely.
    dependencies=[ONCE, Budget("application.submission", client="50/second", subject="30/minute;1000/day")],
    summary="提交申请",
)
async def submit(caller: Writer, body: ApplicationIn, work: Work, response: Response) -> ApplicationOut:
    """Open a case at a county of the caller's; whoever shows papers may belong elsewhere (CERT-30)."""
    caller.must_cover(body.acceptance)
    application = await submit_application(body.command(), work, within=caller.scope)
    response.headers["Location"] = f"/api/v1/applications/{application.application_id}"
    return told(application, response)


@router.post("/{application_id}/return", dependencies=[ONCE], summary="一次性告知补正")
async def return_(caller: Writer, application_id: UUID, work: Work, seen: Seen, response: Response) -> ApplicationOut:
    """Everything that is missing, listed once (CERT-03)."""
    application = await at_desk(application_id, work, caller, seen)
    return told(await steps.return_application(application, work), response)


@router.post("/{application_id}/resubmission", dependencies=[ONCE], summary="补正后重新提交")
async def resubmit(
    *, caller: Writer, application_id: UUID, body: ResubmissionIn, work: Work, seen: Seen, response: Response
) -> ApplicationOut:
    """The applicant brought papers."""
    application = await at_desk(application_id, work, caller, seen)
    return told(await steps.resubmit_application(application, work, received(body.papers)), response)


@router.post("/{application_id}/acceptance", dependencies=[ONCE], summary="受理")
async def accept(
    *, caller: Writer, application_id: UUID, body: AcceptanceIn, work: Work, seen: Seen, response: Response
) -> ApplicationOut:
    """The papers are complete (CERT-01)."""
    application = await at_desk(application_id, work, caller, seen)
    accepted = await steps.accept_application(application, work, demand_assessment=body.demand_assessment)
    return told(accepted, response)


@router.post("/{application_id}/rejection", dependencies=[ONCE], summary="不予受理")
async def reject(
    *, caller: Writer, application_id: UUID, body: RejectionIn, work: Work, seen: Seen, response: Response
) -> ApplicationOut:
    """False information (CERT-04), or incomplete after it was asked for."""
    application = await at_desk(application_id, work, caller, seen)
    return told(await steps.reject_application(application, work, reason=body.reason, words=body.words), response)


@router.post("/{application_id}/withdrawal", dependencies=[ONCE], summary="撤回申请")
async def withdraw(caller: Writer, application_id: UUID, work: Work, seen: Seen, response: Response) -> ApplicationOut:
    """Applicant or guardian do not want it any more: any county of the case may say so for them."""
    application = await found(application_id, work, caller, seen)
    return told(await steps.withdraw_application(application, work), response)


@router.post("/{application_id}/rating", dependencies=[ONCE], summary="办理评价")
async def rate(
    *, caller: Writer, application_id: UUID, body: RatingIn, work: Work, seen: Seen, response: Response
) -> ApplicationOut:
    """The applicant says how it was (CERT-31)."""
    application = await found(application_id, work, caller, seen)
    return told(await steps.rate_application(application, work, stars=body.stars), response)
