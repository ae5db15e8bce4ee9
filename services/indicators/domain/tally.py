"""What is kept counted month by month, so that a figure need not be counted again from everybody's spells.

A facet is a kind of spell with some traits, and a way of counting it. Several definitions may read one facet: who is
present in a month, who was at some time of a period and who ever was are all told by when persons came and went.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.indicators.domain.definition import Count, Counting, Definition, Kind
from shared.values.division import Level

EVERYTHING: Final = ("%",)
COUNTRY: Final = 0
KEPT: Final = frozenset({COUNTRY, Level.PROVINCE, Level.PREFECTURE, Level.COUNTY, Level.TOWNSHIP})
"""How many digits of a code name a place that is kept counted; villages are counted from their spells."""


class Family(StrEnum):
    """SPELLS: each comes and goes; PERSONS: each comes and goes once, however many spells (RU-02); the flows."""

    SPELLS = "SPELLS"
    PERSONS = "PERSONS"
    BEGAN = "BEGAN"
    ENDED = "ENDED"


FLOWS: Final = frozenset({Family.BEGAN, Family.ENDED})
"""Their months add up; the others are what came and went until then."""


@dataclass(frozen=True, slots=True)
class Facet:
    """Something that is kept counted."""

    kind: Kind
    family: Family
    traits: tuple[str, ...] = EVERYTHING

    @property
    def code(self) -> str:
        """Its name in the table."""
        return f"{self.kind}:{self.family}:{'|'.join(self.traits)}"


def facet_of(count: Count) -> Facet | None:
    """What a count can be read from; None: only from the spells."""
    family: Family | None
    match count:
        case Count(despite_stop=True):
            family = None
        case Count(counting=Counting.BEGAN):
            family = Family.BEGAN
        case Count(counting=Counting.ENDED):
            family = Family.ENDED
        case Count(counting=Counting.STOCK):
            family = Family.PERSONS if count.distinct else Family.SPELLS
        case Count(counting=Counting.EVER, distinct=True):
            family = Family.PERSONS
        case Count(counting=Counting.DURING, distinct=True) if count.kind.by_month:
            family = Family.PERSONS
        case _:
            family = None
    return None if family is None else Facet(count.kind, family, count.traits or EVERYTHING)


def facets(definitions: Iterable[Definition]) -> dict[str, Facet]:
    """Everything some definitions read, by its code."""
    told = (facet_of(each.form) for each in definitions if isinstance(each.form, Count))
    return {facet.code: facet for facet in told if facet is not None}


def grain_of(digits: int) -> int:
    """Whose turns add up to a level: those by townships, or those by counties."""
    return int(Level.TOWNSHIP) if digits == Level.TOWNSHIP else int(Level.COUNTY)
