"""Requests and answers about assessments, plans and sessions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.rehab.domain.measures import (
    Assessment,
    AssessmentKind,
    Effect,
    Instrument,
    Mode,
    Payer,
    Signer,
)
from services.rehab.domain.plan import ITEMS_MAX, Attendance, Plan, PlanItem, Session
from services.rehab.use_cases.serve_case import Judgement
from shared.kit.routing import RequestModel

AMOUNT_FEN_MAX = 100_000_000
"""A million yuan: far above any item of one client."""
Number = Annotated[int, Field(ge=1, le=1_000)]


class AssessmentIn(RequestModel):
    """An assessment; of a stage, ``next_on`` is the day of the next one, absent: the plan has to be revised."""

    kind: AssessmentKind
    instrument: Instrument
    score: Annotated[int, Field(ge=0, le=1_000)]
    staff_id: UUID
    assessed_on: date
    next_on: date | None = None

    def assessment(self, assessment_id: UUID) -> Assessment:
        """As a value. Raises `ScoreOutOfRange`."""
        told = self.model_dump(exclude={"next_on"})
        return Assessment(assessment_id=assessment_id, **told)

    @property
    def judgement(self) -> Judgement:
        """What it leads to."""
        return Judgement(self.next_on)


class PlanItemIn(RequestModel):
    """Owner ``staff_id``; time; money ``payer``, ``amount_fen``; measure ``item_id``, ``mode``; effect ``target``."""

    item_id: UUID
    staff_id: UUID
    begins_on: date
    ends_on: date
    sessions: Number
    mode: Mode
    payer: Payer
    amount_fen: Annotated[int, Field(ge=0, le=AMOUNT_FEN_MAX, description="分，全部次数合计")]
    instrument: Instrument
    target: Annotated[int, Field(ge=0, le=1_000)]


class PlanIn(RequestModel):
    """A plan that was signed; ``follow_up_days`` count from the closing."""

    begins_on: date
    ends_on: date
    assess_on: date
    signed_by: Signer
    signed_on: date
    follow_up_days: Annotated[list[Annotated[int, Field(ge=1, le=730)]], Field(max_length=12)] = Field(
        default_factory=list
    )
    items: Annotated[list[PlanItemIn], Field(min_length=1, max_length=ITEMS_MAX)]

    @property
    def plan(self) -> Plan:
        """As a value; it gets its number when it is agreed."""
        return Plan(
            plan_no=0,
            begins_on=self.begins_on,
            ends_on=self.ends_on,
            assess_on=self.assess_on,
            signed_by=self.signed_by,
            signed_on=self.signed_on,
            follow_up_days=tuple(sorted(set(self.follow_up_days))),
            items=tuple(PlanItem(item_no=no, **item.model_dump()) for no, item in enumerate(self.items, 1)),
        )


class SessionIn(RequestModel):
    """A session that took place, or to which nobody came."""

    item_no: Annotated[int, Field(ge=1, le=ITEMS_MAX)]
    staff_id: UUID
    mode: Mode
    begins_at: AwareDatetime
    ends_at: AwareDatetime
    attended: bool = True

    def session(self, session_id: UUID) -> Session:
        """As a value."""
        return Session(
            session_id=session_id,
            item_no=self.item_no,
            staff_id=self.staff_id,
            mode=self.mode,
            begins_at=self.begins_at,
            ends_at=self.ends_at,
            attendance=Attendance.ATTENDED if self.attended else Attendance.ABSENT,
        )


class AssessmentOut(BaseModel):
    """An assessment."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    assessment_id: UUID
    kind: AssessmentKind
    instrument: Instrument
    score: int
    staff_id: UUID
    assessed_on: date


class EffectOut(BaseModel):
    """Before and after with the same instrument (REH-15); ``change`` is how much better, in points."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    instrument: Instrument
    before: int
    after: int
    change: int


class ResultOut(BaseModel):
    """Everything measured, and what it shows."""

    model_config = ConfigDict(frozen=True)

    items: list[AssessmentOut]
    effects: list[EffectOut]

    @classmethod
    def of(cls, assessments: tuple[Assessment, ...], effects: tuple[Effect, ...]) -> ResultOut:
        """From the domain."""
        return cls(
            items=[AssessmentOut.model_validate(one) for one in assessments],
            effects=[EffectOut.model_validate(one) for one in effects],
        )


class PlanItemOut(BaseModel):
    """An item with its five elements; ``reached`` once its effect was measured."""

    model_config = ConfigDict(frozen=True)

    item_no: int
    item_id: UUID
    staff_id: UUID
    begins_on: date
    ends_on: date
    sessions: int
    attended: int
    mode: Mode
    payer: Payer
    amount_fen: int
    instrument: Instrument
    target: int
    reached: bool | None


class PlanOut(BaseModel):
    """A plan as it was agreed; ``in_force`` when no revision followed."""

    model_config = ConfigDict(frozen=True)

    case_id: UUID
    plan_no: int
    in_force: bool
    begins_on: date
    ends_on: date
    assess_on: date
    signed_by: Signer
    signed_on: date
    follow_up_days: list[int]
    items: list[PlanItemOut]


class SessionOut(BaseModel):
    """A session."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    session_id: UUID
    case_id: UUID
    person_id: UUID
    institution_id: UUID
    plan_no: int
    item_no: int
    staff_id: UUID
    mode: Mode
    begins_at: datetime
    ends_at: datetime
    day: date
    attendance: Attendance


class FollowUpOut(BaseModel):
    """A visit after the closing, due or done."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    visit_no: int
    due_on: date
    visited_on: date | None
    outcome: str | None


class ReferralOut(BaseModel):
    """A referral and how it was answered; without an institution it went to a hospital."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    institution_id: UUID | None
    referred_on: date
    reason: str | None
    answered_on: date | None
    answer: str | None
    answer_reason: str | None
