"""Scheduled and long work about certificates and applications: reminders, notices that end, sweeps, campaigns."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

import structlog

from services.registry.adapters import campaigns, reminders
from services.registry.adapters.application_queries import notices_over, overdue_count
from services.registry.adapters.sweeps import SweepKind, Swept, sweep_some
from services.registry.adapters.tables import working_days
from services.registry.adapters.work import RegistryWork
from services.registry.metrics import APPLICATIONS_OVERDUE, REMINDERS_WAITING, WORKING_YEAR_MISSING
from services.registry.use_cases.handle_application import end_notice, load_application
from shared.kit.calendar import missing_year
from shared.kit.jobs import Handler, JobResult, RunningJob
from shared.kit.messages import Messenger, carry
from shared.kit.work import Works
from shared.kit.worker import Timer
from shared.values.division import Scope
from shared.values.refusal import Refusal

log = structlog.get_logger()

SWEEP_JOB: Final = "certificate.sweep"
EVERYWHERE: Final = Scope.everywhere()


def reminder_timer(messenger: Messenger) -> Timer[RegistryWork]:
    """Six months and one month ahead, every day and at once when a day begins (CERT-14)."""

    async def remind(works: Works[RegistryWork]) -> None:
        for months in reminders.MONTHS:
            async with works.begin() as work:
                await reminders.fall_due(work, months)
        await carry(works, messenger, waiting=reminders.next_waiting, record=reminders.record_receipts)
        async with works.begin() as work:
            REMINDERS_WAITING.set(await reminders.count_waiting(work))

    return Timer("certificate-reminders", 3600.0, remind)


async def end_notices(works: Works[RegistryWork]) -> None:
    """Notices whose working days have passed without an objection go on to review (CERT-05)."""
    async with works.begin() as work:
        over = await notices_over(work.connection, today=work.today())
    for application_id in over:
        try:
            async with works.begin() as work:
                application = await load_application(application_id, work, within=EVERYWHERE)
                await end_notice(application, work)
        except Refusal as refusal:  # somebody was faster, or the calendar ends: the others go on
            log.warning("notice.kept", code=refusal.code)
    async with works.begin() as work:
        APPLICATIONS_OVERDUE.set(await overdue_count(work.connection, today=work.today()))


async def follow_campaigns(works: Works[RegistryWork]) -> None:
    """What was renewed, transferred or cancelled in the meantime is done (KPI-36)."""
    async with works.begin() as work:
        await campaigns.follow_up(work.connection, today=work.today())


async def watch_calendar(works: Works[RegistryWork]) -> None:
    """From November on, say loudly that the next year's notice has to be entered (RULES 12.10)."""
    async with works.begin() as work:
        year = await missing_year(work.connection, working_days, work.today())
    WORKING_YEAR_MISSING.set(year or 0)
    if year is not None:
        log.warning("working_year.missing", year=year)


CERTIFICATE_TIMERS: Final[tuple[Timer[RegistryWork], ...]] = (
    Timer("public-notices", 300.0, end_notices),
    Timer("campaigns", 600.0, follow_campaigns),
    Timer("working-years", 6 * 3600.0, watch_calendar),
)


async def _sweep(job: RunningJob[RegistryWork]) -> JobResult:
    """Freeze or cancel what is due, a thousand cards in a transaction; a dry run only counts."""
    params, kept = job.params, dict(job.checkpoint)
    kind, dry_run = SweepKind(params["kind"]), bool(params["dry_run"])
    campaign_id = UUID(params["campaign_id"]) if params.get("campaign_id") else None
    within = Scope.of(*params["divisions"])
    swept = Swept(**{**kept, "after": UUID(kept["after"])}) if kept else Swept()
    await job.progress(phase=kind.value, done=swept.looked_at)
    more = True
    while more:
        async with job.begin() as work:
            more = await sweep_some(work, kind, swept, within=within, dry_run=dry_run, campaign_id=campaign_id)
            told: dict[str, Any] = {**asdict(swept), "after": str(swept.after)}
            await job.progress(done=swept.looked_at, checkpoint=told, work=work)
    report = {name: value for name, value in asdict(swept).items() if name != "after"}
    return JobResult({"kind": kind.value, "dry_run": dry_run, **report})


CERTIFICATE_JOBS: Final[dict[str, Handler[RegistryWork]]] = {SWEEP_JOB: _sweep}
