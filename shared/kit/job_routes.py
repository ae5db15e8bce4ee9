"""Jobs over HTTP: list, read, watch, cancel, fetch the result. Outside the caller's sight is 404."""

import asyncio
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any, ClassVar, Final
from urllib.parse import quote
from uuid import UUID

import orjson
from fastapi import Depends, Header, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from shared.kit.audit import Change, Code
from shared.kit.blobs import BLOB_TEXTS, Blob, Blobs
from shared.kit.jobs import ENDED, Job, JobGaveUp, JobHasEnded, JobIsAnothers, JobIsUnknown, Jobs, JobState
from shared.kit.ops import Ops
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import KIT_TEXTS, NOT_THERE_YET, Problem, ProblemText, answer
from shared.kit.routing import Router
from shared.kit.transactions import open_work
from shared.kit.work import UnitOfWork, Works
from shared.values.division import Scope
from shared.values.refusal import Refusal

__all__ = ["JOB_TEXTS", "JobHasNoResult", "JobView", "job_routes", "view_of"]

POLL_SECONDS: Final = 0.25
HEARTBEAT_SECONDS: Final = 15.0
_REVISION: Final = re.compile(r"[0-9]{1,18}")
READ_PERMISSION: Final = "job:read"
CANCEL_PERMISSION: Final = "job:cancel"

Texts = Mapping[type[Refusal], ProblemText]
Work = Annotated[UnitOfWork, Depends(open_work, scope="function")]


class JobHasNoResult(Refusal):
    """The job has not ended, or ended without a file (fact ``state``)."""

    code: ClassVar[str] = "job_has_no_result"


JOB_TEXTS: Final[Texts] = {
    **BLOB_TEXTS,
    JobIsUnknown: ProblemText(404, "任务不存在", "No such job", "没有找到该任务。", "There is no such job."),
    JobHasEnded: ProblemText(
        409, "任务已结束", "The job has ended", "任务已结束（{state}），不能取消。", "The job has ended ({state})."
    ),
    JobIsAnothers: ProblemText(
        403,
        "他人提交的任务",
        "Somebody else's job",
        "只有提交人可以取消该任务。",
        "Only who asked for the job may cancel it.",
    ),
    JobHasNoResult: ProblemText(
        409,
        "没有结果文件",
        "No result file",
        "任务（{state}）没有可下载的结果文件。",
        "The job ({state}) has no file to download.",
    ),
    JobGaveUp: ProblemText(
        500,
        "任务多次中断",
        "The job kept failing",
        "任务连续 {attempts} 次中断且没有进展，已停止重试。",
        "The job was interrupted {attempts} times without progress and is not tried again.",
    ),
}
"""Words of this module's refusals, for the application's table."""


class JobView(BaseModel):
    """A job as the API shows it. Counts are in the unit of the job, for imports rows; times are UTC."""

    model_config = ConfigDict(frozen=True)

    job_id: UUID
    kind: str
    state: JobState
    phase: str
    done: int
    total: int | None = Field(description="null until known")
    rate_per_second: float | None
    eta_seconds: float | None = Field(description="null unless running with a known total and rate")
    cancel_requested: bool
    attempts: int
    result: dict[str, Any] | None
    result_url: str | None = Field(description="where the result file is, if there is one")
    error: dict[str, Any] | None = Field(description="a problem document (RFC 9457) when the job failed")
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    trace_id: str


def view_of(job: Job, request: Request, texts: Texts) -> JobView:
    """The job in the reader's language."""
    return JobView(
        job_id=job.id,
        kind=job.kind,
        state=job.state,
        phase=job.phase,
        done=job.done,
        total=job.total,
        rate_per_second=job.rate,
        eta_seconds=job.eta_seconds,
        cancel_requested=job.cancel_requested,
        attempts=job.attempts,
        result=job.result,
        result_url=f"/api/v1/jobs/{job.id}/result" if job.result_blob_id else None,
        error=_problem_of(job, request, texts) if job.error else None,
        created_by=job.created_by,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        trace_id=job.trace_id,
    )


def _problem_of(job: Job, request: Request, texts: Texts) -> dict[str, Any]:
    error = job.error or {}
    code, facts = str(error["code"]), dict(error["facts"])
    known = {kind.code: text for kind, text in {**JOB_TEXTS, **texts}.items()}
    fallback = KIT_TEXTS.get(code) or KIT_TEXTS["value_is_invalid" if "zh" in facts else "refused"]
    # The same dress as a refused request would wear; only the trace is the job's own.
    dressed = answer(_problem(code, known.get(code, fallback), facts), request)
    document: dict[str, Any] = orjson.loads(dressed.body)
    return document | {"trace_id": job.trace_id}


def _problem(code: str, text: ProblemText, facts: dict[str, Any]) -> Problem:
    problem = Problem(code, text=text)
    problem.facts.update(facts)
    return problem


def job_routes(
    jobs: Jobs, blobs: Blobs, *, texts: Texts, result_permissions: Mapping[str, str] | None = None
) -> Router:
    """The routes of one service.

    :param texts: words of the refusals its handlers may end with.
    :param result_permissions: kind -> a further permission that fetching its result file needs, and seeing or
        cancelling one that somebody else asked for. Of other kinds others' jobs are seen, and cancelled by nobody else.
    """
    router = Router(prefix="/api/v1/jobs", tags=["jobs"])
    needed = dict(result_permissions or {})

    def hidden_from(caller: Caller) -> frozenset[str]:
        return frozenset(kind for kind, permission in needed.items() if not caller.may(permission))

    @router.get("")
    async def list_jobs(
        *,
        request: Request,
        page: PageAsked,
        work: Work,
        caller: Annotated[Caller, Permit(READ_PERMISSION)],
        state: JobState | None = None,
        kind: Annotated[str | None, Query(max_length=64)] = None,
    ) -> Listed[JobView]:
        """Jobs the caller may see, the newest first."""
        found, following = await jobs.page(
            work.connection, page, seen_by=caller, hidden=hidden_from(caller), state=state, kind=kind
        )
        return Listed(items=[view_of(job, request, texts) for job in found], next=following)

    @router.get("/{job_id}")
    async def read_job(
        job_id: UUID, request: Request, work: Work, caller: Annotated[Caller, Permit(READ_PERMISSION)]
    ) -> JobView:
        """One job: phase, done of total, rate, time left, result or error."""
        return view_of(
            await jobs.find(work.connection, job_id, seen_by=caller, hidden=hidden_from(caller)), request, texts
        )

    @router.get("/{job_id}/events", response_class=Response, responses=_STREAM_RESPONSES)
    async def watch_job(
        job_id: UUID,
        request: Request,
        caller: Annotated[Caller, Permit(READ_PERMISSION)],
        last_event_id: Annotated[str | None, Header(description="id of the last event received")] = None,
    ) -> Response:
        """Server-sent events: `progress` on every change, then `done`, then the stream ends."""
        seen = int(last_event_id) if last_event_id and _REVISION.fullmatch(last_event_id) else 0
        read = partial(_read_alone, jobs, request, job_id, caller, hidden_from(caller))
        job = await read()
        if job.state in ENDED and seen >= job.revision:
            # A browser reconnects after every end of a stream; 204 tells it that there is nothing more.
            return Response(status_code=204)
        return StreamingResponse(
            _told(read, job, seen, partial(view_of, request=request, texts=texts), request.app.state.ops),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    @router.post("/{job_id}/cancellation", status_code=202)
    async def cancel_job(
        job_id: UUID, request: Request, work: Work, caller: Annotated[Caller, Permit(CANCEL_PERMISSION)]
    ) -> JobView:
        """Ask the job to stop: a queued one ends at once, a running one at its next step. Repeating it is harmless."""
        hidden = hidden_from(caller)
        job = await jobs.cancel(work.connection, job_id, seen_by=caller, hidden=hidden, kinds=needed.keys() - hidden)
        work.audit(Change(None, "job.cancelled", after={"job_id": job_id, "kind": Code(job.kind)}))
        return view_of(job, request, texts)

    @router.get("/{job_id}/result", response_class=Response, responses=_FILE_RESPONSES)
    async def fetch_result(job_id: UUID, work: Work, caller: Annotated[Caller, Permit(READ_PERMISSION)]) -> Response:
        """The result file, streamed."""
        job = await jobs.find(work.connection, job_id, seen_by=caller, hidden=hidden_from(caller))
        return await _result_of(job, work, blobs, caller, needed.get(job.kind, READ_PERMISSION))

    return router


_STREAM_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "`progress` and `done` events whose data is a job", "content": {"text/event-stream": {}}},
    204: {"description": "The job has ended and its end was received: do not reconnect"},
}
_FILE_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The file", "content": {"application/octet-stream": {}}},
    **NOT_THERE_YET,
}


async def _read_alone(jobs: Jobs, request: Request, job_id: UUID, caller: Caller, hidden: frozenset[str]) -> Job:
    """In a transaction of its own: a watcher must not hold one while it waits."""
    works: Works[UnitOfWork] = request.app.state.works
    async with works.begin(caller=caller, trace_id=request.state.trace_id) as work:
        return await jobs.find(work.connection, job_id, seen_by=caller, hidden=hidden)


async def _told(
    read: Callable[[], Awaitable[Job]], job: Job, seen: int, view: Callable[[Job], JobView], ops: Ops
) -> AsyncIterator[bytes]:
    """Every change after revision ``seen`` until the job has ended; changes faster than the poll merge into one.

    A process that stops lets its watchers go: they come back to another with the last id they saw.
    """
    quiet = 0.0
    while not ops.stopping:
        if job.revision > seen:
            seen, quiet = job.revision, 0.0
            yield _event(job, view(job))
        if job.state in ENDED:
            return
        await asyncio.sleep(POLL_SECONDS)
        quiet += POLL_SECONDS
        if quiet >= HEARTBEAT_SECONDS:
            quiet = 0.0
            yield b": still here\n\n"
        job = await read()


async def _result_of(job: Job, work: UnitOfWork, blobs: Blobs, caller: Caller, permission: str) -> Response:
    if not caller.may(permission):
        raise Problem("permission_denied", permission=permission)
    if job.result_blob_id is None:
        raise JobHasNoResult(state=job.state)
    # Who may see the job may see its file: the scope has been judged.
    blob = await blobs.find(work.connection, job.result_blob_id, within=Scope.everywhere())
    return await blob_response(blobs, blob)


def _event(job: Job, view: JobView) -> bytes:
    name = "done" if job.state in ENDED else "progress"
    return f"id: {job.revision}\nevent: {name}\ndata: {view.model_dump_json()}\n\n".encode()


async def blob_response(blobs: Blobs, blob: Blob) -> Response:
    """The file as a download. A damaged one is refused before the answer begins, or cuts the answer short."""
    return StreamingResponse(
        await blobs.read(blob),
        media_type=blob.media_type,
        headers={
            "Content-Length": str(blob.size),
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(blob.name, safe='')}",
            "Repr-Digest": f"sha-256=:{b64encode(blob.sha256).decode()}:",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )
