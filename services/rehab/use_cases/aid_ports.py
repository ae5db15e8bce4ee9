"""What giving aid needs from the world."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from services.rehab.domain.aid import AidProgramme
from services.rehab.domain.aid_delivery import Delivery, Place, ReleaseReason, Settlement
from services.rehab.domain.measures import AgeBand, Mode
from services.rehab.use_cases.ports import Clients, Institutions, Sight
from shared.values.division import Scope


@dataclass(frozen=True, slots=True)
class Running:
    """A programme on record; places and deliveries take one that is in force."""

    programme_id: UUID
    in_force: bool
    document: AidProgramme


class Outcome(StrEnum):
    """What came of enrolling somebody."""

    ENROLLED = "ENROLLED"
    UNCHANGED = "UNCHANGED"
    PERSON_NOT_KNOWN = "PERSON_NOT_KNOWN"
    PERSON_HAS_DIED = "PERSON_HAS_DIED"
    OUTSIDE_PROGRAMME = "OUTSIDE_PROGRAMME"
    NOT_QUALIFIED = "NOT_QUALIFIED"
    QUOTA_IS_TAKEN = "QUOTA_IS_TAKEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """Who is to be enrolled, in the order that counts when places are few."""

    persons: tuple[UUID, ...]
    age_band: AgeBand | None = None
    institution_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """One of them."""

    person_id: UUID
    outcome: Outcome
    place_id: UUID | None
    division: str | None


class Aid(Protocol):
    """Aid programmes, places, deliveries, settlements."""

    async def programme(self, programme_id: UUID, *, within: Scope, lock: bool = False) -> Running | None:
        """One that lies in the scope or around it; locked, nobody else takes a place or spends money until COMMIT."""

    async def enrol(self, running: Running, asked: Enrolment, *, within: Scope, today: date) -> list[Enrolled]:
        """Give places to those who qualify, in the order given, and say of each what came of it."""

    async def release_dead(self, persons: Collection[UUID] | None) -> list[UUID]:
        """Free the places of those who died; None: of everybody. The programme of each place."""

    async def free(self, programme_id: UUID, quota: int) -> int:
        """Places nobody holds; who takes one has locked the programme before."""

    async def place(self, place_id: UUID, *, within: Scope, sight: Sight) -> Place | None:
        """Lock and load; None outside the scope or out of sight."""

    async def used(self, place_id: UUID) -> bool:
        """Whether something was given on it."""

    async def release(self, one: Place, reason: ReleaseReason, *, on: date) -> None:
        """Free a place."""

    async def stages(self, place_id: UUID, item_code: str) -> set[str]:
        """Stages of an item that are on record."""

    async def pass_stage(self, one: Place, item_code: str, name: str, *, on: date) -> None:
        """Keep a stage."""

    async def spent(self, programme_id: UUID, person_id: UUID | None = None) -> int:
        """Money of a programme that is given, or under way; of one person."""

    async def serial_taken(self, item_code: str, serial: str) -> bool:
        """Whether that very thing was given to somebody."""

    async def deliver(self, to: Place, one: Delivery, covers: tuple[date, date | None], mode: Mode) -> bool:
        """Keep a delivery; False when the person has the same thing still."""

    async def delivery(self, delivery_id: UUID, *, within: Scope, sight: Sight) -> Delivery | None:
        """Lock and load; None outside the scope or out of sight."""

    async def save(self, one: Delivery, what: str) -> None:
        """Store what was decided about a delivery."""

    async def draw_up(self, settlement_id: UUID, programme_id: UUID, division: str, *, through: date) -> int:
        """Take what was delivered by a day, accepted and not yet settled into a settlement; how many."""

    async def settlement(self, settlement_id: UUID, *, within: Scope) -> tuple[Settlement, str] | None:
        """Lock and load with its division; None outside the scope."""

    async def settle(self, one: Settlement, division: str, *, by: str, today: date) -> None:
        """Store a step of a settlement, and what it means for its deliveries."""


class Needs(Protocol):
    """Who waits, and for what."""

    async def meet(self, person_id: UUID, item_code: str, delivery_id: UUID) -> None:
        """What was delivered is not waited for."""

    async def reopen(self, delivery_id: UUID) -> None:
        """What was delivered was refused or never was: the need stands, unless it was told anew."""

    async def next(self, programme_id: UUID, document: AidProgramme, count: int, *, today: date) -> list[UUID]:
        """Who is to be served next (REH-31)."""


class AidWork(Protocol):
    """One transaction about aid."""

    @property
    def aid(self) -> Aid:
        """Aid programmes."""

    @property
    def needs(self) -> Needs:
        """Who waits."""

    @property
    def clients(self) -> Clients:
        """Our copy of the register."""

    @property
    def institutions(self) -> Institutions:
        """Institutions."""

    def today(self) -> date:
        """The civil date."""

    def new_id(self) -> UUID:
        """A fresh time-ordered id."""
