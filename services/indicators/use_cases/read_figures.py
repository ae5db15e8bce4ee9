"""Read figures: one month by places, or one place by months. Zero is a figure (RU-06 concerns ratios only)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.indicators.domain.breakdown import PLACES_MAX, Directory, Root
from services.indicators.domain.definition import Definition
from services.indicators.domain.errors import TooManyPlaces
from services.indicators.domain.period import Period
from services.indicators.use_cases.ports import AsOf, Counted, Figures


@dataclass(frozen=True, slots=True)
class Figure:
    """One number."""

    definition: Definition
    division: str
    period: Period
    value: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Numbers of one snapshot, and what it contained."""

    figures: list[Figure]
    data_time: datetime
    as_of: list[AsOf]


async def read_figures(
    wanted: Sequence[Definition], roots: Sequence[Root], asked: Sequence[Period], figures: Figures, directory: Directory
) -> Answer:
    """Every indicator at every place in every month. Raises `TooManyPlaces`."""
    places = sum(len(root.listed(directory)) for root in roots)
    if places > PLACES_MAX:
        raise TooManyPlaces(places=places, places_max=PLACES_MAX)
    data_time, as_of = await figures.as_of()
    told: list[Figure] = []
    for definition in wanted:
        for root in roots:
            told += _filled(definition, root, asked, await figures.count(definition, root, asked), directory)
    return Answer(told, data_time, as_of)


def _filled(
    definition: Definition, root: Root, asked: Sequence[Period], counted: Counted, directory: Directory
) -> list[Figure]:
    known = {(root.place(prefix), index): value for (prefix, index), value in counted.items()}
    places = sorted({*root.listed(directory), *(place for place, _ in known)})
    return [
        Figure(definition, place, period, known.get((place, index), 0))
        for place in places
        for index, period in enumerate(asked)
    ]
