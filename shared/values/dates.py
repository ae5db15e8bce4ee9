"""Days as people write them, and the calendar arithmetic of the law: whole months and years (CERT-12, READ-20)."""

import re
import unicodedata
from calendar import monthrange
from datetime import date, timedelta
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

from shared.values.invalid import InvalidValue, excerpt

ONE_DAY: Final = timedelta(days=1)
SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
"""Civil dates are those of this zone."""
_DAY: Final = re.compile(r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})日|(\d\d)(\d\d))", re.ASCII)


class DayIsInvalid(InvalidValue):
    """The text is no day of the calendar."""

    code: ClassVar[str] = "day_is_invalid"
    zh_text: ClassVar[str] = "“{given}”不是有效的日期，应写作 2023-05-01 的形式"
    en_text: ClassVar[str] = "'{given}' is not a date; it is written YYYY-MM-DD"


def parse_day(text: str) -> date:
    """Read a day as it stands in files: ``2023-05-01``, ``2023/5/1``, ``2023.5.1``, ``2023年5月1日`` or ``20230501``.

    >>> parse_day("2023年5月1日")
    datetime.date(2023, 5, 1)
    """
    found = _DAY.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is not None:
        year, month, day = (int(found[1]), *(int(part) for part in found.groups()[2:] if part))
        try:
            return date(year, month, day)
        except ValueError:
            pass
    raise DayIsInvalid(given=excerpt(text))


def add_years(day: date, years: int) -> date:
    """The same calendar day ``years`` later (or earlier); 29 February becomes 28 February in a common year (READ-20).

    >>> add_years(date(2016, 2, 29), 10)
    datetime.date(2026, 2, 28)
    >>> add_years(date(2016, 2, 29), 4)
    datetime.date(2020, 2, 29)
    """
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        if (day.month, day.day) != (2, 29):
            raise
        return day.replace(year=day.year + years, day=28)


def add_months(day: date, months: int) -> date:
    """The same day of the month ``months`` later (or earlier); the last day of a month that has no such day.

    >>> add_months(date(2026, 8, 31), -6)
    datetime.date(2026, 2, 28)
    """
    first = day.year * 12 + day.month - 1 + months
    year, month = first // 12, first % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def last_valid_day(issued: date, *, years: int = 10, inclusive: bool = True) -> date:
    """The last day on which something issued on a day is still valid (CERT-12, READ-20).

    ``inclusive=False`` is the stricter reading of the switch ``expiry_inclusive``: the day before the anniversary.

    >>> last_valid_day(date(2013, 6, 15))
    datetime.date(2023, 6, 15)
    >>> last_valid_day(date(2013, 6, 15), inclusive=False)
    datetime.date(2023, 6, 14)
    """
    anniversary = add_years(issued, years)
    return anniversary if inclusive else anniversary - ONE_DAY


def age_on(day: date, *, born: date) -> int:
    """Completed years of life on a day; somebody born on 29 February is a year older from 28 February in common years.

    >>> age_on(date(2025, 2, 28), born=date(2024, 2, 29))
    1
    """
    years = day.year - born.year
    return years if add_years(born, years) <= day else years - 1
