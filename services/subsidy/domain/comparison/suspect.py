"""The life of a suspect (RULES 9, loop): distributed, verified with evidence, acted upon, reported, perhaps reopened.

A comparison that finds the same again changes nothing while somebody works on it; it reopens what was closed and still
stands. A suspect that was cleared stays cleared for the very facts it was cleared of.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

from services.subsidy.domain.comparison.checks import BY_ID, Action, Hold
from shared.values.machine import Machine, Move
from shared.values.month import Month
from shared.values.refusal import Refusal
from shared.values.working_days import WorkingDays


class SuspectState(StrEnum):
    """Where it stands."""

    NEW = "NEW"
    DISTRIBUTED = "DISTRIBUTED"
    IN_VERIFICATION = "IN_VERIFICATION"
    NEEDS_MORE = "NEEDS_MORE"
    CONFIRMED = "CONFIRMED"
    FALSE_POSITIVE = "FALSE_POSITIVE"
    ACTION_TAKEN = "ACTION_TAKEN"
    RESULT_REPORTED = "RESULT_REPORTED"
    CLOSED = "CLOSED"


class SuspectStep(StrEnum):
    """What can be done to it."""

    DISTRIBUTE = "distribute"
    VERIFY = "verify"
    ASK_MORE = "ask_more"
    CONFIRM = "confirm"
    CLEAR = "clear"
    ACT = "act"
    REPORT = "report"
    CLOSE = "close"
    REOPEN = "reopen"


_S, _E = SuspectState, SuspectStep

SUSPECT: Final = Machine(
    name="suspect_record",
    states=SuspectState,
    events=SuspectStep,
    begins=(_S.NEW,),
    moves=(
        Move(
            _E.DISTRIBUTE,
            (_S.NEW, _S.DISTRIBUTED),
            (_S.DISTRIBUTED,),
            guard="to a division at or below its own",
            rules=("DX-01",),
        ),
        Move(_E.VERIFY, (_S.DISTRIBUTED, _S.NEEDS_MORE), (_S.IN_VERIFICATION,), rules=("DX-01",)),
        Move(_E.ASK_MORE, (_S.IN_VERIFICATION,), (_S.NEEDS_MORE,), guard="evidence"),
        Move(_E.CONFIRM, (_S.IN_VERIFICATION,), (_S.CONFIRMED,), guard="evidence", rules=("SUB-70",)),
        Move(_E.CLEAR, (_S.IN_VERIFICATION,), (_S.FALSE_POSITIVE,), guard="evidence", effect="money held is paid"),
        Move(_E.ACT, (_S.CONFIRMED,), (_S.ACTION_TAKEN,), guard="an action of its check; evidence"),
        Move(_E.REPORT, (_S.ACTION_TAKEN,), (_S.RESULT_REPORTED,), guard="evidence", rules=("SUB-80",)),
        Move(_E.CLOSE, (_S.RESULT_REPORTED, _S.FALSE_POSITIVE), (_S.CLOSED,)),
        Move(
            _E.REOPEN,
            (_S.FALSE_POSITIVE, _S.CLOSED),
            (_S.NEW,),
            guard="found again with new evidence, or in a later month and not what it was cleared of",
        ),
    ),
)
LET_GO: Final = frozenset({_S.FALSE_POSITIVE, _S.CLOSED})
"""States in which money is not held, whatever the check."""
_WITH_EVIDENCE: Final = frozenset({_E.ASK_MORE, _E.CONFIRM, _E.CLEAR, _E.ACT, _E.REPORT})


class SuspectStepNotAllowed(Refusal):
    """Facts: step, state, allowed."""

    code: ClassVar[str] = "suspect_step_not_allowed"


class SuspectNeedsEvidence(Refusal):
    """A finding of a verification stands on a paper. Facts: step."""

    code: ClassVar[str] = "suspect_needs_evidence"


class ActionDoesNotAnswer(Refusal):
    """Facts: check, action, allowed."""

    code: ClassVar[str] = "action_does_not_answer"


class NotBelow(Refusal):
    """It can only be handed down. Facts: division, given."""

    code: ClassVar[str] = "suspect_goes_down_only"


class SuspectNotFound(Refusal):
    """No such suspect within the caller's divisions."""

    code: ClassVar[str] = "suspect_not_found"


class PaperIsNotOfSuspect(Refusal):
    """A step stands on papers that lie with the suspect. Facts: papers (those that do not)."""

    code: ClassVar[str] = "suspect_paper_not_found"


class PaperIsAnother(Refusal):
    """The id is that of another paper already."""

    code: ClassVar[str] = "suspect_paper_is_another"


class AwardStillRuns(Refusal):
    """A stop is reported when it has happened. Facts: check, schemes (of awards that run)."""

    code: ClassVar[str] = "suspect_award_still_runs"


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Working days each state may last. No text names figures; a province decides."""

    distribute: int = 2
    begin: int = 5
    verify: int = 10
    act: int = 5
    report: int = 5

    def of(self, state: SuspectState) -> int | None:
        """Days of a state; None where nobody waits."""
        match state:
            case _S.NEW:
                return self.distribute
            case _S.DISTRIBUTED | _S.NEEDS_MORE:
                return self.begin
            case _S.IN_VERIFICATION:
                return self.verify
            case _S.CONFIRMED:
                return self.act
            case _S.ACTION_TAKEN | _S.RESULT_REPORTED | _S.FALSE_POSITIVE:
                return self.report
            case _S.CLOSED:
                return None


@dataclass(frozen=True, slots=True)
class Timing:
    """When a step is taken, and how days are counted."""

    today: date
    calendar: WorkingDays
    deadlines: Deadlines = Deadlines()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """One check that hit one person. ``facts``: digest of what was found; ``cleared``: of what it was cleared of.

    ``judgment_seen``: of a prison suspect, whether a judgment is on record.
    """

    suspect_id: UUID
    check: str
    person_id: UUID
    division: str
    month: Month
    facts: bytes
    state: SuspectState = _S.NEW
    due_on: date | None = None
    action: Action | None = None
    cleared: bytes | None = None
    judgment_seen: bool = False
    reopened: int = 0

    @property
    def holds_payment(self) -> bool:
        """Whether no money leaves while it is open (READ-22)."""
        if self.state in LET_GO:
            return False
        hold = BY_ID[self.check].hold
        return hold is Hold.AT_ONCE or (hold is Hold.WITH_JUDGMENT and self.judgment_seen)

    def overdue(self, today: date) -> bool:
        """Whether whoever has it should have passed it on before today."""
        return self.due_on is not None and today > self.due_on

    def distribute(self, division: str, timing: Timing) -> Suspect:
        """Hand it down. Raises `NotBelow`."""
        if not division.startswith(self.division):
            raise NotBelow(division=self.division, given=division)
        return replace(self._moved(_E.DISTRIBUTE, timing), division=division)

    def verify(self, timing: Timing) -> Suspect:
        """Somebody goes to look."""
        return self._moved(_E.VERIFY, timing)

    def conclude(self, step: SuspectStep, evidence: int, timing: Timing) -> Suspect:
        """Ask for more, confirm or clear, with so many papers. Raises `SuspectNeedsEvidence`."""
        moved = self._moved(step, timing, evidence=evidence)
        return replace(moved, cleared=self.facts if step is _E.CLEAR else None)

    def act(self, action: Action, evidence: int, timing: Timing) -> Suspect:
        """What was done. Raises `ActionDoesNotAnswer`, `SuspectNeedsEvidence`."""
        allowed = BY_ID[self.check].actions
        moved = self._moved(_E.ACT, timing, evidence=evidence)
        if action not in allowed:
            raise ActionDoesNotAnswer(check=self.check, action=action.value, allowed=[each.value for each in allowed])
        return replace(moved, action=action)

    def report(self, evidence: int, timing: Timing) -> Suspect:
        """What came of it."""
        return self._moved(_E.REPORT, timing, evidence=evidence)

    def close(self, timing: Timing) -> Suspect:
        """Nothing is left to do."""
        return self._moved(_E.CLOSE, timing)

    def found_again(self, month: Month, facts: bytes, timing: Timing, *, judgment: bool = False) -> Suspect:
        """A comparison hit it again: what was put aside is reopened by new evidence; what was closed also by a later
        month in which the same still stands, unless it was cleared of these very facts. Nothing is lost meanwhile."""
        if month < self.month or (month, facts) == (self.month, self.facts):
            return self
        again = self
        if self.state in LET_GO and self.cleared != facts:
            again = replace(self._moved(_E.REOPEN, timing), cleared=None, action=None, reopened=self.reopened + 1)
        return replace(again, month=month, facts=facts, judgment_seen=self.judgment_seen or judgment)

    def _moved(self, step: SuspectStep, timing: Timing, *, evidence: int = 0) -> Suspect:
        move = SUSPECT.move(self.state, step)
        if move is None:
            allowed = [each.value for each in SUSPECT.allowed(self.state)]
            raise SuspectStepNotAllowed(step=step.value, state=self.state.value, allowed=allowed)
        if step in _WITH_EVIDENCE and evidence < 1:
            raise SuspectNeedsEvidence(step=step.value)
        (state,) = move.targets
        days = timing.deadlines.of(state)
        return replace(self, state=state, due_on=None if days is None else timing.calendar.after(timing.today, days))
