"""Requests and answers of the rehab service's API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.rehab.domain.case import Case, CaseFlag, ClosingReason, Happened, TransferDecision
from shared.kit.routing import RequestModel
from shared.values.rehab_case import CaseStatus


class CaseIn(RequestModel):
    """A case to open; ``opened_on`` (default today) is the day the need was registered."""

    person_id: UUID
    opened_on: date | None = None


class Closing(RequestModel):
    """Why and when (default today) a case ends. DIED is not for people to say: the register's fact closes the case."""

    reason: ClosingReason
    closed_on: date | None = None


class Deciding(RequestModel):
    """MOVE: the county where the person lives now takes over. CLOSE: the case ends here, reason MOVED."""

    decision: TransferDecision


class CaseOut(BaseModel):
    """A case. ``cause_id`` is the register's fact (``GET /api/v1/stops/{id}`` there) behind reason DIED or the flag."""

    model_config = ConfigDict(frozen=True)

    case_id: UUID
    person_id: UUID
    version: int
    division: str
    status: CaseStatus
    opened_on: date
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
    """One step of a case's life; ``cause_id`` and ``trace_id`` lead to the register's fact and the request behind."""

    model_config = ConfigDict(frozen=True)

    version: int
    happened: Happened
    status: CaseStatus
    division: str
    closed_on: date | None
    closing_reason: ClosingReason | None
    cause_id: UUID | None
    trace_id: str | None
    recorded_at: datetime
    recorded_by: str


class CaseWithSteps(CaseOut):
    """A case with its history, oldest step first."""

    steps: tuple[StepOut, ...]

    @classmethod
    def with_steps(cls, case: Case, steps: list[dict[str, Any]]) -> CaseWithSteps:
        """From the domain and the rows of its history."""
        return cls(**_told(case), steps=tuple(StepOut.model_validate(step) for step in steps))


def _told(case: Case) -> dict[str, Any]:
    names = CaseOut.model_fields
    return {name: getattr(case, name) for name in names} | {"division": case.division.code}
