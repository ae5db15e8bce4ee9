"""The life of an application (RULES 3.1): every state, every step, a move of the table or a refusal naming others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import product
from typing import Final

import pytest

from services.registry.domain.application import Application, RejectionReason
from services.registry.domain.application_errors import (
    ApplicationStepNotAllowed,
    CompletionWasNotAsked,
    LossPostingRuns,
    PapersAreComplete,
    StandardIsMet,
    StandardIsNotMet,
)
from services.registry.domain.application_state import (
    APPLICATIONS,
    OPEN,
    STAGES,
    ApplicationState,
    ApplicationStep,
    Matter,
)
from services.registry.domain.application_state import ApplicationState as S
from services.registry.domain.application_state import ApplicationStep as E
from services.registry.domain.papers import Paper
from services.registry.domain.timing import Timing
from tests.builders.applications import (
    MET,
    NOT_MET,
    a_conclusion,
    a_finding,
    a_rule,
    a_timing,
    after,
    an_application,
    an_institution,
)
from tests.builders.registry import TODAY

MOVES: Final = {
    (S.SUBMITTED, E.RETURN): S.RETURNED,
    (S.SUBMITTED, E.ACCEPT): S.ACCEPTED,
    (S.SUBMITTED, E.REJECT): S.REJECTED,
    (S.SUBMITTED, E.WITHDRAW): S.WITHDRAWN,
    (S.RETURNED, E.RESUBMIT): S.SUBMITTED,
    (S.RETURNED, E.WITHDRAW): S.WITHDRAWN,
    (S.ACCEPTED, E.ASSIGN): S.ASSESSMENT_PENDING,
    (S.ACCEPTED, E.SKIP_ASSESSMENT): S.UNDER_REVIEW,
    (S.ACCEPTED, E.WITHDRAW): S.WITHDRAWN,
    (S.ASSESSMENT_PENDING, E.CONCLUDE): S.ASSESSED,
    (S.ASSESSMENT_PENDING, E.WITHDRAW): S.WITHDRAWN,
    (S.ASSESSED, E.DECLINE): S.REJECTED,
    (S.ASSESSED, E.START_NOTICE): S.IN_NOTICE,
    (S.ASSESSED, E.WITHDRAW): S.WITHDRAWN,
    (S.IN_NOTICE, E.REASSESS): S.ASSESSMENT_PENDING,
    (S.IN_NOTICE, E.UPHOLD): S.REJECTED,
    (S.IN_NOTICE, E.END_NOTICE): S.UNDER_REVIEW,
    (S.IN_NOTICE, E.WITHDRAW): S.WITHDRAWN,
    (S.UNDER_REVIEW, E.APPROVE): S.APPROVED,
    (S.UNDER_REVIEW, E.REFUSE): S.REJECTED,
    (S.UNDER_REVIEW, E.WITHDRAW): S.WITHDRAWN,
    (S.APPROVED, E.PRODUCE): S.PRODUCED,
    (S.APPROVED, E.FINISH): S.COMPLETED,
    (S.APPROVED, E.WITHDRAW): S.WITHDRAWN,
    (S.PRODUCED, E.HAND_OVER): S.COMPLETED,
    (S.PRODUCED, E.WITHDRAW): S.WITHDRAWN,
    (S.REJECTED, E.DISPUTE): S.DISPUTE_CITY,
    (S.COMPLETED, E.DISPUTE): S.DISPUTE_CITY,
    (S.DISPUTE_CITY, E.DECIDE): S.DISPUTE_CITY,
    (S.DISPUTE_CITY, E.ESCALATE): S.DISPUTE_PROVINCE,
    (S.DISPUTE_CITY, E.CLOSE): S.FINAL,
    (S.DISPUTE_PROVINCE, E.DECIDE): S.FINAL,
}
"""The table of RULES 3.1, written down a second time."""

NOW: Final = a_timing()
HOSPITAL: Final = an_institution()
LIMB_2: Final = a_conclusion(a_finding())
Take = Callable[[Application, Timing], Application]

TAKE: Final[dict[ApplicationStep, Take]] = {
    E.RETURN: lambda one, now: one.return_(frozenset({Paper.PHOTOGRAPHS}), now),
    E.RESUBMIT: lambda one, now: one.resubmit(now),
    E.ACCEPT: lambda one, now: one.accept(frozenset(), now, by_eye=False, demand_assessment=False),
    E.REJECT: lambda one, now: one.reject(RejectionReason.FALSE_INFORMATION, frozenset(), now),
    E.ASSIGN: lambda one, now: after(one, needs_assessment=True).assign(HOSPITAL, now),
    E.SKIP_ASSESSMENT: lambda one, now: after(one, needs_assessment=False).skip_assessment(now),
    E.CONCLUDE: lambda one, now: one.conclude(LIMB_2, HOSPITAL, now),
    E.DECLINE: lambda one, now: after(one, outcome=NOT_MET).decline(now),
    E.START_NOTICE: lambda one, now: after(one, outcome=MET).start_notice(now),
    E.REASSESS: lambda one, now: one.uphold_objection(now, reassess=True),
    E.UPHOLD: lambda one, now: one.uphold_objection(now, reassess=False),
    E.END_NOTICE: lambda one, now: after(one, notice_until=TODAY - timedelta(days=1)).end_notice(0, now),
    E.APPROVE: lambda one, now: one.approve(now),
    E.REFUSE: lambda one, now: one.refuse(now),
    E.PRODUCE: lambda one, now: one.produce(now),
    E.FINISH: lambda one, now: after(one, matter=Matter.TRANSFER).finish(now),
    E.HAND_OVER: lambda one, now: one.hand_over(now),
    E.WITHDRAW: lambda one, now: one.withdraw(now),
    E.DISPUTE: lambda one, now: after(one, outcome=NOT_MET, decided_on=TODAY).raise_dispute(now),
    E.DECIDE: lambda one, now: one.decide_dispute(LIMB_2, HOSPITAL, now),
    E.ESCALATE: lambda one, now: after(one, dispute=MET).escalate(now),
    E.CLOSE: lambda one, now: after(one, dispute=MET).close_dispute(now, accepted=True),
}


@pytest.mark.parametrize(("state", "step"), list(product(ApplicationState, ApplicationStep)))
def test_every_step_in_every_state_is_a_move_of_the_table_or_refused_naming_the_allowed_ones(
    state: ApplicationState, step: ApplicationStep
) -> None:
    one = an_application(state)
    target = MOVES.get((state, step))
    if target is not None:
        moved = TAKE[step](one, NOW)
        assert moved.state is target
        assert moved.version == one.version + 1
        return
    with pytest.raises(ApplicationStepNotAllowed) as refused:
        TAKE[step](one, NOW)
    allowed = sorted(known.value for at, known in MOVES if at is state)
    assert sorted(refused.value.facts["allowed"]) == allowed  # type: ignore[call-overload]
    assert (refused.value.facts["step"], refused.value.facts["status"]) == (step, state)


def test_the_product_s_table_is_the_table_of_the_rules() -> None:
    assert {(source, step): target for source, step, target in APPLICATIONS.edges()} == MOVES


def test_every_state_is_reached_and_only_three_are_ends() -> None:
    assert APPLICATIONS.reachable() == frozenset(ApplicationState)
    assert APPLICATIONS.ends() == {S.WITHDRAWN, S.FINAL}


def test_every_open_state_can_be_withdrawn_and_no_other() -> None:
    withdrawn_from = {state for state in ApplicationState if E.WITHDRAW in APPLICATIONS.allowed(state)}
    assert withdrawn_from == set(OPEN)


@pytest.mark.parametrize("state", ApplicationState)
def test_a_state_somebody_has_to_leave_has_a_deadline_and_the_others_have_none(state: ApplicationState) -> None:
    deadline = NOW.deadline(state, division=an_application().home, matter=Matter.NEW)
    assert (deadline is not None) == (state in STAGES)
    if deadline is not None:
        assert TODAY <= deadline.warn_on <= deadline.due_on


def test_a_review_is_due_ten_working_days_later_across_the_swapped_weekend_of_national_day_cert_06() -> None:
    # 2025-09-28 and 2025-10-11 are worked; 1 to 8 October are off.
    waiting = an_application(S.IN_NOTICE, notice_until=date(2025, 9, 24)).end_notice(0, a_timing(date(2025, 9, 25)))
    assert waiting.due_on == date(2025, 10, 15)


def test_false_information_is_refused_at_intake_with_the_reason_cert_04() -> None:
    refused = an_application().reject(RejectionReason.FALSE_INFORMATION, frozenset(), NOW)
    assert (refused.state, refused.rejection) == (S.REJECTED, RejectionReason.FALSE_INFORMATION)


def test_nobody_is_refused_for_papers_that_were_not_asked_for_first_cert_03() -> None:
    missing = frozenset({Paper.PHOTOGRAPHS})
    with pytest.raises(CompletionWasNotAsked):
        an_application().reject(RejectionReason.STILL_INCOMPLETE, missing, NOW)
    asked = an_application().return_(missing, NOW).resubmit(NOW)
    assert asked.reject(RejectionReason.STILL_INCOMPLETE, missing, NOW).rejection is RejectionReason.STILL_INCOMPLETE
    with pytest.raises(PapersAreComplete):
        asked.reject(RejectionReason.STILL_INCOMPLETE, frozenset(), NOW)


def test_a_conclusion_below_the_standard_is_declined_and_one_that_meets_it_is_not_cert_07() -> None:
    below = an_application(S.ASSESSED, outcome=NOT_MET)
    assert below.decline(NOW).rejection is RejectionReason.STANDARD_NOT_MET
    with pytest.raises(StandardIsNotMet):
        below.start_notice(NOW)
    with pytest.raises(StandardIsMet):
        an_application(S.ASSESSED, outcome=MET).decline(NOW)


def test_a_replacement_waits_until_the_loss_was_posted_where_a_county_says_so_cert_18() -> None:
    lost = an_application(S.APPROVED, matter=Matter.REPLACEMENT)
    with pytest.raises(LossPostingRuns) as refused:
        lost.produce(a_timing(TODAY, a_rule("loss_posting_days", 10)))
    assert refused.value.facts["until"] == "2026-06-25"
    assert lost.produce(a_timing(date(2026, 6, 25), a_rule("loss_posting_days", 10))).state is S.PRODUCED
    assert lost.produce(NOW).state is S.PRODUCED, "without a local rule at once"
