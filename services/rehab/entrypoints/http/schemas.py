"""Requests and answers about cases."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.rehab.domain.case import (
    Case,
    CaseFlag,
    Checked,
    ClosingReason,
    Consent,
    DeclineReason,
    FollowUpOutcome,
    Happened,
    MedicalReason,
    PauseReason,
    TransferDecision,
)
from services.rehab.domain.measures import AgeBand, Programme, Signer
from shared.kit.routing import RequestModel
from shared.values.disability import DisabilityCategory
from shared.values.rehab_case import CaseStatus

Category = Annotated[int, Field(ge=1, le=7, description="残疾类别 1 至 7")]


class ConsentIn(RequestModel):
    """Who consented, and when."""

    by: Signer
    on: date

    @property
    def consent(self) -> Consent:
        """As a value."""
        return Consent(self.by, self.on)


class CaseIn(RequestModel):
    """A case to open; ``opened_on`` (default today) is the day the need was registered.

    Without ``consent`` the case waits for it: it does not pass the initial check.
    """

    person_id: UUID
    opened_on: date | None = None
    programme: Programme = Programme.GENERAL
    consent: ConsentIn | None = None


class CheckIn(RequestModel):
    """What the initial check found; ``consent`` when it was not on record yet."""

    suitable: bool
    category: Category
    age_band: AgeBand
    consent: ConsentIn | None = None

    @property
    def checked(self) -> Checked:
        """As a value."""
        return Checked(
            suitable=self.suitable,
            category=DisabilityCategory(self.category),
            age_band=self.age_band,
            consent=None if self.consent is None else self.consent.consent,
        )


class ReferralIn(RequestModel):
    """The institution the client, or the guardian, chose (REH-24)."""

    institution_id: UUID


class DecliningIn(RequestModel):
    """Why the institution does not take the client."""

    reason: DeclineReason


class PauseIn(RequestModel):
    """Why the plan rests."""

    reason: PauseReason


class MedicalReferralIn(RequestModel):
    """Why the client goes to a hospital."""

    reason: MedicalReason


class FollowUpIn(RequestModel):
    """A visit after the closing; ``visited_on`` default today."""

    outcome: FollowUpOutcome
    visited_on: date | None = None


class Closing(RequestModel):
    """Why and when (default today) a case ends. DIED is not for people to say: the register's fact closes the case."""

    reason: ClosingReason
    closed_on: date | None = None


class Deciding(RequestModel):
    """MOVE: the county where the person lives now takes over. CLOSE: the case ends here, reason MOVED."""

    decision: TransferDecision


class CaseOut(BaseModel):
    """A case. ``cause_id`` is the register's fact (``GET /api/v1/stops/{id}`` there) behind reason DIED or the flag.

    ``due_on``: the last day for the step it waits for.
    """

    model_config = ConfigDict(frozen=True)

    case_id: UUID
    person_id: UUID
    version: int
    division: str
    status: CaseStatus
    opened_on: date
    programme: Programme
    category: int | None
    age_band: AgeBand | None
    institution_id: UUID | None
    plan_no: int | None
    due_on: date | None
    closed_on: date | None
    closing_reason: ClosingReason | None
    flag: CaseFlag | None
    cause_id: UUID | None
    previous_case_id: UUID | None

    @classmethod
    def of(cls, case: Case) -> CaseOut:
        """From the domain."""
        return cls(**_told(case))


class StepOut(BaseModel):
    """One step of a case's life; ``cause_id`` and ``trace_id`` lead to the register's fact and the request behind.

    ``late``: it was taken after the day it was due.
    """

    model_config = ConfigDict(frozen=True)

    version: int
    happened: Happened
    status: CaseStatus
    division: str
    closed_on: date | None
    closing_reason: ClosingReason | None
    reason: str | None
    due_on: date | None
    late: bool
    cause_id: UUID | None
    trace_id: str | None
    recorded_at: datetime
    recorded_by: str


class CaseWithSteps(CaseOut):
    """A case with its history, oldest step first, and what can be done now."""

    steps: tuple[StepOut, ...]
    allowed: tuple[str, ...]

    @classmethod
    def with_steps(cls, case: Case, steps: list[dict[str, Any]]) -> CaseWithSteps:
        """From the domain and the rows of its history."""
        told = tuple(StepOut.model_validate(step) for step in steps)
        return cls(**_told(case), steps=told, allowed=tuple(step.value for step in case.allowed_steps()))


def _told(case: Case) -> dict[str, Any]:
    names = CaseOut.model_fields
    return {name: getattr(case, name) for name in names} | {"division": case.division.code}
