"""Decide on a case whose person moved to another county: hand it over, or close it there (RULES 7.6, MOVED)."""

from __future__ import annotations

from services.rehab.domain.case import Case, ClosingReason, Happened, TransferDecision
from services.rehab.domain.case_state import Step
from services.rehab.domain.facts import CaseWasFlagged
from services.rehab.use_cases.close_case import close_case
from services.rehab.use_cases.ports import Subject, Work


async def decide_transfer(subject: Subject, work: Work, *, decision: TransferDecision) -> Case:
    """Raises `CaseStepNotAllowed` when nothing waits for a decision."""
    subject.case.must_allow(Step.DECIDE_TRANSFER)
    match decision:
        case TransferDecision.CLOSE:
            return await close_case(subject, work, reason=ClosingReason.MOVED, closed_on=work.today())
        case TransferDecision.MOVE:
            case = subject.case.move(subject.division_after(decision))
            await work.cases.save(case, Happened.MOVED, cause_id=subject.case.transfer_id)
            work.tell(CaseWasFlagged(event_id=work.new_id(), occurred_at=work.now(), case=case))
            return case
