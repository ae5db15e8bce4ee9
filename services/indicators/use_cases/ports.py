"""What the indicators service's use cases need from the world."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from services.indicators.domain.breakdown import Root
from services.indicators.domain.definition import Definition, Kind, Source
from services.indicators.domain.period import Period


@dataclass(frozen=True, slots=True)
class Handover:
    """Another division took over an award or a case. ``version`` is the subject's after it: it orders handovers."""

    kind: Kind
    subject_id: UUID
    version: int
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


class Figures(Protocol):
    """Counts, all from one snapshot of the database."""

    async def count(self, definition: Definition, root: Root, asked: Sequence[Period]) -> Counted:
        """One indicator below one root, for some months in order."""

    async def as_of(self) -> tuple[datetime, list[AsOf]]:
        """The instant of the snapshot, and what it contains."""
