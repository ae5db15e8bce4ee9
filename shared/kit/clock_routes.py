"""The clock over REST: what civil date a service works on, and, outside production, setting it.

The date is stored in the database; the worker reads it every second, the API whenever it is set or asked.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final

from fastapi import Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy import TIMESTAMP, Column, Date, Integer, MetaData, Table, text

from shared.kit.audit import Change
from shared.kit.permissions import Caller, Permit, Public
from shared.kit.problems import Problem, ProblemText
from shared.kit.routing import RequestModel, Router
from shared.kit.work import Works

_CLOCK_IS_REAL: Final = ProblemText(
    409,
    "生产环境不能调整日期",
    "The clock is real",
    "生产环境的系统日期不可调整",
    "the civil date of a production system cannot be set",
)


def clock_tables(metadata: MetaData) -> None:
    """Declare the one-row table of the civil date shown outside production."""
    Table(
        "clock_setting",
        metadata,
        Column("singleton", Integer, primary_key=True, autoincrement=False),
        Column("shown", Date, nullable=False),
        Column("set_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("now()")),
    )


class ClockOut(BaseModel):
    """The civil date decisions are taken on, and the real instant."""

    model_config = ConfigDict(frozen=True)

    today: date
    now: datetime
    movable: bool


class ClockIn(RequestModel):
    """The civil date to show from now on; absent: the real one again."""

    today: date | None = None


def clock_router() -> Router:
    """``GET`` and ``PUT /api/v1/clock``."""
    router = Router(prefix="/api/v1/clock", tags=["clock"])

    @router.get("", dependencies=[Public()], summary="系统日期")
    async def read_clock(request: Request) -> ClockOut:
        """The civil date of this service."""
        works: Works[Any] = request.app.state.works
        await follow_clock(works)
        return _told(works)

    @router.put("", summary="调整系统日期（非生产环境）")
    async def set_clock(request: Request, caller: Annotated[Caller, Permit("clock:set")], body: ClockIn) -> ClockOut:
        """Show another civil date; recorded times stay real. Refused in production (409)."""
        works: Works[Any] = request.app.state.works
        if not works.clock.movable:
            raise Problem("clock_is_real", text=_CLOCK_IS_REAL)
        async with works.begin(caller=caller, trace_id=request.state.trace_id) as work:
            work.audit(Change(None, "clock.set", before={"today": works.clock.today()}, after={"today": body.today}))
            await work.connection.execute(text("DELETE FROM clock_setting"))
            if body.today is not None:
                await work.connection.execute(
                    text("INSERT INTO clock_setting (singleton, shown) VALUES (1, :shown)"), {"shown": body.today}
                )
        await follow_clock(works)
        return _told(works)

    return router


def _told(works: Works[Any]) -> ClockOut:
    return ClockOut(today=works.clock.today(), now=works.clock.now(), movable=works.clock.movable)


async def follow_clock(works: Works[Any]) -> None:
    """Show the stored date in this process."""
    if not works.clock.movable:
        return
    async with works.begin() as work:
        shown = await work.connection.scalar(text("SELECT shown + (now()::date - set_at::date) FROM clock_setting"))
    if shown is None:
        works.clock.reset()
    elif works.clock.today() != shown:
        works.clock.show(shown)
