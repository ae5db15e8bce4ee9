"""From the initial check to the institution and back: check, referral, answer, pause, hospital (RULES 7.6)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.rehab.domain.case import Case, Checked, DeclineReason, Happened, MedicalReason, PauseReason
from services.rehab.domain.case_state import PLANNED, Step
from services.rehab.domain.facts import CaseHasAdvanced
from services.rehab.domain.institution_errors import InstitutionIsFull, InstitutionNotFound
from services.rehab.domain.limits import Stage
from services.rehab.use_cases.ports import Subject, Work
from shared.values.disability import DisabilityCategory
from shared.values.division import Scope


async def check(subject: Subject, work: Work, checked: Checked) -> Case:
    """The initial check (REH-72, REH-73). Raises `CaseStepNotAllowed`, `ConsentIsMissing`."""
    due_on = await _due(subject.case, Stage.REFERRAL, work)
    case = subject.case.check(checked, today=work.today(), due_on=due_on)
    return await _advanced(case, Happened.CHECKED, work)


async def refer(subject: Subject, work: Work, *, institution_id: UUID) -> Case:
    """To an institution that may serve the client and has a place (REH-24, REH-26, REH-74).

    Any institution of the province: the guardian chooses. Raises `CaseStepNotAllowed`, `InstitutionNotFound`,
    `InstitutionIsNotValid`, `InstitutionIsFull`.
    """
    subject.case.must_allow(Step.CHANGE_INSTITUTION if subject.case.status in PLANNED else Step.REFER)
    assert subject.case.category is not None, "it was checked"
    due_on = await _due(subject.case, Stage.ANSWER, work)
    for lock in (False, True):  # where all places are taken nobody has to queue to hear it
        await _must_have_place(institution_id, subject.case.category, work, lock=lock)
    case = subject.case.refer(institution_id, due_on=due_on)
    await work.care.refer(case, on=work.today())
    return await _advanced(case, Happened.REFERRED, work)


async def _must_have_place(institution_id: UUID, category: DisabilityCategory, work: Work, *, lock: bool) -> None:
    """With the institution locked until COMMIT the next one counts only then, and sees the place taken."""
    chosen = await work.institutions.get(institution_id, within=Scope.everywhere(), lock=lock)
    if chosen is None:
        raise InstitutionNotFound
    agreement = chosen.must_serve(category, work.today())
    if not await work.institutions.has_place(chosen, agreement):
        raise InstitutionIsFull(capacity=agreement.capacity)


async def accept(subject: Subject, work: Work) -> Case:
    """The institution takes the client. Raises `CaseStepNotAllowed`."""
    case = subject.case.accept()
    await work.care.answer(case.case_id, "ACCEPTED", on=work.today())
    return await _advanced(case, Happened.ACCEPTED, work)


async def decline(subject: Subject, work: Work, *, reason: DeclineReason) -> Case:
    """It does not, and says why: the place is free. Raises `CaseStepNotAllowed`."""
    case = subject.case.decline(due_on=await _due(subject.case, Stage.REFERRAL, work))
    await work.care.answer(case.case_id, "DECLINED", on=work.today(), reason=reason.value)
    return await _advanced(case, Happened.DECLINED, work)


async def recall(subject: Subject, work: Work) -> Case:
    """No answer in time. Raises `CaseStepNotAllowed`, `AnswerIsNotDue`."""
    case = subject.case.recall(today=work.today(), due_on=await _due(subject.case, Stage.REFERRAL, work))
    await work.care.answer(case.case_id, "NO_ANSWER", on=work.today())
    return await _advanced(case, Happened.RECALLED, work)


async def pause(subject: Subject, work: Work, *, reason: PauseReason) -> Case:
    """The plan rests. Raises `CaseStepNotAllowed`."""
    case = subject.case.pause(due_on=await _due(subject.case, Stage.PAUSE, work))
    return await _advanced(case, Happened.PAUSED, work, reason=reason.value)


async def resume(subject: Subject, work: Work) -> Case:
    """It goes on. Raises `CaseStepNotAllowed`."""
    subject.case.must_allow(Step.RESUME)
    return await _advanced(subject.case.resume(assess_on=await _assess_on(subject.case, work)), Happened.RESUMED, work)


async def refer_medical(subject: Subject, work: Work, *, reason: MedicalReason) -> Case:
    """To a hospital; the institution keeps the place (REH-79). Raises `CaseStepNotAllowed`."""
    case = subject.case.refer_medical()
    await work.care.refer(case, on=work.today(), reason=reason.value)
    return await _advanced(case, Happened.REFERRED_MEDICAL, work)


async def return_medical(subject: Subject, work: Work) -> Case:
    """Discharged (REH-79). Raises `CaseStepNotAllowed`."""
    subject.case.must_allow(Step.RETURN_MEDICAL)
    await work.care.answer(subject.case.case_id, "RETURNED", on=work.today())
    case = subject.case.return_medical(assess_on=await _assess_on(subject.case, work))
    return await _advanced(case, Happened.RETURNED_MEDICAL, work)


async def _assess_on(case: Case, work: Work) -> date:
    """The next stage assessment: as planned, or now if that day went by meanwhile."""
    return max((await work.care.plan(case)).assess_on, work.today())


async def _due(case: Case, stage: Stage, work: Work) -> date | None:
    return (await work.timing(case.division)).due_on(stage, case.programme)


async def _advanced(case: Case, happened: Happened, work: Work, *, reason: str | None = None) -> Case:
    await work.cases.save(case, happened, reason=reason)
    work.tell(CaseHasAdvanced(event_id=work.new_id(), occurred_at=work.now(), case=case))
    return case
