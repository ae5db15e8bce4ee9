"""Requests and answers about cases of government portals."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.registry.adapters.portals import Counted
from services.registry.domain.application import Application
from services.registry.domain.application_state import ApplicationState, Matter
from services.registry.domain.portal import PortalCase
from services.registry.entrypoints.http.applications.schemas import IdentityIn, WishIn
from services.registry.entrypoints.http.schemas import CountyDivision
from shared.kit.problems import invalid
from shared.kit.routing import RequestModel
from shared.values.division import Division

_PERSONAL: Final = re.compile(r"(?<!\d)(?:\d{17}[\dXx]|\d{15}|1[3-9]\d{9})(?!\d)", re.ASCII)


def _no_personal_number(text: str) -> str:
    if _PERSONAL.search(text):
        raise invalid("case_no_is_personal", zh="办件编号中不能出现证件号码或电话号码", en="a case has no such number")
    return text


CaseNo = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9A-Za-z._-]{4,64}$"),
    AfterValidator(_no_personal_number),
    Field(description="平台办件编号，不得含证件号码或电话号码"),
]


class PortalCaseIn(WishIn):
    """A case as the portal took it in: who asks for what, where, since which day."""

    case_no: CaseNo
    received_on: date
    applicant: IdentityIn


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class PortalCaseOut(_Out):
    """A case by both names, and how it stands."""

    intake_id: UUID
    portal: str
    case_no: str
    application_id: UUID
    matter: Matter
    division: str
    received_on: date
    state: ApplicationState

    @classmethod
    def of(cls, case: PortalCase, state: str) -> PortalCaseOut:
        """From the domain."""
        return cls(
            intake_id=case.intake_id,
            portal=case.portal,
            case_no=case.case_no,
            application_id=case.application_id,
            matter=case.matter,
            division=case.division.code,
            received_on=case.received_on,
            state=ApplicationState(state),
        )


class PortalStandingOut(PortalCaseOut):
    """The same for the portal itself, with by when the next step is due."""

    due_on: date | None

    @classmethod
    def standing(cls, case: PortalCase, application: Application) -> PortalStandingOut:
        """From the domain."""
        shown = PortalCaseOut.of(case, application.state.value)
        return cls(**shown.model_dump(), due_on=application.due_on)


class CountIn(RequestModel):
    """How many cases of a matter the portal took in for one county."""

    matter: Matter
    county: CountyDivision
    counted: Annotated[int, Field(ge=0, le=1_000_000)]

    def value(self) -> Counted:
        """As a value."""
        return Counted(self.matter, Division.parse(self.county).county, self.counted)


class CountsIn(RequestModel):
    """What the portal counted on a day; takes the place of what it said of that day before."""

    day: date
    counts: Annotated[list[CountIn], Field(max_length=5_000)]


class CountsOut(_Out):
    """What was taken note of."""

    day: date
    counts: int


class ReconciledOut(_Out):
    """A day, a matter, a county: ``counted`` by the portal (null: it did not say), ``taken`` here."""

    portal: str
    day: date
    matter: Matter
    county: str
    counted: int | None
    taken: int
    differs: bool

    @classmethod
    def of(cls, row: Any) -> ReconciledOut:
        """From the adapter."""
        return cls(
            portal=row.portal,
            day=row.day,
            matter=Matter(row.matter),
            county=row.county,
            counted=row.counted,
            taken=row.taken,
            differs=row.counted is not None and row.counted != row.taken,
        )


class ReconciliationOut(_Out):
    """Both sides' counts, and the rate of cases that began and ended inside a portal (KPI-35)."""

    items: list[ReconciledOut]
    inside: int
    all_cases: int
    rate: float | None = Field(description="KPI-35：平台内申请并办结 ÷ 全部办件；没有办件时为空")
