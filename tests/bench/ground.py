"""What every benchmark stands on: the real stack, durable, and proof that it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.catalogue import SERVICES, Service
from deploy.local.nats import NatsServer
from deploy.local.ports import Ports
from deploy.local.stack import Stack
from shared.kit.bus import Bus, require_durable_broker
from shared.kit.database import new_engine
from tests.builders.population import Crowd, id_of

DURABLE: Final[Mapping[str, str]] = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
}
POLL_SECONDS: Final = 0.05
WAIT_SECONDS_MAX: Final = 300.0
SCOPES: Final = (
    *("person:read", "person:write", "person:import", "certificate:read", "certificate:write"),
    *("award:read", "award:write", "events:read", "journal:read", "journal:compare", "job:read"),
)


class NotDurable(Exception):
    """A number measured on such settings would be worth nothing."""


@dataclass
class Ground:
    """The running stack, a connection to each database, and a second broker to measure floors on."""

    stack: Stack
    databases: Mapping[str, AsyncEngine]
    floor_broker: NatsServer
    _used: int = field(default_factory=lambda: int(time.time()) * 1_000)

    @property
    def registry(self) -> AsyncEngine:
        """The publisher's database."""
        return self.databases["registry"]

    @property
    def subsidy(self) -> AsyncEngine:
        """The database in which the effects appear."""
        return self.databases["subsidy"]

    async def crowd(self, size: int) -> Crowd:
        """So many new persons with certificates and awards, known to every reader, as after ordinary events."""
        crowd = Crowd(self._used, size)
        self._used += size
        await crowd.enter_register(self.registry)
        for name, engine in self.databases.items():
            if name != "registry":
                await crowd.be_known(engine)
        await crowd.be_granted(self.subsidy)
        return crowd

    def client(self, *, connections: int = 16) -> httpx.AsyncClient:
        """A machine's client that may do everything, everywhere."""
        token = self.stack.token(scopes=SCOPES, divisions=["*"])
        return httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}"},
            timeout=120,
            trust_env=False,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        )

    async def published(self) -> int:
        """The newest position of the registry's journal."""
        return await _number(self.registry, "SELECT coalesce(max(position), 0) FROM journal")

    async def until_consumed(self, position: int) -> float:
        """Wait until the subsidy service has applied a position; the moment (`perf_counter`) it was seen to have."""
        deadline = time.perf_counter() + WAIT_SECONDS_MAX
        while await _number(self.subsidy, "SELECT coalesce(max(position), 0) FROM consumer_cursor") < position:
            if time.perf_counter() > deadline:
                raise TimeoutError(f"position {position} was not applied within {WAIT_SECONDS_MAX:g} s")
            await asyncio.sleep(POLL_SECONDS)
        return time.perf_counter()

    async def until_quiet(self) -> None:
        """Wait until nothing is on its way any more: every journal published, every running reader done."""
        deadline = time.perf_counter() + WAIT_SECONDS_MAX
        while (moving := await self._on_its_way()) > 0:
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{moving} events were still on their way after {WAIT_SECONDS_MAX:g} s")
            await asyncio.sleep(0.1)

    async def _on_its_way(self) -> int:
        unpublished = 0
        for name, engine in self.databases.items():
            if self.stack.process(f"{name}.worker").alive:
                unpublished += await _number(
                    engine,
                    "SELECT coalesce((SELECT max(position) FROM journal), 0) - (SELECT position FROM relay_cursor)",
                )
        async with httpx.AsyncClient(base_url=self.stack.nats.monitor_url, trust_env=False) as client:
            answer = (await client.get("/jsz", params={"consumers": "true", "streams": "true"})).json()
        consumers = [
            consumer
            for account in answer.get("account_details", ())
            for stream in account.get("stream_detail", ())
            for consumer in stream.get("consumer_detail") or ()
        ]
        return unpublished + sum(
            int(consumer["num_pending"]) + int(consumer["num_ack_pending"])
            for consumer in consumers
            if self.stack.process(f"{consumer['name'].partition('-')[0]}.worker").alive
        )

    async def require_suspended_once(self, crowd: Crowd) -> None:
        """Effects exactly once, read back: each award suspended, by one step beside the one that granted it."""
        async with self.subsidy.connect() as connection:
            rows = await connection.execute(
                text(
                    "SELECT count(*) FROM (SELECT a.award_id FROM award a JOIN award_step s USING (award_id) "
                    "WHERE a.status = 'SUSPENDED' AND a.award_id BETWEEN :low AND :high "
                    "GROUP BY 1 HAVING count(*) = 2) once"
                ),
                {"low": id_of("award", crowd.first), "high": id_of("award", crowd.first + crowd.size - 1)},
            )
        found = int(rows.scalar_one())
        if found != crowd.size:
            raise AssertionError(f"{found} of {crowd.size} awards were suspended exactly once")

    async def floor_bus(self) -> Bus:
        """A connection to the other broker, emptied, with the registry's stream."""
        await self.floor_broker.wipe()
        await require_durable_broker(self.floor_broker.monitor_url)
        bus = await Bus.connect(self.floor_broker.url, name="bench")
        await bus.ensure_stream("REGISTRY")
        return bus


async def _number(engine: AsyncEngine, query: str) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(text(query))).scalar_one())


@asynccontextmanager
async def ground(var: Path, services: Sequence[Service] = SERVICES) -> AsyncIterator[Ground]:
    """Start these services in ``var``, prove that what they stand on is durable, stop them afterwards."""
    async with AsyncExitStack() as closing:
        stack = await closing.enter_async_context(Stack(var, services=services))
        databases = {}
        for service in stack.services:
            url = stack.database_url(service.name)
            databases[service.name] = new_engine(url, pool_size=4, application_name="bench")
            closing.push_async_callback(databases[service.name].dispose)
            await require_durable_database(databases[service.name])
        await require_durable_broker(stack.nats.monitor_url)
        ports = Ports(var / "floor" / "ports.json")
        floor_broker = NatsServer(
            var / "floor" / "nats" / "store",
            port=ports.port("nats"),
            monitor_port=ports.port("monitor"),
            log_file=var / "floor" / "nats.log",
        )
        await floor_broker.start()
        closing.push_async_callback(floor_broker.stop)
        yield Ground(stack, databases, floor_broker)


async def require_durable_database(engine: AsyncEngine) -> None:
    """Raise `NotDurable` unless a session of the product's own role commits to disk."""
    async with engine.connect() as connection:
        for name, wanted in DURABLE.items():
            found = await connection.scalar(text("SELECT current_setting(:name)"), {"name": name})
            if found != wanted:
                raise NotDurable(f"{name} is {found}, not {wanted}")
