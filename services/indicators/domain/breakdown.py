"""Which places a question is about: divisions of the caller's scope, themselves or broken down by a level below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from services.indicators.domain.errors import BreakdownNotPossible, DivisionNotFound
from shared.values.division import EVERYWHERE, Division, Level, Scope

PLACES_MAX: Final = 1_000


class Directory(Protocol):
    """Divisions that exist."""

    def __hash__(self) -> int:
        """One directory is itself."""

    def __contains__(self, division: object) -> bool:
        """Whether the directory lists the division."""

    def children(self, division: Division | str) -> Sequence[Division]:
        """The divisions directly below."""

    def within(self, division: Division | str, *levels: Level) -> Iterable[Division]:
        """Everything of those levels inside a division."""


@dataclass(frozen=True, slots=True)
class Root:
    """One division to count in (``*`` is everywhere), and the level to break it down by (None: one figure)."""

    code: str
    level: Level | None = None

    @property
    def prefix(self) -> str:
        """What the codes inside begin with."""
        return "" if self.code == EVERYWHERE else self.code

    @property
    def digits(self) -> int:
        """How many digits of a code name the place a row is counted at."""
        return len(self.prefix) if self.level is None else int(self.level)

    def place(self, counted: str) -> str:
        """The division a counted prefix names (a prefecture without counties is its own county)."""
        return Division.parse(counted).code if counted else EVERYWHERE

    def listed(self, directory: Directory) -> list[str]:
        """The places that are answered even when nothing counts there."""
        if self.level is None:
            return [self.code]
        if self.level == len(self.prefix):
            return [self.code]
        above = [self.prefix] if self.prefix else provinces(directory)
        if self.level is Level.PROVINCE:
            return above
        return [inside.code for code in above for inside in directory.within(code, self.level)]


@lru_cache(maxsize=8)
def provinces(directory: Directory) -> list[str]:
    """The provinces that exist."""
    return [str(number) for number in range(11, 100) if str(number) in directory]


def roots(division: Division | None, scope: Scope, directory: Directory) -> list[Root]:
    """The divisions asked about; without any, those of the caller. Raises `DivisionNotFound`.

    Villages are listed for some prefectures only, so one is known when its township is.
    """
    if division is None:
        return [Root(code) for code in sorted(scope.prefixes)]
    known = division in directory or (division.level is Level.VILLAGE and division.parent in directory)
    if not known or not scope.covers(division):
        raise DivisionNotFound(division=division.code)
    return [Root(division.code)]


def at_level(root: Root, level: Level) -> Root:
    """The root broken down by a level. Raises `BreakdownNotPossible` when the level is above it."""
    if level < len(root.prefix):
        raise BreakdownNotPossible(division=root.code)
    return Root(root.code, level)


def into_children(root: Root, directory: Directory) -> Root:
    """The root broken down by what lies directly below. Raises `BreakdownNotPossible` for a village."""
    if not root.prefix:
        return Root(root.code, Level.PROVINCE)
    if len(root.prefix) == Level.VILLAGE:
        raise BreakdownNotPossible(division=root.code)
    below = directory.children(root.code)
    following = next(level for level in Level if level > len(root.prefix))
    return Root(root.code, below[0].level if below else following)


def below_it(root: Root, directory: Directory) -> Root:
    """The root broken down by what lies directly below; a village, below which nothing lies, itself."""
    return root if len(root.prefix) == Level.VILLAGE else into_children(root, directory)
