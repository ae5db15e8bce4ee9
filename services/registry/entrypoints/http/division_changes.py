"""Divisions are merged, split, renamed or given another code; persons, lists and rights follow (ID-21)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request, Response

from services.registry.adapters.division_changes import FollowedScopes
from services.registry.adapters.division_moves import effect_of
from services.registry.adapters.work import RegistryWork
from services.registry.announcements import announce_succession
from services.registry.domain.division_change import (
    ChangeState,
    ChangeStep,
    DivisionChange,
    DivisionChangeNotFound,
)
from services.registry.entrypoints.http.schemas_division import (
    BecameOut,
    ChangeEffectOut,
    DivisionChangeIn,
    DivisionChangeOut,
)
from services.registry.entrypoints.jobs_divisions import CHANGE_JOB
from shared.kit.audit import Change
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.idempotency import Idempotent
from shared.kit.job_routes import JobView, Texts, view_of
from shared.kit.jobs import Jobs
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router, open_work
from shared.values.division import Division

Work = Annotated[RegistryWork, Depends(open_work, scope="function")]
Writer = Annotated[Caller, Permit("division:write")]
Seen = Annotated[Precondition, Depends(if_match)]


def division_router(jobs: Jobs, follow: FollowedScopes, *, texts: Texts) -> Router:
    """The routes; ``follow`` is told to look again when a change begins to be carried out."""
    router = Router(prefix="/api/v1", tags=["divisions"])

    @router.post("/division-changes", status_code=201, dependencies=[Idempotent()], summary="登记区划变更")
    async def plan(caller: Writer, body: DivisionChangeIn, work: Work, response: Response) -> DivisionChangeOut:
        """A change to come, by somebody responsible for both what is given up and what follows it."""
        change = body.change(work.new_id())
        for step in change.successions:
            caller.must_cover(step.predecessor.code)
            caller.must_cover(step.successor.code)
        await work.division_changes.add(change)
        response.headers["Location"] = f"/api/v1/division-changes/{change.change_id}"
        return _told(work, change, "division.change_planned", response)

    @router.get("/division-changes", dependencies=[Permit("division:read")], summary="区划变更列表")
    async def list_changes(work: Work, page: PageAsked) -> Listed[DivisionChangeOut]:
        """Every change, the newest first: about places, not about persons."""
        changes, following = await work.division_changes.page(page)
        return Listed(items=[DivisionChangeOut.of(change) for change in changes], next=following)

    @router.get("/division-changes/{change_id}", summary="区划变更详情")
    async def read_change(caller: Writer, change_id: UUID, work: Work, response: Response) -> DivisionChangeOut:
        """One change; its ETag is what a step must present."""
        change = await _change(work, change_id, caller)
        tag(response, change.version)
        return DivisionChangeOut.of(change)

    @router.get("/division-changes/{change_id}/effect", summary="预览区划变更的影响")
    async def preview(caller: Writer, change_id: UUID, work: Work) -> Listed[ChangeEffectOut]:
        """How many persons, certificates, households and open cases follow."""
        change = await _change(work, change_id, caller)
        return Listed(
            items=[
                ChangeEffectOut.model_validate(
                    {
                        "predecessor": step.predecessor.code,
                        "successor": step.successor.code,
                        **await effect_of(work.connection, step),
                    }
                )
                for step in change.moving
            ]
        )

    @router.post(
        "/division-changes/{change_id}/application",
        status_code=202,
        dependencies=[Idempotent()],
        summary="执行区划变更",
    )
    async def apply(*, request: Request, caller: Writer, change_id: UUID, work: Work, seen: Seen) -> JobView:
        """It takes effect: announced at once, rights follow, persons are taken along as a job. Again: it goes on."""
        change = await _change(work, change_id, caller)
        seen.check(change.version)
        began = change.taken(ChangeStep.APPLY, today=work.today())
        await work.division_changes.save(began)
        if change.state is ChangeState.PLANNED:
            work.publish(
                *(
                    announce_succession(began, step, number=number, event_id=work.new_id(), occurred_at=work.now())
                    for number, step in enumerate(began.successions, start=1)
                )
            )
        job = await jobs.submit(work, CHANGE_JOB, {"change_id": str(change_id)})
        after = {"change_id": change_id, "state": began.state, "job_id": job.id}
        work.audit(Change(None, "division.change_begun", after=after))
        follow.forget()
        return view_of(job, request, texts)

    @router.post("/division-changes/{change_id}/cancellation", dependencies=[Idempotent()], summary="取消区划变更")
    async def cancel(
        *, caller: Writer, change_id: UUID, work: Work, seen: Seen, response: Response
    ) -> DivisionChangeOut:
        """It will not take place."""
        change = await _change(work, change_id, caller)
        seen.check(change.version)
        change = change.taken(ChangeStep.CANCEL, today=work.today())
        await work.division_changes.save(change)
        return _told(work, change, "division.change_cancelled", response)

    @router.get("/divisions/{code}/successions", dependencies=[Permit("division:read")], summary="区划沿革")
    async def read_successions(
        code: Annotated[str, Path(max_length=12, description="区划代码")], work: Work
    ) -> Listed[BecameOut]:
        """What became of a division, and what it came from, for those who compare years."""
        rows = await work.division_changes.of_division(Division.parse(code))
        return Listed(items=[BecameOut.of(row) for row in rows])

    return router


async def _change(work: RegistryWork, change_id: UUID, caller: Caller) -> DivisionChange:
    change = await work.division_changes.get(change_id, within=caller.scope)
    if change is None:
        raise DivisionChangeNotFound
    return change


def _told(work: RegistryWork, change: DivisionChange, what: str, response: Response) -> DivisionChangeOut:
    after = {"change_id": change.change_id, "kind": change.kind, "state": change.state, "day": change.effective_on}
    work.audit(Change(None, what, after=after))
    tag(response, change.version)
    return DivisionChangeOut.of(change)
