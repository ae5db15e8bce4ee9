"""Handing approved snapshots up to the level above: the JSON of the work report, signed, until it is taken."""

from __future__ import annotations

from functools import partial
from typing import Final
from uuid import UUID

import structlog

from services.indicators.adapters import snapshots, submissions
from services.indicators.adapters.report_source import report_of
from services.indicators.adapters.work import IndicatorsWork
from services.indicators.domain.breakdown import Root
from services.indicators.domain.period import Period
from services.indicators.entrypoints.http.figures import name_of
from services.indicators.entrypoints.http.report_words import title
from services.indicators.entrypoints.http.work_report_schemas import WorkReportOut
from services.indicators.metrics import UNSUBMITTED
from services.indicators.use_cases.shield_figures import Telling
from shared.kit.audit import Change
from shared.kit.callbacks import Callback, CallbackClient, NotTaken
from shared.kit.work import Works
from shared.kit.worker import Timer
from shared.values.division import Scope

SUBMIT_SECONDS: Final = 10.0
TIMEOUT_SECONDS: Final = 30.0
"""The figures of a province are some hundred kilobytes, and whoever takes them may check them first."""
log: Final = structlog.get_logger(__name__)


def submission_timers(above: Callback | None, minimum: int) -> tuple[Timer[IndicatorsWork], ...]:
    """Nothing where no level above is set: it asks for reports itself."""
    if above is None:
        return ()
    client = CallbackClient(above, timeout_seconds=TIMEOUT_SECONDS)
    return (Timer("submissions", SUBMIT_SECONDS, partial(submit_snapshots, above=client, minimum=minimum)),)


async def submit_snapshots(works: Works[IndicatorsWork], *, above: CallbackClient, minimum: int) -> None:
    """One round. No transaction is open while the level above is asked: what it took is remembered afterwards.

    One that is refused keeps none of the others waiting; where nobody answers the round ends.
    """
    async with works.snapshot() as connection:
        due = await submissions.due(connection)
    for each in due:
        snapshot_id, body = await _document(works, each, minimum)
        missed: NotTaken | None = None
        try:
            await above.tell(body, key=str(snapshot_id))
        except NotTaken as error:
            missed = error
            log.warning("snapshot.not_taken", snapshot_id=str(snapshot_id), reason=str(error))
        async with works.begin() as work:
            await submissions.note(work.connection, snapshot_id, None if missed is None else str(missed))
            if missed is None:
                kept = await snapshots.get(work.connection, snapshot_id, within=Scope.everywhere())
                after = {"snapshot_id": snapshot_id, "digest": kept.digest.hex()}
                work.audit(Change(None, "snapshot.submitted", after=after, division=kept.division))
        if missed is not None and not missed.refused:
            break
    async with works.snapshot() as connection:
        UNSUBMITTED.set(await submissions.waiting(connection))


async def _document(works: Works[IndicatorsWork], snapshot_id: UUID, minimum: int) -> tuple[UUID, bytes]:
    """Which snapshot (its correction, where one has just been approved), and its report."""
    telling = Telling(minimum, works.clock.today())
    async with works.snapshot() as connection:
        kept = await snapshots.get(connection, snapshot_id, within=Scope.everywhere())
        report = await report_of(connection, Root(kept.division), Period(kept.span, kept.reference_date), telling)
    assert report.this.frozen is not None, "an approval is never taken back"
    body = WorkReportOut.of(report, title(report, name_of), name_of).model_dump_json().encode()
    return report.this.frozen.snapshot_id, body
