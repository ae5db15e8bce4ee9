"""The catalogue of services (REH-12, REH-45) and the time limits of cases (REH-73, REH-74), as dated data."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from services.rehab.adapters import institution_queries as queries
from services.rehab.domain.errors import LimitExists
from services.rehab.domain.institution_errors import CatalogueItemExists, CatalogueItemNotFound
from services.rehab.entrypoints.http.desk import ONCE, Work
from services.rehab.entrypoints.http.schemas_institution import (
    CatalogueItemIn,
    CatalogueItemOut,
    EndingIn,
    LimitIn,
    LimitOut,
    must_run,
)
from shared.kit.audit import Change, Code
from shared.kit.bodies import Day
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router
from shared.kit.scoping import DivisionAsked
from shared.values.division import Division

router = Router(prefix="/api/v1/catalogue-items", tags=["catalogue"])
limits = Router(prefix="/api/v1/case-limits", tags=["catalogue"])
Editor = Annotated[Caller, Permit("rule:write")]


@router.post("", status_code=201, dependencies=[ONCE], summary="登记康复服务目录项目")
async def add(caller: Editor, body: CatalogueItemIn, work: Work) -> CatalogueItemOut:
    """Offer an item in a division and everywhere inside it, from a day on."""
    division = Division.parse(body.division).code
    caller.must_cover(division)
    if body.valid_to is not None:
        must_run(body.valid_from, body.valid_to)
    values = {"item_id": work.new_id(), **body.model_dump(), "division": division}
    row = await queries.add_item(work.connection, values, by=caller.subject)
    if row is None:
        raise CatalogueItemExists(item_code=body.item_code)
    after = {"item_code": Code(body.item_code), "price_fen": body.price_fen, "valid_from": body.valid_from}
    work.audit(Change(None, "catalogue_item.added", after=after, division=division))
    return CatalogueItemOut.of(row)


@router.get("", dependencies=[Permit("rule:read")], summary="康复服务目录")
async def list_items(
    work: Work, page: PageAsked, division: DivisionAsked = None, on: Day | None = None
) -> Listed[CatalogueItemOut]:
    """Category × age band × item × cycle × payer × price × service life (REH-12): what a division offers, on a day."""
    rows, following = await queries.items_page(
        work.connection, page, division=None if division is None else Division.parse(division), on=on
    )
    return Listed(items=[CatalogueItemOut.of(row) for row in rows], next=following)


@router.post("/{item_id}/ending", dependencies=[ONCE], summary="停用目录项目")
async def end(caller: Editor, item_id: UUID, body: EndingIn, work: Work) -> CatalogueItemOut:
    """Its last day; plans that were agreed stay. A new price is a new item from the day after."""
    row = await queries.item_by_id(work.connection, item_id)
    if row is None or not caller.scope.covers(row["division"]):
        raise CatalogueItemNotFound(given=str(item_id))
    must_run(row["valid_from"], body.valid_to)
    if row["valid_to"] is not None:
        must_run(body.valid_to, row["valid_to"])
    ended = await queries.end_item(work.connection, item_id, body.valid_to)
    after = {"item_code": Code(row["item_code"]), "valid_to": body.valid_to}
    work.audit(Change(None, "catalogue_item.ended", after=after, division=row["division"]))
    return CatalogueItemOut.of(ended)


@limits.get("", dependencies=[Permit("rule:read")], summary="个案办理时限")
async def list_limits(work: Work) -> Listed[LimitOut]:
    """Every limit; the narrower place wins, then the later day. Division * is the whole country."""
    return Listed(items=[LimitOut.model_validate(row) for row in await queries.limits(work.connection)])


@limits.post("", status_code=201, dependencies=[ONCE], summary="登记个案办理时限")
async def add_limit(caller: Editor, body: LimitIn, work: Work) -> LimitOut:
    """Set a limit for a division from a day on."""
    division = Division.parse(body.division).code
    caller.must_cover(division)
    values = {**body.model_dump(), "division": division}
    if not await queries.add_limit(work.connection, values, by=caller.subject):
        raise LimitExists(valid_from=body.valid_from.isoformat())
    after = {"programme": body.programme, "stage": body.stage, "valid_from": body.valid_from, "days": body.days}
    work.audit(Change(None, "case_limit.set", after=after, division=division))
    return LimitOut.model_validate(values)
