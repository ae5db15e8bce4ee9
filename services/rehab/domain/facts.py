"""What can happen to a case. Private: `announcements` decides what the world hears."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.rehab.domain.case import Case
from services.rehab.domain.plan import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that happened to a case, and the trace of the request that caused it."""

    event_id: UUID
    occurred_at: datetime
    case: Case
    trace_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWasOpened(Fact):
    """A need was registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseHasAdvanced(Fact):
    """A step of RULES 7.6 was taken that neither ends the case nor agrees on a plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWasFlagged(Fact):
    """Somebody has to look: the person moved, or a certificate changed; or the flag was lifted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWasClosed(Fact):
    """Ended by people, or by a death."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWasReopened(Fact):
    """The death that closed it was withdrawn as wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanWasAgreed(Fact):
    """A plan or its revision was signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionWasLogged(Fact):
    """Client and therapist met, or should have."""

    session: Session
    session_version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionWasVoided(Fact):
    """It was logged by mistake."""

    session: Session
    session_version: int
