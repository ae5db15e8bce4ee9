"""Examination campaigns: lists built in one statement, results, progress (CERT-33, KPI-36)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.tables import campaign, campaign_item, certificate
from services.registry.domain.campaign import DISPOSALS, FileCheck
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.division import Division, Level, Scope

Found = dict[str, Any]


async def add_campaign(connection: AsyncConnection, values: Mapping[str, Any], *, today: date) -> int:
    """Insert the campaign and its list: every living card of the division whose last day lies in the period."""
    await connection.execute(insert(campaign).values(**values))
    listed = await connection.execute(
        text(
            "INSERT INTO campaign_item (campaign_id, certificate_id, person_id, division, listed_on) "
            "SELECT :campaign, certificate_id, person_id, division, :today FROM certificate "
            "WHERE status IN ('VALID', 'EXPIRED', 'FROZEN', 'LOST') AND expires_on BETWEEN :since AND :until "
            "AND division LIKE :prefix"
        ),
        {
            "campaign": values["campaign_id"],
            "today": today,
            "since": values["expires_from"],
            "until": values["expires_to"],
            "prefix": f"{values['division']}%",
        },
    )
    return listed.rowcount


async def count_listed(
    connection: AsyncConnection, *, within: Scope, division: Division, since: date, until: date
) -> list[Found]:
    """How long a list would be, by county: the preview of a campaign."""
    scope = within.narrowed_to(division)
    county = func.left(certificate.c.division, int(Level.COUNTY)).label("county")
    rows = await connection.execute(
        select(county, func.count().label("listed"))
        .where(
            certificate.c.status.in_(("VALID", "EXPIRED", "FROZEN", "LOST")),
            certificate.c.expires_on.between(since, until),
            inside(certificate.c.division, scope),
        )
        .group_by(county)
        .order_by(county)
    )
    return [dict(row._mapping) for row in rows]


async def campaign_by_id(connection: AsyncConnection, campaign_id: UUID, *, within: Scope) -> Found | None:
    """One campaign, locked."""
    row = (
        await connection.execute(
            select(campaign)
            .where(campaign.c.campaign_id == campaign_id, inside(campaign.c.division, within))
            .with_for_update()
        )
    ).one_or_none()
    return None if row is None else dict(row._mapping)


async def campaigns_page(connection: AsyncConnection, page: Page, *, within: Scope) -> tuple[list[Found], str | None]:
    """Campaigns of the caller's divisions."""
    query = select(campaign).where(inside(campaign.c.division, within))
    rows, following = await paginate(connection, query, [campaign.c.campaign_id], page)
    return [dict(row._mapping) for row in rows], following


async def items_page(
    connection: AsyncConnection,
    page: Page,
    campaign_id: UUID,
    *,
    within: Scope,
    division: Division | None,
    checked: bool | None,
) -> tuple[list[Found], str | None]:
    """The list of a campaign."""
    scope = within if division is None else within.narrowed_to(division)
    query = select(campaign_item).where(
        campaign_item.c.campaign_id == campaign_id, inside(campaign_item.c.division, scope)
    )
    if checked is not None:
        query = query.where(campaign_item.c.file_check.is_not(None) == checked)
    rows, following = await paginate(connection, query, [campaign_item.c.certificate_id], page)
    return [dict(row._mapping) for row in rows], following


_CHECK: Final = text(
    "UPDATE campaign_item i SET file_check = r.found, disposal = r.disposal, checked_on = :today, checked_by = :by "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:found AS text[]), CAST(:disposals AS text[])) AS r(id, found, disposal) "
    "WHERE i.campaign_id = :campaign AND i.certificate_id = r.id AND i.done_on IS NULL "
    "AND i.division LIKE ANY(:prefixes) RETURNING i.certificate_id, i.person_id, i.division, i.file_check"
)
_BY_EYE: Final = text("UPDATE certificate SET by_eye = true WHERE certificate_id = ANY(:ids)")


async def record_checks(
    connection: AsyncConnection,
    campaign_id: UUID,
    found: Mapping[UUID, FileCheck],
    *,
    within: Scope,
    today: date,
    by: str,
) -> Sequence[Found]:
    """What was found in the files; each finding brings its disposal. A card issued by eye is marked (CERT-15)."""
    rows = (
        await connection.execute(
            _CHECK,
            {
                "campaign": campaign_id,
                "today": today,
                "by": by,
                "ids": list(found),
                "found": [each.value for each in found.values()],
                "disposals": [DISPOSALS[each].value for each in found.values()],
                "prefixes": ["%"] if within.is_everywhere else [f"{prefix}%" for prefix in sorted(within.prefixes)],
            },
        )
    ).all()
    by_eye = [row.certificate_id for row in rows if row.file_check == FileCheck.ISSUED_BY_EYE.value]
    if by_eye:
        await connection.execute(_BY_EYE, {"ids": by_eye})
    return [dict(row._mapping) for row in rows]


async def close_campaign(connection: AsyncConnection, campaign_id: UUID, on: date) -> None:
    """No more results."""
    await connection.execute(
        update(campaign)
        .where(campaign.c.campaign_id == campaign_id)
        .values(closed_on=on, version=campaign.c.version + 1)
    )


async def progress(connection: AsyncConnection, campaign_id: UUID, *, within: Scope) -> list[Found]:
    """Examined of listed, by county, and what followed (KPI-36)."""
    column = campaign_item.c
    county = func.left(column.division, int(Level.COUNTY)).label("county")
    rows = await connection.execute(
        select(
            county,
            func.count().label("listed"),
            func.count(column.file_check).label("examined"),
            func.count(column.done_on).label("done"),
        )
        .where(column.campaign_id == campaign_id, inside(column.division, within))
        .group_by(county)
        .order_by(county)
    )
    return [dict(row._mapping) for row in rows]


_FOLLOWED: Final = text(
    "UPDATE campaign_item i SET done_on = :today FROM campaign k WHERE k.campaign_id = i.campaign_id "
    "AND k.closed_on IS NULL AND i.done_on IS NULL AND EXISTS (SELECT 1 FROM certificate c "
    "WHERE c.certificate_id = i.certificate_id AND (c.status IN ('SUPERSEDED', 'CANCELLED') "
    "OR (i.disposal = 'TRANSFER' AND left(c.division, 6) <> left(i.division, 6))))"
)


async def follow_up(connection: AsyncConnection, *, today: date) -> int:
    """Items whose card was renewed, changed, cancelled or transferred are done, whoever did it."""
    return (await connection.execute(_FOLLOWED, {"today": today})).rowcount
