"""Lists of bureaus come as they come, and become what they say of persons of the register (DX-05 to DX-08)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from services.subsidy.domain.comparison.lists import ListRow
from services.subsidy.entrypoints.list_import import day_of, parse_row
from shared.kit.spreadsheets import Row
from shared.values.identity_number import IdentityNumber, check_character
from tests.integration.comparison.conftest import TODAY, County
from tests.integration.subsidy_applications.conftest import a_number

LISTS: Final = "/api/v1/list-imports"
OLD: Final = "990101700101001"
"""Of fifteen digits."""


def sheet(*rows: Sequence[Any], name: str = "名单") -> tuple[str, Sequence[Sequence[Any]]]:
    return name, rows


def workbook(*sheets: tuple[str, Sequence[Sequence[Any]]], merged: Sequence[tuple[int, int, int, Any]] = ()) -> bytes:
    """Sheets of rows; ``merged``: first row, last row, column and value of merged cells of the last sheet."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, "default_date_format": "yyyy/m/d"}) as book:
        for name, rows in sheets:
            page = book.add_worksheet(name)
            for at, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, date):
                        page.write_datetime(at, column, cell)
                    elif cell is not None:
                        page.write(at, column, cell)
        for first, last, column, value in merged:
            page.merge_range(first, column, last, column, value)
    return content.getvalue()


async def brought(
    county: County, kind: str, file: bytes | str, *, name: str = "名单.xlsx", dry_run: bool = False
) -> dict[str, Any]:
    """An import, done."""
    content = file.encode() if isinstance(file, str) else file
    query = f"?variant={kind}" + ("&dry_run=true" if dry_run else "")
    return await county.job(await county.call("POST", LISTS + query, files={"file": (name, content)}))


async def known(county: County, *numbers: str) -> list[UUID]:
    """Holders the register knows by these numbers."""
    persons = [await county.holder() for _ in numbers]
    county.numbers |= {
        IdentityNumber.parse(number).number: person for number, person in zip(numbers, persons, strict=True)
    }
    return persons


async def entries(county: County) -> list[Any]:
    return await county.rows("SELECT person_id, kind, event_on, until FROM list_entry ORDER BY event_on, kind")


async def test_titles_merged_cells_several_sheets_and_days_in_any_writing(county: County) -> None:
    persons = await known(county, a_number(1), a_number(2), OLD, a_number(4), a_number(5))
    spaced = f" {a_number(1)[:6]} {a_number(1)[6:].lower()} "
    file = workbook(
        sheet(["填报说明"], ["本表由殡葬服务机构填报"], name="说明"),
        sheet(
            ["某县火化名单"],
            [],
            ["序号", "姓名", "身份证号码", "火化时间"],
            [1, "甲", spaced, 20260420],
            [2, "乙", a_number(2), date(2026, 4, 21)],
            [3, "丙", OLD, "2026年4月22日"],
            name="城区",
        ),
        sheet(["姓名", "公民身份号码", "死亡日期"], ["丁", a_number(4)], ["戊", a_number(5)], name="乡镇"),
        merged=[(1, 2, 2, "2026.4.23")],
    )
    ended = await brought(county, "CREMATION", file)
    assert ended["result"] == {"dry_run": False, "received": 5, "applied": 5, "unchanged": 0, "rejected": 0}
    days = [date(2026, 4, day) for day in (20, 21, 22, 23, 23)]
    assert {(row.person_id, row.event_on) for row in await entries(county)} == set(zip(persons, days, strict=True))


async def test_strangers_to_the_register_change_nothing_and_the_same_list_again_neither(county: County) -> None:
    await known(county, a_number(1))
    file = f"身份证号,死亡日期\n{a_number(1)},2026-04-20\n{a_number(2)},2026-04-21\n"
    first = await brought(county, "DEATH_POLICE", file, name="名单.csv")
    assert (first["result"]["applied"], first["result"]["unchanged"]) == (1, 1)
    again = await brought(county, "DEATH_POLICE", file, name="名单.csv")
    assert (again["result"]["applied"], again["result"]["unchanged"]) == (0, 2)
    assert len(await entries(county)) == 1
    # Another bureau tells another day of the same death: both are kept (DX-05).
    await brought(county, "CREMATION", f"身份证号,火化日期\n{a_number(1)},2026-04-23\n", name="名单.csv")
    assert [row.kind for row in await entries(county)] == ["DEATH_POLICE", "CREMATION"]


async def test_no_number_is_kept_and_everybody_told_of_is_in_the_trail(county: County) -> None:
    (person,) = await known(county, a_number(1))
    await brought(county, "DEATH_POLICE", f"身份证号,死亡日期\n{a_number(1)},2026-04-20\n", name="名单.csv")
    columns = await county.rows(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'list_entry' AND column_name ~ 'number'"
    )
    assert columns == []
    (row,) = await county.rows("SELECT row_to_json(list_entry)::text AS told FROM list_entry")
    assert a_number(1) not in row.told
    seen = await county.rows(
        "SELECT 1 FROM audit WHERE what = 'list.told' AND CAST(detail AS text) LIKE :person", person=f"%{person}%"
    )
    assert len(seen) == 1


async def test_each_fault_is_told_by_sheet_row_and_column(county: County) -> None:
    await known(county, a_number(1))
    file = workbook(
        sheet(["身份证号", "死亡日期"], [a_number(1), "昨天"], name="一"),
        sheet(["身份证号", "死亡日期"], ["341502", "2026-04-20"], [a_number(1), "2026-06-16"], name="二"),
    )
    ended = await brought(county, "DEATH_HEALTH", file)
    assert (ended["result"]["received"], ended["result"]["rejected"]) == (3, 3)
    answer = await county.call("GET", ended["result_url"])
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert [(row[0], row[1]) for row in rows[1:]] == [
        (2.0, "死亡日期"),
        ("第 2 张表第 2 行", "公民身份号码"),
        ("第 2 张表第 3 行", "死亡日期"),
    ]
    assert "341502" not in str(rows[1:])


async def test_a_dry_run_judges_and_keeps_nothing(county: County) -> None:
    await known(county, a_number(1))
    file = f"身份证号,死亡日期\n{a_number(1)},2026-04-20\n"
    ended = await brought(county, "DEATH_POLICE", file, name="名单.csv", dry_run=True)
    assert ended["result"]["applied"] == 1
    assert await entries(county) == []


async def test_a_list_without_days_names_the_first_receipt_ever_after(county: County) -> None:
    await known(county, a_number(1))
    """DX-08: a full list comes every month."""
    roster = f"证件号码,姓名\n{a_number(1)},甲\n"
    await brought(county, "DIBAO_ROSTER", roster, name="名单.csv")
    county.clock.show(date(2026, 7, 15))
    again = await brought(county, "DIBAO_ROSTER", roster, name="名单.csv")
    assert again["result"]["unchanged"] == 1
    (row,) = await county.rows("SELECT event_on, last_seen_on FROM list_entry")
    assert (row.event_on, row.last_seen_on) == (TODAY, date(2026, 7, 15))


async def test_persons_of_other_divisions_are_strangers_to_whoever_imports(county: County) -> None:
    person = await county.holder(division="341503001001")
    county.numbers[a_number(1)] = person
    ended = await brought(county, "DEATH_POLICE", f"身份证号,死亡日期\n{a_number(1)},2026-04-20\n", name="名单.csv")
    assert ended["result"]["unchanged"] == 1
    assert await entries(county) == []


@pytest.mark.parametrize("query", ["", "?variant=WEATHER", "?variant=PRISON&more=1"])
async def test_what_a_list_is_of_must_be_said(county: County, query: str) -> None:
    answer = await county.call("POST", LISTS + query, files={"file": ("名单.csv", "身份证号\n".encode())})
    assert answer.status_code in {400, 422}
    assert "PRISON" in answer.text or "more" in answer.text or "variant" in answer.text


async def test_an_import_waits_for_a_register_that_is_silent_and_goes_on_with_the_next_row(county: County) -> None:
    await known(county, a_number(1))
    county.silent = True
    file = f"身份证号,死亡日期\n{a_number(1)},2026-04-20\n"
    waiting = await brought(county, "DEATH_POLICE", file, name="名单.csv")
    assert waiting["state"] == "QUEUED"
    assert await entries(county) == []
    county.silent = False
    await county.sql("UPDATE job SET run_after = now() WHERE state = 'QUEUED'")
    assert await county.runner.run_one()
    assert [row.kind for row in await entries(county)] == ["DEATH_POLICE"]


@pytest.mark.parametrize(
    ("sentence", "judged"),
    [
        ("有期徒刑三年", True),
        ("无期徒刑", True),
        ("有期徒刑一年，缓刑二年", False),
        ("拘役", False),
        ("刑事拘留", False),
        ("", True),
    ],
)
def test_a_judgment_is_one_to_imprisonment_that_is_served_sub_41_sub_42(sentence: str, *, judged: bool) -> None:
    """DX-06."""
    row = parse_row(Row(2, {"number": a_number(1), "judged_on": "2026-04-01", "sentence": sentence}))
    assert isinstance(row, ListRow)
    assert row.judged is judged


@given(day=st.dates(date(1930, 1, 1), date(2100, 1, 1)), how=st.sampled_from(range(8)))
def test_a_day_is_the_same_day_however_a_bureau_writes_it(day: date, how: int) -> None:
    y, m, d = day.year, day.month, day.day
    written = (
        day.isoformat(),
        f"{y}{m:02d}{d:02d}",
        f"{y}/{m}/{d}",
        f"{y}.{m}.{d}",
        f"{y}年{m}月{d}日",
        f"{day.isoformat()} 00:00:00",
        f" {y}-{m:02d}-{d:02d}T08:30 ",
        str((day - date(1899, 12, 30)).days),
    )
    assert day_of(written[how]) == day


@given(serial=st.integers(0, 999), wide=st.booleans(), lower=st.booleans(), gap=st.integers(0, 17))
def test_a_number_is_the_same_number_however_it_is_typed(serial: int, gap: int, *, wide: bool, lower: bool) -> None:
    seventeen = f"99010219600101{serial:03d}"
    number = seventeen + check_character(seventeen)
    typed = number.lower() if lower else number
    typed = f"{typed[:gap]} {typed[gap:]}"
    typed = typed.translate({48 + digit: 0xFF10 + digit for digit in range(10)}) if wide else typed
    row = parse_row(Row(2, {"number": typed, "day": "2026-04-01"}))
    assert isinstance(row, ListRow)
    assert row.number == number
    assert number not in repr(row)
