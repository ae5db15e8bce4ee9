"""What the use cases of applications need from the world."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from services.registry.domain.application import Application
from services.registry.domain.application_state import ApplicationStep
from services.registry.domain.assessment import Conclusion, Institution
from services.registry.domain.booking import Booking, Slot
from services.registry.domain.objection import Objection
from services.registry.domain.papers import Paper
from services.registry.domain.timing import Timing
from services.registry.use_cases.ports import Work
from shared.values.certificate_number import CertificateNumber
from shared.values.division import Division, Scope


@dataclass(frozen=True, slots=True)
class PaperReceived:
    """A paper and its scan; without one the original was seen."""

    paper: Paper
    blob_id: UUID | None = None


class Applications(Protocol):
    """Applications, each with its papers, steps, notices and objections."""

    async def get(self, application_id: UUID, *, within: Scope) -> Application | None:
        """Lock and load; None when no county of the case lies in the scope."""

    async def add(self, application: Application, *, permit: str | None = None, follows: UUID | None = None) -> bool:
        """Insert with its first step; False when the person has an open application."""

    async def save(self, before: Application, after: Application, step: ApplicationStep, words: str | None) -> None:
        """Store the changed row and the step that changed it. ``words``: why, for the applicant."""

    async def rate(self, application: Application, *, within: Scope) -> None:
        """Store what the applicant thinks of it: no step of the case."""

    async def receive(self, application: Application, papers: Collection[PaperReceived], *, within: Scope) -> None:
        """Keep papers; one that was received before is replaced."""

    async def papers(self, application: Application, *, within: Scope) -> frozenset[Paper]:
        """What was received."""

    async def print_number(self, application: Application, number: CertificateNumber, *, within: Scope) -> None:
        """Keep the number that is on the card."""

    async def printed_number(self, application: Application, *, within: Scope) -> CertificateNumber:
        """The number that is on the card."""

    async def keep_conclusion(
        self, application: Application, conclusion: Conclusion, institution: Institution, *, within: Scope
    ) -> None:
        """Store what was concluded, measures and signatures encrypted."""

    async def post_notice(self, application: Application, *, within: Scope) -> UUID:
        """Store what is posted, and where."""

    async def end_notices(self, application: Application, *, within: Scope) -> None:
        """Nothing of the case is posted any more."""

    async def object(self, objection: Objection, *, within: Scope) -> None:
        """Store an objection."""

    async def objection(self, objection_id: UUID, application: Application, *, within: Scope) -> Objection | None:
        """Lock and load an objection to the case."""

    async def decide_objection(self, objection: Objection, *, within: Scope) -> None:
        """Store what was decided."""

    async def open_objections(self, application: Application, *, within: Scope) -> int:
        """How many wait for an answer."""


class Institutions(Protocol):
    """Assessment institutions with their slots and bookings."""

    async def get(self, institution_id: UUID, *, within: Scope) -> Institution | None:
        """One institution."""

    async def slot(self, slot_id: UUID, *, within: Scope) -> Slot | None:
        """One slot."""

    async def take(self, slot: Slot, *, within: Scope) -> bool:
        """Take a place; False when none is left."""

    async def book(self, booking: Booking, *, within: Scope) -> None:
        """Store a booking."""

    async def standing(self, application: Application, *, within: Scope) -> Booking | None:
        """Lock and load the booking that stands."""

    async def end_booking(self, booking: Booking, *, within: Scope) -> None:
        """Store how it ended; a cancelled one gives its place back."""


class CaseWork(Work, Protocol):
    """One transaction of the registry about applications."""

    @property
    def applications(self) -> Applications:
        """Applications."""

    @property
    def institutions(self) -> Institutions:
        """Assessment institutions."""

    async def timing(self, division: Division) -> Timing:
        """Today, the calendar of a division and everybody's local rules."""
