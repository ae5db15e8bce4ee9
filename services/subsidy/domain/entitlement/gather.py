"""How the rows of a claim are taken together: a claim of several rows is grouped, a claim of one row is that row."""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, case, func

from services.subsidy.domain.entitlement.algebra import ZERO, any_days

Bool = ColumnElement[bool]


class Gather(Protocol):
    """The words in which rows are taken together."""

    def the(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """What is the same in all rows."""

    def days(self, bits: ColumnElement[int], *where: Bool) -> ColumnElement[int]:
        """Days of any row that fits; none where none does."""

    def least(self, value: ColumnElement[Any], *where: Bool) -> ColumnElement[Any]:
        """The least of the rows that fit."""

    def greatest(self, value: ColumnElement[Any], *where: Bool) -> ColumnElement[Any]:
        """The greatest of the rows that fit."""

    def ever(self, condition: Bool) -> Bool:
        """Whether any row fits."""


class Grouped:
    """Several rows."""

    def the(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Any will do."""
        return func.any_value(column)

    def days(self, bits: ColumnElement[int], *where: Bool) -> ColumnElement[int]:
        """Their union."""
        return any_days(bits, *where)

    def least(self, value: ColumnElement[Any], *where: Bool) -> ColumnElement[Any]:
        """Null where none fits."""
        return func.min(value).filter(*where)

    def greatest(self, value: ColumnElement[Any], *where: Bool) -> ColumnElement[Any]:
        """Null where none fits."""
        return func.max(value).filter(*where)

    def ever(self, condition: Bool) -> Bool:
        """False where nothing is known."""
        return func.coalesce(func.bool_or(condition), False)


class Single:
    """One row: nothing to group, and PostgreSQL works the constants in it out once."""

    def the(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """It."""
        return column

    def days(self, bits: ColumnElement[int], *where: Bool) -> ColumnElement[int]:
        """Its own."""
        return case((and_(*where), bits), else_=ZERO) if where else func.coalesce(bits, ZERO)

    def least(self, value: ColumnElement[Any], *where: Bool) -> ColumnElement[Any]:
        """Its own, where it fits."""
        return case((and_(*where), value))

    def greatest(self, value: ColumnElement[Any], *where: Bool) -> ColumnElement[Any]:
        """Its own, where it fits."""
        return case((and_(*where), value))

    def ever(self, condition: Bool) -> Bool:
        """False where nothing is known."""
        return func.coalesce(condition, False)
