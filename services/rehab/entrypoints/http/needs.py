"""Needs: told in bulk by anybody, one a person and item, withdrawn; need and supply side by side (REH-09, REH-31)."""

from __future__ import annotations

from uuid import UUID

from services.rehab.adapters import needs as queries
from services.rehab.domain.aid_errors import NeedNotFound
from services.rehab.domain.case import must_not_lie_ahead
from services.rehab.domain.need import NeedOutcome, NeedStatus
from services.rehab.entrypoints.http.desk import ONCE, Work, Writer
from services.rehab.entrypoints.http.schemas_aid import ItemCode, NeedFigureOut, NeedOut, NeedsIn, NeedsOut, ToldOut
from shared.kit.audit import looks
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Permit
from shared.kit.routing import Router
from shared.values.division import Division

router = Router(prefix="/api/v1/needs", tags=["needs"])
figures_router = Router(prefix="/api/v1/need-figures", tags=["needs"])


@router.post("", dependencies=[ONCE], summary="批量登记需求")
async def tell(caller: Writer, body: NeedsIn, work: Work) -> NeedsOut:
    """Each person and item once: what was told before is merged, the most urgent and the earliest counts."""
    for each in body.needs:
        must_not_lie_ahead("registered_on", each.registered_on, today=work.today())
    rows = [each.model_dump(mode="json", exclude={"priority"}) | {"rank": each.priority.rank} for each in body.needs]
    found = await work.needs.tell(rows, within=caller.scope)
    work.audit(*looks(((each.person_id, each.division) for each in found), ("needs",), what="read"))
    counted = {outcome: sum(each.outcome is outcome for each in found) for outcome in NeedOutcome}
    registered, merged = counted[NeedOutcome.REGISTERED], counted[NeedOutcome.MERGED]
    return NeedsOut(
        received=len(found),
        registered=registered,
        merged=merged,
        rejected=len(found) - registered - merged,
        needs=[ToldOut.of(each) for each in found],
    )


@router.get("", summary="需求列表")
async def list_needs(
    *,
    caller: Writer,
    work: Work,
    page: PageAsked,
    person_id: UUID | None = None,
    item_code: ItemCode | None = None,
    status: NeedStatus | None = None,
) -> Listed[NeedOut]:
    """Needs with who told of them."""
    rows, following = await queries.needs_page(
        work.connection, page, within=caller.scope, person_id=person_id, item_code=item_code, status=status
    )
    work.audit(*looks(((row.person_id, row.division) for row in rows), ("needs",), what="read"))
    return Listed(items=[NeedOut.of(row) for row in rows], next=following)


@router.post("/{need_id}/withdrawal", status_code=204, dependencies=[ONCE], summary="撤回需求")
async def withdraw(caller: Writer, need_id: UUID, work: Work) -> None:
    """It is not wanted any more."""
    if not await work.needs.withdraw(need_id, within=caller.scope):
        raise NeedNotFound


@figures_router.get("", dependencies=[Permit("programme:read")], summary="需求与供给对照")
async def read_figures(work: Work, division: str) -> Listed[NeedFigureOut]:
    """How many wait for each item, and what there is to give: about no person."""
    rows = await queries.figures(work.connection, Division.parse(division), today=work.today())
    return Listed(items=[NeedFigureOut.model_validate(row) for row in rows])
