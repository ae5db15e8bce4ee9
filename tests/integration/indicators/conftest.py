"""The indicators service on a real PostgreSQL, and three publishers it hears of."""

from collections.abc import AsyncIterator, Iterator
from datetime import date

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.postgres import PostgresServer
from services.indicators.adapters.tables import metadata
from services.indicators.adapters.work import IndicatorsWork
from services.indicators.entrypoints.jobs import keep_counted
from shared.kit.clock import Clock
from shared.kit.work import Works
from tests.builders.databases import emptied, migrated
from tests.builders.works import works_on
from tests.integration.indicators.world import TODAY, World


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with migrated("indicators") as server:
        yield server


@pytest.fixture
async def engine(server: PostgresServer) -> AsyncIterator[AsyncEngine]:
    async with emptied(server, "indicators", metadata) as engine:
        yield engine


@pytest.fixture
def today() -> date:
    return TODAY


@pytest.fixture
def works(engine: AsyncEngine) -> Works[IndicatorsWork]:
    clock = Clock(movable=True)
    clock.show(TODAY)
    return works_on(engine, IndicatorsWork, clock=clock)


@pytest.fixture
async def world(works: Works[IndicatorsWork]) -> World:
    await keep_counted(works)  # as a worker does when it starts
    return World(works)
