"""Files for banks and from banks as jobs: written from stored instructions, read into turns of lines."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, Final
from uuid import UUID

from services.subsidy.adapters import bank_files
from services.subsidy.adapters.bank_declarations import DECLARATIONS
from services.subsidy.adapters.bank_files import BankFile
from services.subsidy.adapters.payees import Payees
from services.subsidy.adapters.payroll import answer_files, answers, files, runs
from services.subsidy.adapters.payroll.answer_files import Received
from services.subsidy.adapters.payroll.files import Writing
from services.subsidy.adapters.work import SYSTEM, SubsidyWork
from services.subsidy.domain.banking.declaration import Declaration
from services.subsidy.domain.banking.reading import Answer
from services.subsidy.domain.payroll.errors import DeclarationNotUsable
from services.subsidy.domain.payroll.run import Run, RunStep
from services.subsidy.metrics import BANK_ANSWERS, BANK_FILES
from shared.kit.audit import Change
from shared.kit.documents import DocumentStatus
from shared.kit.jobs import Handler, JobResult, RunningJob

WRITE_FILES: Final = "payroll.write_files"
READ_ANSWER: Final = "payroll.read_answer"

Running = RunningJob[SubsidyWork]


def bank_handlers(payees: Payees) -> dict[str, Handler[SubsidyWork]]:
    """Both jobs; ``payees`` opens names and accounts."""
    return {WRITE_FILES: partial(write_files, payees), READ_ANSWER: read_answer}


async def write_files(payees: Payees, job: Running) -> JobResult:
    """The files of one dispatch under one declaration; what fits in none comes back by name."""
    no = int(job.params["dispatch_no"])
    async with job.begin() as work:
        run = await runs.get(work.connection, UUID(job.params["run_id"]), within=job.scope)
        declaration_id, declaration = await usable(work, run, UUID(job.params["declaration_id"]))
        waiting = await files.must_be_waiting(work.connection, run, no, declaration)
    await job.progress(phase="writing", total=waiting)
    told = {"dispatch_no": no, "files": 0, "lines": 0, "amount_fen": 0, "not_written": 0}
    async with job.works.engine.connect() as connection:
        reader = await connection.execution_options(isolation_level="REPEATABLE READ")
        writing = Writing(reader, payees, run, no, declaration, declaration_id)
        await writing.alone()

        async def keep(written: BankFile, batch: str) -> None:
            await _keep(job, writing, written, batch)
            told["files"] += 1
            told["lines"] += written.file.count
            told["amount_fen"] += written.file.total_fen
            await job.progress(phase="writing", done=told["lines"])

        _, not_written = await writing.write(keep)
    if not_written:
        async with job.begin() as work:
            run = await runs.get(work.connection, run.run_id, within=job.scope, lock=True)
            amounts = await files.amounts_of(work.connection, run, [each.instruction_key for each in not_written])
            back = files.results_of(not_written, amounts, work.now())
            told["not_written"] = (await answers.apply(work, run, back, by=_by(work))).applied
            await answers.follow(work, run, by=_by(work))
            _tell(work, run, "payroll.not_written", {"dispatch_no": no, "lines": told["not_written"]})
    return JobResult(told)


async def _keep(job: Running, writing: Writing, written: BankFile, batch: str) -> None:
    blob = await job.blobs.put(
        files.content_of(written),
        media_type=files.MEDIA_TYPES[writing.declaration.file.format],
        name=written.file.name,
        division=writing.run.division,
        owner=job.caller.subject if job.caller else SYSTEM,
    )
    async with job.begin() as work:
        await job.blobs.record(work.connection, blob)
        file_id = await files.record(work, writing, written, blob, batch=batch, by=_by(work))
        sums = {"lines": written.file.count, "amount_fen": written.file.total_fen, "sha256": written.sha256.hex()}
        _tell(work, writing.run, "payroll.file_written", {"file_id": file_id, **sums})
    BANK_FILES.inc()


async def read_answer(job: Running) -> JobResult:
    """A bank's answer: read as declared, every line with its reading, in one transaction."""
    blob = await job.find_blob(UUID(job.params["blob_id"]))
    file_id = None if job.params["file_id"] is None else UUID(job.params["file_id"])
    async with job.begin() as work:
        run = await runs.get(work.connection, UUID(job.params["run_id"]), within=job.scope)
        declaration_id, declaration = await usable(work, run, UUID(job.params["declaration_id"]), withdrawn=True)
        batch = None if file_id is None else (await files.get(work.connection, run, file_id)).batch
    await job.progress(phase="reading")
    answer = await asyncio.to_thread(_read, job, blob, declaration, batch)
    await job.progress(phase="taking", total=len(answer.lines))
    async with job.begin() as work:
        run = await runs.get(work.connection, run.run_id, within=job.scope, lock=True)
        run.must_allow(RunStep.ANSWER)
        before = await answer_files.known(work.connection, run, blob.sha256, file_id)
        if before is not None:
            return JobResult({"answer_id": str(before.answer_id), "taken_in_before": True, **_counted(before.counts)})
        received = Received(
            answer_id=work.new_id(),
            declaration=declaration,
            declaration_id=declaration_id,
            file_id=file_id,
            sha256=blob.sha256,
            blob_id=blob.id,
            at=work.now(),
        )
        taken = await answer_files.take(work, run, received, answer, by=_by(work))
        after = await answers.follow(work, run, by=_by(work))
        told = {
            "answer_id": str(received.answer_id),
            "taken_in_before": False,
            "faults": [each.value for each in answer.faults],
            "lines": len(answer.lines),
            "applied": taken.applied,
            "unanswered": taken.unanswered,
            "late": taken.late,
            "state": after.state.value,
            **_counted(taken.counts),
        }
        _tell(work, run, "payroll.answer_taken_in", told)
    for reading, lines in taken.counts.items():
        BANK_ANSWERS.labels(reading).inc(lines)
    return JobResult(told)


async def usable(
    work: SubsidyWork, run: Run, declaration_id: UUID, *, withdrawn: bool = False
) -> tuple[UUID, Declaration]:
    """A declaration in force that serves the run; answers come after it was withdrawn, too.

    Raises `DeclarationNotUsable`.
    """
    stored = await DECLARATIONS.get(work.connection, declaration_id)
    allowed = {DocumentStatus.IN_FORCE} | ({DocumentStatus.WITHDRAWN} if withdrawn else set())
    if stored is None or stored.status not in allowed:
        raise DeclarationNotUsable(reason="NOT_IN_FORCE")
    files.must_be_usable(stored.document, run)
    return stored.document_id, stored.document


def _read(job: Running, blob: Any, declaration: Declaration, batch: str | None) -> Answer:
    with job.blobs.open(blob) as content:
        return bank_files.answer_of(declaration, content, batch=batch)


def _counted(counts: Any) -> dict[str, Any]:
    return {"readings": dict(counts)}


def _by(work: SubsidyWork) -> str:
    return SYSTEM if work.caller is None else work.caller.subject


def _tell(work: SubsidyWork, run: Run, what: str, told: dict[str, Any]) -> None:
    work.audit(Change(None, what, after={"run_id": run.run_id, **told}, division=run.division))
