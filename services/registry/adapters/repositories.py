"""Rows ↔ domain, scoped. Reads lock what a step is about to change."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.secrets import Secrets
from services.registry.adapters.tables import certificate, person, stop
from services.registry.adapters.trail import Trail
from services.registry.domain.certificate import Certificate
from services.registry.domain.person import Person
from services.registry.domain.stop import Stop
from services.registry.use_cases.ports import Identity, Subject
from shared.kit.scoping import inside
from shared.values.certificate import CertificateStatus, StopKind
from shared.values.certificate_number import CertificateNumber
from shared.values.disability import Disability
from shared.values.division import Division, Scope
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
    )


def to_certificate(row: Any) -> Certificate:
    """A row of ``certificate``."""
    return Certificate(
        certificate_id=row.certificate_id,
        person_id=row.person_id,
        version=row.version,
        division=Division(row.division),
        status=CertificateStatus(row.status),
        disability=Disability.parse(str(row.category), str(row.grade), row.components),
        issued_on=row.issued_on,
        expires_on=row.expires_on,
    )


def to_stop(row: Row[Any]) -> Stop:
    """A row of ``stop``."""
    return Stop(
        stop_id=row.stop_id,
        person_id=row.person_id,
        certificate_id=row.certificate_id,
        version=row.version,
        division=Division(row.division),
        kind=StopKind(row.kind),
        reason=row.reason,
        event_date=row.event_date,
        ended_on=row.ended_on,
        withdrawn=row.withdrawn,
        previous_status=None if row.previous_status is None else CertificateStatus(row.previous_status),
    )


class SqlPersons:
    """`Persons` on PostgreSQL."""

    def __init__(self, connection: AsyncConnection, secrets: Secrets, recorded_by: str, trail: Trail) -> None:
        self._connection = connection
        self._secrets = secrets
        self._recorded_by = recorded_by
        self._trail = trail

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

    async def save(self, someone: Person) -> None:
        """Store the changed row."""
        await self._connection.execute(
            update(person)
            .where(person.c.person_id == someone.person_id)
            .values(
                version=someone.version,
                last_version=someone.last_version,
                division=someone.division.code,
                died_on=someone.died_on,
            )
        )
        self._trail.saved(someone)


class SqlCertificates:
    """`Certificates` on PostgreSQL."""

    def __init__(self, connection: AsyncConnection, secrets: Secrets, trail: Trail) -> None:
        self._connection = connection
        self._secrets = secrets
        self._trail = trail

    async def with_holder(self, certificate_id: UUID, *, within: Scope) -> Subject | None:
        """Lock and load both rows in one statement; None outside the scope."""
        holder = [column.label(f"holder_{column.name}") for column in person.c]
        row = (
            await self._connection.execute(
                select(certificate, *holder)
                .join(person, person.c.person_id == certificate.c.person_id)
                .where(certificate.c.certificate_id == certificate_id, inside(certificate.c.division, within))
                .with_for_update()
            )
        ).one_or_none()
        if row is None:
            return None
        subject = Subject(
            person=Person(
                person_id=row.holder_person_id,
                version=row.holder_version,
                last_version=row.holder_last_version,
                division=Division(row.holder_division),
                registered_on=row.holder_registered_on,
                died_on=row.holder_died_on,
            ),
            certificate=to_certificate(row),
        )
        self._trail.loaded(subject.person, subject.certificate)
        return subject

    async def add(self, issued: Certificate, number: CertificateNumber) -> bool:
        """Insert; False when the person holds a living certificate already."""
        inserted = await self._connection.execute(
            postgresql.insert(certificate)
            .values(**certificate_values(issued), **self._secrets.sealed_number(issued.certificate_id, number))
            .on_conflict_do_nothing()
            .returning(certificate.c.certificate_id)
        )
        if inserted.one_or_none() is None:
            return False
        self._trail.issued(issued)
        return True

    async def save(self, changed: Certificate) -> None:
        """Store the changed row."""
        await self._connection.execute(
            update(certificate)
            .where(certificate.c.certificate_id == changed.certificate_id)
            .values(**certificate_values(changed))
        )
        self._trail.saved(changed)


def certificate_values(one: Certificate) -> dict[str, Any]:
    """The published columns of a certificate."""
    return {
        "certificate_id": one.certificate_id,
        "person_id": one.person_id,
        "version": one.version,
        "division": one.division.code,
        "status": one.status.value,
        "category": one.disability.category.value,
        "grade": one.disability.grade.value,
        "components": one.disability.components_text,
        "issued_on": one.issued_on,
        "expires_on": one.expires_on,
    }


class SqlStops:
    """`Stops` on PostgreSQL. Each row says who recorded it, from which client, in which request."""

    def __init__(
        self, connection: AsyncConnection, *, recorded_by: str, client_id: str, trace_id: str, trail: Trail
    ) -> None:
        self._connection = connection
        self._trail = trail
        self._origin = {"recorded_by": recorded_by, "client_id": client_id, "trace_id": trace_id}

    async def standing(
        self, person_id: UUID, kind: StopKind, *, certificate_id: UUID | None, within: Scope
    ) -> Stop | None:
        """The newest fact of a kind that stands."""
        row = (
            await self._connection.execute(
                select(stop)
                .where(
                    stop.c.person_id == person_id,
                    stop.c.kind == kind.value,
                    stop.c.certificate_id.is_not_distinct_from(certificate_id),
                    stop.c.ended_on.is_(None),
                    ~stop.c.withdrawn,
                    inside(stop.c.division, within),
                )
                .order_by(stop.c.version.desc())
                .limit(1)
                .with_for_update()
            )
        ).one_or_none()
        return None if row is None else to_stop(row)

    async def add(self, fact: Stop) -> None:
        """Insert."""
        await self._connection.execute(insert(stop).values(**stop_values(fact), **self._origin))
        self._trail.stopped(fact)

    async def save(self, fact: Stop) -> None:
        """Store an end or a withdrawal."""
        await self._connection.execute(
            update(stop)
            .where(stop.c.stop_id == fact.stop_id)
            .values(version=fact.version, ended_on=fact.ended_on, withdrawn=fact.withdrawn)
        )
        # A fact is loaded only while it stands, and saved only to end it.
        self._trail.stopped(fact, before={"ended_on": None, "withdrawn": False})


def stop_values(fact: Stop) -> dict[str, Any]:
    """The columns of a stop fact."""
    return {
        "stop_id": fact.stop_id,
        "person_id": fact.person_id,
        "certificate_id": fact.certificate_id,
        "version": fact.version,
        "division": fact.division.code,
        "kind": fact.kind.value,
        "reason": fact.reason,
        "event_date": fact.event_date,
        "ended_on": fact.ended_on,
        "withdrawn": fact.withdrawn,
        "previous_status": None if fact.previous_status is None else fact.previous_status.value,
    }
