"""A real PostgreSQL with the audit tables as the migrations make them, emptied for each test."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.postgres import PostgresServer
from shared.kit.anchors import AnchorFile
from shared.kit.audit import AUDIT_DDL, Auditor, Entry, Look, Origin, Row, audit_tables, write
from shared.kit.audit_seal import Sealer
from shared.kit.audit_verify import FindingKind, Report, read_anchors, verify
from shared.kit.blobs import blob_tables
from shared.kit.database import new_engine, new_metadata
from shared.kit.idempotency import idempotency_tables
from shared.kit.jobs import job_tables
from shared.kit.journal import JOURNAL_DDL, journal_tables
from shared.kit.signing import KeyPair, new_key
from tests.builders.databases import running
from tests.integration.kit_jobs.conftest import a_ring

METADATA = new_metadata()
TABLES = audit_tables(METADATA)
BLOBS = blob_tables(METADATA)
JOBS = job_tables(METADATA)
journal_tables(METADATA)
idempotency_tables(METADATA)

SERVICE = "things"
KEY = KeyPair.parse(new_key("a1"))
KEYS = {KEY.key_id: KEY.public_key}
EMPTIED = (
    "SET session_replication_role = replica; "
    "TRUNCATE audit, audit_seal, audit_tombstone, job, blob, idempotency_key; "
    "UPDATE audit_cursor SET term = 0, number = 0, high = 0, open_ids = '{}', filed = 0, published = 0; "
    "ALTER TABLE audit ALTER audit_id RESTART; SET session_replication_role = origin"
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
        for statement in (*JOURNAL_DDL, *AUDIT_DDL):
            await connection.execute(text(statement))
        await connection.execute(text("INSERT INTO journal_epoch (epoch, reason) VALUES (1, 'test')"))
    await engine.dispose()


@pytest.fixture
def forger(server: PostgresServer) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Somebody with the database in his hands: triggers do not stop him."""
    url = server.admin_url("kit").replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(EMPTIED)
        connection.execute("SET session_replication_role = replica")
        yield connection


@pytest.fixture
async def engine(server: PostgresServer, forger: psycopg.Connection[tuple[Any, ...]]) -> AsyncIterator[AsyncEngine]:
    engine = new_engine(server.url("kit"), pool_size=12, application_name="test")
    yield engine
    await engine.dispose()


@dataclass
class Trail:
    """The audit trail of one service, and what one does with it."""

    engine: AsyncEngine
    file: AnchorFile
    url: str
    term: int = 1

    def __post_init__(self) -> None:
        self.auditor = Auditor(self.engine, a_ring())
        self.sealer = self.a_sealer()

    def a_sealer(self, signer: KeyPair = KEY, term: int | None = None) -> Sealer:
        """A leader's sealer, of a new term when asked."""
        return Sealer(self.engine, service=SERVICE, signer=signer, file=self.file, bus=None, term=term or self.term)

    def rows(self, *entries: Entry, actor: str = "u-1") -> list[Row]:
        rows = self.auditor.rows(entries, origin=Origin("GET", "/things/{id}", "10.0.0.1"), caller=None, trace_id="t")
        return [{**row, "actor": actor} for row in rows]

    async def record(self, count: int = 1, *, person: UUID | None = None) -> None:
        """So many looks, committed together."""
        async with self.engine.begin() as connection:
            await write(connection, self.rows(*(Look(person or UUID(int=n), ("name",)) for n in range(count))))

    async def sealed(self, *counts: int) -> None:
        """So many rows in a seal each, anchored."""
        for count in counts:
            await self.record(count)
            assert await self.sealer.seal() == count
            await self.sealer.file()

    def verify(self, *, stream: Sequence[bytes] = (), keys: Any = KEYS) -> Report:
        with psycopg.connect(self.url, autocommit=True) as connection:
            anchors = read_anchors(connection, self.file, stream)
            return verify(connection, service=SERVICE, keys=keys, anchors=anchors)


def named(report: Report) -> set[tuple[FindingKind, int | None, int | None]]:
    return {(finding.kind, finding.audit_id, finding.seal) for finding in report.findings}


@pytest.fixture
def trail(engine: AsyncEngine, server: PostgresServer, tmp_path: Path) -> Trail:
    return Trail(engine, AnchorFile(tmp_path, SERVICE), server.url("kit").replace("+psycopg", ""))
