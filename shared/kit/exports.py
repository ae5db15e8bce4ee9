"""Exports: any list as a file, however long, as a job that goes on where a dead worker left it.

A service gives the titles, the filters of the list and the very query that pages through it. Pages are read in short
transactions and kept in encrypted parts; each part commits together with the cursor it ends at, so a successor reads no
row twice and leaves none out. At the end the parts become one .xlsx (in further sheets beyond a million rows) or .csv,
with cells no spreadsheet program takes for a formula.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final, Generic, Literal, TypeVar
from uuid import UUID

import orjson
from fastapi import Depends, Request
from pydantic import create_model

from shared.kit.audit import Look
from shared.kit.blobs import CSV, JSON, XLSX, Blob, Blobs
from shared.kit.idempotency import Idempotent
from shared.kit.job_routes import JobView, Texts, view_of
from shared.kit.jobs import Handler, JobResult, Jobs, RunningJob
from shared.kit.limits import Budget
from shared.kit.pagination import Page
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import Problem, ProblemText
from shared.kit.routing import RequestModel, Router
from shared.kit.spreadsheets import Cell, csv_lines, write_table
from shared.kit.transactions import open_work
from shared.kit.work import UnitOfWork
from shared.values.division import Scope
from shared.values.purpose import Purpose

PAGE_ROWS: Final = 2_000
PART_ROWS: Final = 50_000
READ_BYTES: Final = 1 << 20
LINES_AT_ONCE: Final = 2_000
UNMASK: Final = "person:unmask"
PERSON: Final = "人员编号"
_NOT_CLEAR: Final = ProblemText(
    422,
    "不能导出明文",
    "No clear text in this export",
    "该名单没有明文，或明文仅可导出为 csv",
    "this list has no clear text, or clear text is for csv only",
)
_NO_PURPOSE: Final = ProblemText(
    422, "未说明用途", "No purpose", "导出明文须说明用途", "clear text is exported for a stated purpose"
)

F = TypeVar("F", bound=RequestModel)
W = TypeVar("W", bound=UnitOfWork)
Rows = Sequence[Sequence[Cell]]


class ExportAsked(RequestModel):
    """What every export is asked besides its filters."""

    format: Literal["xlsx", "csv"] = "xlsx"
    clear: bool = False
    purpose: Purpose | None = None


@dataclass(frozen=True, slots=True)
class Wanted(Generic[F]):
    """One page of a list: which rows, from which cursor on, whether in clear, within which divisions."""

    filters: F
    page: Page
    clear: bool
    within: Scope


@dataclass(frozen=True, slots=True)
class Export(Generic[W, F]):
    """What a service says about one kind of export.

    :param kind: of the job, for example ``people.export``.
    :param rows: one page of the list, and the cursor of the next page.
    :param titles: of the columns; `PERSON` titles the one that says whom a row tells of.
    :param can_be_clear: whether rows can be asked for with personal values in clear: by who may see them, for a stated
        purpose, and as .csv only, which is written without ever lying on a disk in clear.
    """

    kind: str
    name: str
    titles: tuple[str, ...]
    filters: type[F]
    rows: Callable[[W, Wanted[F]], Awaitable[tuple[Rows, str | None]]]
    can_be_clear: bool = False

    def persons_of(self, rows: Rows) -> tuple[UUID, ...]:
        """Whom some rows tell of."""
        if PERSON not in self.titles:
            return ()
        at = self.titles.index(PERSON)
        return tuple(dict.fromkeys(UUID(str(row[at])) for row in rows if row[at]))


# ---------------------------------------------------------------------------- over HTTP


def export_routes(spec: Export[Any, Any], *, path: str, permission: str, jobs: Jobs, texts: Texts) -> Router:
    """`POST path` with filters and format answers 202 with the job; its result is the file."""
    router = Router(tags=["exports"])

    async def submit(
        request: Request,
        caller: Annotated[Caller, Permit(permission)],
        body: ExportAsked,
        work: Annotated[UnitOfWork, Depends(open_work, scope="function")],
    ) -> JobView:
        """Write the rows that fit the filters into a file, as a job."""
        _judge(spec, body, caller)
        job = await jobs.submit(work, spec.kind, {"asked": body.model_dump(mode="json")})
        purpose = None if body.purpose is None else body.purpose.value
        work.audit(Look(None, spec.titles, "export.clear" if body.clear else "export.masked", purpose=purpose, count=0))
        return view_of(job, request, texts)

    # The filters are the export's own: a type nobody could have written above.
    submit.__annotations__["body"] = create_model(
        f"{spec.filters.__name__}Export", __base__=(ExportAsked, spec.filters), __doc__=f"导出{spec.name}"
    )
    router.add_api_route(
        path,
        submit,
        methods=["POST"],
        status_code=202,
        dependencies=[Budget("export", client="60/minute", subject="20/hour;100/day"), Idempotent()],
        name=spec.kind,
        summary=f"导出{spec.name}",
    )
    return router


def _judge(spec: Export[Any, Any], asked: ExportAsked, caller: Caller) -> None:
    if not asked.clear:
        return
    if not spec.can_be_clear or asked.format != "csv":
        raise Problem("export_cannot_be_clear", text=_NOT_CLEAR)
    if asked.purpose is None:
        raise Problem("purpose_missing", text=_NO_PURPOSE)
    if not caller.may(UNMASK):
        raise Problem("permission_denied", permission=UNMASK)


# ---------------------------------------------------------------------------- in the worker


def export_handler(spec: Export[W, F]) -> Handler[W]:
    """The job handler of this export, for `JobRunner`."""

    async def run(job: RunningJob[W]) -> JobResult:
        return await _ExportRun(spec, job).run()

    return run


class _ExportRun(Generic[W, F]):
    def __init__(self, spec: Export[W, F], job: RunningJob[W]) -> None:
        asked = dict(job.params["asked"])
        self._spec, self._job = spec, job
        self._format, self._clear = str(asked.pop("format")), bool(asked.pop("clear"))
        self._purpose: str | None = asked.pop("purpose")
        self._filters = spec.filters.model_validate(asked)
        checkpoint = job.checkpoint
        self._cursor: str | None = checkpoint.get("cursor")
        self._count = int(checkpoint.get("rows", 0))
        self._parts: list[str] = list(checkpoint.get("parts", ()))
        self._complete = bool(checkpoint.get("complete", False))

    async def run(self) -> JobResult:
        await self._job.progress(phase="reading", done=self._count)
        while not self._complete:
            await self._keep(await self._part())
        await self._job.progress(phase="writing", done=0, total=self._count)
        parts = [await self._job.find_blob(UUID(part)) for part in self._parts]
        file = await self._written(parts)
        return JobResult({"rows": self._count}, blob=file, at_end=self._forget)

    async def _part(self) -> list[bytes]:
        """The next rows, up to fifty thousand, as lines."""
        lines: list[bytes] = []
        while len(lines) < PART_ROWS and not self._complete:
            async with self._job.begin() as work:
                page = Page(PAGE_ROWS, self._cursor, "export")
                wanted = Wanted(self._filters, page, self._clear, self._job.scope)
                rows, self._cursor = await self._spec.rows(work, wanted)
                what = "exported.clear" if self._clear else "exported.masked"
                work.audit(
                    Look(
                        None,
                        self._spec.titles,
                        what,
                        purpose=self._purpose,
                        count=len(rows),
                        persons=self._spec.persons_of(rows),
                    )
                )
            lines += [orjson.dumps(list(row), default=str) + b"\n" for row in rows]
            self._complete = self._cursor is None
            await self._job.progress(done=self._count + len(lines))
        return lines

    async def _keep(self, lines: list[bytes]) -> None:
        blob = await self._job.store(_one_by_one(lines), media_type=JSON, name=f"{len(self._parts) + 1}.json")
        self._parts.append(str(blob.id))
        self._count += len(lines)
        checkpoint = {
            "cursor": self._cursor,
            "rows": self._count,
            "parts": self._parts,
            "complete": self._complete,
        }
        async with self._job.begin() as work:
            await self._job.blobs.record(work.connection, blob)
            await self._job.progress(done=self._count, checkpoint=checkpoint, work=work)

    async def _written(self, parts: Sequence[Blob]) -> Blob:
        spec, name = self._spec, f"{self._spec.name}.{self._format}"
        if self._format == "csv":
            lines = csv_lines(spec.titles, _rows_of(parts, self._job.blobs))
            return await self._job.store(_batched(lines), media_type=CSV, name=name)
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "export.xlsx"
            rows = _rows_of(parts, self._job.blobs)
            await asyncio.to_thread(write_table, path, spec.titles, rows, sheet=spec.name)
            return await self._job.store(_file_chunks(path), media_type=XLSX, name=name)

    async def _forget(self, work: UnitOfWork) -> None:
        for part in self._parts:
            await self._job.blobs.delete(work.connection, UUID(part), within=Scope.everywhere())


def _rows_of(parts: Iterable[Blob], blobs: Blobs) -> Iterator[Sequence[Cell]]:
    """The rows of all parts, one line in memory. Blocks: for a thread."""
    for part in parts:
        with blobs.open(part) as file:
            for line in file:
                yield orjson.loads(line)


async def _one_by_one(lines: Iterable[bytes]) -> AsyncIterator[bytes]:
    for line in lines:
        yield line


async def _batched(lines: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Lines made in a thread, many at a time."""
    while batch := await asyncio.to_thread(lambda: b"".join(islice(lines, LINES_AT_ONCE))):
        yield batch


async def _file_chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, READ_BYTES):
            yield chunk
