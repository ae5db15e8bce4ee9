"""Steps over everybody, submitted as jobs: what they are refused for at once is refused here, the rest by the job."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request

from services.subsidy.adapters.payroll import gate
from services.subsidy.domain.payroll.run import Run, RunStep
from services.subsidy.entrypoints.http.payroll.runs import Seen, Work, Writer, to_step
from services.subsidy.entrypoints.http.payroll.schemas import LockingIn, ReasonIn, SilenceIn
from services.subsidy.entrypoints.http.problems import TEXTS
from services.subsidy.entrypoints.payroll_jobs import ABANDON, DRAW_UP, LOCK, REJECT, SEND
from shared.kit.idempotency import Idempotent
from shared.kit.job_routes import JobView, view_of
from shared.kit.jobs import Jobs
from shared.kit.routing import Router


def step_router(jobs: Jobs) -> Router:
    """Draw up, lock, send, reject and abandon."""
    router = Router(prefix="/api/v1/payroll-runs", tags=["payroll"])

    @router.post("/{run_id}/drawing-up", status_code=202, dependencies=[Idempotent()], summary="生成发放名单")
    async def draw_up(
        *, caller: Writer, run_id: UUID, body: SilenceIn, work: Work, seen: Seen, request: Request
    ) -> JobView:
        """Draw up what is owed, behind the fence (ARCHITECTURE 1.4); watch the job."""
        run = await to_step(work, caller, run_id, seen, RunStep.DRAW_UP)
        return view_of(await jobs.submit(work, DRAW_UP, _told(run, body)), request, TEXTS)

    @router.post("/{run_id}/locking", status_code=202, dependencies=[Idempotent()], summary="锁定发放名单")
    async def lock(
        *, caller: Writer, run_id: UUID, body: LockingIn, work: Work, seen: Seen, request: Request
    ) -> JobView:
        """Enter the lines that were seen; whoever is no longer owed theirs is held by name."""
        run = await to_step(work, caller, run_id, seen, RunStep.LOCK)
        await gate.must_be_open(work.connection, run_id)
        return view_of(await jobs.submit(work, LOCK, _told(run, body)), request, TEXTS)

    @router.post("/{run_id}/rejection", status_code=202, dependencies=[Idempotent()], summary="退回批次")
    async def reject(
        *, caller: Writer, run_id: UUID, body: ReasonIn, work: Work, seen: Seen, request: Request
    ) -> JobView:
        """Back to a draft; the lines are given free."""
        run = await to_step(work, caller, run_id, seen, RunStep.REJECT)
        return view_of(await jobs.submit(work, REJECT, _told(run, body)), request, TEXTS)

    @router.post("/{run_id}/abandonment", status_code=202, dependencies=[Idempotent()], summary="作废批次")
    async def abandon(
        *, caller: Writer, run_id: UUID, body: ReasonIn, work: Work, seen: Seen, request: Request
    ) -> JobView:
        """Give a run up before anything left; it may be reopened."""
        run = await to_step(work, caller, run_id, seen, RunStep.ABORT)
        return view_of(await jobs.submit(work, ABANDON, _told(run, body)), request, TEXTS)

    @router.post("/{run_id}/sending", status_code=202, dependencies=[Idempotent()], summary="下达支付指令")
    async def send(
        *, caller: Writer, run_id: UUID, body: SilenceIn, work: Work, seen: Seen, request: Request
    ) -> JobView:
        """Store an instruction for every pending line that is still owed."""
        run = await to_step(work, caller, run_id, seen, RunStep.SEND)
        return view_of(await jobs.submit(work, SEND, _told(run, body)), request, TEXTS)

    return router


def _told(run: Run, body: SilenceIn | ReasonIn) -> dict[str, str | None]:
    return {"run_id": str(run.run_id), **body.model_dump(mode="json")}
