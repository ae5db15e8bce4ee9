"""Requests and answers about institutions, the catalogue and time limits."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.rehab.domain.catalogue import Cycle, ItemKind
from services.rehab.domain.institution import Agreement, InstitutionStatus, Staff
from services.rehab.domain.institution_errors import PeriodIsInvalid
from services.rehab.domain.limits import Stage
from services.rehab.domain.measures import AgeBand, Mode, Payer, Programme
from services.rehab.entrypoints.http.schemas import Category
from shared.contracts.state import DIVISION
from shared.kit.routing import RequestModel
from shared.values.disability import DisabilityCategory

DivisionText = Annotated[str, StringConstraints(pattern=DIVISION), Field(json_schema_extra={"format": "division"})]
CountyText = Annotated[
    str,
    StringConstraints(min_length=6, max_length=12, pattern=DIVISION),
    Field(json_schema_extra={"format": "county-division"}),
]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100)]
Categories = Annotated[list[Category], Field(min_length=1, max_length=7)]


class ChangeReason(StrEnum):
    """Why an institution was refused, suspended, warned, black-listed or left (REH-26, REH-97)."""

    CONDITIONS_NOT_MET = "CONDITIONS_NOT_MET"
    SAFETY = "SAFETY"
    FALSE_RECORDS = "FALSE_RECORDS"
    MISUSE_OF_FUNDS = "MISUSE_OF_FUNDS"
    POOR_SERVICE = "POOR_SERVICE"
    OWN_WISH = "OWN_WISH"
    AGREEMENT_ENDED = "AGREEMENT_ENDED"


class InstitutionIn(RequestModel):
    """An institution that wants to be designated; ``account`` is who acts for it, by the subject of their token."""

    division: CountyText
    name: Words
    account: Annotated[str | None, Field(max_length=128, pattern=r"^[\x21-\x7e]+$")] = None


class ChangeIn(RequestModel):
    """Why."""

    reason: ChangeReason


class AgreementIn(RequestModel):
    """From when until when (the last day counts), for which categories, with how many places."""

    agreement_no: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)]
    begins_on: date
    ends_on: date
    categories: Categories
    capacity: Annotated[int, Field(ge=1, le=10_000)]

    def agreement(self, agreement_id: UUID) -> Agreement:
        """As a value. Raises `PeriodIsInvalid`."""
        must_run(self.begins_on, self.ends_on)
        return Agreement(
            agreement_id=agreement_id,
            begins_on=self.begins_on,
            ends_on=self.ends_on,
            categories=frozenset(DisabilityCategory(each) for each in self.categories),
            capacity=self.capacity,
        )


class Qualification(StrEnum):
    """What somebody is."""

    PHYSICIAN = "PHYSICIAN"
    PSYCHIATRIST = "PSYCHIATRIST"
    THERAPIST = "THERAPIST"
    SPECIAL_TEACHER = "SPECIAL_TEACHER"
    SOCIAL_WORKER = "SOCIAL_WORKER"
    NURSE = "NURSE"
    DEVICE_FITTER = "DEVICE_FITTER"


class StaffIn(RequestModel):
    """Somebody qualified, by the institution's own staff number; never a name."""

    staff_no: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,12}$")]
    qualification: Qualification
    qualified_from: date
    qualified_until: date
    training_hours: Annotated[int, Field(ge=0, le=2_000, description="本年度专项培训学时")] = 0

    def staff(self, staff_id: UUID, institution_id: UUID) -> Staff:
        """As a value. Raises `PeriodIsInvalid`."""
        must_run(self.qualified_from, self.qualified_until)
        return Staff(
            staff_id=staff_id,
            institution_id=institution_id,
            qualified_from=self.qualified_from,
            qualified_until=self.qualified_until,
        )


class SafetyCheckIn(RequestModel):
    """What a quarter's safety check found (REH-31)."""

    year: Annotated[int, Field(ge=2016, le=2100)]
    quarter: Annotated[int, Field(ge=1, le=4)]
    checked_on: date
    passed: bool
    faults: Annotated[int, Field(ge=0, le=1_000)] = 0


class CatalogueItemIn(RequestModel):
    """An item of the catalogue (REH-12); ``price_fen`` is the most one session or delivery may cost."""

    division: DivisionText
    item_code: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{1,31}$")]
    name: Words
    kind: ItemKind
    categories: Categories
    age_bands: Annotated[list[AgeBand], Field(min_length=1, max_length=3)]
    modes: Annotated[list[Mode], Field(min_length=1, max_length=3)]
    payers: Annotated[list[Payer], Field(min_length=1, max_length=5)]
    cycle: Cycle
    price_fen: Annotated[int, Field(ge=0, le=100_000_000)]
    service_life_months: Annotated[int | None, Field(ge=1, le=240)] = None
    valid_from: date
    valid_to: date | None = None
    basis: Words


class EndingIn(RequestModel):
    """The last day."""

    valid_to: date


class LimitIn(RequestModel):
    """So many working days from a day on; a pause is counted in days of the calendar."""

    division: DivisionText
    programme: Programme
    stage: Stage
    valid_from: date
    days: Annotated[int, Field(ge=1, le=365)]
    basis: Words


class AgreementOut(BaseModel):
    """An agreement."""

    model_config = ConfigDict(frozen=True)

    agreement_id: UUID
    agreement_no: str
    begins_on: date
    ends_on: date
    categories: list[int]
    capacity: int


class StaffOut(BaseModel):
    """Somebody qualified."""

    model_config = ConfigDict(frozen=True)

    staff_id: UUID
    institution_id: UUID
    staff_no: str
    qualification: Qualification
    qualified_from: date
    qualified_until: date
    training_hours: int


class SafetyCheckOut(BaseModel):
    """A quarter's safety check."""

    model_config = ConfigDict(frozen=True)

    year: int
    quarter: int
    checked_on: date
    passed: bool
    faults: int


class InstitutionOut(BaseModel):
    """An institution; ``placed`` of its places are taken today."""

    model_config = ConfigDict(frozen=True)

    institution_id: UUID
    version: int
    division: str
    name: str
    status: InstitutionStatus
    defence_until: date | None
    capacity: int
    placed: int


class InstitutionDetail(InstitutionOut):
    """With its agreements, staff and safety checks."""

    agreements: list[AgreementOut]
    staff: list[StaffOut]
    checks: list[SafetyCheckOut]


class CatalogueItemOut(BaseModel):
    """An item of the catalogue."""

    model_config = ConfigDict(frozen=True)

    item_id: UUID
    version: int
    division: str
    item_code: str
    name: str
    kind: ItemKind
    categories: list[int]
    age_bands: list[AgeBand]
    modes: list[Mode]
    payers: list[Payer]
    cycle: Cycle
    price_fen: int
    service_life_months: int | None
    valid_from: date
    valid_to: date | None
    basis: str

    @classmethod
    def of(cls, row: dict[str, Any]) -> CatalogueItemOut:
        """From a row."""
        listed = {name: row[name].split() for name in ("age_bands", "modes", "payers")}
        return cls.model_validate(row | listed | {"categories": [int(digit) for digit in row["categories"]]})


class LimitOut(BaseModel):
    """A time limit."""

    model_config = ConfigDict(frozen=True)

    division: str
    programme: Programme
    stage: Stage
    valid_from: date
    days: int
    basis: str


def must_run(begins_on: date, ends_on: date) -> None:
    """Raise `PeriodIsInvalid`."""
    if ends_on < begins_on:
        raise PeriodIsInvalid(begins_on=begins_on.isoformat(), ends_on=ends_on.isoformat())
