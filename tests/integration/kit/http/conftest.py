"""A real PostgreSQL for the routes of a small service: one cluster a session, empty tables for each test."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog
from sqlalchemy import BigInteger, Column, Identity, Table, Text, UniqueConstraint, text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.ports import Ports
from deploy.local.postgres import PostgresServer
from shared.kit.database import new_engine, new_metadata
from shared.kit.idempotency import idempotency_tables

METADATA = new_metadata()
idempotency_tables(METADATA)
THING = Table(
    "thing",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("name", Text, nullable=False),
    UniqueConstraint("name", deferrable=True, initially="DEFERRED"),
)


@pytest.fixture(autouse=True, scope="session")
def _quiet() -> Iterator[None]:
    """The logging library's default draws every traceback in colour, two seconds each."""
    structlog.configure(
        processors=[structlog.processors.KeyValueRenderer()], logger_factory=structlog.ReturnLoggerFactory()
    )
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    root = tmp_path_factory.mktemp("kit_http")
    port = Ports(root / "ports.json").port("postgres")
    server = PostgresServer(
        root / "pgdata", port=port, password="admin", owners={"kit": "kit"}, log_file=root / "postgres.log"
    )

    async def start() -> None:
        await server.start()
        engine = new_engine(server.url("kit"), pool_size=1, application_name="schema")
        async with engine.begin() as connection:
            await connection.run_sync(METADATA.create_all)
            await connection.execute(text("CREATE TABLE alembic_version (version_num text)"))
            await connection.execute(text("INSERT INTO alembic_version VALUES ('abc')"))
        await engine.dispose()

    try:
        asyncio.run(start())
        yield server
    finally:
        asyncio.run(server.stop())


@pytest.fixture
async def engine(server: PostgresServer) -> AsyncIterator[AsyncEngine]:
    engine = new_engine(server.url("kit"), pool_size=8, application_name="test")
    async with engine.begin() as connection:
        await connection.execute(text("TRUNCATE thing, idempotency_key"))
    yield engine
    await engine.dispose()
