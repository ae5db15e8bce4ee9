"""Assessment: assign, book, conclude, post and hear objections (RULES 3.1, CERT-02, 05, 08, 33)."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from services.registry.domain.application import Application
from services.registry.domain.application_errors import ApplicationNotFound
from services.registry.domain.booking import BookingState
from services.registry.entrypoints.http.applications.desk import (
    Assessor,
    Seen,
    Work,
    Writer,
    at_desk,
    told,
)
from services.registry.entrypoints.http.applications.schemas import (
    ApplicationOut,
    AssignmentIn,
    AttendanceIn,
    BookingIn,
    BookingOut,
    ConclusionIn,
    ObjectionDecisionIn,
    ObjectionIn,
    ObjectionOut,
    WordsIn,
)
from services.registry.use_cases import handle_application as steps
from services.registry.use_cases.application_ports import CaseWork
from services.registry.use_cases.book_assessment import book_assessment, end_booking
from shared.kit.audit import Change
from shared.kit.idempotency import Idempotent
from shared.kit.permissions import Caller
from shared.kit.routing import Router

router = Router(prefix="/api/v1/applications/{application_id}", tags=["applications"])
ONCE = Idempotent()


@router.post("/assignment", dependencies=[ONCE], summary="指定评定机构")
async def assign(
    *, caller: Writer, application_id: UUID, body: AssignmentIn, work: Work, seen: Seen, response: Response
) -> ApplicationOut:
    """An institution designated for the categories asked for (CERT-02)."""
    application = await at_desk(application_id, work, caller, seen)
    return told(await steps.assign_institution(application, work, institution_id=body.institution_id), response)


@router.post("/assessment-waiver", dependencies=[ONCE], summary="免予评定")
async def skip(caller: Writer, application_id: UUID, work: Work, seen: Seen, response: Response) -> ApplicationOut:
    """The matter needs no assessment (CERT-15)."""
    application = await at_desk(application_id, work, caller, seen)
    return told(await steps.skip_assessment(application, work), response)


@router.post("/bookings", status_code=201, dependencies=[ONCE], summary="预约评定")
async def book(caller: Writer, application_id: UUID, body: BookingIn, work: Work) -> BookingOut:
    """Take a place; one booked before is given back (CERT-33)."""
    application = await steps.load_application(application_id, work, within=caller.scope)
    booking = await book_assessment(application, work, slot_id=body.slot_id, channel=body.channel)
    after = {"booking_id": booking.booking_id, "slot_id": booking.slot_id}
    work.audit(Change(application.person_id, "application.booked", after=after, division=application.home.code))
    return BookingOut.of(booking)


@router.delete("/bookings", summary="取消预约")
async def give_back(caller: Writer, application_id: UUID, work: Work) -> BookingOut:
    """Give the place back."""
    application = await steps.load_application(application_id, work, within=caller.scope)
    return await _ended(application, work, BookingState.CANCELLED)


@router.post("/attendance", dependencies=[ONCE], summary="登记到场情况")
async def attend(caller: Assessor, application_id: UUID, body: AttendanceIn, work: Work) -> BookingOut:
    """Whether the applicant came to the place that was booked."""
    application = await _of_institution(application_id, work, caller)
    return await _ended(application, work, BookingState.ATTENDED if body.attended else BookingState.MISSED)


async def _ended(application: Application, work: Work, state: BookingState) -> BookingOut:
    booking = await end_booking(application, work, state)
    after = {"booking_id": booking.booking_id, "state": state}
    work.audit(Change(application.person_id, "application.booking_ended", after=after, division=application.home.code))
    return BookingOut.of(booking)


@router.post("/conclusion", dependencies=[ONCE], summary="录入评定结论")
async def conclude(
    *, caller: Assessor, application_id: UUID, body: ConclusionIn, work: Work, seen: Seen, response: Response
) -> ApplicationOut:
    """What two physicians of the assigned institution signed."""
    application = await _of_institution(application_id, work, caller)
    seen.check(application.version)
    return told(await steps.conclude_assessment(application, work, body.conclusion()), response)


async def _of_institution(application_id: UUID, work: CaseWork, caller: Caller) -> Application:
    """Offices act for any institution of theirs; an institution only for itself, and does not see other cases."""
    application = await steps.load_application(application_id, work, within=caller.scope)
    if caller.may("application:write"):
        return application
    if application.institution_id is None:
        raise ApplicationNotFound
    institution = await steps.find_institution(application.institution_id, work)
    if institution.account != caller.subject:
        raise ApplicationNotFound
    return application


@router.post("/declination", dependencies=[ONCE], summary="不符合标准")
async def decline(
    *, caller: Writer, application_id: UUID, body: WordsIn, work: Work, seen: Seen, response: Response
) -> ApplicationOut:
    """The standard is not met (CERT-07)."""
    application = await at_desk(application_id, work, caller, seen)
    return told(await steps.decline_application(application, work, words=body.words), response)


@router.post("/notice", dependencies=[ONCE], summary="开始公示")
async def post_notice(
    caller: Writer, application_id: UUID, work: Work, seen: Seen, response: Response
) -> ApplicationOut:
    """Posted in the village for five working days (CERT-05)."""
    application = await at_desk(application_id, work, caller, seen)
    return told(await steps.start_notice(application, work), response)


@router.post("/notice-ending", dependencies=[ONCE], summary="公示期满")
async def end_notice(
    caller: Writer, application_id: UUID, work: Work, seen: Seen, response: Response
) -> ApplicationOut:
    """Its working days have passed; a timer does the same every day."""
    application = await at_desk(application_id, work, caller, seen)
    return told(await steps.end_notice(application, work), response)


@router.post("/objections", status_code=201, dependencies=[ONCE], summary="登记异议")
async def object_(caller: Writer, application_id: UUID, body: ObjectionIn, work: Work) -> ObjectionOut:
    """Somebody objects to a notice."""
    application = await steps.load_application(application_id, work, within=caller.scope)
    objection = await steps.object_to_notice(application, work, words=body.words, evidence_id=body.evidence_id)
    after = {"objection_id": objection.objection_id}
    work.audit(Change(application.person_id, "application.objected", after=after, division=application.home.code))
    return ObjectionOut.model_validate(objection, from_attributes=True)


@router.post("/objections/{objection_id}/decision", dependencies=[ONCE], summary="异议处理")
async def decide_objection(
    *,
    caller: Writer,
    application_id: UUID,
    objection_id: UUID,
    body: ObjectionDecisionIn,
    work: Work,
    seen: Seen,
    response: Response,
) -> ApplicationOut:
    """Upheld: assess again, or reject. Dismissed: the notice goes on."""
    application = await at_desk(application_id, work, caller, seen)
    decided = await steps.decide_objection(
        application, work, objection_id=objection_id, upheld=body.upheld, reassess=body.reassess, words=body.words
    )
    after = {"objection_id": objection_id, "upheld": body.upheld}
    work.audit(Change(application.person_id, "application.objection_decided", after=after))
    return told(decided, response)
