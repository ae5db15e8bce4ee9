"""Cases: open, list, read with history, close, decide on a move."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.rehab.adapters import queries
from services.rehab.adapters.work import RehabWork
from services.rehab.domain.case import CaseFlag
from services.rehab.domain.errors import CaseNotFound
from services.rehab.entrypoints.http.schemas import CaseIn, CaseOut, CaseWithSteps, Closing, Deciding
from services.rehab.use_cases.close_case import close_case, load
from services.rehab.use_cases.decide_transfer import decide_transfer
from services.rehab.use_cases.open_case import open_case
from services.rehab.use_cases.ports import Subject
from shared.kit.audit import Look, looks
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router, open_work
from shared.kit.scoping import DivisionAsked
from shared.values.division import Division
from shared.values.rehab_case import CaseStatus

CASE_FIELDS = ("status", "opened_on", "closed_on", "closing_reason", "flag")

router = Router(prefix="/api/v1/cases", tags=["cases"])

Work = Annotated[RehabWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("case:read")]
Writer = Annotated[Caller, Permit("case:write")]
Seen = Annotated[Precondition, Depends(if_match)]


@router.post("", status_code=201, dependencies=[Idempotent()], summary="康复个案建档")
async def open_(caller: Writer, body: CaseIn, work: Work, response: Response) -> CaseOut:
    """Open a case for a registered, living person; one open case per person (RULES 7.6)."""
    case = await open_case(body.person_id, work, opened_on=body.opened_on or work.today(), within=caller.scope)
    response.headers["Location"] = f"/api/v1/cases/{case.case_id}"
    tag(response, case.version)
    return CaseOut.of(case)


@router.get("", summary="康复个案列表")
async def list_cases(
    *,
    caller: Reader,
    work: Work,
    page: PageAsked,
    division: DivisionAsked = None,
    status: CaseStatus | None = None,
    flag: Annotated[CaseFlag | None, Query(description="待处理的提示")] = None,
    person_id: UUID | None = None,
) -> Listed[CaseOut]:
    """Cases of the caller's divisions; ``flag=TRANSFERRED`` is the list of moves that wait for a decision."""
    items, following = await queries.cases_page(
        work.connection,
        page,
        within=caller.scope,
        division=None if division is None else Division.parse(division),
        status=status,
        flag=flag,
        person_id=person_id,
    )
    work.audit(*looks(((item.person_id, item.division.code) for item in items), CASE_FIELDS, what="read"))
    return Listed(items=[CaseOut.of(item) for item in items], next=following)


@router.get("/{case_id}", summary="康复个案详情")
async def read_case(caller: Reader, case_id: UUID, work: Work, response: Response) -> CaseWithSteps:
    """One case with its history; its ETag is what a change must present."""
    found = await queries.case_by_id(work.connection, case_id, within=caller.scope)
    if found is None:
        raise CaseNotFound
    work.audit(Look(found.person_id, (*CASE_FIELDS, "steps"), "read", found.division.code))
    tag(response, found.version)
    return CaseWithSteps.with_steps(found, await queries.steps_of(work.connection, case_id, within=caller.scope))


@router.post("/{case_id}/closing", dependencies=[Idempotent()], summary="结案")
async def close(*, caller: Writer, case_id: UUID, body: Closing, work: Work, seen: Seen, response: Response) -> CaseOut:
    """End a case by hand (RULES 7.6)."""
    subject = await _load(case_id, work, caller, seen)
    case = await close_case(subject, work, reason=body.reason, closed_on=body.closed_on or work.today())
    tag(response, case.version)
    return CaseOut.of(case)


@router.post("/{case_id}/transfer-decision", dependencies=[Idempotent()], summary="迁移处理")
async def decide(
    *, caller: Writer, case_id: UUID, body: Deciding, work: Work, seen: Seen, response: Response
) -> CaseOut:
    """Decide on a flagged case. Handing it over needs a caller who answers for the receiving division too."""
    subject = await _load(case_id, work, caller, seen)
    caller.must_cover(subject.division_after(body.decision).code)
    case = await decide_transfer(subject, work, decision=body.decision)
    tag(response, case.version)
    return CaseOut.of(case)


async def _load(case_id: UUID, work: RehabWork, caller: Caller, seen: Precondition) -> Subject:
    subject = await load(case_id, work, within=caller.scope)
    seen.check(subject.case.version)
    return subject
