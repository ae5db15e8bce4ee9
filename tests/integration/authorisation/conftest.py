"""The world of the matrix: made once, because nothing the matrix asks for changes it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import httpx
import pytest

from deploy.local.postgres import PostgresServer
from tests.builders.databases import home, migrated
from tests.integration.authorisation.world import SERVICES, World, opened
from tests.integration.authorisation.world_persons import live


@pytest.fixture(scope="session")
def patched() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patched:
        yield patched


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with migrated(*SERVICES) as server:
        yield server


@pytest.fixture(scope="session")
async def world(server: PostgresServer, patched: pytest.MonkeyPatch) -> AsyncIterator[World]:
    with home() as folder:
        async with AsyncExitStack() as closing:
            with pytest.MonkeyPatch.context() as busy:
                # A test process shares its processor with others: a transaction of its own may stand still for longer.
                # Only of its own: what is opened later in this process is cut off as ever.
                busy.setattr("shared.kit.database.IDLE_IN_TRANSACTION_MS", 30_000)
                world = await closing.enter_async_context(opened(server, folder))
            await live(world)

            def client_of(url: str, **_: object) -> httpx.AsyncClient:
                """Services that ask each other meet in this process."""
                service = url.removeprefix("http://").partition(".")[0]
                return httpx.AsyncClient(transport=httpx.ASGITransport(world.apps[service]), base_url=url)

            for module in ("shared.kit.wards", "shared.kit.person_request_routes"):
                patched.setattr(f"{module}.http_client", client_of)
            yield world
