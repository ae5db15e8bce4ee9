"""Look at figures as a careful statistician would: do they fit each other, and is anything strange?

Two rules find what cannot be (a part above its whole, parts that do not add up); the others what may well be true and
is worth a second look. A number that is hidden or missing is compared with nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Final

from services.indicators.domain.definition import FULL, Count, Counting, Definition, Measure, Nature, Reported
from services.indicators.use_cases.editions import Edition
from services.indicators.use_cases.read_figures import Number
from shared.values.division import Level

JUMP_SHARE: Final = 0.3
JUMP_MIN: Final = 20
"""What has fewer moves by a third easily."""
JUMP_POINTS: Final = 1_000
"""Of a rate, in basis points."""
OUTLIER_PLACES_MIN: Final = 5
OUTLIER_POINTS_MIN: Final = 500
OUTLIER_DEVIATIONS: Final = 3.0
_NORMAL: Final = 1.4826
"""Times the median deviation is the standard deviation, where values are spread normally."""


class CheckRule(StrEnum):
    """What is wrong, or strange."""

    PART = "PART"
    """A part is more than its whole."""
    SUM = "SUM"
    """The divisions below do not add up to the one above."""
    OVER = "OVER"
    """A reported rate is over 100 per cent."""
    FALL = "FALL"
    """What can only grow has become less."""
    JUMP = "JUMP"
    """Far from the period before."""
    OUTLIER = "OUTLIER"
    """Far from the divisions beside it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at.

    ``against``: what ``value`` was held against; ``other``: the indicator that was, where it was another one.
    """

    rule: CheckRule
    definition: Definition
    division: str
    value: int
    against: int
    other: Definition | None = None


def check_figures(whole: str, this: Edition, before: Edition) -> list[Finding]:
    """Everything to look at in a division and those directly below, the impossible first."""
    places = list(dict.fromkeys(place for place, _ in this.numbers))
    below = [place for place in places if place != whole]
    found: list[Finding] = []
    for definition in this.definitions.values():
        values = {
            place: number.value
            for place in places
            if (number := this.numbers.get((place, definition.code))) is not None and number.value is not None
        }
        found += _parts(definition, values, this)
        found += _sums(definition, values, whole, below)
        found += _over(definition, this, values)
        found += _moves(definition, values, before)
        found += _outliers(definition, {place: values[place] for place in below if place in values})
    order = list(CheckRule)
    return sorted(found, key=lambda each: order.index(each.rule))


def _parts(definition: Definition, values: Mapping[str, int], this: Edition) -> Iterator[Finding]:
    for code in definition.within:
        other = this.definitions.get(code)
        for place, value in values.items():
            against = this.value(place, code)
            if other is not None and against is not None and value > against:
                yield Finding(CheckRule.PART, definition, place, value, against, other)


def _sums(definition: Definition, values: Mapping[str, int], whole: str, below: Collection[str]) -> Iterator[Finding]:
    """Persons may count in several places (RU-02); below a county lies what is registered at the county itself."""
    if whole not in values or not below or not {*below} <= values.keys():
        return
    told, added = values[whole], sum(values[place] for place in below)
    match definition.form:
        case Count(distinct=False):
            wrong = added > told if len(whole) >= Level.COUNTY else added != told
        case Count():
            wrong = len(whole) < Level.COUNTY and added < told
        case Reported(measure=Measure.COUNT) as form:
            wrong = added < told if form.distinct else added != told
        case _:
            wrong = False
    if wrong:
        yield Finding(CheckRule.SUM, definition, whole, told, added)


def _over(definition: Definition, this: Edition, values: Mapping[str, int]) -> Iterator[Finding]:
    if isinstance(definition.form, Reported) and definition.nature is Nature.RATE:
        for place, value in values.items():
            number: Number = this.numbers[place, definition.code]
            if value > FULL:
                yield Finding(CheckRule.OVER, definition, place, number.numerator or 0, number.denominator or 0)


def _moves(definition: Definition, values: Mapping[str, int], before: Edition) -> Iterator[Finding]:
    then_defined = before.definitions.get(definition.code)
    if then_defined is None or then_defined.version != definition.version:
        return
    grows_only = isinstance(definition.form, Count) and definition.form.counting is Counting.EVER
    for place, value in values.items():
        then = before.value(place, definition.code)
        if then is None:
            continue
        if grows_only and value < then:
            yield Finding(CheckRule.FALL, definition, place, value, then)
        elif _is_jump(definition, value, then):
            yield Finding(CheckRule.JUMP, definition, place, value, then)


def _is_jump(definition: Definition, value: int, then: int) -> bool:
    if definition.nature is Nature.RATE:
        return abs(value - then) > JUMP_POINTS
    return then >= JUMP_MIN and abs(value - then) > JUMP_SHARE * then


def _outliers(definition: Definition, values: Mapping[str, int]) -> Iterator[Finding]:
    """By the median, which one far-off number does not move."""
    if definition.nature is not Nature.RATE or len(values) < OUTLIER_PLACES_MIN:
        return
    middle = median(values.values())
    deviation = median(abs(value - middle) for value in values.values())
    far = max(OUTLIER_POINTS_MIN, OUTLIER_DEVIATIONS * _NORMAL * deviation)
    for place, value in values.items():
        if abs(value - middle) > far:
            yield Finding(CheckRule.OUTLIER, definition, place, value, round(middle))


def counted(findings: Sequence[Finding]) -> dict[CheckRule, int]:
    """How many of each rule, those without any among them."""
    return {rule: sum(each.rule is rule for each in findings) for rule in CheckRule}
