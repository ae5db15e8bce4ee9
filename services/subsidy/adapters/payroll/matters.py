"""What takes two persons: approving a run over what was frozen, and paying while the register is silent."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.payroll import drafting, fence, gate, runs
from services.subsidy.domain.payroll.errors import ApproverCannotFund, RunNotFound
from services.subsidy.domain.payroll.run import ENDED, Run, RunState
from shared.kit.four_eyes import APPROVAL, Content, Matter
from shared.kit.work import UnitOfWork
from shared.values.division import Scope


async def _run_of(work: UnitOfWork, subject_id: str) -> Run | None:
    try:
        return await runs.get(work.connection, UUID(subject_id), within=Scope.everywhere())
    except (ValueError, RunNotFound):
        return None


async def _frozen(work: UnitOfWork, subject_id: str) -> Content | None:
    run = await _run_of(work, subject_id)
    if run is None or run.state is not RunState.LOCKED or run.draft is None:
        return None
    waived = [
        {"check": row.name, "found": row.found, "by": row.waived_by, "reason": row.waiver}
        for row in await gate.red(work.connection, run.run_id)
    ]
    lines, digest = await drafting.held_back(work.connection, run.run_id)
    what = {
        "run_id": str(run.run_id),
        "version": run.version,
        **runs.told_of(run.draft),
        "held_when_locked": lines,
        "held_digest": digest,
        "waivers": waived,
    }
    return Content(what, run.division)


async def _silence(work: UnitOfWork, subject_id: str) -> Content | None:
    run = await _run_of(work, subject_id)
    proven = await fence.last_proof(work.connection)
    if run is None or run.state in ENDED or proven is None:
        return None
    what = {
        "run_id": str(run.run_id),
        "version": run.version,
        "epoch": proven.epoch,
        "position": proven.position,
        "proven_at": proven.at.isoformat(),
    }
    return Content(what, run.division)


APPROVAL_OF_RUN: Final = Matter("payroll.approval", "payroll:approve", _frozen)
SILENT_REGISTER: Final = Matter("payroll.silent_register", "payroll:approve", _silence)


async def must_be_a_third(connection: AsyncConnection, run: Run, subject: str) -> None:
    """Whoever proposed or approved the run is not who checks it for finance. Raises `ApproverCannotFund`."""
    approved = select(APPROVAL.c.approval_id).where(
        APPROVAL.c.kind == APPROVAL_OF_RUN.kind,
        APPROVAL.c.subject_id == str(run.run_id),
        APPROVAL.c.used_at.is_not(None),
        or_(APPROVAL.c.maker == subject, APPROVAL.c.checker == subject),
    )
    if await connection.scalar(approved.limit(1)) is not None:
        raise ApproverCannotFund
