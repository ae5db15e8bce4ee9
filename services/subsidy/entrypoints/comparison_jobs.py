"""Comparisons as jobs, and how many suspects wait."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from services.subsidy.adapters.comparison import comparing, suspects
from services.subsidy.adapters.payroll import turning
from services.subsidy.adapters.work import SYSTEM, SubsidyWork
from services.subsidy.domain.comparison.suspect import SuspectState
from services.subsidy.metrics import COMPARED, SUSPECTS_HOLDING, SUSPECTS_OVERDUE
from shared.kit.audit import Change
from shared.kit.jobs import JobResult, RunningJob
from shared.kit.work import Works
from shared.kit.worker import Timer
from shared.values.month import Month

COMPARISON_JOB: Final = "comparison.run"


async def compare_division(job: RunningJob[SubsidyWork]) -> JobResult:
    """Every check over the division of the job, for its month; by check what was found, is new, is open again."""
    month, division = Month.parse(job.params["month"]), job.params["division"]
    await job.progress(phase="comparing")
    async with job.begin() as work:
        await turning.take_time(work.connection)
        timing = await suspects.timing(work, division)
        days = timing.deadlines.of(SuspectState.NEW)
        assert days is not None, "what is new waits for somebody"
        found = await comparing.compare(
            work.connection,
            month,
            division=division,
            today=timing.today,
            due_on=timing.calendar.after(timing.today, days),
            by=SYSTEM if work.caller is None else work.caller.subject,
        )
        told = {check: asdict(each) for check, each in found.items()}
        opened = sum(each.opened + each.reopened for each in found.values())
        work.audit(Change(None, "comparison", after={"month": str(month), "opened": opened}, division=division))
    for check, each in found.items():
        COMPARED.labels(check).inc(each.opened + each.reopened)
    return JobResult({"checks": told})


async def count_suspects(works: Works[SubsidyWork]) -> None:
    """Tell the operators how many suspects are late, and how many hold money."""
    async with works.begin() as work:
        SUSPECTS_OVERDUE.set(await suspects.count_overdue(work.connection, work.today()))
        SUSPECTS_HOLDING.set(await suspects.count_holding(work.connection))


COMPARISON_TIMERS: Final[tuple[Timer[SubsidyWork], ...]] = (Timer("suspects-overdue", 60.0, count_suspects),)
