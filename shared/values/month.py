"""A calendar month: what subsidies are owed for and figures are counted by."""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date
from functools import lru_cache
from typing import ClassVar, Final, Self

from shared.values.invalid import InvalidValue, excerpt

_PATTERN: Final = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


class MonthIsInvalid(InvalidValue):
    """The text or the numbers are not a month of the calendar."""

    code: ClassVar[str] = "month_is_invalid"
    zh_text: ClassVar[str] = "“{given}”不是有效的月份，应写作 2023-05 的形式"
    en_text: ClassVar[str] = "'{given}' is not a month; it is written YYYY-MM, for example 2023-05"


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of a year, ordered in time.

    >>> Month.parse("2023-12").next()
    Month(2024-01)
    >>> Month(2023, 5) < Month(2023, 6)
    True
    """

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (MINYEAR <= self.year <= MAXYEAR and 1 <= self.month <= 12):  # noqa: PLR2004 - months of a year
            raise MonthIsInvalid(given=f"{self.year}-{self.month}")

    @classmethod
    @lru_cache(maxsize=2_048)
    def parse(cls, text: str) -> Self:
        """Read ``YYYY-MM``; anything else is `MonthIsInvalid`."""
        found = _PATTERN.fullmatch(text)
        if found is None:
            raise MonthIsInvalid(given=excerpt(text))
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> Self:
        """The month a day lies in."""
        return cls(day.year, day.month)

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        return date(self.year, self.month, monthrange(self.year, self.month)[1])

    def contains(self, day: date) -> bool:
        return (day.year, day.month) == (self.year, self.month)

    def plus(self, months: int) -> Self:
        """The month that many months later, or earlier when negative."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return type(self)(year, month + 1)

    def next(self) -> Self:
        return self.plus(1)

    def previous(self) -> Self:
        return self.plus(-1)

    def minus(self, earlier: "Month") -> int:
        """How many months lie between ``earlier`` and this one; negative if it is later.

        >>> Month(2024, 1).minus(Month(2023, 10))
        3
        """
        return (self.year - earlier.year) * 12 + self.month - earlier.month

    def through(self, last: "Month") -> Iterator[Self]:
        """Every month from this one to ``last``, both included; none if ``last`` is earlier."""
        for step in range(last.minus(self) + 1):
            yield self.plus(step)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"
