"""A real PostgreSQL with the kit's tables for files and jobs, one cluster a session, emptied for each test."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.postgres import PostgresServer
from shared.kit.audit import AUDIT_DDL, AuditTables, audit_tables
from shared.kit.blobs import Blobs, BlobTables, DirectoryStore, blob_tables
from shared.kit.clock import Clock
from shared.kit.crypto import KeyRing
from shared.kit.database import new_engine, new_metadata
from shared.kit.imports import ImportTables, import_tables
from shared.kit.jobs import Jobs, JobTables, job_tables
from shared.kit.work import UnitOfWork, Works
from tests.builders.databases import running
from tests.builders.works import works_on

METADATA: MetaData = new_metadata()
BLOBS: BlobTables = blob_tables(METADATA)
JOBS: JobTables = job_tables(METADATA)
AUDIT: AuditTables = audit_tables(METADATA)
IMPORTS: ImportTables = import_tables(METADATA)


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with running("kit") as server:
        asyncio.run(_make_tables(server))
        yield server


async def _make_tables(server: PostgresServer) -> None:
    engine = new_engine(server.url("kit"), pool_size=1, application_name="schema")
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
        for statement in AUDIT_DDL:
            await connection.execute(text(statement))
    await engine.dispose()


@pytest.fixture
async def engine(server: PostgresServer) -> AsyncIterator[AsyncEngine]:
    engine = new_engine(server.url("kit"), pool_size=8, application_name="test")
    async with engine.begin() as connection:
        for table in METADATA.sorted_tables:
            if not table.name.startswith("audit"):  # nobody empties the trail
                await connection.execute(table.delete())
    yield engine
    await engine.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock(movable=True)


@pytest.fixture
def works(engine: AsyncEngine, clock: Clock) -> Works[UnitOfWork]:
    return works_on(engine, UnitOfWork, clock=clock)


def a_ring() -> KeyRing:
    key, index_key = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
    return KeyRing.parse(f'{{"active": "k1", "keys": {{"k1": "{key}"}}, "index_key": "{index_key}"}}')


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "blobs")


@pytest.fixture
def blobs(store: DirectoryStore, clock: Clock) -> Blobs:
    return Blobs(store, BLOBS, a_ring(), clock)


@pytest.fixture
def jobs() -> Jobs:
    return Jobs(JOBS)
