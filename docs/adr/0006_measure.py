# ruff: noqa: INP001 - a script beside its record, not a package
"""The measurement behind ADR 0006: psycopg 3 and asyncpg on the product's own PostgreSQL, alternating, in one process.

asyncpg is not a dependency: `uv pip install --target /tmp/asyncpg asyncpg`, then
`PYTHONPATH=.:/tmp/asyncpg .venv/bin/python docs/adr/0006_measure.py [rounds]`.
"""

import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import psycopg
import uvloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from deploy.local.ports import Ports
from deploy.local.postgres import PostgresServer

COPIED: Final = 100_000
UPSERTED: Final = 1_000
UPSERTS: Final = 20
READS: Final = 2_000
WHEN: Final = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS: Final = ("id", "division", "grade", "recorded_at")
TYPES: Final = ("uuid", "text", "int4", "timestamptz")

CREATE: Final = "CREATE TABLE measured (id uuid PRIMARY KEY, division text, grade int, recorded_at timestamptz)"
UPSERT: Final = (
    "INSERT INTO measured SELECT * FROM unnest({}::uuid[], {}::text[], {}::int[], {}::timestamptz[]) "
    "ON CONFLICT (id) DO UPDATE SET grade = excluded.grade"
)
READ: Final = "SELECT id, division, grade, recorded_at FROM measured WHERE id = {}"

Measured = Callable[[], Awaitable[int]]


def row(number: int) -> tuple[UUID, str, int, datetime]:
    """The n-th row."""
    return UUID(int=number), f"341502{number % 1_000_000:06d}", number % 4 + 1, WHEN


def arrays(batch: int) -> list[list[Any]]:
    """A batch as columns."""
    rows = (row(batch * UPSERTED + number) for number in range(UPSERTED))
    return [list(column) for column in zip(*rows, strict=True)]


async def psycopg_copy(connection: psycopg.AsyncConnection[Any]) -> int:
    """COPY in binary."""
    async with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY measured ({', '.join(COLUMNS)}) FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.set_types(TYPES)
        for number in range(COPIED):
            await copy.write_row(row(number))
    return COPIED


async def asyncpg_copy(connection: Any) -> int:
    """The same."""
    await connection.copy_records_to_table("measured", records=map(row, range(COPIED)), columns=COLUMNS)
    return COPIED


async def psycopg_upsert(connection: psycopg.AsyncConnection[Any]) -> int:
    """Arrays into one statement: what the mirrors and imports do."""
    for batch in range(UPSERTS):
        await connection.execute(UPSERT.format("%s", "%s", "%s", "%s"), arrays(batch))
    return UPSERTS * UPSERTED


async def asyncpg_upsert(connection: Any) -> int:
    """The same."""
    for batch in range(UPSERTS):
        await connection.execute(UPSERT.format("$1", "$2", "$3", "$4"), *arrays(batch))
    return UPSERTS * UPSERTED


async def psycopg_read(connection: psycopg.AsyncConnection[Any]) -> int:
    """One row by its key, one after the other, prepared."""
    for number in range(READS):
        found = await connection.execute(READ.format("%s"), (UUID(int=number),), prepare=True)
        await found.fetchone()
    return READS


async def asyncpg_read(connection: Any) -> int:
    """The same."""
    for number in range(READS):
        await connection.fetchrow(READ.format("$1"), UUID(int=number))
    return READS


async def sqlalchemy_read(connection: AsyncConnection) -> int:
    """The same as the services do it: through SQLAlchemy Core."""
    statement = text(READ.format(":id"))
    for number in range(READS):
        (await connection.execute(statement, {"id": UUID(int=number)})).one_or_none()
    await connection.rollback()
    return READS


@asynccontextmanager
async def server() -> AsyncIterator[PostgresServer]:
    """The embedded PostgreSQL with its durable settings."""
    directory = Path(tempfile.mkdtemp(prefix="liangfu-measure-"))
    started = PostgresServer(
        directory / "postgres",
        port=Ports(directory / "ports.json").port("postgres"),
        password="measured",  # noqa: S106 - a throw-away server
        owners={"measured": "measured"},
        log_file=directory / "log",
    )
    await started.start()
    try:
        yield started
    finally:
        await started.stop()
        shutil.rmtree(directory)


async def timed(step: Callable[[], Awaitable[int]]) -> float:
    """Rows per second."""
    began = time.perf_counter()
    rows = await step()
    return rows / (time.perf_counter() - began)


async def measure(rounds: int) -> None:
    """Alternate, print medians with the smallest and largest."""
    figures: dict[str, list[float]] = {}
    async with server() as postgres:
        url = postgres.url("measured")
        plain = url.replace("+psycopg", "")
        one = await psycopg.AsyncConnection.connect(plain, autocommit=True)
        other = await asyncpg.connect(plain)
        engines = {name: create_async_engine(url.replace("psycopg", name)) for name in ("psycopg", "asyncpg")}
        await one.execute(CREATE)
        cores = {name: await engine.connect() for name, engine in engines.items()}
        pairs: list[tuple[str, Measured, Measured]] = [
            ("COPY binary", lambda: psycopg_copy(one), lambda: asyncpg_copy(other)),
            ("unnest upsert", lambda: psycopg_upsert(one), lambda: asyncpg_upsert(other)),
            ("single-row read", lambda: psycopg_read(one), lambda: asyncpg_read(other)),
            (
                "single-row read, SQLAlchemy Core",
                lambda: sqlalchemy_read(cores["psycopg"]),
                lambda: sqlalchemy_read(cores["asyncpg"]),
            ),
        ]
        for _ in range(rounds):
            for what, first, second in pairs:
                for driver, step in (("psycopg", first), ("asyncpg", second)):
                    if what.startswith("COPY"):
                        await one.execute("TRUNCATE measured")
                    figures.setdefault(f"{what}: {driver}", []).append(await timed(step))
        for core in cores.values():
            await core.close()
        for engine in engines.values():
            await engine.dispose()
        await one.close()
        await other.close()
    for what, values in figures.items():
        sys.stdout.write(
            f"{what:<44} n={len(values)} median {statistics.median(values):>9,.0f} rows/s "
            f"({min(values):,.0f} to {max(values):,.0f})\n"
        )


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 7))
