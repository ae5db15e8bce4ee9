"""A thousand events a second through the product's own set-based code, faster than any HTTP client could ask for it."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Final

from pydantic import SecretStr

from deploy.local.stack import Stack
from services.registry.adapters.bulk import Holder, add_holders, expire_some
from services.registry.adapters.work import RegistryWork, work_with
from shared.kit.audit import Auditor
from shared.kit.clock import Clock
from shared.kit.crypto import KeyRing
from shared.kit.database import new_engine
from shared.kit.work import Works
from shared.values.disability import Disability
from shared.values.division import Division
from shared.values.identity_number import IdentityNumber
from shared.values.personal import PersonName
from tests.faults.people import citizen_id_no

FIRST_NUMBER: Final = 400_000
"""Far behind the people of the scenarios."""
ISSUED_ON: Final = date(2015, 3, 1)
EXPIRES_ON: Final = date(2025, 2, 28)
EVENTS_PER_HOLDER: Final = 3
"""Registered, issued, expired."""
HOLDERS: Final = 50
"""In one transaction."""
WRITERS: Final = 4
_DISABILITY: Final = Disability.parse("4", "2", "")
_DIVISION: Final = Division.parse("341504001001")


@asynccontextmanager
async def registry_works(stack: Stack) -> AsyncIterator[Works[RegistryWork]]:
    """Units of work as the registry's own processes open them."""
    engine = new_engine(stack.database_url("registry"), pool_size=WRITERS, application_name="load")
    keys = KeyRing.parse(SecretStr(stack._vault.data_keys("registry")))
    try:
        yield Works(engine, clock=Clock(movable=False), make=work_with(keys), auditor=Auditor(engine, keys))
    finally:
        await engine.dispose()


async def traffic(works: Works[RegistryWork], *, events_per_second: float, seconds: float) -> float:
    """Register holders with certificates that expired long ago, and announce the expiry; the events/s reached.

    Several writers keep one schedule, so that a slow transaction is made up for by the others.
    """
    began = time.monotonic()
    every = HOLDERS * EVENTS_PER_HOLDER / events_per_second
    turns = itertools.takewhile(lambda turn: turn * every < seconds, itertools.count())
    written = 0

    async def writer() -> None:
        nonlocal written
        for turn in turns:
            await asyncio.sleep(began + turn * every - time.monotonic())
            if time.monotonic() - began >= seconds:
                return
            first = FIRST_NUMBER + turn * HOLDERS
            async with works.begin() as work:
                await add_holders([_holder(number) for number in range(first, first + HOLDERS)], work)
            async with works.begin() as work:
                written += 2 * HOLDERS + await expire_some(work)

    await asyncio.gather(*(writer() for _ in range(WRITERS)))
    return written / (time.monotonic() - began)


def _holder(number: int) -> Holder:
    certificate = (_DISABILITY, ISSUED_ON, EXPIRES_ON)
    return Holder(IdentityNumber(citizen_id_no(number)), PersonName("李小红"), None, _DIVISION, certificate)
