"""A certificate as it was on a day, and as it was known on a day (ARCHITECTURE 1, two times)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Date, cast, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.tables import certificate, certificate_version
from shared.kit.scoping import inside
from shared.values.certificate import CertificateStatus
from shared.values.division import Scope

_COLUMNS: Final = (
    "certificate_id",
    "version",
    "division",
    "status",
    "category",
    "grade",
    "components",
    "issued_on",
    "expires_on",
)
_NOW, _THEN = certificate.c, certificate_version.c
VERSIONS: Final = union_all(
    select(*(_THEN[name] for name in _COLUMNS), _THEN.effective_on.label("effective_on"), _THEN.recorded_at),
    select(
        *(_NOW[name] for name in _COLUMNS),
        cast(func.coalesce(_NOW.effective_on, _NOW.issued_on), Date).label("effective_on"),
        _NOW.recorded_at,
    ),
).subquery("versions")
"""Everything a certificate ever was, its present included."""


async def history_of(
    connection: AsyncConnection,
    certificate_id: UUID,
    *,
    within: Scope,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> list[dict[str, Any]]:
    """Every version, newest first; with a day only those that had begun, with an instant only those recorded by then.

    The first of the list answers "what was it, as far as we knew": later knowledge counts from its own day on.
    """
    column = VERSIONS.c
    query = select(VERSIONS).where(column.certificate_id == certificate_id, inside(column.division, within))
    if as_of is not None:
        query = query.where(column.effective_on <= as_of)
    if known_at is not None:
        query = query.where(column.recorded_at <= known_at)
    rows = (await connection.execute(query.order_by(column.version.desc()))).all()
    return [dict(row._mapping) for row in rows]


def status_on(version: dict[str, Any], day: date) -> str:
    """The state a reader sees on a day: expiry is a matter of dates, not of when the job ran (RULES 3.2)."""
    if version["status"] not in {CertificateStatus.VALID, CertificateStatus.EXPIRED}:
        return str(version["status"])
    return CertificateStatus.VALID if day <= version["expires_on"] else CertificateStatus.EXPIRED
