"""The audit trail is proved once a day without anybody asking: what nobody checks may be altered unnoticed."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sql

from shared.kit.audit import audit_tables
from shared.kit.audit_routes import VERIFICATION_JOB
from shared.kit.jobs import Jobs, Once, job_tables
from shared.kit.work import Works
from shared.values.division import Scope

_METADATA: Final = sql.MetaData()
_AUDIT: Final = audit_tables(_METADATA).audit
_JOBS: Final = Jobs(job_tables(_METADATA))
_FIRST: Final = sql.select(_AUDIT.c.recorded_at).order_by(_AUDIT.c.audit_id).limit(1)
_OLD: Final = sql.select(_FIRST.scalar_subquery() < sql.func.now() - sql.text("interval '1 day'"))


async def verify_daily(works: Works[Any]) -> None:
    """Queue a verification of the whole trail for this civil day, however often it is called.

    A trail without anything from before the last 24 hours has nothing a day could have altered. Findings raise
    the gauge that `LiangfuTrailAltered` watches.
    """
    async with works.begin() as work:
        if await work.connection.scalar(_OLD):
            once = Once(f"{VERIFICATION_JOB}:{works.clock.today()}", fingerprint="")
            await _JOBS.submit(work, VERIFICATION_JOB, {}, scope=Scope.everywhere(), once=once)
