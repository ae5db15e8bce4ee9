"""Rows ↔ domain, scoped. Reads lock what a step is about to change."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, literal_column, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.places import Places
from services.registry.adapters.search_index import SearchIndex
from services.registry.adapters.secrets import Secrets
from services.registry.adapters.tables import person
from services.registry.adapters.trail import Trail
from services.registry.domain.person import Person
from services.registry.use_cases.ports import Identity
from shared.kit.scoping import inside
from shared.values.division import Division, Scope
from shared.values.identity_number import IdentityNumber
from shared.values.personal import AddressDetail, Phone


def to_person(row: Row[Any]) -> Person:
    """A row of ``person``."""
    return Person(
        person_id=row.person_id,
        version=row.version,
        last_version=row.last_version,
        division=Division(row.division),
        registered_on=row.registered_on,
        died_on=row.died_on,
        merged_into=row.merged_into,
    )


class SqlPersons:
    """`Persons` on PostgreSQL."""

    def __init__(
        self, connection: AsyncConnection, secrets: Secrets, recorded_by: str, trail: Trail, *, places: Places
    ) -> None:
        self._connection = connection
        self._secrets = secrets
        self._recorded_by = recorded_by
        self._trail = trail
        self._search = SearchIndex(connection, secrets)
        self._places = places

    async def get(self, person_id: UUID, *, within: Scope) -> Person | None:
        """Lock and load; None outside the scope."""
        row = (
            await self._connection.execute(
                select(person)
                .where(person.c.person_id == person_id, person.c.erased_at.is_(None), inside(person.c.division, within))
                .with_for_update()
            )
        ).one_or_none()
        if row is None:
            return None
        someone = to_person(row)
        self._trail.loaded(someone)
        return someone

    async def several(self, person_ids: Collection[UUID], *, within: Scope) -> dict[UUID, Person]:
        """Lock and load many at once, in one order for everybody; those outside the scope are missing."""
        rows = await self._connection.execute(
            select(person)
            .where(person.c.person_id.in_(person_ids), person.c.erased_at.is_(None), inside(person.c.division, within))
            .order_by(person.c.person_id)
            .with_for_update()
        )
        found = {row.person_id: to_person(row) for row in rows}
        self._trail.loaded(*found.values())
        return found

    async def by_number(self, number: IdentityNumber, *, within: Scope) -> UUID | None:
        """Whose number it is, also under the index key that is being replaced."""
        indexes = self._secrets.citizen_ids.both(number.number)
        found: UUID | None = await self._connection.scalar(
            select(person.c.person_id).where(person.c.citizen_id_index.in_(indexes), inside(person.c.division, within))
        )
        return found

    async def add(self, someone: Person, identity: Identity) -> bool:
        """Insert; False when the identity number is taken, also under the index key that is being replaced."""
        indexes = self._secrets.citizen_ids.both(identity.citizen_id_no.number)
        if await self._connection.scalar(select(person.c.person_id).where(person.c.citizen_id_index.in_(indexes))):
            return False
        inserted = await self._connection.execute(
            postgresql.insert(person)
            .values(
                person_id=someone.person_id,
                version=someone.version,
                last_version=someone.last_version,
                division=someone.division.code,
                registered_on=someone.registered_on,
                died_on=someone.died_on,
                recorded_by=self._recorded_by,
                **self._secrets.sealed_identity(someone.person_id, identity),
            )
            .on_conflict_do_nothing(index_elements=[person.c.citizen_id_index])
            .returning(person.c.person_id)
        )
        if inserted.one_or_none() is None:
            return False
        await self._search.add(someone.person_id, identity, someone.division)
        self._trail.registered(someone, identity)
        return True

    async def identity(self, person_id: UUID, *, within: Scope) -> Identity | None:
        """Decrypt name and numbers; None outside the scope."""
        row = (
            await self._connection.execute(
                select(
                    person.c.person_id,
                    person.c.citizen_id_cipher,
                    person.c.name_cipher,
                    person.c.phone_cipher,
                    person.c.address_cipher,
                ).where(
                    person.c.person_id == person_id, person.c.erased_at.is_(None), inside(person.c.division, within)
                )
            )
        ).one_or_none()
        return None if row is None else self._secrets.open_identity(row)

    async def reach(self, someone: Person, phone: Phone | None, address: AddressDetail | None) -> None:
        """Store where a person is reached."""
        await self._connection.execute(
            update(person)
            .where(person.c.person_id == someone.person_id)
            .values(
                last_version=someone.last_version,
                **self._secrets.sealed_contact(someone.person_id, phone, address),
            )
        )
        await self._search.touch(someone.person_id)

    async def remember(self, persons: Sequence[Person]) -> None:
        """Store of many that something about them, in another row, was changed."""
        if persons:
            await self._connection.execute(
                _LAST_VERSIONS,
                {"ids": [each.person_id for each in persons], "versions": [each.last_version for each in persons]},
            )

    async def save(self, someone: Person, *, moved_on: date | None = None) -> None:
        """Store the changed row; a change of division goes into the history of homes."""
        previous = await self._connection.scalar(
            update(person)
            .where(person.c.person_id == someone.person_id)
            .values(
                version=someone.version,
                last_version=someone.last_version,
                division=someone.division.code,
                died_on=someone.died_on,
                merged_into=someone.merged_into,
            )
            .returning(literal_column("old.division"))
        )
        if previous is not None and previous != someone.division.code:
            await self._places.home_changed(
                someone.person_id, previous=Division(previous), to=someone.division, moved_on=moved_on
            )
            await self._search.touch(someone.person_id)
        self._trail.saved(someone)


_LAST_VERSIONS: Final = text(
    "UPDATE person p SET last_version = r.version "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS bigint[])) AS r(id, version) WHERE p.person_id = r.id"
)
