"""Refusals of the registry.

Refusal
├── PersonNotFound, CertificateNotFound, StopNotFound, GuardianNotFound
├── GuardianDatesAreWrong
├── PersonIsRegistered            the identity number is taken (ID-01)
├── PersonHasDied / PersonIsAlive
├── PersonHasCertificate          one living certificate per person
├── CertificateStepNotAllowed     RULES 3.2
├── DateInFuture / DateBeforeIssue
└── TransferGoesNowhere           CERT-23
"""

from __future__ import annotations

from typing import ClassVar

from shared.values.refusal import Refusal


class PersonNotFound(Refusal):
    """No such person within the caller's divisions."""

    code: ClassVar[str] = "person_not_found"


class CertificateNotFound(Refusal):
    """No such certificate within the caller's divisions."""

    code: ClassVar[str] = "certificate_not_found"


class StopNotFound(Refusal):
    """No such stop fact within the caller's divisions."""

    code: ClassVar[str] = "stop_not_found"


class GuardianNotFound(Refusal):
    """No such guardian of a person within the caller's divisions."""

    code: ClassVar[str] = "guardian_not_found"


class GuardianDatesAreWrong(Refusal):
    """A guardianship cannot end before it begins. Facts: valid_from, valid_to."""

    code: ClassVar[str] = "guardian_dates_are_wrong"


class PersonIsRegistered(Refusal):
    """The identity number belongs to a registered person already (ID-01). Facts: person_id, when visible."""

    code: ClassVar[str] = "person_is_registered"


class PersonHasDied(Refusal):
    """The step needs a living person. Facts: died_on."""

    code: ClassVar[str] = "person_has_died"


class PersonIsAlive(Refusal):
    """No death is on record that could be retracted."""

    code: ClassVar[str] = "person_is_alive"


class PersonHasCertificate(Refusal):
    """A person holds at most one living certificate. Facts: certificate_id."""

    code: ClassVar[str] = "person_has_certificate"


class CertificateStepNotAllowed(Refusal):
    """RULES 3.2 does not know this step in this state. Facts: step, status, allowed."""

    code: ClassVar[str] = "certificate_step_not_allowed"


class DateInFuture(Refusal):
    """A fact cannot be dated after today. Facts: field, given, today."""

    code: ClassVar[str] = "date_in_future"


class DateBeforeIssue(Refusal):
    """A fact about a certificate cannot be dated before its issue. Facts: field, given, issued_on."""

    code: ClassVar[str] = "date_before_issue"


class TransferGoesNowhere(Refusal):
    """The receiving county is the one the certificate is in (CERT-23). Facts: division."""

    code: ClassVar[str] = "transfer_goes_nowhere"
