"""Requests and answers about persons' lives. Personal values come in through bodies only, and go out masked."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.registry.adapters.households import Household, Member
from services.registry.adapters.merges import Pair
from services.registry.adapters.names import NameKind, OtherName
from services.registry.adapters.person_queries import Asked
from services.registry.domain.match_score import Likeness
from services.registry.domain.match_tier import Tier
from services.registry.domain.person_client import Client, Ground
from services.registry.domain.person_merge import Merge
from services.registry.domain.person_report import (
    Objection,
    Report,
    ReportKind,
    ReportSource,
    ReportState,
    allowed_steps,
)
from services.registry.entrypoints.http.schemas import (
    Address,
    CitizenId,
    CountyDivision,
    Name,
    OfNobody,
    PersonOut,
    PhoneNumber,
)
from shared.kit.masking import HIDDEN, AsText
from shared.kit.routing import RequestModel
from shared.values.certificate import CertificateStatus
from shared.values.certificate_number import CertificateNumber
from shared.values.division import Division
from shared.values.person import ClientGround
from shared.values.personal import Diagnosis

CertificateNo = Annotated[
    CertificateNumber, AsText(CertificateNumber.parse, "残疾人证号", min_length=20, max_length=32)
]
DiagnosisText = Annotated[Diagnosis, AsText(Diagnosis.parse, "诊断", max_length=2_000)]


def _some_division(text: str) -> str:
    return Division.parse(text).code


AnyDivision = Annotated[
    str,
    StringConstraints(min_length=2, max_length=12),
    AfterValidator(_some_division),
    Field(description="区划代码，任意级别"),
]


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class SearchIn(RequestModel):
    """Whom to look for; everything given must hold. ``name``: characters, pinyin or initials."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = Field(
        default=None, description="姓名：汉字（两字以上，或单姓加县级区划）、拼音（wangxiaoming）、首字母（wxm）"
    )
    citizen_id_no: CitizenId | None = None
    certificate_no: CertificateNo | None = None
    phone: PhoneNumber | None = None
    division: AnyDivision | None = None
    status: CertificateStatus | None = None
    expires_from: date | None = None
    expires_to: date | None = None

    def asked(self) -> Asked:
        """As values."""
        return Asked(
            name=self.name,
            citizen_id_no=self.citizen_id_no,
            certificate_no=self.certificate_no,
            phone=self.phone,
            status=self.status,
            expires_from=self.expires_from,
            expires_to=self.expires_to,
        )


class CountOut(_Out):
    """How many persons belong to a division."""

    division: str
    persons: int


class HistoryOut(_Out):
    """Something dated that happened; ``withdrawn_at``: known since then to be a mistake."""

    what: str
    person_id: UUID
    event_date: date | None
    code: str | None
    division: str | None
    previous: str | None
    recorded_at: datetime
    recorded_by: str
    withdrawn_at: datetime | None


class NameIn(RequestModel):
    """Another name of a person. ``valid_to``: the last day of a former one."""

    kind: NameKind
    name: Name
    valid_to: date | None = None


class NameOut(_Out):
    """Another name, masked."""

    name_id: UUID
    kind: NameKind
    name_masked: str
    valid_to: date | None
    recorded_at: datetime | None

    @classmethod
    def of(cls, other: OtherName) -> NameOut:
        """From the adapter."""
        return cls(
            name_id=other.name_id,
            kind=other.kind,
            name_masked=other.name.masked(),
            valid_to=other.valid_to,
            recorded_at=other.recorded_at,
        )


class ResidenceIn(RequestModel):
    """Where a person lives; null: at home again. ``permit_no``: the residence permit (CERT-30)."""

    division: CountyDivision | None
    since: date
    permit_no: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{6,32}$")] | None = None


class ClientIn(RequestModel):
    """A ground to be served without a certificate (CERT-36, CERT-37)."""

    ground: ClientGround
    diagnosed_on: date
    diagnosis: DiagnosisText | None = None
    risk_level: Annotated[int, Field(ge=0, le=5)] | None = None
    guardian_applied: bool = False

    def as_ground(self) -> Ground:
        """As a value."""
        return Ground(
            ground=self.ground,
            diagnosed_on=self.diagnosed_on,
            risk_level=self.risk_level,
            guardian_applied=self.guardian_applied,
        )


class LastDayIn(RequestModel):
    """The last day something holds."""

    valid_to: date


class ClientOut(_Out):
    """An admission, without the diagnosis."""

    client_id: UUID
    person_id: UUID
    version: int
    division: str
    ground: ClientGround
    valid_from: date
    valid_to: date | None

    @classmethod
    def of(cls, client: Client) -> ClientOut:
        """From the domain."""
        return cls(
            client_id=client.client_id,
            person_id=client.person_id,
            version=client.version,
            division=client.division.code,
            ground=client.ground,
            valid_from=client.valid_from,
            valid_to=client.valid_to,
        )


class HouseholdIn(RequestModel):
    """A household to record."""

    division: CountyDivision
    kind: Annotated[str, StringConstraints(pattern="^(FAMILY|COLLECTIVE)$")] = "FAMILY"
    book_no: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{4,32}$")] | None = None
    address: Address | None = None
    persons: Annotated[int, Field(ge=1, le=10_000)] | None = None


class MemberIn(RequestModel):
    """Somebody who belongs to a household from a day on."""

    person_id: UUID
    relation: Annotated[
        str, StringConstraints(pattern="^(HEAD|SPOUSE|CHILD|PARENT|GRANDCHILD|GRANDPARENT|SIBLING|OTHER)$")
    ]
    since: date


class MemberOut(_Out):
    """A membership."""

    household_id: UUID
    person_id: UUID
    relation: str
    valid_from: date
    valid_to: date | None

    @classmethod
    def of(cls, member: Member) -> MemberOut:
        """From the adapter."""
        return cls(
            household_id=member.household_id,
            person_id=member.person_id,
            relation=member.relation,
            valid_from=member.valid_from,
            valid_to=member.valid_to,
        )


class HouseholdOut(_Out):
    """A household; the number of its book and its address are masked."""

    household_id: UUID
    version: int
    division: str
    kind: str
    book_no_masked: str | None
    address_masked: str | None
    persons: int | None
    members: list[MemberOut] = []

    @classmethod
    def of(cls, one: Household, members: list[MemberOut]) -> HouseholdOut:
        """From the adapter."""
        return cls(
            household_id=one.household_id,
            version=one.version,
            division=one.division.code,
            kind=one.kind,
            book_no_masked=None if one.book_no is None else one.book_no[-4:].rjust(len(one.book_no), "*"),
            address_masked=None if one.address is None else HIDDEN,
            persons=one.persons,
            members=members,
        )


class MergeIn(RequestModel):
    """Two records that are one person's; the one who holds a certificate survives."""

    survivor_id: UUID
    absorbed_id: UUID


class MergeOut(_Out):
    """A merge."""

    merge_id: UUID
    survivor_id: UUID
    absorbed_id: UUID
    version: int
    merged_on: date
    undone: bool

    @classmethod
    def of(cls, merge: Merge) -> MergeOut:
        """From the domain."""
        return cls(
            merge_id=merge.merge_id,
            survivor_id=merge.person_id,
            absorbed_id=merge.absorbed_id,
            version=merge.version,
            merged_on=merge.merged_on,
            undone=merge.undone,
        )


class DuplicateOut(_Out):
    """Two records that may be one person's, with the reasons; both are shown masked."""

    duplicate_id: UUID
    version: int
    score: int
    reasons: list[Likeness]
    state: str
    found_at: datetime
    persons: list[PersonOut]

    @classmethod
    def of(cls, pair: Pair, persons: list[PersonOut]) -> DuplicateOut:
        """From the adapter."""
        return cls(
            duplicate_id=pair.duplicate_id,
            version=pair.version,
            score=pair.score,
            reasons=[Likeness(reason) for reason in pair.reasons],
            state=pair.state,
            found_at=pair.found_at,
            persons=persons,
        )


class ReportIn(RequestModel):
    """News from outside about somebody: by number, or by name, birth date and place (DX-05, DX-20).

    ``division``: the county the news is from, or where the person belongs. ``to_division``: where a household moved.
    ``source_ref``: how the source calls it; the same reference is taken in once.
    """

    kind: ReportKind
    source: ReportSource
    source_ref: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._/-]{1,64}$"), OfNobody] | None = None
    event_date: date
    received_on: date | None = None
    division: CountyDivision
    to_division: CountyDivision | None = None
    citizen_id_no: CitizenId | None = None
    name: Name | None = None
    born_on: date | None = None


class MatchIn(RequestModel):
    """Whom a report is about."""

    person_id: UUID


class ApplicationIn(RequestModel):
    """How to apply. ``cancel_certificate``: a death ends the certificate as well (CERT-26)."""

    cancel_certificate: bool = True


class ReportOut(_Out):
    """A report as it stands; whom it speaks of is shown through ``person_id`` only."""

    report_id: UUID
    kind: ReportKind
    source: ReportSource
    source_ref: str | None = None
    batch_id: UUID | None
    event_date: date
    received_on: date
    division: str
    to_division: str | None
    state: ReportState
    version: int
    tier: Tier | None
    reason: Objection | None
    person_id: UUID | None
    allowed: list[str]

    @classmethod
    def of(cls, report: Report, source_ref: str | None = None) -> ReportOut:
        """From the domain."""
        return cls(
            report_id=report.report_id,
            kind=report.kind,
            source=report.source,
            source_ref=source_ref,
            batch_id=report.batch_id,
            event_date=report.event_date,
            received_on=report.received_on,
            division=report.division.code,
            to_division=None if report.to_division is None else report.to_division.code,
            state=report.state,
            version=report.version,
            tier=report.tier,
            reason=report.reason,
            person_id=report.person_id,
            allowed=[step.value for step in allowed_steps(report.state)],
        )


class EffectOut(_Out):
    """What applying would announce, made by applying and taking back: nothing has happened."""

    report_id: UUID
    person: PersonOut
    events: list[str]
    event_date: date
    certificate_cancelled: bool
    months_paid_since: int = Field(description="已过去的完整月数：这些月份若已发放，将成为多发")


class BatchIn(RequestModel):
    """A batch of an import: what to do with all of its reports that are ready."""

    cancel_certificate: bool = True


class BatchEffectOut(_Out):
    """What applying a batch would do, counted: by event, by county."""

    batch_id: UUID
    ready: int
    waiting: int = Field(description="需要人工核实的报告数")
    rehearsed: int = Field(description="本次试算的报告数；超过一千件只试算前一千件")
    events: dict[str, int]
    counties: dict[str, int]
