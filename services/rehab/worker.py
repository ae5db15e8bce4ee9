"""The rehab service's worker process: ``python -m services.rehab.worker``; ``… letters`` lists dead letters."""

from __future__ import annotations

from services.rehab.adapters.own_data import TRUST
from services.rehab.adapters.tables import blobs, jobs
from services.rehab.adapters.work import RehabWork
from services.rehab.entrypoints.consumers import SUBSCRIPTIONS
from services.rehab.entrypoints.jobs import TIMERS
from services.rehab.settings import RehabSettings
from shared.kit.jobs import JobRunner
from shared.kit.letters_cli import letters_command
from shared.kit.service import open_parts
from shared.kit.worker import Roles, Worker, broker_check, run_worker, unpublished_check


def main() -> None:
    """Work until told to stop."""
    settings = RehabSettings()
    parts = open_parts(
        settings,
        role="worker",
        blob_tables=blobs,
        make_work=lambda _: RehabWork,
        checks=lambda works: (unpublished_check(works), broker_check(lambda: worker.bus)),
    )
    if letters_command(parts.works, SUBSCRIPTIONS, parts.keys):
        return
    runner = JobRunner(parts.works, jobs, TRUST.handlers(settings, parts), parts.blobs, worker="rehab-worker")
    worker = Worker(
        settings,
        works=parts.works,
        blobs=parts.blobs,
        roles=Roles(subscriptions=SUBSCRIPTIONS, jobs=runner, timers=TIMERS),
    )
    run_worker(settings, worker, parts.ops)


if __name__ == "__main__":
    main()
