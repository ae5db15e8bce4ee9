"""Read figures: one period by places, or one place by months.

Zero is a figure; a rate over zero is not applicable (RU-06), a value nobody reported is missing. A rate is divided at
the place it is asked for, from what is counted there: lower percentages are never averaged (RU-01).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.indicators.domain.breakdown import PLACES_MAX, Directory, Root
from services.indicators.domain.definition import Catalogue, Count, Definition, Rate, basis_points
from services.indicators.domain.errors import TooManyPlaces
from services.indicators.domain.period import Period
from services.indicators.use_cases.ports import AsOf, Figures, Told
from services.indicators.use_cases.shield_figures import Hidden, Shields, Telling


class FigureState(StrEnum):
    """Where a number comes from, or why there is none."""

    COMPUTED = "COMPUTED"
    REPORTED = "REPORTED"
    MISSING = "MISSING"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    SUPPRESSED = "SUPPRESSED"


@dataclass(frozen=True, slots=True)
class Number:
    """``value`` in the unit of the definition; of a rate also what was divided by what."""

    state: FigureState
    value: int | None = None
    numerator: int | None = None
    denominator: int | None = None

    @classmethod
    def divided(cls, state: FigureState, numerator: int, denominator: int) -> Number:
        """A rate (RU-06)."""
        value = basis_points(numerator, denominator)
        return cls(FigureState.NOT_APPLICABLE if value is None else state, value, numerator, denominator)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number: what, where, of when."""

    definition: Definition
    division: str
    period: Period
    number: Number


@dataclass(frozen=True, slots=True)
class Answer:
    """Numbers of one snapshot, and what it contained."""

    figures: list[Figure]
    data_time: datetime
    as_of: list[AsOf]


HIDDEN: Final = Number(FigureState.SUPPRESSED)
FIGURES_MAX: Final = 40_000
"""What one answer may hold."""
Numbers = Mapping[tuple[str, int], Number]
"""(division, index of the period) -> number."""


async def read_figures(
    wanted: Sequence[Definition],
    roots: Sequence[Root],
    asked: Sequence[Period],
    figures: Figures,
    *,
    telling: Telling,
    directory: Directory,
    catalogue: Catalogue,
) -> Answer:
    """Every indicator at every place in every period; what would tell of few is hidden. Raises `TooManyPlaces`."""
    places = sum(len(root.listed(directory)) for root in roots)
    places_max = min(PLACES_MAX, FIGURES_MAX // max(1, len(wanted) * len(asked)))
    if places > places_max:
        raise TooManyPlaces(places=places, places_max=places_max)
    data_time, as_of = await figures.as_of()
    told: list[Figure] = []
    for root in roots:
        reading = _Reading(root, asked, figures, catalogue)
        shields = Shields(root, asked, figures, telling, catalogue=catalogue)
        for definition in wanted:
            hidden = await shields.of(definition, directory)
            told += await reading.figures(definition, directory, hidden)
    return Answer(told, data_time, as_of)


class _Reading:
    """One root's numbers; what several rates divide is counted once."""

    def __init__(self, root: Root, asked: Sequence[Period], figures: Figures, catalogue: Catalogue) -> None:
        self._root, self._asked = root, asked
        self._figures, self._catalogue = figures, catalogue
        self._known: dict[str, Numbers] = {}
        self._told: Told | None = None

    async def figures(self, definition: Definition, directory: Directory, hidden: Hidden) -> list[Figure]:
        """One indicator at every place, those without anything among them. Nothing of what is hidden leaves."""
        known, nothing = await self.of(definition), self.absent(definition)
        places = sorted({*self._root.listed(directory), *(place for place, _ in known)})
        return [
            Figure(
                definition, place, period, HIDDEN if (place, index) in hidden else known.get((place, index), nothing)
            )
            for place in places
            for index, period in enumerate(self._asked)
        ]

    async def of(self, definition: Definition) -> Numbers:
        """The numbers of one definition."""
        if definition.code not in self._known:
            self._known[definition.code] = await self._made(definition)
        return self._known[definition.code]

    async def _made(self, definition: Definition) -> Numbers:
        match definition.form:
            case Count() as count:
                counted = await self._figures.count(count, self._root, self._asked)
                return {
                    (self._root.place(prefix), index): Number(FigureState.COMPUTED, value)
                    for (prefix, index), value in counted.items()
                }
            case Rate() as rate:
                parts = [self._catalogue.get(code) for code in (rate.numerator, rate.denominator)]
                above, below = [await self.of(part) for part in parts]
                without = [self.absent(part) for part in parts]
                return {key: _rate(above.get(key, without[0]), below.get(key, without[1])) for key in {*above, *below}}
            case _:
                if self._told is None:
                    self._told = await self._figures.reported(self._root, self._asked)
                return {
                    key: Number(FigureState.REPORTED, one.numerator)
                    if one.denominator is None
                    else Number.divided(FigureState.REPORTED, one.numerator, one.denominator)
                    for key, one in self._told.get(definition.code, {}).items()
                }

    def absent(self, definition: Definition) -> Number:
        """What stands where nothing was found."""
        match definition.form:
            case Count():
                return Number(FigureState.COMPUTED, 0)
            case Rate() as rate:
                above, below = (self.absent(self._catalogue.get(code)) for code in (rate.numerator, rate.denominator))
                return _rate(above, below)
            case _:
                return Number(FigureState.MISSING)


def _rate(numerator: Number, denominator: Number) -> Number:
    if numerator.value is None or denominator.value is None:
        return Number(FigureState.MISSING, None, numerator.value, denominator.value)
    return Number.divided(FigureState.COMPUTED, numerator.value, denominator.value)
