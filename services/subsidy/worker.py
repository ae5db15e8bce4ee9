"""The subsidy service's worker process: ``python -m services.subsidy.worker``; ``… letters`` lists dead letters."""

from __future__ import annotations

from functools import partial

from services.subsidy.adapters import explanations
from services.subsidy.adapters.own_data import TRUST
from services.subsidy.adapters.payees import Payees
from services.subsidy.adapters.payroll import integrity
from services.subsidy.adapters.register import many_linked
from services.subsidy.adapters.tables import blobs, imports, jobs
from services.subsidy.adapters.tellings import Tellings
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.entrypoints.bank_jobs import bank_handlers
from services.subsidy.entrypoints.comparison_jobs import COMPARISON_JOB, COMPARISON_TIMERS, compare_division
from services.subsidy.entrypoints.consumers import SUBSCRIPTIONS
from services.subsidy.entrypoints.fact_import import FACT_IMPORT
from services.subsidy.entrypoints.integrity_jobs import INTEGRITY_EXPORT, audit_integrity
from services.subsidy.entrypoints.jobs import (
    AWARD_IMPORT,
    FINDINGS_JOB,
    REMINDERS_JOB,
    TIMERS,
    TRIAL_JOB,
    look_for_new_cases,
    look_over_everybody,
    telling_timer,
    try_policy,
)
from services.subsidy.entrypoints.list_import import KIND as LIST_IMPORT_JOB
from services.subsidy.entrypoints.list_import import list_import, may_pass_soon
from services.subsidy.entrypoints.payroll_jobs import PAYROLL_TIMERS, payroll_handlers
from services.subsidy.entrypoints.seal_jobs import SEAL_TIMERS, seal_handlers
from services.subsidy.entrypoints.suspect_export import SUSPECT_EXPORT
from services.subsidy.settings import SubsidySettings
from shared.kit.exports import export_handler
from shared.kit.imports import import_handler
from shared.kit.jobs import Handler, JobRunner
from shared.kit.journal_client import journal_clients
from shared.kit.letters_cli import letters_command
from shared.kit.service import Parts, open_parts
from shared.kit.worker import Roles, Worker, broker_check, run_worker, unpublished_check

REGISTER = "registry"


def job_handlers(settings: SubsidySettings, parts: Parts[SubsidyWork]) -> dict[str, Handler[SubsidyWork]]:
    """What this service does as jobs."""
    return {
        AWARD_IMPORT.kind: import_handler(AWARD_IMPORT, imports),
        FACT_IMPORT.kind: import_handler(FACT_IMPORT, imports),
        LIST_IMPORT_JOB: import_handler(list_import(partial(many_linked, settings)), imports),
        COMPARISON_JOB: compare_division,
        SUSPECT_EXPORT.kind: export_handler(SUSPECT_EXPORT),
        FINDINGS_JOB: look_over_everybody,
        TRIAL_JOB: try_policy,
        REMINDERS_JOB: look_for_new_cases,
        **payroll_handlers(journal_clients(settings)[REGISTER]),
        **bank_handlers(Payees(parts.keys)),
        **seal_handlers(settings.audit_signer()),
        integrity.AUDIT: audit_integrity,
        INTEGRITY_EXPORT.kind: export_handler(INTEGRITY_EXPORT),
        **TRUST.handlers(settings, parts),
    }


def main() -> None:
    """Work until told to stop."""
    settings = SubsidySettings()
    explanations.warm()
    parts = open_parts(
        settings,
        role="worker",
        blob_tables=blobs,
        make_work=lambda _: SubsidyWork,
        checks=lambda works: (unpublished_check(works), broker_check(lambda: worker.bus)),
    )
    if letters_command(parts.works, SUBSCRIPTIONS, parts.keys):
        return
    runner = JobRunner(
        parts.works, jobs, job_handlers(settings, parts), parts.blobs, worker="subsidy-worker", transient=may_pass_soon
    )
    telling = telling_timer(settings.messenger(parts.keys), Tellings(parts.keys))
    worker = Worker(
        settings,
        works=parts.works,
        blobs=parts.blobs,
        roles=Roles(
            subscriptions=SUBSCRIPTIONS,
            jobs=runner,
            timers=(*TIMERS, *COMPARISON_TIMERS, *PAYROLL_TIMERS, *SEAL_TIMERS, telling),
        ),
    )
    run_worker(settings, worker, parts.ops)


if __name__ == "__main__":
    main()
