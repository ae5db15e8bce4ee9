"""A list of more than a million persons as a file: seconds, memory of the worker, and that no cell is a formula.

As .xlsx (masked, as anybody may have it) and as .csv in clear (decrypted, for a stated purpose).
"""

from __future__ import annotations

import csv
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
from sqlalchemy import text

from tests.bench.ground import Ground
from tests.bench.measure import Measurement, measured
from tests.bench.province import province
from tests.bench.settling import FORMULA, PREFECTURES
from tests.bench.working import forget_peak, job_ended, peak, processor_seconds

DIVISIONS: Final = PREFECTURES[:5]
"""Five prefectures of sixteen: 1.1 million of 3.5 million persons."""
REPEATS: Final = 3
CHUNK: Final = 1 << 20
_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_COUNT: Final = text("SELECT count(*) FROM person WHERE left(division, 4) = ANY(CAST(:divisions AS text[]))")
_COPY: Final = text(
    "SELECT sum(length(p::text)) FROM person p WHERE left(division, 4) = ANY(CAST(:divisions AS text[]))"
)
FORMATS: Final[dict[str, dict[str, Any]]] = {
    "xlsx": {"format": "xlsx"},
    "csv in clear": {"format": "csv", "clear": True, "purpose": "SUPERVISION"},
}


async def export_of_a_list(ground: Ground) -> list[Measurement]:
    """From the request to the finished file, then fetched and read."""
    await province(ground)
    async with ground.registry.connect() as connection:
        rows = int((await connection.execute(_COUNT, {"divisions": list(DIVISIONS)})).scalar_one())
    found: list[Measurement] = []
    for name, asked in FORMATS.items():
        seconds: list[float] = []
        computed: list[float] = []
        peaks: list[float] = []
        before: list[float] = []
        floors: list[float] = []
        for _ in range(REPEATS):
            floors.append(await _rows_alone(ground))
            before.append(forget_peak(ground))
            idle = processor_seconds(ground)
            seconds.append(await _export(ground, asked, rows))
            computed.append(processor_seconds(ground) - idle)
            peaks.append(peak(ground))
        what = f"export of {rows:,} persons as {name}"
        alone = "reading the rows in SQL"
        found.append(measured(what, "s", seconds, floor_name=alone, floor_values=floors))
        worker = f"{what}: processor of the worker"
        found.append(measured(worker, "s", computed, floor_name=alone, floor_values=floors))
        found.append(measured(f"{what}: memory, peak", "MiB", peaks, floor_name="before it", floor_values=before))
    return found


async def _rows_alone(ground: Ground) -> float:
    began = time.perf_counter()
    async with ground.registry.connect() as connection:
        await connection.execute(_COPY, {"divisions": list(DIVISIONS)})
    return time.perf_counter() - began


async def _export(ground: Ground, asked: dict[str, Any], rows: int) -> float:
    url = ground.stack.url("registry")
    token = ground.stack.token("county_reviewer", divisions=DIVISIONS)
    file = ground.stack.var_dir / f"export.{asked['format']}"
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(headers=headers, timeout=120, trust_env=False) as client:
        began = time.perf_counter()
        answer = await client.post(
            f"{url}/api/v1/person-exports", json=asked, headers={"Idempotency-Key": str(uuid4())}
        )
        job = await job_ended(client, url, answer)
        seconds = time.perf_counter() - began
        assert job["result"]["rows"] == rows, job["result"]
        async with client.stream("GET", f"{url}{job['result_url']}") as told:
            told.raise_for_status()
            with file.open("wb") as written:
                async for chunk in told.aiter_bytes(CHUNK):
                    written.write(chunk)
    written_rows, formulas = _read_workbook(file) if asked["format"] == "xlsx" else _read_lines(file)
    assert written_rows == rows, f"{written_rows:,} rows in the file"
    assert not formulas, f"{formulas} formulas"
    file.unlink()
    return seconds


def _read_lines(file: Path) -> tuple[int, int]:
    """Rows, and cells a spreadsheet program would take for a formula; the dangerous addresses are there, disarmed."""
    rows = formulas = disarmed = 0
    with file.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.reader(lines):
            rows += 1
            formulas += sum(cell.startswith(_STARTS) for cell in row)
            disarmed += f"'{FORMULA}" in row
    assert disarmed, "nothing dangerous was exported"
    return rows - 1, formulas


def _read_workbook(file: Path) -> tuple[int, int]:
    rows = formulas = 0
    with zipfile.ZipFile(file) as package:
        sheets = [name for name in package.namelist() if name.startswith("xl/worksheets/sheet")]
        for name in sheets:
            rows -= 1
            for chunk in _chunks(package, name):
                rows += chunk.count(b"<row ")
                formulas += chunk.count(b"<f>")
    return rows, formulas


def _chunks(package: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """Cut before a tag, so that none is cut itself."""
    rest = b""
    with package.open(name) as sheet:
        while chunk := sheet.read(CHUNK):
            whole, mark, last = (rest + chunk).rpartition(b"<")
            yield whole
            rest = mark + last
    yield rest
