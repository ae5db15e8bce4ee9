"""What is counted, and by which rule: every definition says so in both languages, and carries its version.

A definition has one of three forms. A **count** is made from spells, a **rate** divides two other definitions and never
averages (RU-01), a **reported** value is what a division tells, because no event of the product feeds it yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from services.indicators.domain.errors import IndicatorNotFound

FULL: Final = 10_000
"""A rate of one hundred per cent, in basis points (万分比)."""


class Source(StrEnum):
    """Whose events make spells."""

    REGISTRY = "registry"
    SUBSIDY = "subsidy"
    REHAB = "rehab"


class Kind(StrEnum):
    """Who or what has spells. STOP: a fact that stops entitlement, from its day on for as long as it holds."""

    PERSON = "person"
    CERTIFICATE = "certificate"
    STOP = "stop"
    AWARD = "award"
    CASE = "case"

    @property
    def source(self) -> Source:
        """The publisher whose events alone decide these spells: replaying another one leaves them alone."""
        match self:
            case Kind.PERSON | Kind.CERTIFICATE | Kind.STOP:
                return Source.REGISTRY
            case Kind.AWARD:
                return Source.SUBSIDY
            case Kind.CASE:
                return Source.REHAB

    @property
    def by_month(self) -> bool:
        """Whether spells begin and end with calendar months (subsidies are owed by the month)."""
        return self is Kind.AWARD


class Counting(StrEnum):
    """Which spells count for a period (RU-03).

    STOCK: they cover the reference date. BEGAN, ENDED: their first or last day lies in the period. DURING: they share
    a day with it. EVER: they began by the reference date (cumulative).
    """

    STOCK = "STOCK"
    BEGAN = "BEGAN"
    ENDED = "ENDED"
    DURING = "DURING"
    EVER = "EVER"


class Nature(StrEnum):
    """STOCK: on a day; FLOW: over a period; CUMULATIVE: from the beginning; RATE: a part of a whole."""

    STOCK = "STOCK"
    FLOW = "FLOW"
    CUMULATIVE = "CUMULATIVE"
    RATE = "RATE"


class PeriodType(StrEnum):
    """Which periods a value is told for (RU-07)."""

    MONTH = "MONTH"
    QUARTER = "QUARTER"
    HALF = "HALF"
    YEAR = "YEAR"


class Direction(StrEnum):
    """Which way is better."""

    UP = "UP"
    DOWN = "DOWN"


class Measure(StrEnum):
    """What a division reports: one number, or a numerator with its denominator."""

    COUNT = "COUNT"
    RATE = "RATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A number of spells.

    ``distinct``: persons are counted once at the level asked for, however many spells (RU-02). ``traits``: LIKE
    patterns of what is counted (a grade, a scheme, why something stopped); none: everything. ``despite_stop``: only
    where an older fact stops it (KPI-20).
    """

    kind: Kind
    counting: Counting = Counting.STOCK
    distinct: bool = False
    traits: tuple[str, ...] = ()
    despite_stop: bool = False


@dataclass(frozen=True, slots=True)
class Rate:
    """One definition over another, by their codes."""

    numerator: str
    denominator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What a division tells. ``due_day``: of the month after the period, None where no day is set."""

    measure: Measure
    periods: tuple[PeriodType, ...]
    distinct: bool = False
    due_day: int | None = None


Form = Count | Rate | Reported


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One indicator. ``target``: the national one, in the unit; a division's own targets are reported. ``basis``: the
    text it is taken from.

    ``shield``: what is hidden of one of these, where few are counted, is hidden of all (they add up to each other, or
    are nearly the same); None: told as it is, because it counts the work of offices, or because a division told it.
    ``near``: definitions from which it must not differ by a few. ``within``: definitions it is a part of.
    """

    code: str
    version: int
    zh: str
    en: str
    unit_zh: str
    unit_en: str
    rule_zh: str
    rule_en: str
    form: Form
    kpi: str | None = None
    basis: str | None = None
    direction: Direction | None = None
    target: int | None = None
    shield: str | None = None
    near: tuple[str, ...] = ()
    within: tuple[str, ...] = ()

    @property
    def nature(self) -> Nature:
        """What kind of number it is."""
        match self.form:
            case Rate() | Reported(measure=Measure.RATE):
                return Nature.RATE
            case Count(counting=Counting.STOCK):
                return Nature.STOCK
            case Count(counting=Counting.EVER):
                return Nature.CUMULATIVE
            case Count() | Reported():
                return Nature.FLOW

    @property
    def periods(self) -> tuple[PeriodType, ...]:
        """The periods it is told for."""
        return self.form.periods if isinstance(self.form, Reported) else tuple(PeriodType)


def parse(told: Mapping[str, Any]) -> Definition:
    """A definition from its document. Raises `KeyError` or `ValueError` where one is broken: it ships with the code."""
    given = dict(told)
    form: Form
    match given.pop("form"):
        case "COUNT":
            form = Count(
                kind=Kind(given.pop("kind")),
                counting=Counting(given.pop("counting")),
                distinct=given.pop("distinct", False),
                traits=tuple(given.pop("traits", ())),
                despite_stop=given.pop("despite_stop", False),
            )
        case "RATE":
            form = Rate(given.pop("numerator"), given.pop("denominator"))
        case "REPORTED":
            form = Reported(
                measure=Measure(given.pop("measure")),
                periods=tuple(PeriodType(each) for each in given.pop("periods")),
                distinct=given.pop("distinct", False),
                due_day=given.pop("due_day", None),
            )
        case other:
            raise ValueError(other)
    direction = given.pop("direction", None)
    return Definition(
        form=form,
        direction=None if direction is None else Direction(direction),
        shield=given.pop("shield", given["code"] if isinstance(form, Count) else None),
        near=tuple(given.pop("near", ())),
        within=tuple(given.pop("within", ())),
        **given,
    )


class Catalogue:
    """The definitions there are, in order, the newest version of each. Raises `ValueError` where one lacks a part."""

    def __init__(self, definitions: Iterable[Definition]) -> None:
        newest: dict[str, Definition] = {}
        for each in definitions:
            if each.code in newest and each.version <= newest[each.code].version:
                raise ValueError(each.code)
            newest[each.code] = each
        self._by_code: Final = newest
        for each in newest.values():
            if isinstance(each.form, Rate) and not {each.form.numerator, each.form.denominator} <= newest.keys():
                raise ValueError(each.code)
            if not newest.keys() >= {*each.near, *each.within}:
                raise ValueError(each.code)

    def __iter__(self) -> Iterator[Definition]:
        return iter(self._by_code.values())

    def get(self, code: str) -> Definition:
        """One definition. Raises `IndicatorNotFound`."""
        if code not in self._by_code:
            raise IndicatorNotFound(indicator=code[:64], allowed=[*self._by_code])
        return self._by_code[code]

    def asked(self, codes: list[str] | None) -> tuple[Definition, ...]:
        """The definitions asked for, in the order of the catalogue; all by default. Raises `IndicatorNotFound`."""
        wanted = None if codes is None else {self.get(code).code for code in codes}
        return tuple(each for each in self._by_code.values() if wanted is None or each.code in wanted)


def basis_points(numerator: int, denominator: int) -> int | None:
    """A rate in basis points, halves up; None where the denominator is zero: not applicable (RU-06)."""
    return None if denominator == 0 else (2 * FULL * numerator + denominator) // (2 * denominator)


def restored(told: Mapping[str, Any]) -> Definition:
    """A definition as a snapshot keeps it: the one its numbers were made by, whatever ships today."""
    given = dict(told)
    form = given.pop("form")
    if "kind" in form:
        given["form"] = "COUNT"
    else:
        given["form"] = "REPORTED" if "measure" in form else "RATE"
    return parse({**form, **given})
