"""Requests and answers about cases of government portals."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.registry.adapters.portals import Counted
from services.registry.domain.application import Application
from services.registry.domain.application_state import ApplicationState, Matter
from services.registry.domain.portal import PortalCase
from services.registry.entrypoints.http.applications.schemas import IdentityIn, WishIn
from services.registry.entrypoints.http.schemas import CountyDivision, OfNobody
from shared.kit.routing import RequestModel
from shared.values.division import Division

CaseNo = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9A-Za-z._-]{4,64}$"),
    OfNobody,
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
