"""Files of a dispatch for the banks, and the banks' answers as files (RULES 4.4, SUB-55, SUB-58, SUB-59)."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from pathlib import PurePath
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.subsidy.adapters.payroll import answer_files, answers, files, runs
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.banking.declaration import Holds
from services.subsidy.domain.banking.matching import Reading
from services.subsidy.domain.payroll.errors import AnswerNeedsItsFile
from services.subsidy.domain.payroll.run import RunState, RunStep
from services.subsidy.entrypoints.bank_jobs import READ_ANSWER, WRITE_FILES, usable
from services.subsidy.entrypoints.http.problems import TEXTS
from shared.kit.audit import Change
from shared.kit.blobs import CSV, PLAIN_TEXT, XLSX, Blobs, MediaTypeIsNotAccepted
from shared.kit.etags import Precondition, if_match
from shared.kit.idempotency import Idempotent
from shared.kit.job_routes import JobView, blob_response, view_of
from shared.kit.jobs import Jobs, Once
from shared.kit.limits import Budget
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import RequestModel, Router, open_work
from shared.kit.uploads import FORM_SCHEMA, receive_file
from shared.values.division import Scope

DISPATCHES_MAX: Final = 32_767
MEDIA_TYPES: Final = {".csv": CSV, ".txt": PLAIN_TEXT, ".dat": PLAIN_TEXT, ".xlsx": XLSX}

Work = Annotated[SubsidyWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("payroll:read")]
Writer = Annotated[Caller, Permit("payroll:write")]
Bank = Annotated[Caller, Permit("payroll:answer")]
Seen = Annotated[Precondition, Depends(if_match)]
DispatchNo = Annotated[int, Path(ge=1, le=DISPATCHES_MAX, description="第几次下达")]


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class FilesIn(RequestModel):
    """By which declaration the files are written."""

    declaration_id: UUID


class DispatchOut(_Out):
    """What left at once. ``waiting``: instructions that are in no file and were not answered as unwritable."""

    no: int
    sent_at: datetime
    instructions: int
    amount_fen: int
    in_files: int
    files_fen: int
    not_written: int
    waiting: int


class BankFileOut(_Out):
    """One file with its control totals; ``sha256`` of its content."""

    file_id: UUID
    dispatch_no: int
    declaration_id: UUID
    part: int
    name: str
    bank: str
    batch: str
    lines: int
    amount_fen: int
    sha256: str
    written_at: datetime
    written_by: str

    @classmethod
    def of(cls, row: Any) -> BankFileOut:
        """From its row."""
        told = {name: getattr(row, name) for name in cls.model_fields if name != "sha256"}
        return cls(**told, sha256=row.sha256.hex())


class LostOut(_Out):
    """Lines whose outcome nobody can prove."""

    lines: int
    state: RunState


class BankAnswerOut(_Out):
    """An answer that was taken in. With ``faults`` as a whole nothing of it counts."""

    answer_id: UUID
    declaration_id: UUID
    file_id: UUID | None
    received_at: datetime
    received_by: str
    faults: list[str]
    readings: dict[str, int] = Field(validation_alias="counts")
    unanswered: int
    late: bool


class BankAnswerLineOut(_Out):
    """A line that needs a look: whatever was not simply paid."""

    row: int
    reading: Reading
    instruction_key: UUID | None
    outcome: str
    code: str
    words: str
    amount_fen: int | None
    answered_on: date | None
    holds: str | None
    misfit: str | None


def bank_file_router(jobs: Jobs, blobs: Blobs) -> Router:
    """Dispatches and their files."""
    router = Router(prefix="/api/v1/payroll-runs/{run_id}", tags=["bank files"])

    @router.get("/dispatches", summary="下达记录")
    async def list_dispatches(caller: Reader, run_id: UUID, work: Work) -> Listed[DispatchOut]:
        """What left when, and how much of it stands in banks' files."""
        run = await runs.get(work.connection, run_id, within=caller.scope)
        found = await files.dispatches(work.connection, run)
        return Listed(items=[DispatchOut.model_validate(each) for each in found], next=None)

    @router.post(
        "/dispatches/{dispatch_no}/bank-files",
        status_code=202,
        dependencies=[Idempotent()],
        summary="生成银行代发文件",
    )
    async def write(
        *, caller: Writer, run_id: UUID, dispatch_no: DispatchNo, body: FilesIn, work: Work, request: Request
    ) -> JobView:
        """Write what is in no file yet and goes to the banks the declaration serves; watch the job."""
        run = await runs.get(work.connection, run_id, within=caller.scope)
        declaration_id, declaration = await usable(work, run, body.declaration_id)
        await files.must_be_waiting(work.connection, run, dispatch_no, declaration)
        params = {"run_id": str(run_id), "dispatch_no": dispatch_no, "declaration_id": str(declaration_id)}
        return view_of(await jobs.submit(work, WRITE_FILES, params), request, TEXTS)

    @router.get("/bank-files", summary="银行代发文件列表")
    async def list_files(
        *,
        caller: Reader,
        run_id: UUID,
        work: Work,
        page: PageAsked,
        dispatch_no: Annotated[int | None, Query(ge=1, le=DISPATCHES_MAX)] = None,
    ) -> Listed[BankFileOut]:
        """Files with control totals and hashes."""
        run = await runs.get(work.connection, run_id, within=caller.scope)
        rows, following = await files.page_of(work.connection, page, run, dispatch_no=dispatch_no)
        return Listed(items=[BankFileOut.of(row) for row in rows], next=following)

    @router.get(
        "/bank-files/{file_id}/content",
        response_class=Response,
        dependencies=[Budget("bank.file", subject="60/minute;2000/day")],
        summary="下载银行代发文件",
    )
    async def fetch(caller: Bank, run_id: UUID, file_id: UUID, work: Work) -> Response:
        """The file as it goes to the bank, names and accounts in clear; who fetched it is on record."""
        run = await runs.get(work.connection, run_id, within=caller.scope)
        row = await files.get(work.connection, run, file_id)
        blob = await blobs.find(work.connection, row.blob_id, within=Scope.everywhere())
        told = {"run_id": run_id, "file_id": file_id, "lines": row.lines, "sha256": row.sha256.hex()}
        work.audit(Change(None, "payroll.file_fetched", after=told, division=run.division))
        return await blob_response(blobs, blob)

    @router.post("/bank-files/{file_id}/loss", dependencies=[Idempotent()], summary="登记银行文件结果不明")
    async def lose(*, caller: Bank, run_id: UUID, file_id: UUID, work: Work, seen: Seen) -> LostOut:
        """Nobody can prove that the bank took the file: its unanswered lines are UNKNOWN, and never paid again before
        the bank speaks."""
        run = await runs.get(work.connection, run_id, within=caller.scope, lock=True)
        seen.check(run.version)
        run.must_allow(RunStep.ANSWER)
        await files.get(work.connection, run, file_id)
        lost = await answer_files.lose(work, run, file_id, by=caller.subject)
        after = await answers.follow(work, run, by=caller.subject)
        told = {"run_id": run_id, "file_id": file_id, "lines": lost}
        work.audit(Change(None, "payroll.file_lost", after=told, division=run.division))
        return LostOut(lines=lost, state=after.state)

    return router


def bank_answer_router(jobs: Jobs, blobs: Blobs) -> Router:
    """What the banks answer, as files."""
    router = Router(prefix="/api/v1/payroll-runs/{run_id}", tags=["bank files"])

    @router.post(
        "/bank-answers",
        status_code=202,
        openapi_extra=FORM_SCHEMA,
        dependencies=[Budget("import", client="60/minute", subject="10/minute;200/day")],
        summary="上传银行回盘文件",
    )
    async def upload(
        *,
        caller: Bank,
        run_id: UUID,
        declaration_id: Annotated[UUID, Query(description="按哪份银行文件约定读取")],
        file_id: Annotated[UUID | None, Query(description="所答复的银行文件；按序号回盘时必填")] = None,
        request: Request,
        work: Work,
    ) -> JobView:
        """An answer (.csv, .txt, .dat or .xlsx); every line of it gets a reading. Sent again it changes nothing."""
        file = await receive_file(request)
        suffix = PurePath(file.name).suffix.lower()
        if suffix not in MEDIA_TYPES:
            raise MediaTypeIsNotAccepted(declared=suffix, accepted=", ".join(MEDIA_TYPES))
        # Written before the first statement: no transaction waits for a slow sender.
        blob = await blobs.put(
            file.content, media_type=MEDIA_TYPES[suffix], name=file.name, division="*", owner=caller.subject
        )
        run = await runs.get(work.connection, run_id, within=caller.scope)
        run.must_allow(RunStep.ANSWER)
        _, declaration = await usable(work, run, declaration_id, withdrawn=True)
        if file_id is not None:
            await files.get(work.connection, run, file_id)
        elif declaration.known_by is Holds.ORDINAL:
            raise AnswerNeedsItsFile
        params = {
            "run_id": str(run_id),
            "declaration_id": str(declaration_id),
            "file_id": None if file_id is None else str(file_id),
        }
        # The same content for the same file is the same job, whoever sends it again.
        print_of = hashlib.sha256("\n".join(map(str, params.values())).encode() + blob.sha256).hexdigest()
        await blobs.record(work.connection, blob)
        submitted = await jobs.submit(
            work, READ_ANSWER, {**params, "blob_id": str(blob.id)}, once=Once(print_of, print_of)
        )
        return view_of(submitted, request, TEXTS)

    @router.get("/bank-answers", summary="银行回盘文件列表")
    async def list_answers(caller: Reader, run_id: UUID, work: Work, page: PageAsked) -> Listed[BankAnswerOut]:
        """What came back, the newest first."""
        run = await runs.get(work.connection, run_id, within=caller.scope)
        rows, following = await answer_files.page_of(work.connection, page, run)
        return Listed(items=[BankAnswerOut.model_validate(row) for row in rows], next=following)

    @router.get("/bank-answers/{answer_id}/lines", summary="回盘中须处理的明细")
    async def list_lines(
        *,
        caller: Reader,
        run_id: UUID,
        answer_id: UUID,
        work: Work,
        page: PageAsked,
        reading: Reading | None = None,
    ) -> Listed[BankAnswerLineOut]:
        """Lines that were not simply paid: returned, contradicting, unknown, unreadable; by keys, never by name."""
        run = await runs.get(work.connection, run_id, within=caller.scope)
        rows, following = await answer_files.lines_of(work.connection, page, run, answer_id, reading=reading)
        return Listed(items=[BankAnswerLineOut.model_validate(row) for row in rows], next=following)

    return router
