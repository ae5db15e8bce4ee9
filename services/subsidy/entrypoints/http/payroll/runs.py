"""Runs: opened, drawn up, locked, approved by two, checked by finance, sent; given up as carefully (RULES 4.8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Path, Response

from services.subsidy.adapters.payroll import gate, matters, reconciliation, runs
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.payroll.errors import RunMonthNotAllowed, TotalsDiffer
from services.subsidy.domain.payroll.run import Run, RunState, RunStep
from services.subsidy.entrypoints.http.payroll.schemas import (
    ApprovedIn,
    BucketOut,
    CheckOut,
    FundingIn,
    HopOut,
    ReasonIn,
    ReconciliationOut,
    RunIn,
    RunOut,
    StepOut,
    WaiverIn,
)
from services.subsidy.metrics import PAYROLL_STEPS
from services.subsidy.use_cases.known_schemes import must_be_known
from shared.kit.audit import Change, Look
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.four_eyes import redeem
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import Problem
from shared.kit.routing import Router, open_work
from shared.kit.scoping import DivisionAsked
from shared.values.division import Division
from shared.values.month import Month

MONTHS_BACK_MAX: Final = 36

Work = Annotated[SubsidyWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("payroll:read")]
Writer = Annotated[Caller, Permit("payroll:write")]
Approver = Annotated[Caller, Permit("payroll:approve")]
Treasurer = Annotated[Caller, Permit("payroll:fund")]
Seen = Annotated[Precondition, Depends(if_match)]
CheckName = Annotated[str, Path(pattern=r"^[A-Z_]{1,40}$")]


router = Router(prefix="/api/v1/payroll-runs", tags=["payroll"])


@router.post("", status_code=201, dependencies=[Idempotent()], summary="新建发放批次")
async def open_run(caller: Writer, body: RunIn, work: Work, response: Response) -> RunOut:
    """Open a run of a division, a month and some schemes; one open run each (RULES 4.8)."""
    if not caller.scope.covers(body.division):
        raise Problem("division_outside_scope", division=body.division)
    run = await runs.create(work.connection, await _asked(work, caller, body))
    _changed(work, run, "payroll.opened")
    response.headers["Location"] = f"/api/v1/payroll-runs/{run.run_id}"
    tag(response, run.version)
    return RunOut.of(run)


@router.get("", summary="发放批次列表")
async def list_runs(
    *,
    caller: Reader,
    work: Work,
    page: PageAsked,
    division: DivisionAsked = None,
    state: RunState | None = None,
) -> Listed[RunOut]:
    """Runs of the caller's divisions, the newest first."""
    items, following = await runs.page_of(
        work.connection,
        page,
        within=caller.scope,
        division=None if division is None else Division.parse(division),
        state=state,
    )
    return Listed(items=[RunOut.of(item) for item in items], next=following)


@router.get("/{run_id}", summary="发放批次详情")
async def read_run(caller: Reader, run_id: UUID, work: Work, response: Response) -> RunOut:
    """A run, what was drawn up, and what may be done next."""
    run = await runs.get(work.connection, run_id, within=caller.scope)
    tag(response, run.version)
    return RunOut.of(run)


@router.get("/{run_id}/steps", summary="发放批次办理记录")
async def read_steps(caller: Reader, run_id: UUID, work: Work) -> Listed[StepOut]:
    """Everything that was done with a run, by whom and why."""
    run = await runs.get(work.connection, run_id, within=caller.scope)
    rows = await runs.steps_of(work.connection, run.run_id)
    return Listed(items=[StepOut.model_validate(row, from_attributes=True) for row in rows], next=None)


@router.get("/{run_id}/checks", summary="发放前检查")
async def read_checks(caller: Reader, run_id: UUID, work: Work) -> Listed[CheckOut]:
    """The red checks of a draft, and who answers for which."""
    run = await runs.get(work.connection, run_id, within=caller.scope)
    checks = await _checks(work, run)
    _looked_at(work, run, checks)
    return Listed(items=checks, next=None)


@router.post("/{run_id}/checks/{name}/waiver", dependencies=[Idempotent()], summary="放行一项检查")
async def waive(caller: Writer, run_id: UUID, name: CheckName, body: WaiverIn, work: Work) -> Listed[CheckOut]:
    """Answer for a red check by name; two persons see it when they approve."""
    run = await runs.get(work.connection, run_id, within=caller.scope, lock=True)
    run.must_allow(RunStep.LOCK)
    await gate.waive(work.connection, run_id, name, by=caller.subject, reason=body.reason)
    work.audit(
        Change(
            None,
            "payroll.check_waived",
            after={"run_id": run_id, "check": name, "reason": body.reason},
            division=run.division,
        )
    )
    checks = await _checks(work, run)
    _looked_at(work, run, checks)
    return Listed(items=checks, next=None)


@router.get("/{run_id}/reconciliation", summary="批次、账簿、指令与回盘核对")
async def reconcile(caller: Reader, run_id: UUID, work: Work) -> ReconciliationOut:
    """What one record says another must say; every line is in one bucket."""
    run = await runs.get(work.connection, run_id, within=caller.scope)
    found = await reconciliation.buckets(work.connection, run.run_id)
    hops = await reconciliation.hops(work.connection, run.run_id, found)
    return ReconciliationOut(
        agrees=all(hop.agrees for hop in hops),
        hops=[HopOut.model_validate(hop, from_attributes=True) for hop in hops],
        buckets=[BucketOut.model_validate(bucket, from_attributes=True) for bucket in found],
    )


@router.post("/{run_id}/reopening", dependencies=[Idempotent()], summary="重新启用已作废批次")
async def reopen(*, caller: Writer, run_id: UUID, body: ReasonIn, work: Work, seen: Seen, response: Response) -> RunOut:
    """Take an abandoned run up again, as carefully as a new one."""
    run = await to_step(work, caller, run_id, seen, RunStep.REOPEN)
    reopened = await runs.advance(
        work.connection, run, RunStep.REOPEN, RunState.DRAFT, by=caller.subject, draft=None, reason=body.reason
    )
    return _stepped(work, reopened, RunStep.REOPEN, response)


@router.post("/{run_id}/approval", dependencies=[Idempotent()], summary="批准批次（双人复核）")
async def approve(
    *, caller: Approver, run_id: UUID, body: ApprovedIn, work: Work, seen: Seen, response: Response
) -> RunOut:
    """With the approval of another person over what was frozen (matter ``payroll.approval``)."""
    run = await to_step(work, caller, run_id, seen, RunStep.APPROVE)
    await redeem(work, matters.APPROVAL_OF_RUN, str(run_id), body.approval_id)
    told = {"approval_id": str(body.approval_id)}
    approved = await runs.advance(
        work.connection, run, RunStep.APPROVE, RunState.APPROVED, by=caller.subject, draft=run.draft, told=told
    )
    return _stepped(work, approved, RunStep.APPROVE, response)


@router.post("/{run_id}/funding", dependencies=[Idempotent()], summary="财政形式审查通过")
async def fund(
    *, caller: Treasurer, run_id: UUID, body: FundingIn, work: Work, seen: Seen, response: Response
) -> RunOut:
    """Finance checks budget code and totals; none of the two who approved (SUB-58)."""
    run = await to_step(work, caller, run_id, seen, RunStep.FUND)
    await matters.must_be_a_third(work.connection, run, caller.subject)
    assert run.draft is not None
    if (body.lines, body.amount_fen) != (run.draft.lines, run.draft.amount_fen):
        raise TotalsDiffer(lines=run.draft.lines, amount_fen=run.draft.amount_fen)
    funded = await runs.advance(
        work.connection,
        run,
        RunStep.FUND,
        RunState.FUNDED,
        by=caller.subject,
        draft=run.draft,
        told=body.model_dump(),
    )
    return _stepped(work, funded, RunStep.FUND, response)


async def _asked(work: SubsidyWork, caller: Caller, body: RunIn) -> Run:
    month, this = Month.parse(body.month), Month.of(work.today())
    schemes = tuple(sorted({scheme.value for scheme in body.schemes}))
    await must_be_known(schemes, work)
    first = await runs.first_month(work.connection, body.division, schemes)
    earliest = this.plus(-MONTHS_BACK_MAX)
    since = max(earliest, min(first or month, month))
    arrears_from = since if body.arrears_from is None else Month.parse(body.arrears_from)
    _must_lie(month, earliest, this)
    _must_lie(arrears_from, earliest, month)
    return Run(
        run_id=work.new_id(),
        version=1,
        division=body.division,
        month=month,
        schemes=schemes,
        arrears_from=arrears_from,
        state=RunState.DRAFT,
        draft=None,
        created_at=work.now(),
        created_by=caller.subject,
    )


def _must_lie(month: Month, first: Month, last: Month) -> None:
    if not first <= month <= last:
        raise RunMonthNotAllowed(given=str(month), first=str(first), last=str(last))


async def to_step(work: SubsidyWork, caller: Caller, run_id: UUID, seen: Precondition, step: RunStep) -> Run:
    """A run in the version the caller saw, locked, in a state that knows the step."""
    run = await runs.get(work.connection, run_id, within=caller.scope, lock=True)
    seen.check(run.version)
    run.must_allow(step)
    return run


def _stepped(work: SubsidyWork, run: Run, step: RunStep, response: Response) -> RunOut:
    _changed(work, run, f"payroll.{step.value}")
    PAYROLL_STEPS.labels(step.value).inc()
    tag(response, run.version)
    return RunOut.of(run)


def _changed(work: SubsidyWork, run: Run, what: str) -> None:
    after = {"run_id": run.run_id, "version": run.version, "state": run.state}
    work.audit(Change(None, what, after=after, division=run.division))


def _looked_at(work: SubsidyWork, run: Run, checks: Sequence[CheckOut]) -> None:
    """What a check says of persons is a look at each of them."""
    persons = {shown for check in checks if check.name not in gate.OF_PLACES for shown in check.shown}
    work.audit(Look(None, ("check",), "read", run.division, persons=tuple(sorted(persons))))


async def _checks(work: SubsidyWork, run: Run) -> list[CheckOut]:
    return [
        CheckOut(
            name=row.name,
            found=row.found,
            shown=row.told["shown"],
            waived_at=row.waived_at,
            waived_by=row.waived_by,
            waiver=row.waiver,
        )
        for row in await gate.red(work.connection, run.run_id)
    ]
