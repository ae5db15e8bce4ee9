"""What the audit trail costs and how fast it is proved: ``python -m tests.bench.audit_bench``.

Verification: a million sealed rows, against reading the same rows without hashing them. Cost: one certificate read over
HTTP with 16 connections, with the trail and with it taken out, in the order A-B-B-A on the same stack.
"""

import asyncio
import json
import os
import shutil
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import psycopg
from sqlalchemy import text

from deploy.local.catalogue import SERVICES
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

ROWS: Final = int(os.environ.get("LIANGFU_AUDIT_ROWS", "1000000"))
REPEATS: Final = 5
CONNECTIONS: Final = 16
SECONDS: Final = 4.0
PAIRS: Final = 6
_FILL: Final = text(
    "INSERT INTO audit (kind, person_id, division, actor, client_id, roles, method, route, status, what, fields, "
    "trace_id, ip) SELECT 'LOOK', gen_random_uuid(), '341502001001', 'u-' || n % 1000, 'front-end', 'county_reviewer', "
    "'GET', '/api/v1/certificates/{certificate_id}', 200, 'read', 'category,grade,components,status', md5(n::text), "
    "'10.0.0.1' FROM generate_series(1, CAST(:rows AS int)) n"
)
Line = dict[str, Any]


def line(name: str, unit: str, values: Sequence[float], floor_name: str, floors: Sequence[float]) -> Line:
    """One entry of the report."""
    value, floor = statistics.median(values), statistics.median(floors)
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "floor_name": floor_name,
        "floor_value": round(floor, 3),
        "ratio": round(value / floor, 4),
        "n": len(values),
        "spread": {"min": round(min(values), 3), "median": round(value, 3), "max": round(max(values), 3)},
    }


# ---------------------------------------------------------------------------- verification


async def verification(directory: Path) -> list[Line]:
    """Rows proved a second, and sealed a second."""
    port = Ports(directory / "ports.json").port("postgres")
    server = PostgresServer(
        directory / "pgdata", port=port, password="admin", owners={"kit": "kit"}, log_file=directory / "postgres.log"
    )
    await server.start()
    try:
        metadata = new_metadata()
        audit_tables(metadata)
        engine = new_engine(server.url("kit"), pool_size=2, application_name="bench", statement_timeout_ms=0)
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
            for statement in AUDIT_DDL:
                await connection.execute(text(statement))
        async with engine.begin() as connection:
            await connection.execute(_FILL, {"rows": ROWS})
        key = KeyPair.parse(new_key("a1"))
        file = AnchorFile(directory, "bench")
        sealer = Sealer(engine, service="bench", signer=key, file=file, bus=None, term=1)
        sealing = []
        while True:
            started = time.perf_counter()
            if not (sealed := await sealer.seal()):
                break
            sealing.append(sealed / (time.perf_counter() - started))
        await sealer.file()
        await engine.dispose()
        url = server.url("kit").replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ANALYZE audit")
            proved, read = [], []
            for _ in range(REPEATS):
                read.append(ROWS / _seconds(lambda: _read(connection)))
                anchors = read_anchors(connection, file)
                started = time.perf_counter()
                report = verify(connection, service="bench", keys={key.key_id: key.public_key}, anchors=anchors)
                proved.append(ROWS / (time.perf_counter() - started))
                assert report.intact, report.findings[:3]
                assert report.rows == ROWS
    finally:
        await server.stop()
    floor = "COPY the same rows out in order, hash nothing"
    return [
        line("audit_verify_rows", "rows/s", proved, floor, read),
        line("audit_seal_rows", "rows/s", sealing, floor, read),
    ]


def _read(connection: psycopg.Connection[Any]) -> None:
    with connection.cursor().copy(f"COPY (SELECT {', '.join(COLUMNS)} FROM audit ORDER BY audit_id) TO STDOUT") as copy:
        for _ in copy:
            pass


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


# ---------------------------------------------------------------------------- the cost of auditing


async def cost(directory: Path) -> list[Line]:
    """Requests a second with the trail, against the same route without it."""
    generous = {"*": {"client": "", "subject": "", "purpose": ""}}
    environment = {"BUDGETS": json.dumps(generous), "LOG_LEVEL": "WARNING"}
    async with Stack(directory / "var", services=SERVICES[:1], extra_env=environment) as stack:
        request = await _a_certificate(stack)
        audited: list[float] = []
        bare: list[float] = []
        samples: list[float] = []
        for kind in islice(_a_b_b_a(), 2 * PAIRS):
            await stack.spawn("registry.api", module=None if kind == "A" else "tests.bench.unaudited_registry")
            await _load(request, 1.0, samples=None)
            rate = await _load(request, SECONDS, samples=samples if kind == "A" else None)
            (audited if kind == "A" else bare).append(rate)
        samples.sort()
        p99 = samples[int(len(samples) * 0.99)] * 1000
    return [
        line("certificate_read_audited", "req/s", audited, "the same route without the audit trail", bare),
        line("certificate_read_audited_p99", "ms", [p99], "target of ARCHITECTURE 9", [100.0]),
    ]


def _a_b_b_a() -> Iterator[str]:
    while True:
        yield from "ABBA"


async def _a_certificate(stack: Stack) -> tuple[str, int, bytes]:
    """Host, port, and the bytes of a request that reads it."""
    token = stack.token("county_reviewer", divisions=["341502"])
    base = "99010119400101" + "123"
    number = base + check_character(base)

    def headers() -> dict[str, str]:
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid.uuid4())}

    async with httpx.AsyncClient(base_url=stack.url("registry"), timeout=20) as client:
        person = {"name": "王小明", "citizen_id_no": number, "division": "341502001001"}
        made = (await client.post("/api/v1/persons", json=person, headers=headers())).json()
        paper = {"category": 4, "grade": 2, "issued_on": "2020-01-01"}
        path = f"/api/v1/persons/{made['person_id']}/certificates"
        certificate = (await client.post(path, json=paper, headers=headers())).json()
    where = urlsplit(stack.url("registry"))
    assert where.hostname is not None
    assert where.port is not None
    request = (
        f"GET /api/v1/certificates/{certificate['certificate_id']} HTTP/1.1\r\nHost: {where.netloc}\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    )
    return where.hostname, where.port, request.encode()


async def _load(request: tuple[str, int, bytes], seconds: float, *, samples: list[float] | None) -> float:
    """Requests a second over 16 connections that are kept open."""
    host, port, wire = request
    until = time.perf_counter() + seconds

    async def one() -> int:
        reader, writer = await asyncio.open_connection(host, port)
        count = 0
        while (started := time.perf_counter()) < until:
            writer.write(wire)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head[:200]
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            count += 1
            if samples is not None:
                samples.append(time.perf_counter() - started)
        writer.close()
        return count

    started = time.perf_counter()
    counts = await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return sum(counts) / (time.perf_counter() - started)


async def run() -> list[Line]:
    """Both, on servers of their own."""
    directory = Path(tempfile.mkdtemp(prefix="liangfu-audit-bench-", dir=os.environ.get("LIANGFU_BENCH_DIR")))
    try:
        return [*await verification(directory), *await cost(directory)]
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def main() -> None:
    """Measure and print."""
    for each in asyncio.run(run()):
        print(json.dumps(each))


if __name__ == "__main__":
    main()
