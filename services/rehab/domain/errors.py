"""Refusals of the rehab service.

Refusal
├── CaseNotFound
├── PersonNotKnown          not in our copy of the register (yet), or outside the scope
├── PersonHasDied
├── CaseExists              one open case per person
├── CaseStepNotAllowed      RULES 7.6
├── DeathIsTheRegisters     DIED follows from the register's fact, never from a form
├── DateInFuture
├── ClosedBeforeOpened
├── BeforeOpening           something of a case dated before it began
├── ConsentIsMissing        RULES 7.6: nobody is served without consent
├── AnswerIsNotDue          the institution has time to answer
├── PauseIsNotTooLong
└── LimitExists
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


class BeforeOpening(Refusal):
    """Nothing of a case is older than the case. Facts: field, given, opened_on."""

    code: ClassVar[str] = "before_opening"


class ConsentIsMissing(Refusal):
    """The client, or the guardian, has not consented; record it first."""

    code: ClassVar[str] = "consent_is_missing"


class AnswerIsNotDue(Refusal):
    """A referral is taken back only after the time to answer it. Facts: due_on."""

    code: ClassVar[str] = "answer_is_not_due"


class PauseIsNotTooLong(Refusal):
    """A paused case is dropped only when the pause was too long. Facts: due_on."""

    code: ClassVar[str] = "pause_is_not_too_long"


class LimitExists(Refusal):
    """This limit was set for this division from that day on. Facts: valid_from."""

    code: ClassVar[str] = "limit_exists"
