"""Which numbers are not told, because few people are behind them, or because who is behind such could be subtracted.

A number from one to below the minimum is hidden. Where one alone were hidden among divisions that add up to a number
that is told, another is hidden with it; where a number is hidden, one of those it is the sum of is hidden too. So every
sum that is told has either nothing hidden in it, or two numbers at least, and the same goes for what is hidden itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

ALONE: Final = 2
"""So many hidden numbers cannot be told apart by what they add up to."""


@dataclass(frozen=True, slots=True)
class Group:
    """A place and those directly below, which add up to it."""

    whole: str
    parts: Sequence[str]


def is_small(value: int, minimum: int) -> bool:
    """Nobody is not few: zero is told."""
    return 0 < value < minimum


def hidden_places(
    groups: Iterable[Group],
    small: Collection[str],
    sizes: Mapping[str, int],
    minimum: int,
    *,
    already: Collection[str] = (),
) -> set[str]:
    """The places whose number is hidden; ``groups`` from the top down. ``already``: what is hidden anyhow.

    It depends on nothing but the numbers of the year or day: whoever asks, and however, finds the same hidden.
    """
    hidden = {*small, *already}
    for group in groups:
        within = [part for part in group.parts if part in hidden]
        wanted = 1 if group.whole in hidden else ALONE if within else 0
        if len(within) < wanted:
            free = sorted(set(group.parts).difference(within), key=lambda part: _fitness(part, sizes, minimum))
            hidden.update(free[: wanted - len(within)])
    return hidden


def _fitness(part: str, sizes: Mapping[str, int], minimum: int) -> tuple[bool, int, str]:
    """The smallest number goes first that is no small one itself; failing that, the greatest there is."""
    size = sizes.get(part, 0)
    return (True, -size, part) if size < minimum else (False, size, part)
