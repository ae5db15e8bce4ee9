"""Certificates and stop facts: rows ↔ domain, scoped. Reads lock what a step is about to change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.secrets import NOTE, Secrets
from services.registry.adapters.tables import certificate, person, stop
from services.registry.adapters.trail import Trail
from services.registry.domain.certificate import Certificate, Proof
from services.registry.domain.person import Person
from services.registry.domain.stop import Stop
from services.registry.use_cases.ports import Subject
from shared.kit.scoping import inside
from shared.values.certificate import CertificateStatus, StopKind
from shared.values.certificate_number import CertificateNumber
from shared.values.disability import Disability
from shared.values.division import Division, Scope


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
        effective_on=row.effective_on,
        assessed_on=row.assessed_on,
        by_eye=row.by_eye,
        replacements=row.replacements,
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


_ENDED: Final = (CertificateStatus.CANCELLED.value, CertificateStatus.SUPERSEDED.value)


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
                merged_into=row.holder_merged_into,
            ),
            certificate=to_certificate(row),
        )
        self._trail.loaded(subject.person, subject.certificate)
        return subject

    async def living_of(self, person_id: UUID, *, within: Scope) -> Certificate | None:
        """Lock and load the one certificate a person holds."""
        row = (
            await self._connection.execute(
                select(certificate)
                .where(
                    certificate.c.person_id == person_id,
                    certificate.c.status.not_in(_ENDED),
                    inside(certificate.c.division, within),
                )
                .with_for_update()
            )
        ).one_or_none()
        if row is None:
            return None
        held = to_certificate(row)
        self._trail.loaded(held)
        return held

    async def last_replacement(self, person_id: UUID, disability: Disability, *, within: Scope) -> int:
        """The highest n of Bn the person ever had with this category and grade: a void number never comes back."""
        highest = await self._connection.scalar(
            select(func.max(certificate.c.replacements)).where(
                certificate.c.person_id == person_id,
                certificate.c.category == disability.category.value,
                certificate.c.grade == disability.grade.value,
                inside(certificate.c.division, within),
            )
        )
        return highest or 0

    async def add(self, issued: Certificate, number: CertificateNumber, *, application_id: UUID | None = None) -> bool:
        """Insert; False when the person holds a living certificate already."""
        inserted = await self._connection.execute(
            postgresql.insert(certificate)
            .values(
                **certificate_values(issued),
                **self._secrets.sealed_number(issued.certificate_id, number),
                application_id=application_id,
            )
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
    """The columns of a certificate but for its number."""
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
        "effective_on": one.effective_on,
        "assessed_on": one.assessed_on,
        "by_eye": one.by_eye,
        "replacements": one.replacements,
    }


class SqlStops:
    """`Stops` on PostgreSQL. Each row says who recorded it, from which client, in which request."""

    def __init__(
        self,
        connection: AsyncConnection,
        secrets: Secrets,
        *,
        recorded_by: str,
        client_id: str,
        trace_id: str,
        trail: Trail,
    ) -> None:
        self._connection = connection
        self._secrets = secrets
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

    async def last_cancelled(self, person_id: UUID, *, within: Scope) -> Stop | None:
        """The newest cancellation that stands: it may bar the person for a year (CERT-29)."""
        row = (
            await self._connection.execute(
                select(stop)
                .where(
                    stop.c.person_id == person_id,
                    stop.c.kind == StopKind.CANCELLED.value,
                    ~stop.c.withdrawn,
                    inside(stop.c.division, within),
                )
                .order_by(stop.c.event_date.desc(), stop.c.version.desc())
                .limit(1)
            )
        ).one_or_none()
        return None if row is None else to_stop(row)

    async def add(self, fact: Stop, proof: Proof | None = None) -> None:
        """Insert, with what shows that it is true."""
        shown: Mapping[str, Any] = {}
        if proof is not None:
            sealed = self._secrets.seal_text(proof.reference, NOTE, fact.stop_id.bytes)
            shown = {"proof_kind": proof.kind.value, "note_cipher": sealed}
        await self._connection.execute(insert(stop).values(**stop_values(fact), **shown, **self._origin))
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
