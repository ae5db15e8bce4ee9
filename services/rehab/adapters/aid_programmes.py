"""Aid programmes as JSON, and on record; those that come with the product."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.rehab.adapters.tables_aid import programme
from services.rehab.domain.aid import AidProgramme
from services.rehab.domain.aid_errors import ProgrammeStepNotAllowed
from shared.kit.documents import Documents, DocumentStatus, Stored
from shared.kit.shipped import Shipped

StoredProgramme = Stored[AidProgramme]
_PROGRAMME: Final = TypeAdapter(AidProgramme)
_COLUMNS: Final = ("division", "code", "title", "begins_on", "ends_on", "quota", "budget_fen", "confidential")


def parse(body: Mapping[str, Any]) -> AidProgramme:
    """Read a programme; a pydantic ``ValidationError`` names every field that is wrong."""
    return _PROGRAMME.validate_python(body)


def dump(one: AidProgramme) -> dict[str, Any]:
    """The JSON form, without what is left out."""
    dumped: dict[str, Any] = _PROGRAMME.dump_python(one, mode="json", exclude_none=True, exclude_defaults=True)
    return dumped


def _told(one: AidProgramme) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _COLUMNS} | {"body": dump(one)}


PROGRAMMES: Final = Documents(
    table=programme,
    kind="aid_programme",
    permission="programme:write",
    told=_told,
    parse=parse,
    refusal=ProgrammeStepNotAllowed,
)
SHIPPED: Final = Shipped(Path(__file__).resolve().parents[1] / "programmes", parse)
"""Every programme the source documents name (RULES 10), to begin from."""


async def in_force(connection: AsyncConnection, division: str, code: str) -> UUID | None:
    """The programme of a division and code that counts, if any."""
    found: UUID | None = await connection.scalar(
        select(programme.c.programme_id).where(
            programme.c.division == division,
            programme.c.code == code,
            programme.c.status == DocumentStatus.IN_FORCE,
        )
    )
    return found
