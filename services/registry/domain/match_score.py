"""How likely two records are one person: a score out of a hundred, with the reasons."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from services.registry.domain.match_terms import Reads, heard_term, plain
from shared.values.division import Division
from shared.values.identity_number import IdentityNumber

LIKELY: Final = 60
"""From here on a pair goes to the work list."""
_SCORE_MAX: Final = 100


class Likeness(StrEnum):
    """Why two records may be one person's."""

    SAME_NAME = "SAME_NAME"
    SAME_SOUND = "SAME_SOUND"
    SAME_BIRTH_DATE = "SAME_BIRTH_DATE"
    NUMBER_ONE_DIGIT = "NUMBER_ONE_DIGIT"
    NUMBER_SWAPPED = "NUMBER_SWAPPED"
    SAME_PHONE = "SAME_PHONE"
    SAME_VILLAGE = "SAME_VILLAGE"
    SAME_ADDRESS = "SAME_ADDRESS"
    OTHER_SEX = "OTHER_SEX"


WEIGHTS: Final = {
    Likeness.SAME_NAME: 35,
    Likeness.SAME_SOUND: 25,
    Likeness.SAME_BIRTH_DATE: 25,
    Likeness.NUMBER_ONE_DIGIT: 30,
    Likeness.NUMBER_SWAPPED: 30,
    Likeness.SAME_PHONE: 15,
    Likeness.SAME_VILLAGE: 10,
    Likeness.SAME_ADDRESS: 10,
    Likeness.OTHER_SEX: -25,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What one record says of a person, in the clear while it is compared."""

    number: IdentityNumber
    names: tuple[str, ...] = field(repr=False)
    phone: str | None = field(repr=False)
    address: str | None = field(repr=False)
    division: Division


@dataclass(frozen=True, slots=True)
class Score:
    """``reasons`` in the order of `Likeness`."""

    points: int
    reasons: tuple[Likeness, ...]

    @property
    def is_likely(self) -> bool:
        """Whether somebody should look."""
        return self.points >= LIKELY


def compare(one: Traits, other: Traits, reads: Reads) -> Score:
    """Score two records. A telephone of a household and a village say little alone; a name and a birth date enough."""
    said = {
        Likeness.SAME_NAME: bool(_plain(one) & _plain(other)),
        Likeness.SAME_SOUND: bool(_heard(one, reads) & _heard(other, reads)),
        Likeness.SAME_BIRTH_DATE: one.number.birth_date == other.number.birth_date,
        Likeness.NUMBER_ONE_DIGIT: _differing(one.number, other.number) == 1,
        Likeness.NUMBER_SWAPPED: _swapped(one.number, other.number),
        Likeness.SAME_PHONE: one.phone is not None and one.phone == other.phone,
        Likeness.SAME_VILLAGE: one.division == other.division,
        Likeness.SAME_ADDRESS: one.address is not None and one.address == other.address,
        Likeness.OTHER_SEX: one.number.sex is not other.number.sex,
    }
    if said[Likeness.SAME_NAME]:
        said[Likeness.SAME_SOUND] = False
    reasons = tuple(likeness for likeness, holds in said.items() if holds)
    points = sum(WEIGHTS[reason] for reason in reasons)
    return Score(max(0, min(points, _SCORE_MAX)), reasons)


def _plain(traits: Traits) -> set[str]:
    return {plain(name) for name in traits.names}


def _heard(traits: Traits, reads: Reads) -> set[str]:
    return {heard_term(name, traits.number.birth_date, reads).partition("|")[0] for name in traits.names}


def _body(number: IdentityNumber) -> str:
    """Without the check character: that differs whenever a digit does."""
    return number.number[:17]


def _differing(one: IdentityNumber, other: IdentityNumber) -> int:
    return sum(left != right for left, right in zip(_body(one), _body(other), strict=True))


def _swapped(one: IdentityNumber, other: IdentityNumber) -> bool:
    """Two neighbouring digits in the other order."""
    left, right = _body(one), _body(other)
    at = [place for place, pair in enumerate(zip(left, right, strict=True)) if pair[0] != pair[1]]
    return (
        len(at) == 2  # noqa: PLR2004 - a pair
        and at[1] == at[0] + 1
        and left[at[0]] == right[at[1]]
        and left[at[1]] == right[at[0]]
    )
