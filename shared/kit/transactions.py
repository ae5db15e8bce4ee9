"""How a route opens its unit of work: the transaction ends before the answer leaves."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from shared.kit.metrics import WORK_SECONDS
from shared.kit.work import UnitOfWork, Works


async def open_work(request: Request) -> AsyncIterator[UnitOfWork]:
    """The unit of work of this request, for `Depends(open_work, scope="function")`.

    The scope matters: with the plain form the client would read 200 before the commit is tried. The caller
    has been decided already (`Route` does so first), so there is no order to keep among parameters.
    """
    async with _opened(request, reading=False) as work:
        yield work


async def open_reading(request: Request) -> AsyncIterator[UnitOfWork]:
    """The same for a route that changes nothing and is asked often: it needs no transaction (see `Works.begin`)."""
    async with _opened(request, reading=True) as work:
        yield work


@asynccontextmanager
async def _opened(request: Request, *, reading: bool) -> AsyncIterator[UnitOfWork]:
    works: Works[UnitOfWork] = request.app.state.works
    caller = getattr(request.state, "caller", None)
    started, outcome = time.perf_counter(), "rolled_back"
    try:
        async with works.begin(
            caller=caller, trace_id=request.state.trace_id, origin=request.state.origin, reading=reading
        ) as work:
            request.state.work = work
            yield work
        outcome = "committed"
    finally:
        WORK_SECONDS.labels(outcome).observe(time.perf_counter() - started)
