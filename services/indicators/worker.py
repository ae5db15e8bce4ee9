"""The indicators service's worker process: ``python -m services.indicators.worker``.

``… letters`` lists dead letters; ``… rebuild <publisher>`` counts anew from the start of that publisher's journal.
"""

from __future__ import annotations

import asyncio
import sys

from services.indicators.adapters.rebuild import rebuild
from services.indicators.adapters.tables import blobs, imports, jobs
from services.indicators.adapters.trust import TRUST
from services.indicators.adapters.work import IndicatorsWork
from services.indicators.entrypoints.consumers import SUBSCRIPTIONS
from services.indicators.entrypoints.jobs import timers
from services.indicators.entrypoints.report_import import REPORT_IMPORT
from services.indicators.entrypoints.submissions import submission_timers
from services.indicators.settings import IndicatorsSettings
from shared.kit.imports import import_handler
from shared.kit.jobs import JobRunner
from shared.kit.letters_cli import letters_command
from shared.kit.service import open_parts
from shared.kit.work import Works
from shared.kit.worker import Roles, Worker, broker_check, run_worker, unpublished_check


def rebuild_command(works: Works[IndicatorsWork]) -> bool:
    """Run ``rebuild <publisher>`` when the command line asks for it; False otherwise."""
    if sys.argv[1:2] != ["rebuild"]:
        return False
    chosen = [each for each in SUBSCRIPTIONS if [each.publisher] == sys.argv[2:]]
    if not chosen:
        sys.exit(f"usage: rebuild {'|'.join(each.publisher for each in SUBSCRIPTIONS)}")

    async def run() -> tuple[int, int]:
        try:
            return await rebuild(works, chosen[0])
        finally:
            await works.engine.dispose()

    epoch, position = asyncio.run(run())
    sys.stdout.write(f"forgotten up to {epoch}/{position}; the worker reads the journal from its start\n")
    return True


def main() -> None:
    """Work until told to stop."""
    settings = IndicatorsSettings()
    parts = open_parts(
        settings,
        role="worker",
        blob_tables=blobs,
        make_work=lambda _: IndicatorsWork,
        checks=lambda works: (unpublished_check(works), broker_check(lambda: worker.bus)),
    )
    if letters_command(parts.works, SUBSCRIPTIONS, parts.keys) or rebuild_command(parts.works):
        return
    handlers = {REPORT_IMPORT.kind: import_handler(REPORT_IMPORT, imports), **TRUST.handlers(settings, parts)}
    runner = JobRunner(parts.works, jobs, handlers, parts.blobs, worker="indicators-worker")
    worker = Worker(
        settings,
        works=parts.works,
        blobs=parts.blobs,
        roles=Roles(
            subscriptions=SUBSCRIPTIONS,
            jobs=runner,
            timers=(
                *timers(settings.small_cell_min),
                *submission_timers(settings.above(), settings.small_cell_min),
            ),
        ),
    )
    run_worker(settings, worker, parts.ops)


if __name__ == "__main__":
    main()
