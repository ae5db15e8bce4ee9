"""Other names of persons: former, in another writing, as others wrote it. Found by, matched by, shown masked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.search_index import SearchIndex
from services.registry.adapters.secrets import OTHER_NAME, Secrets
from services.registry.adapters.tables_person import person
from services.registry.adapters.tables_search import person_name
from shared.kit.scoping import inside
from shared.values.division import Scope
from shared.values.personal import PersonName


class NameKind(StrEnum):
    """Why somebody has another name."""

    FORMER = "FORMER"
    VARIANT = "VARIANT"
    """Another writing: a rare character, a transcription of a name of a minority's language."""
    ALIAS = "ALIAS"


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherName:
    """``valid_to``: the last day of a former name."""

    name_id: UUID
    person_id: UUID
    kind: NameKind
    name: PersonName
    valid_to: date | None
    recorded_at: datetime | None = None


class Names:
    """Other names on PostgreSQL, in one transaction."""

    def __init__(self, connection: AsyncConnection, secrets: Secrets, *, recorded_by: str) -> None:
        self._connection = connection
        self._secrets = secrets
        self._recorded_by = recorded_by
        self._search = SearchIndex(connection, secrets)

    async def add(self, other: OtherName) -> None:
        """Insert; the person is found by it from now on."""
        await self._connection.execute(
            insert(person_name).values(
                name_id=other.name_id,
                person_id=other.person_id,
                kind=other.kind.value,
                name_cipher=self._secrets.seal(other.name, OTHER_NAME, other.name_id.bytes),
                valid_to=other.valid_to,
                recorded_by=self._recorded_by,
            )
        )
        await self._search.touch(other.person_id)

    async def withdraw(self, name_id: UUID, *, person_id: UUID) -> bool:
        """It was a mistake; False when there is no such name."""
        gone = await self._connection.execute(
            update(person_name)
            .where(
                person_name.c.name_id == name_id,
                person_name.c.person_id == person_id,
                person_name.c.withdrawn_at.is_(None),
            )
            .values(withdrawn_at=func.clock_timestamp())
        )
        await self._search.touch(person_id)
        return bool(gone.rowcount)

    async def of_person(self, person_id: UUID, *, within: Scope) -> Sequence[OtherName]:
        """Those that stand, the oldest first; none outside the scope."""
        rows = await self._connection.execute(
            select(person_name)
            .join(person, person.c.person_id == person_name.c.person_id)
            .where(
                person_name.c.person_id == person_id,
                person_name.c.withdrawn_at.is_(None),
                inside(person.c.division, within),
            )
            .order_by(person_name.c.recorded_at)
        )
        return [
            OtherName(
                name_id=row.name_id,
                person_id=row.person_id,
                kind=NameKind(row.kind),
                name=PersonName(self._secrets.open(row.name_cipher, OTHER_NAME, row.name_id.bytes)),
                valid_to=row.valid_to,
                recorded_at=row.recorded_at,
            )
            for row in rows
        ]
