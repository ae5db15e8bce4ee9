"""Cases at the office: open, list, read with history, check, refer, close, visit, decide on a move (RULES 7.6)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.rehab.adapters import queries
from services.rehab.domain.case import CaseFlag
from services.rehab.domain.errors import CaseNotFound
from services.rehab.domain.measures import Programme
from services.rehab.entrypoints.http.desk import (
    CASE_FIELDS,
    ONCE,
    Reader,
    Seen,
    Work,
    Writer,
    found,
    sight_of,
    told,
)
from services.rehab.entrypoints.http.schemas import (
    CaseIn,
    CaseOut,
    CaseWithSteps,
    CheckIn,
    Closing,
    Deciding,
    FollowUpIn,
    ReferralIn,
)
from services.rehab.use_cases import lead_case as leading
from services.rehab.use_cases.close_case import close_case, follow_up
from services.rehab.use_cases.decide_transfer import decide_transfer
from services.rehab.use_cases.open_case import OpenCase, open_case
from shared.kit.audit import Look, looks
from shared.kit.etags import tag
from shared.kit.pagination import Listed, PageAsked
from shared.kit.routing import Router
from shared.kit.scoping import DivisionAsked
from shared.values.division import Division
from shared.values.rehab_case import CaseStatus

router = Router(prefix="/api/v1/cases", tags=["cases"])


@router.post("", status_code=201, dependencies=[ONCE], summary="康复个案建档")
async def open_(caller: Writer, body: CaseIn, work: Work, response: Response) -> CaseOut:
    """Open a case for a registered, living person; one open case per person. A certificate is not asked for."""
    command = OpenCase(
        person_id=body.person_id,
        opened_on=body.opened_on or work.today(),
        programme=body.programme,
        consent=None if body.consent is None else body.consent.consent,
    )
    case = await open_case(command, work, within=caller.scope)
    response.headers["Location"] = f"/api/v1/cases/{case.case_id}"
    return told(case, response)


@router.get("", summary="康复个案列表")
async def list_cases(
    *,
    caller: Reader,
    work: Work,
    page: PageAsked,
    division: DivisionAsked = None,
    status: CaseStatus | None = None,
    programme: Programme | None = None,
    flag: Annotated[CaseFlag | None, Query(description="待处理的提示")] = None,
    person_id: UUID | None = None,
    institution_id: UUID | None = None,
    overdue: Annotated[bool, Query(description="只列已超过办理期限的未结个案")] = False,
) -> Listed[CaseOut]:
    """Cases of the caller's divisions; ``flag`` lists what waits for a look, ``overdue`` what is late (REH-73, 74)."""
    wanted = queries.Wanted(
        division=None if division is None else Division.parse(division),
        status=status,
        programme=programme,
        flag=flag,
        person_id=person_id,
        institution_id=institution_id,
        due_before=work.today() if overdue else None,
    )
    items, following = await queries.cases_page(
        work.connection, page, wanted, within=caller.scope, sight=sight_of(caller)
    )
    work.audit(*looks(((item.person_id, item.division.code) for item in items), CASE_FIELDS, what="read"))
    return Listed(items=[CaseOut.of(item) for item in items], next=following)


@router.get("/{case_id}", summary="康复个案详情")
async def read_case(caller: Reader, case_id: UUID, work: Work, response: Response) -> CaseWithSteps:
    """One case with its history and what can be done now; its ETag is what a change must present."""
    case = await queries.case_by_id(work.connection, case_id, within=caller.scope, sight=sight_of(caller))
    if case is None:
        raise CaseNotFound
    work.audit(Look(case.person_id, (*CASE_FIELDS, "steps"), "read", case.division.code))
    tag(response, case.version)
    return CaseWithSteps.with_steps(case, await queries.steps_of(work.connection, case_id, within=caller.scope))


@router.post("/{case_id}/check", dependencies=[ONCE], summary="初审登记")
async def check(*, caller: Writer, case_id: UUID, body: CheckIn, work: Work, seen: Seen, response: Response) -> CaseOut:
    """Suitable or not; for mental cases within five working days (REH-72, REH-73)."""
    subject = await found(case_id, work, caller, seen)
    return told(await leading.check(subject, work, body.checked), response)


@router.post("/{case_id}/referral", dependencies=[ONCE], summary="转介到定点机构")
async def refer(
    *, caller: Writer, case_id: UUID, body: ReferralIn, work: Work, seen: Seen, response: Response
) -> CaseOut:
    """To the institution that was chosen, if it may serve the client and has a place; from a running plan: a change.

    REH-24, REH-26, REH-74.
    """
    subject = await found(case_id, work, caller, seen)
    return told(await leading.refer(subject, work, institution_id=body.institution_id), response)


@router.post("/{case_id}/recall", dependencies=[ONCE], summary="机构逾期未答复，收回转介")
async def recall(*, caller: Writer, case_id: UUID, work: Work, seen: Seen, response: Response) -> CaseOut:
    """The institution has not answered in time: refer again."""
    return told(await leading.recall(await found(case_id, work, caller, seen), work), response)


@router.post("/{case_id}/closing", dependencies=[ONCE], summary="结案")
async def close(*, caller: Writer, case_id: UUID, body: Closing, work: Work, seen: Seen, response: Response) -> CaseOut:
    """End a case by hand; a plan only when its result was measured (REH-15)."""
    subject = await found(case_id, work, caller, seen)
    closed = await close_case(subject, work, reason=body.reason, closed_on=body.closed_on or work.today())
    return told(closed, response)


@router.post("/{case_id}/follow-ups", dependencies=[ONCE], summary="登记回访")
async def visit(
    *, caller: Writer, case_id: UUID, body: FollowUpIn, work: Work, seen: Seen, response: Response
) -> CaseOut:
    """A visit after the closing; with the last one the plan foresaw the case is followed up (REH-72)."""
    subject = await found(case_id, work, caller, seen)
    visited_on = body.visited_on or work.today()
    return told(await follow_up(subject, work, visited_on=visited_on, outcome=body.outcome), response)


@router.post("/{case_id}/transfer-decision", dependencies=[ONCE], summary="迁移处理")
async def decide(
    *, caller: Writer, case_id: UUID, body: Deciding, work: Work, seen: Seen, response: Response
) -> CaseOut:
    """Decide on a flagged case. Handing it over needs a caller who answers for the receiving division too."""
    subject = await found(case_id, work, caller, seen)
    caller.must_cover(subject.division_after(body.decision).code)
    return told(await decide_transfer(subject, work, decision=body.decision), response)
