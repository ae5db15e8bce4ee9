"""Lines of a run, what a person was paid, and what the bank answers."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query, Response

from services.subsidy.adapters.payroll import answers, balances, lines, matters, runs, sending
from services.subsidy.adapters.payroll.lines import BY_PEOPLE, LineKey
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.errors import PersonNotKnown
from services.subsidy.domain.payroll.errors import LineStepNotAllowed, RunStepNotAllowed
from services.subsidy.domain.payroll.instructions import Result
from services.subsidy.domain.payroll.line import LineState, LineStep
from services.subsidy.domain.payroll.run import Run, RunState, RunStep
from services.subsidy.entrypoints.http.entitlements import span_of
from services.subsidy.entrypoints.http.payroll.schemas import (
    AnsweredOut,
    AnswersIn,
    BalanceOut,
    DifferenceOut,
    InstructionOut,
    LineOut,
    LineStepIn,
    RefusedOut,
)
from shared.contracts.state import MONTH
from shared.kit.audit import Change, Look, looks
from shared.kit.etags import tag
from shared.kit.four_eyes import redeem
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router, open_work
from shared.values.month import Month

DISPATCHES_MAX = 32_767
FIELDS = ("scheme", "month", "amount_fen", "state")

Work = Annotated[SubsidyWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("payment:read")]
Writer = Annotated[Caller, Permit("payment:write")]
Overseer = Annotated[Caller, Permit("payroll:read")]
Bank = Annotated[Caller, Permit("payroll:answer")]

line_router = Router(prefix="/api/v1/payroll-runs/{run_id}", tags=["payroll"])
statement_router = Router(prefix="/api/v1/persons", tags=["payroll"])


@line_router.get("/lines", summary="批次明细")
async def list_lines(
    *,
    caller: Reader,
    run_id: UUID,
    work: Work,
    page: PageAsked,
    state: LineState | None = None,
    person_id: UUID | None = None,
) -> Listed[LineOut]:
    """A page of the lines of a run: as drawn up, or as they stand."""
    run = await runs.get(work.connection, run_id, within=caller.scope)
    items, following = await lines.page_of(work.connection, page, run, state=state, person_id=person_id)
    work.audit(*looks(((item.person_id, item.county) for item in items), FIELDS, what="read"))
    return Listed(items=[LineOut.of(item) for item in items], next=following)


@line_router.get("/differences", summary="与上月的差异")
async def list_differences(
    *,
    caller: Reader,
    run_id: UUID,
    work: Work,
    page: PageAsked,
    kind: Literal["NEW", "STOPPED", "CHANGED"] | None = None,
) -> Listed[DifferenceOut]:
    """Who is new, stopped or changed against the month before, and by which rules."""
    run = await runs.get(work.connection, run_id, within=caller.scope)
    rows, following = await lines.differences(work.connection, page, run, kind=kind)
    work.audit(*looks(((row.person_id, row.county) for row in rows), FIELDS, what="read"))
    return Listed(items=[DifferenceOut.of(row) for row in rows], next=following)


@line_router.post("/line-steps", dependencies=[Idempotent()], summary="办理一条明细")
async def take_step(caller: Writer, run_id: UUID, body: LineStepIn, work: Work) -> LineOut:
    """Hold, clear, cancel, renew or close one line, by name and with a reason (RULES 4.8).

    What came back is paid again only to the account a second person approved (`payment.renewal`).
    """
    run = await _entered(work, caller, run_id)
    if body.step not in BY_PEOPLE:
        allowed = [step.value for step in BY_PEOPLE]
        raise LineStepNotAllowed(step=body.step.value, state=run.state.value, allowed=allowed)
    key = LineKey(body.person_id, body.scheme, Month.parse(body.month), body.seq)
    await lines.must_be_open_to(work.connection, run, key, body.step)
    if body.step is LineStep.RENEW:
        await redeem(work, matters.RENEWAL, matters.renewal_of(run_id, key), body.approval_id)
    seen = await lines.take(work, run, key, body.step, body.reason, by=caller.subject)
    await answers.follow(work, run, by=caller.subject)
    told = {"run_id": run_id, "scheme": seen.scheme, "month": body.month, "seq": seen.seq, "state": seen.state}
    work.audit(
        Change(seen.person_id, f"payment.{body.step.value}", after=told | {"reason": body.reason}, division=seen.county)
    )
    return LineOut.of(seen)


@line_router.get("/instructions", summary="付款指令")
async def list_instructions(
    *,
    caller: Overseer,
    run_id: UUID,
    work: Work,
    page: PageAsked,
    dispatch_no: Annotated[int | None, Query(ge=1, le=DISPATCHES_MAX, description="第几次下达；缺省为全部")] = None,
) -> Listed[InstructionOut]:
    """What the bank was told to pay: keys to answer with, awards whose payees the money goes to, amounts."""
    run = await runs.get(work.connection, run_id, within=caller.scope)
    items, following = await sending.instructions(work.connection, page, run, dispatch_no=dispatch_no)
    work.audit(*looks(((item.person_id, item.county) for item in items), FIELDS, what="read"))
    return Listed(items=[InstructionOut.of(item) for item in items], next=following)


@line_router.post("/answers", dependencies=[Idempotent()], summary="登记银行回盘结果")
async def answer(caller: Bank, run_id: UUID, body: AnswersIn, work: Work, response: Response) -> AnsweredOut:
    """What the bank says of instructions: late, twice and in part as it comes; each refusal by its place."""
    run = await _entered(work, caller, run_id)
    run.must_allow(RunStep.ANSWER)
    results = (Result(**each.model_dump()) for each in body.results)
    told = await answers.apply(work, run, results, by=caller.subject)
    after = await answers.follow(work, run, by=caller.subject)
    counts = {"received": told.received, "applied": told.applied, "unchanged": told.unchanged}
    work.audit(Change(None, "payroll.answered", after={"run_id": run_id, **counts}, division=run.division))
    tag(response, after.version)
    refused = [RefusedOut.model_validate(each, from_attributes=True) for each in told.refused]
    return AnsweredOut(**counts, refused=refused, state=after.state)


@statement_router.get("/{person_id}/payments", summary="个人发放明细")
async def statement(caller: Reader, person_id: UUID, work: Work) -> Listed[LineOut]:
    """Everything a person was paid or is owed on a line, by month: when, why, and where it stands."""
    await _looked_at(work, caller, person_id)
    return Listed(items=[LineOut.of(line) for line in await lines.of_person(work.connection, person_id)], next=None)


@statement_router.get("/{person_id}/balances", summary="个人逐月应发与去向")
async def balance_sheet(
    *,
    caller: Reader,
    person_id: UUID,
    work: Work,
    first: Annotated[str | None, Query(pattern=MONTH, description="第一个月份，缺省为最后一个月之前第 11 个月")] = None,
    last: Annotated[str | None, Query(pattern=MONTH, description="最后一个月份，缺省为本月")] = None,
) -> Listed[BalanceOut]:
    """What is due for each month and where every fen of it is (RULES 12): settled, in flight, held, returned, not yet
    run; and what is overpaid."""
    end = Month.of(work.today()) if last is None else Month.parse(last)
    months = span_of(end.plus(-11) if first is None else Month.parse(first), end)
    await _looked_at(work, caller, person_id)
    found = await balances.of_person(work.connection, person_id, months)
    return Listed(items=[BalanceOut.of(each) for each in found], next=None)


async def _looked_at(work: SubsidyWork, caller: Caller, person_id: UUID) -> None:
    """The money of a person within the caller's divisions is looked at. Raises `PersonNotKnown`."""
    division = (await work.facts.divisions([person_id], within=caller.scope)).get(person_id)
    if division is None:
        raise PersonNotKnown
    work.audit(Look(person_id, FIELDS, "read", division))


async def _entered(work: SubsidyWork, caller: Caller, run_id: UUID) -> Run:
    """A run whose lines are entered, locked: what happens to its lines follows one another."""
    run = await runs.get(work.connection, run_id, within=caller.scope, lock=True)
    if run.state in (RunState.DRAFT, RunState.ABORTED):
        allowed = [step.value for step in run.allowed()]
        raise RunStepNotAllowed(step=RunStep.ANSWER.value, state=run.state.value, allowed=allowed)
    return run
