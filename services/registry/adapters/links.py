"""Identity numbers of other services' lists → person ids; numbers go in, only ids come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.secrets import Secrets
from shared.values.division import Scope
from shared.values.identity_number import IdentityNumber


@dataclass(frozen=True, slots=True)
class Linked:
    """A person of the register. Of a merged record: the surviving one."""

    person_id: UUID
    division: str


async def linked(
    connection: AsyncConnection, numbers: Sequence[IdentityNumber | None], secrets: Secrets, *, within: Scope
) -> list[Linked | None]:
    """One answer for each number, in order; None for a number of nobody in the scope. One statement for all."""
    asked: dict[bytes, list[int]] = {}
    for at, number in enumerate(numbers):
        if number is not None:
            for index in secrets.citizen_ids.both(number.number):
                asked.setdefault(index, []).append(at)
    found: list[Linked | None] = [None] * len(numbers)
    if asked:
        for row in await connection.execute(_LINKED, {"indexes": list(asked)}):
            if within.covers(row.division):
                for at in asked[bytes(row.citizen_id_index)]:
                    found[at] = Linked(row.person_id, row.division)
    return found


_LINKED: Final = text(
    "SELECT asked.citizen_id_index, p.person_id, p.division FROM person asked "
    "JOIN person p ON p.person_id = coalesce(asked.merged_into, asked.person_id) "
    "WHERE asked.citizen_id_index = ANY(CAST(:indexes AS bytea[])) AND p.erased_at IS NULL"
)
