"""An Excel file of holders through the product's own import: rows a second, and what the worker needs for it.

One row in a hundred is bad, each in one of ten ways; the job must take exactly the others, and its error file must say
in Chinese what is wrong with each bad one.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from itertools import cycle, islice
from pathlib import Path
from typing import Final
from uuid import uuid4

import httpx
from python_calamine import CalamineWorkbook

from deploy.demo.generator import IMPORT_TITLES, generate
from services.registry.entrypoints.jobs import COLUMNS
from shared.kit.spreadsheets import open_table, write_table
from tests.bench.ground import Ground
from tests.bench.measure import Measurement, measured
from tests.bench.working import forget_peak, job_ended, peak, processor_seconds

ROWS: Final = int(os.environ.get("LIANGFU_BENCH_ROWS", "100000"))
REPEATS: Final = 3
BAD_EVERY: Final = 100
TODAY: Final = date(2026, 6, 15)
_CHINESE: Final = re.compile("[\u4e00-\u9fff]{2}")

Cells = dict[str, str]
Spoil = Callable[[Cells, Cells], Mapping[str, str]]
"""(a good row, the row before it) -> the cells that make it bad."""
SPOILT: Final[tuple[Spoil, ...]] = (
    lambda row, _: {"公民身份号码": row["公民身份号码"][:-1] + ("1" if row["公民身份号码"][-1] != "1" else "2")},
    lambda row, _: {"公民身份号码": row["公民身份号码"][:6] + "19991332" + row["公民身份号码"][14:]},
    lambda row, _: {"公民身份号码": row["公民身份号码"][:-4]},
    lambda _, before: {"公民身份号码": before["公民身份号码"], "性别": before["性别"]},
    lambda _, __: {"姓名": ""},
    lambda row, _: {"性别": "女" if row["性别"] == "男" else "男"},
    lambda _, __: {"户籍地区划代码": "34150"},
    lambda _, __: {"联系电话": "没有"},
    lambda _, __: {"残疾类别": "八"},
    lambda _, __: {"发证日期": "2020-02-30"},
)


async def import_of_a_file(ground: Ground) -> list[Measurement]:
    """From the upload to the end of the job, durable, with every event in the journal."""
    seconds: list[float] = []
    rates: list[float] = []
    computed: list[float] = []
    peaks: list[float] = []
    before: list[float] = []
    reading: list[float] = []
    for file in _files(ground.stack.var_dir / "files"):
        reading.append(_read_alone(file))
        before.append(forget_peak(ground))
        idle = processor_seconds(ground)
        seconds.append(await _import(ground, file))
        computed.append(processor_seconds(ground) - idle)
        rates.append(ROWS / seconds[-1])
        peaks.append(peak(ground))
        await ground.until_quiet()
    name, alone = f"import of {ROWS:,} rows from Excel, 1 % bad", "reading the file alone"
    return [
        measured(name, "s", seconds, floor_name=alone, floor_values=[ROWS / rate for rate in reading]),
        measured(name, "rows/s", rates, floor_name=alone, floor_values=reading),
        measured(
            f"{name}: processor of the worker",
            "s",
            computed,
            floor_name=alone,
            floor_values=[ROWS / rate for rate in reading],
        ),
        measured(
            "memory of the worker during the import, peak", "MiB", peaks, floor_name="before it", floor_values=before
        ),
    ]


def _files(directory: Path) -> list[Path]:
    """One file a repeat, each with other persons."""
    directory.mkdir()
    persons = generate(ROWS * REPEATS, seed=int(time.time()), today=TODAY)
    files: list[Path] = []
    for number in range(REPEATS):
        file = directory / f"{number}.xlsx"
        write_table(file, IMPORT_TITLES, _rows(each.import_row for each in islice(persons, ROWS)), sheet="持证人员")
        files.append(file)
    return files


def _rows(good: Iterator[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    spoilt, before = cycle(SPOILT), dict.fromkeys(IMPORT_TITLES, "")
    for number, row in enumerate(good, start=1):
        cells = dict(zip(IMPORT_TITLES, row, strict=True))
        if number % BAD_EVERY == 0:
            cells |= next(spoilt)(cells, before)
        before = cells
        yield tuple(cells.values())


def _read_alone(file: Path) -> float:
    began = time.perf_counter()
    with open_table(file, COLUMNS) as table:
        rows = sum(1 for _ in table)
    assert rows == ROWS
    return ROWS / (time.perf_counter() - began)


async def _import(ground: Ground, file: Path) -> float:
    """Seconds; the sums balance and every bad row is explained."""
    url = ground.stack.url("registry")
    async with ground.client() as client:
        began = time.perf_counter()
        answer = await client.post(
            f"{url}/api/v1/person-imports",
            files={"file": (file.name, file.read_bytes())},
            headers={"Idempotency-Key": str(uuid4())},
        )
        job = await job_ended(client, url, answer)
        seconds = time.perf_counter() - began
        bad = ROWS // BAD_EVERY
        counts = {name: job["result"][name] for name in ("received", "applied", "unchanged", "rejected")}
        if counts != {"received": ROWS, "applied": ROWS - bad, "unchanged": 0, "rejected": bad}:
            raise AssertionError(counts)
        await _require_explained(client, f"{url}{job['result_url']}", file.with_name("faults.xlsx"))
    return seconds


async def _require_explained(client: httpx.AsyncClient, url: str, file: Path) -> None:
    """Read the error file: the bad rows, no others, each with a column and a reason in Chinese."""
    file.write_bytes((await client.get(url)).raise_for_status().content)
    _titles, *rows = CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python()
    # The header of the imported file is its first row.
    expected = {number + 1 for number in range(BAD_EVERY, ROWS + 1, BAD_EVERY)}
    found = {int(str(number).partition(".")[0]) for number, _, _ in rows}
    assert found == expected, sorted(found ^ expected)[:10]
    unexplained = [row for row in rows if not row[1] or not _CHINESE.search(str(row[2]))]
    assert not unexplained, unexplained[:3]
    reasons = {str(reason) for _, _, reason in rows}
    assert len(reasons) >= min(len(SPOILT), len(expected)) - 1, reasons
