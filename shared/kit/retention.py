"""What is kept only so long: rules with their ground, run as a job, first dry so that somebody can look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

import sqlalchemy as sql
from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.kit import person_requests
from shared.kit.blobs import BlobTables
from shared.kit.idempotency import IdempotencyTables, Idempotent, purge_answers
from shared.kit.job_routes import JobView, Texts, view_of
from shared.kit.jobs import JobResult, Jobs, RunningJob
from shared.kit.permissions import Permit
from shared.kit.routing import RequestModel, Router
from shared.kit.transactions import open_work
from shared.kit.work import UnitOfWork
from shared.values.division import Scope

JOB_KIND: Final = "retention.run"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of thing whose time ends: how many are due, and how some of them go (0: none left)."""

    name: str
    ground: str
    count: Callable[[AsyncConnection, datetime], Awaitable[int]]
    forget: Callable[[AsyncConnection, datetime], Awaitable[int]]


def house_rules(answers: IdempotencyTables, blobs: BlobTables) -> tuple[Rule, ...]:
    """What the kit keeps in every service."""
    blob, answer = blobs.blob, answers.idempotency_key

    async def count_answers(connection: AsyncConnection, now: datetime) -> int:
        query = sql.select(sql.func.count()).select_from(answer).where(answer.c.kept_until < now)
        return int(await connection.scalar(query) or 0)

    async def forget_answers(connection: AsyncConnection, now: datetime) -> int:
        return await purge_answers(connection, now=now)

    def over(now: datetime) -> sql.ColumnElement[bool]:
        return sql.and_(blob.c.deleted_at.is_(None), blob.c.retained_until < now.date())

    async def count_files(connection: AsyncConnection, now: datetime) -> int:
        return int(await connection.scalar(sql.select(sql.func.count()).select_from(blob).where(over(now))) or 0)

    async def forget_files(connection: AsyncConnection, now: datetime) -> int:
        # Nobody finds them from the commit on; the sweep of files erases the contents within the hour.
        return (await connection.execute(blob.update().where(over(now)).values(deleted_at=now))).rowcount

    return (
        Rule("idempotent_answers", "answers are kept thirty days for repeats", count_answers, forget_answers),
        Rule("files", "each file says until when it is kept", count_files, forget_files),
    )


REQUEST_WORDS: Final = Rule(
    "request_words",
    "words of closed requests are evidence for three years",
    person_requests.count_forgettable,
    person_requests.forget_words,
)
"""What is kept of persons' own requests."""


def retention_handler(rules: Sequence[Rule]) -> Callable[[RunningJob[Any]], Awaitable[JobResult]]:
    """The job: counts first, then forgets in small transactions unless it is a dry run."""

    async def run(job: RunningJob[Any]) -> JobResult:
        dry_run, report = bool(job.params["dry_run"]), {}
        for rule in rules:
            async with job.begin() as work:
                due = await rule.count(work.connection, work.now())
            await job.progress(phase=rule.name, done=0, total=due)
            gone = 0 if dry_run else await _forgotten(job, rule)
            report[rule.name] = {"due": due, "forgotten": gone, "ground": rule.ground}
        return JobResult({"dry_run": dry_run, "rules": report})

    return run


async def _forgotten(job: RunningJob[Any], rule: Rule) -> int:
    total = 0
    while True:
        async with job.begin() as work:
            gone = await rule.forget(work.connection, work.now())
        total += gone
        await job.progress(done=total)
        if not gone:
            return total


class RetentionIn(RequestModel):
    """``dry_run`` (the default) only counts."""

    dry_run: bool = True


def retention_router(jobs: Jobs, *, texts: Texts) -> Router:
    """Start the rules."""
    router = Router(prefix="/api/v1/retention-runs", tags=["retention"])

    @router.post("", status_code=202, dependencies=[Permit("retention:run"), Idempotent()], summary="运行到期清理")
    async def start(
        body: RetentionIn,
        work: Annotated[UnitOfWork, Depends(open_work, scope="function")],
        request: Request,
    ) -> JobView:
        """Count what is due, and with ``dry_run: false`` let it go; watch the job."""
        job = await jobs.submit(work, JOB_KIND, {"dry_run": body.dry_run}, scope=Scope.everywhere())
        return view_of(job, request, texts)

    return router
