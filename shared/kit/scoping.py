"""Data scope in SQL, a division code being its own prefix, and how a list is asked for a part of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from sqlalchemy import ColumnElement, false, or_, true

from shared.values.division import Scope

DivisionAsked = Annotated[
    str | None,
    Query(
        max_length=12,
        description="区划代码，任意级别；缺省为您的管辖范围",
        json_schema_extra={"format": "division"},
    ),
]
"""A query parameter: only what lies in this division."""


def inside(column: ColumnElement[str], scope: Scope) -> ColumnElement[bool]:
    """The rows whose division lies in the scope; none for an empty scope, all only when it says everywhere."""
    if scope.is_everywhere:
        return true()
    return or_(false(), *(column.startswith(prefix, autoescape=True) for prefix in sorted(scope.prefixes)))
