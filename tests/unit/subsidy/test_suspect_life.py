"""The life of a suspect and the table of checks (RULES 9: DX-10 to DX-25, READ-22)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.subsidy.domain.comparison.checks import BY_ID, CHECKS, Action
from services.subsidy.domain.comparison.suspect import (
    SUSPECT,
    ActionDoesNotAnswer,
    NotBelow,
    Suspect,
    SuspectNeedsEvidence,
    SuspectState,
    SuspectStep,
    SuspectStepNotAllowed,
    Timing,
)
from shared.values.month import Month
from tests.builders.subsidy_applications import CALENDAR

S, E = SuspectState, SuspectStep
TODAY = date(2026, 6, 15)
TIMING = Timing(TODAY, CALENDAR)
ONE, OTHER = b"facts", b"other facts"


def a_suspect(**given: Any) -> Suspect:
    told: dict[str, Any] = {
        "suspect_id": UUID(int=1),
        "check": "DX-10",
        "person_id": UUID(int=2),
        "division": "341502",
        "month": Month(2026, 6),
        "facts": ONE,
    }
    return Suspect(**told | given)


def in_verification(**given: Any) -> Suspect:
    return a_suspect(**given).distribute("341502001", TIMING).verify(TIMING)


def closed_after(step: SuspectStep) -> Suspect:
    if step is E.CLEAR:
        return in_verification().conclude(E.CLEAR, 1, TIMING).close(TIMING)
    acted = in_verification().conclude(E.CONFIRM, 1, TIMING).act(Action.STOP, 1, TIMING)
    return acted.report(1, TIMING).close(TIMING)


def test_the_table_knows_every_check_of_the_rules_once() -> None:
    assert [check.id for check in CHECKS] == [f"DX-{number}" for number in range(10, 26)]


def test_every_state_is_reached_and_only_a_closed_one_waits_for_nobody() -> None:
    assert SUSPECT.reachable() == frozenset(S)
    assert [state for state in S if TIMING.deadlines.of(state) is None] == [S.CLOSED]


@pytest.mark.parametrize("check", [check.id for check in CHECKS])
def test_by_default_a_death_holds_money_and_prison_once_a_judgment_was_seen_read_22(check: str) -> None:
    assert a_suspect(check=check).holds_payment is (check in {"DX-10", "DX-11"})
    assert a_suspect(check=check, judgment_seen=True).holds_payment is (check in {"DX-10", "DX-11", "DX-19"})


def test_money_is_let_go_when_the_suspect_is_cleared_and_held_while_it_is_confirmed() -> None:
    assert in_verification().conclude(E.CONFIRM, 1, TIMING).holds_payment
    assert not in_verification().conclude(E.CLEAR, 1, TIMING).holds_payment


@pytest.mark.parametrize("step", [E.ASK_MORE, E.CONFIRM, E.CLEAR])
def test_a_conclusion_stands_on_a_paper(step: SuspectStep) -> None:
    with pytest.raises(SuspectNeedsEvidence):
        in_verification().conclude(step, 0, TIMING)
    assert in_verification().conclude(step, 1, TIMING).state is not S.IN_VERIFICATION


def test_only_an_action_of_its_check_answers_it() -> None:
    confirmed = in_verification(check="DX-13").conclude(E.CONFIRM, 1, TIMING)
    with pytest.raises(ActionDoesNotAnswer) as refused:
        confirmed.act(Action.STOP, 1, TIMING)
    assert refused.value.facts["allowed"] == ["REMIND"]
    assert confirmed.act(Action.REMIND, 1, TIMING).state is S.ACTION_TAKEN


def test_it_is_handed_down_never_up_or_aside() -> None:
    to_township = a_suspect().distribute("341502001", TIMING)
    assert to_township.division == "341502001"
    for division in ("341502", "341503", "341502002"):
        with pytest.raises(NotBelow):
            to_township.distribute(division, TIMING)


def test_it_is_overdue_on_the_first_day_after_its_working_days() -> None:
    suspect = in_verification()
    assert suspect.due_on == CALENDAR.after(TODAY, 10)
    assert not suspect.overdue(suspect.due_on)
    assert suspect.overdue(suspect.due_on + timedelta(days=1))


def test_found_again_it_opens_again_unless_it_was_cleared_of_the_same_facts() -> None:
    july = Month(2026, 7)
    assert closed_after(E.ACT).found_again(july, ONE, TIMING).state is S.NEW
    assert closed_after(E.CLEAR).found_again(july, ONE, TIMING).state is S.CLOSED
    assert closed_after(E.CLEAR).found_again(july, OTHER, TIMING).state is S.NEW
    assert closed_after(E.ACT).found_again(Month(2026, 6), ONE, TIMING).state is S.CLOSED


def test_found_again_while_somebody_works_on_it_nothing_is_lost() -> None:
    again = in_verification().found_again(Month(2026, 7), OTHER, TIMING)
    assert (again.state, again.month, again.facts) == (S.IN_VERIFICATION, Month(2026, 7), OTHER)


def take(suspect: Suspect, step: SuspectStep) -> Suspect:
    match step:
        case E.DISTRIBUTE:
            return suspect.distribute(suspect.division, TIMING)
        case E.VERIFY:
            return suspect.verify(TIMING)
        case E.ASK_MORE | E.CONFIRM | E.CLEAR:
            return suspect.conclude(step, 1, TIMING)
        case E.ACT:
            return suspect.act(BY_ID[suspect.check].actions[0], 1, TIMING)
        case E.REPORT:
            return suspect.report(1, TIMING)
        case E.CLOSE:
            return suspect.close(TIMING)
        case E.REOPEN:
            return suspect.found_again(suspect.month.next(), OTHER, TIMING)


@given(steps=st.lists(st.sampled_from(SuspectStep), max_size=25), check=st.sampled_from(CHECKS))
def test_whatever_is_tried_only_moves_of_the_table_happen_and_a_refusal_tells_the_allowed_ones(
    steps: list[SuspectStep], check: Any
) -> None:
    suspect = a_suspect(check=check.id)
    for step in steps:
        before = suspect.state
        move = SUSPECT.move(before, step)
        if step is E.REOPEN and before is not S.CLOSED:
            continue
        if move is None:
            with pytest.raises(SuspectStepNotAllowed) as refused:
                take(suspect, step)
            assert refused.value.facts["allowed"] == [each.value for each in SUSPECT.allowed(before)]
        else:
            suspect = take(suspect, step)
            assert suspect.state in move.targets
        assert suspect.state is not S.CLOSED or suspect.due_on is None
