"""Close a case by hand, and visit afterwards (RULES 7.6)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.rehab.domain.case import Case, ClosingReason, FollowUpOutcome, Happened, must_not_lie_ahead
from services.rehab.domain.case_state import Step
from services.rehab.domain.errors import CaseNotFound
from services.rehab.domain.facts import CaseHasAdvanced, CaseWasClosed
from services.rehab.domain.measures import AssessmentKind, Instrument
from services.rehab.domain.plan import Plan
from services.rehab.use_cases.ports import Sight, Subject, Work
from shared.values.dates import ONE_DAY
from shared.values.division import Scope


async def load(case_id: UUID, work: Work, *, within: Scope, sight: Sight) -> Subject:
    """Raises `CaseNotFound` outside the scope, and for who may not see such a case."""
    subject = await work.cases.get(case_id, within=within, sight=sight)
    if subject is None:
        raise CaseNotFound
    return subject


async def close_case(subject: Subject, work: Work, *, reason: ClosingReason, closed_on: date) -> Case:
    """Raises `CaseStepNotAllowed`, `DeathIsTheRegisters`, `DateInFuture`, `ClosedBeforeOpened`,
    `FinalAssessmentIsMissing` (REH-15), `PauseIsNotTooLong`.
    """
    plan = None if subject.case.plan_no is None else await work.care.plan(subject.case)
    unmeasured = set() if plan is None else await _unmeasured(subject.case, plan, work)
    case = subject.case.close(reason=reason, on=closed_on, today=work.today(), unmeasured=unmeasured)
    await work.cases.save(case, Happened.CLOSED, cause_id=subject.case.transfer_id)
    if plan is not None:
        await work.care.expect_visits(case, [closed_on + days * ONE_DAY for days in plan.follow_up_days])
    work.tell(CaseWasClosed(event_id=work.new_id(), occurred_at=work.now(), case=case))
    return case


async def _unmeasured(case: Case, plan: Plan, work: Work) -> set[Instrument]:
    """Instruments the plan aims with that were not used at the end."""
    done = await work.care.assessments(case.case_id)
    measured = {
        one.instrument for one in done if one.kind is AssessmentKind.FINAL and one.assessed_on >= plan.begins_on
    }
    return {item.instrument for item in plan.items} - measured


async def follow_up(subject: Subject, work: Work, *, visited_on: date, outcome: FollowUpOutcome) -> Case:
    """A visit after the closing. Raises `CaseStepNotAllowed`, `DateInFuture`."""
    subject.case.must_allow(Step.FOLLOW_UP)
    must_not_lie_ahead("visited_on", visited_on, today=work.today())
    left = await work.care.visit(subject.case, on=visited_on, outcome=outcome)
    case = subject.case.follow_up(left=left)
    await work.cases.save(case, Happened.FOLLOWED_UP)
    work.tell(CaseHasAdvanced(event_id=work.new_id(), occurred_at=work.now(), case=case))
    return case
