"""Requests and answers of the registry's API. Personal values come in through bodies only, and go out masked."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.registry.domain.certificate import CancellationReason, Certificate, FreezeReason, Proof, ProofKind
from services.registry.domain.person_identity import cross_check
from services.registry.domain.stop import Stop
from services.registry.entrypoints.references import holds_a_persons_number
from services.registry.use_cases.ports import Identity
from services.registry.use_cases.report_death import DeathSource
from shared.kit.masking import AsText
from shared.kit.problems import invalid
from shared.kit.routing import RequestModel
from shared.values.certificate import CertificateStatus, StopKind
from shared.values.disability import Disability
from shared.values.division import Division, Level
from shared.values.identity_number import IdentityNumber, Sex
from shared.values.personal import AddressDetail, PersonName, Phone


def _county_or_below(text: str) -> str:
    Division.parse(text).prefix(Level.COUNTY)
    return text


def _of_nobody(text: str) -> str:
    if holds_a_persons_number(text):
        raise invalid("reference_is_personal", zh="编号不能是证件号码或电话号码", en="it is a person's number")
    return text


OfNobody = AfterValidator(_of_nobody)
"""How another system calls something: kept in clear, so it must be no person's number."""
CitizenId = Annotated[
    IdentityNumber,
    AsText(
        IdentityNumber.parse,
        "公民身份号码，18 位（旧 15 位自动升位）",
        min_length=15,
        max_length=32,
        example="99010220100520006X",
        format="citizen-id",
    ),
]
Name = Annotated[PersonName, AsText(PersonName.parse, "姓名", max_length=64, format="person-name")]
PhoneNumber = Annotated[Phone, AsText(Phone.parse, "联系电话", min_length=5, max_length=24, format="phone")]
Address = Annotated[AddressDetail, AsText(AddressDetail.parse, "详细地址（街道、门牌）", max_length=200)]
CountyDivision = Annotated[
    str,
    StringConstraints(min_length=6, max_length=12),
    AfterValidator(_county_or_below),
    Field(
        description="户籍地区划代码，县级或以下（6、9 或 12 位）",
        examples=["341502001001"],
        json_schema_extra={"format": "county-division"},
    ),
]


class PersonIn(RequestModel):
    """A person to register."""

    name: Name
    citizen_id_no: CitizenId
    division: CountyDivision
    phone: PhoneNumber | None = None
    address: Address | None = None
    sex: Annotated[int, Field(ge=1, le=2, description="性别 1 男 2 女，填写时与号码核对")] | None = None
    birth_date: Annotated[date, Field(description="出生日期，填写时与号码核对")] | None = None

    def identity(self, today: date) -> Identity:
        """As values; raises `InvalidValue` for a birth date in the future, or what contradicts the number (ID-02)."""
        number = IdentityNumber.parse(self.citizen_id_no.raw, today=today)
        cross_check(number, sex=None if self.sex is None else Sex(self.sex), birth_date=self.birth_date)
        return Identity(
            citizen_id_no=number,
            name=self.name,
            phone=self.phone,
            address=self.address,
        )


class ContactIn(RequestModel):
    """Where to reach a person, replacing what was known."""

    phone: PhoneNumber | None
    address: Address | None


class PersonLookup(RequestModel):
    """Find a person by number; in a body, because numbers never go into addresses."""

    citizen_id_no: CitizenId


class PersonOut(BaseModel):
    """A person; numbers and name masked."""

    model_config = ConfigDict(frozen=True)

    person_id: UUID
    version: int
    division: str
    registered_on: date
    died_on: date | None
    name_masked: str
    citizen_id_masked: str
    phone_masked: str | None = None
    address_masked: str | None = Field(default=None, description="到县级为止")
    restricted: bool = Field(default=False, description="本人已要求限制处理")
    residence_division: str | None = Field(default=None, description="居住地，与户籍地不同时")
    merged_into: UUID | None = Field(default=None, description="已并入的人员记录")


class CertificateIn(RequestModel):
    """A certificate to issue (ID-06…ID-13). ``components`` of a multiple disability as ``4:2;6:3``."""

    category: Annotated[int, Field(ge=1, le=7, description="残疾类别 1-7")]
    grade: Annotated[int, Field(ge=1, le=4, description="残疾等级 1-4")]
    components: Annotated[str, StringConstraints(max_length=64)] = ""
    issued_on: date | None = None

    def disability(self) -> Disability:
        """As a value; raises `InvalidValue` when the parts contradict each other (ID-12)."""
        return Disability.parse(str(self.category), str(self.grade), self.components)


class CertificateOut(BaseModel):
    """A certificate; the number is masked because it embeds the identity number."""

    model_config = ConfigDict(frozen=True)

    certificate_id: UUID
    person_id: UUID
    version: int
    division: str
    status: CertificateStatus
    category: int
    grade: int
    components: str
    issued_on: date
    expires_on: date

    @classmethod
    def of(cls, certificate: Certificate, *, today: date | None = None) -> CertificateOut:
        """From the domain; with the day, expired from the day after the last valid one, whether announced or not."""
        return cls(
            certificate_id=certificate.certificate_id,
            person_id=certificate.person_id,
            version=certificate.version,
            division=certificate.division.code,
            status=certificate.status if today is None else certificate.status_on(today),
            category=certificate.disability.category,
            grade=certificate.disability.grade,
            components=certificate.disability.components_text,
            issued_on=certificate.issued_on,
            expires_on=certificate.expires_on,
        )


class StopOut(BaseModel):
    """A stop fact with its origin: who recorded it, when, through which client, in which request."""

    model_config = ConfigDict(frozen=True)

    stop_id: UUID
    person_id: UUID
    certificate_id: UUID | None
    division: str
    kind: StopKind
    reason: str | None
    event_date: date
    ended_on: date | None
    withdrawn: bool
    recorded_at: datetime
    recorded_by: str
    client_id: str
    trace_id: str


class Changed(BaseModel):
    """The certificate after a step, and the fact (also the event's id) that others will name as the cause."""

    model_config = ConfigDict(frozen=True)

    certificate: CertificateOut
    stop_id: UUID

    @classmethod
    def of(cls, outcome: tuple[Certificate, Stop]) -> Changed:
        """From the domain."""
        return cls(certificate=CertificateOut.of(outcome[0]), stop_id=outcome[1].stop_id)


class ProofIn(RequestModel):
    """What shows that the reason is true: each reason needs its own kind (CERT-26, CERT-27)."""

    kind: ProofKind
    reference: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        description="文书名称、文号或出具单位；加密保存", examples=["六裕残〔2026〕12号"]
    )

    def proof(self) -> Proof:
        """As a value."""
        return Proof(kind=self.kind, reference=self.reference)


class Cancellation(RequestModel):
    """Cancel a certificate. ``effective_date`` (default today): the day the reason took effect, never in the future.

    ``since``: the day the household moved, for a transfer that is overdue (CERT-25).
    """

    reason: CancellationReason
    proof: ProofIn
    effective_date: date | None = None
    since: date | None = None


class Freezing(RequestModel):
    """Freeze a certificate. ``since``: the day the household moved, for a transfer that is overdue (CERT-24)."""

    reason: FreezeReason
    effective_date: date | None = None
    since: date | None = None


class Transfer(RequestModel):
    """Move a certificate to another county; ``moved_on`` is the day the household moved (READ-09)."""

    division: CountyDivision
    moved_on: date


class DeathReport(RequestModel):
    """A death: day and source (DX-05)."""

    died_on: date
    source: DeathSource


class DeathOut(BaseModel):
    """The death or its retraction as recorded."""

    model_config = ConfigDict(frozen=True)

    person_id: UUID
    version: int
    died_on: date | None
    stop_id: UUID
