"""A service's own database on a real PostgreSQL, migrated as in production and emptied between tests."""

import asyncio
import base64
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from signal import SIGINT
from typing import Final

import psycopg
from psycopg import sql
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.ports import Ports
from deploy.local.postgres import PostgresServer
from shared.kit import migrations
from shared.kit.database import new_engine

STOP_SECONDS_MAX: Final = 10.0
_PERMANENT: Final = frozenset(
    {
        *("journal", "journal_epoch", "leader_term", "relay_cursor"),
        *("audit", "audit_seal", "audit_cursor", "audit_tombstone", "approval"),
    }
)
_KEY, _INDEX_KEY = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
DATA_KEYS: Final = f'{{"active": "k1", "keys": {{"k1": "{_KEY}"}}, "index_key": "{_INDEX_KEY}"}}'
"""Keys of a service whose secrets are nobody's."""


MEMORY: Final = Path("/dev/shm")
MEMORY_BYTES_MIN: Final = 8 << 30


@contextmanager
def home() -> Iterator[Path]:
    """A folder that PostgreSQL's user can reach. pytest's own become private again whenever another run starts.

    In memory where there is plenty: what is tested on these servers is rules, and what they hold is thrown away.
    """
    plenty = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_MIN
    directory = Path(tempfile.mkdtemp(prefix="liangfu-", dir=MEMORY if plenty else None))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def running(*owners: str) -> Iterator[PostgresServer]:
    """One server with an empty database for each owner."""
    with home() as root:
        server = PostgresServer(
            root / "pgdata",
            port=Ports(root / "ports.json").port("postgres"),
            password="admin",
            owners={owner: owner for owner in owners},
            log_file=root / "postgres.log",
        )
        try:
            asyncio.run(server.start())
            yield server
        finally:
            # Not in the middle of it, SIGQUIT: that would leave its shared memory behind.
            asyncio.run(server.program.end(SIGINT, seconds=STOP_SECONDS_MAX))


@contextmanager
def migrated(*services: str) -> Iterator[PostgresServer]:
    """One server with the database of each service at the head of its migrations."""
    with running(*services) as server:
        for service in services:
            migrations.upgrade(service, server.url(service))
            with psycopg.connect(server.url(service).replace("+psycopg", ""), autocommit=True) as connection:
                # What is tested here is rules; power cuts are tested elsewhere.
                connection.execute("ALTER ROLE CURRENT_USER SET synchronous_commit = off")
        yield server


@asynccontextmanager
async def cloned(server: PostgresServer, service: str, *, pool_size: int = 6) -> AsyncIterator[AsyncEngine]:
    """An engine on a copy of a migrated database that nobody has written to, journal included."""
    name = f"{service}_{secrets.token_hex(4)}"
    copy, template = sql.Identifier(name), sql.Identifier(service)
    async with server.admin() as admin:
        # Nobody reaches a database of another name than their own; what is in it belongs to the service's role.
        await admin.execute(sql.SQL("CREATE ROLE {} LOGIN INHERIT PASSWORD 'copy' IN ROLE {}").format(copy, template))
        await admin.execute(sql.SQL("ALTER ROLE {} SET synchronous_commit = off").format(copy))
        await admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(copy, template, copy))
    url = f"postgresql+psycopg://{name}:copy@127.0.0.1:{server.port}/{name}"
    engine = new_engine(url, pool_size=pool_size, application_name="test")
    try:
        yield engine
    finally:
        await engine.dispose()  # the copy goes with its server: dropping one alone would force a checkpoint


@asynccontextmanager
async def emptied(server: PostgresServer, service: str, metadata: MetaData) -> AsyncIterator[AsyncEngine]:
    """An engine on a database without rows; what nobody can empty (journal, trail) goes on counting."""
    engine = new_engine(server.url(service), pool_size=6, application_name="test")
    await empty(engine, metadata)
    try:
        yield engine
    finally:
        await engine.dispose()


async def empty(engine: AsyncEngine, metadata: MetaData) -> None:
    """Take the rows out of a database that goes on being used."""
    names = [table for table in metadata.tables if table not in _PERMANENT]
    async with engine.begin() as connection:
        await connection.execute(text(f"TRUNCATE {', '.join(names)}"))
