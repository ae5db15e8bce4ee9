"""Awards: grant, list with their causes, history."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.subsidy.adapters import queries
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.errors import AwardNotFound
from services.subsidy.entrypoints.http.schemas import AwardIn, AwardOut, StepOut
from services.subsidy.use_cases.grant_awards import GrantAward, grant_award
from shared.kit.audit import Look, looks
from shared.kit.etags import tag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router, open_work
from shared.kit.scoping import DivisionAsked
from shared.values.award import AwardStatus, Scheme
from shared.values.division import Division

AWARD_FIELDS = ("scheme", "status", "start_month", "effective_month", "cause")

router = Router(prefix="/api/v1/awards", tags=["awards"])

Work = Annotated[SubsidyWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("award:read")]
Writer = Annotated[Caller, Permit("award:write")]


@router.post("", status_code=201, dependencies=[Idempotent()], summary="认定补贴资格")
async def grant(caller: Writer, body: AwardIn, work: Work, response: Response) -> AwardOut:
    """Grant an award; refused without a certificate that is valid on the application date (SUB-18, READ-18)."""
    command = GrantAward(
        person_id=body.person_id, scheme=body.scheme, application_date=body.application_date or work.today()
    )
    award = await grant_award(command, work, within=caller.scope)
    response.headers["Location"] = f"/api/v1/awards/{award.award_id}"
    tag(response, award.version)
    return AwardOut.of(award)


@router.get("", summary="补贴资格列表")
async def list_awards(
    *,
    caller: Reader,
    work: Work,
    page: PageAsked,
    division: DivisionAsked = None,
    status: AwardStatus | None = None,
    scheme: Scheme | None = None,
    person_id: UUID | None = None,
    cause_id: Annotated[UUID | None, Query(description="登记事件编号：由它停发的补贴")] = None,
) -> Listed[AwardOut]:
    """Awards of the caller's divisions, each with the event that stopped it."""
    items, following = await queries.awards_page(
        work.connection,
        page,
        within=caller.scope,
        division=None if division is None else Division.parse(division),
        status=status,
        scheme=scheme,
        person_id=person_id,
        cause_id=cause_id,
    )
    work.audit(*looks(((item.person_id, item.division.code) for item in items), AWARD_FIELDS, what="read"))
    return Listed(items=[AwardOut.of(item) for item in items], next=following)


@router.get("/{award_id}", summary="补贴资格详情")
async def read_award(caller: Reader, award_id: UUID, work: Work, response: Response) -> AwardOut:
    """One award with its cause."""
    found = await queries.award_by_id(work.connection, award_id, within=caller.scope)
    if found is None:
        raise AwardNotFound
    work.audit(Look(found.person_id, AWARD_FIELDS, "read", found.division.code))
    tag(response, found.version)
    return AwardOut.of(found)


@router.get("/{award_id}/steps", summary="补贴资格变动记录")
async def read_steps(caller: Reader, award_id: UUID, work: Work) -> Listed[StepOut]:
    """Every step of the award, with cause and trace."""
    award = await queries.award_by_id(work.connection, award_id, within=caller.scope)
    if award is None:
        raise AwardNotFound
    found = await queries.steps_of(work.connection, award_id, within=caller.scope)
    work.audit(Look(award.person_id, AWARD_FIELDS, "read", award.division.code, count=len(found)))
    return Listed(items=[StepOut.model_validate(step) for step in found])
