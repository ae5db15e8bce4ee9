"""Imports: every row is applied, unchanged or explained; conflicts as asked; nothing twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from shared.kit.spreadsheets import write_table
from tests.integration.persons.conftest import COUNTY, OTHER_VILLAGE, VILLAGE, Office, a_number

TITLES = ("姓名", "性别", "公民身份号码", "户籍地区划代码", "联系电话", "残疾类别", "残疾等级", "发证日期")
Cells = tuple[str, ...]


def row(serial: int, **given: str) -> Cells:
    values = {
        "姓名": "王小明",
        "性别": "男" if serial % 2 else "女",
        "公民身份号码": a_number(serial),
        "户籍地区划代码": VILLAGE,
        "联系电话": "14300000000",
        "残疾类别": "肢体",
        "残疾等级": "二级",
        "发证日期": "2020-03-01",
    } | given
    return tuple(values[title] for title in TITLES)


def file_of(folder: Path, rows: Sequence[Cells], *, titles: Sequence[str] = TITLES, name: str = "名单.xlsx") -> Path:
    path = folder / name
    write_table(path, titles, rows, sheet="名单")
    return path


async def load(office: Office, folder: Path, *rows: Cells, **query: Any) -> dict[str, Any]:
    job = await office.upload("/api/v1/person-imports", file_of(folder, rows), **query)
    assert job["state"] == "SUCCEEDED", job
    result: dict[str, Any] = job["result"]
    return {**result, "job_id": job["job_id"], "result_url": job["result_url"]}


def counts(result: dict[str, Any]) -> tuple[int, int, int, int]:
    return result["received"], result["applied"], result["unchanged"], result["rejected"]


async def explained(office: Office, result: dict[str, Any], folder: Path) -> list[tuple[Any, ...]]:
    """The rows of the error file."""
    answer = await office.get(result["result_url"])
    assert answer.status_code == 200, answer.text
    path = folder / "faults.xlsx"
    path.write_bytes(answer.content)
    return [tuple(cells) for cells in load_workbook(path).worksheets[0].iter_rows(min_row=2, values_only=True)]


async def test_a_file_with_bad_rows_balances_and_every_bad_row_is_explained_in_chinese(
    office: Office, tmp_path: Path
) -> None:
    good = [row(serial) for serial in range(1, 298)]
    bad = [row(500, 公民身份号码="12345"), row(501, 户籍地区划代码="34"), row(1)]
    result = await load(office, tmp_path, *good, *bad)
    assert counts(result) == (300, 297, 0, 3)
    faults = await explained(office, result, tmp_path)
    assert [fault[0] for fault in faults] == [299, 300, 301]
    assert all(any("\u4e00" <= character <= "\u9fff" for character in fault[2]) for fault in faults)
    assert len(await office.told()) == 2 * 297


async def test_the_same_file_again_changes_nothing(office: Office, tmp_path: Path) -> None:
    rows = [row(serial) for serial in range(1, 6)]
    await load(office, tmp_path, *rows)
    told = len(await office.told())
    assert counts(await load(office, tmp_path, *rows)) == (5, 0, 5, 0)
    assert len(await office.told()) == told


async def test_a_dry_run_judges_and_changes_nothing(office: Office, tmp_path: Path) -> None:
    result = await load(office, tmp_path, row(1), row(2, 残疾等级="五级"), dry_run=True)
    assert counts(result) == (2, 1, 0, 1)
    assert (await office.one("SELECT count(*) AS n FROM person")).n == 0
    assert await office.told() == []


@pytest.mark.parametrize(
    ("mode", "outcome", "phone"),
    [("reject", (1, 0, 0, 1), 1), ("keep", (1, 0, 1, 0), 1), ("update", (1, 1, 0, 0), 2)],
)
async def test_what_is_known_and_different_is_done_with_as_asked(
    office: Office, tmp_path: Path, mode: str, outcome: tuple[int, ...], phone: int
) -> None:
    await load(office, tmp_path, row(1))
    changed = row(1, 姓名="王建国", 联系电话="14300000002")
    result = await load(office, tmp_path, changed, on_conflict=mode)
    assert counts(result) == outcome
    await office.settle()
    found = await office.post("/api/v1/persons/search", {"phone": f"1430000000{0 if phone == 1 else 2}"})
    assert len(found.json()["items"]) == 1
    by_old_name = await office.post("/api/v1/persons/search", {"name": "王小明"})
    assert len(by_old_name.json()["items"]) == 1, "a former name finds the person as well"


async def test_an_unknown_way_of_settling_conflicts_is_refused(office: Office, tmp_path: Path) -> None:
    answer = await office.call("POST", "/api/v1/person-imports", on_conflict="overwrite")
    assert answer.status_code in {400, 422}


@pytest.mark.parametrize("mode", ["reject", "keep", "update"])
async def test_neither_a_move_nor_another_card_is_imported_over_a_registered_one(
    office: Office, tmp_path: Path, mode: str
) -> None:
    await load(office, tmp_path, row(1), row(2))
    result = await load(
        office,
        tmp_path,
        row(1, 户籍地区划代码="341502001002"),
        row(2, 残疾等级="一级"),
        on_conflict=mode,
    )
    assert counts(result) == (2, 0, 0, 2)
    reasons = [fault[2] for fault in await explained(office, result, tmp_path)]
    assert "迁移" in reasons[0]
    assert "残疾人证" in reasons[1]


async def test_a_certificate_reaches_somebody_registered_without_one(office: Office, tmp_path: Path) -> None:
    await office.register("王小明", 1, phone="14300000000")
    assert counts(await load(office, tmp_path, row(1))) == (1, 1, 0, 0)
    assert await office.types() == ["person.registered", "certificate.issued"]
    event = (await office.told())[-1]
    assert next(event.states()).version == 2


async def test_rows_outside_the_importers_divisions_are_rejected(office: Office, tmp_path: Path) -> None:
    result = await load(office, tmp_path, row(1), row(2, 户籍地区划代码=OTHER_VILLAGE))
    assert counts(result) == (2, 1, 0, 1)
    assert (await office.one("SELECT count(*) AS n FROM person WHERE division LIKE '341503%'")).n == 0


async def test_imported_persons_are_found_at_once_and_compared_soon(office: Office, tmp_path: Path) -> None:
    await load(office, tmp_path, row(1), row(3))
    found = await office.post("/api/v1/persons/search", {"name": "wxm"})
    assert len(found.json()["items"]) == 2
    await office.settle()
    assert len((await office.get("/api/v1/duplicates")).json()["items"]) == 1


async def test_certificates_alone_are_imported_for_the_registered(office: Office, tmp_path: Path) -> None:
    titles = ("公民身份号码", "残疾类别", "残疾等级", "发证日期")
    await office.register("王小明", 1)
    cards = [(a_number(1), "4", "2", "2021-05-06"), (a_number(7), "4", "2", "2021-05-06")]
    job = await office.upload("/api/v1/certificate-imports", file_of(tmp_path, cards, titles=titles))
    assert counts(job["result"]) == (2, 1, 0, 1)
    again = await office.upload("/api/v1/certificate-imports", file_of(tmp_path, cards[:1], titles=titles))
    assert counts(again["result"]) == (1, 0, 1, 0)


# --- deaths and moves ------------------------------------------------------------------------------------------------

DEATHS = ("公民身份号码", "姓名", "出生日期", "所在地区划代码", "信息来源", "来源编号", "死亡日期")


def death(serial: int, *, ref: str, on: str = "2026-05-10", number: str | None = None, name: str = "王小明") -> Cells:
    return (a_number(serial) if number is None else number, name, "1970-01-01", COUNTY, "公安", ref, on)


async def take_deaths(office: Office, folder: Path, *rows: Cells) -> dict[str, Any]:
    job = await office.upload("/api/v1/death-imports", file_of(folder, rows, titles=DEATHS))
    assert job["state"] == "SUCCEEDED", job
    taken: dict[str, Any] = job
    return taken


async def test_a_list_of_deaths_is_matched_previewed_and_applied_as_a_batch(office: Office, tmp_path: Path) -> None:
    for serial in (1, 3, 5):
        person = await office.register("王小明", serial)
        await office.issue(person["person_id"])
    job = await take_deaths(
        office,
        tmp_path,
        death(1, ref="A1"),
        death(3, ref="A2"),
        death(5, ref="A3", name="李秀英"),
        death(7, ref="A4"),
        death(9, ref="A5", on="2026-06-16"),
    )
    assert counts(job["result"]) == (5, 4, 0, 1)
    told = len(await office.told())
    path = f"/api/v1/report-batches/{job['job_id']}"
    preview = (await office.post(f"{path}/preview", {})).json()
    assert (preview["ready"], preview["waiting"], preview["rehearsed"]) == (2, 2, 2)
    assert preview["events"] == {
        "registry.person.death_reported.v1": 2,
        "registry.certificate.cancelled.v1": 2,
    }
    assert preview["counties"] == {COUNTY: 4}
    assert len(await office.told()) == told
    submitted = (await office.post(f"{path}/application", {})).json()
    done = await office.finished(submitted["job_id"])
    assert (done["state"], done["result"]) == ("SUCCEEDED", {"handled": 2, "states": {"APPLIED": 2}})
    assert (await office.types())[told:] == ["person.death_reported", "certificate.cancelled"] * 2
    again = (await office.post(f"{path}/application", {})).json()
    assert (await office.finished(again["job_id"]))["result"]["handled"] == 0


async def test_a_source_that_sends_the_same_again_changes_nothing(office: Office, tmp_path: Path) -> None:
    await office.register("王小明")
    await take_deaths(office, tmp_path, death(1, ref="A1"))
    again = await take_deaths(office, tmp_path, death(1, ref="A1"), death(1, ref="A1"))
    assert counts(again["result"]) == (2, 0, 1, 1)
    other = await take_deaths(office, tmp_path, death(1, ref="A1", on="2026-05-01"))
    assert counts(other["result"]) == (1, 0, 0, 1)
    assert (await office.one("SELECT count(*) AS n FROM outside_report")).n == 1


async def test_a_refused_report_of_a_batch_goes_back_to_the_queue_and_the_others_go_on(
    office: Office, tmp_path: Path
) -> None:
    survivor = await office.register("王小明", 1)
    absorbed = await office.register("王小明", 3)
    job = await take_deaths(office, tmp_path, death(1, ref="A1"), death(3, ref="A2"))
    body = {"survivor_id": survivor["person_id"], "absorbed_id": absorbed["person_id"]}
    assert (await office.post("/api/v1/merges", body)).status_code == 201
    submitted = (await office.post(f"/api/v1/report-batches/{job['job_id']}/application", {})).json()
    done = await office.finished(submitted["job_id"])
    assert done["result"] == {"handled": 2, "states": {"APPLIED": 1, "CONFLICT": 1}}
    (waiting,) = (await office.get("/api/v1/reports", state="CONFLICT")).json()["items"]
    assert waiting["reason"] == "REFUSED"


async def test_a_list_of_moves_is_taken_in(office: Office, tmp_path: Path) -> None:
    await office.register("王小明")
    titles = ("公民身份号码", "姓名", "所在地区划代码", "信息来源", "迁移日期", "迁入地区划代码")
    cells = [(a_number(1), "王小明", COUNTY, "公安", "2026-05-20", OTHER_VILLAGE)]
    job = await office.upload("/api/v1/move-imports", file_of(tmp_path, cells, titles=titles))
    assert counts(job["result"]) == (1, 1, 0, 0)
    (report,) = (await office.get("/api/v1/reports", kind="MOVE")).json()["items"]
    assert (report["state"], report["to_division"]) == ("READY", OTHER_VILLAGE)
