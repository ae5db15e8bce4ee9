"""Databases of the main chain: one server a session, migrated once, copied for whoever needs one of their own."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.nats import NatsServer
from deploy.local.ports import Ports
from deploy.local.postgres import PostgresServer
from services.registry.adapters.work import RegistryWork, work_with
from services.subsidy.adapters.work import SubsidyWork
from shared.kit.crypto import KeyRing
from shared.kit.work import Works
from tests.builders.databases import DATA_KEYS, cloned, home, migrated
from tests.builders.works import works_on


@pytest.fixture(scope="session")
def house() -> Iterator[PostgresServer]:
    """A server with a migrated registry and subsidy database, which serve as templates."""
    with migrated("registry", "subsidy") as server:
        yield server


@pytest.fixture
async def registry_engine(house: PostgresServer) -> AsyncIterator[AsyncEngine]:
    """A registry database nobody has written to."""
    async with cloned(house, "registry", pool_size=12) as engine:
        yield engine


@pytest.fixture
async def subsidy_engine(house: PostgresServer) -> AsyncIterator[AsyncEngine]:
    """A subsidy database nobody has written to."""
    async with cloned(house, "subsidy") as engine:
        yield engine


@pytest.fixture
def registry(registry_engine: AsyncEngine) -> Works[RegistryWork]:
    """Units of work of the registry."""
    return works_on(registry_engine, work_with(KeyRing.parse(DATA_KEYS)))


@pytest.fixture
def subsidy(subsidy_engine: AsyncEngine) -> Works[SubsidyWork]:
    """Units of work of the subsidy service."""
    return works_on(subsidy_engine, SubsidyWork)


@pytest.fixture(scope="session")
def broker() -> Iterator[NatsServer]:
    """A broker that syncs every write, with the product's own settings."""
    with home() as root:
        ports = Ports(root / "ports.json")
        server = NatsServer(
            root / "nats" / "store",
            port=ports.port("nats"),
            monitor_port=ports.port("monitor"),
            log_file=root / "nats.log",
        )
        try:
            asyncio.run(server.start())
            yield server
        finally:
            asyncio.run(server.stop())
