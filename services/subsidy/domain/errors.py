"""Refusals of the subsidy service.

Refusal
├── AwardNotFound
├── CertificateNotValid     SUB-18, READ-02, READ-09, READ-18
├── PersonNotKnown          not in our copy of the register (yet), or outside the scope
├── PersonHasDied
├── AwardExists             one running award per person and scheme
└── StartMonthNotAllowed    SUB-35
"""

from __future__ import annotations

from typing import ClassVar

from shared.values.refusal import Refusal


class AwardNotFound(Refusal):
    """No such award within the caller's divisions."""

    code: ClassVar[str] = "award_not_found"


class CertificateNotValid(Refusal):
    """No certificate of the person is valid on the day (SUB-18). Facts: on, status."""

    code: ClassVar[str] = "certificate_not_valid"


class PersonNotKnown(Refusal):
    """The register has announced no such person within the caller's divisions."""

    code: ClassVar[str] = "person_not_known"


class PersonHasDied(Refusal):
    """No award for a person whose death is on record. Facts: died_on."""

    code: ClassVar[str] = "person_has_died"


class PayeeNotFound(Refusal):
    """No payee was recorded for the award yet."""

    code: ClassVar[str] = "payee_not_found"


class AwardExists(Refusal):
    """The person has a running award of this scheme. Facts: scheme."""

    code: ClassVar[str] = "award_exists"


class StartMonthNotAllowed(Refusal):
    """Entitlement starts with the month of the application, which cannot lie ahead (SUB-35). Facts: given, latest."""

    code: ClassVar[str] = "start_month_not_allowed"
