"""The steps of a case that change nothing but the case: load, one domain call, save.

Loading is scoped to everybody who has a part in the case; whose turn it is decides the caller's right to act, which
the entry point checks against `Application.desk`.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from services.registry.domain.application import Application, RejectionReason
from services.registry.domain.application_errors import (
    ApplicationNotFound,
    InstitutionNotFound,
    ObjectionNotFound,
    PersonHasOpenApplication,
)
from services.registry.domain.application_state import ApplicationState, ApplicationStep, Matter
from services.registry.domain.assessment import Conclusion, Institution
from services.registry.domain.booking import BookingState
from services.registry.domain.certificate_state import VALID
from services.registry.domain.objection import Objection, ObjectionState
from services.registry.domain.papers import Paper, required
from services.registry.domain.timing import Timing
from services.registry.use_cases import change_certificate
from services.registry.use_cases.application_ports import CaseWork, PaperReceived
from shared.values.dates import age_on
from shared.values.division import Scope

EVERYWHERE = Scope.everywhere()


async def load_application(application_id: UUID, work: CaseWork, *, within: Scope) -> Application:
    """Raises `ApplicationNotFound` when no county of the case lies in the scope."""
    application = await work.applications.get(application_id, within=within)
    if application is None:
        raise ApplicationNotFound
    return application


async def missing_papers(application: Application, work: CaseWork) -> frozenset[Paper]:
    """What the checklist wants and nobody brought (CERT-03)."""
    identity = await work.persons.identity(application.person_id, within=EVERYWHERE)
    born = None if identity is None else identity.citizen_id_no.birth_date
    wanted = required(
        application.matter,
        categories=application.wish.categories,
        age=120 if born is None else age_on(application.submitted_on, born=born),
        away_from_home=application.acceptance.county != application.home.county,
        cancellation=application.wish.cancellation,
    )
    return wanted - await work.applications.papers(application, within=EVERYWHERE)


async def return_application(application: Application, work: CaseWork) -> Application:
    """Ask for everything that is missing, once."""
    timing = await _timing(application, work)
    returned = application.return_(await missing_papers(application, work), timing)
    return await _save(application, returned, ApplicationStep.RETURN, work)


async def resubmit_application(
    application: Application, work: CaseWork, papers: Collection[PaperReceived]
) -> Application:
    """The applicant brought papers."""
    resubmitted = application.resubmit(await _timing(application, work))
    await work.applications.receive(application, papers, within=EVERYWHERE)
    return await _save(application, resubmitted, ApplicationStep.RESUBMIT, work)


async def accept_application(application: Application, work: CaseWork, *, demand_assessment: bool) -> Application:
    """Take the case in; a certificate that was lost is declared lost with it (CERT-18)."""
    timing = await _timing(application, work)
    subject = None
    if application.certificate_id is not None:
        subject = await change_certificate.load(application.certificate_id, work, within=EVERYWHERE)
    by_eye = subject is not None and subject.certificate.by_eye
    missing = await missing_papers(application, work)
    accepted = application.accept(missing, timing, by_eye=by_eye, demand_assessment=demand_assessment)
    if subject is not None and application.matter is Matter.REPLACEMENT and subject.certificate.status is VALID:
        lost_on = application.wish.event_date or timing.today
        await change_certificate.lose_certificate(subject, work, lost_on=lost_on)
    return await _save(application, accepted, ApplicationStep.ACCEPT, work)


async def reject_application(
    application: Application, work: CaseWork, *, reason: RejectionReason, words: str
) -> Application:
    """Refuse at intake (CERT-04)."""
    missing = await missing_papers(application, work)
    rejected = application.reject(reason, missing, await _timing(application, work))
    return await _save(application, rejected, ApplicationStep.REJECT, work, words)


async def assign_institution(application: Application, work: CaseWork, *, institution_id: UUID) -> Application:
    """Name the institution that assesses (CERT-02): designated province-wide, whatever the clerk's divisions."""
    institution = await find_institution(institution_id, work)
    assigned = application.assign(institution, await _timing(application, work))
    return await _save(application, assigned, ApplicationStep.ASSIGN, work)


async def skip_assessment(application: Application, work: CaseWork) -> Application:
    """The matter needs none (CERT-15)."""
    skipped = application.skip_assessment(await _timing(application, work))
    return await _save(application, skipped, ApplicationStep.SKIP_ASSESSMENT, work)


async def conclude_assessment(application: Application, work: CaseWork, conclusion: Conclusion) -> Application:
    """What two physicians signed."""
    application.must_allow(ApplicationStep.CONCLUDE)
    assert application.institution_id is not None
    institution = await find_institution(application.institution_id, work)
    concluded = application.conclude(conclusion, institution, await _timing(application, work))
    await work.applications.keep_conclusion(application, conclusion, institution, within=EVERYWHERE)
    return await _save(application, concluded, ApplicationStep.CONCLUDE, work)


async def decline_application(application: Application, work: CaseWork, *, words: str) -> Application:
    """The standard is not met (CERT-07)."""
    declined = application.decline(await _timing(application, work))
    return await _save(application, declined, ApplicationStep.DECLINE, work, words)


async def start_notice(application: Application, work: CaseWork) -> Application:
    """Post it in the village (CERT-05)."""
    posted = application.start_notice(await _timing(application, work))
    await work.applications.post_notice(posted, within=EVERYWHERE)
    return await _save(application, posted, ApplicationStep.START_NOTICE, work)


async def object_to_notice(
    application: Application, work: CaseWork, *, words: str, evidence_id: UUID | None
) -> Objection:
    """Somebody objects while the notice is posted."""
    application.must_allow(ApplicationStep.UPHOLD)
    objection = Objection(
        objection_id=work.new_id(),
        application_id=application.application_id,
        filed_on=work.today(),
        words=words,
        evidence_id=evidence_id,
    )
    await work.applications.object(objection, within=EVERYWHERE)
    return objection


async def decide_objection(
    application: Application, work: CaseWork, *, objection_id: UUID, upheld: bool, reassess: bool, words: str
) -> Application:
    """Dismissed: the notice goes on. Upheld: assess again, or reject."""
    objection = await work.applications.objection(objection_id, application, within=EVERYWHERE)
    if objection is None or objection.state is not ObjectionState.OPEN:
        raise ObjectionNotFound
    state = ObjectionState.UPHELD if upheld else ObjectionState.DISMISSED
    await work.applications.decide_objection(objection.decided(state, on=work.today()), within=EVERYWHERE)
    if not upheld:
        return application
    decided = application.uphold_objection(await _timing(application, work), reassess=reassess)
    await work.applications.end_notices(application, within=EVERYWHERE)
    step = ApplicationStep.REASSESS if reassess else ApplicationStep.UPHOLD
    return await _save(application, decided, step, work, words)


async def end_notice(application: Application, work: CaseWork) -> Application:
    """Its working days have passed and nobody objected."""
    waiting = await work.applications.open_objections(application, within=EVERYWHERE)
    ended = application.end_notice(waiting, await _timing(application, work))
    await work.applications.end_notices(application, within=EVERYWHERE)
    return await _save(application, ended, ApplicationStep.END_NOTICE, work)


async def approve_application(application: Application, work: CaseWork) -> Application:
    """The home county agrees (CERT-06)."""
    approved = application.approve(await _timing(application, work))
    return await _save(application, approved, ApplicationStep.APPROVE, work)


async def refuse_application(application: Application, work: CaseWork, *, words: str) -> Application:
    """The home county does not."""
    refused = application.refuse(await _timing(application, work))
    return await _save(application, refused, ApplicationStep.REFUSE, work, words)


async def withdraw_application(application: Application, work: CaseWork) -> Application:
    """Applicant or guardian do not want it any more; what was booked or posted ends."""
    withdrawn = application.withdraw(await _timing(application, work))
    await work.applications.end_notices(application, within=EVERYWHERE)
    if (booked := await work.institutions.standing(application, within=EVERYWHERE)) is not None:
        await work.institutions.end_booking(booked.end(BookingState.CANCELLED, on=work.today()), within=EVERYWHERE)
    return await _save(application, withdrawn, ApplicationStep.WITHDRAW, work)


async def dispute_assessment(application: Application, work: CaseWork, *, words: str) -> Application:
    """To the prefecture (CERT-21)."""
    disputed = application.raise_dispute(await _timing(application, work))
    return await _save(application, disputed, ApplicationStep.DISPUTE, work, words)


async def decide_dispute(
    application: Application, work: CaseWork, conclusion: Conclusion, *, institution_id: UUID
) -> Application:
    """What the institution named by the prefecture, or the provincial panel, found (CERT-21, CERT-22)."""
    institution = await find_institution(institution_id, work)
    timing = await _timing(application, work)
    decided = application.decide_dispute(conclusion, institution, timing)
    await work.applications.keep_conclusion(application, conclusion, institution, within=EVERYWHERE)
    return await _finish_dispute(application, decided, ApplicationStep.DECIDE, timing, work)


async def escalate_dispute(application: Application, work: CaseWork, *, words: str) -> Application:
    """On to the province (CERT-22)."""
    escalated = application.escalate(await _timing(application, work))
    return await _save(application, escalated, ApplicationStep.ESCALATE, work, words)


async def close_dispute(application: Application, work: CaseWork, *, accepted: bool) -> Application:
    """The prefecture's word stands."""
    timing = await _timing(application, work)
    closed = application.close_dispute(timing, accepted=accepted)
    return await _finish_dispute(application, closed, ApplicationStep.CLOSE, timing, work)


async def rate_application(application: Application, work: CaseWork, *, stars: int) -> Application:
    """The applicant says how it was (CERT-31)."""
    rated = application.rated(stars)
    await work.applications.rate(rated, within=EVERYWHERE)
    return rated


async def _finish_dispute(
    before: Application, after: Application, step: ApplicationStep, timing: Timing, work: CaseWork
) -> Application:
    """A dispute that was won opens the case that puts it right."""
    await _save(before, after, step, work)
    if after.state is ApplicationState.FINAL and after.won is not None:
        held = await work.certificates.living_of(after.person_id, within=EVERYWHERE)
        following = after.follow_up(work.new_id(), None if held is None else held.certificate_id, timing)
        if not await work.applications.add(following, follows=after.application_id):
            raise PersonHasOpenApplication
    return after


async def find_institution(institution_id: UUID, work: CaseWork) -> Institution:
    """Institutions are designated for the whole province (CERT-02). Raises `InstitutionNotFound`."""
    institution = await work.institutions.get(institution_id, within=EVERYWHERE)
    if institution is None:
        raise InstitutionNotFound
    return institution


async def _timing(application: Application, work: CaseWork) -> Timing:
    return await work.timing(application.desk)


async def _save(
    before: Application, after: Application, step: ApplicationStep, work: CaseWork, words: str | None = None
) -> Application:
    await work.applications.save(before, after, step, words)
    return after
