"""Months and the day each is counted on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from services.indicators.domain.definition import Kind
from services.indicators.domain.errors import MonthNotReached, PeriodNotAllowed
from shared.values.dates import ONE_DAY
from shared.values.month import Month

MONTHS_MAX: Final = 36


@dataclass(frozen=True, slots=True)
class Period:
    """A month and its reference date: the last day, or today while the month runs."""

    month: Month
    reference_date: date

    @classmethod
    def of(cls, month: Month, *, today: date) -> Period:
        """Raises `MonthNotReached` for a month that has not begun."""
        if month.first_day > today:
            raise MonthNotReached(month=str(month), latest=str(Month.of(today)))
        return cls(month, min(month.last_day, today))

    def last_end(self, kind: Kind) -> date:
        """The latest day on which an end of this month may lie: an award's last month is known before it is over."""
        return self.month.last_day if kind.by_month else self.reference_date


def periods(first: Month, last: Month, *, today: date) -> tuple[Period, ...]:
    """Every month from first to last. Raises `PeriodNotAllowed`, `MonthNotReached`."""
    if not 0 <= last.minus(first) < MONTHS_MAX:
        raise PeriodNotAllowed(first=str(first), last=str(last), months_max=MONTHS_MAX)
    return tuple(Period.of(month, today=today) for month in first.through(last))


def day_after(day: date) -> date:
    """Spells end before a day: what covers a date ends on the next one or later."""
    return day + ONE_DAY
