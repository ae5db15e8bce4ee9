"""Declarations of banks' files as JSON, and on record."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.tables_policy import bank_declaration
from services.subsidy.domain.banking.declaration import Declaration
from services.subsidy.domain.errors import DeclarationStepNotAllowed
from shared.kit.documents import Documents, DocumentStatus, Stored
from shared.kit.shipped import Shipped

StoredDeclaration = Stored[Declaration]
_DECLARATION: Final = TypeAdapter(Declaration)


def parse(body: Mapping[str, Any]) -> Declaration:
    """Read a declaration; a pydantic ``ValidationError`` names every field that is wrong."""
    return _DECLARATION.validate_python(body)


def dump(declaration: Declaration) -> dict[str, Any]:
    """The JSON form, without what is left out."""
    dumped: dict[str, Any] = _DECLARATION.dump_python(
        declaration, mode="json", exclude_none=True, exclude_defaults=True
    )
    return dumped


def _told(declaration: Declaration) -> dict[str, Any]:
    return {
        "division": declaration.division,
        "code": declaration.code,
        "title": declaration.title,
        "body": dump(declaration),
    }


DECLARATIONS: Final = Documents(
    table=bank_declaration,
    kind="bank_declaration",
    permission="bank:write",
    told=_told,
    parse=parse,
    refusal=DeclarationStepNotAllowed,
)
SHIPPED: Final = Shipped(Path(__file__).resolve().parents[1] / "banks", parse)
"""Declarations that come with the product: a rural bank's fixed width, CSV, Excel."""


async def in_force(connection: AsyncConnection, division: str, code: str) -> UUID | None:
    """The declaration of a division and code that counts, if any."""
    table = bank_declaration
    found: UUID | None = await connection.scalar(
        select(table.c.declaration_id).where(
            table.c.division == division, table.c.code == code, table.c.status == DocumentStatus.IN_FORCE
        )
    )
    return found
