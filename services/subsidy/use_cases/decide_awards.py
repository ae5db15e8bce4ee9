"""Decisions of people about an award (RULES 4.7): it pauses, resumes, is terminated; a gap before it is paid (SUB-48).

Each is dated, by name, and stays on record when it is taken back. No recomputation undoes one.
"""

from __future__ import annotations

from uuid import UUID

from services.subsidy.domain import award_life as life
from services.subsidy.domain.award import Award
from services.subsidy.domain.award_life import AwardStep, BackPaymentReason, PauseReason, ResumeReason
from services.subsidy.domain.decisions import BackPayment, Pause
from services.subsidy.domain.errors import AwardNotFound, AwardStepNotAllowed, BackPaymentExists
from services.subsidy.domain.facts import AwardWasChanged, AwardWasTerminated
from services.subsidy.use_cases.ports import DecisionWork
from shared.values.award import AwardStatus
from shared.values.division import Scope
from shared.values.month import Month


async def award_to_change(award_id: UUID, work: DecisionWork, *, within: Scope) -> Award:
    """The award, locked. Raises `AwardNotFound`."""
    award = await work.awards.lock(award_id, within=within)
    if award is None:
        raise AwardNotFound
    return award


async def pause_award(award: Award, work: DecisionWork, *, first: Month | None, reason: PauseReason) -> Award:
    """Nothing is due from ``first`` on (default: the next month). Raises `AwardStepNotAllowed`,
    `DecisionMonthNotAllowed`: a pause reaches back to no month but the current one."""
    paused, this_month = life.pause(award), Month.of(work.today())
    first = first or this_month.next()
    life.must_lie_between(first, this_month, this_month.plus(12))
    pause = Pause(pause_id=work.new_id(), award_id=award.award_id, first=first)
    await work.decisions.begin_pause(pause, person_id=award.person_id, reason=reason)
    return await _decided(award, paused, work, AwardStep.PAUSE, pause.pause_id, reason)


async def resume_award(award: Award, work: DecisionWork, *, month: Month | None, reason: ResumeReason) -> Award:
    """It is due again from a month on (default: the current one, or the first paused one where that lies ahead);
    an earlier month makes paused months owed. Raises `AwardStepNotAllowed`, `DecisionMonthNotAllowed`."""
    resumed, this_month = life.resume(award), Month.of(work.today())
    pause = await work.decisions.open_pause(award.award_id)
    until = month or max(pause.first, this_month)
    life.must_lie_between(until, pause.first, max(pause.first, this_month.next()))
    await work.decisions.end_pause(pause, until, person_id=award.person_id, reason=reason)
    return await _decided(award, resumed, work, AwardStep.RESUME, pause.pause_id, reason)


async def terminate_award(award: Award, work: DecisionWork) -> Award:
    """For good. Raises `AwardStepNotAllowed`, `TerminationNeedsCause`."""
    holder = (await work.holders.get([award.person_id], within=Scope.everywhere())).get(award.person_id)
    ended = life.terminate(award, died=holder is not None and holder.died_on is not None)
    cause_id = None if award.cause is None else award.cause.cause_id
    return await _decided(award, ended, work, AwardStep.TERMINATE, cause_id, None)


async def grant_back_payment(award: Award, work: DecisionWork, *, reason: BackPaymentReason) -> UUID:
    """The gap before a restart is due, as far as READ-11 gives it.

    Raises `AwardStepNotAllowed`, `BackPaymentExists`.
    """
    if award.status is not AwardStatus.ACTIVE:
        allowed = [step.value for step in life.allowed(award)]
        raise AwardStepNotAllowed(step="grant_back_payment", status=award.status.value, allowed=allowed)
    if await work.decisions.has_back_payment(award.award_id):
        raise BackPaymentExists
    decision = BackPayment(decision_id=work.new_id(), award_id=award.award_id)
    await work.decisions.grant_back_payment(decision, award, reason=reason)
    return decision.decision_id


async def _decided(  # noqa: PLR0917 - before and after, and what led from one to the other
    before: Award, after: Award, work: DecisionWork, step: AwardStep, decision_id: UUID | None, reason: str | None
) -> Award:
    await work.awards.decide(before, after, step=step.value.upper(), decision_id=decision_id, reason=reason)
    made = AwardWasTerminated if step is AwardStep.TERMINATE else AwardWasChanged
    work.tell(made(event_id=work.new_id(), occurred_at=work.now(), award=after))
    return after
