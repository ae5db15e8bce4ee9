"""A dated fact that stops an entitlement from the following month (SUB-38): never deleted, only ended or withdrawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from shared.values.certificate import CertificateStatus, StopKind
from shared.values.division import Division


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """``stop_id`` is the id of the event that announced it. ``previous_status`` is what a reinstatement restores."""

    stop_id: UUID
    person_id: UUID
    certificate_id: UUID | None
    version: int
    division: Division
    kind: StopKind
    reason: str | None
    event_date: date
    ended_on: date | None = None
    withdrawn: bool = False
    previous_status: CertificateStatus | None = None

    @property
    def stands(self) -> bool:
        """Whether the fact holds now."""
        return self.ended_on is None and not self.withdrawn

    def end(self, *, on: date, version: int) -> Stop:
        """The fact was true and is over (unfrozen)."""
        return replace(self, ended_on=on, version=version)

    def withdraw(self, *, version: int) -> Stop:
        """The fact was wrong."""
        return replace(self, withdrawn=True, version=version)
