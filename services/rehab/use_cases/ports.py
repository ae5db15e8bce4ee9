"""What the rehab service's use cases need from the world."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from services.rehab.domain.case import Case, Client, FollowUpOutcome, Happened, TransferDecision
from services.rehab.domain.catalogue import CatalogueItem
from services.rehab.domain.facts import Fact
from services.rehab.domain.institution import Agreement, Institution, Staff
from services.rehab.domain.limits import Timing
from services.rehab.domain.measures import Assessment
from services.rehab.domain.plan import Plan, Session
from shared.values.division import Division, Scope


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody sees besides where: only cases of the institution they act for, or confidential ones as well."""

    account: str | None = None
    confidential: bool = False


WHOLE = Sight(confidential=True)
"""The house's own, and what somebody may see of themselves."""


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

    async def get(self, case_id: UUID, *, within: Scope, sight: Sight) -> Subject | None:
        """Lock the person's copy (shared), then the case, and load; None outside the scope or out of sight."""

    async def save(
        self, case: Case, happened: Happened, *, cause_id: UUID | None = None, reason: str | None = None
    ) -> None:
        """Store the changed case with its step, and the code of its reason."""

    async def judge(self, persons: Collection[UUID] | None, traces: Mapping[UUID, str]) -> list[Judged]:
        """Bring cases in line with the stop facts of our copy, set-based; of everybody when ``persons`` is None."""


class Care(Protocol):
    """What is done for the client of a case that was found in the caller's scope, and locked."""

    async def refer(self, case: Case, *, on: date, reason: str | None = None) -> None:
        """Keep that the case was referred, at its present version."""

    async def answer(self, case_id: UUID, answer: str, *, on: date, reason: str | None = None) -> None:
        """Keep how the last referral was answered."""

    async def assessments(self, case_id: UUID) -> tuple[Assessment, ...]:
        """All of them."""

    async def assess(self, case: Case, one: Assessment) -> None:
        """Keep an assessment."""

    async def plan(self, case: Case) -> Plan:
        """The plan in force."""

    async def agree(self, case: Case, plan: Plan) -> None:
        """Keep a plan; the revisions before stay."""

    async def attended(self, case: Case, item_no: int) -> int:
        """How many sessions of an item of the plan in force were attended."""

    async def log(self, case: Case, session: Session) -> bool:
        """Keep a session; False when somebody would be at two places at one time."""

    async def void(self, case: Case, session_id: UUID) -> tuple[Session, int] | None:
        """Declare a session void: what it was before, and its version now; None when the case has no such session."""

    async def expect_visits(self, case: Case, due: Collection[date]) -> None:
        """Keep when follow-up visits are due."""

    async def visit(self, case: Case, *, on: date, outcome: FollowUpOutcome) -> int:
        """Keep a visit: the earliest that is due, or one more; how many are still due."""


class Institutions(Protocol):
    """Designated institutions and what they may do."""

    async def get(self, institution_id: UUID, *, within: Scope, lock: bool = False) -> Institution | None:
        """One with its agreements; None outside the scope."""

    async def add(self, one: Institution, name: str) -> None:
        """Take in an application."""

    async def save(self, one: Institution, step: str, reason: str | None) -> None:
        """Store the changed institution with its step."""

    async def agree(self, one: Institution, agreement: Agreement, agreement_no: str) -> bool:
        """Keep an agreement; False when another covers one of its days."""

    async def has_place(self, one: Institution, agreement: Agreement) -> bool:
        """Whether a place is free; who takes it has locked the institution before."""

    async def staff(self, staff_ids: Collection[UUID]) -> Mapping[UUID, Staff]:
        """Those there are."""

    async def catalogue(self, item_ids: Collection[UUID]) -> Mapping[UUID, CatalogueItem]:
        """Those there are."""


class Work(Protocol):
    """One transaction of the rehab service."""

    @property
    def clients(self) -> Clients:
        """Our copy of the register."""

    @property
    def cases(self) -> Cases:
        """Cases."""

    @property
    def care(self) -> Care:
        """What is done for clients."""

    @property
    def institutions(self) -> Institutions:
        """Institutions and the catalogue."""

    async def timing(self, division: Division) -> Timing:
        """Today, the calendar and the limits of a place."""

    def today(self) -> date:
        """The civil date."""

    def now(self) -> datetime:
        """The instant facts are recorded at."""

    def new_id(self) -> UUID:
        """A fresh time-ordered id."""

    def tell(self, *facts: Fact) -> None:
        """Announce facts with this transaction."""
