"""Working days: the weekdays, corrected by the State Council's yearly notice of holidays and days worked instead.

The notice for a year appears in the November before it. Counting into a year nobody has entered would be silently
wrong, so it is refused, and `WorkingDays.missing_year` says from November on that the next year is wanted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final, Self

from shared.values.dates import ONE_DAY
from shared.values.invalid import InvalidValue

_SATURDAY: Final = 5
_NOVEMBER: Final = 11


class WorkingDaysOfYearAreUnknown(InvalidValue):
    """A day lies in a year whose holidays were never entered."""

    code: ClassVar[str] = "working_days_of_year_are_unknown"
    zh_text: ClassVar[str] = "尚未录入 {year} 年的节假日安排，无法计算工作日"
    en_text: ClassVar[str] = "the holidays of {year} have not been entered, so working days cannot be counted"


class ExceptionIsOutsideTheCalendar(InvalidValue):
    """A dated exception lies in a year the calendar does not claim to know."""

    code: ClassVar[str] = "working_day_exception_is_outside_the_calendar"
    zh_text: ClassVar[str] = "{day} 不在已录入的年份之内"
    en_text: ClassVar[str] = "{day} lies outside the years of the calendar"


class ExceptionIsRepeated(InvalidValue):
    """One day stands twice among the exceptions of a year."""

    code: ClassVar[str] = "working_day_exception_is_repeated"
    zh_text: ClassVar[str] = "{day} 出现了不止一次，每一天只能填写一次"
    en_text: ClassVar[str] = "{day} stands there more than once"


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The calendar of the years it knows.

    >>> calendar = WorkingDays.of([2026], {date(2026, 1, 1): False, date(2026, 1, 4): True})
    >>> calendar.after(date(2025, 12, 31), 2)
    datetime.date(2026, 1, 4)
    """

    years: frozenset[int]
    """Years whose notice has been entered, exceptions or not."""
    days_off: frozenset[date]
    """Weekdays that are not worked."""
    days_worked: frozenset[date]
    """Saturdays and Sundays that are."""

    def __post_init__(self) -> None:
        for day in self.days_off | self.days_worked:
            if day.year not in self.years:
                raise ExceptionIsOutsideTheCalendar(day=day.isoformat())

    @classmethod
    def of(cls, years: Iterable[int], exceptions: Mapping[date, bool]) -> Self:
        """A calendar from dated exceptions: ``True`` is worked, ``False`` a day off; redundant ones are dropped.

        Raises `ExceptionIsOutsideTheCalendar`, for a redundant one as well: its year was mistyped.
        """
        known = frozenset(years)
        for day in sorted(exceptions):
            if day.year not in known:
                raise ExceptionIsOutsideTheCalendar(day=day.isoformat())
        return cls(
            known,
            frozenset(day for day, works in exceptions.items() if not works and _is_weekday(day)),
            frozenset(day for day, works in exceptions.items() if works and not _is_weekday(day)),
        )

    def is_working(self, day: date) -> bool:
        """Whether a day is worked; `WorkingDaysOfYearAreUnknown` outside the calendar."""
        if day.year not in self.years:
            raise WorkingDaysOfYearAreUnknown(year=day.year)
        return day not in self.days_off if _is_weekday(day) else day in self.days_worked

    def after(self, day: date, days: int) -> date:
        """The n-th working day after a day: the last day of a limit of n working days that begins the day after it."""
        if days < 1:
            raise ValueError("a limit is at least one working day")
        while days:
            day += ONE_DAY
            days -= self.is_working(day)
        return day

    def between(self, start: date, end: date) -> int:
        """Working days after ``start`` up to and including ``end``; 0 if ``end`` is not later."""
        count = 0
        while start < end:
            start += ONE_DAY
            count += self.is_working(start)
        return count

    def missing_year(self, today: date) -> int | None:
        """The year that has to be entered: this one at any time, the next one from November on."""
        wanted = (today.year, today.year + 1) if today.month >= _NOVEMBER else (today.year,)
        return next((year for year in wanted if year not in self.years), None)


def _is_weekday(day: date) -> bool:
    return day.weekday() < _SATURDAY
