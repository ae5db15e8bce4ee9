"""Figures frozen at the cut-off: they stay, they are approved by two, they are compared (RU-04)."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.builders.callers import Caller, Desk, desk_of
from tests.integration.indicators.approvals import an_approval
from tests.integration.indicators.test_reports import accepted
from tests.integration.indicators.world import World

SNAPSHOTS = "/api/v1/snapshots"
JINAN, YUAN = "341502001001", "341503001004"
OCTOBER = {"division": "3415", "period": "2026-10"}
PAPER = "六残联〔2026〕3号"


@pytest.fixture
async def desk(world: World, tmp_path: Path) -> AsyncIterator[Desk]:
    for division in (JINAN, JINAN, YUAN):
        world.registry.register(division, on=date(2026, 9, 5))
    await world.hear()
    async with desk_of("indicators", world.works, tmp_path) as desk:
        yield desk


@pytest.fixture
def maker(desk: Desk) -> Caller:
    return desk.caller("statistician", "3415", sub="maker")


@pytest.fixture
def checker(desk: Desk) -> Caller:
    return desk.caller("statistician", "3415", sub="checker")


async def frozen(maker: Caller, **other: Any) -> str:
    answer = await maker.post(SNAPSHOTS, OCTOBER | other)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["snapshot_id"])


async def approved(maker: Caller, checker: Caller, **other: Any) -> str:
    snapshot_id = await frozen(maker, **other)
    approval_id = await an_approval("snapshot.approval", snapshot_id, maker, checker)
    answer = await maker.post(f"{SNAPSHOTS}/{snapshot_id}/approval", {"approval_id": approval_id})
    assert (answer.status_code, answer.json()["approved_by"]) == (200, "checker"), answer.text
    return snapshot_id


async def persons(caller: Caller, snapshot_id: str) -> dict[str, int]:
    answer = (await caller.get(f"{SNAPSHOTS}/{snapshot_id}")).json()
    assert answer["intact"]
    return {item["division"]: item["value"] for item in answer["items"] if item["indicator"] == "persons"}


async def test_what_was_frozen_stays_when_late_news_moves_the_past(world: World, maker: Caller) -> None:
    snapshot_id = await frozen(maker)
    before = await persons(maker, snapshot_id)
    assert (before["3415"], before["341502"], before["341503"], before["341504"]) == (3, 2, 1, 0)
    world.registry.register(JINAN, on=date(2026, 9, 6))
    await world.hear()
    assert await persons(maker, snapshot_id) == before
    live = await maker.get("/api/v1/indicators/values", indicator="persons", period="2026-10")
    assert live.json()["items"][0]["value"] == 4


async def test_a_correction_is_a_new_version_that_names_its_paper(maker: Caller) -> None:
    await frozen(maker)
    again = await maker.post(SNAPSHOTS, OCTOBER)
    assert (again.status_code, again.json()["code"]) == (409, "snapshot_exists")
    await frozen(maker, correction=PAPER)
    items = (await maker.get(SNAPSHOTS, division="3415", period="2026-10")).json()["items"]
    assert [(item["version"], item["correction"]) for item in items] == [(2, PAPER), (1, None)]
    assert items[0]["definitions"]["persons"] == 1


async def test_a_period_that_still_runs_is_not_frozen(maker: Caller) -> None:
    answer = await maker.post(SNAPSHOTS, OCTOBER | {"period": "2026-11"})
    assert (answer.status_code, answer.json()["code"]) == (409, "period_not_over")


async def test_a_snapshot_is_approved_once_by_another_person(maker: Caller, checker: Caller) -> None:
    snapshot_id = await approved(maker, checker)
    answer = await maker.post(f"{SNAPSHOTS}/{snapshot_id}/approval", {"approval_id": snapshot_id})
    assert (answer.status_code, answer.json()["code"]) == (409, "snapshot_is_approved")


async def test_the_maker_of_a_snapshot_is_not_the_one_who_approves(maker: Caller, checker: Caller) -> None:
    snapshot_id = await frozen(maker)
    approval_id = await an_approval("snapshot.approval", snapshot_id, checker, maker)
    answer = await checker.post(f"{SNAPSHOTS}/{snapshot_id}/approval", {"approval_id": approval_id})
    assert (answer.status_code, answer.json()["code"]) == (409, "maker_cannot_accept")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE snapshot_figure SET value = 0",
        "DELETE FROM snapshot_figure",
        "UPDATE snapshot SET data_time = now()",
        "DELETE FROM snapshot",
    ],
)
async def test_what_is_frozen_cannot_be_bent_in_sql(world: World, maker: Caller, statement: str) -> None:
    await frozen(maker)
    with pytest.raises(DBAPIError, match="frozen"):
        async with world.works.begin() as work:
            await work.connection.execute(text(statement))


async def test_a_snapshot_is_seen_and_made_only_where_one_is_responsible(desk: Desk, maker: Caller) -> None:
    snapshot_id = await frozen(maker)
    county = desk.caller("statistician", "341502")
    assert (await county.get(f"{SNAPSHOTS}/{snapshot_id}")).status_code == 404
    answer = await county.post(SNAPSHOTS, OCTOBER)
    assert (answer.status_code, answer.json()["code"]) == (403, "division_outside_scope")


async def test_a_snapshot_is_compared_with_what_was_approved_the_target_and_the_counties_beside(
    world: World, maker: Caller, checker: Caller
) -> None:
    september = await approved(maker, checker, period="2026-09")
    await frozen(maker, period="2025-10")  # nobody approved it: nothing to compare with
    for division, numerator in (("341502", 9), ("341503", 8), ("341504", 9)):
        told = {"indicator": "platform_rate", "period": "2026-10", "division": division, "denominator": 10}
        await accepted(maker, checker, **told, numerator=numerator)
    target = {"indicator": "platform_rate", "aspect": "TARGET", "period": "2026", "denominator": None}
    await accepted(maker, checker, **target, division="341503", numerator=7500)
    world.registry.register(JINAN, on=date(2026, 10, 6))
    await world.hear()
    answer = (await maker.get(f"{SNAPSHOTS}/{await frozen(maker)}/comparison")).json()
    assert (answer["before_id"], answer["a_year_before_id"]) == (september, None)
    of = {(item["indicator"], item["division"]): item for item in answer["items"]}
    whole = of["persons", "3415"]
    assert (whole["value"], whole["before"], whole["a_year_before"], whole["rank"]) == (4, 3, None, None)
    rates = [of["platform_rate", each] for each in ("341502", "341503", "341504", "341522")]
    assert [item["rank"] for item in rates] == [1, 3, 1, None]
    assert [item["target"] for item in rates] == [10_000, 7_500, 10_000, 10_000]
    assert [item["met"] for item in rates] == [False, True, False, None]
