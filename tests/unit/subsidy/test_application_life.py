"""The life of an application (RULES 4.6): every state, every step, a move of the table or a refusal naming others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import product
from pathlib import Path
from typing import Final

import pytest
from uuid_utils.compat import uuid7

from services.subsidy.domain.application import (
    PAPERS,
    Application,
    Channel,
    FiledBy,
    Hands,
    Paper,
    RefusalReason,
    Remote,
    submit,
)
from services.subsidy.domain.application_errors import (
    AnotherPersonMustDecide,
    ApplicationStepNotAllowed,
    CaseIsAtHome,
    CaseMustBePushed,
    CompletionWasAsked,
    ConditionsAreNotMet,
    NobodyToTell,
    NoticeRuns,
    ObjectionIsOpen,
    PapersAreComplete,
    PapersAreMissing,
    RateIsMissing,
)
from services.subsidy.domain.application_state import APPLICATIONS, DESKS, OPEN, ApplicationState, ApplicationStep
from services.subsidy.domain.application_state import ApplicationState as S
from services.subsidy.domain.application_state import ApplicationStep as E
from services.subsidy.domain.application_timing import Timing
from services.subsidy.domain.entitlement.rules import RULES, Effect
from services.subsidy.domain.policy import NoticeAt, PolicyDocument, Procedure
from services.subsidy.domain.policy_book import Limits, PolicyBook
from services.subsidy.domain.policy_faults import faults
from services.subsidy.domain.verdict import Verdict
from shared.values.award import Scheme
from shared.values.division import Division
from shared.values.month import Month
from shared.values.working_days import WorkingDaysOfYearAreUnknown
from tests.builders.subsidy_applications import (
    AWAY,
    CLERK,
    DETERMINER,
    ELIGIBLE,
    HOME,
    OTHER_CLERK,
    REVIEWER,
    TODAY,
    a_remote_application,
    a_timing,
    an_application,
    later,
)

MOVES: Final = {
    (S.SUBMITTED, E.ASK_COMPLETION): S.INCOMPLETE,
    (S.INCOMPLETE, E.COMPLETE): S.SUBMITTED,
    (S.SUBMITTED, E.PUSH): S.PUSHED,
    (S.SUBMITTED, E.FIRST_CHECK): S.FIRST_CHECKED,
    (S.PUSHED, E.FIRST_CHECK): S.FIRST_CHECKED,
    (S.FIRST_CHECKED, E.REVIEW): S.REVIEWED,
    (S.REVIEWED, E.PRE_DETERMINE): S.PRE_DETERMINED,
    (S.PRE_DETERMINED, E.START_NOTICE): S.IN_NOTICE,
    (S.IN_NOTICE, E.DETERMINE): S.DETERMINED_ELIGIBLE,
    (S.IN_NOTICE, E.UPHOLD_OBJECTION): S.REVIEWED,
    (S.SUBMITTED, E.REFUSE): S.REFUSED,
    (S.INCOMPLETE, E.REFUSE): S.REFUSED,
    (S.PUSHED, E.REFUSE): S.REFUSED,
    (S.FIRST_CHECKED, E.REFUSE): S.REFUSED,
    (S.REVIEWED, E.REFUSE): S.REFUSED,
    (S.PRE_DETERMINED, E.REFUSE): S.REFUSED,
    (S.IN_NOTICE, E.REFUSE): S.REFUSED,
    (S.REFUSED, E.ASK_REVIEW): S.UNDER_REVIEW_REQUEST,
    (S.UNDER_REVIEW_REQUEST, E.REOPEN): S.REVIEWED,
    (S.UNDER_REVIEW_REQUEST, E.CONFIRM_REFUSAL): S.REFUSED,
    **{
        (state, step): target
        for state in (
            S.SUBMITTED,
            S.INCOMPLETE,
            S.PUSHED,
            S.FIRST_CHECKED,
            S.REVIEWED,
            S.PRE_DETERMINED,
            S.IN_NOTICE,
            S.UNDER_REVIEW_REQUEST,
        )
        for step, target in ((E.WITHDRAW, S.WITHDRAWN), (E.CLOSE_DEATH, S.CLOSED_DEATH))
    },
}
"""The table of RULES 4.6, written down a second time."""

NOW: Final = a_timing()
Take = Callable[[Application, Timing], Application]
TAKE: Final[dict[ApplicationStep, Take]] = {
    E.ASK_COMPLETION: lambda one, now: later(one, papers=frozenset()).ask_completion(ELIGIBLE, now),
    E.COMPLETE: lambda one, now: one.complete(PAPERS, now),
    E.PUSH: lambda one, now: later(one, remote=Remote()).push(now),
    E.FIRST_CHECK: lambda one, now: one.first_check(CLERK, now),
    E.REVIEW: lambda one, now: one.review(ELIGIBLE, REVIEWER, now),
    E.PRE_DETERMINE: lambda one, now: one.pre_determine(ELIGIBLE, DETERMINER, now),
    E.START_NOTICE: lambda one, now: one.start_notice(now),
    E.UPHOLD_OBJECTION: lambda one, now: one.uphold_objection(now),
    E.DETERMINE: lambda one, now: one.determine(uuid7(), ELIGIBLE, 0, DETERMINER, now),
    E.REFUSE: lambda one, now: one.refuse(RefusalReason.NOT_ELIGIBLE, DETERMINER, now),
    E.ASK_REVIEW: lambda one, now: one.ask_review(now),
    E.REOPEN: lambda one, now: one.reopen(DETERMINER, now),
    E.CONFIRM_REFUSAL: lambda one, now: one.confirm_refusal(DETERMINER, now),
    E.WITHDRAW: lambda one, now: one.withdraw(now),
    E.CLOSE_DEATH: lambda one, now: one.close_death(None, ELIGIBLE, DETERMINER, now),
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
        assert moved.application_date == one.application_date
        return
    with pytest.raises(ApplicationStepNotAllowed) as refused:
        TAKE[step](one, NOW)
    allowed = sorted(known.value for at, known in MOVES if at is state)
    assert sorted(refused.value.facts["allowed"]) == allowed  # type: ignore[call-overload]
    assert (refused.value.facts["step"], refused.value.facts["status"]) == (step, state)


def test_the_table_has_no_move_beyond_the_rules_and_reaches_every_state() -> None:
    assert {(source, step): target for source, step, target in APPLICATIONS.edges()} == MOVES
    assert APPLICATIONS.reachable() == frozenset(ApplicationState)
    assert APPLICATIONS.ends() == {S.DETERMINED_ELIGIBLE, S.WITHDRAWN, S.CLOSED_DEATH}
    assert set(DESKS) == set(OPEN)


# ---------------------------------------------------------------------------- papers


def test_what_is_missing_is_asked_once_and_the_application_date_stays() -> None:
    one = later(an_application(), papers=PAPERS - {Paper.BANK_CARD})
    asked = one.ask_completion(ELIGIBLE, NOW)
    assert (asked.asked_papers, asked.due_on) == (frozenset({Paper.BANK_CARD}), None)
    back = asked.complete([Paper.BANK_CARD], a_timing(date(2026, 7, 2)))
    assert (back.missing_papers, back.application_date) == (frozenset(), date(2026, 6, 1))
    with pytest.raises(CompletionWasAsked):
        later(back, papers=frozenset()).ask_completion(ELIGIBLE, NOW)


def test_nothing_is_asked_where_nothing_is_missing_and_nothing_goes_on_without_papers() -> None:
    with pytest.raises(PapersAreComplete):
        an_application().ask_completion(ELIGIBLE, NOW)
    bare = later(an_application(), papers=frozenset())
    with pytest.raises(PapersAreMissing):
        bare.first_check(CLERK, NOW)
    with pytest.raises(PapersAreMissing):
        later(bare, remote=Remote()).push(NOW)


def test_whoever_acts_for_the_applicant_brings_their_authority_sub_21() -> None:
    """SUB-21."""
    for filed_by in FiledBy:
        missing = later(an_application(), filed_by=filed_by).missing_papers
        assert missing == (frozenset() if filed_by is FiledBy.SELF else {Paper.AGENT_AUTHORITY})


def test_an_application_without_a_valid_card_is_refused_not_incomplete_read_18() -> None:
    """READ-18."""
    bare = later(an_application(), papers=frozenset())
    with pytest.raises(ConditionsAreNotMet):
        bare.ask_completion(Verdict(("READ-18",), None), NOW)
    assert bare.refuse(RefusalReason.NO_VALID_CARD, CLERK, NOW).refusal is RefusalReason.NO_VALID_CARD


# ---------------------------------------------------------------------------- conditions


@pytest.mark.parametrize("rule", ["READ-18", "READ-02/grade", "READ-02/card"])
def test_the_federation_does_not_pass_a_card_that_is_not_valid_or_out_of_scope_sub_18(rule: str) -> None:
    """SUB-18."""
    with pytest.raises(ConditionsAreNotMet) as refused:
        an_application(S.FIRST_CHECKED).review(Verdict((rule,), 0), REVIEWER, NOW)
    assert refused.value.facts["rules"] == rule
    assert refused.value.facts["zh"]


def test_income_is_civil_affairs_business_not_the_federations_sub_20() -> None:
    """SUB-20."""
    reviewed = an_application(S.FIRST_CHECKED).review(Verdict(("READ-02/income",), 0), REVIEWER, NOW)
    assert reviewed.state is S.REVIEWED
    with pytest.raises(ConditionsAreNotMet):
        reviewed.pre_determine(Verdict(("READ-02/income",), 0), DETERMINER, NOW)


@pytest.mark.parametrize("rule", [rule.id for rule in RULES if rule.effect is Effect.VOID])
def test_any_condition_missing_on_the_day_of_the_application_stops_the_determination_read_02(rule: str) -> None:
    """READ-02."""
    verdict = Verdict((rule,), 0)
    with pytest.raises(ConditionsAreNotMet):
        an_application(S.REVIEWED).pre_determine(verdict, DETERMINER, NOW)
    with pytest.raises(ConditionsAreNotMet):
        an_application(S.IN_NOTICE).determine(uuid7(), verdict, 0, DETERMINER, NOW)


def test_only_the_rules_that_void_an_application_make_a_verdict() -> None:
    everything = sum(1 << rule.number for rule in RULES)
    assert set(Verdict.of(everything, 0, None).failing) == {r.id for r in RULES if r.effect is Effect.VOID}
    assert Verdict.of(0, 8_000, None) == Verdict((), 8_000)


def test_a_month_without_a_rate_waits_for_policy_and_is_no_zero_read_14() -> None:
    """READ-14."""
    with pytest.raises(RateIsMissing):
        an_application(S.REVIEWED).pre_determine(Verdict.of(0, None, "NO_RATE"), DETERMINER, NOW)


# ---------------------------------------------------------------------------- four eyes


@pytest.mark.parametrize("hands", [Hands(accepted_by="x"), Hands(accepted_by=CLERK, checked_by="x")])
def test_who_accepted_or_checked_does_not_review(hands: Hands) -> None:
    with pytest.raises(AnotherPersonMustDecide):
        an_application(S.FIRST_CHECKED, hands=hands).review(ELIGIBLE, "x", NOW)


@pytest.mark.parametrize(
    "hands",
    [
        Hands(accepted_by="x"),
        Hands(accepted_by=CLERK, checked_by="x"),
        Hands(accepted_by=CLERK, checked_by=OTHER_CLERK, reviewed_by="x"),
    ],
)
def test_who_accepted_checked_or_reviewed_does_not_determine(hands: Hands) -> None:
    with pytest.raises(AnotherPersonMustDecide):
        an_application(S.IN_NOTICE, hands=hands).determine(uuid7(), ELIGIBLE, 0, "x", NOW)
    with pytest.raises(AnotherPersonMustDecide):
        an_application(S.IN_NOTICE, hands=hands).close_death(uuid7(), ELIGIBLE, "x", NOW)
    with pytest.raises(AnotherPersonMustDecide):
        an_application(S.REVIEWED, hands=hands).pre_determine(ELIGIBLE, "x", NOW)


def test_who_refused_does_not_decide_about_the_review_and_who_reopened_does_not_determine() -> None:
    refused = an_application(S.REVIEWED).refuse(RefusalReason.NOT_ELIGIBLE, DETERMINER, NOW).ask_review(NOW)
    for decide in (refused.reopen, refused.confirm_refusal):
        with pytest.raises(AnotherPersonMustDecide):
            decide(DETERMINER, NOW)
    reopened = refused.reopen("another", NOW)
    assert (reopened.refusal, reopened.decided_on) == (None, None)
    with pytest.raises(AnotherPersonMustDecide):
        reopened.pre_determine(ELIGIBLE, "another", NOW)
    assert reopened.pre_determine(ELIGIBLE, DETERMINER, NOW).state is S.PRE_DETERMINED


# ---------------------------------------------------------------------------- notice


def test_a_notice_runs_five_working_days_and_its_last_day_counts_sub_22() -> None:
    """SUB-22."""
    posted = an_application(S.PRE_DETERMINED).start_notice(NOW)
    assert posted.notice_until == date(2026, 6, 23), "19 June is a holiday, 20 and 21 a weekend"
    with pytest.raises(NoticeRuns):
        posted.determine(uuid7(), ELIGIBLE, 0, DETERMINER, a_timing(date(2026, 6, 23)))
    determined = posted.determine(uuid7(), ELIGIBLE, 0, DETERMINER, a_timing(date(2026, 6, 24)))
    assert (determined.state, determined.month) == (S.DETERMINED_ELIGIBLE, Month.parse("2026-06"))


def test_a_place_may_count_calendar_days_of_its_notice() -> None:
    seven = a_timing(notice_days=7, notice_in_calendar_days=True)
    assert an_application(S.PRE_DETERMINED).start_notice(seven).notice_until == date(2026, 6, 22)


def test_an_open_objection_keeps_a_case_from_being_determined() -> None:
    with pytest.raises(ObjectionIsOpen):
        an_application(S.IN_NOTICE).determine(uuid7(), ELIGIBLE, 1, DETERMINER, NOW)


# ---------------------------------------------------------------------------- clocks


def test_each_step_has_its_limit_in_working_days_by_profile_sub_22() -> None:
    """SUB-22."""
    p_a = a_timing(first_check_days=5, review_days=5, determination_days=7, closing_days=2)
    assert an_application(S.INCOMPLETE).complete([], p_a).due_on == date(2026, 6, 23)
    assert an_application().first_check(CLERK, p_a).due_on == date(2026, 6, 23)
    reviewed = an_application(S.FIRST_CHECKED).review(ELIGIBLE, REVIEWER, p_a)
    assert reviewed.due_on == date(2026, 6, 25)
    passed = reviewed.pre_determine(ELIGIBLE, DETERMINER, p_a)
    assert passed.due_on == reviewed.due_on, "the county's clock runs to the beginning of the notice"
    assert passed.start_notice(p_a).due_on == date(2026, 6, 25), "two working days after the notice of five"
    asked = an_application(S.REFUSED).ask_review(p_a)
    assert asked.due_on == date(2026, 6, 30), "a review takes ten working days (SUB-43)"


def test_limits_are_policy_the_most_specific_division_wins_and_impossible_ones_are_faults() -> None:
    def document(division: str, **told: object) -> PolicyDocument:
        procedure = Procedure(**told)  # type: ignore[arg-type]
        return PolicyDocument(division=division, title="x", legal_basis="x", since="2026-01", procedure=procedure)

    book = PolicyBook(
        [
            document("34", first_check_days=5, notice_days=7),
            document("341502", notice_at=NoticeAt.TOWNSHIP, notice_days=9),
        ]
    )
    found = book.limits("341502", Month.parse("2026-06"))
    assert (found.first_check_days, found.notice_days, found.notice_at) == (5, 9, NoticeAt.TOWNSHIP)
    assert book.limits("341502", Month.parse("2025-12")) == Limits()
    assert [fault.where for fault in faults(document("34", push_days=0))] == ["/procedure/push_days"]


def test_a_saturday_that_is_worked_counts_and_a_holiday_does_not_sub_31() -> None:
    """SUB-31."""
    assert a_timing(date(2026, 2, 27)).at_home_within(1) == date(2026, 2, 28), "worked for the Spring Festival"
    assert a_timing(date(2026, 6, 18)).at_home_within(1) == date(2026, 6, 22), "the Dragon Boat Festival is a Friday"


def test_a_limit_into_a_year_without_a_calendar_fails_loudly_rules_12() -> None:
    with pytest.raises(WorkingDaysOfYearAreUnknown):
        an_application(S.INCOMPLETE).complete([], a_timing(date(2026, 12, 28)))


# ---------------------------------------------------------------------------- away from home


def _submitted(
    channel: Channel, acceptance: Division, papers: frozenset[Paper] = PAPERS, today: date = TODAY
) -> Application:
    return submit(
        uuid7(),
        uuid7(),
        Scheme.LIVING,
        channel=channel,
        filed_by=FiledBy.SELF,
        home=HOME,
        acceptance=acceptance,
        papers=papers,
        by=CLERK,
        timing=a_timing(today),
    )


def test_a_window_in_another_county_is_a_cross_province_case_and_one_at_home_is_none_sub_28() -> None:
    """SUB-28."""
    assert _submitted(Channel.WINDOW, AWAY).channel is Channel.CROSS_PROVINCE
    assert _submitted(Channel.WINDOW, Division("341503001")).channel is Channel.CROSS_PROVINCE
    assert _submitted(Channel.CROSS_PROVINCE, HOME).channel is Channel.WINDOW
    assert _submitted(Channel.PROACTIVE, HOME).remote is None
    with pytest.raises(CaseIsAtHome):
        _submitted(Channel.WINDOW, HOME).push(NOW)


def test_the_day_at_the_place_of_acceptance_fixes_the_first_month_sub_37() -> None:
    """SUB-37."""
    away = _submitted(Channel.WINDOW, AWAY, today=date(2026, 6, 30))
    pushed = away.push(a_timing(date(2026, 7, 3)))
    assert (pushed.month, pushed.desk) == (Month.parse("2026-06"), HOME)


@pytest.mark.parametrize(("channel", "acceptance"), [(Channel.WINDOW, AWAY), (Channel.ONLINE, HOME)])
def test_three_ten_and_three_working_days_sub_25_26_27_30(channel: Channel, acceptance: Division) -> None:
    """SUB-25, SUB-26, SUB-27, SUB-30."""
    case = _submitted(channel, acceptance)
    assert (case.due_on, case.desk) == (date(2026, 6, 18), acceptance)
    with pytest.raises(CaseMustBePushed):
        case.first_check(CLERK, NOW)
    pushed = case.push(a_timing(date(2026, 6, 18)))
    assert pushed.remote is not None
    assert (pushed.remote.pushed_late, pushed.due_on) == (False, date(2026, 7, 3))
    refused = pushed.refuse(RefusalReason.NOT_ELIGIBLE, DETERMINER, a_timing(date(2026, 7, 3)))
    assert refused.remote is not None
    assert (refused.remote.decided_late, refused.remote.tell_by) == (False, date(2026, 7, 8))
    told = refused.tell(a_timing(date(2026, 7, 8)))
    assert told.remote is not None
    assert (told.remote.told_late, told.told_on) == (False, date(2026, 7, 8))
    with pytest.raises(NobodyToTell):
        told.tell(NOW)


def test_a_day_too_late_is_late_for_ever_sub_29() -> None:
    """SUB-29."""
    pushed = _submitted(Channel.WINDOW, AWAY).push(a_timing(date(2026, 6, 22)))
    refused = pushed.refuse(RefusalReason.NOT_ELIGIBLE, DETERMINER, a_timing(date(2026, 7, 7)))
    told = refused.tell(a_timing(date(2026, 7, 13)))
    assert told.remote is not None
    assert (told.remote.pushed_late, told.remote.decided_late, told.remote.told_late) == (True, True, True)
    reopened = told.ask_review(NOW).reopen("another", NOW)
    assert reopened.remote is not None
    assert reopened.remote.decided_late


def test_the_clock_of_the_push_begins_when_the_papers_are_complete_sub_25() -> None:
    """SUB-25."""
    bare = _submitted(Channel.WINDOW, AWAY, papers=frozenset())
    assert bare.due_on is None
    complete = bare.ask_completion(ELIGIBLE, NOW).complete(PAPERS, a_timing(date(2026, 7, 1)))
    assert complete.due_on == date(2026, 7, 6)


def test_nobody_is_told_before_there_is_a_result() -> None:
    for state in OPEN:
        with pytest.raises(NobodyToTell):
            a_remote_application(state).tell(NOW)


def test_the_guide_shows_the_table_that_decides() -> None:
    guide = (Path(__file__).resolve().parents[3] / "docs/guide/subsidy-applications.md").read_text()
    assert all(f"| {' | '.join(row)} |" in guide for row in APPLICATIONS.rows())
    assert APPLICATIONS.diagram() in guide
