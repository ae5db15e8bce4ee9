"""The registry's worker process: relay, import jobs, daily expiry. ``python -m services.registry.worker``."""

from __future__ import annotations

from services.registry.adapters.own_data import TRUST
from services.registry.adapters.tables import blobs, imports, jobs
from services.registry.adapters.work import RegistryWork, work_with
from services.registry.entrypoints.consumers import SUBSCRIPTIONS
from services.registry.entrypoints.jobs import PERSON_IMPORT, TIMERS
from services.registry.settings import RegistrySettings
from shared.kit.imports import import_handler
from shared.kit.jobs import Handler, JobRunner
from shared.kit.service import Parts, open_parts
from shared.kit.worker import Roles, Worker, broker_check, run_worker, unpublished_check


def job_handlers(settings: RegistrySettings, parts: Parts[RegistryWork]) -> dict[str, Handler[RegistryWork]]:
    """What the register does as jobs."""
    return {PERSON_IMPORT.kind: import_handler(PERSON_IMPORT, imports), **TRUST.handlers(settings, parts)}


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
            timers=TIMERS,
        ),
    )
    run_worker(settings, worker, parts.ops)


if __name__ == "__main__":
    main()
