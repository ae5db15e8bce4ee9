"""What the package `chinesecalendar` knows of holidays, as the first content of a table an administrator then extends.

The package is updated after each yearly notice and does not know the years that come; `WorkingDays` refuses those.
"""

from collections.abc import Iterable
from datetime import date

from chinese_calendar.constants import holidays, workdays

from shared.values.working_days import WorkingDays


def years_known() -> range:
    """The years the installed package has the notices of."""
    return range(min(holidays).year, max(holidays).year + 1)


def exceptions_of(year: int) -> dict[date, bool]:
    """The dated exceptions of a year: ``False`` for a weekday off, ``True`` for a Saturday or Sunday worked.

    Empty for a year the package does not know: look at `years_known` before taking that for a year without holidays.
    """
    found = {day: False for day in holidays if day.year == year} | {day: True for day in workdays if day.year == year}
    calendar = WorkingDays.of([year], found)
    return {
        day: works for day, works in sorted(found.items()) if day in calendar.days_off or day in calendar.days_worked
    }


def seeded(years: Iterable[int] | None = None) -> WorkingDays:
    """A calendar of the years given, or of all years known."""
    known = [year for year in (years_known() if years is None else years) if year in years_known()]
    return WorkingDays.of(known, {day: works for year in known for day, works in exceptions_of(year).items()})
