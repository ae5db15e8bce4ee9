"""How Chinese characters are read, without tones, and how letters people type may be cut into syllables.

For finding names: a character may have several readings (曾 is ceng and zeng), and all of the usual ones must find it.
Nothing is read until somebody asks for `bundled()`, once per process.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).resolve().parents[1] / "data" / "readings.tsv.gz"
_SYLLABLE_LENGTH_MAX: Final = 6
_CUTS_MAX: Final = 8
_CUTS_TRIED: Final = 64


class Readings:
    """Characters and their readings, the usual one first; ``nv`` stands for 女, as keyboards write it."""

    __slots__ = ("_of", "_syllables")

    def __init__(self, of: Mapping[str, tuple[str, ...]]) -> None:
        self._of = of
        self._syllables = frozenset(syllable for readings in of.values() for syllable in readings)

    def of(self, character: str) -> tuple[str, ...]:
        """At most three readings; none of a character nobody has written down a reading of."""
        return self._of.get(character, ())

    def cuts(self, letters: str) -> list[tuple[str, ...]]:
        """The ways to cut letters into syllables, those with fewer syllables first; at most eight.

        >>> Readings({"西": ("xi",), "安": ("an",), "先": ("xian",)}).cuts("xian")
        [('xian',), ('xi', 'an')]
        """
        return sorted(islice(self._cuts(letters), _CUTS_TRIED), key=len)[:_CUTS_MAX]

    def _cuts(self, letters: str) -> Iterator[tuple[str, ...]]:
        if not letters:
            yield ()
            return
        for length in range(min(len(letters), _SYLLABLE_LENGTH_MAX), 0, -1):
            if (head := letters[:length]) in self._syllables:
                yield from ((head, *rest) for rest in self._cuts(letters[length:]))


@cache
def bundled() -> Readings:
    """The readings shipped with the product."""
    found: dict[str, tuple[str, ...]] = {}
    with gzip.open(_FILE, "rt", encoding="utf-8") as file:
        lines = sorted((line.rstrip("\n").split("\t") for line in file), key=lambda line: line[1])
    for syllable, _, characters in lines:
        for character in characters:
            found[character] = (*found.get(character, ()), syllable)
    return Readings(found)
