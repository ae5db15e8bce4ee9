"""A province in the register: 3.5 million persons with certificates, stored once for all benchmarks of a run."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.kit.database import new_engine
from tests.bench.ground import Ground
from tests.bench.settling import COLUMNS

PERSONS: Final = int(os.environ.get("LIANGFU_BENCH_PERSONS", "3500000"))
PARTS: Final = 2
SHARED_BUFFERS: Final = "2GB"
"""Processes that encrypt and copy at the same time."""
TABLES: Final = (*COLUMNS, "certificate_reminder")

_DROPPED: Final = text(
    "SELECT conrelid::regclass::text AS owner, quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition "
    "FROM pg_constraint WHERE contype IN ('f', 'u') AND conrelid = ANY(CAST(CAST(:tables AS text[]) AS regclass[])) "
    "ORDER BY contype"
)
_INDEXES: Final = text(
    "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index i "
    "WHERE indrelid = ANY(CAST(CAST(:tables AS text[]) AS regclass[])) AND NOT indisprimary AND indpred IS NULL "
    "AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype = 'u')"
)
_REMINDED: Final = text(
    "INSERT INTO certificate_reminder (certificate_id, expires_on, months, person_id, division, due_on, channel, "
    "state, sent_at, evidence) SELECT certificate_id, expires_on, m, person_id, division, "
    "(expires_on - make_interval(months => m))::date, 'SMS', 'SENT', now(), '-' "
    "FROM certificate, (VALUES (6), (1)) AS r(m) WHERE status = 'VALID' "
    "AND expires_on - make_interval(months => m) <= current_date + 1"
)
_SIZE: Final = text(
    "SELECT sum(pg_total_relation_size(CAST(name AS regclass))) FROM unnest(CAST(:tables AS text[])) name"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """Somebody of the province, in the clear."""

    person_id: str
    certificate_id: str
    citizen_id_no: str
    certificate_no: str
    name: str
    division: str


async def province(ground: Ground) -> Sequence[Sample]:
    """Some of the persons of the province, who are stored now if they are not yet.

    The database has the memory a server gives it: what the embedded stack takes is meant for a demonstration.
    """
    async with ground.stack.postgres.admin("postgres") as session:
        await session.set_autocommit(True)
        await session.execute(f"ALTER SYSTEM SET shared_buffers = '{SHARED_BUFFERS}'")
    await ground.stack.postgres.restart()
    file = ground.stack.var_dir / "samples.json"
    if not file.exists():
        await _settle(ground)
        parts = [orjson.loads(part.read_bytes()) for part in sorted(file.parent.glob("samples-*.json"))]
        file.write_bytes(orjson.dumps(list(chain.from_iterable(parts))))
    return [Sample(**each) for each in orjson.loads(file.read_bytes())]


async def _settle(ground: Ground) -> None:
    """COPY without indexes and foreign keys, which are built, and so checked, at the end; then as after a vacuum."""
    url = ground.stack.database_url("registry")
    engine = new_engine(url, pool_size=2, application_name="bench", statement_timeout_ms=0)
    try:
        began = time.perf_counter()
        rebuild = await _bare(engine)
        await _copied(ground)
        copied = time.perf_counter()
        await _rebuilt(engine, rebuild)
        await _as_settled(engine)
        async with engine.connect() as connection:
            size = int((await connection.execute(_SIZE, {"tables": list(TABLES)})).scalar_one())
    finally:
        await engine.dispose()
    print(
        f"{PERSONS:,} persons with certificates: encrypted and copied in {copied - began:,.0f} s, "
        f"indexes, checks and vacuum {time.perf_counter() - copied:,.0f} s, {size / 2**30:.2f} GiB",
        flush=True,
    )


async def _bare(engine: AsyncEngine) -> list[str]:
    """Drop indexes and foreign keys; the statements that make them again.

    Partial ones stay: they are small, and the worker's timers go on looking by them.
    """
    again: list[str] = []
    async with engine.begin() as connection:
        constraints = (await connection.execute(_DROPPED, {"tables": list(COLUMNS)})).all()
        for row in constraints:
            await connection.execute(text(f"ALTER TABLE {row.owner} DROP CONSTRAINT {row.name}"))
        for row in (await connection.execute(_INDEXES, {"tables": list(COLUMNS)})).all():
            await connection.execute(text(f"DROP INDEX {row.name}"))
            again.append(row.definition)
    # Unique ones first: a foreign key needs what it points to.
    again += [f"ALTER TABLE {row.owner} ADD CONSTRAINT {row.name} {row.definition}" for row in reversed(constraints)]
    return again


async def _copied(ground: Ground) -> None:
    part = -(-PERSONS // PARTS)
    await asyncio.gather(
        *(
            ground.stack.run(
                "tests.bench.settling",
                str(first),
                str(min(part, PERSONS - first)),
                str(ground.stack.var_dir / f"samples-{first:09}.json"),
                service="registry",
            )
            for first in range(0, PERSONS, part)
        )
    )


async def _rebuilt(engine: AsyncEngine, statements: Sequence[str]) -> None:
    waiting = iter(statements)

    async def one_by_one() -> None:
        for statement in waiting:
            async with engine.begin() as connection:
                await connection.execute(text("SET LOCAL maintenance_work_mem = '1GB'"))
                await connection.execute(text("SET LOCAL lock_timeout = 0"))
                await connection.execute(text(_quoted(statement)))

    await asyncio.gather(*(one_by_one() for _ in range(PARTS)))


def _quoted(statement: str) -> str:
    """A cast is no parameter."""
    return statement.replace("::", r"\:\:")


async def _as_settled(engine: AsyncEngine) -> None:
    """Everybody whose certificate runs out soon was reminded; statistics and visibility are known; all is on disk."""
    async with engine.begin() as connection:
        await connection.execute(_REMINDED)
    async with engine.connect() as connection:
        plain: Any = await connection.execution_options(isolation_level="AUTOCOMMIT")
        for table in TABLES:
            await plain.execute(text(f"VACUUM (ANALYZE) {table}"))
