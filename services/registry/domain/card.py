"""What a card looks like: booklets of the second generation, smart cards of the third (ID-14, ID-15)."""

from __future__ import annotations

from enum import StrEnum

from shared.values.disability import Disability, DisabilityCategory


class Generation(StrEnum):
    """Both are valid until the second is declared void."""

    SECOND = "SECOND"
    THIRD = "THIRD"


class Cover(StrEnum):
    """The colour of a card."""

    RED = "RED"
    GREEN = "GREEN"
    BLUE = "BLUE"


def cover_of(disability: Disability, generation: Generation) -> Cover:
    """Red where vision is among the components, with braille; the rest by generation."""
    if disability.includes(DisabilityCategory.VISION):
        return Cover.RED
    match generation:
        case Generation.SECOND:
            return Cover.GREEN
        case Generation.THIRD:
            return Cover.BLUE
