"""The catalogue of services (REH-12, REH-45): category × age band × item × cycle × payer × price × service life.

Dated data of a division, that an administrator edits; a plan takes the item in force on the day it begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.rehab.domain.measures import AgeBand, Mode, Payer
from shared.values.disability import DisabilityCategory
from shared.values.division import Division


class ItemKind(StrEnum):
    """What an item is (REH-12)."""

    ASSESSMENT = "ASSESSMENT"
    SURGERY = "SURGERY"
    MEDICINE = "MEDICINE"
    TRAINING = "TRAINING"
    DEVICE = "DEVICE"
    SUPPORT = "SUPPORT"


class Cycle(StrEnum):
    """How often it is given."""

    ONCE = "ONCE"
    SESSION = "SESSION"
    MONTH = "MONTH"
    YEAR = "YEAR"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueItem:
    """``price_fen`` is the most one session (delivery) may cost; ``valid_to`` is the last day, None: open."""

    item_id: UUID
    division: Division
    item_code: str
    kind: ItemKind
    categories: frozenset[DisabilityCategory]
    age_bands: frozenset[AgeBand]
    modes: frozenset[Mode]
    payers: frozenset[Payer]
    cycle: Cycle
    price_fen: int
    valid_from: date
    valid_to: date | None = None
    service_life_months: int | None = None

    def in_force(self, division: Division, day: date) -> bool:
        """Whether it may be planned in a division for something that begins on the day."""
        return (
            self.division.contains(division)
            and self.valid_from <= day
            and (self.valid_to is None or day <= self.valid_to)
        )
