"""Administrative divisions and the data scope made of them (ID-19).

A code is its own prefix: ``34`` province, ``3415`` prefecture, ``341502`` county, ``341502001`` township, twelve digits
village. "Lies in" is therefore ``startswith`` and a roll-up is ``left(code, n)``, in Python as in SQL. That needs one
spelling for each place, so the canonical code never ends in an all-zero segment: the padded forms of GB/T 2260
(``341500``, ``341500000000``) are read by `Division.parse` and shortened. A prefecture without counties, such as
Dongguan, is its own county as well: ``441900`` is the padding of ``4419``, and that is what its townships hang on.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final, Self

from shared.values.invalid import InvalidValue, excerpt

_PATTERN: Final = re.compile(r"[1-9]\d(?:\d\d(?:\d\d(?:\d{3}(?:\d{3})?)?)?)?", re.ASCII)
EVERYWHERE: Final = "*"
"""The scope prefix that says everywhere aloud. No code begins with it, so code that forgets it covers nothing."""


class Level(IntEnum):
    """The five levels; the number is the length of a code of that level."""

    PROVINCE = 2
    PREFECTURE = 4
    COUNTY = 6
    TOWNSHIP = 9
    VILLAGE = 12


_SEGMENTS: Final = ((9, 12), (6, 9), (4, 6), (2, 4))


class DivisionIsInvalid(InvalidValue):
    """The text is not a division code."""

    code: ClassVar[str] = "division_is_invalid"
    zh_text: ClassVar[str] = "“{given}”不是有效的行政区划代码，应为 2、4、6、9 或 12 位数字"
    en_text: ClassVar[str] = "'{given}' is not a division code, which has 2, 4, 6, 9 or 12 digits"


class DivisionIsTooWide(InvalidValue):
    """Something was asked of a division that only a smaller one has, such as the county of a province."""

    code: ClassVar[str] = "division_is_too_wide"
    zh_text: ClassVar[str] = "行政区划 {division} 的级别过高，需要精确到 {level} 位代码"
    en_text: ClassVar[str] = "division {division} is too wide; a code of {level} digits or more is needed"


def _canonical(code: str) -> str:
    for begin, end in _SEGMENTS:
        if len(code) == end and code[begin:].strip("0") == "":
            code = code[:begin]
    return code


@dataclass(frozen=True, slots=True, order=True)
class Division:
    """One place, by its shortest code. Sorted, a division comes before everything inside it.

    >>> Division.parse("341500000000")
    Division(3415)
    >>> Division("3415").contains(Division("341502001001"))
    True
    """

    code: str

    def __post_init__(self) -> None:
        if not _PATTERN.fullmatch(self.code) or _canonical(self.code) != self.code:
            raise DivisionIsInvalid(given=excerpt(self.code))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a code, padded with zeros or not."""
        code = text.strip()
        if not _PATTERN.fullmatch(code):
            raise DivisionIsInvalid(given=excerpt(text))
        return cls(_canonical(code))

    @property
    def level(self) -> Level:
        return Level(len(self.code))

    @property
    def parent(self) -> Self | None:
        """The division directly above; ``None`` for a province."""
        for begin, end in _SEGMENTS:
            if end == len(self.code):
                return type(self)(_canonical(self.code[:begin]))
        return None

    def prefix(self, level: Level | int) -> Self:
        """The division of that level this one lies in, or itself.

        Where a prefecture has no counties, its county is the prefecture.

        :raises DivisionIsTooWide: if this division is larger than the level asked for.
        """
        if len(self.code) < level:
            raise DivisionIsTooWide(division=self.code, level=int(level))
        return type(self)(_canonical(self.code[: Level(level)]))

    @property
    def county(self) -> Self:
        """The county this division is or lies in; `DivisionIsTooWide` for a prefecture or province."""
        return self.prefix(Level.COUNTY)

    def contains(self, other: "Division") -> bool:
        """Whether the other division is this one or lies in it."""
        return other.code.startswith(self.code)

    @property
    def padded(self) -> str:
        """The six-digit form of GB/T 2260 (provinces to counties) or twelve digits below, as partners exchange it."""
        return self.code.ljust(Level.COUNTY if len(self.code) <= Level.COUNTY else Level.VILLAGE, "0")

    def __str__(self) -> str:
        return self.code

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.code})"


@dataclass(frozen=True, slots=True)
class Scope:
    """The divisions whose rows somebody may see: a set of code prefixes, none inside another.

    >>> Scope.of("3415").covers("341503001"), Scope.of("341502").covers("341503001")
    (True, False)
    >>> sorted(Scope.of("3415", "341502").prefixes)
    ['3415']
    """

    prefixes: frozenset[str]

    def __post_init__(self) -> None:
        if EVERYWHERE in self.prefixes:
            object.__setattr__(self, "prefixes", frozenset({EVERYWHERE}))
            return
        codes = {Division(code).code for code in self.prefixes}
        widest = {code for code in codes if not any(code != wider and code.startswith(wider) for wider in codes)}
        object.__setattr__(self, "prefixes", frozenset(widest))

    @classmethod
    def of(cls, *divisions: Division | str) -> Self:
        """The scope of these divisions; codes may be padded. ``"*"`` is everywhere, and an empty text is refused."""
        return cls(frozenset(code if code == EVERYWHERE else str(Division.parse(str(code))) for code in divisions))

    @classmethod
    def parse(cls, claim: Iterable[str]) -> Self:
        """The scope a token carries in its claim ``divisions``."""
        return cls.of(*claim)

    @classmethod
    def everywhere(cls) -> Self:
        return cls(frozenset({EVERYWHERE}))

    @classmethod
    def nowhere(cls) -> Self:
        return cls(frozenset())

    @property
    def is_everywhere(self) -> bool:
        return EVERYWHERE in self.prefixes

    def covers(self, division: Division | str) -> bool:
        """Whether the whole of the division lies in the scope; a code may be given as text."""
        return self.is_everywhere or str(division).startswith(tuple(self.prefixes))

    def narrowed_to(self, division: Division) -> Self:
        """The part of this scope that lies in a division: what a filter by region may show."""
        if self.covers(division):
            return type(self)(frozenset({division.code}))
        return type(self)(frozenset(code for code in self.prefixes if code.startswith(division.code)))

    def __str__(self) -> str:
        return ",".join(sorted(self.prefixes))
