"""What can happen to an award. Private: `announcements` decides what the world hears."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.subsidy.domain.award import Award


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that happened to an award, and the trace of the request that caused it."""

    event_id: UUID
    occurred_at: datetime
    award: Award
    trace_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardWasGranted(Fact):
    """A new award runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardWasSuspended(Fact):
    """A stop fact reached the award, or an earlier one replaced the cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardWasResumed(Fact):
    """The fact was withdrawn as wrong; ``withdrawn_kind`` says what it had been."""

    withdrawn_kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardWasStopped(Fact):
    """The month turned past ``effective_month`` while the fact stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardWasChanged(Fact):
    """A person paused or resumed it, or the cause behind a pause or an ended award is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardWasTerminated(Fact):
    """A person ended it for good."""
