"""Requests and answers about aid programmes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.rehab.adapters import aid_programmes
from services.rehab.adapters.aid_programmes import StoredProgramme
from services.rehab.adapters.needs import Told
from services.rehab.domain.aid import AidProgramme
from services.rehab.domain.aid_delivery import (
    DeliveryEffect,
    DeliveryFault,
    DeliveryStatus,
    PlaceStatus,
    ReleaseReason,
    SettlementStatus,
)
from services.rehab.domain.measures import AgeBand, Mode, Signer
from services.rehab.domain.need import NeedOutcome, NeedPriority, NeedSource, NeedStatus
from services.rehab.use_cases.aid_ports import Enrolled, Outcome
from shared.contracts.state import CODE, DIVISION
from shared.kit.documents import DocumentStatus
from shared.kit.routing import RequestModel

ENROL_MAX = 1000
AMOUNT_FEN_MAX = 10**9
ItemCode = Annotated[str, StringConstraints(pattern=CODE)]
Serial = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/-]{1,40}$")]


class ProgrammeIn(RequestModel):
    """A whole programme."""

    document: AidProgramme


class CountyIn(RequestModel):
    """Whose programme it becomes."""

    division: Annotated[str, StringConstraints(pattern=DIVISION)]


class ProgrammeOut(BaseModel):
    """A programme and its life."""

    model_config = ConfigDict(frozen=True)

    programme_id: UUID
    version: int
    status: DocumentStatus
    division: str
    code: str
    title: str
    document: dict[str, Any]
    created_at: datetime
    created_by: str
    in_force_at: datetime | None
    approved_by: str | None
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, stored: StoredProgramme) -> ProgrammeOut:
        """From what is stored."""
        life = ("version", "status", "created_at", "created_by", "in_force_at", "approved_by", "withdrawn_at")
        return cls(
            programme_id=stored.document_id,
            document=aid_programmes.dump(stored.document),
            **{name: getattr(stored.document, name) for name in ("division", "code", "title")},
            **{name: getattr(stored, name) for name in life},
        )


class ProgressOut(BaseModel):
    """Eligible, quota, done and surplus side by side (KPI-45); claimed = accepted + refused + pending.

    ``held``: places taken; ``served``: persons to whom something was given; ``unserved``: eligible, given nothing.
    """

    model_config = ConfigDict(frozen=True)

    eligible: int
    unserved: int
    quota: int
    held: int
    surplus: int
    served: int
    deliveries: int
    budget_fen: int
    claimed_fen: int
    accepted_fen: int
    refused_fen: int
    pending_fen: int
    settled_fen: int


class EnrolmentIn(RequestModel):
    """Persons in the order that counts when places are few. ``age_band`` where the programme is for some ages."""

    person_ids: Annotated[list[UUID], Field(min_length=1, max_length=ENROL_MAX)]
    age_band: AgeBand | None = None
    institution_id: UUID | None = None


class EnrolledOut(BaseModel):
    """What came of one. ``line``: where it stood in the request, from 0; somebody not known is told by that alone."""

    model_config = ConfigDict(frozen=True)

    line: int
    person_id: UUID | None
    outcome: Outcome
    place_id: UUID | None


class EnrolmentOut(BaseModel):
    """``received = enrolled + unchanged + rejected``, and each by name."""

    model_config = ConfigDict(frozen=True)

    received: int
    enrolled: int
    unchanged: int
    rejected: int
    persons: list[EnrolledOut]

    @classmethod
    def of(cls, found: list[Enrolled], asked: Sequence[UUID] | None = None) -> EnrolmentOut:
        """From what came of each."""
        counted = {outcome: sum(each.outcome is outcome for each in found) for outcome in Outcome}
        enrolled, unchanged = counted[Outcome.ENROLLED], counted[Outcome.UNCHANGED]
        return cls(
            received=len(found),
            enrolled=enrolled,
            unchanged=unchanged,
            rejected=len(found) - enrolled - unchanged,
            persons=[
                EnrolledOut(
                    line=line if asked is None else asked.index(each.person_id),
                    person_id=None if each.outcome is Outcome.PERSON_NOT_KNOWN else each.person_id,
                    outcome=each.outcome,
                    place_id=each.place_id,
                )
                for line, each in enumerate(found)
            ],
        )


class PlaceOut(BaseModel):
    """A place and who holds it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    place_id: UUID
    programme_id: UUID
    person_id: UUID
    version: int
    division: str
    institution_id: UUID | None
    age_band: AgeBand | None
    status: PlaceStatus
    enrolled_on: date
    ended_on: date | None
    reason: ReleaseReason | None


class StageOut(BaseModel):
    """A stage on record."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    item_code: str
    stage: str
    done_on: date
    recorded_by: str


class PlaceDetail(PlaceOut):
    """A place and the stages that were passed."""

    stages: list[StageOut]


class NeedIn(RequestModel):
    """Something somebody lacks; ``item_code`` as programmes give it."""

    person_id: UUID
    item_code: ItemCode
    source: NeedSource
    priority: NeedPriority = NeedPriority.GENERAL
    registered_on: date


class NeedsIn(RequestModel):
    """Needs to be kept."""

    needs: Annotated[list[NeedIn], Field(min_length=1, max_length=ENROL_MAX)]


class ToldOut(BaseModel):
    """What came of one. ``line``: where it first stood in the request; somebody not known is told by that alone."""

    model_config = ConfigDict(frozen=True)

    line: int
    person_id: UUID | None
    item_code: str
    outcome: NeedOutcome
    need_id: UUID | None

    @classmethod
    def of(cls, told: Told) -> ToldOut:
        """From what came of it."""
        known = told.outcome is not NeedOutcome.PERSON_NOT_KNOWN
        return cls(
            line=told.line,
            person_id=told.person_id if known else None,
            item_code=told.item_code,
            outcome=told.outcome,
            need_id=told.need_id,
        )


class NeedsOut(BaseModel):
    """Each person and item once: ``received`` needs are ``registered + merged + rejected`` after that."""

    model_config = ConfigDict(frozen=True)

    received: int
    registered: int
    merged: int
    rejected: int
    needs: list[ToldOut]


class NeedOut(BaseModel):
    """A need; ``sources``: who told of it."""

    model_config = ConfigDict(frozen=True)

    need_id: UUID
    person_id: UUID
    division: str
    item_code: str
    priority: NeedPriority
    registered_on: date
    status: NeedStatus
    met_by: UUID | None
    sources: list[NeedSource] | None = None

    @classmethod
    def of(cls, row: Any) -> NeedOut:
        """From its row."""
        told: dict[str, Any] = {name: getattr(row, name, None) for name in cls.model_fields if name != "priority"}
        return cls(**told, priority=list(NeedPriority)[row.rank])


class NeedFigureOut(BaseModel):
    """How many wait for an item, how many programmes give it, how many places are free: need before supply."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    item_code: str
    open: int
    programmes: int
    free: int


class ReleaseIn(RequestModel):
    """Why the place is free. DIED is not for people to say: the register's fact frees it."""

    reason: ReleaseReason


class StageIn(RequestModel):
    """The next stage of an item."""

    item_code: ItemCode
    stage: ItemCode
    done_on: date


class DeliveryIn(RequestModel):
    """What was given: the item, its own number, where, when, for how much."""

    item_code: ItemCode
    delivered_on: date
    amount_fen: Annotated[int, Field(ge=0, le=AMOUNT_FEN_MAX)]
    mode: Mode = Mode.CENTRE
    serial: Serial | None = None


class AcceptanceIn(RequestModel):
    """Who signed for it, and what it brought."""

    confirmed_by: Signer
    effect: DeliveryEffect | None = None


class RefusingIn(RequestModel):
    """What is wrong with it."""

    fault: DeliveryFault


class DeliveryOut(BaseModel):
    """A delivery. ``covers_until``: the day the same may be given again; none: never."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    delivery_id: UUID
    place_id: UUID
    programme_id: UUID
    person_id: UUID
    version: int
    division: str
    institution_id: UUID | None
    item_code: str
    serial: str | None
    mode: Mode
    delivered_on: date
    covers_until: date | None
    amount_fen: int
    status: DeliveryStatus
    confirmed_by: Signer | None
    effect: DeliveryEffect | None
    fault: DeliveryFault | None
    decided_on: date | None
    settlement_id: UUID | None


class UnservedOut(BaseModel):
    """Somebody eligible who was given nothing yet."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    person_id: UUID
    division: str
    held: bool


class SettlementIn(RequestModel):
    """Everything accepted that was delivered through this day."""

    through_on: date


class SettlementOut(BaseModel):
    """A settlement; its lines are deliveries."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    settlement_id: UUID
    programme_id: UUID
    version: int
    division: str
    through_on: date
    status: SettlementStatus
    lines: int
    total_fen: int
    recorded_by: str
    approved_by: str | None
    paid_on: date | None
