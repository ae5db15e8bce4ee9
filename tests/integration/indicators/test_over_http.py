"""Figures over HTTP: whose, of when, broken down how, and how fresh."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.indicators.adapters.catalogue import CATALOGUE
from tests.builders.callers import Caller, Desk, desk_of
from tests.integration.indicators.world import World

JINAN, YUAN = "341502001001", "341503001004"
COUNTIES = ["341502", "341503", "341504", "341522", "341523", "341524", "341525"]
VALUES, SERIES = "/api/v1/indicators/values", "/api/v1/indicators/series"


@pytest.fixture
async def desk(world: World, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_of("indicators", world.works, tmp_path) as desk:
        yield desk


@pytest.fixture
async def prefecture(desk: Desk, world: World) -> Caller:
    """Statistician of Lu'an, where two persons live in one county and one in another."""
    for division in (JINAN, JINAN, YUAN):
        world.registry.register(division, on=date(2026, 10, 5))
    await world.hear()
    return desk.caller("statistician", "3415")


async def values(caller: Caller, **query: str) -> dict[tuple[str, str], int]:
    answer = await caller.get(VALUES, **query)
    assert answer.status_code == 200, answer.text
    return {(item["indicator"], item["division"]): item["value"] for item in answer.json()["items"]}


async def refused(caller: Caller, path: str, **query: str) -> tuple[int, str]:
    answer = await caller.get(path, **query)
    return answer.status_code, answer.json()["code"]


async def test_the_catalogue_tells_every_rule(prefecture: Caller) -> None:
    items = (await prefecture.get("/api/v1/indicators")).json()["items"]
    assert [item["code"] for item in items] == [definition.code for definition in CATALOGUE]
    assert items[0]["zh"] == "在册人数"


async def test_this_month_of_the_caller_s_own_divisions_is_the_default(prefecture: Caller) -> None:
    answer = (await prefecture.get(VALUES)).json()
    assert [item["indicator"] for item in answer["items"]] == [definition.code for definition in CATALOGUE]
    first = answer["items"][0]
    assert first == {
        "indicator": "persons",
        "division": "3415",
        "division_name": "六安市",
        "period": "2026-11",
        "reference_date": "2026-11-22",
        "state": "COMPUTED",
        "value": 3,
        "numerator": None,
        "denominator": None,
    }


async def test_zero_is_shown_as_zero(prefecture: Caller) -> None:
    assert (await values(prefecture))["awards", "3415"] == 0
    assert (await values(prefecture, period="2026-09"))["persons", "3415"] == 0


async def test_children_are_listed_with_the_empty_ones(prefecture: Caller) -> None:
    counted = await values(prefecture, children="true", indicator="persons")
    assert [division for _, division in counted] == COUNTIES
    assert [*counted.values()] == [2, 1, 0, 0, 0, 0, 0]


async def test_a_level_is_the_same_question_further_down(prefecture: Caller) -> None:
    counted = await values(prefecture, level="township", division="341502", indicator="persons")
    assert counted["persons", "341502001"] == 2
    assert sum(counted.values()) == 2
    assert len(counted) > 10


@pytest.mark.parametrize("division", ["34", "340104", "341599"])
async def test_what_is_not_the_caller_s_is_not_found(prefecture: Caller, division: str) -> None:
    assert await refused(prefecture, VALUES, division=division) == (404, "division_not_found")


async def test_a_month_that_has_not_begun_is_refused(prefecture: Caller) -> None:
    assert await refused(prefecture, VALUES, period="2026-12") == (422, "month_not_reached")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"period": "2026-13"}, 422, "period_is_invalid"),
        ({"division": "3415x"}, 422, "division_is_invalid"),
        ({"indicator": "happiness"}, 404, "indicator_not_found"),
        ({"level": "province"}, 422, "breakdown_not_possible"),
        ({"level": "county", "children": "true"}, 422, "breakdown_not_possible"),
        ({"level": "village"}, 422, "too_many_places"),
        ({"person_id": "1"}, 400, "unknown_parameter"),
    ],
)
async def test_what_cannot_be_asked(prefecture: Caller, query: dict[str, str], status: int, code: str) -> None:
    assert await refused(prefecture, VALUES, **query) == (status, code)


async def test_several_indicators_may_be_named(prefecture: Caller) -> None:
    answer = await prefecture.get(VALUES, indicator=["persons", "rehab_cases"])
    assert [item["indicator"] for item in answer.json()["items"]] == ["persons", "rehab_cases"]


async def test_a_series_is_one_figure_a_month(prefecture: Caller) -> None:
    answer = await prefecture.get(
        SERIES, indicator="persons", division="341502", **{"from": "2026-08", "to": "2026-11"}
    )
    assert [(item["period"], item["value"]) for item in answer.json()["items"]] == [
        ("2026-08", 0),
        ("2026-09", 0),
        ("2026-10", 2),
        ("2026-11", 2),
    ]


async def test_a_series_of_more_than_three_years_is_refused(prefecture: Caller) -> None:
    query = {"indicator": "persons", "from": "2023-01", "to": "2026-01"}
    assert await refused(prefecture, SERIES, **query) == (422, "period_not_allowed")


async def test_an_answer_tells_how_much_of_each_journal_it_contains(
    desk: Desk, world: World, prefecture: Caller
) -> None:
    async with world.works.begin() as work:
        await work.connection.execute(
            text("INSERT INTO consumer_cursor (publisher, epoch, position) VALUES ('registry', 7, 3)")
        )
    answer: dict[str, Any] = (await prefecture.get(VALUES)).json()
    (told,) = answer["as_of"]
    assert (told["publisher"], told["epoch"], told["position"]) == ("registry", 7, 3)
    assert answer["data_time"] >= told["moved_at"]


async def test_nothing_told_is_about_one_person(prefecture: Caller) -> None:
    """Opaque ids of persons stay inside (ARCHITECTURE 2)."""
    answer = (await prefecture.get(VALUES)).json()
    assert {name for item in answer["items"] for name in item} == {
        "indicator",
        "division",
        "division_name",
        "period",
        "reference_date",
        "state",
        "value",
        "numerator",
        "denominator",
    }


async def test_who_is_responsible_nowhere_sees_nothing_and_who_may_not_read_figures_is_refused(desk: Desk) -> None:
    assert (await desk.caller("statistician").get(VALUES)).json()["items"] == []
    assert await refused(desk.caller("system_administrator", "*"), VALUES) == (403, "permission_denied")
