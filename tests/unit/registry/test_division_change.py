"""Changes of divisions as values: what makes one, who moves, whose rights follow (ID-21)."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.division_change import (
    MERGE,
    RECODE,
    RENAME,
    SPLIT,
    ChangeState,
    ChangeStep,
    ChangeStepNotAllowed,
    DivisionChange,
    Succession,
    SuccessionsAreWrong,
    followed,
)
from shared.values.division import Division, Scope
from shared.values.person import DivisionChangeKind

A, B, C, D = "341502", "341503", "341504", "341522"
TODAY = date(2026, 6, 15)


def change(
    kind: DivisionChangeKind, *steps: tuple[str, str], state: ChangeState = ChangeState.APPLIED
) -> DivisionChange:
    return DivisionChange(
        change_id=uuid4(),
        kind=kind,
        effective_on=TODAY,
        basis="皖政秘〔2026〕1号",
        successions=tuple(
            Succession(predecessor=Division(before), successor=Division(after), name="新区") for before, after in steps
        ),
        state=state,
    )


def after(*scope: str, changes: list[DivisionChange]) -> set[str]:
    return set(followed(Scope.of(*scope), changes).prefixes)


@pytest.mark.parametrize(
    ("kind", "steps", "rule"),
    [
        (MERGE, [(A, C)], "several_into_one"),
        (SPLIT, [(A, B)], "one_into_several"),
        (RENAME, [(A, B)], "same_code"),
        (RECODE, [(A, C), (B, C)], "one_into_one"),
        (RECODE, [(A, B), (B, C)], "one_into_one"),
        (MERGE, [(A, C), (A, C)], "steps_are_distinct"),
        (RECODE, [(A, "341504001")], "same_level"),
    ],
)
def test_steps_that_make_no_such_change_are_refused_by_rule_id_21(
    kind: DivisionChangeKind, steps: list[tuple[str, str]], rule: str
) -> None:
    with pytest.raises(SuccessionsAreWrong) as refused:
        change(kind, *steps)
    assert refused.value.facts["rule"] == rule


def test_whoever_lies_in_a_place_with_one_successor_moves_and_the_most_particular_first_id_21() -> None:
    split = change(SPLIT, (A, B), (A, C), ("341502001", "341503001"), ("341502002", "341504001"))
    assert [step.predecessor.code for step in split.moving] == ["341502001", "341502002"]
    assert [step.predecessor.code for step in change(MERGE, (A, B), (B, B)).moving] == [A]


def test_a_change_is_applied_from_its_day_on_and_goes_on_where_it_stopped() -> None:
    planned = change(RECODE, (A, C), state=ChangeState.PLANNED)
    with pytest.raises(ChangeStepNotAllowed) as refused:
        planned.taken(ChangeStep.APPLY, today=date(2026, 6, 14))
    assert refused.value.facts["allowed"] == ["cancel"]
    began = planned.taken(ChangeStep.APPLY, today=TODAY)
    assert began.taken(ChangeStep.APPLY, today=TODAY).state is ChangeState.APPLYING
    assert began.taken(ChangeStep.FINISH, today=TODAY).state is ChangeState.APPLIED


@pytest.mark.parametrize(
    ("state", "steps"),
    [
        (ChangeState.PLANNED, {ChangeStep.FINISH}),
        (ChangeState.APPLYING, {ChangeStep.CANCEL}),
        (ChangeState.APPLIED, set(ChangeStep)),
        (ChangeState.CANCELLED, set(ChangeStep)),
    ],
)
def test_every_other_step_is_refused_with_the_allowed_ones(state: ChangeState, steps: set[ChangeStep]) -> None:
    for step in steps:
        with pytest.raises(ChangeStepNotAllowed) as refused:
            change(RECODE, (A, C), state=state).taken(step, today=TODAY)
        allowed = refused.value.facts["allowed"]
        assert isinstance(allowed, list)
        assert step.value not in allowed


def test_rights_follow_to_a_new_code_and_back_to_what_was_recorded_under_the_old_one_id_21() -> None:
    recoded = change(RECODE, (A, C))
    assert after(A, changes=[recoded]) == {A, C}
    assert after(C, changes=[recoded]) == {A, C}
    assert after(A, changes=[change(RECODE, (A, C), state=ChangeState.PLANNED)]) == {A}


def test_only_who_answered_for_all_parts_of_a_merger_answers_for_it_id_21() -> None:
    merged = change(MERGE, (A, C), (B, C))
    assert after(A, changes=[merged]) == {A}
    assert after(A, B, changes=[merged]) == {A, B, C}
    assert after(C, changes=[merged]) == {A, B, C}


def test_who_answered_for_a_whole_answers_for_its_parts_and_not_the_reverse_id_21() -> None:
    split = change(SPLIT, (A, B), (A, C))
    assert after(A, changes=[split]) == {A, B, C}
    assert after(B, changes=[split]) == {B}


def test_rights_follow_through_several_changes_in_their_order_id_21() -> None:
    changes = [change(RECODE, (A, B)), change(RECODE, (B, C))]
    assert after(A, changes=changes) == {A, B, C}
    assert after(C, changes=changes) == {A, B, C}


@given(st.sets(st.sampled_from([A, B, C, D]), min_size=1), st.permutations([A, B, C]))
def test_a_scope_only_ever_gains_and_never_what_belonged_to_others(held: set[str], codes: list[str]) -> None:
    first, second, third = codes
    merged = change(MERGE, (first, third), (second, third))
    gained = after(*held, changes=[merged])
    assert held <= gained
    if third not in held and not {first, second} <= held:
        assert gained == held
