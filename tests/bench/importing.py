"""An Excel file of holders through the product's own import: rows a second, and what the worker needs for it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Final
from uuid import uuid4

from deploy.demo.generator import generate, write_import_files
from services.registry.entrypoints.jobs import COLUMNS
from shared.kit.spreadsheets import open_table
from tests.bench.ground import Ground
from tests.bench.measure import Measurement, measured

ROWS: Final = int(os.environ.get("LIANGFU_BENCH_ROWS", "20000"))
REPEATS: Final = 3
TODAY: Final = date(2026, 6, 15)
POLL_SECONDS: Final = 0.05
JOB_SECONDS_MAX: Final = 300.0
WORKER: Final = "registry.worker"
MIB: Final = 1024.0


async def import_of_a_file(ground: Ground) -> list[Measurement]:
    """From the upload to the end of the job, durable, with every event in the journal."""
    rates: list[float] = []
    peaks: list[float] = []
    before: list[float] = []
    reading: list[float] = []
    for file in _files(ground.stack.var_dir / "files"):
        reading.append(_read_alone(file))
        before.append(_forget_peak(ground))
        rates.append(await _import(ground, file))
        peaks.append(_status(ground, "VmHWM"))
        await ground.until_quiet()
    return [
        measured(
            f"import of {ROWS:,} rows from Excel",
            "rows/s",
            rates,
            floor_name="reading the file alone",
            floor_values=reading,
        ),
        measured(
            "memory of the worker during the import, peak", "MiB", peaks, floor_name="before it", floor_values=before
        ),
    ]


def _files(directory: Path) -> list[Path]:
    """One file a repeat, each with other persons."""
    directory.mkdir()
    persons = iter(generate(ROWS * REPEATS, seed=int(time.time()), today=TODAY))
    files: list[Path] = []
    for number in range(REPEATS):
        (written,) = write_import_files(islice(persons, ROWS), directory, rows_per_file=ROWS)
        files.append(written.rename(directory / f"{number}.xlsx"))
    return files


def _read_alone(file: Path) -> float:
    began = time.perf_counter()
    with open_table(file, COLUMNS) as table:
        rows = sum(1 for _ in table)
    assert rows == ROWS
    return ROWS / (time.perf_counter() - began)


async def _import(ground: Ground, file: Path) -> float:
    url = ground.stack.url("registry")
    async with ground.client() as client:
        began = time.perf_counter()
        answer = await client.post(
            f"{url}/api/v1/person-imports",
            files={"file": (file.name, file.read_bytes())},
            headers={"Idempotency-Key": str(uuid4())},
        )
        answer.raise_for_status()
        job = answer.json()
        while job["state"] not in {"SUCCEEDED", "FAILED", "CANCELLED"}:
            if time.perf_counter() - began > JOB_SECONDS_MAX:
                raise TimeoutError(f"the import did not end: {job}")
            await asyncio.sleep(POLL_SECONDS)
            job = (await client.get(f"{url}/api/v1/jobs/{job['job_id']}")).json()
        seconds = time.perf_counter() - began
    counts: dict[str, int] = job["result"]
    if job["state"] != "SUCCEEDED" or counts["applied"] != ROWS:
        raise AssertionError(f"{job['state']}: {counts}")
    return ROWS / seconds


def _status(ground: Ground, name: str) -> float:
    """A memory figure of the worker from the kernel, in MiB."""
    text = Path(f"/proc/{ground.stack.process(WORKER).pid}/status").read_text()
    values: Sequence[str] = next(line.split() for line in text.splitlines() if line.startswith(f"{name}:"))
    return int(values[1]) / MIB


def _forget_peak(ground: Ground) -> float:
    """Let the kernel measure the peak anew; what the worker takes now."""
    Path(f"/proc/{ground.stack.process(WORKER).pid}/clear_refs").write_text("5")
    return _status(ground, "VmRSS")
