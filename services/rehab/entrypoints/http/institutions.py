"""Designated institutions: entry, agreements, staff, safety checks, black list, exit (REH-24, 26, 31, 76)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from services.rehab.adapters import institution_queries as queries
from services.rehab.domain.case import must_not_lie_ahead
from services.rehab.domain.institution import Institution, InstitutionStatus, InstitutionStep
from services.rehab.domain.institution_errors import AgreementOverlaps, CheckExists, InstitutionNotFound, StaffExists
from services.rehab.entrypoints.http.desk import ONCE, Seen, Work
from services.rehab.entrypoints.http.schemas_institution import (
    AgreementIn,
    ChangeIn,
    InstitutionDetail,
    InstitutionIn,
    InstitutionOut,
    SafetyCheckIn,
    StaffIn,
)
from shared.kit.etags import Precondition, tag
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router
from shared.kit.scoping import DivisionAsked
from shared.values.disability import DisabilityCategory
from shared.values.division import Division, Level, Scope

router = Router(prefix="/api/v1/institutions", tags=["institutions"])
Designator = Annotated[Caller, Permit("institution:write")]
_ALL_OF_PROVINCE = Scope.everywhere()
"""Guardians choose freely (REH-24): everybody may look institutions up, wherever they are."""


@router.post("", status_code=201, dependencies=[ONCE], summary="定点机构申请入库")
async def apply(caller: Designator, body: InstitutionIn, work: Work, response: Response) -> InstitutionDetail:
    """The county's initial check is done; the prefecture confirms (REH-76)."""
    division = Division.parse(body.division)
    caller.must_cover(division.code)
    one = Institution(
        institution_id=work.new_id(),
        version=1,
        division=division,
        status=InstitutionStatus.APPLIED,
        changed_by=caller.subject,
        account=body.account,
    )
    await work.institutions.add(one, body.name)
    response.headers["Location"] = f"/api/v1/institutions/{one.institution_id}"
    return await _told(one.institution_id, work, response)


@router.get("", dependencies=[Permit("institution:read")], summary="定点机构列表")
async def list_institutions(
    *,
    work: Work,
    page: PageAsked,
    division: DivisionAsked = None,
    status: InstitutionStatus | None = None,
    category: Annotated[int | None, Query(ge=1, le=7, description="现行协议包含的残疾类别")] = None,
    free: Annotated[bool, Query(description="只列有空余名额的机构")] = False,
    unchecked: Annotated[
        str | None, Query(pattern=r"^20[0-9]{2}Q[1-4]$", description="未做该季度安全检查的机构，例如 2026Q3")
    ] = None,
) -> Listed[InstitutionOut]:
    """Institutions with their places; ``unchecked=2026Q3``: those without that quarter's safety check (REH-31)."""
    wanted = queries.Wanted(
        today=work.today(),
        division=None if division is None else Division.parse(division),
        status=status,
        category=None if category is None else DisabilityCategory(category),
        free=free,
        unchecked=None if unchecked is None else (int(unchecked[:4]), int(unchecked[5])),
    )
    rows, following = await queries.institutions_page(work.connection, page, wanted, within=_ALL_OF_PROVINCE)
    return Listed(items=[InstitutionOut.model_validate(row) for row in rows], next=following)


@router.get("/{institution_id}", dependencies=[Permit("institution:read")], summary="定点机构详情")
async def read_institution(institution_id: UUID, work: Work, response: Response) -> InstitutionDetail:
    """One with agreements, staff and safety checks."""
    return await _told(institution_id, work, response)


def _prefecture(one: Institution) -> str:
    return one.division.code[: Level.PREFECTURE]


async def _stepped(
    step: InstitutionStep, one: Institution, work: Work, caller: Caller, *, reason: str | None = None
) -> None:
    await work.institutions.save(one.take(step, by=caller.subject, today=work.today()), step.value, reason)


async def _found(institution_id: UUID, work: Work, caller: Caller, seen: Precondition) -> Institution:
    one = await work.institutions.get(institution_id, within=caller.scope, lock=True)
    if one is None:
        raise InstitutionNotFound
    seen.check(one.version)
    return one


async def _told(institution_id: UUID, work: Work, response: Response) -> InstitutionDetail:
    row: dict[str, Any] | None = await queries.institution_by_id(
        work.connection, institution_id, within=_ALL_OF_PROVINCE, today=work.today()
    )
    if row is None:
        raise InstitutionNotFound
    tag(response, row["version"])
    return InstitutionDetail.model_validate(row)


@router.post("/{institution_id}/confirmation", dependencies=[ONCE], summary="市级确认")
async def confirm(
    *, caller: Designator, institution_id: UUID, work: Work, seen: Seen, response: Response
) -> InstitutionDetail:
    """The prefecture designates it; another person than the county's (REH-76)."""
    one = await _found(institution_id, work, caller, seen)
    caller.must_cover(_prefecture(one))
    await _stepped(InstitutionStep.CONFIRM, one, work, caller)
    return await _told(institution_id, work, response)


@router.post("/{institution_id}/refusal", dependencies=[ONCE], summary="市级不予确认")
async def refuse(
    *, caller: Designator, institution_id: UUID, body: ChangeIn, work: Work, seen: Seen, response: Response
) -> InstitutionDetail:
    """The prefecture does not (REH-76)."""
    one = await _found(institution_id, work, caller, seen)
    caller.must_cover(_prefecture(one))
    await _stepped(InstitutionStep.REFUSE, one, work, caller, reason=body.reason)
    return await _told(institution_id, work, response)


@router.post("/{institution_id}/suspension", dependencies=[ONCE], summary="暂停定点")
async def suspend(
    *, caller: Designator, institution_id: UUID, body: ChangeIn, work: Work, seen: Seen, response: Response
) -> InstitutionDetail:
    """No new referrals and no sessions until it is reinstated."""
    one = await _found(institution_id, work, caller, seen)
    await _stepped(InstitutionStep.SUSPEND, one, work, caller, reason=body.reason)
    return await _told(institution_id, work, response)


@router.post("/{institution_id}/reinstatement", dependencies=[ONCE], summary="恢复定点")
async def reinstate(
    *, caller: Designator, institution_id: UUID, work: Work, seen: Seen, response: Response
) -> InstitutionDetail:
    """It may serve again."""
    one = await _found(institution_id, work, caller, seen)
    await _stepped(InstitutionStep.REINSTATE, one, work, caller)
    return await _told(institution_id, work, response)


@router.post("/{institution_id}/warning", dependencies=[ONCE], summary="拟列入黑名单告知")
async def warn(
    *, caller: Designator, institution_id: UUID, body: ChangeIn, work: Work, seen: Seen, response: Response
) -> InstitutionDetail:
    """It is told that it will be black-listed, and may state its defence (REH-76)."""
    one = await _found(institution_id, work, caller, seen)
    await _stepped(InstitutionStep.WARN, one, work, caller, reason=body.reason)
    return await _told(institution_id, work, response)


@router.post("/{institution_id}/clearing", dependencies=[ONCE], summary="申辩成立")
async def clear(
    *, caller: Designator, institution_id: UUID, work: Work, seen: Seen, response: Response
) -> InstitutionDetail:
    """Its defence holds (REH-76)."""
    one = await _found(institution_id, work, caller, seen)
    await _stepped(InstitutionStep.CLEAR, one, work, caller)
    return await _told(institution_id, work, response)


@router.post("/{institution_id}/blacklisting", dependencies=[ONCE], summary="列入黑名单")
async def blacklist(
    *, caller: Designator, institution_id: UUID, body: ChangeIn, work: Work, seen: Seen, response: Response
) -> InstitutionDetail:
    """The prefecture, when the time of the defence is over (REH-26, REH-76)."""
    one = await _found(institution_id, work, caller, seen)
    caller.must_cover(_prefecture(one))
    await _stepped(InstitutionStep.BLACKLIST, one, work, caller, reason=body.reason)
    return await _told(institution_id, work, response)


@router.post("/{institution_id}/exit", dependencies=[ONCE], summary="退出定点")
async def leave(
    *, caller: Designator, institution_id: UUID, body: ChangeIn, work: Work, seen: Seen, response: Response
) -> InstitutionDetail:
    """It leaves; its clients are referred to others."""
    one = await _found(institution_id, work, caller, seen)
    await _stepped(InstitutionStep.EXIT, one, work, caller, reason=body.reason)
    return await _told(institution_id, work, response)


@router.post("/{institution_id}/agreements", status_code=201, dependencies=[ONCE], summary="签订服务协议")
async def agree(
    caller: Designator, institution_id: UUID, body: AgreementIn, work: Work, response: Response
) -> InstitutionDetail:
    """Categories and places for a time; one agreement a day (协议管理)."""
    one = await _of(institution_id, work, caller)
    if not await work.institutions.agree(one, body.agreement(work.new_id()), body.agreement_no):
        raise AgreementOverlaps
    return await _told(institution_id, work, response)


@router.post("/{institution_id}/staff", status_code=201, dependencies=[ONCE], summary="登记专业人员")
async def employ(
    caller: Designator, institution_id: UUID, body: StaffIn, work: Work, response: Response
) -> InstitutionDetail:
    """Somebody qualified, by staff number."""
    one = await _of(institution_id, work, caller)
    told = {
        "staff_no": body.staff_no,
        "qualification": body.qualification.value,
        "training_hours": body.training_hours,
    }
    if not await work.institutions.employ(one, body.staff(work.new_id(), institution_id), told):
        raise StaffExists(staff_no=body.staff_no)
    return await _told(institution_id, work, response)


@router.post("/{institution_id}/safety-checks", status_code=201, dependencies=[ONCE], summary="登记季度安全检查")
async def check(
    caller: Designator, institution_id: UUID, body: SafetyCheckIn, work: Work, response: Response
) -> InstitutionDetail:
    """What a quarter's safety check found (REH-31)."""
    one = await _of(institution_id, work, caller)
    must_not_lie_ahead("checked_on", body.checked_on, today=work.today())
    if not await work.institutions.check(one, body.model_dump()):
        raise CheckExists(year=body.year, quarter=body.quarter)
    return await _told(institution_id, work, response)


async def _of(institution_id: UUID, work: Work, caller: Caller) -> Institution:
    one = await work.institutions.get(institution_id, within=caller.scope)
    if one is None:
        raise InstitutionNotFound
    return one
