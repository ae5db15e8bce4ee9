"""Steps of a payroll run that work over everybody: jobs, each deed of which is one transaction.

Killed before its commit a step has done nothing and begins anew; after it the run stands in its next state and a
second try is refused by that. Cancelling is heard between the phases.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final
from uuid import UUID

from services.subsidy.adapters.payroll import balances, drafting, fence, locking, matters, runs, sending
from services.subsidy.adapters.payroll.answers import state_after
from services.subsidy.adapters.work import SYSTEM, SubsidyWork
from services.subsidy.domain.payroll.errors import DraftIsOld
from services.subsidy.domain.payroll.run import Proven, Run, RunReason, RunState, RunStep
from services.subsidy.metrics import BALANCES_BROKEN, OVERPAID_FEN, OVERPAID_MONTHS, PAYROLL_HELD, PAYROLL_STEPS
from shared.kit.audit import Change, Origin
from shared.kit.four_eyes import redeem
from shared.kit.jobs import Handler, JobResult, RunningJob
from shared.kit.journal_client import JournalClient
from shared.kit.work import Works
from shared.kit.worker import Timer
from shared.values.month import Month

DRAW_UP: Final = "payroll.draw_up"
LOCK: Final = "payroll.lock"
REJECT: Final = "payroll.reject"
ABANDON: Final = "payroll.abandon"
SEND: Final = "payroll.send"

MONTHS_CHECKED: Final = 36
"""As far back as arrears are looked at."""

Running = RunningJob[SubsidyWork]


def payroll_handlers(register: JournalClient) -> dict[str, Handler[SubsidyWork]]:
    """What a run's steps are done by; ``register`` tells how far it is."""
    return {
        DRAW_UP: partial(draw_up, register),
        LOCK: partial(lock, register),
        SEND: partial(send, register),
        REJECT: partial(give_up, RunStep.REJECT, RunState.DRAFT),
        ABANDON: partial(give_up, RunStep.ABORT, RunState.ABORTED),
    }


async def draw_up(register: JournalClient, job: Running) -> JobResult:
    """Lines, checks, differences and digest from one snapshot, behind the fence."""
    await job.progress(phase="fence")
    horizon = await fence.ask(register, job.works)
    async with job.begin() as work:
        run = await _run(work, job)
        run.must_allow(RunStep.DRAW_UP)
        await drafting.open_stage(work.connection, run)
    news_since = await fence.oldest_running(job.works)

    async def tell(phase: str) -> None:
        await job.progress(phase=phase)

    async with job.works.engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        origin = Origin("JOB", job.kind)
        async with job.works.begin(caller=job.caller, trace_id=job.trace_id, origin=origin, on=connection) as work:
            run = await _run(work, job)
            run.must_allow(RunStep.DRAW_UP)
            await _must_be_proven(work, job, horizon)
            draft = await drafting.draw_up(connection, run, horizon, news_since=news_since, tell=tell)
            told = runs.told_of(draft)
            await runs.advance(connection, run, RunStep.DRAW_UP, RunState.DRAFT, by=_by(work), draft=draft, told=told)
            _tell(work, run, "payroll.drawn_up", told)
    return _done(RunStep.DRAW_UP, told)


async def lock(register: JournalClient, job: Running) -> JobResult:
    """The lines are entered; whoever is no longer owed theirs is held by name."""
    await job.progress(phase="fence")
    horizon = await fence.ask(register, job.works)
    await job.progress(phase="locking")
    async with job.begin() as work:
        run = await _run(work, job, lock=True)
        run.must_allow(RunStep.LOCK)
        if run.draft is None or run.draft.digest != job.params["digest"]:
            raise DraftIsOld
        await _must_be_proven(work, job, horizon)
        proven = await fence.passed(work.connection, horizon)
        told: dict[str, Any] = await locking.lock(work, run, by=_by(work))
        told |= {"digest": run.draft.digest, "position": proven.position}
        await runs.advance(
            work.connection, run, RunStep.LOCK, RunState.LOCKED, by=_by(work), draft=run.draft, told=told
        )
        await locking.put_away(work.connection, run)
        _tell(work, run, "payroll.locked", told)
    PAYROLL_HELD.inc(told["held"])
    return _done(RunStep.LOCK, told)


async def send(register: JournalClient, job: Running) -> JobResult:
    """Instructions for whatever is pending and still owed; what is not is held by name."""
    await job.progress(phase="fence")
    horizon = await fence.ask(register, job.works)
    news_since = await fence.oldest_running(job.works)
    await job.progress(phase="sending")
    async with job.begin() as work:
        run = await _run(work, job, lock=True)
        run.must_allow(RunStep.SEND)
        await _must_be_proven(work, job, horizon)
        await fence.passed(work.connection, horizon)

        async def ask_again() -> Proven:
            return await fence.passed_soon(work.connection, await fence.ask(register, job.works))

        told = await sending.send(work, run, ask_again, news_since=news_since, by=_by(work))
        state = await state_after(work.connection, run)
        await runs.advance(work.connection, run, RunStep.SEND, state, by=_by(work), draft=run.draft, told=told)
        _tell(work, run, "payroll.sent", told)
    PAYROLL_HELD.inc(told["held"])
    return _done(RunStep.SEND, told)


async def give_up(step: RunStep, state: RunState, job: Running) -> JobResult:
    """Reject or abandon: whatever was entered is given free, what was drawn up is gone."""
    reason = RunReason(job.params["reason"])
    await job.progress(phase=step.value)
    async with job.begin() as work:
        run = await _run(work, job, lock=True)
        after = await runs.advance(
            work.connection, run, step, state, by=_by(work), draft=None, reason=reason, told={"was": run.state}
        )
        await locking.give_free(work, after, step.value, by=_by(work))
        _tell(work, run, f"payroll.{step.value}ed", {"reason": reason.value, "was": run.state.value})
    return _done(step, {"state": state.value})


async def check_balances(works: Works[SubsidyWork]) -> None:
    """Whether everybody's money adds up, month by month, each from a snapshot of its own (RULES 12)."""
    async with works.begin() as work:
        earliest = Month.of(work.today()).plus(-MONTHS_CHECKED)
        months = await balances.months_booked(work.connection, earliest)
    found = []
    for month in months:
        async with works.engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            async with works.begin(on=connection) as work:
                found.append(await balances.of_everybody(work.connection, month))
    BALANCES_BROKEN.set(sum(each.broken + each.apart for each in found))
    OVERPAID_MONTHS.set(sum(each.overpaid for each in found))
    OVERPAID_FEN.set(sum(each.overpaid_fen for each in found))


PAYROLL_TIMERS: Final[tuple[Timer[SubsidyWork], ...]] = (Timer("payroll-balances", 86_400.0, check_balances),)


async def _run(work: SubsidyWork, job: Running, *, lock: bool = False) -> Run:
    return await runs.get(work.connection, UUID(job.params["run_id"]), within=job.scope, lock=lock)


async def _must_be_proven(work: SubsidyWork, job: Running, horizon: fence.Horizon) -> None:
    """An old proof takes an approval of two persons, which is used up by this step."""
    approval_id = job.params.get("silence_approval_id")
    if horizon.is_old and approval_id is not None:
        await redeem(work, matters.SILENT_REGISTER, job.params["run_id"], UUID(approval_id))
    else:
        fence.must_be_young(horizon)


def _by(work: SubsidyWork) -> str:
    return SYSTEM if work.caller is None else work.caller.subject


def _tell(work: SubsidyWork, run: Run, what: str, told: Mapping[str, Any]) -> None:
    work.audit(Change(None, what, after={"run_id": run.run_id, **told}, division=run.division))


def _done(step: RunStep, told: Mapping[str, Any]) -> JobResult:
    PAYROLL_STEPS.labels(step.value).inc()
    return JobResult(told)
