"""What an institution does for its client: assess, agree on a plan, log sessions (REH-01, REH-12, REH-15, REH-16)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.rehab.domain.case import Case, Happened, must_not_lie_ahead
from services.rehab.domain.case_state import Step
from services.rehab.domain.errors import BeforeOpening
from services.rehab.domain.facts import CaseHasAdvanced, PlanWasAgreed, SessionWasLogged, SessionWasVoided
from services.rehab.domain.institution_errors import InstitutionNotFound, StaffNotFound
from services.rehab.domain.measures import Assessment, AssessmentKind, Instrument
from services.rehab.domain.plan import Ground, Plan, Session, must_have_baseline
from services.rehab.domain.plan_errors import (
    PlanItemNotFound,
    SessionNotFound,
    SessionOverlaps,
    SignatureIsTooEarly,
)
from services.rehab.use_cases.ports import Subject, Work
from shared.values.division import Scope


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a stage assessment leads to: the day of the next one, or (None) a revision of the plan."""

    next_on: date | None


async def assess(subject: Subject, work: Work, one: Assessment, judgement: Judgement) -> Case:
    """Keep an assessment and take the step it means.

    Raises `CaseStepNotAllowed`, `DateInFuture`, `BeforeOpening`, `StaffNotFound`, `StaffIsNotValid`,
    `InstrumentHasNoBaseline`, `ScoreOutOfRange`, `PlanPeriodIsInvalid` for a next day outside the plan.
    """
    case, happened = _step(subject.case, one.kind, judgement)
    _must_be_of_the_case("assessed_on", one.assessed_on, subject.case, work)
    await _must_employ(subject.case, one.staff_id, one.assessed_on, work)
    if one.kind is not AssessmentKind.BASELINE:
        must_have_baseline(one.instrument, await _baselines(case, work))
    if one.kind is AssessmentKind.STAGE and judgement.next_on is not None:
        (await work.care.plan(case)).must_contain("next_on", judgement.next_on, judgement.next_on)
    await work.care.assess(case, one)
    await work.cases.save(case, happened)
    work.tell(CaseHasAdvanced(event_id=work.new_id(), occurred_at=work.now(), case=case))
    return case


def _step(case: Case, kind: AssessmentKind, judgement: Judgement) -> tuple[Case, Happened]:
    match kind:
        case AssessmentKind.BASELINE:
            return case.assess_baseline(), Happened.ASSESSED
        case AssessmentKind.STAGE:
            return case.assess_stage(next_on=judgement.next_on), Happened.STAGE_ASSESSED
        case AssessmentKind.FINAL:
            return case.assess_final(), Happened.FINALLY_ASSESSED


async def agree_plan(subject: Subject, work: Work, plan: Plan) -> Case:
    """A signed plan, or its revision; ``plan.plan_no`` is given here.

    Raises `CaseStepNotAllowed`, `DateInFuture`, `SignatureIsTooEarly` and what `Plan.must_hold` does.
    """
    before = subject.case
    before.must_allow(Step.AGREE_PLAN)
    must_not_lie_ahead("signed_on", plan.signed_on, today=work.today())
    done = await work.care.assessments(before.case_id)
    last = max(one.assessed_on for one in done)
    if plan.signed_on < last:
        raise SignatureIsTooEarly(signed_on=plan.signed_on.isoformat(), assessed_on=last.isoformat())
    assert before.category is not None
    assert before.age_band is not None
    assert before.institution_id is not None
    plan = replace(plan, plan_no=(before.plan_no or 0) + 1)
    plan.must_hold(
        Ground(
            division=before.division,
            category=before.category,
            age_band=before.age_band,
            institution_id=before.institution_id,
            catalogue=await work.institutions.catalogue({item.item_id for item in plan.items}),
            staff=await work.institutions.staff({item.staff_id for item in plan.items}),
            instruments={one.instrument for one in done if one.kind is AssessmentKind.BASELINE},
        )
    )
    case = before.agree_plan(plan.plan_no, assess_on=plan.assess_on, basis=subject.client.basis)
    await work.care.agree(case, plan)
    await work.cases.save(case, Happened.PLAN_AGREED)
    work.tell(PlanWasAgreed(event_id=work.new_id(), occurred_at=work.now(), case=case))
    return case


async def log_session(subject: Subject, work: Work, session: Session) -> Session:
    """A session after it happened; the case stays as it is, one session more.

    Raises `CaseStepNotAllowed`, `SessionIsInvalid`, `PlanItemNotFound`, `SessionOutsidePlan`, `PlanItemIsUsedUp`,
    `InstitutionIsNotValid`, `StaffNotFound`, `StaffIsNotValid`, `SessionOverlaps`.
    """
    case = subject.case
    case.must_allow(Step.LOG_SESSION)
    session.must_have_been(work.today())
    plan = await work.care.plan(case)
    item = next((each for each in plan.items if each.item_no == session.item_no), None)
    if item is None:
        raise PlanItemNotFound(given=session.item_no)
    item.must_take(session, await work.care.attended(case, item.item_no))
    assert case.institution_id is not None
    assert case.category is not None
    serving = await work.institutions.get(case.institution_id, within=Scope.everywhere())
    if serving is None:
        raise InstitutionNotFound
    serving.must_serve(case.category, session.day)
    await _must_employ(case, session.staff_id, session.day, work)
    if not await work.care.log(case, session):
        raise SessionOverlaps
    work.tell(SessionWasLogged(event_id=work.new_id(), occurred_at=work.now(), case=case, session=session))
    return session


async def void_session(subject: Subject, work: Work, session_id: UUID) -> Session:
    """It was logged by mistake and counts no more; the row stays. Raises `SessionNotFound`, `SessionIsVoid`."""
    voided = await work.care.void(subject.case, session_id)
    if voided is None:
        raise SessionNotFound
    session, version = voided
    work.tell(
        SessionWasVoided(
            event_id=work.new_id(),
            occurred_at=work.now(),
            case=subject.case,
            session=session,
            session_version=version,
        )
    )
    return session


async def _baselines(case: Case, work: Work) -> set[Instrument]:
    done = await work.care.assessments(case.case_id)
    return {one.instrument for one in done if one.kind is AssessmentKind.BASELINE}


async def _must_employ(case: Case, staff_id: UUID, day: date, work: Work) -> None:
    found = (await work.institutions.staff([staff_id])).get(staff_id)
    if found is None:
        raise StaffNotFound(given=str(staff_id))
    found.must_be_valid(case.institution_id, day)


def _must_be_of_the_case(field: str, day: date, case: Case, work: Work) -> None:
    must_not_lie_ahead(field, day, today=work.today())
    if day < case.opened_on:
        raise BeforeOpening(field=field, given=day.isoformat(), opened_on=case.opened_on.isoformat())
