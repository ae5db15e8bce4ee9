"""Requests and answers about applications."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.subsidy.domain.application import Application, Channel, FiledBy, Paper, RefusalReason
from services.subsidy.domain.application_form import Agent, Form
from services.subsidy.domain.application_state import APPLICATIONS, ApplicationState, ApplicationStep
from services.subsidy.domain.objection import ObjectionState
from shared.contracts.state import SchemeCode
from shared.kit.masking import AsText, masked
from shared.kit.routing import RequestModel
from shared.values.identity_number import IdentityNumber
from shared.values.personal import BankAccount, PersonName, Phone, Statement

Name = Annotated[PersonName, AsText(PersonName.parse, "姓名", max_length=64, format="person-name")]
Telephone = Annotated[Phone, AsText(Phone.parse, "联系电话", min_length=5, max_length=20, format="phone")]
Account = Annotated[
    BankAccount, AsText(BankAccount.parse, "银行账号", min_length=8, max_length=48, format="bank-account")
]
Number = Annotated[
    IdentityNumber, AsText(IdentityNumber.parse, "公民身份号码", min_length=15, max_length=32, format="citizen-id")
]
Words = Annotated[Statement, AsText(Statement.parse, "书面说明", min_length=2, max_length=2000)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=64)]
Papers = Annotated[list[Paper], Field(max_length=10)]


class AgentIn(RequestModel):
    """Who files for the applicant, and in which capacity (SUB-21)."""

    capacity: Literal[FiledBy.GUARDIAN, FiledBy.SUPPORTER, FiledBy.COMMITTEE, FiledBy.AGENT]
    name: Name
    relation: Short
    phone: Telephone | None = None

    def agent(self) -> Agent:
        """As a value."""
        return Agent(name=self.name, relation=self.relation, phone=self.phone)


class ApplicationIn(RequestModel):
    """An application as the form says it. Away from home the applicant is found by the identity number alone."""

    scheme: SchemeCode
    channel: Channel = Channel.WINDOW
    acceptance: Annotated[str, StringConstraints(pattern=r"^\d{6}(\d{3}(\d{3})?)?$")] = Field(
        description="受理地区划代码（县级及以下）", json_schema_extra={"format": "division"}
    )
    person_id: UUID | None = Field(default=None, description="人员编号；异地受理时不填，按公民身份号码查找")
    name: Name
    citizen_id_no: Number
    phone: Telephone | None = None
    payee: Name | None = None
    account: Account
    bank: Short = Field(description="开户银行")
    agent: AgentIn | None = Field(default=None, description="代为申请的人；本人申请时不填")
    papers: Papers = Field(default_factory=list, description="已收齐的材料")

    @property
    def filed_by(self) -> FiledBy:
        """The applicant, or whoever acts for them."""
        return FiledBy.SELF if self.agent is None else self.agent.capacity

    def form(self) -> Form:
        """As a value."""
        return Form(
            name=self.name,
            citizen_id_no=self.citizen_id_no,
            phone=self.phone,
            payee=self.payee or self.name,
            account=self.account,
            bank=self.bank,
            agent=None if self.agent is None else self.agent.agent(),
        )


class CompletionIn(RequestModel):
    """What the applicant brought."""

    papers: Annotated[list[Paper], Field(min_length=1, max_length=10)]


class RefusalIn(RequestModel):
    """Why, by code and in words for the applicant; the words are kept encrypted (SUB-24)."""

    reason: RefusalReason
    words: Words


class WordsIn(RequestModel):
    """In words; kept encrypted."""

    words: Words


class ReviewDecisionIn(RequestModel):
    """Whether the refusal is taken back, and why or why not."""

    granted: bool
    words: Words


class ObjectionDecisionIn(RequestModel):
    """Whether the objection is right."""

    upheld: bool


class RemoteOut(BaseModel):
    """The clocks of a case taken in away from home or online (SUB-25…30)."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    push_by: date | None
    pushed_on: date | None
    decide_by: date | None
    tell_by: date | None
    pushed_late: bool
    decided_late: bool
    told_late: bool


class VerdictOut(BaseModel):
    """What the rules said when they were last asked; for the home authority only."""

    model_config = ConfigDict(frozen=True)

    failing: list[str]
    reasons_zh: str
    amount_fen: int | None
    problem: str | None


class ApplicationOut(BaseModel):
    """A case. ``desk`` is the division whose turn it is, ``allowed`` what may be done next."""

    model_config = ConfigDict(frozen=True)

    application_id: UUID
    person_id: UUID
    version: int
    scheme: SchemeCode
    channel: Channel
    filed_by: FiledBy
    state: ApplicationState
    home: str
    acceptance: str
    desk: str
    application_date: date
    first_month: str
    entered_on: date
    due_on: date | None
    remote: RemoteOut | None
    papers: list[Paper]
    missing_papers: list[Paper]
    asked_papers: list[Paper]
    notice_until: date | None
    decided_on: date | None
    told_on: date | None
    refusal: RefusalReason | None
    award_id: UUID | None
    verdict: VerdictOut | None = Field(description="规则判断结果，仅户籍地可见")
    allowed: list[ApplicationStep]

    @classmethod
    def of(cls, one: Application, *, at_home: bool) -> ApplicationOut:
        """From the domain. ``at_home``: for somebody of the home authority; others do not see what the rules said."""
        told: dict[str, Any] = {
            name: getattr(one, name)
            for name in cls.model_fields
            if name not in {"home", "acceptance", "desk", "first_month", "remote", "verdict", "allowed"}
        }
        verdict = one.verdict if at_home else None
        return cls(
            **told | {name: sorted(told[name]) for name in ("papers", "missing_papers", "asked_papers")},
            home=one.home.code,
            acceptance=one.acceptance.code,
            desk=one.desk.code,
            first_month=str(one.month),
            remote=None if one.remote is None else RemoteOut.model_validate(one.remote),
            verdict=None
            if verdict is None
            else VerdictOut(
                failing=list(verdict.failing),
                reasons_zh=verdict.reasons_zh,
                amount_fen=verdict.amount_fen,
                problem=verdict.problem,
            ),
            allowed=list(APPLICATIONS.allowed(one.state)),
        )


class FormOut(BaseModel):
    """What the form says, masked."""

    model_config = ConfigDict(frozen=True)

    application_id: UUID
    name_masked: str
    citizen_id_no_masked: str
    phone_masked: str | None
    payee_masked: str
    account_masked: str
    bank: str
    agent_masked: str | None
    agent_relation: str | None

    @classmethod
    def of(cls, application_id: UUID, form: Form) -> FormOut:
        """From what is stored."""
        return cls(
            application_id=application_id,
            name_masked=form.name.masked(),
            citizen_id_no_masked=form.citizen_id_no.masked(),
            phone_masked=masked(form.phone),
            payee_masked=form.payee.masked(),
            account_masked=form.account.masked(),
            bank=form.bank,
            agent_masked=None if form.agent is None else form.agent.name.masked(),
            agent_relation=None if form.agent is None else form.agent.relation,
        )


class CertificateCheckOut(BaseModel):
    """The certificate as the register tells it now, beside our copy; decided is from the copy alone."""

    model_config = ConfigDict(frozen=True)

    asked: bool = Field(description="登记系统是否答复；未答复不影响办理")
    status: str | None
    category: int | None
    grade: int | None
    expires_on: date | None
    copy_status: str | None
    agrees: bool | None


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


class ObjectionOut(BaseModel):
    """An objection, for the home authority."""

    model_config = ConfigDict(frozen=True)

    objection_id: UUID
    application_id: UUID
    filed_on: date
    state: ObjectionState
    decided_on: date | None
    words: str | None = None


class NoticeOut(BaseModel):
    """What is posted: a masked name, the kind of subsidy, the amount (SUB-23, PI-03)."""

    model_config = ConfigDict(frozen=True)

    notice_id: UUID
    division: str
    name_masked: str
    scheme: SchemeCode
    amount_fen: int
    posted_on: date
    until: date


class CounterOut(BaseModel):
    """One county's clocks of cases away from home or online (SUB-29)."""

    model_config = ConfigDict(frozen=True)

    county: str
    accepted: int = Field(description="本县受理的跨省（异地）和网上申请")
    received: int = Field(description="户籍在本县的跨省（异地）和网上申请")
    pushed_late: int = Field(description="未及时推送")
    decided_late: int = Field(description="未及时认定办理")
    told_late: int = Field(description="未及时告知结果")
