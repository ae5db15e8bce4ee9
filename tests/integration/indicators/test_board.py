"""The board over HTTP: whose, what it tells and hides, and that nothing in it runs or comes from elsewhere."""

import re
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from shared.values.award import Scheme
from tests.builders.callers import Desk, desk_of
from tests.integration.indicators.world import World

JINAN, YUAN = "341502001001", "341503001004"
BOARD = "/api/v1/board"


@pytest.fixture
async def desk(world: World, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_of("indicators", world.works, tmp_path) as desk:
        yield desk


@pytest.fixture
async def strict(world: World, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_of("indicators", world.works, tmp_path, small_cell_min=5) as desk:
        yield desk


async def settled(world: World, *counts: tuple[str, int]) -> None:
    """So many holders of grade 2 with a nursing subsidy, and one without, in each division."""
    for division, count in counts:
        for number in range(count):
            person_id = world.registry.register(division, on=date(2025, 1, 5))
            world.registry.issue(person_id, on=date(2025, 1, 5), until=date(2035, 1, 5))
            if number:
                world.subsidy.grant(person_id, division, Scheme.NURSING, month="2025-02")
    await world.hear()


async def test_the_board_tells_numbers_targets_ranks_and_when(desk: Desk, world: World) -> None:
    await settled(world, (JINAN, 4), (YUAN, 2))
    answer = await desk.caller("statistician", "3415").get(BOARD, period="2026-10")
    assert answer.status_code == 200, answer.text
    page = answer.text
    assert "六安市 2026-10 指标看板" in page
    assert "金安区" in page
    assert "数据时间" in page
    assert "已全部清零" in page
    assert re.search(r"持证人数</h3><p><span class=\"number\">6</span>", page)


async def test_an_award_that_should_have_stopped_is_on_the_red_list_until_it_has(desk: Desk, world: World) -> None:
    """KPI-20: the target is zero, and one is named."""
    person_id = world.registry.register(JINAN, on=date(2025, 1, 5))
    world.subsidy.grant(person_id, JINAN, Scheme.NURSING, month="2025-02")
    world.registry.die(person_id, on=date(2026, 8, 3))
    await world.hear()
    caller = desk.caller("statistician", "3415")
    assert "尚未清零的事项" in (await caller.get(BOARD, period="2026-10")).text
    assert "已全部清零" in (await caller.get(BOARD, period="2026-08")).text


async def test_few_are_not_told_on_the_board_either(strict: Desk, world: World) -> None:
    await settled(world, (JINAN, 40), (YUAN, 3))
    page = (await strict.caller("statistician", "3415").get(BOARD, period="2026-10")).text
    assert "＊" in page
    assert not re.search(r"裕安区</a></th><td>3<", page)
    # What the prefecture has less what the other county has would be the same number.
    assert not re.search(r"金安区</a></th><td>40<", page)


async def test_few_are_hidden_in_every_answer(strict: Desk, world: World) -> None:
    """Values, series, lineage and snapshots hide what the board hides."""
    await settled(world, (JINAN, 40), (YUAN, 3))
    caller = strict.caller("statistician", "3415")
    indicator = "nursing_recipients"
    values = (
        await caller.get("/api/v1/indicators/values", indicator=indicator, children="true", period="2026-10")
    ).json()
    hidden = [item["division"] for item in values["items"] if item["state"] == "SUPPRESSED"]
    assert {"341502", "341503"} <= set(hidden)
    assert all(item["value"] is None for item in values["items"] if item["division"] in hidden)
    alone = {"indicator": indicator, "division": "341502"}
    series = (await caller.get("/api/v1/indicators/series", **alone, **{"from": "2026-09", "to": "2026-10"})).json()
    assert {item["state"] for item in series["items"]} == {"SUPPRESSED"}
    share = {"indicator": "nursing_share", "division": "341503", "period": "2026-10"}
    lineage = (await caller.get("/api/v1/indicators/lineage", **share)).json()
    assert {part["figure"]["state"] for part in lineage["parts"]} == {"SUPPRESSED"}
    assert {part["figure"]["numerator"] for part in lineage["parts"]} == {None}
    frozen = await caller.post("/api/v1/snapshots", {"division": "3415", "period": "2026-10"})
    kept = (await caller.get(f"/api/v1/snapshots/{frozen.json()['snapshot_id']}")).json()
    of_it = {item["division"]: item["state"] for item in kept["items"] if item["indicator"] == indicator}
    assert (of_it["341502"], of_it["341503"], of_it["3415"]) == ("SUPPRESSED", "SUPPRESSED", "COMPUTED")


async def test_the_board_is_for_who_may_read_figures_and_of_their_divisions(desk: Desk, world: World) -> None:
    elsewhere = await desk.caller("statistician", "3415").get(BOARD, division="340104")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "division_not_found")
    nowhere = await desk.caller("statistician").get(BOARD)
    assert nowhere.status_code == 404
    forbidden = await desk.caller("system_administrator", "*").get(BOARD)
    assert (forbidden.status_code, forbidden.json()["code"]) == (403, "permission_denied")
    wrong = await desk.caller("statistician", "3415").get(BOARD, ranked_by="happiness")
    assert (wrong.status_code, wrong.json()["code"]) == (404, "indicator_not_found")


async def test_nothing_on_the_page_runs_or_comes_from_elsewhere(desk: Desk, world: World) -> None:
    answer = await desk.caller("statistician", "3415").get(BOARD)
    assert "unsafe" not in answer.headers["content-security-policy"]
    shell = await desk.caller("statistician", "3415").get("/board")
    for page in (answer.text, shell.text):
        assert not re.search(r"<script(?! src=\"/board/)|<style|style=|onclick|https?://", page)
    assert (await desk.caller("statistician", "3415").get("/board/assets/board.css")).status_code == 200
    assert (await desk.caller("statistician", "3415").get("/board/assets/nothing.js")).status_code == 404
