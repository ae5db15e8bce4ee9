"""The audit trail over REST: who looked at whom, who did what, exports, verification. Reading it is itself audited.

A person sees who looked at them (`/audit/own`): when, in which role, through what, for which purpose; not which
colleague, that is for a complaint and an auditor. Everybody else sees the rows of their divisions.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import orjson
import sqlalchemy as sql
from fastapi import Depends, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.dialects.postgresql import JSONB

from shared.kit.audit import MANY_AT_ONCE, PERSONS_NAMED, Kind, Look, audit_tables
from shared.kit.blobs import CSV, JSON, XLSX
from shared.kit.bodies import Moment
from shared.kit.idempotency import Idempotent
from shared.kit.instruments import AUDIT_FINDINGS
from shared.kit.job_routes import JobView, Texts, view_of
from shared.kit.jobs import Handler, JobResult, Jobs, RunningJob
from shared.kit.limits import Budget
from shared.kit.migrations import ROOT
from shared.kit.pagination import Listed, Page, PageAsked, paginate, window
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import Problem
from shared.kit.routing import RequestModel, Router
from shared.kit.scoping import inside
from shared.kit.settings import ServiceSettings
from shared.kit.spreadsheets import Cell, csv_lines, write_table
from shared.kit.transactions import open_work
from shared.kit.work import UnitOfWork
from shared.values.division import Scope

EXPORT_JOB: Final = "audit.export"
VERIFICATION_JOB: Final = "audit.verification"
RESULT_PERMISSIONS: Final[Mapping[str, str]] = {EXPORT_JOB: "audit:export", VERIFICATION_JOB: "audit:verify"}
"""What fetching the file of these jobs needs, for `job_routes`."""
EXPORT_PAGE: Final = 1_000
EXPORT_ROWS_MAX: Final = 1_000_000
FINDINGS_TOLD: Final = 50
TEXT_MAX: Final = 200
_READ_CHUNK: Final = 1 << 18
_AUDIT: Final = audit_tables(sql.MetaData()).audit

_TITLES: Final = {
    "audit_id": "序号",
    "recorded_at": "时间（UTC）",
    "kind": "类型",
    "person_id": "人员编号",
    "division": "区划",
    "actor": "操作人",
    "client_id": "客户端",
    "roles": "角色",
    "method": "方法",
    "route": "接口",
    "status": "状态码",
    "what": "事项",
    "fields": "字段",
    "purpose": "用途",
    "trace_id": "追踪号",
    "ip": "来源地址",
    "detail": "详情",
}
_OWN: Final = ("audit_id", "recorded_at", "kind", "client_id", "roles", "what", "fields", "purpose", "status")

Work = Annotated[UnitOfWork, Depends(open_work, scope="function")]


class OwnEntry(BaseModel):
    """What a person learns of a look at them, or of a change."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    audit_id: int
    recorded_at: datetime
    kind: Kind
    client_id: str
    roles: str
    what: str
    fields: str | None
    purpose: str | None
    status: int | None


class AuditEntry(OwnEntry):
    """One row of the trail. ``fields`` and ``roles`` are lists joined by commas; ``detail`` is JSON."""

    person_id: UUID | None
    division: str | None
    actor: str
    method: str
    route: str
    trace_id: str
    ip: str | None
    detail: str | None


class AuditFilter(RequestModel):
    """Which rows. ``since`` is included, ``until`` is not."""

    person_id: UUID | None = None
    actor: Annotated[str | None, Field(max_length=TEXT_MAX)] = None
    route: Annotated[str | None, Field(max_length=TEXT_MAX)] = None
    kind: Kind | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    def chosen(self, columns: Sequence[str], within: Scope) -> sql.Select[Any]:
        """The query. Rows that belong to no division are for whoever may see everything."""
        audit = _AUDIT.c
        query = sql.select(*(audit[name] for name in columns))
        if not within.is_everywhere:
            query = query.where(inside(audit.division, within))
        if self.person_id is not None:
            query = query.where(_tells_of(self.person_id))
        for column, wanted in (
            (audit.actor, self.actor),
            (audit.route, self.route),
            (audit.kind, self.kind),
        ):
            if wanted is not None:
                query = query.where(column == wanted)
        if self.since is not None:
            query = query.where(audit.recorded_at >= self.since)
        if self.until is not None:
            query = query.where(audit.recorded_at < self.until)
        return query


def _tells_of(person_id: UUID) -> sql.ColumnElement[bool]:
    """Entries of one person, and those which name them among others."""
    named = sql.literal_column(PERSONS_NAMED, JSONB).contains([str(person_id)])
    return sql.or_(_AUDIT.c.person_id == person_id, sql.and_(sql.text(MANY_AT_ONCE), named))


async def _asked(  # noqa: PLR0917 - the framework passes them by name
    person_id: UUID | None = None,
    actor: Annotated[str | None, Query(max_length=TEXT_MAX)] = None,
    route: Annotated[str | None, Query(max_length=TEXT_MAX, description="接口模板，如 /api/v1/…/{id}")] = None,
    kind: Kind | None = None,
    since: Annotated[Moment | None, Query(description="included")] = None,
    until: Annotated[Moment | None, Query(description="not included")] = None,
) -> AuditFilter:
    return AuditFilter(person_id=person_id, actor=actor, route=route, kind=kind, since=since, until=until)


class AuditExportIn(AuditFilter):
    """Rows to export, the newest first, at most a million."""

    format: Literal["xlsx", "csv"] = "xlsx"


def audit_router(jobs: Jobs, *, texts: Texts) -> Router:
    """The routes of one service."""
    router = Router(prefix="/api/v1/audit", tags=["audit"])

    @router.get("", summary="查询审计记录")
    async def read_trail(
        caller: Annotated[Caller, Permit("audit:read")],
        work: Work,
        page: PageAsked,
        chosen: Annotated[AuditFilter, Depends(_asked)],
    ) -> Listed[AuditEntry]:
        """Rows by person ("who looked at this person"), actor, route, kind and time, the newest first."""
        query = chosen.chosen(tuple(_TITLES), caller.scope)
        rows, following = await paginate(work.connection, query, [_AUDIT.c.audit_id], page, descending=True)
        work.audit(Look(chosen.person_id, ("audit",), "audit.read", count=len(rows)))
        return Listed(items=[AuditEntry.model_validate(row) for row in rows], next=following)

    @router.get("/own", summary="谁查看过我的信息")
    async def read_own(caller: Annotated[Caller, Permit("own:read")], work: Work, page: PageAsked) -> Listed[OwnEntry]:
        """Every look at the caller's own data, every change of it and every refused attempt, the newest first."""
        if caller.person_id is None:
            raise Problem("not_found")
        query = AuditFilter(person_id=caller.person_id).chosen(_OWN, Scope.everywhere())
        rows, following = await paginate(work.connection, query, [_AUDIT.c.audit_id], page, descending=True)
        work.audit(Look(caller.person_id, ("audit",), "audit.read_own", count=len(rows)))
        return Listed(items=[OwnEntry.model_validate(row) for row in rows], next=following)

    @router.post(
        "/exports",
        status_code=202,
        dependencies=[Permit("audit:export"), Idempotent(), Budget("audit.export", subject="10/hour")],
        summary="导出审计记录",
    )
    async def export(body: AuditExportIn, work: Work, request: Request) -> JobView:
        """Rows as a file; watch the job."""
        job = await jobs.submit(work, EXPORT_JOB, body.model_dump(mode="json"))
        work.audit(Look(body.person_id, ("audit",), "audit.export"))
        return view_of(job, request, texts)

    @router.post(
        "/verification",
        status_code=202,
        dependencies=[Permit("audit:verify"), Idempotent(), Budget("audit.verification", subject="10/hour")],
        summary="校验审计链",
    )
    async def verification(work: Work, request: Request) -> JobView:
        """Prove the whole trail, or name what was done to it; the job's result is the report."""
        job = await jobs.submit(work, VERIFICATION_JOB, {})
        work.audit(Look(None, ("audit",), "audit.verification"))
        return view_of(job, request, texts)

    return router


def audit_handlers(settings: ServiceSettings) -> dict[str, Handler[Any]]:
    """The jobs behind these routes, for the worker."""

    async def run_verification(job: RunningJob[Any]) -> JobResult:
        return await _verify(job, settings)

    return {EXPORT_JOB: _export, VERIFICATION_JOB: run_verification}


# ---------------------------------------------------------------------------- export


async def _export(job: RunningJob[Any]) -> JobResult:
    """Pages are read here and written in a thread; neither holds more than one page."""
    wanted = AuditExportIn.model_validate(job.params)
    loop = asyncio.get_running_loop()
    done = 0

    def rows() -> Iterator[Sequence[Cell]]:
        nonlocal done
        page = Page(EXPORT_PAGE)
        before: int | None = None
        while done < EXPORT_ROWS_MAX:
            found = asyncio.run_coroutine_threadsafe(_page(job, wanted, page, before), loop).result()
            for row in found[:EXPORT_PAGE]:
                yield [str(cell) if isinstance(cell, UUID) else cell for cell in row]
            done += min(len(found), EXPORT_PAGE)
            if len(found) <= EXPORT_PAGE:
                return
            before = found[EXPORT_PAGE - 1][0]

    def write(path: Path) -> None:
        titles = tuple(_TITLES.values())
        if wanted.format == "xlsx":
            write_table(path, titles, rows(), sheet="审计记录")
        else:
            with path.open("wb") as file:
                file.writelines(csv_lines(titles, rows()))

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / f"audit.{wanted.format}"
        await asyncio.to_thread(write, path)
        media_type = XLSX if wanted.format == "xlsx" else CSV
        blob = await job.store(_chunks(path), media_type=media_type, name=f"审计记录.{wanted.format}")
    return JobResult({"rows": done, "complete": done < EXPORT_ROWS_MAX}, blob=blob)


async def _page(job: RunningJob[Any], wanted: AuditFilter, page: Page, before: int | None) -> Sequence[sql.Row[Any]]:
    query = window(wanted.chosen(tuple(_TITLES), job.scope), [_AUDIT.c.audit_id], page, descending=True)
    if before is not None:
        query = query.where(_AUDIT.c.audit_id < before)
    async with job.begin() as work:
        rows: Sequence[sql.Row[Any]] = (await work.connection.execute(query)).all()
        return rows


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, _READ_CHUNK):
            yield chunk


# ---------------------------------------------------------------------------- verification


async def _verify(job: RunningJob[Any], settings: ServiceSettings) -> JobResult:
    """In a process of its own: hashing millions of rows must not hold up whatever else the worker does."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "shared.kit.audit_verify",
        cwd=ROOT,
        env=_environment(settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output = asyncio.create_task(process.communicate())
    try:
        while not (await asyncio.wait({output}, timeout=1.0))[0]:
            await job.progress()
    finally:
        if process.returncode is None:
            process.kill()
    told, _ = await output
    if process.returncode not in {0, 1}:
        raise RuntimeError(f"the verification ended with status {process.returncode}")
    report = orjson.loads(told)
    AUDIT_FINDINGS.set(report["finding_count"])

    async def whole() -> AsyncIterator[bytes]:
        yield told

    blob = await job.store(whole(), media_type=JSON, name="审计链校验报告.json")
    return JobResult({**report, "findings": report["findings"][:FINDINGS_TOLD]}, blob=blob)


def _environment(settings: ServiceSettings) -> dict[str, str]:
    """What the verification needs, and no key that signs or opens anything."""
    told = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "SERVICE": settings.service,
        "DATABASE_DIRECT_URL": settings.database_direct_url.get_secret_value(),
        "AUDIT_PUBLIC_KEYS": orjson.dumps(
            {key_id: key.as_json() for key_id, key in settings.audit_keys().items()}
        ).decode(),
        "AUDIT_DIR": str(settings.audit_dir),
        "NATS_URL": settings.nats_url,
        "NATS_USER": settings.nats_user,
        "NATS_PASSWORD": settings.nats_password and settings.nats_password.get_secret_value(),
        "NATS_NKEY_SEED": settings.nats_nkey_seed and settings.nats_nkey_seed.get_secret_value(),
    }
    return {name: value for name, value in told.items() if value}
