"""Small words of the algebra: months as numbers, the days of a month as bits of a number, sets of kinds as masks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, case, cast, extract, func, literal_column

from services.subsidy.domain.person_facts import FactKind
from shared.values.month import Month

ONE = literal_column("1::bigint", BigInteger)
ZERO = literal_column("0::bigint", BigInteger)
FENCE: ColumnElement[int] = literal_column("0", Integer)
"""As an offset it keeps the planner from writing the expressions of a subquery out again wherever they are used."""


def number_of(month: Month) -> int:
    """Months counted from the year 0, so that months are compared and subtracted as numbers."""
    return month.year * 12 + month.month - 1


def month_number(day: ColumnElement[Any]) -> ColumnElement[int]:
    """The number of the month a day lies in."""
    return cast(extract("year", day) * 12 + extract("month", day) - 1, Integer)


def mask(kinds: Iterable[FactKind]) -> int:
    """A set of kinds as a number."""
    return sum(1 << kind.number for kind in kinds)


def has(bits: ColumnElement[int], number: ColumnElement[int] | int) -> ColumnElement[bool]:
    """Whether a bit is set."""
    wanted = literal_column(f"{1 << number}::bigint", BigInteger) if isinstance(number, int) else bit(number)
    return bits.bitwise_and(wanted) != ZERO


def bit(number: ColumnElement[int]) -> ColumnElement[int]:
    """The set of one kind."""
    return ONE.bitwise_lshift(number)


def days(
    begins: ColumnElement[Any], ends: ColumnElement[Any], *, first: ColumnElement[Any], following: ColumnElement[Any]
) -> ColumnElement[int]:
    """The days ``begins <= day < ends`` of the month from ``first`` to the day before ``following``, as bits.

    Most intervals cover the month or miss it: both are told without arithmetic.
    """
    low = func.greatest(begins, first) - first
    high = func.least(ends, following) - first
    return case(
        (begins >= ends, ZERO),
        (begins >= following, ZERO),
        (ends <= first, ZERO),
        else_=ONE.bitwise_lshift(high) - ONE.bitwise_lshift(low),
    )


def any_days(bits: ColumnElement[int], *where: ColumnElement[bool]) -> ColumnElement[int]:
    """Days (or kinds) of any row of a group that fits; none where the group has none."""
    found = func.bit_or(bits)
    return func.coalesce(found.filter(*where) if where else found, ZERO)
