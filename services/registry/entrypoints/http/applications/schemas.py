"""Requests and answers about applications."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.registry.domain.application import Application, Channel, RejectionReason, Wish
from services.registry.domain.application_errors import PeriodIsTurned, SlotTimesAreWrong
from services.registry.domain.application_state import APPLICATIONS, ApplicationState, ApplicationStep, Matter
from services.registry.domain.assessment import (
    AssessmentMode,
    Conclusion,
    Finding,
    Institution,
    Measure,
    Physician,
)
from services.registry.domain.booking import Booking, BookingState, Slot
from services.registry.domain.certificate import CancellationReason
from services.registry.domain.papers import Paper
from services.registry.entrypoints.http.schemas import CitizenId, CountyDivision, Name, PhoneNumber
from services.registry.use_cases.application_ports import PaperReceived
from services.registry.use_cases.ports import Identity
from services.registry.use_cases.submit_application import Applicant, SubmitApplication
from shared.kit.routing import RequestModel
from shared.values.disability import Component, DisabilityCategory, DisabilityGrade
from shared.values.division import Division

Words = Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]
Licence = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{6,24}$")]
Category = Annotated[int, Field(ge=1, le=6, description="单项残疾类别 1-6")]
Grade = Annotated[int, Field(ge=1, le=4, description="残疾等级 1-4")]


class PapersIn(RequestModel):
    """A paper that was brought; ``blob_id``: its scan, else the original was seen."""

    paper: Paper
    blob_id: UUID | None = None


def received(papers: list[PapersIn]) -> list[PaperReceived]:
    """As values; of a paper named twice the later counts."""
    return [PaperReceived(each.paper, each.blob_id) for each in {each.paper: each for each in papers}.values()]


class IdentityIn(RequestModel):
    """Somebody who shows identity card and household book, registered here or not (CERT-30)."""

    name: Name
    citizen_id_no: CitizenId
    division: CountyDivision
    phone: PhoneNumber | None = None

    def who(self) -> Applicant:
        """As a value."""
        return Applicant(
            identity=Identity(citizen_id_no=self.citizen_id_no, name=self.name, phone=self.phone),
            division=Division.parse(self.division),
        )


class WishIn(RequestModel):
    """What is asked for, whoever asks."""

    matter: Matter
    acceptance: CountyDivision
    categories: list[Category] = Field(default_factory=list, max_length=6, description="申请评定的残疾类别")
    state_changed: bool = False
    visible_limb_loss: bool = False
    cancellation: CancellationReason | None = None
    event_date: date | None = Field(default=None, description="遗失、户籍迁移、死亡或判决之日")
    to: CountyDivision | None = Field(default=None, description="迁入地")
    residence_permit: Annotated[str | None, StringConstraints(min_length=6, max_length=40)] = None
    papers: list[PapersIn] = Field(default_factory=list, max_length=20)

    def asked_by(self, applicant: Applicant, channel: Channel) -> SubmitApplication:
        """As a value."""
        return SubmitApplication(
            applicant=applicant,
            matter=self.matter,
            channel=channel,
            acceptance=Division.parse(self.acceptance),
            wish=Wish(
                categories=frozenset(DisabilityCategory(category) for category in self.categories),
                state_changed=self.state_changed,
                visible_limb_loss=self.visible_limb_loss,
                cancellation=self.cancellation,
                event_date=self.event_date,
            ),
            papers=received(self.papers),
            to=None if self.to is None else Division.parse(self.to),
            permit=self.residence_permit,
        )


class ApplicationIn(WishIn):
    """What somebody asks for: of themselves (``person_id``), or by the papers they show (``applicant``)."""

    person_id: UUID | None = None
    applicant: IdentityIn | None = None
    channel: Annotated[Channel, Field(description="COUNTER 窗口，ONLINE 网上，PORTAL 政务平台")] = Channel.COUNTER

    def command(self) -> SubmitApplication:
        """As a value."""
        applicant = Applicant(person_id=self.person_id) if self.applicant is None else self.applicant.who()
        return self.asked_by(applicant, self.channel)


class ResubmissionIn(RequestModel):
    """What the applicant brought."""

    papers: Annotated[list[PapersIn], Field(min_length=1, max_length=20)]


class AcceptanceIn(RequestModel):
    """``demand_assessment``: the old conclusion is doubted (CERT-23)."""

    demand_assessment: bool = False


class RejectionIn(RequestModel):
    """Why the case ends at intake."""

    reason: Literal[RejectionReason.FALSE_INFORMATION, RejectionReason.STILL_INCOMPLETE]
    words: Words


class WordsIn(RequestModel):
    """Why, in words for the applicant; kept encrypted."""

    words: Words


class AssignmentIn(RequestModel):
    """Where the applicant is assessed."""

    institution_id: UUID


class BookingIn(RequestModel):
    """A place in a slot."""

    slot_id: UUID
    channel: Channel = Channel.COUNTER


class AttendanceIn(RequestModel):
    """Whether the applicant came."""

    attended: bool


class FindingIn(RequestModel):
    """One impairment with its grade, and what was measured of the better eye or ear (ID-17)."""

    category: Category
    grade: Grade
    measures: dict[Measure, Annotated[float, Field(ge=0, le=1000)]] = Field(default_factory=dict)

    def finding(self) -> Finding:
        """As a value."""
        component = Component(DisabilityCategory(self.category), DisabilityGrade(self.grade))
        # As it was written: 0.3 is three tenths.
        written = {measure: Decimal(str(value)) for measure, value in self.measures.items()}
        return Finding(component=component, measures=written)


class PhysicianIn(RequestModel):
    """Who signs."""

    licence: Licence
    name: Name


class ConclusionIn(RequestModel):
    """What two physicians signed; without findings the standard is not met."""

    assessed_on: date
    mode: AssessmentMode = AssessmentMode.AT_INSTITUTION
    findings: Annotated[list[FindingIn], Field(max_length=6)]
    physicians: Annotated[list[PhysicianIn], Field(max_length=2)]

    def conclusion(self) -> Conclusion:
        """As a value."""
        return Conclusion(
            assessed_on=self.assessed_on,
            mode=self.mode,
            findings=tuple(each.finding() for each in self.findings),
            physicians=tuple(Physician(licence=each.licence, name=each.name) for each in self.physicians),
        )


class DisputeConclusionIn(ConclusionIn):
    """The same, of the institution the prefecture names or the provincial panel."""

    institution_id: UUID


class ObjectionIn(RequestModel):
    """What somebody objects; kept encrypted."""

    words: Words
    evidence_id: UUID | None = None


class ObjectionDecisionIn(RequestModel):
    """Whether the objection is right, and what follows: assess again, or reject."""

    upheld: bool
    reassess: bool = True
    words: Words


class ClosingIn(RequestModel):
    """``accepted``: the applicant said they will not go on."""

    accepted: bool = False


class RatingIn(RequestModel):
    """One to five stars."""

    stars: Annotated[int, Field(ge=1, le=5)]


class ApplicationOut(BaseModel):
    """A case. ``desk`` is the division whose turn it is, ``allowed`` what may be done next."""

    model_config = ConfigDict(frozen=True)

    application_id: UUID
    person_id: UUID
    version: int
    matter: Matter
    channel: Channel
    state: ApplicationState
    home: str
    acceptance: str
    leaving: str | None
    desk: str
    away_from_home: bool
    certificate_id: UUID | None
    submitted_on: date
    entered_on: date
    due_on: date | None
    warn_on: date | None
    asked_papers: list[Paper]
    needs_assessment: bool | None
    institution_id: UUID | None
    concluded_on: date | None
    found: str | None = Field(description="评定结果明细，如 4:2;6:3；空：不符合标准")
    notice_until: date | None
    decided_on: date | None
    rejection: RejectionReason | None
    produced_on: date | None
    dispute_on: date | None
    dispute_found: str | None
    rating: int | None
    allowed: list[ApplicationStep]

    @classmethod
    def of(cls, one: Application) -> ApplicationOut:
        """From the domain."""
        found = one.disability
        disputed = None if one.dispute is None else one.dispute.disability
        return cls(
            application_id=one.application_id,
            person_id=one.person_id,
            version=one.version,
            matter=one.matter,
            channel=one.channel,
            state=one.state,
            home=one.home.code,
            acceptance=one.acceptance.code,
            leaving=None if one.leaving is None else one.leaving.code,
            desk=one.desk.code,
            away_from_home=one.acceptance.county != one.home.county,
            certificate_id=one.certificate_id,
            submitted_on=one.submitted_on,
            entered_on=one.entered_on,
            due_on=one.due_on,
            warn_on=one.warn_on,
            asked_papers=sorted(one.asked_papers),
            needs_assessment=one.needs_assessment,
            institution_id=one.institution_id,
            concluded_on=None if one.outcome is None else one.outcome.concluded_on,
            found=None if found is None else found.components_text,
            notice_until=one.notice_until,
            decided_on=one.decided_on,
            rejection=one.rejection,
            produced_on=one.produced_on,
            dispute_on=None if one.dispute is None else one.dispute.concluded_on,
            dispute_found=None if disputed is None else disputed.components_text,
            rating=one.rating,
            allowed=list(APPLICATIONS.allowed(one.state)),
        )


class StepOut(BaseModel):
    """One step a case took, and by when the next was due."""

    model_config = ConfigDict(frozen=True)

    step: str
    source: ApplicationState | None
    target: ApplicationState
    desk: str
    entered_on: date
    due_on: date | None
    left_on: date | None
    late: bool
    recorded_at: datetime
    recorded_by: str


class PaperOut(BaseModel):
    """A paper of the checklist."""

    model_config = ConfigDict(frozen=True)

    paper: Paper
    received_on: date | None
    blob_id: UUID | None


class ObjectionOut(BaseModel):
    """An objection, without its words."""

    model_config = ConfigDict(frozen=True)

    objection_id: UUID
    application_id: UUID
    filed_on: date
    state: str
    decided_on: date | None


class NoticeOut(BaseModel):
    """What is posted in the village: nothing beyond what the notice is about (CERT-05, PI-03)."""

    model_config = ConfigDict(frozen=True)

    notice_id: UUID
    division: str
    name_masked: str
    matter: Matter
    found: str | None
    posted_on: date
    until: date


class CounterOut(BaseModel):
    """One county's clocks of one matter in one state (CERT-31): how many left it, how many of them late."""

    model_config = ConfigDict(frozen=True)

    county: str
    matter: Matter
    state: ApplicationState
    left: int
    left_late: int
    waiting: int
    waiting_late: int


class RatingOut(BaseModel):
    """How applicants rated a county."""

    model_config = ConfigDict(frozen=True)

    county: str
    rated: int
    average: float


class InstitutionIn(RequestModel):
    """An institution designated for some categories from a day on (CERT-02)."""

    division: CountyDivision
    name: Annotated[str, StringConstraints(min_length=2, max_length=100)]
    categories: Annotated[list[Category], Field(min_length=1, max_length=6)]
    modes: Annotated[list[AssessmentMode], Field(min_length=1, max_length=4)]
    designated_from: date
    designated_to: date | None = None
    account: Annotated[str | None, Field(max_length=128, pattern=r"^[\x21-\x7e]+$")] = None

    def institution(self, institution_id: UUID, version: int) -> Institution:
        """As a value. Raises `PeriodIsTurned`."""
        if self.designated_to is not None and self.designated_to < self.designated_from:
            raise PeriodIsTurned(begins=self.designated_from.isoformat(), ends=self.designated_to.isoformat())
        return Institution(
            institution_id=institution_id,
            version=version,
            division=Division.parse(self.division),
            name=self.name,
            categories=frozenset(DisabilityCategory(category) for category in self.categories),
            modes=frozenset(self.modes),
            designated_from=self.designated_from,
            designated_to=self.designated_to,
            account=self.account,
        )


class InstitutionOut(BaseModel):
    """An institution."""

    model_config = ConfigDict(frozen=True)

    institution_id: UUID
    version: int
    division: str
    name: str
    categories: list[int]
    modes: list[AssessmentMode]
    designated_from: date
    designated_to: date | None

    @classmethod
    def of(cls, one: Institution) -> InstitutionOut:
        """From the domain."""
        return cls(
            institution_id=one.institution_id,
            version=one.version,
            division=one.division.code,
            name=one.name,
            categories=sorted(one.categories),
            modes=sorted(one.modes),
            designated_from=one.designated_from,
            designated_to=one.designated_to,
        )


ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""Hour and minute on the clock at the place."""


class SlotIn(RequestModel):
    """``capacity`` places on a day from ``begins`` to ``ends``."""

    day: date
    begins: ClockTime
    ends: ClockTime
    mode: AssessmentMode = AssessmentMode.AT_INSTITUTION
    categories: Annotated[list[Category], Field(min_length=1, max_length=6)]
    capacity: Annotated[int, Field(ge=1, le=500)]

    def slot(self, slot_id: UUID, institution_id: UUID) -> Slot:
        """As a value. Raises `SlotTimesAreWrong`."""
        begins, ends = time.fromisoformat(self.begins), time.fromisoformat(self.ends)
        if ends <= begins:
            raise SlotTimesAreWrong(begins=self.begins, ends=self.ends)
        return Slot(
            slot_id=slot_id,
            institution_id=institution_id,
            day=self.day,
            begins=begins,
            ends=ends,
            mode=self.mode,
            categories=frozenset(DisabilityCategory(category) for category in self.categories),
            capacity=self.capacity,
        )


class SlotsIn(RequestModel):
    """Slots to offer."""

    slots: Annotated[list[SlotIn], Field(min_length=1, max_length=500)]


class SlotOut(BaseModel):
    """A slot with the places that are left."""

    model_config = ConfigDict(frozen=True)

    slot_id: UUID
    institution_id: UUID
    day: date
    begins: time
    ends: time
    mode: AssessmentMode
    categories: list[int]
    capacity: int
    left: int

    @classmethod
    def of(cls, one: Slot) -> SlotOut:
        """From the domain."""
        return cls(
            slot_id=one.slot_id,
            institution_id=one.institution_id,
            day=one.day,
            begins=one.begins,
            ends=one.ends,
            mode=one.mode,
            categories=sorted(one.categories),
            capacity=one.capacity,
            left=one.capacity - one.booked,
        )


class SlotsOut(BaseModel):
    """How many slots are new; the others stood already."""

    model_config = ConfigDict(frozen=True)

    offered: int


class BookingOut(BaseModel):
    """A place of a case."""

    model_config = ConfigDict(frozen=True)

    booking_id: UUID
    slot_id: UUID
    application_id: UUID
    channel: Channel
    state: BookingState
    booked_on: date
    ended_on: date | None

    @classmethod
    def of(cls, one: Booking) -> BookingOut:
        """From the domain."""
        return cls(
            booking_id=one.booking_id,
            slot_id=one.slot_id,
            application_id=one.application_id,
            channel=one.channel,
            state=one.state,
            booked_on=one.booked_on,
            ended_on=one.ended_on,
        )
