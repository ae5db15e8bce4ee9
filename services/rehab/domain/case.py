"""A rehabilitation case (rehab_case, RULES 7.6): the guards. Each step answers the case after it.

One open case per person. A further need belongs into the open case, whose plan lists its items; what comes after the
closing is a new case linked to the one before. Which step a state knows is in `case_state`. Nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from services.rehab.domain.case_state import CASES, ENDED, PLANNED, REGISTERS, Step
from services.rehab.domain.errors import (
    AnswerIsNotDue,
    CaseStepNotAllowed,
    ClosedBeforeOpened,
    ConsentIsMissing,
    DateInFuture,
    DeathIsTheRegisters,
    PauseIsNotTooLong,
    PersonHasDied,
)
from services.rehab.domain.measures import AgeBand, Instrument, Programme, Signer
from services.rehab.domain.plan_errors import FinalAssessmentIsMissing
from shared.values.disability import DisabilityCategory
from shared.values.division import Division
from shared.values.rehab_case import CaseStatus


class ClosingReason(StrEnum):
    """Why a case ends (RULES 7.6)."""

    GOAL_REACHED = "GOAL_REACHED"
    AGED_OUT = "AGED_OUT"
    MOVED = "MOVED"
    DIED = "DIED"
    REFUSED = "REFUSED"
    DROPPED = "DROPPED"
    PERIOD_END = "PERIOD_END"

    @property
    def out_of_reach(self) -> bool:
        """Nobody can be assessed any more, so that REH-15 is not asked for: moved, refused, dropped out."""
        return self in {ClosingReason.MOVED, ClosingReason.REFUSED, ClosingReason.DROPPED}


class CaseFlag(StrEnum):
    """What asks a person to look."""

    TRANSFERRED = "TRANSFERRED"
    CERTIFICATE_CHANGED = "CERTIFICATE_CHANGED"


class TransferDecision(StrEnum):
    """What becomes of a case whose person moved to another county."""

    MOVE = "MOVE"
    CLOSE = "CLOSE"


class Happened(StrEnum):
    """An entry of a case's history."""

    OPENED = "OPENED"
    FLAGGED = "FLAGGED"
    UNFLAGGED = "UNFLAGGED"
    MOVED = "MOVED"
    CLOSED = "CLOSED"
    REOPENED = "REOPENED"
    CHECKED = "CHECKED"
    REFERRED = "REFERRED"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    RECALLED = "RECALLED"
    ASSESSED = "ASSESSED"
    PLAN_AGREED = "PLAN_AGREED"
    STAGE_ASSESSED = "STAGE_ASSESSED"
    FINALLY_ASSESSED = "FINALLY_ASSESSED"
    PAUSED = "PAUSED"
    RESUMED = "RESUMED"
    REFERRED_MEDICAL = "REFERRED_MEDICAL"
    RETURNED_MEDICAL = "RETURNED_MEDICAL"
    FOLLOWED_UP = "FOLLOWED_UP"


class DeclineReason(StrEnum):
    """Why an institution does not take a client."""

    NO_PLACE = "NO_PLACE"
    NOT_SUITABLE_HERE = "NOT_SUITABLE_HERE"
    CLIENT_DECLINED = "CLIENT_DECLINED"


class PauseReason(StrEnum):
    """Why a plan rests (RULES 7.6)."""

    HOSPITAL = "HOSPITAL"
    ILLNESS = "ILLNESS"
    FAMILY_WISH = "FAMILY_WISH"


class MedicalReason(StrEnum):
    """Why a client is referred to a hospital (REH-79)."""

    RECURRENCE = "RECURRENCE"
    OTHER_MEDICAL_NEED = "OTHER_MEDICAL_NEED"


class FollowUpOutcome(StrEnum):
    """What a visit after the closing found."""

    STABLE = "STABLE"
    IMPROVED = "IMPROVED"
    WORSE = "WORSE"
    NEW_NEED = "NEW_NEED"
    NOT_REACHED = "NOT_REACHED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What our copy of the register knows about somebody. A client needs no certificate (CERT-36, CERT-37).

    ``basis``: category, grade and state of what they hold, as one text; another text means that something changed.
    """

    person_id: UUID
    division: Division
    died_on: date | None
    basis: str = ""

    def must_live(self) -> None:
        """Raise `PersonHasDied`."""
        if self.died_on is not None:
            raise PersonHasDied(died_on=self.died_on.isoformat())


@dataclass(frozen=True, slots=True)
class Consent:
    """Who agreed to being served, and when (RULES 7.6)."""

    by: Signer
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the initial check found; ``consent`` when it was not on record yet."""

    suitable: bool
    category: DisabilityCategory
    age_band: AgeBand
    consent: Consent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """``death_id``, ``transfer_id``: the register's fact that closed or flagged it; None when people did.

    ``due_on`` is the last day for the step the case waits for (REH-73, REH-74), or of the next stage assessment.
    ``basis`` is what the client held when the plan in force was agreed.
    """

    case_id: UUID
    person_id: UUID
    version: int
    division: Division
    status: CaseStatus
    opened_on: date
    programme: Programme = Programme.GENERAL
    consent: Consent | None = None
    category: DisabilityCategory | None = None
    age_band: AgeBand | None = None
    institution_id: UUID | None = None
    plan_no: int | None = None
    basis: str | None = None
    due_on: date | None = None
    previous_case_id: UUID | None = None
    closed_on: date | None = None
    closing_reason: ClosingReason | None = None
    death_id: UUID | None = None
    flag: CaseFlag | None = None
    transfer_id: UUID | None = None

    @property
    def cause_id(self) -> UUID | None:
        """The register's fact behind the present state."""
        return self.death_id or self.transfer_id

    @property
    def confidential(self) -> bool:
        """Seen only by who may see confidential cases."""
        return self.programme.confidential

    def allowed_steps(self) -> tuple[Step, ...]:
        """What people can do here: a move is decided only when there was one, and nobody is visited after a death."""
        return tuple(
            step
            for step in CASES.allowed(self.status)
            if step not in REGISTERS
            and (step is not Step.DECIDE_TRANSFER or self.flag is CaseFlag.TRANSFERRED)
            and (step is not Step.FOLLOW_UP or self.closing_reason is not ClosingReason.DIED)
        )

    def must_allow(self, step: Step) -> None:
        """Raise `CaseStepNotAllowed` naming the steps that are allowed."""
        allowed = self.allowed_steps()
        if step not in allowed:
            raise CaseStepNotAllowed(
                step=step.value, status=self.status.value, allowed=[each.value for each in allowed]
            )

    # ------------------------------------------------------------------------ to an institution

    def check(self, checked: Checked, *, today: date, due_on: date | None) -> Case:
        """The initial check (REH-72). ``due_on``: the last day of the referral.

        Raises `ConsentIsMissing`, `DateInFuture` for a consent that lies ahead.
        """
        self.must_allow(Step.CHECK)
        consent = checked.consent or self.consent
        if consent is None:
            raise ConsentIsMissing
        must_not_lie_ahead("consent.on", consent.on, today=today)
        found = {"consent": consent, "category": checked.category, "age_band": checked.age_band}
        if not checked.suitable:
            return self._enters(CaseStatus.NOT_SUITABLE, **found, **_ENDS, closed_on=today)
        return self._enters(CaseStatus.REGISTERED, **found, due_on=due_on)

    def refer(self, institution_id: UUID, *, due_on: date | None) -> Case:
        """To an institution that was found valid; from a running plan this is a change of institution (REH-24)."""
        self.must_allow(Step.CHANGE_INSTITUTION if self.status in PLANNED else Step.REFER)
        return self._enters(CaseStatus.REFERRED, institution_id=institution_id, due_on=due_on)

    def accept(self) -> Case:
        """The institution takes the client."""
        self.must_allow(Step.ACCEPT)
        return self._enters(CaseStatus.ASSESSING, due_on=None)

    def decline(self, *, due_on: date | None) -> Case:
        """It does not: refer again."""
        self.must_allow(Step.DECLINE)
        return self._enters(CaseStatus.REGISTERED, institution_id=None, due_on=due_on)

    def recall(self, *, today: date, due_on: date | None) -> Case:
        """No answer in time: refer again. Raises `AnswerIsNotDue` while the institution has time."""
        self.must_allow(Step.RECALL)
        if self.due_on is not None and today <= self.due_on:
            raise AnswerIsNotDue(due_on=self.due_on.isoformat())
        return self._enters(CaseStatus.REGISTERED, institution_id=None, due_on=due_on)

    # ------------------------------------------------------------------------ plan

    def assess_baseline(self) -> Case:
        """A first assessment; several instruments may follow each other."""
        self.must_allow(Step.ASSESS_BASELINE)
        return self._enters(CaseStatus.ASSESSED)

    def agree_plan(self, plan_no: int, *, assess_on: date, basis: str) -> Case:
        """A signed plan is in force, or its revision; a changed certificate has been looked at."""
        self.must_allow(Step.AGREE_PLAN)
        flag = None if self.flag is CaseFlag.CERTIFICATE_CHANGED else self.flag
        return self._enters(CaseStatus.PLAN_ACTIVE, plan_no=plan_no, due_on=assess_on, basis=basis, flag=flag)

    def assess_stage(self, *, next_on: date | None) -> Case:
        """Continue until the next assessment, or (None) revise the plan."""
        self.must_allow(Step.ASSESS_STAGE)
        status = CaseStatus.PLAN_REVISED if next_on is None else CaseStatus.PLAN_ACTIVE
        return self._enters(status, due_on=next_on)

    def assess_final(self) -> Case:
        """What is measured at the end (REH-15)."""
        self.must_allow(Step.ASSESS_FINAL)
        return self._enters(self.status)

    def pause(self, *, due_on: date | None) -> Case:
        """The plan rests; after ``due_on`` the pause is too long."""
        self.must_allow(Step.PAUSE)
        return self._enters(CaseStatus.PAUSED, due_on=due_on)

    def resume(self, *, assess_on: date) -> Case:
        """It goes on."""
        self.must_allow(Step.RESUME)
        return self._enters(CaseStatus.PLAN_ACTIVE, due_on=assess_on)

    def refer_medical(self) -> Case:
        """To a hospital; the place at the institution is kept (REH-79)."""
        self.must_allow(Step.REFER_MEDICAL)
        return self._enters(CaseStatus.REFERRED_MEDICAL, due_on=None)

    def return_medical(self, *, assess_on: date) -> Case:
        """Discharged, back to the plan (REH-79)."""
        self.must_allow(Step.RETURN_MEDICAL)
        return self._enters(CaseStatus.PLAN_ACTIVE, due_on=assess_on)

    # ------------------------------------------------------------------------ end

    def close(self, *, reason: ClosingReason, on: date, today: date, unmeasured: Collection[Instrument] = ()) -> Case:
        """End the case by hand. ``unmeasured``: instruments of the beginning without a final assessment (REH-15).

        Raises `CaseStepNotAllowed`, `DeathIsTheRegisters`, `DateInFuture`, `ClosedBeforeOpened`,
        `FinalAssessmentIsMissing`, `PauseIsNotTooLong`.
        """
        self.must_allow(Step.CLOSE)
        if reason is ClosingReason.DIED:
            raise DeathIsTheRegisters
        must_not_lie_ahead("closed_on", on, today=today)
        if on < self.opened_on:
            raise ClosedBeforeOpened(given=on.isoformat(), opened_on=self.opened_on.isoformat())
        if self.plan_no is not None and unmeasured and not reason.out_of_reach:
            raise FinalAssessmentIsMissing(instruments=sorted(unmeasured))
        too_long = self.due_on is None or today > self.due_on
        if self.status is CaseStatus.PAUSED and reason is ClosingReason.DROPPED and not too_long:
            raise PauseIsNotTooLong(due_on=None if self.due_on is None else self.due_on.isoformat())
        return self._enters(CaseStatus.CLOSED, **_ENDS, closed_on=on, closing_reason=reason)

    def follow_up(self, *, left: int) -> Case:
        """A visit after the closing; ``left`` more are planned."""
        self.must_allow(Step.FOLLOW_UP)
        return self._enters(self.status if left else CaseStatus.FOLLOWED_UP)

    def move(self, to: Division) -> Case:
        """The county where the person lives now takes the case over. Raises `CaseStepNotAllowed` without a flag."""
        self.must_allow(Step.DECIDE_TRANSFER)
        return self._enters(self.status, division=to, flag=None, transfer_id=None)

    def _enters(self, status: CaseStatus, **changes: Any) -> Case:
        return replace(self, status=status, version=self.version + 1, **changes)


_ENDS: Final[dict[str, None]] = {"flag": None, "transfer_id": None, "due_on": None}
"""What an ended case waits for: nothing."""


def is_open(status: CaseStatus) -> bool:
    """Whether the person has this case and can get no other."""
    return status not in ENDED


def must_not_lie_ahead(field: str, day: date, *, today: date) -> None:
    """Raise `DateInFuture`."""
    if day > today:
        raise DateInFuture(field=field, given=day.isoformat(), today=today.isoformat())
