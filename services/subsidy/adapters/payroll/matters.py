"""What takes two persons: approving a run over what was frozen, paying while the register is silent, paying again."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.payroll import drafting, fence, gate, lines, runs
from services.subsidy.adapters.payroll.lines import LineKey
from services.subsidy.domain.payroll.errors import ApproverCannotFund, LineNotFound, RunNotFound
from services.subsidy.domain.payroll.line import LineState
from services.subsidy.domain.payroll.run import ENDED, Run, RunState
from shared.kit.four_eyes import APPROVAL, Content, Matter
from shared.kit.work import UnitOfWork
from shared.values.division import Scope
from shared.values.month import Month


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
    held, digest = await drafting.held_back(work.connection, run.run_id)
    what = {
        "run_id": str(run.run_id),
        "version": run.version,
        **runs.told_of(run.draft),
        "held_when_locked": held,
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


# Whoever changes the account meanwhile waits until this transaction ends.
_PAYEE: Final = text("SELECT version FROM payee WHERE award_id = :award_id FOR SHARE")


def renewal_of(run_id: UUID, key: LineKey) -> str:
    """What the approval of a renewal is about: run, person, scheme, month and sequence of the line."""
    return f"{run_id}:{key.person_id}:{key.scheme}:{key.month}:{key.seq}"


async def _renewal(work: UnitOfWork, subject_id: str) -> Content | None:
    try:
        run_id, person_id, scheme, month, seq = subject_id.split(":")
        key = LineKey(UUID(person_id), scheme, Month.parse(month), int(seq))
        run = await runs.get(work.connection, UUID(run_id), within=Scope.everywhere())
        row = await lines.one(work.connection, run, key)
    except (ValueError, RunNotFound, LineNotFound):
        return None
    version = await work.connection.scalar(_PAYEE, {"award_id": row.award_id})
    if row.state != LineState.RETURNED or version is None:
        return None
    what = {
        "run_id": run_id,
        "person_id": person_id,
        "scheme": scheme,
        "month": month,
        "seq": key.seq,
        "turn": row.no,
        "reason": row.reason,
        "amount_fen": row.amount_fen,
        "award_id": str(row.award_id),
        "payee_version": version,
    }
    return Content(what, row.county)


RENEWAL: Final = Matter("payment.renewal", "payment:write", _renewal)
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
