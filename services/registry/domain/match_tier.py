"""How surely a report from outside is about a person of the register."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from services.registry.domain.match_score import Traits
from services.registry.domain.match_terms import Reads, heard_term, plain
from shared.values.division import Division
from shared.values.identity_number import IdentityNumber


class Tier(StrEnum):
    """From the surest down."""

    EXACT_ID = "EXACT_ID"
    """The number, and the name if one was given."""
    ID_NAME_VARIANT = "ID_NAME_VARIANT"
    """The number; the name is another name of the person, or sounds the same, or differs in one character."""
    NAME_BIRTH_PLACE = "NAME_BIRTH_PLACE"
    """No number; name, birth date and county."""
    ID_OTHER_NAME = "ID_OTHER_NAME"
    """The number, but quite another name: one of the two is wrong, and a person must find out which."""
    CLERK = "CLERK"
    """A clerk named the person."""

    @property
    def is_sure(self) -> bool:
        """Whether nobody has to confirm it."""
        return self in {Tier.EXACT_ID, Tier.ID_NAME_VARIANT, Tier.CLERK}


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """Whom a report speaks of."""

    number: IdentityNumber | None
    name: str | None = field(repr=False)
    born: date | None = None
    division: Division | None = None


def tier_of(described: Described, found: Traits, reads: Reads) -> Tier | None:
    """How surely the description is of the person found; None when it is of somebody else.

    ``found.names[0]`` is the present name, the others are variants.
    """
    if described.number is not None:
        return _by_number(described, found, reads) if described.number == found.number else None
    same = (
        described.name is not None
        and plain(described.name) in {plain(name) for name in found.names}
        and described.born == found.number.birth_date
        and described.division is not None
        and described.division.county == found.division.county
    )
    return Tier.NAME_BIRTH_PLACE if same else None


def _by_number(described: Described, found: Traits, reads: Reads) -> Tier:
    if described.name is None or plain(described.name) == plain(found.names[0]):
        return Tier.EXACT_ID
    if any(_alike(described.name, name, reads) for name in found.names):
        return Tier.ID_NAME_VARIANT
    return Tier.ID_OTHER_NAME


def _alike(one: str, other: str, reads: Reads) -> bool:
    left, right = plain(one), plain(other)
    if left == right:
        return True
    anyday = date.min
    if heard_term(left, anyday, reads) == heard_term(right, anyday, reads):
        return True
    # 王小明 and 王晓明 share the family name and all but one character; 王 and 李 share nothing.
    return (
        len(left) == len(right) > 2  # noqa: PLR2004 - of two characters one is too much
        and left[0] == right[0]
        and sum(a != b for a, b in zip(left, right, strict=True)) == 1
    )
