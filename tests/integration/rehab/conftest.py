"""The rehab service on a real PostgreSQL, and a register it hears of."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.postgres import PostgresServer
from services.rehab.adapters.tables import rehab_case
from services.rehab.adapters.work import RehabWork
from services.rehab.entrypoints.consumers import SUBSCRIPTIONS
from shared.kit.work import Works
from tests.builders.databases import emptied, migrated
from tests.builders.publishers import Registry, deliver
from tests.builders.works import works_on

Hear = Callable[[], Awaitable[None]]


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with migrated("rehab") as server:
        yield server


@pytest.fixture
async def engine(server: PostgresServer) -> AsyncIterator[AsyncEngine]:
    async with emptied(server, "rehab", rehab_case.metadata) as engine:
        yield engine


@pytest.fixture
def works(engine: AsyncEngine) -> Works[RehabWork]:
    return works_on(engine, RehabWork)


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def hear(works: Works[RehabWork], registry: Registry) -> Hear:
    """Let rehab absorb whatever the register has said since the last time."""
    heard = 0

    async def hear() -> None:
        nonlocal heard
        await deliver(works, SUBSCRIPTIONS[0], registry.journal.entries[heard:])
        heard = len(registry.journal.entries)

    return hear
