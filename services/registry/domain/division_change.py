"""A division is merged, split, renamed or given another code: who follows where, and whose rights (ID-21).

A change is a list of steps "predecessor → successor". Of several predecessors that hold a place the longest decides,
so a county can be split by naming what becomes of each of its townships. A predecessor with one successor takes its
persons along; one with several only tells where its area went, for those who compare years.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import ClassVar, Final, assert_never
from uuid import UUID

from shared.values.division import Division, Scope
from shared.values.person import DivisionChangeKind
from shared.values.refusal import Refusal

MERGE, SPLIT = DivisionChangeKind.MERGE, DivisionChangeKind.SPLIT
RENAME, RECODE = DivisionChangeKind.RENAME, DivisionChangeKind.RECODE


class DivisionChangeNotFound(Refusal):
    """No such change within the caller's divisions."""

    code: ClassVar[str] = "division_change_not_found"


class SuccessionsAreWrong(Refusal):
    """The steps are not those of such a change. Facts: kind, rule."""

    code: ClassVar[str] = "successions_are_wrong"


class ChangeStepNotAllowed(Refusal):
    """Not in this state, or not before its day. Facts: step, state, allowed."""

    code: ClassVar[str] = "change_step_not_allowed"


class ChangeState(StrEnum):
    """Where a change stands."""

    PLANNED = "PLANNED"
    APPLYING = "APPLYING"
    APPLIED = "APPLIED"
    CANCELLED = "CANCELLED"


class ChangeStep(StrEnum):
    """What can be done with a change; applying one that is being applied goes on with it."""

    APPLY = "apply"
    FINISH = "finish"
    CANCEL = "cancel"


def allowed_steps(state: ChangeState) -> tuple[ChangeStep, ...]:
    """What may be done in a state."""
    match state:
        case ChangeState.PLANNED:
            return (ChangeStep.APPLY, ChangeStep.CANCEL)
        case ChangeState.APPLYING:
            return (ChangeStep.APPLY, ChangeStep.FINISH)
        case ChangeState.APPLIED | ChangeState.CANCELLED:
            return ()
    assert_never(state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """One step. ``name`` is the successor's."""

    predecessor: Division
    successor: Division
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DivisionChange:
    """A change and its steps."""

    change_id: UUID
    kind: DivisionChangeKind
    effective_on: date
    basis: str
    successions: tuple[Succession, ...]
    state: ChangeState = ChangeState.PLANNED
    version: int = 1

    def __post_init__(self) -> None:
        if (rule := _broken_rule(self.kind, self.successions)) is not None:
            raise SuccessionsAreWrong(kind=self.kind.value, rule=rule)

    @property
    def moving(self) -> tuple[Succession, ...]:
        """The steps that take persons along, the most particular first."""
        times = Counter(step.predecessor for step in self.successions)
        alone = [step for step in self.successions if times[step.predecessor] == 1]
        moving = (step for step in alone if step.predecessor != step.successor)
        return tuple(sorted(moving, key=lambda step: (-len(step.predecessor.code), step.predecessor)))

    def taken(self, step: ChangeStep, *, today: date) -> DivisionChange:
        """The change after a step. Raises `ChangeStepNotAllowed`, also before the day it takes effect."""
        allowed = allowed_steps(self.state)
        early = step is ChangeStep.APPLY and today < self.effective_on
        if step not in allowed or early:
            raise ChangeStepNotAllowed(
                step=step.value,
                state=self.state.value,
                allowed=[each.value for each in allowed if not (early and each is ChangeStep.APPLY)],
            )
        return replace(self, state=_AFTER[step], version=self.version + 1)


_AFTER: Final = {
    ChangeStep.APPLY: ChangeState.APPLYING,
    ChangeStep.FINISH: ChangeState.APPLIED,
    ChangeStep.CANCEL: ChangeState.CANCELLED,
}


def _broken_rule(kind: DivisionChangeKind, steps: Sequence[Succession]) -> str | None:
    pairs = {(step.predecessor, step.successor) for step in steps}
    predecessors = {before for before, _ in pairs}
    successors = {after for _, after in pairs}
    if not steps or len(pairs) != len(steps):
        return "steps_are_distinct"
    if any(before.level is not after.level for before, after in pairs):
        return "same_level"
    match kind:
        case DivisionChangeKind.MERGE:
            return None if len(predecessors) > len(successors) else "several_into_one"
        case DivisionChangeKind.SPLIT:
            return None if len(successors) > 1 else "one_into_several"
        case DivisionChangeKind.RENAME:
            return None if predecessors == successors else "same_code"
        case DivisionChangeKind.RECODE:
            each_its_own = len(predecessors) == len(successors) == len(steps) and not predecessors & successors
            return None if each_its_own else "one_into_one"
    assert_never(kind)


def followed(scope: Scope, changes: Sequence[DivisionChange]) -> Scope:
    """A scope after changes; ``changes`` in the order of their days.

    Rights follow where that widens them to nobody else's persons. Of a token issued before: to a new code, to the
    parts of what was split, and to what several were merged into only for somebody who answered for all of them;
    whoever answered for a part of a merger waits for a new token, the other part's persons are none of theirs. Of a
    token issued after: to what was recorded under a code that went into theirs as a whole.
    """
    if scope.is_everywhere:
        return scope
    in_force = [change for change in changes if change.state in {ChangeState.APPLYING, ChangeState.APPLIED}]
    forward, back = scope, scope
    for change in in_force:
        forward = _with_successors(forward, change)
    for change in reversed(in_force):
        back = _with_predecessors(back, change)
    return Scope(forward.prefixes | back.prefixes)


def _with_successors(scope: Scope, change: DivisionChange) -> Scope:
    gained: set[str] = set()
    for successor in {step.successor for step in change.successions}:
        origins = {step.predecessor for step in change.successions if step.successor == successor}
        if all(scope.covers(origin) for origin in origins):
            gained.add(successor.code)
    return Scope(scope.prefixes | gained)


def _with_predecessors(scope: Scope, change: DivisionChange) -> Scope:
    gained = {step.predecessor.code for step in change.moving if scope.covers(step.successor)}
    return Scope(scope.prefixes | gained)
