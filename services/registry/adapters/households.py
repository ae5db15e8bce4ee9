"""Households and who belongs to them, from when to when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from services.registry.adapters.secrets import BOOK_NO, HOUSEHOLD_ADDRESS, Secrets
from services.registry.adapters.tables_person import person
from services.registry.adapters.tables_place import household, household_member
from services.registry.domain.person_errors import PersonHasHousehold
from shared.kit.scoping import inside
from shared.values.division import Division, Scope
from shared.values.personal import AddressDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """``persons``: everybody in the book, registered here or not."""

    household_id: UUID
    version: int
    division: Division
    kind: str
    book_no: str | None
    address: AddressDetail | None
    persons: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """``valid_to``: the last day; None while they belong to it."""

    member_id: UUID
    household_id: UUID
    person_id: UUID
    relation: str
    valid_from: date
    valid_to: date | None


class Households:
    """Households on PostgreSQL, in one transaction."""

    def __init__(self, connection: AsyncConnection, secrets: Secrets, *, recorded_by: str) -> None:
        self._connection = connection
        self._secrets = secrets
        self._recorded_by = recorded_by

    async def add(self, one: Household) -> bool:
        """Insert; False when the number of the book is taken."""
        row = one.household_id.bytes
        inserted = await self._connection.execute(
            postgresql.insert(household)
            .values(
                household_id=one.household_id,
                version=one.version,
                division=one.division.code,
                kind=one.kind,
                book_no_cipher=self._secrets.seal_text(one.book_no, BOOK_NO, row),
                book_no_index=None if one.book_no is None else self._secrets.books.of(one.book_no),
                address_cipher=self._secrets.seal(one.address, HOUSEHOLD_ADDRESS, row),
                persons=one.persons,
                recorded_by=self._recorded_by,
            )
            .on_conflict_do_nothing(index_elements=[household.c.book_no_index])
            .returning(household.c.household_id)
        )
        return inserted.one_or_none() is not None

    async def get(self, household_id: UUID, *, within: Scope) -> Household | None:
        """Lock and load; None outside the scope."""
        row = (
            await self._connection.execute(
                select(household)
                .where(household.c.household_id == household_id, inside(household.c.division, within))
                .with_for_update()
            )
        ).one_or_none()
        return None if row is None else self._opened(row)

    async def join(self, one: Household, person_id: UUID, relation: str, *, since: date) -> Member:
        """Somebody belongs to it. Raises `PersonHasHousehold` while they belong to another."""
        member = Member(
            member_id=uuid7(),
            household_id=one.household_id,
            person_id=person_id,
            relation=relation,
            valid_from=since,
            valid_to=None,
        )
        inserted = await self._connection.execute(
            postgresql.insert(household_member)
            .values(**_values(member), recorded_by=self._recorded_by)
            .on_conflict_do_nothing()
            .returning(household_member.c.member_id)
        )
        if inserted.one_or_none() is None:
            present = await self.of_person(person_id, within=Scope.everywhere())
            raise PersonHasHousehold(household_id=str(present[-1].household_id))
        await self._changed(one)
        return member

    async def leave(self, one: Household, person_id: UUID, *, on: date) -> bool:
        """The last day of a membership; False when there is none."""
        ended = await self._connection.execute(
            update(household_member)
            .where(
                household_member.c.household_id == one.household_id,
                household_member.c.person_id == person_id,
                household_member.c.valid_to.is_(None),
                household_member.c.valid_from <= on,
            )
            .values(valid_to=on)
        )
        await self._changed(one)
        return bool(ended.rowcount)

    async def members(self, household_id: UUID, *, on: date, within: Scope) -> Sequence[Member]:
        """Who belongs to it on a day; only those whom the reader may see."""
        rows = await self._connection.execute(
            select(household_member)
            .join(person, person.c.person_id == household_member.c.person_id)
            .where(
                household_member.c.household_id == household_id,
                household_member.c.valid_from <= on,
                or_(household_member.c.valid_to.is_(None), household_member.c.valid_to >= on),
                inside(person.c.division, within),
            )
            .order_by(household_member.c.valid_from, household_member.c.member_id)
        )
        return [_member(row) for row in rows]

    async def of_person(self, person_id: UUID, *, within: Scope) -> Sequence[Member]:
        """Every membership there ever was, the oldest first."""
        rows = await self._connection.execute(
            select(household_member)
            .join(person, person.c.person_id == household_member.c.person_id)
            .where(household_member.c.person_id == person_id, inside(person.c.division, within))
            .order_by(household_member.c.valid_from, household_member.c.recorded_at)
        )
        return [_member(row) for row in rows]

    async def _changed(self, one: Household) -> None:
        await self._connection.execute(
            update(household)
            .where(household.c.household_id == one.household_id)
            .values(version=household.c.version + 1)
        )

    def _opened(self, row: Row[Any]) -> Household:
        key = row.household_id.bytes
        address = self._secrets.open_text(row.address_cipher, HOUSEHOLD_ADDRESS, key)
        return Household(
            household_id=row.household_id,
            version=row.version,
            division=Division(row.division),
            kind=row.kind,
            book_no=self._secrets.open_text(row.book_no_cipher, BOOK_NO, key),
            address=None if address is None else AddressDetail(address),
            persons=row.persons,
        )


def _values(member: Member) -> dict[str, Any]:
    return {
        "member_id": member.member_id,
        "household_id": member.household_id,
        "person_id": member.person_id,
        "relation": member.relation,
        "valid_from": member.valid_from,
        "valid_to": member.valid_to,
    }


def _member(row: Row[Any]) -> Member:
    return Member(
        member_id=row.member_id,
        household_id=row.household_id,
        person_id=row.person_id,
        relation=row.relation,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )
