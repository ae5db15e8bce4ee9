"""The life of an award as one table (RULES 4.7), and the steps people take in it.

What facts do to an award is judged set-based (`adapters.repositories`, `adapters.following`); the rows stand here too,
so that the table is whole. Status is what people see: money reads facts and dated decisions, never this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final

from services.subsidy.domain.award import Award
from services.subsidy.domain.errors import AwardStepNotAllowed, DecisionMonthNotAllowed, TerminationNeedsCause
from services.subsidy.domain.person_facts import FactKind
from shared.values.award import AwardStatus
from shared.values.certificate import StopKind
from shared.values.machine import Machine, Move
from shared.values.month import Month


class AwardStep(StrEnum):
    """What happens to an award."""

    STOP = "stop"
    TURN = "turn"
    MEND = "mend"
    PAUSE = "pause"
    RESUME = "resume"
    TERMINATE = "terminate"


BY_PEOPLE: Final = (AwardStep.PAUSE, AwardStep.RESUME, AwardStep.TERMINATE)
"""Steps an officer takes; the others follow from facts."""

_S, _E = AwardStatus, AwardStep

AWARD: Final = Machine(
    name="award",
    states=AwardStatus,
    events=AwardStep,
    begins=(_S.ACTIVE,),
    moves=(
        Move(
            _E.STOP,
            (_S.ACTIVE,),
            (_S.SUSPENDED,),
            guard="a verified fact that touches the award (READ-01)",
            effect="effective month: the one after the event; the causing event by id",
            rules=("SUB-38", "SUB-39", "SUB-40", "SUB-41", "SUB-43"),
        ),
        Move(_E.TURN, (_S.SUSPENDED,), (_S.STOPPED,), guard="the month turns past the effective month"),
        Move(
            _E.MEND,
            (_S.SUSPENDED, _S.STOPPED, _S.TERMINATED),
            (_S.ACTIVE,),
            guard="the fact is withdrawn as wrong",
            effect="wrongly stopped months are owed",
            rules=("READ-21",),
        ),
        Move(_E.PAUSE, (_S.ACTIVE,), (_S.PAUSED,), guard="reason, by name", effect="never undone by a recomputation"),
        Move(
            _E.RESUME,
            (_S.PAUSED,),
            (_S.ACTIVE, _S.SUSPENDED),
            guard="reason, by name",
            effect="suspended where a fact came to stand meanwhile",
        ),
        Move(
            _E.TERMINATE,
            (_S.ACTIVE, _S.SUSPENDED, _S.STOPPED, _S.PAUSED),
            (_S.TERMINATED,),
            guard="death, or cancellation for fraud",
            rules=("SUB-77",),
        ),
    ),
)


class PauseReason(StrEnum):
    """Why a person pauses an award; words of their own could name somebody."""

    UNDER_REVIEW = "UNDER_REVIEW"
    DATA_IN_DOUBT = "DATA_IN_DOUBT"
    ACCOUNT_UNUSABLE = "ACCOUNT_UNUSABLE"
    WRONGLY_GRANTED = "WRONGLY_GRANTED"
    OTHER = "OTHER"


class ResumeReason(StrEnum):
    """Why a person resumes it."""

    REVIEW_PASSED = "REVIEW_PASSED"
    DATA_CONFIRMED = "DATA_CONFIRMED"
    ACCOUNT_MENDED = "ACCOUNT_MENDED"
    PAUSED_BY_MISTAKE = "PAUSED_BY_MISTAKE"
    OTHER = "OTHER"


class BackPaymentReason(StrEnum):
    """Why a gap is paid (SUB-48, SUB-50)."""

    REMINDER_MISSED = "REMINDER_MISSED"
    APPLIED_IN_TIME = "APPLIED_IN_TIME"
    HARDSHIP = "HARDSHIP"
    OTHER = "OTHER"


def pause(award: Award) -> Award:
    """Raises `AwardStepNotAllowed`."""
    _must_allow(award, AwardStep.PAUSE)
    return _next(award, AwardStatus.PAUSED)


def resume(award: Award) -> Award:
    """Suspended where a fact came to stand while it was paused. Raises `AwardStepNotAllowed`."""
    _must_allow(award, AwardStep.RESUME)
    return _next(award, AwardStatus.ACTIVE if award.cause is None else AwardStatus.SUSPENDED)


def terminate(award: Award, *, died: bool) -> Award:
    """Raises `AwardStepNotAllowed`, `TerminationNeedsCause`."""
    _must_allow(award, AwardStep.TERMINATE)
    cause = award.cause
    fraud = cause is not None and (
        cause.kind == FactKind.FRAUD or (cause.kind, cause.reason) == (StopKind.CANCELLED, "FRAUD")
    )
    if not died and not fraud:
        raise TerminationNeedsCause
    return _next(award, AwardStatus.TERMINATED)


def must_lie_between(month: Month, first: Month, last: Month) -> None:
    """Raises `DecisionMonthNotAllowed`."""
    if not first <= month <= last:
        raise DecisionMonthNotAllowed(given=str(month), first=str(first), last=str(last))


def allowed(award: Award) -> Sequence[AwardStep]:
    """The steps people may take now."""
    return [step for step in AWARD.allowed(award.status) if step in BY_PEOPLE]


def _must_allow(award: Award, step: AwardStep) -> None:
    if AWARD.move(award.status, step) is None:
        raise AwardStepNotAllowed(
            step=step.value, status=award.status.value, allowed=[each.value for each in allowed(award)]
        )


def _next(award: Award, status: AwardStatus) -> Award:
    return replace(award, status=status, version=award.version + 1)
