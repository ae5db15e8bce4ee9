"""Begin again with one publisher: forget what came from it; the next leader reads its journal from the start."""

from __future__ import annotations

from sqlalchemy import text

from services.indicators.adapters.work import IndicatorsWork
from shared.kit import dead_letters, mirror
from shared.kit.consumer import Subscription, lock_cursor
from shared.kit.leader import LEADER_LOCK
from shared.kit.work import Works


class WorkerIsRunning(Exception):
    """A worker holds its position in memory; it must be stopped before the stored one is changed."""


async def rebuild(works: Works[IndicatorsWork], subscription: Subscription[IndicatorsWork]) -> tuple[int, int]:
    """Forget one publisher in one transaction; the ``(epoch, position)`` reached before. Raises `WorkerIsRunning`."""
    async with works.begin() as work:
        # Freed by COMMIT: no worker can lead meanwhile.
        if not await work.connection.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": LEADER_LOCK}):
            raise WorkerIsRunning
        await work.connection.execute(text("SET LOCAL statement_timeout = 0"))
        reached = await lock_cursor(work.connection, subscription.publisher)
        for state in subscription.states:
            await mirror.clear(work.connection, state)
        await subscription.forget(work)
        await dead_letters.supersede(work.connection, subscription.publisher)
        await work.connection.execute(
            text("UPDATE consumer_cursor SET epoch = 0, position = 0, moved_at = now() WHERE publisher = :publisher"),
            {"publisher": subscription.publisher},
        )
    return reached
