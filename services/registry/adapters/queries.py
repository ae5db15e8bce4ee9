"""Reads that only list or show: straight from rows, always within a scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.certificates import to_certificate
from services.registry.adapters.secrets import Secrets
from services.registry.adapters.tables import certificate, person, stop
from services.registry.domain.certificate import Certificate
from services.registry.use_cases.ports import Identity
from shared.kit.divisions import bundled
from shared.kit.masking import HIDDEN, masked
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.certificate import CertificateStatus
from shared.values.division import Division, Scope
from shared.values.identity_number import IdentityNumber

PersonView = dict[str, Any]


def people(within: Scope) -> Select[Any]:
    """Everybody of a scope who was not erased, with what `view` shows."""
    return select(
        person.c.person_id,
        person.c.version,
        person.c.last_version,
        person.c.division,
        person.c.registered_on,
        person.c.died_on,
        person.c.citizen_id_cipher,
        person.c.name_cipher,
        person.c.phone_cipher,
        person.c.address_cipher,
        person.c.restricted_at,
        person.c.merged_into,
    ).where(person.c.erased_at.is_(None), inside(person.c.division, within))


def view(row: Row[Any], secrets: Secrets) -> PersonView:
    """A person as the API shows one: masked."""
    identity = secrets.open_identity(row)
    return {
        "person_id": row.person_id,
        # Every event about the person moves it, so it is what If-Match compares.
        "version": row.last_version,
        "division": row.division,
        "registered_on": row.registered_on,
        "died_on": row.died_on,
        "merged_into": row.merged_into,
        "restricted": row.restricted_at is not None,
        **(_HIDDEN if row.restricted_at is not None else _masked(identity, row.division)),
    }


_HIDDEN: Final = {"name_masked": HIDDEN, "citizen_id_masked": HIDDEN}
"""What is shown of somebody who restricted the processing of their data (PIPL art. 44): that there is somebody."""


def _masked(identity: Identity, division: str) -> dict[str, str | None]:
    return {
        "name_masked": identity.name.masked(),
        "citizen_id_masked": identity.citizen_id_no.masked(),
        "phone_masked": masked(identity.phone),
        "address_masked": None if identity.address is None else county_of(division) + HIDDEN,
    }


def county_of(division: str) -> str:
    """The name of the county, which is as far as an address is shown; its code where the directory has none."""
    county = Division(division).county
    return bundled().full_name(county) if county in bundled() else county.code


async def person_by_id(
    connection: AsyncConnection, person_id: UUID, secrets: Secrets, *, within: Scope
) -> PersonView | None:
    """One person; None outside the scope."""
    row = (await connection.execute(people(within).where(person.c.person_id == person_id))).one_or_none()
    return None if row is None else view(row, secrets)


async def person_by_number(
    connection: AsyncConnection, number: IdentityNumber, secrets: Secrets, *, within: Scope
) -> PersonView | None:
    """One person by blind index; None outside the scope."""
    indexes = secrets.citizen_ids.both(number.number)
    row = (await connection.execute(people(within).where(person.c.citizen_id_index.in_(indexes)))).one_or_none()
    return None if row is None else view(row, secrets)


async def persons_page(
    connection: AsyncConnection, secrets: Secrets, page: Page, *, within: Scope, division: Division | None
) -> tuple[list[PersonView], str | None]:
    """A page of persons of a division."""
    scope = within if division is None else within.narrowed_to(division)
    rows, following = await paginate(connection, people(scope), [person.c.division, person.c.person_id], page)
    return [view(row, secrets) for row in rows], following


async def certificate_by_id(connection: AsyncConnection, certificate_id: UUID, *, within: Scope) -> Certificate | None:
    """One certificate; None outside the scope."""
    row = (
        await connection.execute(
            select(certificate).where(
                certificate.c.certificate_id == certificate_id, inside(certificate.c.division, within)
            )
        )
    ).one_or_none()
    return None if row is None else to_certificate(row)


async def certificates_page(
    connection: AsyncConnection,
    page: Page,
    *,
    within: Scope,
    division: Division | None,
    status: CertificateStatus | None,
    person_id: UUID | None,
) -> tuple[list[Certificate], str | None]:
    """A page of certificates by division, status or holder, in order of their divisions."""
    scope = within if division is None else within.narrowed_to(division)
    query = select(certificate).where(inside(certificate.c.division, scope))
    if status is not None:
        query = query.where(certificate.c.status == status.value)
    if person_id is not None:
        query = query.where(certificate.c.person_id == person_id)
    rows, following = await paginate(connection, query, [certificate.c.division, certificate.c.certificate_id], page)
    return [to_certificate(row) for row in rows], following


_STOP = (
    stop.c.stop_id,
    stop.c.person_id,
    stop.c.certificate_id,
    stop.c.division,
    stop.c.kind,
    stop.c.reason,
    stop.c.event_date,
    stop.c.ended_on,
    stop.c.withdrawn,
    stop.c.recorded_at,
    stop.c.recorded_by,
    stop.c.client_id,
    stop.c.trace_id,
)


async def stop_by_id(connection: AsyncConnection, stop_id: UUID, *, within: Scope) -> dict[str, Any] | None:
    """One stop fact with its origin."""
    row = (
        await connection.execute(
            select(*_STOP)
            .join(person, person.c.person_id == stop.c.person_id)
            .where(stop.c.stop_id == stop_id, inside(person.c.division, within) | inside(stop.c.division, within))
        )
    ).one_or_none()
    return None if row is None else dict(row._mapping)


async def stops_of_person(connection: AsyncConnection, person_id: UUID, *, within: Scope) -> Sequence[dict[str, Any]]:
    """All stop facts of a person, oldest first. Bounded by a life."""
    rows = await connection.execute(
        select(*_STOP)
        .join(person, person.c.person_id == stop.c.person_id)
        .where(stop.c.person_id == person_id, inside(person.c.division, within))
        .order_by(stop.c.recorded_at)
    )
    return [dict(row._mapping) for row in rows]
