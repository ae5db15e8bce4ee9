"""An office that pays a province of a thousand persons, settled once and copied for every test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.postgres import PostgresServer
from tests.builders.databases import cloned
from tests.builders.payroll import Office, opened, settle


@pytest.fixture(scope="session")
def settled(house: PostgresServer) -> str:
    """The name of a database that is settled."""

    async def made() -> str:
        async with cloned(house, "subsidy") as engine:
            await settle(engine)
            return str(engine.url.database)

    return asyncio.run(made())


@pytest.fixture
async def office(house: PostgresServer, settled: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with cloned(house, settled) as engine, opened(engine, tmp_path) as office:
        yield office
