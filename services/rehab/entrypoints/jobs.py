"""Scheduled work of the rehab service: counting what waits."""

from __future__ import annotations

from typing import Final

from services.rehab.adapters import queries
from services.rehab.adapters.work import RehabWork
from services.rehab.metrics import OPEN_CASES, OVERDUE_CASES, UNDECIDED_TRANSFERS
from shared.kit.work import Works
from shared.kit.worker import Timer


async def count_cases(works: Works[RehabWork]) -> None:
    """Refresh the gauges."""
    async with works.snapshot() as connection:
        opened, undecided, overdue = await queries.open_and_undecided(connection, works.clock.today())
    OPEN_CASES.set(opened)
    UNDECIDED_TRANSFERS.set(undecided)
    OVERDUE_CASES.set(overdue)


TIMERS: Final[tuple[Timer[RehabWork], ...]] = (Timer("case-gauges", 15.0, count_cases),)
