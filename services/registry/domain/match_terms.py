"""Words under which a person is found without their name being stored: whole, in pairs, as heard, by initials.

A term is a short text; the adapter keeps a keyed fingerprint of each, so that the index holds nothing in clear and one
question ("rows that have all of these") serves searching, matching of reports and looking for duplicates alike.

A pair of neighbouring characters is rare enough to be looked for in a whole province. One character is not (every
twelfth person is a 王), so family names are indexed together with the county and asked for within counties only.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice, pairwise, product
from typing import Final, Protocol

from shared.values.division import Division

COUNTIES_MAX: Final = 20
"""A family name alone is looked for in at most so many counties at once."""
LETTERS_MAX: Final = 24
_INITIALS_MAX: Final = 6
_VARIANTS_MAX: Final = 16
_DROPPED: Final = frozenset("·•‧・.．'’`-‐– \t\u3000")
_WHOLE, _FIRST, _PAIR, _FIRST_HEARD, _PAIR_HEARD, _INITIALS, _BORN, _BORN_HEARD, _PHONE = "=1234567t"


class Reads(Protocol):
    """A dictionary of readings."""

    def of(self, character: str) -> tuple[str, ...]:
        """How a character may be read."""

    def cuts(self, letters: str) -> list[tuple[str, ...]]:
        """How letters may be cut into syllables."""


Terms = frozenset[str]


def plain(name: str) -> str:
    """A name without what people write differently: width, case, spaces, the dots between parts."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in text if character not in _DROPPED)


def terms_of(name: str, *, division: Division, born: date | None, phones: Iterable[str] = (), reads: Reads) -> Terms:
    """Everything one name of a person is found by. ``born`` goes with the name only, never alone."""
    units, county = _units(plain(name)), _county(division)
    if not units:
        return frozenset()
    heard = [_readings(unit, reads) for unit in units]
    found = {_WHOLE + "".join(units), _FIRST + county + units[0]}
    found.update(_FIRST_HEARD + county + reading for reading in heard[0])
    found.update(_PAIR + left + right for left, right in pairwise(units))
    found.update(
        f"{_PAIR_HEARD}{left} {right}" for lefts, rights in pairwise(heard) for left, right in product(lefts, rights)
    )
    letters = [sorted({reading[0] for reading in readings}) for readings in heard]
    found.update(_INITIALS + "".join(chosen) for chosen in islice(product(*letters), _VARIANTS_MAX))
    if born is not None:
        found.update((born_term(name, born), heard_term(name, born, reads)))
    found.update(map(phone_term, phones))
    return frozenset(found)


def whole_term(name: str) -> str:
    """The whole name."""
    return _WHOLE + "".join(_units(plain(name)))


def born_term(name: str, born: date) -> str:
    """The whole name of somebody born on a day."""
    return f"{_BORN}{plain(name)}|{born.isoformat()}"


def heard_term(name: str, born: date, reads: Reads) -> str:
    """The name as it is usually heard, of somebody born on a day: finds 王晓明 where 王小明 was written."""
    usual = "".join((_readings(unit, reads) or (unit,))[0] for unit in _units(plain(name)))
    return f"{_BORN_HEARD}{usual}|{born.isoformat()}"


def phone_term(phone: str) -> str:
    """A telephone number, by its digits."""
    return _PHONE + "".join(character for character in phone if character.isdecimal())


def asked(text: str, *, counties: Sequence[str], reads: Reads) -> list[Terms] | None:
    """What a person who typed ``text`` may mean, each as terms a name must have all of.

    None when that is one character or syllable and more counties than `COUNTIES_MAX` would have to be searched.
    Characters are taken as written; letters as syllables (wangxiao), as a name in letters, and as initials (wxm).
    """
    units = _units(plain(text))
    if not units:
        return []
    narrow = 0 < len(counties) <= COUNTIES_MAX
    if any(not unit.isascii() for unit in units):
        if len(units) > 1:
            return [frozenset(_PAIR + left + right for left, right in pairwise(units))]
        return [frozenset({_FIRST + county + units[0]}) for county in counties] if narrow else None
    return _heard_as(text, counties if narrow else (), reads)


def _heard_as(text: str, counties: Sequence[str], reads: Reads) -> list[Terms] | None:
    letters = plain(text)[:LETTERS_MAX]
    found: list[Terms] = [frozenset({_WHOLE + letters})]
    if 2 <= len(letters) <= _INITIALS_MAX and letters.isalpha():  # noqa: PLR2004 - one initial is nobody's
        found.append(frozenset({_INITIALS + letters}))
    cuts = _cuts(text, reads)
    found += [
        frozenset(f"{_PAIR_HEARD}{left} {right}" for left, right in pairwise(cut)) for cut in cuts if len(cut) > 1
    ]
    alone = [cut[0] for cut in cuts if len(cut) == 1]
    if alone and not counties and len(found) == 1:
        return None
    return found + [frozenset({_FIRST_HEARD + county + syllable}) for syllable in alone for county in counties]


def _cuts(text: str, reads: Reads) -> list[tuple[str, ...]]:
    """Spaces and apostrophes are cuts already: xi'an is two syllables."""
    parts = [plain(part) for part in text.replace("'", " ").replace("’", " ").split()]
    if not parts or sum(map(len, parts)) > LETTERS_MAX:
        return []
    choices = [reads.cuts(part) for part in parts]
    return [sum(chosen, ()) for chosen in islice(product(*choices), _VARIANTS_MAX)]


def _units(text: str) -> list[str]:
    """Characters; letters that follow each other are one unit."""
    return list(_grouped(text))


def _grouped(text: str) -> Iterator[str]:
    word = ""
    for character in text:
        if character.isascii() and character.isalnum():
            word += character
            continue
        if word:
            yield word
            word = ""
        if character.isalnum():
            yield character
    if word:
        yield word


def _readings(unit: str, reads: Reads) -> tuple[str, ...]:
    return (unit,) if unit.isascii() else reads.of(unit)


def _county(division: Division) -> str:
    return division.county.code
