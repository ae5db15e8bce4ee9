"""What the use cases about persons' lives need from the world, besides what all need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from services.registry.domain.match_score import Traits
from services.registry.domain.match_tier import Described, Tier
from services.registry.domain.person_client import Client, Ground
from services.registry.domain.person_merge import Merge
from services.registry.domain.person_report import Known, Report, ReportKind, ReportSource
from services.registry.domain.survey import Answers
from services.registry.domain.survey_visit import Visit
from services.registry.use_cases.ports import Work
from shared.values.division import Division, Scope
from shared.values.personal import Diagnosis


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A person of the register, to weigh a report against. Of a merged record: the surviving one."""

    person_id: UUID
    division: Division
    traits: Traits
    known: Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A report as it came: what it says, of whom, and how its source calls it."""

    report: Report
    described: Described
    source_ref: str | None = None


class Merges(Protocol):
    """Merges of records."""

    async def add(self, merged: Merge) -> None:
        """Insert."""

    async def get(self, merge_id: UUID, *, within: Scope) -> Merge | None:
        """Lock and load; None outside the scope."""

    async def save(self, undone: Merge) -> None:
        """Store that it was undone."""

    async def living_certificate(self, person_id: UUID, *, within: Scope) -> UUID | None:
        """What a person holds that has not ended."""


class Clients(Protocol):
    """Admissions of clients without a certificate."""

    async def add(self, admitted: Client, ground: Ground, diagnosis: Diagnosis | None) -> None:
        """Insert."""

    async def get(self, client_id: UUID, *, within: Scope) -> Client | None:
        """Lock and load; None outside the scope."""

    async def save(self, changed: Client) -> None:
        """Store an end."""


class Reports(Protocol):
    """News from outside."""

    async def add(self, taken: Sequence[Taken]) -> None:
        """Insert."""

    async def by_ref(self, source: ReportSource, ref: str, *, within: Scope) -> Taken | None:
        """What a source sent under a reference; whoever brings the same at this moment waits."""

    async def get(self, report_id: UUID, *, within: Scope) -> Taken | None:
        """Lock and load; None outside the scope."""

    async def save(self, changed: Report, *, retracted: bool = False) -> None:
        """Store a step."""

    async def standing(self, person_id: UUID, kind: ReportKind, *, within: Scope) -> Sequence[Report]:
        """Those about a person that have, or confirm, an effect."""

    async def certificate_ended_by_death(self, person_id: UUID, *, within: Scope) -> UUID | None:
        """The certificate that was cancelled because its holder died."""


class Matching(Protocol):
    """Who of the register is meant."""

    async def meant(self, described: Sequence[Described], *, within: Scope) -> list[list[tuple[Found, Tier]]]:
        """For each description the persons it may be of, the surest tier only."""

    async def found(self, person_id: UUID, *, within: Scope) -> Found | None:
        """One person, to weigh a report against."""


class Places(Protocol):
    """Homes and residences with their history."""

    async def move(self, person_id: UUID, *, in_division: Division | None, since: date, permit_no: str | None) -> None:
        """Lives elsewhere than at home, or at home again."""

    async def take_back(self, person_id: UUID) -> Division | None:
        """The last change of home was a mistake; where the home was before."""


class Surveys(Protocol):
    """Visits of the survey."""

    async def known(
        self, person_ids: Sequence[UUID], *, within: Scope
    ) -> dict[tuple[UUID, int], tuple[Visit, Answers]]:
        """Every visit of these persons, by person and year."""

    async def add(self, visits: Sequence[tuple[Visit, Answers]]) -> None:
        """Insert."""

    async def get(self, visit_id: UUID, *, within: Scope) -> Visit | None:
        """Lock and load; None outside the scope."""

    async def save(self, visit: Visit, answers: Answers) -> None:
        """Store a correction."""


class PersonWork(Work, Protocol):
    """One transaction about persons' lives."""

    @property
    def surveys(self) -> Surveys:
        """Visits of the survey."""

    @property
    def merges(self) -> Merges:
        """Merges of records."""

    @property
    def clients(self) -> Clients:
        """Clients without a certificate."""

    @property
    def reports(self) -> Reports:
        """News from outside."""

    @property
    def matching(self) -> Matching:
        """Who is meant."""

    @property
    def places(self) -> Places:
        """Homes and residences."""
