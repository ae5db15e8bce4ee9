"""The bundled directory of administrative divisions: names, what lies where, what became of old codes (ID-19, ID-21).

Nothing is read until somebody asks for `bundled()`, once per process. The 46,669 rows then cost about one and a half
megabytes: codes are one sorted array of numbers, and one more for each level (the code padded to twelve digits, so that
everything inside a division is one slice), and names one text with an array of offsets.
"""

import csv
import gzip
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from heapq import merge
from pathlib import Path
from typing import ClassVar, Final

from shared.values.division import Division, Level
from shared.values.invalid import InvalidValue

_DIRECTORY: Final = Path(__file__).resolve().parents[1] / "data"
_DIGITS: Final = int(Level.VILLAGE)


class DivisionIsUnknown(InvalidValue):
    """A well-formed code that the directory does not have."""

    code: ClassVar[str] = "division_is_unknown"
    zh_text: ClassVar[str] = "行政区划代码 {division} 不存在"
    en_text: ClassVar[str] = "there is no division {division}"


@dataclass(frozen=True, slots=True)
class Succession:
    """A division that was given up, and the one its area belongs to since a year."""

    division: Division
    name: str
    successor: Division
    year: int


class Divisions:
    """Names and relations of divisions. Codes may be given as text, padded or not."""

    __slots__ = ("_codes", "_ends", "_names", "_of_level", "_successions")

    def __init__(self, rows: Iterable[tuple[str, str]], successions: Iterable[Succession] = ()) -> None:
        self._codes = array("Q")
        self._ends = array("I", [0])
        names: list[str] = []
        for code, name in sorted(rows):
            self._codes.append(_number(code))
            self._ends.append(self._ends[-1] + len(name))
            names.append(name)
        self._names = "".join(names)
        self._of_level = {level: array("Q") for level in Level}
        for number in self._codes:
            self._of_level[_level(number)].append(number)
        self._successions: dict[Division, tuple[Succession, ...]] = {}
        for each in successions:
            self._successions[each.division] = (*self._successions.get(each.division, ()), each)

    def __len__(self) -> int:
        return len(self._codes)

    def __contains__(self, division: object) -> bool:
        return isinstance(division, Division | str) and self._index(_division(division)) is not None

    def __iter__(self) -> Iterator[Division]:
        """Every division, each before those inside it."""
        return map(_canonical, self._codes)

    def name(self, division: Division | str) -> str:
        """The name of the division alone, such as 金安区; `DivisionIsUnknown` if there is none."""
        asked = _division(division)
        index = self._index(asked)
        if index is None:
            raise DivisionIsUnknown(division=asked.code)
        return self._names[self._ends[index] : self._ends[index + 1]]

    def full_name(self, division: Division | str) -> str:
        """The name with all divisions above it, as in an address: 安徽省六安市金安区."""
        asked: Division | None = _division(division)
        names: list[str] = []
        while asked is not None:
            names.append(self.name(asked))
            asked = asked.parent
        return "".join(reversed(names))

    def within(self, division: Division | str, *levels: Level) -> Iterator[Division]:
        """Everything that lies inside a division, sorted by code; only some levels if they are named."""
        asked = _division(division)
        start, end = _number(asked.code), _number(asked.code) + 10 ** (_DIGITS - len(asked.code))
        slices = [
            codes[bisect_left(codes, start) : bisect_left(codes, end)]
            for codes in ([self._of_level[level] for level in levels] if levels else [self._codes])
        ]
        for number in merge(*slices):
            if number != start:
                yield _canonical(number)

    def children(self, division: Division | str) -> tuple[Division, ...]:
        """The divisions directly below, sorted by code."""
        asked = _division(division)
        below = [level for level in Level if level > asked.level]
        return tuple(inside for inside in self.within(asked, *below[:2]) if inside.parent == asked)

    def successors(self, division: Division | str) -> tuple[Succession, ...]:
        """What directly replaced a division that was given up; nothing if it stands."""
        return self._successions.get(_division(division), ())

    def current(self, division: Division | str) -> tuple[Division, ...]:
        """The standing divisions an old code leads to, through any number of successions; itself if it stands."""
        asked = _division(division)
        followed = self.successors(asked)
        if not followed:
            return (asked,) if asked in self else ()
        return tuple(dict.fromkeys(end for step in followed for end in self.current(step.successor)))

    def _index(self, division: Division) -> int | None:
        number = _number(division.code)
        index = bisect_left(self._codes, number)
        return index if index < len(self._codes) and self._codes[index] == number else None


@cache
def bundled() -> Divisions:
    """The directory shipped with the product; read at the first call."""
    with (_DIRECTORY / "successions.csv").open(encoding="utf-8", newline="") as file:
        successions = [
            Succession(Division.parse(row["code"]), row["name"], Division.parse(row["successor"]), int(row["year"]))
            for row in csv.DictReader(file)
        ]
    return Divisions(_bundled_rows(), successions)


def _bundled_rows() -> Iterator[tuple[str, str]]:
    for path in sorted(_DIRECTORY.glob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield row["code"], row["name"]


def _division(division: Division | str) -> Division:
    return division if isinstance(division, Division) else Division.parse(division)


def _number(code: str) -> int:
    return int(code.ljust(_DIGITS, "0"))


def _level(number: int) -> Level:
    return next(level for level in Level if number % 10 ** (_DIGITS - level) == 0)


def _canonical(number: int) -> Division:
    return Division.parse(str(number))
