"""Carrying out a change of divisions, a thousand persons in a transaction (ID-21)."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from services.registry.adapters.division_moves import move_rest, move_some
from services.registry.adapters.work import RegistryWork
from services.registry.domain.division_change import ChangeStep, DivisionChange, DivisionChangeNotFound
from shared.kit.audit import Change
from shared.kit.jobs import JobResult, RunningJob

CHANGE_JOB: Final = "division.change"


async def carry_out(job: RunningJob[RegistryWork]) -> JobResult:
    """Everybody in what was given up follows, is announced one by one, and then the rest; begun again it goes on."""
    change_id = UUID(job.params["change_id"])
    async with job.begin() as work:
        change = await _change(change_id, work, job)
    moved = int(job.checkpoint.get("moved", 0))
    for step in change.moving:
        while True:
            async with job.begin() as work:
                some = await move_some(work, step, effective_on=change.effective_on)
                moved += some
                await job.progress(phase="moving", done=moved, checkpoint={"moved": moved}, work=work)
            if not some:
                break
    async with job.begin() as work:
        change = (await _change(change_id, work, job)).taken(ChangeStep.FINISH, today=work.today())
        for step in change.moving:
            await move_rest(work, step)
        await work.division_changes.save(change)
        after = {"change_id": change_id, "state": change.state, "persons": moved}
        work.audit(Change(None, "division.change_applied", after=after))
    return JobResult({"persons": moved})


async def _change(change_id: UUID, work: RegistryWork, job: RunningJob[RegistryWork]) -> DivisionChange:
    change = await work.division_changes.get(change_id, within=job.scope)
    if change is None:
        raise DivisionChangeNotFound
    return change
