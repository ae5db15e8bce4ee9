"""Reported values as a file: every row is a draft, unchanged or explained, and another person accepts it as a whole."""

from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from openpyxl import load_workbook

from services.indicators.adapters.reports import common_division
from services.indicators.adapters.tables import blobs as blob_tables
from services.indicators.adapters.tables import imports, jobs
from services.indicators.entrypoints.report_import import REPORT_IMPORT
from shared.kit.blobs import Blobs, DirectoryStore
from shared.kit.crypto import KeyRing
from shared.kit.imports import import_handler
from shared.kit.jobs import JobRunner
from shared.kit.spreadsheets import write_table
from tests.builders.callers import Caller, Desk, desk_of
from tests.builders.databases import DATA_KEYS
from tests.integration.indicators.approvals import an_approval
from tests.integration.indicators.test_reports import shown
from tests.integration.indicators.world import World

TITLES = ("指标", "区划代码", "统计期", "类型", "数值", "分母", "依据文号")
PAPER = "六残联〔2026〕12号"
GOOD = (
    ("辅助器具适配率", "341502", "2026-H1", "", "17", "20", PAPER),
    ("devices_fitted", "341502", "2026-H1", "完成", "1,939", "", PAPER),
    ("rehab_coverage", "3415", "2026", "目标", "9000", "", PAPER),
)
BAD = {
    ("happiness", "341502", "2026-H1", "", "1", "", PAPER): ("指标", "没有该指标"),
    ("device_rate", "3415", "2026-H1", "", "17", "", PAPER): ("指标", "分子和分母"),
    ("persons", "3415", "2026-H1", "", "17", "", PAPER): ("指标", "不能上报"),
    ("device_rate", "3415", "2026-H3", "", "17", "20", PAPER): ("统计期", "不是有效的统计期"),
    ("device_rate", "3415", "2027-H1", "", "17", "20", PAPER): ("统计期", "尚未开始"),
    ("device_rate", "340104", "2026-H1", "", "17", "20", PAPER): ("区划代码", "不在您的管辖区划范围内"),
    ("device_rate", "3415", "2026-H1", "", "-1", "20", PAPER): ("数值", "整数"),
    ("device_rate", "3415", "2026-H1", "", "17.5", "20", PAPER): ("数值", "整数"),
    ("device_rate", "3415", "2026-H1", "差不多", "17", "20", PAPER): ("类型", "完成"),
    ("device_rate", "3415", "2026-H1", "", "17", "20", "张三 34150219900101001X"): ("依据文号", "公文文号"),
    ("device_rate", "341502", "2026-H1", "", "18", "20", PAPER): ("指标", "重复"),
}


class Office:
    """Two statisticians at a desk whose uploads are worked off at once."""

    def __init__(self, desk: Desk, world: World, folder: Path) -> None:
        self.desk, self.folder = desk, folder
        self.maker = desk.caller("statistician", "3415", sub="maker")
        self.checker = desk.caller("statistician", "3415", sub="checker")
        blobs = Blobs(DirectoryStore(folder), blob_tables, KeyRing.parse(DATA_KEYS), world.works.clock)
        handlers = {REPORT_IMPORT.kind: import_handler(REPORT_IMPORT, imports)}
        self._runner = JobRunner(world.works, jobs, handlers, blobs, worker="test")

    async def load(self, rows: Iterable[Sequence[str]], by: Caller | None = None, **query: Any) -> dict[str, Any]:
        """The job of a file, ended."""
        path = self.folder / f"{uuid4().hex}.xlsx"
        write_table(path, TITLES, rows)
        caller = by or self.maker
        answer = await caller.upload("/api/v1/reported-value-imports", path, **query)
        assert answer.status_code == 202, answer.text
        await self._runner.run_one()
        job: dict[str, Any] = (await caller.get(f"/api/v1/jobs/{answer.json()['job_id']}")).json()
        assert job["state"] == "SUCCEEDED", job
        return job

    async def explained(self, job: dict[str, Any]) -> list[tuple[Any, ...]]:
        """The rows of the error file."""
        path = self.folder / "faults.xlsx"
        path.write_bytes((await self.maker.get(job["result_url"])).content)
        return [tuple(cells) for cells in load_workbook(path).worksheets[0].iter_rows(min_row=2, values_only=True)]

    async def accept(self, batch_id: str, *, maker: Caller, checker: Caller) -> httpx.Response:
        """The answer to a maker who uses the approval of a checker."""
        approval_id = await an_approval("reported_values.acceptance", batch_id, maker, checker)
        path = f"/api/v1/reported-values/batches/{batch_id}/acceptance"
        return await maker.post(path, {"approval_id": approval_id})


@pytest.fixture
async def office(world: World, tmp_path: Path) -> AsyncIterator[Office]:
    async with desk_of("indicators", world.works, tmp_path) as desk:
        yield Office(desk, world, tmp_path)


def counts(job: dict[str, Any]) -> tuple[int, ...]:
    """Received, applied, unchanged, rejected."""
    return tuple(job["result"][name] for name in ("received", "applied", "unchanged", "rejected"))


async def test_a_file_is_drafts_until_another_person_has_accepted_all_of_it(office: Office) -> None:
    """KPI-10, KPI-27."""
    job = await office.load(GOOD)
    assert counts(job) == (3, 3, 0, 0)
    maker, batch_id = office.maker, job["job_id"]
    drafts = (await maker.get("/api/v1/reported-values", batch_id=batch_id)).json()["items"]
    assert {each["status"] for each in drafts} == {"DRAFT"}
    assert (await shown(maker, "device_rate", "341502", "2026-H1"))["state"] == "MISSING"
    answer = await office.accept(batch_id, maker=maker, checker=office.checker)
    assert (answer.status_code, answer.json()) == (200, {"accepted": 3})
    told = {"state": "REPORTED", "value": 8500, "numerator": 17, "denominator": 20}
    assert await shown(maker, "device_rate", "341502", "2026-H1") == told
    assert (await shown(maker, "devices_fitted", "341502", "2026-H1"))["value"] == 1939
    one = (await maker.get("/api/v1/reported-values", aspect="TARGET")).json()["items"][0]
    assert (one["numerator"], one["accepted_by"]) == (9000, "checker")


async def test_every_row_that_does_not_fit_is_explained_in_the_column_where_it_is_wrong(office: Office) -> None:
    job = await office.load([*GOOD, *BAD])
    assert counts(job) == (len(GOOD) + len(BAD), len(GOOD), 0, len(BAD))
    faults = await office.explained(job)
    assert len(faults) == len(BAD)
    for (_, column, reason), (expected, words) in zip(faults, BAD.values(), strict=True):
        assert column == expected, reason
        assert words in reason


async def test_the_same_file_again_is_unchanged_and_a_changed_number_is_a_correction(office: Office) -> None:
    """RU-04."""
    first = await office.load(GOOD)
    await office.accept(first["job_id"], maker=office.maker, checker=office.checker)
    assert counts(await office.load(GOOD)) == (3, 0, 3, 0)
    corrected = (*GOOD[0][:4], "18", *GOOD[0][5:])
    second = await office.load([corrected, *GOOD[1:]])
    assert counts(second) == (3, 1, 2, 0)
    await office.accept(second["job_id"], maker=office.maker, checker=office.checker)
    assert (await shown(office.maker, "device_rate", "341502", "2026-H1"))["numerator"] == 18
    # What was shown before is another correction, and no repeat.
    assert counts(await office.load(GOOD)) == (3, 1, 2, 0)


async def test_a_dry_run_judges_and_keeps_nothing(office: Office) -> None:
    assert counts(await office.load(GOOD, dry_run="true")) == (3, 3, 0, 0)
    assert (await office.maker.get("/api/v1/reported-values")).json()["items"] == []


async def test_who_made_a_file_does_not_accept_it_and_nobody_does_elsewhere(office: Office) -> None:
    batch_id = (await office.load(GOOD))["job_id"]
    answer = await office.accept(batch_id, maker=office.checker, checker=office.maker)
    assert (answer.status_code, answer.json()["code"]) == (409, "maker_cannot_accept")
    elsewhere = office.desk.caller("statistician", "3401", sub="stranger")
    path = f"/api/v1/reported-values/batches/{batch_id}/acceptance"
    hidden = await elsewhere.post(path, {"approval_id": batch_id})
    assert (hidden.status_code, hidden.json()["code"]) == (404, "report_not_found")
    of_a_part = office.desk.caller("statistician", "341502", sub="county")
    assert (await of_a_part.post(path, {"approval_id": batch_id})).status_code == 404
    none = await office.maker.post(path, {"approval_id": batch_id})
    assert (none.status_code, none.json()["code"]) == (409, "approval_needed")


async def test_a_draft_given_up_after_the_approval_makes_the_approval_void(office: Office) -> None:
    batch_id = (await office.load(GOOD))["job_id"]
    approval_id = await an_approval("reported_values.acceptance", batch_id, office.maker, office.checker)
    drafts = (await office.maker.get("/api/v1/reported-values", batch_id=batch_id)).json()["items"]
    await office.maker.post(f"/api/v1/reported-values/{drafts[0]['report_id']}/discarding", {})
    path = f"/api/v1/reported-values/batches/{batch_id}/acceptance"
    answer = await office.maker.post(path, {"approval_id": approval_id})
    assert answer.status_code == 409, answer.text
    assert (await shown(office.maker, "devices_fitted", "341502", "2026-H1"))["state"] == "MISSING"


@pytest.mark.parametrize(
    ("codes", "together"),
    [
        (["341502"], "341502"),
        (["341502", "341503"], "3415"),
        (["341502001", "341502"], "341502"),
        (["3415", "3401"], "34"),
        (["34", "11"], "*"),
        (["341502001001", "341502001002"], "341502001"),
    ],
)
def test_a_file_belongs_to_the_smallest_division_that_holds_all_of_it(codes: list[str], together: str) -> None:
    assert common_division(codes) == together
