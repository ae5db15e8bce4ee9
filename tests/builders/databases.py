"""A service's own database on a real PostgreSQL, migrated as in production and emptied between tests."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import psycopg
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.ports import Ports
from deploy.local.postgres import PostgresServer
from shared.kit import migrations
from shared.kit.database import new_engine

_PERMANENT: Final = frozenset({"journal_epoch", "leader_term", "relay_cursor"})
_KEY: Final = base64.b64encode(bytes(32)).decode()
DATA_KEYS: Final = f'{{"active": "k1", "keys": {{"k1": "{_KEY}"}}, "index_key": "{_KEY}"}}'
"""Keys of a service whose secrets are nobody's."""


@contextmanager
def migrated(root: Path, *services: str) -> Iterator[PostgresServer]:
    """One server with the database of each service at the head of its migrations."""
    server = PostgresServer(
        root / "pgdata",
        port=Ports(root / "ports.json").port("postgres"),
        password="admin",
        owners={service: service for service in services},
        log_file=root / "postgres.log",
    )
    try:
        asyncio.run(server.start())
        for service in services:
            migrations.upgrade(service, server.url(service))
            with psycopg.connect(server.url(service).replace("+psycopg", ""), autocommit=True) as connection:
                # What is tested here is rules; power cuts are tested elsewhere.
                connection.execute("ALTER ROLE CURRENT_USER SET synchronous_commit = off")
        yield server
    finally:
        asyncio.run(server.stop())


@asynccontextmanager
async def emptied(server: PostgresServer, service: str, metadata: MetaData) -> AsyncIterator[AsyncEngine]:
    """An engine on a database without rows; the journal, which nobody can empty, goes on counting."""
    engine = new_engine(server.url(service), pool_size=6, application_name="test")
    async with engine.begin() as connection:
        names = [table for table in metadata.tables if table not in _PERMANENT and table != "journal"]
        await connection.execute(text(f"TRUNCATE {', '.join(names)}"))
    try:
        yield engine
    finally:
        await engine.dispose()
