"""Refusals of the rehab service.

Refusal
├── CaseNotFound
├── PersonNotKnown          not in our copy of the register (yet), or outside the scope
├── PersonHasDied
├── CaseExists              one open case per person
├── CaseStepNotAllowed      RULES 7.6
├── DeathIsTheRegisters     DIED follows from the register's fact, never from a form
├── DateInFuture
└── ClosedBeforeOpened
"""

from __future__ import annotations

from typing import ClassVar

from shared.values.refusal import Refusal


class CaseNotFound(Refusal):
    """No such case within the caller's divisions."""

    code: ClassVar[str] = "case_not_found"


class PersonNotKnown(Refusal):
    """The register has announced no such person within the caller's divisions."""

    code: ClassVar[str] = "person_not_known"


class PersonHasDied(Refusal):
    """No case for a person whose death is on record. Facts: died_on."""

    code: ClassVar[str] = "person_has_died"


class CaseExists(Refusal):
    """The person has an open case; a further need belongs into it."""

    code: ClassVar[str] = "case_exists"


class CaseStepNotAllowed(Refusal):
    """RULES 7.6 does not know this step here. Facts: step, status, allowed."""

    code: ClassVar[str] = "case_step_not_allowed"


class DeathIsTheRegisters(Refusal):
    """A death is recorded at the registry and closes the case by itself; a wrong one must be able to reopen it."""

    code: ClassVar[str] = "death_is_the_registers"


class DateInFuture(Refusal):
    """The date lies after today. Facts: field, given, today."""

    code: ClassVar[str] = "date_in_future"


class ClosedBeforeOpened(Refusal):
    """A case cannot end before it began. Facts: given, opened_on."""

    code: ClassVar[str] = "closed_before_opened"
