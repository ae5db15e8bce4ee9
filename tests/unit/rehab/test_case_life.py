"""The life of a case (RULES 7.6): every state, every step, a move of the table or a refusal naming others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from typing import Final
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.rehab.domain.case import (
    Case,
    CaseFlag,
    Checked,
    ClosingReason,
    Consent,
    is_open,
)
from services.rehab.domain.case_state import CASES, ENDED, OPEN, PLACED, PLANNED, REGISTERS, Step
from services.rehab.domain.errors import (
    AnswerIsNotDue,
    CaseStepNotAllowed,
    ConsentIsMissing,
    DateInFuture,
    PauseIsNotTooLong,
)
from services.rehab.domain.measures import AgeBand, Instrument, Signer
from services.rehab.domain.plan_errors import FinalAssessmentIsMissing
from shared.values.disability import DisabilityCategory
from shared.values.division import Division
from shared.values.refusal import Refusal
from shared.values.rehab_case import CaseStatus as S
from tests.builders.rehab import a_case

TODAY: Final = date(2026, 6, 15)
HOUSE, ELSEWHERE = UUID(int=7), Division("341503001004")
CONSENT: Final = Consent(Signer.SELF, TODAY)

# The table of RULES 7.6 written down a second time, by hand.
MOVES: Final[dict[tuple[S, Step], set[S]]] = {
    (S.NEED_REGISTERED, Step.CHECK): {S.REGISTERED, S.NOT_SUITABLE},
    (S.REGISTERED, Step.REFER): {S.REFERRED},
    (S.REFERRED, Step.ACCEPT): {S.ASSESSING},
    (S.REFERRED, Step.DECLINE): {S.REGISTERED},
    (S.REFERRED, Step.RECALL): {S.REGISTERED},
    (S.ASSESSING, Step.ASSESS_BASELINE): {S.ASSESSED},
    (S.ASSESSED, Step.ASSESS_BASELINE): {S.ASSESSED},
    (S.ASSESSED, Step.AGREE_PLAN): {S.PLAN_ACTIVE},
    (S.PLAN_ACTIVE, Step.AGREE_PLAN): {S.PLAN_ACTIVE},
    (S.PLAN_REVISED, Step.AGREE_PLAN): {S.PLAN_ACTIVE},
    (S.PLAN_ACTIVE, Step.LOG_SESSION): {S.PLAN_ACTIVE},
    (S.PLAN_ACTIVE, Step.ASSESS_STAGE): {S.PLAN_ACTIVE, S.PLAN_REVISED},
    (S.PLAN_ACTIVE, Step.ASSESS_FINAL): {S.PLAN_ACTIVE},
    (S.PLAN_REVISED, Step.ASSESS_FINAL): {S.PLAN_REVISED},
    (S.PLAN_ACTIVE, Step.PAUSE): {S.PAUSED},
    (S.PAUSED, Step.RESUME): {S.PLAN_ACTIVE},
    (S.PLAN_ACTIVE, Step.CHANGE_INSTITUTION): {S.REFERRED},
    (S.PLAN_REVISED, Step.CHANGE_INSTITUTION): {S.REFERRED},
    (S.PAUSED, Step.CHANGE_INSTITUTION): {S.REFERRED},
    (S.PLAN_ACTIVE, Step.REFER_MEDICAL): {S.REFERRED_MEDICAL},
    (S.REFERRED_MEDICAL, Step.RETURN_MEDICAL): {S.PLAN_ACTIVE},
    (S.CLOSED, Step.FOLLOW_UP): {S.CLOSED, S.FOLLOWED_UP},
    (S.FOLLOWED_UP, Step.FOLLOW_UP): {S.FOLLOWED_UP},
    **{(status, Step.CLOSE): {S.CLOSED} for status in OPEN},
}

TAKES: Final[dict[Step, tuple[Callable[[Case, date], Case], ...]]] = {
    Step.CHECK: (
        lambda one, day: one.check(_checked(suitable=True), today=day, due_on=day),
        lambda one, day: one.check(_checked(suitable=False), today=day, due_on=day),
    ),
    Step.REFER: (lambda one, day: one.refer(HOUSE, due_on=day),),
    Step.CHANGE_INSTITUTION: (lambda one, day: one.refer(HOUSE, due_on=day),),
    Step.ACCEPT: (lambda one, _: one.accept(),),
    Step.DECLINE: (lambda one, day: one.decline(due_on=day),),
    Step.RECALL: (lambda one, day: one.recall(today=day, due_on=day),),
    Step.ASSESS_BASELINE: (lambda one, _: one.assess_baseline(),),
    Step.AGREE_PLAN: (lambda one, day: one.agree_plan((one.plan_no or 0) + 1, assess_on=day, basis=""),),
    Step.ASSESS_STAGE: (
        lambda one, day: one.assess_stage(next_on=day),
        lambda one, _: one.assess_stage(next_on=None),
    ),
    Step.ASSESS_FINAL: (lambda one, _: one.assess_final(),),
    Step.PAUSE: (lambda one, day: one.pause(due_on=day),),
    Step.RESUME: (lambda one, day: one.resume(assess_on=day),),
    Step.REFER_MEDICAL: (lambda one, _: one.refer_medical(),),
    Step.RETURN_MEDICAL: (lambda one, day: one.return_medical(assess_on=day),),
    Step.CLOSE: (lambda one, day: one.close(reason=ClosingReason.REFUSED, on=day, today=day),),
    Step.FOLLOW_UP: (lambda one, _: one.follow_up(left=1), lambda one, _: one.follow_up(left=0)),
}
"""Every way to take a step by hand; `LOG_SESSION` changes no case and `DECIDE_TRANSFER` has its own tests."""


def _checked(*, suitable: bool, consent: Consent | None = None) -> Checked:
    return Checked(suitable=suitable, category=DisabilityCategory.LIMB, age_band=AgeBand.ADULT, consent=consent)


def in_state(status: S) -> Case:
    """A case that got there somehow."""
    return a_case(status=status, consent=CONSENT, institution_id=HOUSE if status in PLACED else None, plan_no=1)


@pytest.mark.parametrize(("status", "step"), list(product(S, TAKES)))
def test_every_step_in_every_state_is_a_move_or_a_refusal_that_names_the_others(status: S, step: Step) -> None:
    one, expected = in_state(status), MOVES.get((status, step))
    if {step} <= {Step.REFER, Step.CHANGE_INSTITUTION}:  # one deed; the state says which step it is
        expected = MOVES.get((status, Step.CHANGE_INSTITUTION)) or MOVES.get((status, Step.REFER))
    if expected is None:
        for take in TAKES[step]:
            with pytest.raises(CaseStepNotAllowed) as refusal:
                take(one, TODAY)
            named = {each.value for (of, each) in MOVES if of is status}
            assert set(refusal.value.facts["allowed"]) == named  # type: ignore[call-overload]
        return
    after = [take(one, TODAY) for take in TAKES[step]]
    assert {case.status for case in after} == expected
    assert {case.version for case in after} == {one.version + 1}


def test_the_table_says_what_the_second_table_says() -> None:
    told = {
        (source, event): {target for at, by, target in CASES.edges() if (at, by) == (source, event)}
        for source, event, _ in CASES.edges()
        if event not in REGISTERS and event is not Step.DECIDE_TRANSFER
    }
    assert told.keys() == MOVES.keys()
    assert all(MOVES[pair] <= targets for pair, targets in told.items())


def test_every_state_is_reached_and_is_either_open_or_ended() -> None:
    assert CASES.reachable() == frozenset(S)
    assert set(OPEN) | set(ENDED) == set(S)
    assert not set(OPEN) & set(ENDED)
    assert set(PLANNED) < set(PLACED) < set(OPEN)


def test_a_stage_that_asks_for_a_revision_stops_the_sessions_until_it_is_agreed_reh_01() -> None:
    revised = in_state(S.PLAN_ACTIVE).assess_stage(next_on=None)
    assert Step.LOG_SESSION not in revised.allowed_steps()
    assert Step.LOG_SESSION in revised.agree_plan(2, assess_on=TODAY, basis="").allowed_steps()


@pytest.mark.parametrize("status", [S.REGISTERED, S.REFERRED, *PLANNED])
@pytest.mark.parametrize("reason", [one for one in ClosingReason if one is not ClosingReason.DIED])
def test_a_plan_is_not_closed_unmeasured_unless_the_person_is_out_of_reach_reh_15(
    status: S, reason: ClosingReason
) -> None:
    """Also when the plan's institution was left meanwhile: a plan stays one."""
    one, left = in_state(status), {Instrument.BARTHEL}
    if reason in {ClosingReason.MOVED, ClosingReason.REFUSED, ClosingReason.DROPPED}:
        assert one.close(reason=reason, on=TODAY, today=TODAY, unmeasured=left).status is S.CLOSED
    else:
        with pytest.raises(FinalAssessmentIsMissing):
            one.close(reason=reason, on=TODAY, today=TODAY, unmeasured=left)
        assert one.close(reason=reason, on=TODAY, today=TODAY).status is S.CLOSED


def test_consent_comes_first_and_may_come_with_the_check() -> None:
    one = a_case(consent=None)
    with pytest.raises(ConsentIsMissing):
        one.check(_checked(suitable=True), today=TODAY, due_on=None)
    assert one.check(_checked(suitable=True, consent=CONSENT), today=TODAY, due_on=None).consent == CONSENT
    ahead = Consent(Signer.GUARDIAN, TODAY + timedelta(days=1))
    with pytest.raises(DateInFuture):
        one.check(_checked(suitable=True, consent=ahead), today=TODAY, due_on=None)


def test_the_last_day_of_a_limit_is_in_time() -> None:
    """REH-73, REH-74: neither is a referral recalled on it, nor a pause too long."""
    referred, paused = (replace(in_state(status), due_on=TODAY) for status in (S.REFERRED, S.PAUSED))
    later = TODAY + timedelta(days=1)
    with pytest.raises(AnswerIsNotDue):
        referred.recall(today=TODAY, due_on=None)
    assert referred.recall(today=later, due_on=None).status is S.REGISTERED
    with pytest.raises(PauseIsNotTooLong):
        paused.close(reason=ClosingReason.DROPPED, on=TODAY, today=TODAY)
    assert paused.close(reason=ClosingReason.DROPPED, on=later, today=later).status is S.CLOSED


def test_nobody_is_visited_after_a_death_reh_72() -> None:
    dead = a_case(status=S.CLOSED, closing_reason=ClosingReason.DIED)
    with pytest.raises(CaseStepNotAllowed):
        dead.follow_up(left=0)


def test_a_new_plan_lifts_the_flag_of_a_certificate_and_not_that_of_a_move() -> None:
    for flag, left in ((CaseFlag.CERTIFICATE_CHANGED, None), (CaseFlag.TRANSFERRED, CaseFlag.TRANSFERRED)):
        one = replace(in_state(S.PLAN_ACTIVE), flag=flag)
        assert one.agree_plan(2, assess_on=TODAY, basis="").flag is left


class Lives(RuleBasedStateMachine):
    """Days pass, somebody tries any step: what the table does not know is refused, and these things always hold."""

    @initialize()
    def begin(self) -> None:
        self.today = TODAY
        self.case = a_case(consent=CONSENT, opened_on=TODAY)
        self.moved = 0

    @rule(days=st.integers(0, 40))
    def pass_days(self, days: int) -> None:
        self.today += timedelta(days=days)

    @rule(step=st.sampled_from(list(TAKES)), which=st.integers(0, 1))
    def try_step(self, step: Step, which: int) -> None:
        ways = TAKES[step]
        try:
            after = ways[which % len(ways)](self.case, self.today)
        except Refusal:
            return
        taken = Step.CHANGE_INSTITUTION if self.case.status in PLANNED and step is Step.REFER else step
        taken = Step.REFER if self.case.status is S.REGISTERED and step is Step.CHANGE_INSTITUTION else taken
        assert after.status in MOVES[self.case.status, taken]
        self.case, self.moved = after, self.moved + 1

    @rule(to=st.sampled_from([ELSEWHERE]))
    def move_away(self, to: Division) -> None:
        if is_open(self.case.status) and self.case.flag is None:
            flagged = replace(self.case, flag=CaseFlag.TRANSFERRED, transfer_id=UUID(int=1))
            self.case, self.moved = flagged.move(to), self.moved + 1

    @invariant()
    def a_placed_case_has_an_institution(self) -> None:
        """And a registered one has none."""
        if self.case.status in PLACED:
            assert self.case.institution_id == HOUSE
        if self.case.status in {S.NEED_REGISTERED, S.REGISTERED}:
            assert self.case.institution_id is None

    @invariant()
    def an_ended_case_has_a_day_and_waits_for_nothing(self) -> None:
        """Whatever came before."""
        if self.case.status in ENDED:
            assert self.case.closed_on is not None
            assert (self.case.flag, self.case.due_on) == (None, None)
        else:
            assert self.case.closed_on is None

    @invariant()
    def every_step_is_one_version(self) -> None:
        """No step is lost or counted twice."""
        assert self.case.version == 1 + self.moved

    @invariant()
    def a_running_plan_has_a_number(self) -> None:
        """It was agreed once."""
        if self.case.status in PLANNED:
            assert self.case.plan_no is not None
            assert self.case.category is not None


TestLives = Lives.TestCase
