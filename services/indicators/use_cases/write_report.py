"""The work report of a division and period: its numbers beside those before, targets, ranks and what is to be cleared.

It tells what is frozen and approved where there is such a snapshot, and what is known now where there is none; every
edition says which of the two it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.indicators.domain.definition import Count, Definition, Direction, Nature, Rate, Source
from services.indicators.use_cases.check_figures import Finding, check_figures
from services.indicators.use_cases.editions import Edition
from services.indicators.use_cases.read_board import Targets, Told, met_by, ranking
from services.indicators.use_cases.read_figures import FigureState

RANKED_MIN: Final = 2
"""Of one alone there is no order."""


@dataclass(frozen=True, slots=True)
class Line:
    """One number of the report with what it is compared to. ``note``: where its lineage is told, from 1."""

    told: Told
    before: int | None
    a_year_before: int | None
    note: int

    def changed(self, then: int | None) -> int | None:
        """How much it has moved since; None where that cannot be said."""
        value = self.told.number.value
        return None if value is None or then is None else value - then


@dataclass(frozen=True, slots=True)
class Chapter:
    """The lines fed by one publisher; None: what divisions report."""

    source: Source | None
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class WorkReport:
    """Everything on paper. ``table``: every number here and directly below."""

    division: str
    this: Edition
    before: Edition
    a_year_before: Edition
    chapters: Sequence[Chapter]
    rankings: Sequence[tuple[Line, Sequence[Told]]]
    to_clear: Sequence[Told]
    table: Sequence[Told]
    findings: Sequence[Finding]

    def lines(self) -> Iterator[Line]:
        """Every line, in the order of their notes."""
        for chapter in self.chapters:
            yield from chapter.lines

    def then(self, told: Told) -> tuple[int | None, int | None]:
        """What a number was a period and a year before; None where that is not known, or was counted otherwise."""
        before, a_year_before = (
            _comparable(other, told.definition, told.division) for other in (self.before, self.a_year_before)
        )
        return before, a_year_before

    def unmet(self) -> list[Line]:
        """Lines whose target is not reached."""
        return [line for line in self.lines() if line.told.met is False]

    def missing(self) -> list[Line]:
        """Lines nobody has reported."""
        return [line for line in self.lines() if line.told.number.state is FigureState.MISSING]


def write_report(division: str, this: Edition, before: Edition, a_year_before: Edition, targets: Targets) -> WorkReport:
    """Put the numbers in their order. A definition that has changed since is not compared: it counted otherwise."""
    table = [_told(this, place, code, targets) for place, code in this.numbers]
    here = {each.definition.code: each for each in table if each.division == division}
    below = [each for each in table if each.division != division]
    chapters: list[Chapter] = []
    notes = 0
    for source in (*Source, None):
        told = [
            here[code] for code, each in this.definitions.items() if code in here and source_of(each, this) is source
        ]
        lines = [
            Line(
                each,
                _comparable(before, each.definition, division),
                _comparable(a_year_before, each.definition, division),
                number,
            )
            for number, each in enumerate(told, start=notes + 1)
        ]
        notes += len(lines)
        if lines:
            chapters.append(Chapter(source, lines))
    return WorkReport(
        division=division,
        this=this,
        before=before,
        a_year_before=a_year_before,
        chapters=chapters,
        rankings=[
            (line, ranked)
            for chapter in chapters
            for line in chapter.lines
            if line.told.definition.nature is Nature.RATE
            and (ranked := _ranked(line.told.definition, below))
        ],
        to_clear=[
            each
            for each in (below or here.values())
            if each.definition.direction is Direction.DOWN and each.target == 0 and each.met is False
        ],
        table=table,
        findings=check_figures(division, this, before),
    )  # fmt: skip


def source_of(definition: Definition, edition: Edition) -> Source | None:
    """Whose events feed an indicator: a rate's are those of its numerator."""
    match definition.form:
        case Count() as count:
            return count.kind.source
        case Rate() as rate:
            return source_of(edition.definitions[rate.numerator], edition)
        case _:
            return None


def _comparable(other: Edition, definition: Definition, division: str) -> int | None:
    then = other.definitions.get(definition.code)
    return None if then is None or then.version != definition.version else other.value(division, definition.code)


def _ranked(definition: Definition, below: Sequence[Told]) -> Sequence[Told]:
    """Those with a number, the best first; nothing where they are not enough to have an order, or no way is better."""
    if definition.direction is None:
        return ()
    told = [each for each in below if each.definition.code == definition.code and each.number.value is not None]
    return ranking(told, definition.direction) if len(told) >= RANKED_MIN else ()


def _told(edition: Edition, place: str, code: str, targets: Targets) -> Told:
    definition, number = edition.definitions[code], edition.numbers[place, code]
    target = targets.get((place, code), definition.target)
    return Told(definition, place, number, target, met_by(number.value, target, definition.direction))
