"""Guardians: who acts for whom, from when to when. Encrypted like the persons themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.secrets import GUARDIAN_CITIZEN_ID as CITIZEN_ID
from services.registry.adapters.secrets import Secrets
from services.registry.adapters.tables import guardian, person
from services.registry.domain.errors import GuardianDatesAreWrong
from shared.kit.masking import masked
from shared.kit.scoping import inside
from shared.values.division import Scope
from shared.values.identity_number import IdentityNumber
from shared.values.personal import PersonName, Phone

NAME, PHONE = b"guardian.name", b"guardian.phone"
LIVING: Final = and_(person.c.person_id == guardian.c.person_id, person.c.erased_at.is_(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardian:
    """``subject``: the guardian's account at the issuer of tokens, None while there is none."""

    guardian_id: UUID
    person_id: UUID
    name: PersonName
    citizen_id_no: IdentityNumber
    phone: Phone | None
    relation: str
    subject: str | None
    valid_from: date
    valid_to: date | None


class Guardians:
    """Guardians on PostgreSQL, in one transaction."""

    def __init__(self, connection: AsyncConnection, secrets: Secrets, *, recorded_by: str) -> None:
        self._connection = connection
        self._secrets = secrets
        self._recorded_by = recorded_by

    async def add(self, one: Guardian) -> None:
        """Insert."""
        row, secrets = one.guardian_id.bytes, self._secrets
        await self._connection.execute(
            insert(guardian).values(
                guardian_id=one.guardian_id,
                person_id=one.person_id,
                subject=one.subject,
                relation=one.relation,
                name_cipher=secrets.seal(one.name, NAME, row),
                citizen_id_cipher=secrets.cipher.encrypt(
                    one.citizen_id_no.number.encode(), context=CITIZEN_ID, row=row
                ),
                citizen_id_index=secrets.guardians.of(one.citizen_id_no.number),
                phone_cipher=secrets.seal(one.phone, PHONE, row),
                valid_from=one.valid_from,
                valid_to=one.valid_to,
                recorded_by=self._recorded_by,
            )
        )

    async def of_person(self, person_id: UUID, *, within: Scope) -> list[Guardian] | None:
        """Every guardian there ever was, the oldest first; None when the person is outside the scope."""
        known = select(person.c.person_id).where(
            person.c.person_id == person_id, person.c.erased_at.is_(None), inside(person.c.division, within)
        )
        if (await self._connection.execute(known)).one_or_none() is None:
            return None
        rows = await self._connection.execute(
            select(guardian).where(guardian.c.person_id == person_id).order_by(guardian.c.recorded_at)
        )
        return [self._opened(row) for row in rows]

    async def end(self, guardian_id: UUID, *, person_id: UUID, on: date, within: Scope) -> Guardian | None:
        """The last valid day becomes known; None when there is no such guardian within the scope.

        Raises `GuardianDatesAreWrong` for a day before the guardianship began.
        """
        began = await self._connection.scalar(
            select(guardian.c.valid_from)
            .where(
                guardian.c.guardian_id == guardian_id,
                guardian.c.person_id == person_id,
                LIVING,
                inside(person.c.division, within),
            )
            .with_for_update(of=guardian)
        )
        if began is None:
            return None
        if on < began:
            raise GuardianDatesAreWrong(valid_from=began.isoformat(), valid_to=on.isoformat())
        changed = await self._connection.execute(
            update(guardian).where(guardian.c.guardian_id == guardian_id).values(valid_to=on).returning(guardian)
        )
        return self._opened(changed.one())

    def _opened(self, row: Row[Any]) -> Guardian:
        key, secrets = row.guardian_id.bytes, self._secrets
        return Guardian(
            guardian_id=row.guardian_id,
            person_id=row.person_id,
            name=PersonName(secrets.open(row.name_cipher, NAME, key)),
            citizen_id_no=IdentityNumber(secrets.open(row.citizen_id_cipher, CITIZEN_ID, key)),
            phone=None if row.phone_cipher is None else Phone(secrets.open(row.phone_cipher, PHONE, key)),
            relation=row.relation,
            subject=row.subject,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )


async def wards_of(connection: AsyncConnection, subject: str, claimed: Sequence[UUID], *, today: date) -> list[UUID]:
    """For whom this account is a guardian today: what the token claims *and* the register knows."""
    rows = await connection.execute(
        select(guardian.c.person_id)
        .join(person, LIVING)
        .where(guardian.c.subject == subject, guardian.c.person_id.in_(claimed), _valid_on(today))
        .distinct()
        .order_by(guardian.c.person_id)
    )
    return list(rows.scalars())


def _valid_on(day: date) -> ColumnElement[bool]:
    return and_(guardian.c.valid_from <= day, or_(guardian.c.valid_to.is_(None), guardian.c.valid_to >= day))


def masked_guardian(one: Guardian) -> dict[str, Any]:
    """A guardian as the API shows one."""
    return {
        "guardian_id": one.guardian_id,
        "person_id": one.person_id,
        "name_masked": one.name.masked(),
        "citizen_id_masked": one.citizen_id_no.masked(),
        "phone_masked": masked(one.phone),
        "relation": one.relation,
        "has_account": one.subject is not None,
        "valid_from": one.valid_from,
        "valid_to": one.valid_to,
    }
