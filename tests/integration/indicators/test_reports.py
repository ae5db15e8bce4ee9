"""Values that divisions tell: by one person, accepted by another, shown as reported; what is missing and overdue."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders.callers import Caller, Desk, desk_of
from tests.integration.indicators.approvals import an_approval
from tests.integration.indicators.world import World

REPORTS, VALUES = "/api/v1/reported-values", "/api/v1/indicators/values"
PAPER = "六残联〔2026〕12号"
VALUE: dict[str, Any] = {
    "indicator": "device_rate", "division": "341502", "period": "2026-H1", "numerator": 17, "denominator": 20,
    "document_no": PAPER,
}  # fmt: skip


@pytest.fixture
async def desk(world: World, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_of("indicators", world.works, tmp_path) as desk:
        yield desk


@pytest.fixture
def maker(desk: Desk) -> Caller:
    return desk.caller("statistician", "3415", sub="maker")


@pytest.fixture
def checker(desk: Desk) -> Caller:
    return desk.caller("statistician", "3415", sub="checker")


async def drafted(maker: Caller, **other: Any) -> str:
    answer = await maker.post(REPORTS, VALUE | other)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["report_id"])


async def accepted(maker: Caller, checker: Caller, **other: Any) -> str:
    report_id = await drafted(maker, **other)
    approval_id = await an_approval("reported_value.acceptance", report_id, maker, checker)
    answer = await maker.post(f"{REPORTS}/{report_id}/acceptance", {"approval_id": approval_id})
    assert (answer.status_code, answer.json()["status"], answer.json()["accepted_by"]) == (200, "ACCEPTED", "checker")
    return report_id


async def shown(caller: Caller, indicator: str, division: str, period: str) -> dict[str, Any]:
    (item,) = (await caller.get(VALUES, indicator=indicator, division=division, period=period)).json()["items"]
    return {name: item[name] for name in ("state", "value", "numerator", "denominator")}


async def test_a_value_is_shown_once_another_person_accepted_it(maker: Caller, checker: Caller) -> None:
    """KPI-10."""
    nothing = {"state": "MISSING", "value": None, "numerator": None, "denominator": None}
    report_id = await drafted(maker)
    assert await shown(maker, "device_rate", "341502", "2026-H1") == nothing
    approval_id = await an_approval("reported_value.acceptance", report_id, maker, checker)
    assert (await maker.post(f"{REPORTS}/{report_id}/acceptance", {"approval_id": approval_id})).status_code == 200
    told = {"state": "REPORTED", "value": 8500, "numerator": 17, "denominator": 20}
    assert await shown(maker, "device_rate", "341502", "2026-H1") == told
    assert await shown(maker, "device_rate", "3415", "2026-H1") == nothing
    lineage = await maker.get(
        "/api/v1/indicators/lineage", indicator="device_rate", division="341502", period="2026-H1"
    )
    assert lineage.json()["parts"][0]["report_id"] == report_id


async def test_a_correction_is_a_new_report_and_the_old_one_stays(maker: Caller, checker: Caller) -> None:
    """RU-04."""
    await accepted(maker, checker)
    await accepted(maker, checker, numerator=18)
    assert (await shown(maker, "device_rate", "341502", "2026-H1"))["numerator"] == 18
    listed = (await maker.get(REPORTS, division="341502", status="ACCEPTED")).json()["items"]
    assert [item["numerator"] for item in listed] == [18, 17]


async def test_a_denominator_of_zero_is_not_applicable(maker: Caller, checker: Caller) -> None:
    """RU-06."""
    await accepted(maker, checker, numerator=0, denominator=0)
    assert (await shown(maker, "device_rate", "341502", "2026-H1"))["state"] == "NOT_APPLICABLE"


async def test_the_maker_is_not_the_one_who_approves(desk: Desk, maker: Caller, checker: Caller) -> None:
    report_id = await drafted(maker)
    approval_id = await an_approval("reported_value.acceptance", report_id, checker, maker)
    answer = await checker.post(f"{REPORTS}/{report_id}/acceptance", {"approval_id": approval_id})
    assert (answer.status_code, answer.json()["code"]) == (409, "maker_cannot_accept")


async def test_without_an_approval_nothing_is_accepted_and_what_is_discarded_is_over(maker: Caller) -> None:
    report_id = await drafted(maker)
    none = await maker.post(f"{REPORTS}/{report_id}/acceptance", {"approval_id": report_id})
    assert (none.status_code, none.json()["code"]) == (409, "approval_needed")
    assert (await maker.post(f"{REPORTS}/{report_id}/discarding", {})).json()["status"] == "DISCARDED"
    again = await maker.post(f"{REPORTS}/{report_id}/discarding", {})
    assert (again.status_code, again.json()["code"]) == (409, "report_not_allowed")


@pytest.mark.parametrize(
    ("other", "status", "code"),
    [
        ({"indicator": "persons"}, 422, "report_does_not_fit"),
        ({"period": "2026-05"}, 422, "report_does_not_fit"),
        ({"denominator": None}, 422, "report_does_not_fit"),
        ({"indicator": "devices_fitted"}, 422, "report_does_not_fit"),
        ({"aspect": "TARGET"}, 422, "report_does_not_fit"),
        ({"aspect": "TARGET", "period": "2026"}, 422, "report_does_not_fit"),
        ({"period": "2027-H1"}, 422, "month_not_reached"),
        ({"period": "2026-H3"}, 422, "body_invalid"),
        ({"numerator": -1}, 422, "body_invalid"),
        ({"numerator": 10**13}, 422, "body_invalid"),
        ({"document_no": "张三 34150219900101001X"}, 422, "body_invalid"),
        ({"indicator": "happiness"}, 404, "indicator_not_found"),
        ({"division": "340104"}, 403, "division_outside_scope"),
    ],
)
async def test_what_cannot_be_reported(maker: Caller, other: dict[str, Any], status: int, code: str) -> None:
    answer = await maker.post(REPORTS, VALUE | other)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_a_report_of_another_prefecture_is_not_found(desk: Desk, maker: Caller) -> None:
    report_id = await drafted(maker)
    elsewhere = desk.caller("statistician", "3401")
    assert (await elsewhere.get(f"{REPORTS}/{report_id}")).status_code == 404
    assert (await elsewhere.get(REPORTS)).json()["items"] == []


async def test_what_is_missing_is_listed_with_its_day(maker: Caller, checker: Caller) -> None:
    """KPI-48: the 7th of the following month."""
    await accepted(maker, checker, indicator="petitions_closed", period="2026-10", numerator=3, denominator=3)
    missing = (await maker.get(f"{REPORTS}/missing", period="2026-10")).json()["items"]
    closed = [item for item in missing if item["indicator"] == "petitions_closed"]
    assert len(closed) == 6
    assert "341502" not in {item["division"] for item in closed}
    assert {(item["due_on"], item["overdue"]) for item in closed} == {("2026-11-07", True)}
    running = (await maker.get(f"{REPORTS}/missing", period="2026-11")).json()["items"]
    assert {item["overdue"] for item in running if item["due_on"]} == {False}


async def test_a_reported_part_of_a_rate_is_divided_by_a_computed_one(
    world: World, maker: Caller, checker: Caller
) -> None:
    """KPI-50, RU-06."""
    told = {"indicator": "social_workers", "period": "2026-10", "numerator": 1, "denominator": None}
    assert (await shown(maker, "social_worker_ratio", "341502", "2026-10"))["state"] == "MISSING"
    await accepted(maker, checker, **told)
    assert (await shown(maker, "social_worker_ratio", "341502", "2026-10"))["state"] == "NOT_APPLICABLE"
