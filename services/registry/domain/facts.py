"""What can happen in the registry. Private: `announcements` decides what the world hears."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.registry.domain.certificate import Certificate
from services.registry.domain.certificate_state import Step
from services.registry.domain.person import Person
from services.registry.domain.person_client import Client
from services.registry.domain.person_merge import Merge
from services.registry.domain.stop import Stop
from services.registry.domain.survey_visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that happened to a person. ``event_id`` is known beforehand, because stops are named after it."""

    event_id: UUID
    occurred_at: datetime
    person: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonWasRegistered(Fact):
    """Entered the register."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeathWasReported(Fact):
    """A death became known."""

    stop: Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class DeathWasRetracted(Fact):
    """The report was wrong."""

    stop: Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateWasIssued(Fact):
    """A new certificate is valid."""

    certificate: Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateWasStopped(Fact):
    """Cancelled, frozen, expired or transferred: ``stop.kind`` says which."""

    certificate: Certificate
    stop: Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateWasUnfrozen(Fact):
    """The freeze ended; the fact was true while it lasted (SUB-47)."""

    certificate: Certificate
    stop: Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateWasSucceeded(Fact):
    """Renewed, changed or replaced: ``step`` says which.

    ``superseded`` is the old row; ``asked_on`` the day it was applied for.
    """

    step: Step
    certificate: Certificate
    superseded: Certificate
    asked_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateWasLost(Fact):
    """The holder declared the loss."""

    certificate: Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateWasReinstated(Fact):
    """The cancellation was wrong (RULES 3.2, reversal)."""

    certificate: Certificate
    stop: Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonWasChanged(Fact):
    """Belongs to another division; a certificate that follows because the division itself was changed."""

    certificate: Certificate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonsWereMerged(Fact):
    """Two records are one person: the one the fact is about."""

    merge: Merge


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonsWereUnmerged(Fact):
    """They are two after all."""

    merge: Merge


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientWasAdmitted(Fact):
    """Is served without a certificate (CERT-36, CERT-37)."""

    client: Client


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientWasEnded(Fact):
    """Is no longer served on that ground."""

    client: Client


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyWasRecorded(Fact):
    """The household was visited."""

    visit: Visit
