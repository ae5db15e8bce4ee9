"""The work report over HTTP: the same numbers on paper, on the page and in files, each with where it comes from."""

import csv
import io
import re
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from urllib.parse import parse_qsl

import docx
import openpyxl
import pytest
from sqlalchemy import text

from services.indicators.entrypoints.jobs import check_counted
from services.indicators.metrics import FINDINGS
from shared.values.award import Scheme
from tests.builders.callers import Caller, Desk, desk_of
from tests.integration.indicators.approvals import an_approval
from tests.integration.indicators.world import World

JINAN, YUAN = "341502001001", "341503001004"
REPORT = "/api/v1/work-reports"
HALF = {"division": "3415", "period": "2026-H1"}


@pytest.fixture
async def desk(world: World, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_of("indicators", world.works, tmp_path) as desk:
        yield desk


@pytest.fixture
async def strict(world: World, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_of("indicators", world.works, tmp_path, small_cell_min=5) as desk:
        yield desk


async def settled(world: World, *counts: tuple[str, int], on: date = date(2025, 1, 5)) -> None:
    """So many holders of grade 2 in each division, all but one with a nursing subsidy."""
    for division, count in counts:
        for number in range(count):
            person_id = world.registry.register(division, on=on)
            world.registry.issue(person_id, on=on, until=date(2035, 1, 5))
            if number:
                world.subsidy.grant(person_id, division, Scheme.NURSING, month="2025-02")
    await world.hear()


async def told(caller: Caller, form: str = "html", **asked: str) -> str:
    answer = await caller.get(f"{REPORT}/{form}", **(HALF | asked))
    assert answer.status_code == 200, answer.text
    return text_of(answer.content) if form == "docx" else answer.text


def text_of(content: bytes) -> str:
    """Everything written in a Word document."""
    paper = docx.Document(io.BytesIO(content))
    cells = [cell.text for table in paper.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in paper.paragraphs), *cells])


async def test_page_and_word_say_the_same_sentences_with_figures_comparison_and_rank(desk: Desk, world: World) -> None:
    await settled(world, (JINAN, 4))
    await settled(world, (YUAN, 2), on=date(2026, 2, 1))
    caller = desk.caller("statistician", "3415")
    page, word = await told(caller), await told(caller, "docx")
    plain = re.sub(r"<[^>]+>", "", page)
    for sentence in (
        "六安市 2026 年上半年残疾人工作情况报告",
        "截至 6 月 30 日，在册人数 6 人",
        "持证人数 6 人",
        "比上期增加 2，比上年同期增加 2。",
        "（4 ÷ 6）",
        "以下各项为零，与上期、上年同期持平：当期失效残疾人证",
        "尚未上报的指标：符合条件的残疾人纳入低保比例",
        "有数的 2 个区划中，居前的是金安区（75.00%）、裕安区（50.00%）",
        "本期没有待清零和未达标的事项。",
        "未经审定的即时数",
    ):
        assert sentence in plain, sentence
        assert sentence in word, sentence


async def test_every_figure_has_a_note_that_leads_to_its_lineage(desk: Desk, world: World) -> None:
    await settled(world, (JINAN, 4))
    caller = desk.caller("statistician", "3415")
    page = await told(caller)
    marks, notes = set(re.findall(r'href="#note-(\d+)"', page)), re.findall(r'<li id="note-(\d+)">', page)
    assert marks == set(notes)
    assert len(notes) == len(set(notes)) == len((await caller.get("/api/v1/indicators")).json()["items"])
    addresses = re.findall(r"<code>(/api/v1/indicators/lineage[^<]+)</code>", page)
    path, _, query = addresses[0].replace("&amp;", "&").partition("?")
    answer = await caller.get(path, **dict(parse_qsl(query)))
    assert answer.status_code == 200, answer.text
    assert answer.json()["parts"][0]["figure"]["value"] == 4, "persons on the register"


async def test_red_items_name_the_place_and_the_number(desk: Desk, world: World) -> None:
    """KPI-20: an award that should have stopped is named, here as on the board."""
    person_id = world.registry.register(JINAN, on=date(2025, 1, 5))
    world.subsidy.grant(person_id, JINAN, Scheme.NURSING, month="2025-02")
    world.registry.die(person_id, on=date(2026, 3, 3))
    await world.hear()
    caller = desk.caller("statistician", "3415")
    assert "待清零：金安区应停未停补贴资格（清零） 1 份" in await told(caller, "docx")
    assert "待清零：" not in await told(caller, period="2025-H2")


async def test_an_approved_snapshot_is_what_is_told_and_late_news_do_not_move_it(desk: Desk, world: World) -> None:
    """RU-04."""
    await settled(world, (JINAN, 4))
    maker = desk.caller("statistician", "3415", sub="maker")
    checker = desk.caller("statistician", "3415", sub="checker")
    frozen = (await maker.post("/api/v1/snapshots", HALF)).json()
    assert "未经审定的即时数" in await told(maker), "a snapshot nobody approved is not told"
    approval_id = await an_approval("snapshot.approval", frozen["snapshot_id"], maker, checker)
    await maker.post(f"/api/v1/snapshots/{frozen['snapshot_id']}/approval", {"approval_id": approval_id})
    before = await told(maker)
    assert "已审定快照第 1 版" in before
    assert frozen["digest"] in before
    assert f"/api/v1/snapshots/{frozen['snapshot_id']}" in before
    await settled(world, (JINAN, 3))
    assert "持证人数 4 人" in re.sub(r"<[^>]+>", "", await told(maker))
    answer = (await maker.get(f"{REPORT}/json", **HALF)).json()
    assert answer["this"]["snapshot_id"] == frozen["snapshot_id"]
    assert answer["before"]["snapshot_id"] is None
    live = await maker.get(f"{REPORT}/json", division="3415", period="2026-Q3")
    assert {item["value"] for item in live.json()["items"] if item["indicator"] == "holders"} >= {7}


async def test_files_hold_every_indicator_of_every_place(desk: Desk, world: World) -> None:
    await settled(world, (JINAN, 4))
    caller = desk.caller("statistician", "3415")
    items = (await caller.get(f"{REPORT}/json", **HALF)).json()["items"]
    answer = await caller.get(f"{REPORT}/xlsx", **HALF)
    assert "filename*=UTF-8''" in answer.headers["content-disposition"]
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    heads, *rows = sheet.iter_rows(values_only=True)
    assert len(rows) == len(items)
    one = next(dict(zip(heads, row, strict=True)) for row in rows if row[0] == "341502" and row[2] == "holders")
    assert (one["区划"], one["本期"], one["上期"], one["统计期"]) == ("金安区", 4, 4, "2026-H1")
    lines = list(csv.reader(io.StringIO((await told(caller, "csv")).lstrip("\ufeff"))))
    assert (lines[0], len(lines)) == ([*heads], len(items) + 1)


async def test_few_are_told_in_no_form(strict: Desk, world: World) -> None:
    """Three in one county are hidden, and the other county with them: less what the prefecture has, it would tell."""
    await settled(world, (JINAN, 40), (YUAN, 3))
    caller = strict.caller("statistician", "3415")
    items = (await caller.get(f"{REPORT}/json", **HALF)).json()["items"]
    hidden = [item for item in items if item["state"] == "SUPPRESSED"]
    assert {("341503", "holders"), ("341502", "holders")} <= {(item["division"], item["indicator"]) for item in hidden}
    for item in hidden:
        assert {item[name] for name in ("value", "numerator", "denominator", "met")} == {None}
    for form in ("html", "docx", "csv"):
        text = re.sub(r"<[^>]+>", " ", await told(caller, form))
        assert not re.search(r"裕安区[^\n]{0,40}(?<![0-9])3(?![0-9])", text.replace("341503", ""))
    page = await told(caller)
    assert "按“享受补贴人数占持证人比例”排名" not in page, "one alone, or none, has no rank"


async def test_a_report_is_for_who_may_read_figures_and_of_their_divisions(desk: Desk, world: World) -> None:
    caller = desk.caller("statistician", "3415")
    elsewhere = await caller.get(f"{REPORT}/html", division="340104")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "division_not_found")
    assert (await desk.caller("statistician").get(f"{REPORT}/html")).status_code == 404
    forbidden = await desk.caller("system_administrator", "*").get(f"{REPORT}/docx")
    assert (forbidden.status_code, forbidden.json()["code"]) == (403, "permission_denied")
    for wrong, status, code in (
        ({"period": "2026-H3"}, 422, "period_is_invalid"),
        ({"period": "2027-H1"}, 422, "month_not_reached"),
    ):
        answer = await caller.get(f"{REPORT}/html", **wrong)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await caller.get(f"{REPORT}/pdf")).status_code == 422


async def test_nothing_on_the_page_runs_or_comes_from_elsewhere(desk: Desk, world: World) -> None:
    answer = await desk.caller("statistician", "3415").get(f"{REPORT}/html")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not re.search(r"<script|<style|style=|onclick|https?://", answer.text)


async def test_what_does_not_fit_is_told_in_the_report_and_by_itself(desk: Desk, world: World) -> None:
    await settled(world, (JINAN, 40))
    caller = desk.caller("statistician", "3415")
    assert "各数相互核对，未发现问题。" in await told(caller)
    assert (await caller.get("/api/v1/data-checks", **HALF)).json()["items"] == []
    await settled(world, (YUAN, 30), on=date(2026, 2, 1))
    items = (await caller.get("/api/v1/data-checks", **HALF)).json()["items"]
    (jump,) = (item for item in items if (item["indicator"], item["division"]) == ("holders", "3415"))
    assert (jump["rule"], jump["value"], jump["against"]) == ("JUMP", 70, 40)
    assert jump["zh"] == "与上期相差过大：六安市持证人数 70，上期 40。"
    assert "与上期相差过大：六安市持证人数 70，上期 40" in await told(caller, "docx")
    assert (await desk.caller("system_administrator", "*").get("/api/v1/data-checks")).status_code == 403


async def test_the_hourly_check_measures_what_cannot_be(world: World) -> None:
    await settled(world, (JINAN, 3))
    await check_counted(world.works, 1)
    assert {rule: FINDINGS.labels(rule)._value.get() for rule in ("PART", "SUM", "FALL")} == {
        "PART": 0, "SUM": 0, "FALL": 0
    }  # fmt: skip
    async with world.works.begin() as work:
        await work.connection.execute(
            text("UPDATE tally SET came = came + 9 WHERE facet = 'certificate:PERSONS:_1|_2' AND came > 0")
        )
    await check_counted(world.works, 1)
    assert sum(FINDINGS.labels(rule)._value.get() for rule in ("PART", "SUM")) > 0
