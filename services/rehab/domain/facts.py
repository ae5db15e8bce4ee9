"""What can happen to a case. Private: `announcements` decides what the world hears."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.rehab.domain.case import Case


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
class CaseWasFlagged(Fact):
    """The person moved and somebody has to decide; or the flag was lifted, because they did or the move was wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWasClosed(Fact):
    """Ended by people, or by a death."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWasReopened(Fact):
    """The death that closed it was withdrawn as wrong."""
