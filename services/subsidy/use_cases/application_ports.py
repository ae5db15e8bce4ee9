"""What the use cases about applications need from the world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from services.subsidy.domain.application import Application
from services.subsidy.domain.application_state import ApplicationStep
from services.subsidy.domain.application_timing import Timing
from services.subsidy.domain.award import Award
from services.subsidy.domain.objection import Objection
from services.subsidy.domain.verdict import Verdict
from services.subsidy.use_cases.ports import Work
from shared.values.award import Scheme
from shared.values.division import Division, Scope

Sealed = Mapping[str, bytes]
"""Encrypted columns, sealed where the values came in."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A refusal in words for the applicant, encrypted."""

    sealed_words: bytes


class Applications(Protocol):
    """Applications. Reading is for whoever has a part in the case: the home county and the place that took it in."""

    async def get(self, application_id: UUID, *, within: Scope) -> Application | None:
        """Lock and load."""

    async def add(self, one: Application, form: Sealed) -> bool:
        """Insert with its first step; False when the person has an open application of the scheme."""

    async def save(
        self, before: Application, after: Application, step: ApplicationStep, reason: Reason | None = None
    ) -> bool:
        """Store what a step changed, and the step; False when the person has another open application."""

    async def tell(self, after: Application) -> None:
        """Store that the applicant was told."""

    async def post_notice(self, one: Application, division: Division) -> None:
        """Store what is posted, and where."""

    async def end_notices(self, one: Application) -> None:
        """Nothing of the case is posted any more."""

    async def object(self, one: Objection) -> None:
        """Store an objection."""

    async def objection(self, objection_id: UUID, one: Application, *, within: Scope) -> Objection | None:
        """Lock and load an objection to the case."""

    async def decide_objection(self, one: Objection) -> None:
        """Store what was decided."""

    async def open_objections(self, one: Application, *, within: Scope) -> int:
        """How many wait for an answer."""


class CaseWork(Work, Protocol):
    """One transaction about a case."""

    @property
    def applications(self) -> Applications:
        """Applications."""

    async def home(self, person_id: UUID) -> Division | None:
        """Where the person is registered, as the register said last: that authority decides and pays (SUB-26)."""

    async def timing(self, *, home: Division, acceptance: Division) -> Timing:
        """Today, the limits of the home county and the calendars of both places."""

    async def verdict(self, one: Application) -> Verdict:
        """What the rules say about the day of the application, asked of our own copy of the facts."""

    async def quota(self, one: Application) -> int | None:
        """How many awards of the scheme the home county may have; None: as many as there are people."""

    async def running(self, scheme: Scheme, county: Division) -> int:
        """How many awards of the scheme the county has."""

    async def has_running(self, person_id: UUID, scheme: Scheme) -> bool:
        """Whether an award of the scheme is being paid to the person."""

    async def supersede(self, person_id: UUID, scheme: Scheme) -> Sequence[Award]:
        """A suspended award ends where a new application follows it (RULES 4.7); those that did."""
