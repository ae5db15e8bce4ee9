"""Reads of aid programmes: who has a place, what was given, who waits, how far it is; within a scope and a sight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, exists, func, literal, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.rehab.adapters.aid import seen_by
from services.rehab.adapters.tables import client_certificate, client_person
from services.rehab.adapters.tables_aid import delivery, place, settlement, stage
from services.rehab.domain.aid import AidProgramme
from services.rehab.domain.aid_delivery import DeliveryStatus, PlaceStatus, SettlementStatus
from services.rehab.use_cases.ports import Sight
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.certificate import CertificateStatus
from shared.values.division import Scope

Rows = list[Row[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Which deliveries."""

    programme_id: UUID | None = None
    place_id: UUID | None = None
    person_id: UUID | None = None
    settlement_id: UUID | None = None
    status: DeliveryStatus | None = None


async def places_page(
    connection: AsyncConnection,
    page: Page,
    programme_id: UUID,
    *,
    status: PlaceStatus | None,
    within: Scope,
    sight: Sight,
) -> tuple[Rows, str | None]:
    """The roster of a programme."""
    query = select(place).where(
        place.c.programme_id == programme_id, inside(place.c.division, within), *seen_by(place, sight)
    )
    if status is not None:
        query = query.where(place.c.status == status.value)
    rows, following = await paginate(connection, query, [place.c.place_id], page)
    return list(rows), following


async def place_by_id(
    connection: AsyncConnection, place_id: UUID, *, within: Scope, sight: Sight
) -> tuple[Row[Any], Rows] | None:
    """A place and the stages on record; None outside the scope or out of sight."""
    query = select(place).where(place.c.place_id == place_id, inside(place.c.division, within), *seen_by(place, sight))
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    stages = select(stage).where(stage.c.place_id == place_id).order_by(stage.c.done_on, stage.c.recorded_at)
    return row, list(await connection.execute(stages))


async def deliveries_page(
    connection: AsyncConnection, page: Page, wanted: Given, *, within: Scope, sight: Sight
) -> tuple[Rows, str | None]:
    """What was given."""
    query = select(delivery).where(inside(delivery.c.division, within), *seen_by(delivery, sight))
    for name in ("programme_id", "place_id", "person_id", "settlement_id", "status"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(delivery.c[name] == value)
    rows, following = await paginate(connection, query, [delivery.c.delivery_id], page)
    return list(rows), following


async def delivery_by_id(connection: AsyncConnection, delivery_id: UUID, *, within: Scope) -> Row[Any]:
    """One that was found."""
    query = select(delivery).where(delivery.c.delivery_id == delivery_id, inside(delivery.c.division, within))
    return (await connection.execute(query)).one()


def _served(programme_id: UUID) -> ColumnElement[bool]:
    return exists().where(
        delivery.c.programme_id == programme_id,
        delivery.c.person_id == client_person.c.person_id,
        delivery.c.status.not_in([DeliveryStatus.VOID.value, DeliveryStatus.REFUSED.value]),
    )


def _eligible(document: AidProgramme, today: date) -> ColumnElement[bool]:
    """Alive, in the programme's division, and holding what it asks for."""
    holds = exists().where(
        client_certificate.c.person_id == client_person.c.person_id,
        client_certificate.c.status == CertificateStatus.VALID.value,
        client_certificate.c.expires_on >= today,
        client_certificate.c.components.regexp_match(document.qualifies.pattern),
    )
    return and_(client_person.c.division.startswith(document.division), client_person.c.died_on.is_(None), holds)


async def unserved_page(
    connection: AsyncConnection, page: Page, programme_id: UUID, document: AidProgramme, *, within: Scope, today: date
) -> tuple[Rows, str | None]:
    """Who is eligible and was given nothing yet, and whether they have a place."""
    held = exists().where(
        place.c.programme_id == programme_id,
        place.c.person_id == client_person.c.person_id,
        place.c.status == PlaceStatus.HELD.value,
    )
    query = select(client_person.c.person_id, client_person.c.division, held.label("held")).where(
        inside(client_person.c.division, within), _eligible(document, today), ~_served(programme_id)
    )
    rows, following = await paginate(connection, query, [client_person.c.person_id], page)
    return list(rows), following


_MONEY = text(
    """
SELECT coalesce(sum(amount_fen) FILTER (WHERE status <> 'VOID'), 0) AS claimed_fen,
       coalesce(sum(amount_fen) FILTER (WHERE status IN ('ACCEPTED', 'SETTLED')), 0) AS accepted_fen,
       coalesce(sum(amount_fen) FILTER (WHERE status = 'REFUSED'), 0) AS refused_fen,
       coalesce(sum(amount_fen) FILTER (WHERE status = 'DELIVERED'), 0) AS pending_fen,
       coalesce(sum(amount_fen) FILTER (WHERE status = 'SETTLED'), 0) AS settled_fen,
       count(*) FILTER (WHERE status NOT IN ('VOID', 'REFUSED')) AS deliveries,
       count(DISTINCT person_id) FILTER (WHERE status NOT IN ('VOID', 'REFUSED')) AS served
  FROM aid_delivery WHERE programme_id = :programme
"""
)


async def progress(
    connection: AsyncConnection, programme_id: UUID, document: AidProgramme, *, today: date
) -> dict[str, int]:
    """Figures of a programme as a whole: eligible, quota, done and surplus side by side (KPI-45), and its money."""
    money = (await connection.execute(_MONEY, {"programme": programme_id})).one()
    eligible = await connection.scalar(
        select(func.count()).select_from(client_person).where(_eligible(document, today))
    )
    unserved = await connection.scalar(
        select(func.count()).select_from(client_person).where(_eligible(document, today), ~_served(programme_id))
    )
    held = await connection.scalar(
        select(func.count()).where(place.c.programme_id == programme_id, place.c.status == literal("HELD"))
    )
    return {
        "eligible": eligible or 0,
        "unserved": unserved or 0,
        "quota": document.quota,
        "held": held or 0,
        "surplus": document.quota - (held or 0),
        "budget_fen": document.budget_fen,
        **{name: int(value) for name, value in money._mapping.items()},
    }


async def settlement_by_id(connection: AsyncConnection, settlement_id: UUID, *, within: Scope) -> Row[Any] | None:
    """One; None outside the scope."""
    query = select(settlement).where(settlement.c.settlement_id == settlement_id, inside(settlement.c.division, within))
    return (await connection.execute(query)).one_or_none()


async def settlements_page(
    connection: AsyncConnection,
    page: Page,
    *,
    programme_id: UUID | None,
    status: SettlementStatus | None,
    within: Scope,
) -> tuple[Rows, str | None]:
    """Settlements of the scope."""
    query = select(settlement).where(inside(settlement.c.division, within))
    if programme_id is not None:
        query = query.where(settlement.c.programme_id == programme_id)
    if status is not None:
        query = query.where(settlement.c.status == status.value)
    rows, following = await paginate(connection, query, [settlement.c.settlement_id], page)
    return list(rows), following
