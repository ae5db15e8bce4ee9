"""Decide which figures are hidden: the same ones, whatever part of the country and of the year is asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.indicators.domain.breakdown import Directory, Root
from services.indicators.domain.definition import Catalogue, Count, Counting, Definition, PeriodType, Rate
from services.indicators.domain.period import Period
from services.indicators.domain.small_cells import Group, hidden_places, is_small
from services.indicators.use_cases.ports import Figures
from shared.values.division import EVERYWHERE, Division, Level
from shared.values.month import Month

FLOWS: Final = frozenset({Counting.BEGAN, Counting.ENDED})
"""Their months add up to quarters, half-years and years."""
Hidden = frozenset[tuple[str, int]]
"""(division, index of the period)."""


ALL_TOLD: Final = 2
"""A minimum below it hides nothing."""


@dataclass(frozen=True, slots=True)
class Telling:
    """From how many on a number is told, and the day that decides which years are over."""

    minimum: int
    today: date


class Shields:
    """What is hidden below one root in some periods; what several definitions share is decided once."""

    def __init__(
        self, root: Root, asked: Sequence[Period], figures: Figures, telling: Telling, *, catalogue: Catalogue
    ) -> None:
        self._asked, self._figures, self._telling, self._catalogue = asked, figures, telling, catalogue
        self._steps = _steps(root)
        self._known: dict[str, Hidden] = {}

    async def of(self, definition: Definition, directory: Directory) -> Hidden:
        """Where and when a definition is not told; a rate is not where one of its parts is not."""
        if self._telling.minimum < ALL_TOLD:
            return frozenset()
        if isinstance(definition.form, Rate):
            parts = (definition.form.numerator, definition.form.denominator)
            return frozenset().union(*[await self.of(self._catalogue.get(code), directory) for code in parts])
        if (shield := definition.shield) is None or not isinstance(definition.form, Count):
            return frozenset()
        if shield not in self._known:
            told = [each for each in self._catalogue if each.shield == shield]
            decide = self._flows if definition.form.counting in FLOWS else self._each
            self._known[shield] = await decide(told, directory)
        return self._known[shield]

    async def _each(self, told: Sequence[Definition], directory: Directory) -> Hidden:
        """Every period on its own: a stock on a day, persons of a period."""
        codes = dict.fromkeys(code for each in told for code in (each.code, *each.near))
        values = {code: await self._counted(self._catalogue.get(code), self._asked) for code in codes}
        found: set[tuple[str, int]] = set()
        for index in range(len(self._asked)):
            at = {
                code: {place: n for (place, i), n in counted.items() if i == index} for code, counted in values.items()
            }
            places = {place for counted in at.values() for place in counted}
            small = {place for place in places if any(self._betrays(each, at, place) for each in told)}
            sizes = {place: sum(at[each.code].get(place, 0) for each in told) for place in places}
            found |= {(place, index) for place in self._hidden(places, small, sizes, directory)}
        return frozenset(found)

    def _betrays(self, definition: Definition, at: Mapping[str, Mapping[str, int]], place: str) -> bool:
        """Whether a number is small, or so near to another that those between are few."""
        value = at[definition.code].get(place, 0)
        others = [at[code].get(place, 0) for code in definition.near]
        return any(self._small(each) for each in (value, *(abs(other - value) for other in others)))

    async def _flows(self, told: Sequence[Definition], directory: Directory) -> Hidden:
        """By years: one small month hides the months of its year, and the year with them while it runs."""
        found: set[tuple[str, int]] = set()
        for year in {period.span.first.year for period in self._asked}:
            january, today = Month(year, 1), self._telling.today
            over = january.plus(11).last_day < today
            last = january.plus(11) if over else Month.of(today)
            months = [Period.of(month, today=today) for month in january.through(last)]
            counted: dict[str, list[list[int]]] = {}
            for number, each in enumerate(told):
                for (place, index), n in (await self._counted(each, months)).items():
                    counted.setdefault(place, [[0] * len(months) for _ in told])[number][index] = n
            parts = {place for place, rows in counted.items() if any(self._small(n) for row in rows for n in row)}
            whole = {place for place, rows in counted.items() if any(self._small(sum(row)) for row in rows)}
            sizes = {place: sum(map(sum, rows)) for place, rows in counted.items()}
            whole = self._hidden(counted, whole if over else whole | parts, sizes, directory)
            parts = self._hidden(counted, parts, sizes, directory, whole) if over else whole
            for index, period in enumerate(self._asked):
                if period.span.first.year == year:
                    hidden = whole if period.span.kind is PeriodType.YEAR else parts
                    found |= {(place, index) for place in hidden}
        return frozenset(found)

    def _small(self, value: int) -> bool:
        return is_small(value, self._telling.minimum)

    def _hidden(
        self,
        places: Collection[str],
        small: Collection[str],
        sizes: Mapping[str, int],
        directory: Directory,
        already: Collection[str] = (),
    ) -> set[str]:
        groups = _groups(self._steps, places, directory)
        return hidden_places(groups, small, sizes, self._telling.minimum, already=already)

    async def _counted(self, definition: Definition, asked: Sequence[Period]) -> dict[tuple[str, int], int]:
        """At every place that matters: those asked about, those above, and what lies beside each."""
        assert isinstance(definition.form, Count)
        told: dict[tuple[str, int], int] = {}
        for step in self._steps:
            counted = await self._figures.count(definition.form, step, asked)
            told |= {(step.place(prefix), index): n for (prefix, index), n in counted.items()}
        return told


def _steps(root: Root) -> list[Root]:
    """From the whole country down to what is asked for, level by level."""
    told, above = [Root(EVERYWHERE)], EVERYWHERE
    for level in Level:
        if level <= root.digits:
            told.append(Root(above, level))
            above = Division.parse(root.prefix[:level]).code if level <= len(root.prefix) else root.code
    return told


def _groups(steps: Sequence[Root], places: Collection[str], directory: Directory) -> list[Group]:
    """What adds up to what, from the top down. A prefecture without counties is its own county, and no part of it."""
    groups: list[Group] = []
    above = {EVERYWHERE}
    for step in steps[1:]:
        level = step.digits
        found = {place for place in places if len(place) == level and place.startswith(step.prefix)}
        parts: defaultdict[str, list[str]] = defaultdict(list)
        for part in sorted({*step.listed(directory), *found} - above):
            parts[max((whole for whole in above if whole == EVERYWHERE or part.startswith(whole)), key=len)].append(
                part
            )
        groups += [Group(whole, within) for whole, within in sorted(parts.items())]
        above |= {part for within in parts.values() for part in within}
    return groups
