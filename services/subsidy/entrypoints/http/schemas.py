"""Requests and answers of the subsidy service's API. Months are ``YYYY-MM``."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.subsidy.domain.award import Award
from shared.kit.routing import RequestModel
from shared.values.award import AwardStatus, Scheme
from shared.values.certificate import StopKind


class AwardIn(RequestModel):
    """An award to grant; ``application_date`` (default today) fixes the first month due (SUB-35)."""

    person_id: UUID
    scheme: Scheme
    application_date: date | None = None


class CauseOut(BaseModel):
    """Why an award is suspended. ``event_id`` names the registry's event and its stop fact
    (``GET /api/v1/stops/{event_id}`` there); ``trace_id`` the request that recorded it."""

    model_config = ConfigDict(frozen=True)

    event_id: UUID
    kind: StopKind
    reason: str | None
    event_date: date
    trace_id: str | None


class AwardOut(BaseModel):
    """An award with its cause."""

    model_config = ConfigDict(frozen=True)

    award_id: UUID
    person_id: UUID
    certificate_id: UUID
    version: int
    division: str
    scheme: Scheme
    status: AwardStatus
    application_date: date
    start_month: str
    effective_month: str | None
    cause: CauseOut | None

    @classmethod
    def of(cls, award: Award) -> AwardOut:
        """From the domain."""
        cause = award.cause
        return cls(
            award_id=award.award_id,
            person_id=award.person_id,
            certificate_id=award.certificate_id,
            version=award.version,
            division=award.division.code,
            scheme=award.scheme,
            status=award.status,
            application_date=award.application_date,
            start_month=str(award.start_month),
            effective_month=None if award.effective_month is None else str(award.effective_month),
            cause=None
            if cause is None
            else CauseOut(
                event_id=cause.cause_id,
                kind=cause.kind,
                reason=cause.reason,
                event_date=cause.event_date,
                trace_id=cause.trace_id,
            ),
        )


class StepOut(BaseModel):
    """One step of an award's life."""

    model_config = ConfigDict(frozen=True)

    version: int
    status_before: AwardStatus | None
    status: AwardStatus
    effective_month: str | None
    cause_id: UUID | None
    cause_kind: StopKind | None
    trace_id: str | None
    recorded_at: datetime
    recorded_by: str
