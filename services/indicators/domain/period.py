"""Periods, how they are written, and the day each is counted on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar, Final

from services.indicators.domain.definition import Kind, PeriodType
from services.indicators.domain.errors import MonthNotReached, PeriodNotAllowed
from shared.values.dates import ONE_DAY
from shared.values.invalid import InvalidValue, excerpt
from shared.values.month import Month

MONTHS_MAX: Final = 36
PERIOD_PATTERN: Final = r"^(19|20|21)[0-9]{2}(-(0[1-9]|1[0-2]|Q[1-4]|H[12]))?$"
_MONTHS: Final = {PeriodType.MONTH: 1, PeriodType.QUARTER: 3, PeriodType.HALF: 6, PeriodType.YEAR: 12}


class PeriodIsInvalid(InvalidValue):
    """The text is not a period."""

    code: ClassVar[str] = "period_is_invalid"
    zh_text: ClassVar[str] = "“{given}”不是有效的统计期，应写作 2026-05、2026-Q2、2026-H1 或 2026"
    en_text: ClassVar[str] = "'{given}' is not a period; it is written 2026-05, 2026-Q2, 2026-H1 or 2026"


@dataclass(frozen=True, slots=True)
class Span:
    """Some whole months with a name, whether they have begun or not."""

    kind: PeriodType
    first: Month

    @classmethod
    def parse(cls, text: str) -> Span:
        """Read ``2026-05``, ``2026-Q2``, ``2026-H1`` or ``2026``. Raises `PeriodIsInvalid`."""
        if re.fullmatch(PERIOD_PATTERN, text, re.ASCII) is None:
            raise PeriodIsInvalid(given=excerpt(text))
        year, _, part = text.partition("-")
        match part[:1]:
            case "":
                return cls(PeriodType.YEAR, Month(int(year), 1))
            case "Q":
                return cls(PeriodType.QUARTER, Month(int(year), 3 * int(part[1]) - 2))
            case "H":
                return cls(PeriodType.HALF, Month(int(year), 6 * int(part[1]) - 5))
            case _:
                return cls(PeriodType.MONTH, Month(int(year), int(part)))

    @classmethod
    def of(cls, month: Month) -> Span:
        """One month."""
        return cls(PeriodType.MONTH, month)

    @property
    def last(self) -> Month:
        """Its last month."""
        return self.first.plus(_MONTHS[self.kind] - 1)

    def before(self) -> Span:
        """The period of the same length before it."""
        return Span(self.kind, self.first.plus(-_MONTHS[self.kind]))

    def a_year_before(self) -> Span:
        """The same period of the year before."""
        return Span(self.kind, self.first.plus(-12))

    def due(self, day: int) -> date:
        """The last day for telling its values: that day of the month after it (KPI-48)."""
        return self.last.next().first_day + timedelta(days=day - 1)

    def __str__(self) -> str:
        match self.kind:
            case PeriodType.MONTH:
                return str(self.first)
            case PeriodType.QUARTER:
                return f"{self.first.year:04}-Q{(self.first.month + 2) // 3}"
            case PeriodType.HALF:
                return f"{self.first.year:04}-H{(self.first.month + 5) // 6}"
            case PeriodType.YEAR:
                return f"{self.first.year:04}"


@dataclass(frozen=True, slots=True)
class Period:
    """A span that has begun, and its reference date: the last day, or today while it runs (RU-05)."""

    span: Span
    reference_date: date

    @classmethod
    def of(cls, span: Span | Month, *, today: date) -> Period:
        """Raises `MonthNotReached` for what has not begun."""
        span = Span.of(span) if isinstance(span, Month) else span
        if span.first.first_day > today:
            raise MonthNotReached(month=str(span), latest=str(Month.of(today)))
        return cls(span, min(span.last.last_day, today))

    @property
    def first_day(self) -> date:
        """Its first day."""
        return self.span.first.first_day

    @property
    def reference_month(self) -> Month:
        """The month of the reference date: the last one of the period that has begun."""
        return Month.of(self.reference_date)

    def last_end(self, kind: Kind) -> date:
        """The latest day on which an end of this period may lie: an award's last month is known before it is over."""
        return self.reference_month.last_day if kind.by_month else self.reference_date


def periods(first: Month, last: Month, *, today: date) -> tuple[Period, ...]:
    """Every month from first to last. Raises `PeriodNotAllowed`, `MonthNotReached`."""
    if not 0 <= last.minus(first) < MONTHS_MAX:
        raise PeriodNotAllowed(first=str(first), last=str(last), months_max=MONTHS_MAX)
    return tuple(Period.of(month, today=today) for month in first.through(last))


def day_after(day: date) -> date:
    """Spells end before a day: what covers a date ends on the next one or later."""
    return day + ONE_DAY
