"""The registry's worker process: relay, import jobs, daily expiry. ``python -m services.registry.worker``."""

from __future__ import annotations

from services.registry.adapters.own_data import TRUST
from services.registry.adapters.portal_callbacks import callbacks_of
from services.registry.adapters.tables import blobs, imports, jobs
from services.registry.adapters.work import RegistryWork, work_with
from services.registry.entrypoints.consumers import SUBSCRIPTIONS
from services.registry.entrypoints.exports import EXPORTS
from services.registry.entrypoints.http.reports import APPLY_JOB
from services.registry.entrypoints.imports import IMPORTS
from services.registry.entrypoints.jobs import TIMERS
from services.registry.entrypoints.jobs_certificates import CERTIFICATE_JOBS, CERTIFICATE_TIMERS, reminder_timer
from services.registry.entrypoints.jobs_divisions import CHANGE_JOB, carry_out
from services.registry.entrypoints.jobs_person import PERSON_TIMERS
from services.registry.entrypoints.jobs_portals import callback_timer
from services.registry.entrypoints.jobs_reports import apply_batch
from services.registry.settings import RegistrySettings
from shared.kit.exports import export_handler
from shared.kit.imports import import_handler
from shared.kit.jobs import Handler, JobRunner
from shared.kit.service import Parts, open_parts
from shared.kit.worker import Roles, Worker, broker_check, run_worker, unpublished_check


def job_handlers(settings: RegistrySettings, parts: Parts[RegistryWork]) -> dict[str, Handler[RegistryWork]]:
    """What the register does as jobs."""
    return {
        **{spec.kind: import_handler(spec, imports) for spec, _, _ in IMPORTS},
        APPLY_JOB: apply_batch,
        CHANGE_JOB: carry_out,
        **{spec.kind: export_handler(spec) for spec, _, _ in EXPORTS},
        **CERTIFICATE_JOBS,
        **TRUST.handlers(settings, parts),
    }


def main() -> None:
    """Work until told to stop."""
    settings = RegistrySettings()
    parts = open_parts(
        settings,
        role="worker",
        blob_tables=blobs,
        make_work=work_with,
        checks=lambda works: (unpublished_check(works), broker_check(lambda: worker.bus)),
    )
    worker = Worker(
        settings,
        works=parts.works,
        blobs=parts.blobs,
        roles=Roles(
            subscriptions=SUBSCRIPTIONS,
            jobs=JobRunner(
                parts.works,
                jobs,
                job_handlers(settings, parts),
                parts.blobs,
                worker="registry-worker",
            ),
            timers=(
                *TIMERS,
                *PERSON_TIMERS,
                *CERTIFICATE_TIMERS,
                reminder_timer(settings.messenger(parts.keys)),
                callback_timer(callbacks_of(settings.portal_callbacks)),
            ),
        ),
    )
    run_worker(settings, worker, parts.ops)


if __name__ == "__main__":
    main()
