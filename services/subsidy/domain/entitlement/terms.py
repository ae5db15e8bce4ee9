"""The policy of the counties and months asked about, resolved by the book and laid out as relations.

What the rules join is four small relations: which *regime* holds for a county, scheme and month; the regimes; which
tariff holds; its cells. A cell is addressed by one number made of the dimensions its tariff uses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise, product
from typing import Any, Final

from sqlalchemy import CTE, BigInteger, Boolean, Date, Integer, Text, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine

from services.subsidy.domain.entitlement.algebra import mask, number_of
from services.subsidy.domain.person_facts import CarePlace, Economy, SelfCare, Settlement
from services.subsidy.domain.policy import (
    Case,
    Coverage,
    Overlap,
    RateChange,
    RestartBasis,
    RoundingMode,
    RoundTo,
    Transition,
)
from services.subsidy.domain.policy_book import PolicyBook, PricedTariff, Regime, months_between
from shared.values.dates import ONE_DAY
from shared.values.money import Money, Rounding
from shared.values.month import Month

MONTHS_AHEAD: Final = 24
"""How far applications may lie behind the last month asked about: a restart looks back from its application."""
ALL_COMPONENTS: Final = (1 << 24) - 1
GRADES: Final = range(1, 5)
CATEGORIES: Final = range(1, 7)
_ROUNDING: Final = {mode: Rounding[mode.value] for mode in RoundingMode}

RELATIONS: Final[Mapping[str, Mapping[str, TypeEngine[Any]]]] = {
    "policy": {"county": Text(), "scheme": Text(), "month": Integer(), "regime": Integer()},
    "regime": {
        "regime": Integer(),
        "components": Integer(),
        "economies": Integer(),
        "income_max": Integer(),
        "requires": BigInteger(),
        "care_need": Boolean(),
        "excludes": BigInteger(),
        "highers": BigInteger(),
        "due_month": Integer(),
        "from_card_issue": Boolean(),
        "next_month": Boolean(),
        "back_months": Integer(),
        "confirmation": Boolean(),
    },
    "tariff": {
        "county": Text(),
        "scheme": Text(),
        "month": Integer(),
        "tariff": Integer(),
        **{
            f"w_{name}": Integer()
            for name in ("component", "economy", "dibao_class", "self_care", "settlement", "place")
        },
    },
    "cell": {"tariff": Integer(), "key": Integer(), "fen": BigInteger()},
    "transition": {"county": Text(), "first_day": Date(), "last_day": Date(), "until": Date()},
    "strict": {"county": Text(), "month": Integer()},
    "month": {"number": Integer(), "first": Date(), "following": Date(), "calendar": Integer(), "full": BigInteger()},
}


def relation(name: str) -> CTE:
    """A relation whose rows are bound as one array a column."""
    columns = RELATIONS[name]
    arrays = (bindparam(f"{name}_{each}", type_=ARRAY(kind)) for each, kind in columns.items())
    rows = func.unnest(*arrays).table_valued(*(column(each, kind) for each, kind in columns.items())).render_derived()
    return select(rows).cte(name)


@dataclass(slots=True)
class Terms:
    """Rows of the relations, ready to be bound; equal regimes and equal tariffs share a number."""

    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=lambda: {name: [] for name in RELATIONS})
    _regimes: dict[Regime, int] = field(default_factory=dict)
    _tariffs: dict[tuple[tuple[int, int], ...], int] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, list[Any]]:
        """One array a column."""
        bound: dict[str, list[Any]] = {}
        for name, columns in RELATIONS.items():
            arrays = list(zip(*self.rows[name], strict=True)) or [()] * len(columns)
            bound |= {f"{name}_{each}": list(array) for each, array in zip(columns, arrays, strict=True)}
        return bound

    def add(self, book: PolicyBook, counties: Sequence[str], months: Sequence[Month], schemes: Sequence[str]) -> None:
        """The terms of counties that share their documents."""
        one = counties[0]
        for scheme in schemes:
            spans = list(_regimes(book, one, scheme, months))
            self._spread(
                "policy",
                counties,
                [(scheme, number_of(month), self._regime(regime)) for span, regime in spans for month in span],
            )
            found = [(month, _tariff(book, one, month, scheme)) for month in months]
            self._spread(
                "tariff",
                counties,
                [(scheme, number_of(month), self._tariff(cells), *cells.weights) for month, cells in found if cells],
            )
        self._spread("strict", counties, [(number_of(month),) for month in _exclusive_months(book, one, months)])
        self._spread("transition", counties, list(_stretches(book.transitions(one))))

    def _spread(self, name: str, counties: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        self.rows[name] += [(county, *row) for county in counties for row in rows]

    def _regime(self, regime: Regime) -> int:
        if regime not in self._regimes:
            self._regimes[regime] = len(self._regimes)
            self.rows["regime"].append((self._regimes[regime], *_regime_row(regime)))
        return self._regimes[regime]

    def _tariff(self, cells: Cells) -> int:
        known = len(self._tariffs)
        number = self._tariffs.setdefault(cells.cells, known)  # looked up once: every look hashes all its cells
        if number == known:
            self.rows["cell"] += [(number, key, fen) for key, fen in cells.cells]
        return number


def lay_out(
    book: PolicyBook, counties: Collection[str], months: Sequence[Month], schemes: Sequence[str] | None = None
) -> Terms:
    """The terms of some counties: regimes from the first document on, amounts of the months asked about.

    ``schemes``: of these alone; None: of all the book has.
    """
    terms = Terms()
    terms.rows["month"] = [
        (number_of(month), month.first_day, month.next().first_day, month.month, (1 << month.last_day.day) - 1)
        for month in months
    ]
    alike: dict[str, list[str]] = {}
    for county in sorted(counties):
        alike.setdefault(book.maker(county), []).append(county)
    for group in alike.values():
        terms.add(book, group, months, book.schemes if schemes is None else schemes)
    return terms


def _regimes(
    book: PolicyBook, county: str, scheme: str, months: Sequence[Month]
) -> Iterator[tuple[tuple[Month, ...], Regime]]:
    """Spans of months with one regime."""
    for span in _spans(book, county, months):
        regime = book.regime(county, span[0], scheme)
        if regime is not None:
            yield span, regime


def _stretches(periods: Sequence[Transition]) -> Iterator[tuple[date, date, date]]:
    """Transition periods as stretches of days that do not overlap, each with the last day its cards are good for."""
    cuts = sorted({day for each in periods for day in (each.first_day, each.last_day + ONE_DAY)})
    for first, following in pairwise(cuts):
        over = [each.last_day for each in periods if each.first_day <= first and following <= each.last_day + ONE_DAY]
        if over:
            yield first, following - ONE_DAY, max(over)


def _exclusive_months(book: PolicyBook, county: str, months: Sequence[Month]) -> Iterator[Month]:
    """Months in which the last valid day of a card is the day before its expiry date (READ-20)."""
    for span in _spans(book, county, months):
        if not book.choices(county, span[0]).expiry_inclusive:
            yield from span


def _spans(book: PolicyBook, county: str, months: Sequence[Month]) -> Iterator[tuple[Month, ...]]:
    """Spans of months between changes of policy."""
    starts = book.changes(county)
    if starts:
        last = max([*months, *starts]).plus(MONTHS_AHEAD)
        for start, following in zip(starts, [*starts[1:], last.next()], strict=True):
            yield months_between(start, following.previous())


def components_of(coverage: Coverage) -> int:
    """The components in scope as a mask."""
    if coverage.cards is None:
        return ALL_COMPONENTS
    return sum(
        {
            1 << component_number(category, grade)
            for scope in coverage.cards
            for category in scope.categories or CATEGORIES
            for grade in scope.grades
        }
    )


def component_number(category: int, grade: int) -> int:
    """0 to 23."""
    return 4 * (category - 1) + grade - 1


def _regime_row(regime: Regime) -> tuple[Any, ...]:
    income = regime.coverage.income
    choices = regime.choices
    economies = None if income is None else sum(1 << number_in(Economy, each) for each in set(income.classes))
    return (
        components_of(regime.coverage),
        economies,
        None if income is None else income.percent_max,
        mask(regime.coverage.requires),
        regime.coverage.care_need,
        mask(regime.kinds(Overlap.EXCLUDE)),
        mask(regime.kinds(Overlap.HIGHER)),
        regime.due_month,
        choices.restart_basis is RestartBasis.CARD_ISSUE_MONTH,
        choices.rate_change_effective is RateChange.NEXT_MONTH,
        choices.back_payment_months_max,
        choices.annual_confirmation,
    )


def number_in(values: type[StrEnum], value: StrEnum) -> int:
    """The number of a value of a level, from 1; 0 is "nothing is known"."""
    return list(values).index(value) + 1


# --- tariffs --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cells:
    """The amounts of a tariff in a month: rounded, by key; weights make keys (0: the dimension is not used)."""

    weights: tuple[int, ...]
    cells: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Dimension:
    """One thing amounts depend on: the fields of a case that speak of it, and its values (None: nothing is known)."""

    fields: tuple[str, ...]
    values: tuple[Any, ...]


_DIMENSIONS: Final = (
    _Dimension(("categories", "grades"), tuple((category, grade) for category in CATEGORIES for grade in GRADES)),
    _Dimension(("economy",), (None, *Economy)),
    _Dimension(("dibao_classes",), (None, 1, 2, 3, 4)),
    _Dimension(("self_care",), (None, *SelfCare)),
    _Dimension(("settlements",), (None, *Settlement)),
    _Dimension(("places",), (None, *CarePlace)),
)


def _fits(dimension: _Dimension, case: Case, value: Any) -> bool:
    """Whether a case says yes to a value of a dimension."""
    parts = value if len(dimension.fields) > 1 else (value,)
    wanted = (getattr(case, name) for name in dimension.fields)
    return all(want is None or part in want for want, part in zip(wanted, parts, strict=True))


def applies(case: Case, point: Sequence[Any]) -> bool:
    """Whether a case applies to a combination of values, one of each dimension."""
    return all(_fits(dimension, case, value) for dimension, value in zip(_DIMENSIONS, point, strict=True))


def _tariff(book: PolicyBook, county: str, month: Month, scheme: str) -> Cells | None:
    priced = book.priced(county, month, scheme)
    return None if priced is None else cells_of(priced)


@lru_cache(maxsize=1024)
def cells_of(priced: PricedTariff) -> Cells:
    """Every cell of a tariff that has an amount.

    Values of a dimension that no case tells apart have the same amounts, so each amount is worked out once.
    """
    tariff = priced.tariff
    cases = [*(row.case for row in tariff.rows), *(supplement.case for supplement in tariff.supplements)]
    weights, size = [], 1
    alike: list[list[tuple[Any, list[int]]]] = []
    for dimension in _DIMENSIONS:
        groups = _alike(dimension, cases)
        is_used = len(groups) > 1
        weights.append(size if is_used else 0)
        alike.append([(value, [number * size for number in numbers] if is_used else [0]) for value, numbers in groups])
        size *= len(dimension.values) if is_used else 1
    cells: list[tuple[int, int]] = []
    for group in product(*alike):
        fen = amount_at(priced, [value for value, _ in group])
        if fen is not None:
            cells += [(sum(keys), fen) for keys in product(*(keys for _, keys in group))]
    return Cells(tuple(weights), tuple(cells))


def _alike(dimension: _Dimension, cases: Sequence[Case]) -> list[tuple[Any, list[int]]]:
    """Values of a dimension that no case tells apart: one of them, and the numbers of all."""
    groups: dict[tuple[bool, ...], tuple[Any, list[int]]] = {}
    for number, value in enumerate(dimension.values):
        fits = tuple(_fits(dimension, case, value) for case in cases)
        groups.setdefault(fits, (value, []))[1].append(number)
    return list(groups.values())


def amount_at(priced: PricedTariff, point: Sequence[Any]) -> int | None:
    """The amount of one case in fen, rounded once (READ-15); None where the tariff has no row."""
    tariff = priced.tariff
    for row, base in zip(tariff.rows, priced.amounts, strict=True):
        if applies(row.case, point):
            if base is None:
                return None
            added = [supplement for supplement in tariff.supplements if applies(supplement.case, point)]
            percent = sum((Fraction(supplement.percent or 0) for supplement in added), Fraction(100))
            return rounded(base * percent / 100 + sum(supplement.fen or 0 for supplement in added), tariff.rounding)
    return None


def rounded(fen: Fraction, to: RoundTo) -> int:
    """A fraction of fen rounded to the unit."""
    share = Money(fen.numerator).scaled(1, fen.denominator * to.unit_fen, _ROUNDING[to.mode])
    return share.fen * to.unit_fen
