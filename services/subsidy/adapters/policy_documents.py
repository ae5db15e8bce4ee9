"""Policy documents as JSON, and as rows in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.tables_policy import policy_document
from services.subsidy.domain.policy import PolicyDocument

_DOCUMENT: Final = TypeAdapter(PolicyDocument)


def parse(body: Mapping[str, Any] | str | bytes) -> PolicyDocument:
    """Read a document; a `ValidationError` names every field that is wrong."""
    if isinstance(body, (str, bytes)):
        return _DOCUMENT.validate_json(body)
    return _DOCUMENT.validate_python(body)


def dump(document: PolicyDocument) -> dict[str, Any]:
    """The JSON form, without what is left out."""
    dumped: dict[str, Any] = _DOCUMENT.dump_python(document, mode="json", exclude_none=True, exclude_defaults=True)
    return dumped


async def in_force(connection: AsyncConnection, known_at: datetime | None) -> list[PolicyDocument]:
    """The documents that counted at a moment (None: now), in the order in which they came into force."""
    query = select(policy_document.c.body).where(policy_document.c.in_force_at.is_not(None))
    if known_at is None:
        query = query.where(policy_document.c.withdrawn_at.is_(None))
    else:
        query = query.where(
            policy_document.c.in_force_at <= known_at,
            or_(policy_document.c.withdrawn_at.is_(None), policy_document.c.withdrawn_at > known_at),
        )
    rows = await connection.scalars(query.order_by(policy_document.c.in_force_at, policy_document.c.policy_id))
    return [parse(body) for body in rows]


def differences(here: PolicyDocument, there: PolicyDocument) -> list[tuple[str, Any, Any]]:
    """What two documents say differently: where (a JSON pointer), here and there."""
    return list(_differences("", dump(here), dump(there)))


def _differences(where: str, here: Any, there: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(here, dict) and isinstance(there, dict):
        for name in sorted(here.keys() | there.keys()):
            yield from _differences(f"{where}/{name}", here.get(name), there.get(name))
    elif here != there:
        yield where, here, there


__all__ = ["ValidationError", "differences", "dump", "in_force", "parse"]
