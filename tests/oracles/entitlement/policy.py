"""What a place pays to whom, as data: each part has its division and its months, and the most specific division wins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Generic, TypeVar

from shared.values.month import Month

T = TypeVar("T")


class Overlap(StrEnum):
    """What drawing from another programme does."""

    EXCLUDE = "exclude"
    HIGHER = "higher"
    STACK = "stack"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Who is meant. ``disabilities`` are (category, grade) pairs, ``incomes`` None when the income does not matter."""

    disabilities: frozenset[tuple[int, int]]
    incomes: frozenset[str] | None = None
    long_care: bool = False
    circumstances: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a tariff: the values it is for (a dimension it does not name is any) and what it pays.

    ``yuan`` is the amount, ``of`` the dated parameter it is a share of instead, ``per_year`` divides by twelve.
    """

    when: Mapping[str, frozenset[str]] = field(default_factory=dict)
    yuan: Fraction
    of: str | None = None
    per_year: bool = False


@dataclass(frozen=True, kw_only=True)
class Tariff:
    """The rows of a place, and to what they are rounded: half up, once, after everything else (READ-15)."""

    rows: tuple[Row, ...]
    round_to_fen: int = 100


@dataclass(frozen=True, kw_only=True)
class Switches:
    """RULES 11 and the readings marked *switch*."""

    restart_from_card: bool = False
    """SUB-47: CARD_ISSUE_MONTH."""
    rate_next_month: bool = False
    """READ-06: NEXT_MONTH."""
    expiry_inclusive: bool = True
    """READ-20."""
    confirmation: bool = False
    """SUB-75: a missed annual confirmation stops here."""


@dataclass(frozen=True, kw_only=True)
class Dated(Generic[T]):
    """A part of the policy, in force from one month through another in a division and whatever lies in it."""

    division: str
    since: Month
    until: Month | None = None
    what: T


@dataclass(frozen=True, kw_only=True)
class Transition:
    """A period in which cards do not expire (SUB-49), both days included."""

    division: str
    first: date
    last: date


@dataclass(frozen=True, kw_only=True)
class Policy:
    """All that is decided about the schemes; keys are schemes, of ``parameters`` names."""

    scopes: Mapping[str, tuple[Dated[Scope], ...]]
    tariffs: Mapping[str, tuple[Dated[Tariff], ...]]
    overlaps: Mapping[str, tuple[Dated[Mapping[str, Overlap]], ...]] = field(default_factory=dict)
    switches: tuple[Dated[Switches], ...] = ()
    parameters: Mapping[str, tuple[Dated[Fraction], ...]] = field(default_factory=dict)
    transitions: tuple[Transition, ...] = ()


def in_force(parts: Iterable[Dated[T]], division: str, month: Month) -> T | None:
    """The part of the most specific division around this one that is in force; of one division the newest."""
    fitting = [
        part
        for part in parts
        if division.startswith(part.division) and part.since <= month and (part.until is None or month <= part.until)
    ]
    return max(fitting, key=lambda part: (len(part.division), part.since)).what if fitting else None
