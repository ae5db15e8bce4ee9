"""The lives of a run and of a line, as RULES 4.8 has them, and the account each state stands for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.subsidy.domain.entitlement.decision import OPEN
from services.subsidy.domain.payroll.errors import RunStepNotAllowed
from services.subsidy.domain.payroll.line import LINE, Account, LineState, LineStep, account_of
from services.subsidy.domain.payroll.run import (
    LEFT,
    PAYROLL_RUN,
    UNSENT,
    Draft,
    Proven,
    Run,
    RunState,
    RunStep,
    Tally,
    answered,
)
from shared.values.month import Month

NOW = datetime(2026, 6, 15, tzinfo=UTC)
DRAFT = Draft(
    known_at=NOW,
    news_since=NOW,
    proven=Proven(epoch=1, position=1, at=NOW),
    policy_digest="",
    digest="",
    digest_version=2,
    lines=1,
    amount_fen=1,
    held=0,
    left_out=0,
)
RUN = Run(
    run_id=UUID(int=1),
    version=1,
    division="34",
    month=Month(2026, 6),
    schemes=("living_subsidy",),
    arrears_from=Month(2026, 6),
    state=RunState.DRAFT,
    draft=DRAFT,
    created_at=NOW,
    created_by="clerk",
)


def test_a_run_goes_by_the_table_of_rules_4_8() -> None:
    way = (RunStep.DRAW_UP, RunStep.LOCK, RunStep.APPROVE, RunStep.FUND, RunStep.SEND, RunStep.ANSWER)
    state = RunState.DRAFT
    for step in way:
        move = PAYROLL_RUN.move(state, step)
        assert move is not None
        state = move.targets[-1] if step is RunStep.ANSWER else move.targets[0]
    assert state is RunState.SETTLED


@pytest.mark.parametrize("state", RunState)
@pytest.mark.parametrize("step", RunStep)
def test_a_step_the_table_does_not_know_is_refused_and_names_those_it_does(state: RunState, step: RunStep) -> None:
    run = replace(RUN, state=state)
    if PAYROLL_RUN.move(state, step) is not None:
        run.must_allow(step)
        return
    with pytest.raises(RunStepNotAllowed) as refused:
        run.must_allow(step)
    assert refused.value.facts["allowed"] == [each.value for each in run.allowed()]
    assert step.value not in refused.value.facts["allowed"]


def test_nothing_is_locked_before_it_is_drawn_up() -> None:
    with pytest.raises(RunStepNotAllowed):
        replace(RUN, draft=None).must_allow(RunStep.LOCK)


def test_what_left_is_never_given_up_and_what_did_not_always_can_be() -> None:
    for state in LEFT:
        assert not {RunStep.REJECT, RunStep.ABORT, RunStep.REOPEN} & {*PAYROLL_RUN.allowed(state)}
    for state in UNSENT:
        assert {RunStep.REJECT, RunStep.ABORT} <= {*PAYROLL_RUN.allowed(state)}


def test_every_state_is_reached() -> None:
    assert PAYROLL_RUN.reachable() == {*RunState}
    assert LINE.reachable() == {*LineState}


@given(unanswered=st.integers(0, 3), waiting=st.integers(0, 3))
def test_a_run_is_settled_when_nothing_is_left_to_hear_or_to_do(unanswered: int, waiting: int) -> None:
    state = answered(Tally(unanswered=unanswered, waiting=waiting))
    assert (state is RunState.SETTLED) == (unanswered == waiting == 0)
    assert (state is RunState.SENT) == (unanswered > 0)


def test_money_leaves_the_treasury_only_by_the_banks_word_and_is_never_sent_from_where_nobody_knows() -> None:
    into = {step for source, step, target in LINE.edges() if account_of(target) is Account.TREASURY}
    assert into == {LineStep.SETTLE}
    out = {step for source, step, _ in LINE.edges() if account_of(source) is Account.TREASURY}
    assert out == {LineStep.RETURN}
    assert LINE.allowed(LineState.UNKNOWN) == (LineStep.SETTLE, LineStep.RETURN)
    assert {source for source, step, _ in LINE.edges() if step is LineStep.SEND} == {LineState.PENDING}


def test_what_is_owed_is_open_until_it_is_paid_or_cancelled() -> None:
    """Also where nobody knows, and where it was closed unpaid: nothing of it is paid anew."""
    assert {*OPEN} == {*LineState} - {LineState.SETTLED, LineState.CANCELLED}


def test_the_guide_draws_both_as_they_are() -> None:
    guide = (Path(__file__).parents[3] / "docs/guide/payroll.md").read_text()
    assert PAYROLL_RUN.diagram() in guide
    assert LINE.diagram() in guide
