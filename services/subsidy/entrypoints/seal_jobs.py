"""Settled runs are sealed by themselves: a timer finds them, a job draws, signs and chains."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

from services.subsidy.adapters.payroll import runs, sealing, turning
from services.subsidy.adapters.tables import jobs as job_tables
from services.subsidy.adapters.work import SYSTEM, SubsidyWork
from services.subsidy.domain.payroll.seal import Seal
from services.subsidy.metrics import RUNS_SEALED, RUNS_UNSEALED
from shared.kit.audit import Change, Code
from shared.kit.blobs import PLAIN_TEXT
from shared.kit.jobs import RESULT_BYTES_MAX, Handler, JobResult, Jobs, RunningJob
from shared.kit.signing import Signer
from shared.kit.work import Works
from shared.kit.worker import Timer
from shared.values.division import Scope

SEAL_SECONDS: Final = 15.0
_AS_APPROVED: Final = {True: "as_approved", False: "altered", None: "earlier_digest"}

Running = RunningJob[SubsidyWork]


def seal_handlers(signer: Signer) -> dict[str, Handler[SubsidyWork]]:
    """The job; ``signer`` is the one of the audit's anchors."""
    return {sealing.SEAL: partial(seal_run, signer)}


async def seal_run(signer: Signer, job: Running) -> JobResult:
    """Seal a run as it stands; where it moved on meanwhile, or is sealed, nothing is done."""
    run_id = UUID(job.params["run_id"])
    await job.progress(phase="drawing")
    with tempfile.TemporaryDirectory() as folder:
        async with job.works.engine.connect() as connection:
            reader = await connection.execution_options(isolation_level="REPEATABLE READ")
            await turning.take_time(reader)
            run = await runs.get(reader, run_id, within=job.scope)
            if not await sealing.is_due(reader, run):
                return JobResult({"sealed": False})
            drawn = await sealing.draw(reader, run, Path(folder))
            before = await sealing.chain_of(reader, run.division)
            seal = await sealing.sign(reader, run, drawn, before, signer)
        await job.progress(phase="writing", total=drawn.count)
        blob = await job.blobs.put(
            sealing.content((*before, seal), drawn),
            media_type=PLAIN_TEXT,
            name=sealing.name_of(seal),
            division=run.division,
            owner=SYSTEM,
            size_bytes_max=RESULT_BYTES_MAX,
        )
    async with job.begin() as work:
        now = await runs.get(work.connection, run_id, within=job.scope, lock=True)
        seal_id = work.new_id()
        if now.version != run.version or not await sealing.keep(work.connection, seal_id, seal, blob):
            return JobResult({"sealed": False})
        await job.blobs.record(work.connection, blob)
        # The chain is in the audit trail too, whose heads lie outside: who rewrites one has to rewrite both.
        told = {"run_id": run_id, "seal_id": seal_id, **_told(seal)}
        work.audit(Change(None, "payroll.sealed", after=told, division=run.division))
    RUNS_SEALED.labels(_AS_APPROVED[seal.as_approved]).inc()
    return JobResult({"sealed": True, "seal_id": str(seal_id), **_told(seal)})


async def seal_what_settled(works: Works[SubsidyWork]) -> None:
    """A job for every settled run that has no seal."""
    queue = Jobs(job_tables)
    async with works.begin() as work:
        for run in await sealing.unattended(work.connection):
            await queue.submit(work, sealing.SEAL, {"run_id": str(run.run_id)}, scope=Scope.of(run.division))
        RUNS_UNSEALED.set(await sealing.waiting(work.connection))


SEAL_TIMERS: Final[tuple[Timer[SubsidyWork], ...]] = (Timer("payroll-seals", SEAL_SECONDS, seal_what_settled),)


def _told(seal: Seal) -> dict[str, object]:
    counted = {name: getattr(seal, name) for name in ("number", "lines", "amount_fen", "as_approved")}
    return counted | {"digest": Code(seal.digest), "chain": Code(seal.chain)}
