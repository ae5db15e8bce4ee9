"""How fast the audit trail is proved, and what it costs a request.

Proving: a million sealed rows, against reading the same rows without hashing them. Cost: one certificate read over HTTP
with 16 connections, with the trail and without, in one process that switches between them, in short turns A-B-B-A: what
else the machine does meanwhile meets both alike.
"""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from signal import Signals
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.ports import Ports
from deploy.local.postgres import PostgresServer
from deploy.local.stack import Stack
from shared.kit.anchors import AnchorFile
from shared.kit.audit import AUDIT_DDL, COLUMNS, audit_tables
from shared.kit.audit_seal import Sealer
from shared.kit.audit_verify import read_anchors, verify
from shared.kit.database import new_engine, new_metadata
from shared.kit.signing import KeyPair, new_key
from shared.values.identity_number import check_character
from tests.bench.audit_switch import OFF, ON
from tests.bench.ground import Ground
from tests.bench.measure import Measurement, measured, percentile

ROWS: Final = int(os.environ.get("LIANGFU_BENCH_AUDIT_ROWS", "1000000"))
REPEATS: Final = 5
CONNECTIONS: Final = 16
TURN_SECONDS: Final = 1.0
TURNS: Final = 24
WARM_UP_SECONDS: Final = 2.0
_FILL: Final = text(
    "INSERT INTO audit (kind, person_id, division, actor, client_id, roles, method, route, status, what, fields, "
    "trace_id, ip) SELECT 'LOOK', gen_random_uuid(), '341502001001', 'u-' || n % 1000, 'front-end', 'county_reviewer', "
    "'GET', '/api/v1/certificates/{certificate_id}', 200, 'read', 'category,grade,components,status', md5(n::text), "
    "'10.0.0.1' FROM generate_series(1, CAST(:rows AS int)) n"
)


# ---------------------------------------------------------------------------- proving


async def trail_proved(ground: Ground) -> list[Measurement]:
    """Rows proved a second, and sealed a second, on a server that has nothing else to do."""
    directory, key = ground.stack.var_dir / "trail", KeyPair.parse(new_key("a1"))
    file = AnchorFile(directory, "bench")
    async with _a_database(directory) as url:
        engine = new_engine(url, pool_size=2, application_name="bench", statement_timeout_ms=0)
        await _fill(engine)
        sealed = await _seal(Sealer(engine, service="bench", signer=key, file=file, bus=None, term=1))
        await engine.dispose()
        proved, read = await asyncio.to_thread(_prove, url.replace("+psycopg", ""), key, file)
    floor = "COPY the same rows out in order, hash nothing"
    return [
        measured("audit rows proved", "rows/s", proved, floor_name=floor, floor_values=read),
        measured("audit rows sealed", "rows/s", sealed, floor_name=floor, floor_values=read),
    ]


@asynccontextmanager
async def _a_database(directory: Path) -> AsyncIterator[str]:
    port = Ports(directory / "ports.json").port("postgres")
    server = PostgresServer(
        directory / "pgdata", port=port, password="admin", owners={"kit": "kit"}, log_file=directory / "postgres.log"
    )
    await server.start()
    try:
        yield server.url("kit")
    finally:
        await server.stop()


async def _fill(engine: AsyncEngine) -> None:
    metadata = new_metadata()
    audit_tables(metadata)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        for statement in AUDIT_DDL:
            await connection.execute(text(statement))
    async with engine.begin() as connection:
        await connection.execute(_FILL, {"rows": ROWS})


async def _seal(sealer: Sealer) -> list[float]:
    """Rows a second of each seal."""
    rates: list[float] = []
    started = time.perf_counter()
    while sealed := await sealer.seal():
        rates.append(sealed / (time.perf_counter() - started))
        started = time.perf_counter()
    await sealer.file()
    return rates


def _prove(url: str, key: KeyPair, file: AnchorFile) -> tuple[list[float], list[float]]:
    """Rows a second: proved, and only read."""
    proved, read = [], []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE audit")
        for _ in range(REPEATS):
            started = time.perf_counter()
            _read(connection)
            read.append(ROWS / (time.perf_counter() - started))
            started = time.perf_counter()
            anchors = read_anchors(connection, file)
            report = verify(connection, service="bench", keys={key.key_id: key.public_key}, anchors=anchors)
            proved.append(ROWS / (time.perf_counter() - started))
            assert report.intact, report.findings[:3]
            assert report.rows == ROWS
    return proved, read


def _read(connection: psycopg.Connection[Any]) -> None:
    with connection.cursor().copy(f"COPY (SELECT {', '.join(COLUMNS)} FROM audit ORDER BY audit_id) TO STDOUT") as copy:
        for _ in copy:
            pass


# ---------------------------------------------------------------------------- the cost of auditing


async def cost_of_auditing(ground: Ground) -> list[Measurement]:
    """Requests a second and their slowest hundredth with the trail, against the same route without it."""
    stack = ground.stack
    rates: dict[Signals, list[float]] = {ON: [], OFF: []}
    slow: dict[Signals, list[float]] = {ON: [], OFF: []}
    pid = (await stack.spawn("registry.api", module="tests.bench.audit_switch")).pid
    assert pid is not None
    load = await _a_load(stack)
    await load.run(WARM_UP_SECONDS)
    for turn in islice(cycle((ON, OFF, OFF, ON)), TURNS):
        os.kill(pid, turn)
        seconds = await load.run(TURN_SECONDS)
        rates[turn].append(len(seconds) / TURN_SECONDS)
        slow[turn].append(percentile(seconds, 0.99) * 1_000)
    await stack.spawn("registry.api")
    floor = "the same route without the trail"
    return [
        measured("certificate read, audited", "req/s", rates[ON], floor_name=floor, floor_values=rates[OFF]),
        measured("certificate read, audited, p99", "ms", slow[ON], floor_name=floor, floor_values=slow[OFF]),
    ]


@dataclass(frozen=True, slots=True)
class _Load:
    """One request, again and again over connections that are kept open."""

    host: str
    port: int
    wire: bytes

    async def run(self, seconds: float) -> list[float]:
        """How long each answer took, in seconds."""
        until = time.perf_counter() + seconds
        each = await asyncio.gather(*(self._one(until) for _ in range(CONNECTIONS)))
        return [sample for samples in each for sample in samples]

    async def _one(self, until: float) -> list[float]:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        samples = []
        while (started := time.perf_counter()) < until:
            writer.write(self.wire)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head[:200]
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            samples.append(time.perf_counter() - started)
        writer.close()
        return samples


async def _a_load(stack: Stack) -> _Load:
    """A certificate, and the request that reads it."""
    token = stack.token("county_reviewer", divisions=["341502"])
    number = "99010119400101123"

    async def made(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid.uuid4())}
        answer = await client.post(path, json=body, headers=headers)
        told: dict[str, Any] = answer.raise_for_status().json()
        return told

    async with httpx.AsyncClient(base_url=stack.url("registry"), timeout=20, trust_env=False) as client:
        holder = {
            "name": "王小明",
            "citizen_id_no": number + check_character(number),
            "division": "341502001001",
        }
        person = await made(client, "/api/v1/persons", holder)
        paper = {"category": 4, "grade": 2, "issued_on": "2020-01-01"}
        certificate = await made(client, f"/api/v1/persons/{person['person_id']}/certificates", paper)
    where = urlsplit(stack.url("registry"))
    assert where.hostname is not None
    assert where.port is not None
    wire = (
        f"GET /api/v1/certificates/{certificate['certificate_id']} HTTP/1.1\r\nHost: {where.netloc}\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    )
    return _Load(where.hostname, where.port, wire.encode())
