"""Requests and answers of the subsidy service's API. Months are ``YYYY-MM``."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.subsidy.domain.award import Award
from services.subsidy.domain.award_life import BackPaymentReason, PauseReason, ResumeReason
from shared.contracts.state import MONTH, SchemeCode
from shared.kit.routing import RequestModel
from shared.values.award import AwardStatus

MonthText = Annotated[str, StringConstraints(pattern=MONTH)]


class AwardIn(RequestModel):
    """An award to grant; ``application_date`` (default today) fixes the first month due (SUB-35)."""

    person_id: UUID
    scheme: SchemeCode
    application_date: date | None = None


class PausingIn(RequestModel):
    """A pause by a person; ``first_month`` (default: the next) is the first month that is not due."""

    reason: PauseReason
    first_month: MonthText | None = None


class ResumptionIn(RequestModel):
    """Its end; ``month`` (default: this one) is the first month that is due again."""

    reason: ResumeReason
    month: MonthText | None = None


class BackPaymentIn(RequestModel):
    """A back-payment of the gap before a restart (SUB-48)."""

    reason: BackPaymentReason


class BackPaymentOut(BaseModel):
    """The decision, and the months it gives."""

    model_config = ConfigDict(frozen=True)

    decision_id: UUID
    award_id: UUID
    months: list[MonthDueOut]


class MonthDueOut(BaseModel):
    """A month and what is due for it."""

    model_config = ConfigDict(frozen=True)

    month: str
    due_fen: int


class CauseOut(BaseModel):
    """Why an award is suspended. Of the register: ``event_id`` names its event and its stop fact
    (``GET /api/v1/stops/{event_id}`` there). Of others: the fact (``GET /api/v1/facts/{event_id}`` here).
    ``trace_id`` is the request that recorded it."""

    model_config = ConfigDict(frozen=True)

    event_id: UUID
    kind: str = Field(description="登记事件的种类，或事实的种类（见代码表 fact_kind）")
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
    scheme: SchemeCode
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
    cause_kind: str | None
    reason: str | None
    trace_id: str | None
    recorded_at: datetime
    recorded_by: str
