"""Data scope in SQL: a division code is its own prefix."""

from __future__ import annotations

from sqlalchemy import ColumnElement, false, or_, true

from shared.values.division import Scope


def inside(column: ColumnElement[str], scope: Scope) -> ColumnElement[bool]:
    """The rows whose division lies in the scope; none for an empty scope, all only when it says everywhere."""
    if scope.is_everywhere:
        return true()
    return or_(false(), *(column.startswith(prefix, autoescape=True) for prefix in sorted(scope.prefixes)))
