"""What is hidden cannot be learnt from what is told, by whoever adds up and subtracts all of it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.indicators.adapters.catalogue import CATALOGUE
from services.indicators.domain.breakdown import Root
from services.indicators.domain.definition import Count, Counting
from services.indicators.domain.period import Period, Span
from services.indicators.domain.small_cells import Group, hidden_places
from services.indicators.use_cases.ports import AsOf, Counted, Told
from services.indicators.use_cases.read_figures import Figure, FigureState, read_figures
from services.indicators.use_cases.shield_figures import Telling
from shared.values.division import Division, Level

MINIMUM: Final = 5
TREE: Final = {
    "*": ["34"],
    "34": ["3401", "3415"],
    "3401": ["340101"],
    "3415": ["341501", "341502", "341503"],
    "340101": ["340101001", "340101002"],
    "341501": ["341501001"],
    "341502": ["341502001", "341502002", "341502003"],
    "341503": ["341503001", "341503002"],
}
LEAVES: Final = sorted(part for parts in TREE.values() for part in parts if part not in TREE)
PLACES: Final = [*TREE, *LEAVES]
TODAY: Final = date(2026, 5, 20)
Cell = tuple[str, str, str]
"""Indicator, place, period."""


class Country:
    """A directory of a few places."""

    def __contains__(self, division: object) -> bool:
        return str(division) in PLACES

    def children(self, division: Division | str) -> Sequence[Division]:
        return [Division.parse(part) for part in TREE.get(str(division), [])]

    def within(self, division: Division | str, *levels: Level) -> list[Division]:
        prefix = str(division)
        return [Division.parse(each) for each in PLACES if each.startswith(prefix) and len(each) in levels]


class Books:
    """What is counted: numbers of leaves by month, summed up."""

    def __init__(self, numbers: Mapping[tuple[str, str], Sequence[int]]) -> None:
        self.numbers = numbers
        """(indicator, leaf) -> one number a month of the year that is over, and of the running one."""
        self._known: dict[tuple[Count, Root, tuple[Period, ...]], Counted] = {}

    async def count(self, count: Count, root: Root, asked: Sequence[Period]) -> Counted:
        key = (count, root, tuple(asked))
        if key not in self._known:
            self._known[key] = self._counted(*key)
        return self._known[key]

    def _counted(self, count: Count, root: Root, asked: Sequence[Period]) -> Counted:
        (code,) = [each.code for each in CATALOGUE if each.form == count]
        flow = count.counting in {Counting.BEGAN, Counting.ENDED}
        told: dict[tuple[str, int], int] = {}
        for (indicator, leaf), numbers in self.numbers.items():
            if indicator == code and leaf.startswith(root.prefix):
                for index, period in enumerate(asked):
                    first, last = (month.minus(MONTHS[0]) for month in (period.span.first, period.reference_month))
                    value = sum(numbers[first : last + 1]) if flow else numbers[last]
                    key = (leaf[: root.digits], index)
                    told[key] = told.get(key, 0) + value
        return told

    async def reported(self, root: Root, asked: Sequence[Period]) -> Told:
        return {}

    async def as_of(self) -> tuple[datetime, list[AsOf]]:
        return datetime(2026, 5, 20, tzinfo=UTC), []


MONTHS: Final = [*Span.parse("2025-01").first.through(Span.parse("2026-05").first)]
PERIODS: Final = [
    *(f"{year}-{month:02}" for year, months in ((2025, 12), (2026, 5)) for month in range(1, months + 1)),
    *(f"2025-Q{number}" for number in range(1, 5)), "2026-Q1", "2026-Q2", "2025-H1", "2025-H2", "2026-H1",
    "2025", "2026",
]  # fmt: skip


def everything(books: Books, codes: list[str], spans: Sequence[str]) -> dict[Cell, Figure]:
    """Every answer there is: each place asked for on its own, or its parts, whichever way around."""

    async def ask() -> dict[Cell, Figure]:
        told: dict[Cell, Figure] = {}
        for span in spans:
            period = Period.of(Span.parse(span), today=TODAY)
            roots = [Root("*"), *(Root("*", level) for level in Level if level is not Level.VILLAGE)]
            roots += [Root("341502"), Root("341502", Level.TOWNSHIP), Root("3415", Level.COUNTY), Root("340101002")]
            answer = await read_figures(
                CATALOGUE.asked(codes), roots, [period], books,
                telling=Telling(MINIMUM, TODAY), directory=Country(), catalogue=CATALOGUE,
            )  # fmt: skip
            for figure in answer.figures:
                cell = (figure.definition.code, figure.division, span)
                assert told.setdefault(cell, figure).number == figure.number, "one question, two answers"
        return told

    return asyncio.run(ask())


FEWER: Final = settings(max_examples=max(10, settings().max_examples // 10))
"""An example is a country of figures, and everything that follows from them."""
Row = dict[int, int]
PRIME: Final = 2**61 - 1
"""Coefficients are few and small: what holds modulo it holds, and costs a tenth of fractions."""


def learnt(told: Mapping[Cell, Figure], sums: Sequence[tuple[Cell, Sequence[Cell]]]) -> set[Cell]:
    """Unknown cells that follow from all sums and from what is told, by elimination modulo a prime."""
    unknown = sorted({cell for whole, parts in sums for cell in (whole, *parts) if not shown(told, cell)})
    column = {cell: number for number, cell in enumerate(unknown)}
    reduced: dict[int, Row] = {}
    """Its first column -> a row, no other row has that column."""
    for whole, parts in sums:
        row: Row = {}
        for sign, cell in ((1, whole), *((-1, part) for part in parts)):
            if cell in column:
                row = without(row, -sign, {column[cell]: 1})
        for lead in [number for number in row if number in reduced]:
            row = without(row, row[lead], reduced[lead])
        if row:
            lead = min(row)
            inverse = pow(row[lead], -1, PRIME)
            row = {number: value * inverse % PRIME for number, value in row.items()}
            reduced = {other: without(each, each.get(lead, 0), row) for other, each in reduced.items()}
            reduced[lead] = row
    return {unknown[lead] for lead, row in reduced.items() if len(row) == 1}


def without(row: Row, factor: int, other: Row) -> Row:
    """A row less so many times another."""
    if not factor:
        return row
    told = dict(row)
    for number, value in other.items():
        told[number] = (told.get(number, 0) - factor * value) % PRIME
    return {number: value for number, value in told.items() if value}


def shown(told: Mapping[Cell, Figure], cell: Cell) -> bool:
    return cell in told and told[cell].number.state is not FigureState.SUPPRESSED


def sums_of(codes: Sequence[str], spans: Sequence[str]) -> list[tuple[Cell, list[Cell]]]:
    """Places are the sums of their parts."""
    return [
        ((code, whole, span), [(code, part, span) for part in parts])
        for code in codes
        for whole, parts in TREE.items()
        for span in spans
    ]


def sums_over_time(code: str) -> list[tuple[Cell, list[Cell]]]:
    """Quarters, half-years and years are the sums of their months."""
    return [
        ((code, place, span), [(code, place, str(month)) for month in MONTHS if whole.first <= month <= whole.last])
        for place in PLACES
        for span in PERIODS
        if (whole := Span.parse(span)).first != whole.last
    ]


few = st.one_of(st.just(0), st.integers(0, 9), st.integers(0, 60))


def secrets(told: Mapping[Cell, Figure]) -> set[Cell]:
    return {cell for cell, figure in told.items() if figure.number.state is FigureState.SUPPRESSED}


@FEWER
@given(st.data())
def test_flows_hidden_of_a_few_are_not_learnt_over_places_and_time(data: st.DataObject) -> None:
    """RU-03: months, quarters, half-years and years of a year that is over and of one that runs, at every level."""
    code = "certificates_cancelled"
    numbers = {(code, leaf): data.draw(st.lists(few, min_size=17, max_size=17)) for leaf in LEAVES}
    told = everything(Books(numbers), [code], PERIODS)
    assert not secrets(told) & learnt(told, [*sums_of([code], PERIODS), *sums_over_time(code)])
    for figure in told.values():
        assert figure.number.value is None or not 0 < figure.number.value < MINIMUM


@FEWER
@given(st.data())
def test_stocks_hidden_of_a_few_are_not_learnt_over_places_and_categories(data: st.DataObject) -> None:
    """Awards are those of both schemes; holders those of each grade: grades are told nowhere, and hold few as well."""
    span, grades = "2026-04", ("severe", "grade 3", "grade 4")
    numbers: dict[tuple[str, str], list[int]] = {}
    for leaf in LEAVES:
        severe, third, fourth, living, nursing = (data.draw(few) for _ in range(5))
        both = data.draw(st.integers(0, min(living, nursing)))
        values = {
            "severe_holders": severe, "moderate_or_severe_holders": severe + third, "holders": severe + third + fourth,
            "certificates": severe + third + fourth, "living_recipients": living, "nursing_recipients": nursing,
            "awards": living + nursing, "award_recipients": living + nursing - both,
        }  # fmt: skip
        numbers |= {(code, leaf): [0] * 15 + [value] * 2 for code, value in values.items()}
    codes = sorted({code for code, _ in numbers})
    told = everything(Books(numbers), codes, [span])
    unseen = ["both", *grades]
    sums = sums_of([*codes, *unseen], [span])
    for place in PLACES:
        at = {code: (code, place, span) for code in (*codes, *unseen)}
        sums += [
            (at["awards"], [at["living_recipients"], at["nursing_recipients"]]),
            (at["awards"], [at["award_recipients"], at["both"]]),
            (at["severe_holders"], [at["severe"]]),
            (at["moderate_or_severe_holders"], [at["severe"], at["grade 3"]]),
            (at["holders"], [at["severe"], at["grade 3"], at["grade 4"]]),
            (at["certificates"], [at["holders"]]),
        ]
    found = learnt(told, sums)
    assert not secrets(told) & found
    for place in PLACES:
        inside = [leaf for leaf in LEAVES if place == "*" or leaf.startswith(place)]
        value = {code: sum(numbers[code, leaf][-1] for leaf in inside) for code in codes}
        few_of = {
            "both": value["awards"] - value["award_recipients"],
            "grade 3": value["moderate_or_severe_holders"] - value["severe_holders"],
            "grade 4": value["holders"] - value["moderate_or_severe_holders"],
        }
        for name, number in few_of.items():
            assert not 0 < number < MINIMUM or (name, place, span) not in found, (name, place, number)


@given(st.data())
def test_no_sum_has_one_hidden_number_in_it(data: st.DataObject) -> None:
    numbers = {place: data.draw(few) for place in PLACES}
    small = {place for place, value in numbers.items() if 0 < value < MINIMUM}
    hidden = hidden_places([Group(whole, parts) for whole, parts in TREE.items()], small, numbers, MINIMUM)
    assert small <= hidden
    for whole, parts in TREE.items():
        within = len(hidden.intersection(parts))
        assert within >= 1 if whole in hidden else within != 1 or len(parts) == 1


def test_the_one_hidden_as_well_is_the_smallest_that_is_not_small() -> None:
    groups = [Group("34", ["3401", "3402", "3403"])]
    assert hidden_places(groups, {"3401"}, {"3401": 2, "3402": 80, "3403": 30}, MINIMUM) == {"3401", "3403"}


def test_who_hides_nothing_small_hides_nothing() -> None:
    """The negative twin: where nobody is few, everything is told."""
    numbers = {("persons", leaf): [50] * 17 for leaf in LEAVES}
    assert not secrets(everything(Books(numbers), ["persons"], ["2026-04", "2025"]))


@pytest.mark.parametrize("code", ["nursing_share", "subsidised_share"])
def test_a_rate_is_hidden_with_its_parts(code: str) -> None:
    numbers = {("severe_holders", "341502001"): [100] * 17, ("holders", "341502001"): [200] * 17}
    numbers |= {(part, "341502001"): [3] * 17 for part in ("nursing_recipients", "award_recipients")}
    told = everything(Books(numbers), [code], ["2026-04"])
    number = told[code, "341502", "2026-04"].number
    assert (number.state, number.value, number.numerator, number.denominator) == (
        FigureState.SUPPRESSED,
        None,
        None,
        None,
    )


def test_the_work_of_offices_and_what_divisions_tell_is_told_as_it_is() -> None:
    """KPI-20: the last award that should have stopped must be seen to be stopped."""
    assert CATALOGUE.get("stop_missed").shield is None
    assert {each.code for each in CATALOGUE if isinstance(each.form, Count) and each.shield is None} == {"stop_missed"}
