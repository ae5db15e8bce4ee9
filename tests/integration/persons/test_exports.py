"""Lists of the register as files: the same rows as the list, safe to open, and whole when a worker stops halfway."""

from __future__ import annotations

import asyncio
import csv
import io
from pathlib import Path
from typing import Any, Final

import pytest
from openpyxl import load_workbook

from services.registry.adapters import queries
from shared.kit import exports
from tests.integration.persons.conftest import OTHER_VILLAGE, VILLAGE, Office

PERSONS: Final = "/api/v1/person-exports"
CERTIFICATES: Final = "/api/v1/certificate-exports"
FORMULA: Final = "=HYPERLINK(1)号楼"


async def exported(office: Office, path: str, **asked: Any) -> tuple[dict[str, Any], bytes]:
    """The job as it ended, and its file."""
    answer = await office.post(path, asked)
    assert answer.status_code == 202, answer.text
    job = await office.finished(answer.json()["job_id"])
    assert job["state"] == "SUCCEEDED", job
    return job, (await office.get(job["result_url"])).content


def lines(content: bytes) -> list[list[str]]:
    """The rows of a .csv below its titles."""
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1:]


async def work_until_page(office: Office, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """The worker begins, and is stopped in order while it reads this page."""
    read, pages, reached = queries.certificates_page, 0, asyncio.Event()

    async def reading(*args: Any, **given: Any) -> Any:
        nonlocal pages
        pages += 1
        if pages == number:
            reached.set()
            await asyncio.Event().wait()
        return await read(*args, **given)

    with monkeypatch.context() as patched:
        patched.setattr(queries, "certificates_page", reading)
        running = asyncio.create_task(office.runner.run_one())
        await asyncio.wait_for(reached.wait(), 60)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_list_as_a_file_holds_its_rows_masked_and_none_of_another_county(
    office: Office, tmp_path: Path
) -> None:
    for serial, division in enumerate((VILLAGE, VILLAGE, OTHER_VILLAGE), 1):
        await office.register("王小明", serial, division=division)
    listed = {one["person_id"] for one in (await office.get("/api/v1/persons")).json()["items"]}
    job, content = await exported(office, PERSONS)
    path = tmp_path / "list.xlsx"
    path.write_bytes(content)
    rows = list(load_workbook(path).worksheets[0].iter_rows(min_row=2, values_only=True))
    assert job["result"] == {"rows": 2}
    assert {row[0] for row in rows} == listed
    assert {row[1] for row in rows} == {"王**"}, "without a purpose nobody's name leaves in full"
    for person_id in listed:
        trail = await office.get("/api/v1/audit", role="audit_administrator", divisions=["*"], person_id=person_id)
        assert "exported.masked" in {entry["what"] for entry in trail.json()["items"]}, "who is on a list learns of it"


async def test_no_cell_is_taken_for_a_formula(office: Office) -> None:
    await office.register("王小明", address=FORMULA)
    _, content = await exported(office, PERSONS, format="csv", clear=True, purpose="CASE_HANDLING")
    ((_, name, *_, address, _registered, _died),) = lines(content)
    assert name == "王小明", "in clear: the purpose was stated"
    assert (FORMULA in address, address.startswith("=")) == (True, False)


async def test_an_export_whose_worker_stopped_goes_on_and_repeats_and_loses_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PAGE_ROWS", 2)
    monkeypatch.setattr(exports, "PART_ROWS", 2)
    cards = [(await office.issue((await office.register("王小明", serial))["person_id"])) for serial in range(1, 6)]
    submitted = await office.post(CERTIFICATES, {"format": "csv"})
    await work_until_page(office, monkeypatch, 3)
    assert (await office.one("SELECT done FROM job"))[0] == 4, "two parts are kept"
    job = await office.finished(submitted.json()["job_id"])
    rows = lines((await office.get(job["result_url"])).content)
    assert [row[0] for row in rows] == sorted(card["certificate_id"] for card in cards)
    assert (await office.one("SELECT count(*) FROM blob WHERE name LIKE '%.json'"))[0] == 0, "the parts are gone"


@pytest.mark.parametrize(
    ("asked", "machine", "code"),
    [
        ({"format": "xlsx", "clear": True, "purpose": "CASE_HANDLING"}, None, "export_cannot_be_clear"),
        ({"format": "csv", "clear": True}, None, "purpose_missing"),
        ({"format": "csv", "clear": True, "purpose": "CASE_HANDLING"}, "person:export", "permission_denied"),
    ],
)
async def test_clear_text_leaves_only_as_csv_for_a_purpose_and_by_who_may_see_it(
    office: Office, asked: dict[str, Any], machine: str | None, code: str
) -> None:
    refused = await office.post(PERSONS, asked, machine=machine)
    assert code in refused.text, refused.text
    assert refused.status_code in {403, 422}


async def test_a_list_without_personal_values_has_no_clear_form(office: Office) -> None:
    asked = {"format": "csv", "clear": True, "purpose": "CASE_HANDLING"}
    assert (await office.post(CERTIFICATES, asked)).status_code == 422
