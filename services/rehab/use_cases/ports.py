"""What the rehab service's use cases need from the world."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from services.rehab.domain.case import Case, Client, Happened, TransferDecision
from services.rehab.domain.facts import Fact
from shared.values.division import Division, Scope


@dataclass(frozen=True, slots=True)
class Subject:
    """A case about to be changed, and what the register says of its person."""

    case: Case
    client: Client

    def division_after(self, decision: TransferDecision) -> Division:
        """Who will be responsible: whoever decides must answer for that division too."""
        match decision:
            case TransferDecision.MOVE:
                return self.client.division
            case TransferDecision.CLOSE:
                return self.case.division


@dataclass(frozen=True, slots=True)
class Judged:
    """A case the register's facts have changed, what that was, and the fact."""

    happened: Happened
    cause_id: UUID
    case: Case


class Clients(Protocol):
    """Our copy of the register."""

    async def get(self, person_id: UUID, *, within: Scope) -> Client | None:
        """Lock (shared) and load: an event about them waits until the case stands, and then finds it."""


class Cases(Protocol):
    """Cases."""

    async def add(self, case: Case) -> Case | None:
        """Insert, linked to the person's last case; None when one is open."""

    async def get(self, case_id: UUID, *, within: Scope) -> Subject | None:
        """Lock the person's copy (shared), then the case, and load; None outside the scope."""

    async def save(self, case: Case, happened: Happened, *, cause_id: UUID | None = None) -> None:
        """Store the changed case with its step."""

    async def judge(self, persons: Collection[UUID] | None, traces: Mapping[UUID, str]) -> list[Judged]:
        """Bring cases in line with the stop facts of our copy, set-based; of everybody when ``persons`` is None."""


class Work(Protocol):
    """One transaction of the rehab service."""

    @property
    def clients(self) -> Clients:
        """Our copy of the register."""

    @property
    def cases(self) -> Cases:
        """Cases."""

    def today(self) -> date:
        """The civil date."""

    def now(self) -> datetime:
        """The instant facts are recorded at."""

    def new_id(self) -> UUID:
        """A fresh time-ordered id."""

    def tell(self, *facts: Fact) -> None:
        """Announce facts with this transaction."""
