"""Imports: an uploaded spreadsheet becomes a job that ends with ``received = applied + unchanged + rejected``.

A service gives its columns, a parser for one row and a set-based ``apply`` for a chunk of rows. A chunk, its
rejections and the count of rows done commit together, so an import whose worker died goes on with the next row and
counts nothing twice. Reading and parsing happen in a thread: the event loop of the worker also carries events.
"""

import asyncio
import hashlib
import inspect
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path, PurePath
from typing import Annotated, Any, ClassVar, Final, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sql
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from shared.kit.blobs import CSV, XLSX, Blob, Blobs
from shared.kit.idempotency import KeyGiven, valid_key
from shared.kit.job_routes import JobView, Texts, view_of
from shared.kit.jobs import Handler, JobResult, Jobs, Once, RunningJob, division_of, retention_end
from shared.kit.limits import Budget
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import Problem, ProblemText
from shared.kit.routing import Router
from shared.kit.spreadsheets import (
    CellFault,
    Column,
    Limits,
    Row,
    Sheets,
    Table,
    open_every_sheet,
    open_table,
    write_faults,
)
from shared.kit.uploads import FORM_SCHEMA, UploadedFile, receive_file
from shared.kit.work import UnitOfWork, Works
from shared.values.refusal import Refusal

__all__ = [
    "IMPORT_TEXTS",
    "REJECT",
    "Applied",
    "Import",
    "ImportDoesNotBalance",
    "ImportTables",
    "Parsed",
    "SuffixIsNotAccepted",
    "import_handler",
    "import_routes",
    "import_tables",
]

CHUNK_ROWS: Final = 1_000
REJECT: Final = "reject"
"""A row that is known and different is refused."""
READ_BYTES: Final = 1 << 20
MEDIA_TYPES: Final = {".xlsx": XLSX, ".csv": CSV}

V = TypeVar("V")
W = TypeVar("W", bound=UnitOfWork)


class SuffixIsNotAccepted(Refusal):
    """The file name ends neither in .xlsx nor in .csv. (Browsers' own idea of the type cannot be trusted.)"""

    code: ClassVar[str] = "suffix_not_accepted"


class ImportDoesNotBalance(Exception):
    """``apply`` accounted for more or fewer rows than it got: a bug; the chunk rolls back and the import fails."""


IMPORT_TEXTS: Final[Texts] = {
    SuffixIsNotAccepted: ProblemText(
        415,
        "不支持的文件类型",
        "File type not accepted",
        "只接受 .xlsx 或 .csv 文件。",
        "Only .xlsx and .csv files are accepted.",
    )
}
"""Words of this module's refusals, for the application's table."""


@dataclass(frozen=True, slots=True)
class Parsed(Generic[V]):
    """A row that parsed; ``number`` is what a spreadsheet program shows beside it."""

    number: int
    value: V


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a chunk: every row is applied, unchanged, or has at least one fault."""

    applied: int
    unchanged: int = 0
    faults: Sequence[CellFault] = ()

    @property
    def rejected(self) -> int:
        return len({fault.row for fault in self.faults})


@dataclass(frozen=True, slots=True)
class Import(Generic[V, W]):
    """What a service says about one kind of import.

    :param kind: of the job, for example ``people.import``.
    :param parse: a row -> its value, or what is wrong with it. Pure; runs in a thread. A value is never a list.
    :param prepare: asks others about a chunk, before any transaction begins; None: nobody is asked.
    :param apply: writes up to 1,000 values with statements over the whole set, in the given transaction and as its
        caller. It must be idempotent in itself: a row that is so already counts as unchanged. A dry run calls it too
        and rolls back.
    """

    kind: str
    columns: Sequence[Column]
    parse: Callable[[Row], V | list[CellFault]]
    apply: Callable[[Sequence[Parsed[V]], W], Awaitable[Applied]]
    limits: Limits = field(default_factory=Limits)
    on_conflict: tuple[str, ...] = (REJECT,)
    """What may be done with a row that is known and different; ``work.asked["on_conflict"]`` tells what was asked."""
    variants: tuple[str, ...] = ()
    """What a file as a whole may be, said with it as ``variant``; ``work.asked["variant"]`` tells what was said."""
    prepare: Callable[[Sequence[Parsed[V]]], Awaitable[Sequence[Parsed[V]]]] | None = None
    every_sheet: bool = False
    """Of a workbook every sheet that has the header is read, and a merged cell counts for each row it covers."""


@dataclass(frozen=True, slots=True)
class ImportTables:
    fault: sql.Table


def import_tables(metadata: sql.MetaData) -> ImportTables:
    fault = sql.Table(
        "import_fault",
        metadata,
        sql.Column("job_id", sql.Uuid, primary_key=True),
        sql.Column("row_number", sql.Integer, primary_key=True),
        sql.Column("ordinal", sql.SmallInteger, primary_key=True),
        sql.Column("column_title", sql.Text, nullable=False),
        sql.Column("reason", sql.Text, nullable=False, comment="never quotes the content"),
    )
    return ImportTables(fault)


@dataclass(frozen=True, slots=True)
class _Tally:
    received: int = 0
    applied: int = 0
    unchanged: int = 0
    rejected: int = 0

    def plus(self, received: int, applied: Applied, unparsed: int) -> "_Tally":
        return _Tally(
            self.received + received,
            self.applied + applied.applied,
            self.unchanged + applied.unchanged,
            self.rejected + applied.rejected + unparsed,
        )


@dataclass(frozen=True, slots=True)
class _Chunk(Generic[V]):
    received: int
    parsed: list[Parsed[V]]
    faults: list[CellFault]

    @property
    def unparsed(self) -> int:
        return self.received - len(self.parsed)


class _Rehearsed(Exception):
    """How the transaction of a dry run is rolled back."""


# ---------------------------------------------------------------------------- in the worker


def import_handler(spec: Import[V, W], tables: ImportTables) -> Handler[W]:
    """The job handler of this import, for `JobRunner`."""

    async def run(job: RunningJob[W]) -> JobResult:
        return await _ImportRun(spec, tables.fault, job).run()

    return run


class _ImportRun(Generic[V, W]):
    def __init__(self, spec: Import[V, W], fault: sql.Table, job: RunningJob[W]) -> None:
        self._spec = spec
        self._fault = fault
        self._job = job
        self._dry_run = bool(job.params["dry_run"])
        self._tally = _Tally(**job.checkpoint)

    async def run(self) -> JobResult:
        job = self._job
        blob = await job.find_blob(UUID(job.params["blob_id"]))
        await job.progress(phase="reading")
        resources = ExitStack()
        try:
            table = await asyncio.to_thread(_open, resources, job.blobs, blob, self._spec)
            await job.progress(phase="applying", done=self._tally.received, total=table.rows_at_most)
            async with aclosing(self._chunks(table)) as chunks:
                async for chunk in chunks:
                    await self._take(chunk)
        finally:
            await asyncio.to_thread(resources.close)
        received = self._tally.received
        await job.progress(phase="reporting", done=received, total=received)
        return JobResult(
            self._report(),
            blob=await self._faults_file(PurePath(blob.name).stem) if self._tally.rejected else None,
            at_end=self._forget_faults,
        )

    def _report(self) -> dict[str, Any]:
        return {"dry_run": self._dry_run, **asdict(self._tally)}

    async def _chunks(self, table: Table | Sheets) -> AsyncGenerator[_Chunk[V], None]:
        """The chunks still to do. While one is applied the next is read."""
        rows = islice(iter(table), self._tally.received, None)
        reading = self._read(rows)
        try:
            while (chunk := await reading).received:
                reading = self._read(rows)
                yield chunk
        finally:
            # A thread cannot be stopped: the file must stay open until it has finished its chunk.
            await asyncio.wait({reading})
            if not reading.cancelled():
                reading.exception()

    def _read(self, rows: Iterator[Row]) -> asyncio.Task[_Chunk[V]]:
        return asyncio.create_task(asyncio.to_thread(_read_chunk, rows, self._spec.parse))

    async def _take(self, chunk: _Chunk[V]) -> None:
        job = self._job
        if self._spec.prepare is not None and chunk.parsed:
            chunk = replace(chunk, parsed=list(await self._spec.prepare(chunk.parsed)))
        if self._dry_run:
            applied = await self._rehearsed(chunk)
            async with job.begin() as work:
                await self._remember(chunk, applied, work)
        else:
            async with job.begin() as work:
                applied = await self._applied(chunk, work)
                await self._remember(chunk, applied, work)

    async def _rehearsed(self, chunk: _Chunk[V]) -> Applied:
        applied = Applied(0)
        try:
            async with self._job.begin() as work:
                applied = await self._applied(chunk, work)
                raise _Rehearsed
        except _Rehearsed:
            return applied

    async def _applied(self, chunk: _Chunk[V], work: W) -> Applied:
        if not chunk.parsed:
            return Applied(0)
        applied = await self._spec.apply(chunk.parsed, work)
        strangers = {fault.row for fault in applied.faults} - {row.number for row in chunk.parsed}
        if strangers or applied.applied + applied.unchanged + applied.rejected != len(chunk.parsed):
            raise ImportDoesNotBalance(f"{self._spec.kind}: {applied} of {len(chunk.parsed)} rows")
        return applied

    async def _remember(self, chunk: _Chunk[V], applied: Applied, work: W) -> None:
        faults = [*chunk.faults, *applied.faults]
        if faults:
            await work.connection.execute(self._fault.insert(), self._numbered(faults))
        tally = self._tally.plus(chunk.received, applied, chunk.unparsed)
        report = {**self._report(), **asdict(tally)}
        await self._job.progress(done=tally.received, checkpoint=asdict(tally), report=report, work=work)
        self._tally = tally

    def _numbered(self, faults: Sequence[CellFault]) -> list[dict[str, Any]]:
        ordinals: dict[int, int] = {}
        rows = []
        for fault in faults:
            ordinal = ordinals[fault.row] = ordinals.get(fault.row, 0) + 1
            rows.append(
                {
                    "job_id": self._job.id,
                    "row_number": fault.row,
                    "ordinal": ordinal,
                    "column_title": fault.column,
                    "reason": fault.reason,
                }
            )
        return rows

    async def _faults_file(self, name: str) -> Blob:
        fault = self._fault
        query = (
            sql.select(fault.c.row_number, fault.c.column_title, fault.c.reason)
            .where(fault.c.job_id == self._job.id)
            .order_by(fault.c.row_number, fault.c.ordinal)
        )
        async with self._job.begin() as work:
            faults = [CellFault(*row) for row in await work.connection.execute(query)]
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "faults.xlsx"
            await asyncio.to_thread(write_faults, path, faults)
            return await self._job.store(_file_chunks(path), media_type=XLSX, name=f"{name}-错误清单.xlsx")

    async def _forget_faults(self, work: UnitOfWork) -> None:
        await work.connection.execute(self._fault.delete().where(self._fault.c.job_id == self._job.id))


def _open(resources: ExitStack, blobs: Blobs, blob: Blob, spec: Import[Any, Any]) -> Table | Sheets:
    file = resources.enter_context(blobs.open(blob))
    # A damaged content must be called that, not an unreadable spreadsheet.
    while file.read(READ_BYTES):
        pass
    read: Callable[..., Table | Sheets] = open_every_sheet if spec.every_sheet else open_table
    table = read(file, spec.columns, spec.limits)
    resources.push(table)
    return table


def _read_chunk(rows: Iterator[Row], parse: Callable[[Row], V | list[CellFault]]) -> _Chunk[V]:
    chunk: _Chunk[V] = _Chunk(0, [], [])
    received = 0
    for received, row in enumerate(islice(rows, CHUNK_ROWS), start=1):  # noqa: B007 - the last one is the count
        outcome = list(row.faults) or parse(row)
        if isinstance(outcome, list):
            chunk.faults.extend(outcome)
        else:
            chunk.parsed.append(Parsed(row.number, outcome))
    return replace(chunk, received=received)


async def _file_chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, READ_BYTES):
            yield chunk


# ---------------------------------------------------------------------------- over HTTP


def import_routes(
    spec: Import[Any, Any], *, path: str, permission: str, jobs: Jobs, blobs: Blobs, texts: Texts
) -> Router:
    """`POST path` takes the spreadsheet as the form field `file` and answers 202 with the job."""
    router = Router(tags=["imports"])

    async def upload(
        *,
        request: Request,
        response: Response,
        caller: Annotated[Caller, Permit(permission)],
        dry_run: Annotated[bool, Query(description="Judge every row, change nothing")] = False,
        on_conflict: Annotated[
            str,
            Query(pattern=f"^({'|'.join(spec.on_conflict)})$", description="What to do with rows known and different"),
        ] = spec.on_conflict[0],
        idempotency_key: KeyGiven = None,
        **said: str,
    ) -> JobView:
        """Import a spreadsheet (.xlsx or .csv). The job ends with received = applied + unchanged + rejected; if rows
        were rejected its result file lists row, column and reason."""
        key = valid_key(idempotency_key)
        blob = await _keep(await receive_file(request), request, caller, blobs)
        works: Works[UnitOfWork] = request.app.state.works
        asked = {"dry_run": dry_run, "on_conflict": on_conflict, **said}
        submission = {"blob_id": str(blob.id), **asked}
        once = Once(key, _fingerprint(spec.kind, blob, asked))
        try:
            async with works.begin(caller=caller, trace_id=request.state.trace_id) as work:
                job = await jobs.submit(work, spec.kind, submission, once=once)
                if first := job.params == submission:
                    await blobs.record(work.connection, blob)
        except Problem:
            # Only where the row is known not to exist; after a lost COMMIT nobody knows, and the sweep will.
            await blobs.discard(blob)
            raise
        if not first:
            await blobs.discard(blob)
        response.headers["Location"] = f"/api/v1/jobs/{job.id}"
        return view_of(job, request, texts)

    _ask_for_variant(upload, spec.variants)
    router.add_api_route(
        path,
        upload,
        methods=["POST"],
        status_code=202,
        dependencies=[Budget("import", client="60/minute", subject="10/minute;200/day")],
        openapi_extra=FORM_SCHEMA,
        name=spec.kind,
    )
    return router


def _ask_for_variant(route: Callable[..., Any], variants: Sequence[str]) -> None:
    """The framework reads parameters off the signature: one that only some imports have is put there, or nothing is."""
    signature = inspect.signature(route, eval_str=True)
    told = [each for each in signature.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    if variants:
        asked = Annotated[str, Query(pattern=f"^({'|'.join(variants)})$", description="What the file is")]
        told.append(inspect.Parameter("variant", inspect.Parameter.KEYWORD_ONLY, annotation=asked))
    route.__signature__ = signature.replace(parameters=told)  # type: ignore[attr-defined]


async def _keep(file: UploadedFile, request: Request, caller: Caller, blobs: Blobs) -> Blob:
    """Stores the upload before any transaction begins: none may wait for a slow sender."""
    media_type = MEDIA_TYPES.get(PurePath(file.name).suffix.lower())
    if media_type is None:
        raise SuffixIsNotAccepted
    works: Works[UnitOfWork] = request.app.state.works
    return await blobs.put(
        file.content,
        media_type=media_type,
        name=file.name,
        division=division_of(caller.scope),
        owner=caller.subject,
        retained_until=retention_end(works.clock.today()),
    )


def _fingerprint(kind: str, blob: Blob, asked: Mapping[str, object]) -> str:
    told = "\n".join(str(each) for each in (kind, *asked.values()))
    return hashlib.sha256(f"{told}\n".encode() + blob.sha256).hexdigest()
