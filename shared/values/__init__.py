"""Values two services spell alike: money, months, divisions, personal numbers. Immutable, always valid, stdlib only."""

from shared.values.certificate_number import (
    CertificateNumber,
    CertificateNumberDisagrees,
    CertificateNumberIsMalformed,
)
from shared.values.dates import DayIsInvalid, add_months, add_years, age_on, last_valid_day, parse_day
from shared.values.disability import (
    Component,
    ComponentsAreInvalid,
    Disability,
    DisabilityCategory,
    DisabilityCategoryIsInvalid,
    DisabilityGrade,
    DisabilityGradeIsInvalid,
    OverallGradeIsWrong,
    overall_grade,
)
from shared.values.division import Division, DivisionIsInvalid, DivisionIsTooWide, Level, Scope
from shared.values.identity_number import (
    IdentityNumber,
    IdentityNumberBirthDateIsInTheFuture,
    IdentityNumberBirthDateIsInvalid,
    IdentityNumberChecksumIsWrong,
    IdentityNumberIsInvalid,
    IdentityNumberIsMalformed,
    Sex,
    SexIsInvalid,
    check_character,
)
from shared.values.invalid import InvalidValue
from shared.values.money import Money, MoneyIsInvalid, MoneyIsOutOfRange, Rounding
from shared.values.month import Month, MonthIsInvalid
from shared.values.refusal import Refusal
from shared.values.working_days import ExceptionIsOutsideTheCalendar, WorkingDays, WorkingDaysOfYearAreUnknown

__all__ = [
    "CertificateNumber",
    "CertificateNumberDisagrees",
    "CertificateNumberIsMalformed",
    "Component",
    "ComponentsAreInvalid",
    "DayIsInvalid",
    "Disability",
    "DisabilityCategory",
    "DisabilityCategoryIsInvalid",
    "DisabilityGrade",
    "DisabilityGradeIsInvalid",
    "Division",
    "DivisionIsInvalid",
    "DivisionIsTooWide",
    "ExceptionIsOutsideTheCalendar",
    "IdentityNumber",
    "IdentityNumberBirthDateIsInTheFuture",
    "IdentityNumberBirthDateIsInvalid",
    "IdentityNumberChecksumIsWrong",
    "IdentityNumberIsInvalid",
    "IdentityNumberIsMalformed",
    "InvalidValue",
    "Level",
    "Money",
    "MoneyIsInvalid",
    "MoneyIsOutOfRange",
    "Month",
    "MonthIsInvalid",
    "OverallGradeIsWrong",
    "Refusal",
    "Rounding",
    "Scope",
    "Sex",
    "SexIsInvalid",
    "WorkingDays",
    "WorkingDaysOfYearAreUnknown",
    "add_months",
    "add_years",
    "age_on",
    "check_character",
    "last_valid_day",
    "overall_grade",
    "parse_day",
]
