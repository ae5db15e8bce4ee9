"""The life of an award (RULES 4.7): which steps people may take, when, and what a pause outlives."""

from __future__ import annotations

from datetime import date

import pytest

from services.subsidy.domain import award_life as life
from services.subsidy.domain.award import Award, Cause
from services.subsidy.domain.award_life import AWARD, BY_PEOPLE, AwardStep
from services.subsidy.domain.errors import AwardStepNotAllowed, DecisionMonthNotAllowed, TerminationNeedsCause
from shared.values.award import RUNNING, AwardStatus
from shared.values.month import Month
from tests.builders.subsidy import a_cause, an_award


def fraud() -> Cause:
    return a_cause(kind="FRAUD", reason=None)


def test_every_status_is_reached_and_none_is_a_trap() -> None:
    assert AWARD.reachable() == frozenset(AwardStatus)
    assert AWARD.ends() == frozenset()


@pytest.mark.parametrize("status", list(AwardStatus))
@pytest.mark.parametrize(
    ("step", "take"),
    [
        (AwardStep.PAUSE, life.pause),
        (AwardStep.RESUME, life.resume),
        (AwardStep.TERMINATE, lambda award: life.terminate(award, died=True)),
    ],
)
def test_a_step_is_taken_where_the_table_knows_it_and_refused_with_what_is_allowed(
    status: AwardStatus, step: AwardStep, take: object
) -> None:
    award = an_award(status=status, version=4)
    move = AWARD.move(status, step)
    assert callable(take)
    if move is None:
        with pytest.raises(AwardStepNotAllowed) as refused:
            take(award)
        allowed = [each.value for each in AWARD.allowed(status) if each in BY_PEOPLE]
        assert refused.value.facts == {"step": step.value, "status": status.value, "allowed": allowed}
    else:
        after: Award = take(award)
        assert after.status in move.targets
        assert after.version == 5


def test_what_came_to_stand_during_a_pause_suspends_when_it_ends() -> None:
    paused = an_award(status=AwardStatus.PAUSED, cause=a_cause(), effective_month=Month.parse("2026-07"))
    assert life.resume(paused).status is AwardStatus.SUSPENDED
    assert life.resume(an_award(status=AwardStatus.PAUSED)).status is AwardStatus.ACTIVE


@pytest.mark.parametrize(
    ("cause", "died"),
    [(a_cause(kind="CANCELLED", reason="FRAUD"), False), (fraud(), False), (None, True), (a_cause(), True)],
    ids=["card cancelled for fraud", "fraud established SUB-77", "death", "death behind an earlier cause"],
)
def test_death_and_fraud_end_an_award_for_good(cause: Cause | None, *, died: bool) -> None:
    assert life.terminate(an_award(cause=cause), died=died).status is AwardStatus.TERMINATED


@pytest.mark.parametrize("cause", [None, a_cause(), a_cause(kind="FROZEN", reason="FRAUD")])
def test_nothing_else_does(cause: Cause | None) -> None:
    with pytest.raises(TerminationNeedsCause):
        life.terminate(an_award(cause=cause), died=False)


def test_a_pause_reaches_back_to_no_month_that_is_over() -> None:
    this, ahead = Month.of(date(2026, 6, 15)), Month.parse("2027-06")
    life.must_lie_between(this, this, ahead)
    with pytest.raises(DecisionMonthNotAllowed) as refused:
        life.must_lie_between(this.plus(-1), this, ahead)
    assert refused.value.facts == {"given": "2026-05", "first": "2026-06", "last": "2027-06"}


def test_a_paused_award_still_is_the_one_award_of_its_scheme() -> None:
    assert {status.value for status in RUNNING} == {"ACTIVE", "SUSPENDED", "PAUSED"}
