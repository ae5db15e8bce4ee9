"""Where a person belonged and lived, asked as of a day and as known on a day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from shared.values.division import Division


class PlaceKind(StrEnum):
    """HOME: registered residence (户籍地), whose county is responsible; RESIDENCE: where somebody lives (居住地)."""

    HOME = "HOME"
    RESIDENCE = "RESIDENCE"


class PlaceCause(StrEnum):
    """Why it changed."""

    TRANSFER = "TRANSFER"
    MOVE_REPORT = "MOVE_REPORT"
    DIVISION_CHANGE = "DIVISION_CHANGE"
    PERMIT = "PERMIT"
    CORRECTION = "CORRECTION"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A change: ``division`` since ``valid_from``, ``previous`` before. ``division`` None: lives at home again."""

    kind: PlaceKind
    division: Division | None
    previous: Division | None
    valid_from: date
    recorded_at: datetime
    withdrawn_at: datetime | None = None

    def known(self, at: datetime) -> bool:
        """Whether this was believed then."""
        return self.recorded_at <= at and (self.withdrawn_at is None or self.withdrawn_at > at)


def place_on(day: date, changes: Iterable[Place], *, known_at: datetime, present: Division | None) -> Division | None:
    """The place on a day, from all changes of one kind as they were known at a moment.

    ``present`` is the place when nothing ever changed. Of two changes of one day the later recorded one counts.
    """
    known = sorted(
        (change for change in changes if change.known(known_at)),
        key=lambda change: (change.valid_from, change.recorded_at),
    )
    until = [change for change in known if change.valid_from <= day]
    if until:
        return until[-1].division
    return known[0].previous if known else _before_any(changes, present)


def _before_any(changes: Iterable[Place], present: Division | None) -> Division | None:
    """Nothing was known to have changed yet: the place before the first change that ever was."""
    ever = sorted(changes, key=lambda change: change.recorded_at)
    return ever[0].previous if ever else present
