"""Refusals of the indicators service.

Refusal
├── DivisionNotFound        unknown, or not wholly within the caller's divisions
├── IndicatorNotFound
├── MonthNotReached
├── PeriodNotAllowed        reversed, or longer than 36 months
├── BreakdownNotPossible    the level asked for is above the division, or nothing lies below it
└── TooManyPlaces
"""

from __future__ import annotations

from typing import ClassVar

from shared.values.refusal import Refusal


class DivisionNotFound(Refusal):
    """Unknown, or not wholly in the scope: a figure of a part must not carry the whole's name. Facts: division."""

    code: ClassVar[str] = "division_not_found"


class IndicatorNotFound(Refusal):
    """No such definition. Facts: indicator, allowed."""

    code: ClassVar[str] = "indicator_not_found"


class MonthNotReached(Refusal):
    """Nothing can be counted in a month that has not begun. Facts: month, latest."""

    code: ClassVar[str] = "month_not_reached"


class PeriodNotAllowed(Refusal):
    """A series runs forward and over at most 36 months. Facts: first, last, months_max."""

    code: ClassVar[str] = "period_not_allowed"


class BreakdownNotPossible(Refusal):
    """A division cannot be broken down that way. Facts: division."""

    code: ClassVar[str] = "breakdown_not_possible"


class TooManyPlaces(Refusal):
    """The answer would be a directory rather than a figure. Facts: places, places_max."""

    code: ClassVar[str] = "too_many_places"
