"""What the indicators service's use cases need from the world."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from services.indicators.domain.breakdown import Root
from services.indicators.domain.definition import Count, Kind, Source
from services.indicators.domain.period import Period


@dataclass(frozen=True, slots=True)
class Handover:
    """Another division became responsible. ``version`` is the subject's after it; the ids of events order handovers."""

    kind: Kind
    subject_id: UUID
    version: int
    event_id: UUID
    left: str
    on: date


class Spells(Protocol):
    """From when until when somebody or something counts, and where; derived from the copies, never from the clock."""

    async def align(self, source: Source, persons: Collection[UUID]) -> int:
        """Make the spells of some persons what the copies say; the number of spells that changed."""

    async def hand_over(self, handovers: Sequence[Handover]) -> None:
        """Remember since when another division has been responsible."""

    async def forget(self, source: Source) -> None:
        """Drop everything derived from one publisher, and only that."""

    async def next_persons(self, source: Source, limit: int) -> list[UUID]:
        """The persons a slow second look comes to next, round and round."""


class Work(Protocol):
    """One transaction of the indicators service."""

    @property
    def spells(self) -> Spells:
        """Spells."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """How much of a publisher's journal the figures contain."""

    publisher: str
    epoch: int
    position: int
    moved_at: datetime


Counted = Mapping[tuple[str, int], int]
"""(counted prefix, index of the period) -> figure; what is absent is zero."""


@dataclass(frozen=True, slots=True)
class ReportedFigure:
    """What a division reported. ``denominator`` None: it is no rate."""

    report_id: UUID
    numerator: int
    denominator: int | None


Told = Mapping[str, Mapping[tuple[str, int], ReportedFigure]]
"""indicator -> (division, index of the period) -> what was reported; what is absent was not."""


class Figures(Protocol):
    """Counts, all from one snapshot of the database."""

    async def count(self, count: Count, root: Root, asked: Sequence[Period]) -> Counted:
        """One count below one root, for some periods in order, without gaps."""

    async def reported(self, root: Root, asked: Sequence[Period]) -> Told:
        """What was reported and accepted, the newest of each place and period."""

    async def as_of(self) -> tuple[datetime, list[AsOf]]:
        """The instant of the snapshot, and what it contains."""
