"""Begin again with one publisher: forget what came from it; the next leader reads its journal from the start."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from services.indicators.adapters.work import IndicatorsWork
from shared.kit import dead_letters, mirror
from shared.kit.consumer import Subscription, lock_cursor
from shared.kit.leader import LEADER_LOCK
from shared.kit.work import Works

DEPOSED_SECONDS: Final = 1.5
"""After which a worker that lost its lock has noticed and stopped all it did."""

_DEPOSE: Final = text(
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = 0 AND objid = :lock "
    "AND granted AND pid <> pg_backend_pid() "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


async def rebuild(works: Works[IndicatorsWork], subscription: Subscription[IndicatorsWork]) -> tuple[int, int]:
    """Forget one publisher in one transaction; the ``(epoch, position)`` reached before.

    A worker may be running: it is deposed first, because a repair of its, committed after the forgetting, would bring
    in present rows whose history is then passed over. It leads again, and reads on from the start, once this commits.
    """
    async with works.begin() as work:
        await work.connection.execute(text("SET LOCAL statement_timeout = 0"))
        await work.connection.execute(_DEPOSE, {"lock": LEADER_LOCK})
        await work.connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LEADER_LOCK})
        await work.connection.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": DEPOSED_SECONDS})
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
