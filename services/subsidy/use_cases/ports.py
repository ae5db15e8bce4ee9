"""What the subsidy service's use cases need from the world."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from services.subsidy.domain.award import Award, Holder
from services.subsidy.domain.decisions import BackPayment, Pause
from services.subsidy.domain.facts import Fact
from services.subsidy.domain.person_facts import Revision
from shared.values.award import AwardStatus
from shared.values.division import Scope
from shared.values.month import Month


@dataclass(frozen=True, slots=True)
class Judged:
    """An award whose cause changed: before and now."""

    before: AwardStatus
    before_kind: str | None
    before_cause_id: UUID | None
    award: Award


class Holders(Protocol):
    """Our copy of the register."""

    async def get(self, person_ids: Sequence[UUID], *, within: Scope) -> dict[UUID, Holder]:
        """Lock (shared) and load: a stop event about them waits until the award stands, and then finds it."""


class Awards(Protocol):
    """Awards."""

    async def add(self, awards: Sequence[Award]) -> set[UUID]:
        """Insert; the ids that were inserted. Others have a running award of that scheme."""

    async def judge(self, persons: Collection[UUID] | None, traces: Mapping[UUID, str]) -> list[Judged]:
        """Bring awards in line with the stop facts of our copy, set-based; of everybody when ``persons`` is None.

        The governing fact of an award is the earliest one that stands and touches it (READ-01).
        """

    async def unite(self, merged: Collection[UUID], *, at: datetime) -> tuple[set[UUID], list[Award]]:
        """Records are one person's, or their own again; all that are concerned, and the awards that changed."""

    async def stop_turned(self, month: Month) -> list[Award]:
        """SUSPENDED awards whose ``effective_month`` has come since they were suspended become STOPPED."""

    async def follow(self, persons: Collection[UUID], month: Month) -> list[Judged]:
        """Bring awards in line with facts that are not the register's, as the one expression reads them in a month."""

    async def lock(self, award_id: UUID, *, within: Scope) -> Award | None:
        """One award, to be changed."""

    async def decide(
        self, before: Award, after: Award, *, step: str, decision_id: UUID | None, reason: str | None
    ) -> None:
        """Store what a person decided about an award, as a step of its life."""


class Decisions(Protocol):
    """Dated decisions about awards."""

    async def begin_pause(self, pause: Pause, *, person_id: UUID, reason: str) -> None:
        """From now on known."""

    async def open_pause(self, award_id: UUID) -> Pause:
        """The pause of a paused award."""

    async def end_pause(self, pause: Pause, until: Month, *, person_id: UUID, reason: str) -> None:
        """From now on known to end with a month; that it was open stays on record."""

    async def has_back_payment(self, award_id: UUID) -> bool:
        """Whether the gap before the award was granted already."""

    async def grant_back_payment(self, decision: BackPayment, award: Award, *, reason: str) -> None:
        """From now on known."""


class Facts(Protocol):
    """Facts about persons, as told and as they stand."""

    async def divisions(self, person_ids: Collection[UUID], *, within: Scope) -> dict[UUID, str]:
        """Where these persons belong, as far as they are known within the scope."""

    async def get(self, fact_ids: Sequence[UUID], *, within: Scope) -> dict[UUID, Revision]:
        """The newest revisions, locked."""

    async def add(self, revisions: Sequence[Revision], *, at: datetime) -> None:
        """Store revisions, each the successor of the newest on record; from this moment they stand."""


class Work(Protocol):
    """One transaction of the subsidy service."""

    @property
    def holders(self) -> Holders:
        """Our copy of the register."""

    @property
    def awards(self) -> Awards:
        """Awards."""

    async def schemes(self) -> frozenset[str]:
        """The codes of the schemes that the policies in force have, and the two of the national text."""

    def today(self) -> date:
        """The civil date."""

    def now(self) -> datetime:
        """The instant facts are recorded at."""

    def new_id(self) -> UUID:
        """A fresh time-ordered id."""

    def tell(self, *facts: Fact) -> None:
        """Announce facts with this transaction."""


class FactWork(Work, Protocol):
    """A transaction that records facts about persons."""

    @property
    def facts(self) -> Facts:
        """Facts about persons."""


class DecisionWork(Work, Protocol):
    """A transaction in which people decide about awards."""

    @property
    def decisions(self) -> Decisions:
        """Dated decisions."""
