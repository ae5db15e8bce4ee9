"""A rehabilitation case (rehab_case, RULES 7.6) as far as this release goes: a need is registered, a case is closed.

One open case per person. A further need belongs into the open case, whose plan will list its items; what comes after
the closing is a new case linked to the one before (RULES 7.6, CLOSED → new need).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from services.rehab.domain.errors import (
    CaseStepNotAllowed,
    ClosedBeforeOpened,
    DateInFuture,
    DeathIsTheRegisters,
    PersonHasDied,
)
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


class CaseFlag(StrEnum):
    """What asks a person to look."""

    TRANSFERRED = "TRANSFERRED"


class TransferDecision(StrEnum):
    """What becomes of a case whose person moved to another county."""

    MOVE = "MOVE"
    CLOSE = "CLOSE"


class Step(StrEnum):
    """What people can do to a case."""

    CLOSE = "close"
    DECIDE_TRANSFER = "decide_transfer"


class Happened(StrEnum):
    """An entry of a case's history."""

    OPENED = "OPENED"
    FLAGGED = "FLAGGED"
    UNFLAGGED = "UNFLAGGED"
    MOVED = "MOVED"
    CLOSED = "CLOSED"
    REOPENED = "REOPENED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What our copy of the register knows about somebody. A client needs no certificate (CERT-36, CERT-37)."""

    person_id: UUID
    division: Division
    died_on: date | None

    def must_live(self) -> None:
        """Raise `PersonHasDied`."""
        if self.died_on is not None:
            raise PersonHasDied(died_on=self.died_on.isoformat())


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """``death_id``, ``transfer_id``: the register's fact that closed or flagged it; None when people did."""

    case_id: UUID
    person_id: UUID
    version: int
    division: Division
    status: CaseStatus
    opened_on: date
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

    def allowed_steps(self) -> tuple[Step, ...]:
        """The steps RULES 7.6 knows here."""
        match self.status:
            case CaseStatus.NEED_REGISTERED:
                return (Step.CLOSE,) if self.flag is None else (Step.CLOSE, Step.DECIDE_TRANSFER)
            case CaseStatus.CLOSED:
                return ()
        assert_never(self.status)

    def must_allow(self, step: Step) -> None:
        """Raise `CaseStepNotAllowed` naming the steps that are allowed."""
        allowed = self.allowed_steps()
        if step not in allowed:
            raise CaseStepNotAllowed(
                step=step.value, status=self.status.value, allowed=[each.value for each in allowed]
            )

    def close(self, *, reason: ClosingReason, on: date, today: date) -> Case:
        """End the case by hand. (The final assessment of REH-15 is asked of a plan; a registered need has none yet.)

        Raises `CaseStepNotAllowed`, `DeathIsTheRegisters`, `DateInFuture`, `ClosedBeforeOpened`.
        """
        self.must_allow(Step.CLOSE)
        if reason is ClosingReason.DIED:
            raise DeathIsTheRegisters
        must_not_lie_ahead("closed_on", on, today=today)
        if on < self.opened_on:
            raise ClosedBeforeOpened(given=on.isoformat(), opened_on=self.opened_on.isoformat())
        return replace(
            self,
            version=self.version + 1,
            status=CaseStatus.CLOSED,
            closed_on=on,
            closing_reason=reason,
            flag=None,
            transfer_id=None,
        )

    def move(self, to: Division) -> Case:
        """The county where the person lives now takes the case over. Raises `CaseStepNotAllowed` without a flag."""
        self.must_allow(Step.DECIDE_TRANSFER)
        return replace(self, version=self.version + 1, division=to, flag=None, transfer_id=None)


def must_not_lie_ahead(field: str, day: date, *, today: date) -> None:
    """Raise `DateInFuture`."""
    if day > today:
        raise DateInFuture(field=field, given=day.isoformat(), today=today.isoformat())
