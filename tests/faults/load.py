"""A thousand events a second through the product's own set-based code, faster than any HTTP client could ask for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from functools import partial
from typing import Final

from pydantic import SecretStr

from deploy.local.stack import Stack
from services.registry.adapters.bulk import Holder, add_holders, expire_some
from services.registry.adapters.secrets import Secrets
from services.registry.adapters.work import RegistryWork
from shared.kit.clock import Clock
from shared.kit.crypto import KeyRing
from shared.kit.database import new_engine
from shared.kit.work import Works
from shared.values.disability import Disability
from shared.values.division import Division
from shared.values.identity_number import IdentityNumber
from tests.faults.people import citizen_id_no

FIRST_NUMBER: Final = 400_000
"""Far behind the people of the scenarios."""
ISSUED_ON: Final = date(2015, 3, 1)
EXPIRES_ON: Final = date(2025, 2, 28)
EVENTS_PER_HOLDER: Final = 3
"""Registered, issued, expired."""


@asynccontextmanager
async def registry_works(stack: Stack) -> AsyncIterator[Works[RegistryWork]]:
    """Units of work as the registry's own processes open them."""
    engine = new_engine(stack.database_url("registry"), pool_size=2, application_name="load")
    keys = KeyRing.parse(SecretStr(stack._vault.data_keys("registry")))
    try:
        yield Works(engine, clock=Clock(movable=False), make=partial(RegistryWork, secrets=Secrets(keys)))
    finally:
        await engine.dispose()


async def traffic(
    works: Works[RegistryWork], *, events_per_second: int, seconds: float, per_transaction: int = 60
) -> float:
    """Register holders with certificates that expired long ago, and announce the expiry; the events/s reached."""
    began = time.monotonic()
    disability = Disability.parse("4", "2", "")
    division = Division.parse("341504001001")
    pause = per_transaction * EVENTS_PER_HOLDER / events_per_second
    number, due = FIRST_NUMBER, began
    while time.monotonic() - began < seconds:
        people = [
            Holder(IdentityNumber(citizen_id_no(n)), "李小红", None, division, (disability, ISSUED_ON, EXPIRES_ON))
            for n in range(number, number + per_transaction)
        ]
        number += per_transaction
        async with works.begin() as work:
            await add_holders(people, work)
        async with works.begin() as work:
            await expire_some(work)
        due += pause
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    return (number - FIRST_NUMBER) * EVENTS_PER_HOLDER / (time.monotonic() - began)
