"""What every benchmark stands on: the real stack, durable, and proof that it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.catalogue import SERVICES, Service
from deploy.local.stack import Stack
from shared.kit.bus import require_durable_broker
from shared.kit.database import new_engine

DURABLE: Final[Mapping[str, str]] = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
}
POLL_SECONDS: Final = 0.02
WAIT_SECONDS_MAX: Final = 300.0
SCOPES: Final = (
    "person:read",
    "person:write",
    "person:import",
    "certificate:read",
    "certificate:write",
    "award:read",
    "award:write",
    "events:read",
    "journal:read",
    "journal:compare",
    "job:read",
)


class NotDurable(Exception):
    """A number measured on such settings would be worth nothing."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The running stack and a connection to the two databases of the main chain."""

    stack: Stack
    registry: AsyncEngine
    subsidy: AsyncEngine
    first: list[int]

    def numbers(self, size: int) -> int:
        """The first of ``size`` running numbers nobody has used."""
        first = self.first[0]
        self.first[0] += size
        return first

    def client(self, *, connections: int = 16) -> httpx.AsyncClient:
        """A machine's client that may do everything, everywhere."""
        token = self.stack.token(scopes=SCOPES, divisions=["*"])
        return httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
            trust_env=False,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        )

    async def consumed(self) -> int:
        """The registry position the subsidy service has applied."""
        return await self._number(self.subsidy, "SELECT coalesce(max(position), 0) FROM consumer_cursor")

    async def published(self) -> int:
        """The newest position of the registry's journal."""
        return await self._number(self.registry, "SELECT coalesce(max(position), 0) FROM journal")

    async def until_consumed(self, position: int) -> float:
        """Wait until a position is applied; the moment (`perf_counter`) at which it was seen to be."""
        deadline = time.perf_counter() + WAIT_SECONDS_MAX
        while await self.consumed() < position:
            if time.perf_counter() > deadline:
                raise TimeoutError(f"position {position} was not applied within {WAIT_SECONDS_MAX:g} s")
            await asyncio.sleep(POLL_SECONDS)
        return time.perf_counter()

    async def _number(self, engine: AsyncEngine, query: str) -> int:
        async with engine.connect() as connection:
            return int((await connection.execute(text(query))).scalar_one())

    async def suspended_once(self, first: int, size: int) -> int:
        """Of these persons' awards, those suspended by exactly one step: exactly-once effects, read back."""
        async with self.subsidy.connect() as connection:
            rows = await connection.execute(
                text(
                    "SELECT count(*) FROM (SELECT a.award_id FROM award a JOIN award_step s USING (award_id) "
                    "WHERE a.status = 'SUSPENDED' AND a.award_id BETWEEN :low AND :high "
                    "GROUP BY 1 HAVING count(*) = 2) once"
                ),
                {"low": _award(first), "high": _award(first + size - 1)},
            )
            return int(rows.scalar_one())


def _award(number: int) -> str:
    return f"01940000-0000-7000-8000-{number:012x}"


@asynccontextmanager
async def ground(var: Path) -> AsyncIterator[Ground]:
    """Start the stack in ``var``, prove that it is durable, stop it afterwards."""
    async with Stack(var, services=_present()) as stack:
        engines = {
            name: new_engine(stack.database_url(name), pool_size=4, application_name="bench")
            for name in ("registry", "subsidy")
        }
        try:
            for engine in engines.values():
                await require_durable_database(engine)
            await require_durable_broker(stack.nats.monitor_url)
            yield Ground(stack, engines["registry"], engines["subsidy"], [int(time.time()) * 1_000])
        finally:
            for engine in engines.values():
                await engine.dispose()


async def require_durable_database(engine: AsyncEngine) -> None:
    """Raise `NotDurable` unless a session of the product's own role commits to disk."""
    async with engine.connect() as connection:
        for name, wanted in DURABLE.items():
            found = await connection.scalar(text("SELECT current_setting(:name)"), {"name": name})
            if found != wanted:
                raise NotDurable(f"{name} is {found}, not {wanted}")


def _present() -> tuple[Service, ...]:
    return SERVICES[:2]
