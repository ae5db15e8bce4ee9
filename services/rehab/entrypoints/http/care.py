"""Cases at the institution: answer a referral, assess, agree on a plan, log sessions, pause, hospital (RULES 7.6)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.rehab.adapters import queries
from services.rehab.adapters.care import to_plan
from services.rehab.domain.case import Case
from services.rehab.domain.errors import CaseNotFound
from services.rehab.domain.measures import effects, reached
from services.rehab.entrypoints.http.desk import ONCE, Reader, Seen, Server, Work, found, sight_of, told
from services.rehab.entrypoints.http.schemas import CaseOut, DecliningIn, MedicalReferralIn, PauseIn
from services.rehab.entrypoints.http.schemas_care import (
    AssessmentIn,
    FollowUpOut,
    PlanIn,
    PlanItemOut,
    PlanOut,
    ReferralOut,
    ResultOut,
    SessionIn,
    SessionOut,
)
from services.rehab.use_cases import lead_case as leading
from services.rehab.use_cases import serve_case as serving
from services.rehab.use_cases.close_case import load
from shared.kit.audit import Look, looks
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller
from shared.kit.routing import Router
from shared.values.division import Scope
from shared.values.month import Month

router = Router(prefix="/api/v1/cases/{case_id}", tags=["care"])
months = Router(prefix="/api/v1/institutions/{institution_id}/sessions", tags=["care"])
MonthAsked = Annotated[str, Query(pattern=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$", description="月份，例如 2026-07")]


@router.post("/acceptance", dependencies=[ONCE], summary="机构接收")
async def accept(*, caller: Server, case_id: UUID, work: Work, seen: Seen, response: Response) -> CaseOut:
    """The institution takes the client."""
    return told(await leading.accept(await found(case_id, work, caller, seen), work), response)


@router.post("/declining", dependencies=[ONCE], summary="机构不予接收")
async def decline(
    *, caller: Server, case_id: UUID, body: DecliningIn, work: Work, seen: Seen, response: Response
) -> CaseOut:
    """It does not, and says why; the office refers again."""
    subject = await found(case_id, work, caller, seen)
    return told(await leading.decline(subject, work, reason=body.reason), response)


@router.post("/assessments", status_code=201, dependencies=[ONCE], summary="录入评估")
async def assess(
    *, caller: Server, case_id: UUID, body: AssessmentIn, work: Work, seen: Seen, response: Response
) -> CaseOut:
    """At the beginning, on the way, at the end, with a named instrument (REH-01, REH-15)."""
    subject = await found(case_id, work, caller, seen)
    case = await serving.assess(subject, work, body.assessment(work.new_id()), body.judgement)
    return told(case, response)


@router.post("/plans", status_code=201, dependencies=[ONCE], summary="签订一人一策方案")
async def agree(*, caller: Server, case_id: UUID, body: PlanIn, work: Work, seen: Seen, response: Response) -> CaseOut:
    """A signed plan whose items have owner, time, money, measure and effect, or its revision (REH-01, REH-12)."""
    subject = await found(case_id, work, caller, seen)
    return told(await serving.agree_plan(subject, work, body.plan), response)


@router.post("/sessions", status_code=201, dependencies=[ONCE], summary="登记服务")
async def log(caller: Server, case_id: UUID, body: SessionIn, work: Work) -> SessionOut:
    """A session after it happened, at the centre, at home or remote (REH-16); nobody is at two places at one time."""
    subject = await load(case_id, work, within=caller.scope, sight=sight_of(caller))
    session = await serving.log_session(subject, work, body.session(work.new_id()))
    return await _session(session.session_id, work)


@router.post("/sessions/{session_id}/voiding", dependencies=[ONCE], summary="服务记录作废")
async def void(caller: Server, case_id: UUID, session_id: UUID, work: Work) -> SessionOut:
    """It was logged by mistake: it stays readable and does not count."""
    subject = await load(case_id, work, within=caller.scope, sight=sight_of(caller))
    await serving.void_session(subject, work, session_id)
    return await _session(session_id, work)


async def _session(session_id: UUID, work: Work) -> SessionOut:
    row = await queries.session_by_id(work.connection, session_id, within=Scope.everywhere())
    return SessionOut.model_validate(row)


@router.post("/pause", dependencies=[ONCE], summary="暂停服务")
async def pause(*, caller: Server, case_id: UUID, body: PauseIn, work: Work, seen: Seen, response: Response) -> CaseOut:
    """Hospital, illness, or the family's wish."""
    subject = await found(case_id, work, caller, seen)
    return told(await leading.pause(subject, work, reason=body.reason), response)


@router.post("/resumption", dependencies=[ONCE], summary="恢复服务")
async def resume(*, caller: Server, case_id: UUID, work: Work, seen: Seen, response: Response) -> CaseOut:
    """The plan goes on."""
    return told(await leading.resume(await found(case_id, work, caller, seen), work), response)


@router.post("/medical-referral", dependencies=[ONCE], summary="医疗转诊")
async def refer_medical(
    *, caller: Server, case_id: UUID, body: MedicalReferralIn, work: Work, seen: Seen, response: Response
) -> CaseOut:
    """Recurrence: to a hospital, fast; the place is kept (REH-79)."""
    subject = await found(case_id, work, caller, seen)
    return told(await leading.refer_medical(subject, work, reason=body.reason), response)


@router.post("/medical-return", dependencies=[ONCE], summary="出院转回社区")
async def return_medical(*, caller: Server, case_id: UUID, work: Work, seen: Seen, response: Response) -> CaseOut:
    """Discharged, back to the plan (REH-79)."""
    return told(await leading.return_medical(await found(case_id, work, caller, seen), work), response)


# ---------------------------------------------------------------------------- reading


@router.get("/assessments", summary="评估与前后对比")
async def read_result(caller: Reader, case_id: UUID, work: Work) -> ResultOut:
    """Every assessment, and before against after with the same instrument (REH-15)."""
    case = await _seen(case_id, work, caller, "assessments")
    done = tuple(
        sorted(await work.care.assessments(case.case_id), key=lambda one: (one.assessed_on, one.assessment_id))
    )
    return ResultOut.of(done, effects(done))


@router.get("/plans", summary="一人一策方案（含历次修订）")
async def read_plans(caller: Reader, case_id: UUID, work: Work) -> Listed[PlanOut]:
    """The plan in force and every revision before it, with how often each item was attended and whether it worked."""
    case = await _seen(case_id, work, caller, "plans")
    plans, items = await queries.plans_of(work.connection, case_id, within=caller.scope)
    measured = {effect.instrument: effect.after for effect in effects(await work.care.assessments(case_id))}
    found_ = []
    for row in plans:
        theirs = [item for item in items if item.plan_no == row.plan_no]
        plan = to_plan(row, theirs)
        attended = {item.item_no: item.attended for item in theirs}
        told_items = [
            PlanItemOut(
                **{name: getattr(item, name) for name in PlanItemOut.model_fields if hasattr(item, name)},
                attended=attended[item.item_no],
                reached=None
                if item.instrument not in measured
                else reached(item.instrument, item.target, measured[item.instrument]),
            )
            for item in plan.items
        ]
        found_.append(
            PlanOut(
                **{name: getattr(plan, name) for name in PlanOut.model_fields if name not in _OF_A_PLAN},
                case_id=case_id,
                in_force=row.plan_no == case.plan_no,
                follow_up_days=list(plan.follow_up_days),
                items=told_items,
            )
        )
    return Listed(items=found_)


_OF_A_PLAN = frozenset({"case_id", "in_force", "follow_up_days", "items"})


@router.get("/sessions", summary="服务记录")
async def list_sessions(caller: Reader, case_id: UUID, work: Work, page: PageAsked) -> Listed[SessionOut]:
    """The sessions of a case, in the order they were logged."""
    await _seen(case_id, work, caller, "sessions")
    rows, following = await queries.sessions_page(
        work.connection, page, within=caller.scope, sight=sight_of(caller), case_id=case_id
    )
    return Listed(items=[SessionOut.model_validate(row) for row in rows], next=following)


@router.get("/follow-ups", summary="回访安排与结果")
async def list_visits(caller: Reader, case_id: UUID, work: Work) -> Listed[FollowUpOut]:
    """Visits after the closing, due and done."""
    await _seen(case_id, work, caller, "follow_ups")
    return Listed(
        items=[
            FollowUpOut.model_validate(row)
            for row in await queries.visits_of(work.connection, case_id, within=caller.scope)
        ]
    )


@router.get("/referrals", summary="转介记录")
async def list_referrals(caller: Reader, case_id: UUID, work: Work) -> Listed[ReferralOut]:
    """Where the case was referred to, and how it was answered."""
    await _seen(case_id, work, caller, "referrals")
    return Listed(
        items=[
            ReferralOut.model_validate(row)
            for row in await queries.referrals_of(work.connection, case_id, within=caller.scope)
        ]
    )


@months.get("", summary="机构月度服务记录")
async def list_month(
    *, caller: Reader, institution_id: UUID, month: MonthAsked, work: Work, page: PageAsked
) -> Listed[SessionOut]:
    """What an institution did in a month, for clients of the caller's divisions."""
    rows, following = await queries.sessions_page(
        work.connection,
        page,
        within=caller.scope,
        sight=sight_of(caller),
        institution_month=(institution_id, Month.parse(month).first_day),
    )
    work.audit(*looks(((row.person_id, row.division) for row in rows), ("sessions",), what="read"))
    return Listed(items=[SessionOut.model_validate(row) for row in rows], next=following)


async def _seen(case_id: UUID, work: Work, caller: Caller, what: str) -> Case:
    case = await queries.case_by_id(work.connection, case_id, within=caller.scope, sight=sight_of(caller))
    if case is None:
        raise CaseNotFound
    work.audit(Look(case.person_id, (what,), "read", case.division.code))
    return case
