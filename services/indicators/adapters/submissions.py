"""Which approved snapshots the level above has taken, and which wait (上报)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.indicators.adapters.tables import submission

AT_ONCE: Final = 20
REST_SECONDS: Final = 30
"""After a refusal; twice as long after each further one, up to an hour."""
REST_SECONDS_MAX: Final = 3_600


@dataclass(frozen=True, slots=True)
class Submission:
    """How handing up a snapshot has gone. ``refusal``: status of the last answer, or why there was none."""

    tries: int
    tried_at: datetime
    refusal: str | None
    taken_at: datetime | None


# What a correction has replaced is not handed up any more.
_WAITING: Final = """
FROM snapshot s LEFT JOIN submission d USING (snapshot_id)
WHERE s.approved_at IS NOT NULL AND d.taken_at IS NULL
  AND NOT EXISTS (SELECT FROM snapshot n WHERE n.division = s.division AND n.period = s.period
                     AND n.version > s.version AND n.approved_at IS NOT NULL)
"""
_DUE: Final = text(f"""
SELECT s.snapshot_id {_WAITING}
   AND (d.tried_at IS NULL
        OR d.tried_at < now() - least(:rest * 2.0 ^ least(d.tries - 1, 20), :rest_max) * interval '1 second')
 ORDER BY s.approved_at, s.snapshot_id LIMIT :limit
""")
_COUNT: Final = text(f"SELECT count(*) {_WAITING}")


async def due(connection: AsyncConnection) -> list[UUID]:
    """Snapshots to hand up now, in the order of their approval; who was refused rests first."""
    values = {"rest": REST_SECONDS, "rest_max": REST_SECONDS_MAX, "limit": AT_ONCE}
    return list(await connection.scalars(_DUE, values))


async def waiting(connection: AsyncConnection) -> int:
    """How many approved snapshots are not taken."""
    return int(await connection.scalar(_COUNT) or 0)


async def note(connection: AsyncConnection, snapshot_id: UUID, refusal: str | None) -> None:
    """Remember a try; ``refusal`` None: it was taken."""
    taken_at = func.clock_timestamp() if refusal is None else None
    values = {"tries": 1, "tried_at": func.clock_timestamp(), "refusal": refusal, "taken_at": taken_at}
    changed = {**values, "tries": submission.c.tries + 1}
    await connection.execute(
        pg_insert(submission)
        .values(snapshot_id=snapshot_id, **values)
        .on_conflict_do_update(index_elements=["snapshot_id"], set_=changed, where=submission.c.taken_at.is_(None))
    )


async def of(connection: AsyncConnection, snapshot_id: UUID) -> Submission | None:
    """How it has gone; None where nothing was tried."""
    row = (await connection.execute(select(submission).where(submission.c.snapshot_id == snapshot_id))).one_or_none()
    return None if row is None else Submission(row.tries, row.tried_at, row.refusal, row.taken_at)
