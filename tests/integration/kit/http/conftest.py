"""A real PostgreSQL for the routes of a small service: one cluster a session, empty tables for each test."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import BigInteger, Column, Identity, Table, Text, UniqueConstraint, text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.postgres import PostgresServer
from shared.kit.database import new_engine, new_metadata
from shared.kit.idempotency import idempotency_tables
from tests.builders.databases import running

METADATA = new_metadata()
idempotency_tables(METADATA)
THING = Table(
    "thing",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("name", Text, nullable=False),
    UniqueConstraint("name", deferrable=True, initially="DEFERRED"),
)


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with running("kit") as server:
        asyncio.run(_make_tables(server))
        yield server


async def _make_tables(server: PostgresServer) -> None:
    engine = new_engine(server.url("kit"), pool_size=1, application_name="schema")
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
        await connection.execute(text("CREATE TABLE alembic_version (version_num text)"))
        await connection.execute(text("INSERT INTO alembic_version VALUES ('abc')"))
    await engine.dispose()


@pytest.fixture
async def engine(server: PostgresServer) -> AsyncIterator[AsyncEngine]:
    engine = new_engine(server.url("kit"), pool_size=8, application_name="test")
    async with engine.begin() as connection:
        await connection.execute(text("TRUNCATE thing, idempotency_key"))
    yield engine
    await engine.dispose()
