"""Awards: grant, list with their causes, history."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.subsidy.adapters import engine, queries
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.award import Award
from services.subsidy.domain.entitlement.sources import Population
from services.subsidy.domain.errors import AwardNotFound
from services.subsidy.entrypoints.http.schemas import (
    AwardIn,
    AwardOut,
    BackPaymentIn,
    BackPaymentOut,
    MonthDueOut,
    PausingIn,
    ResumptionIn,
    StepOut,
)
from services.subsidy.use_cases.decide_awards import (
    award_to_change,
    grant_back_payment,
    pause_award,
    resume_award,
    terminate_award,
)
from services.subsidy.use_cases.grant_awards import GrantAward, grant_award
from shared.contracts.state import SchemeCode
from shared.kit.audit import Look, looks
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router, open_work
from shared.kit.scoping import DivisionAsked
from shared.values.award import AwardStatus
from shared.values.division import Division
from shared.values.month import Month

AWARD_FIELDS = ("scheme", "status", "start_month", "effective_month", "cause")

router = Router(prefix="/api/v1/awards", tags=["awards"])

Work = Annotated[SubsidyWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("award:read")]
Writer = Annotated[Caller, Permit("award:write")]
Seen = Annotated[Precondition, Depends(if_match)]
GAP_MONTHS = 12


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
    scheme: SchemeCode | None = None,
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


@router.post("/{award_id}/pausing", dependencies=[Idempotent()], summary="人工暂停补贴资格")
async def pause(
    *, caller: Writer, award_id: UUID, body: PausingIn, work: Work, seen: Seen, response: Response
) -> AwardOut:
    """Pause it by name; only a person ends a pause, whatever is recomputed meanwhile (RULES 4.7)."""
    award = await _seen(work, caller, award_id, seen)
    return _told(
        await pause_award(award, work, first=_month(body.first_month), reason=body.reason),
        response,
    )


@router.post("/{award_id}/resumption", dependencies=[Idempotent()], summary="恢复人工暂停的补贴资格")
async def resume(
    *, caller: Writer, award_id: UUID, body: ResumptionIn, work: Work, seen: Seen, response: Response
) -> AwardOut:
    """End the pause by name; suspended where a fact came to stand meanwhile."""
    award = await _seen(work, caller, award_id, seen)
    return _told(await resume_award(award, work, month=_month(body.month), reason=body.reason), response)


@router.post("/{award_id}/termination", dependencies=[Idempotent()], summary="终结补贴资格（死亡、骗取）")
async def terminate(*, caller: Writer, award_id: UUID, work: Work, seen: Seen, response: Response) -> AwardOut:
    """End it for good: after a death, or fraud."""
    award = await _seen(work, caller, award_id, seen)
    return _told(await terminate_award(award, work), response)


@router.post(
    "/{award_id}/back-payment", status_code=201, dependencies=[Idempotent()], summary="准予补发（证件到期重办）"
)
async def grant_gap(
    *, caller: Writer, award_id: UUID, body: BackPaymentIn, work: Work, seen: Seen, response: Response
) -> BackPaymentOut:
    """Pay the gap between an expiry and the new application, as far as the rules give it (SUB-48, READ-11)."""
    award = await _seen(work, caller, award_id, seen)
    decision_id = await grant_back_payment(award, work, reason=body.reason)
    months = list(award.start_month.plus(-GAP_MONTHS).through(award.start_month.plus(-1)))
    answers = await engine.decide(
        work.connection, months=months, population=Population.of([award.person_id]), homes=False
    )
    due = sorted((each.month, each.due_fen) for each in answers if each.award_id == award_id and each.due_fen)
    tag(response, award.version)
    return BackPaymentOut(
        decision_id=decision_id,
        award_id=award_id,
        months=[MonthDueOut(month=str(month), due_fen=fen) for month, fen in due],
    )


async def _seen(work: SubsidyWork, caller: Caller, award_id: UUID, seen: Precondition) -> Award:
    award = await award_to_change(award_id, work, within=caller.scope)
    seen.check(award.version)
    return award


def _told(award: Award, response: Response) -> AwardOut:
    tag(response, award.version)
    return AwardOut.of(award)


def _month(text: str | None) -> Month | None:
    return None if text is None else Month.parse(text)
