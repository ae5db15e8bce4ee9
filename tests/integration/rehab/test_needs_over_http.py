"""Needs and waiting lists over HTTP: told once a person and item, served in order, refilled when a place is free."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.rehab.adapters.work import RehabWork
from shared.kit.work import Works
from tests.builders.aid import DELIVERIES, PLACES, PROGRAMMES, a_document, a_gift, enrolled, in_force
from tests.builders.callers import Caller, Desk, desk_of
from tests.builders.care import TODAY, ok
from tests.builders.publishers import Registry

JINAN, NEEDS = "341502001001", "/api/v1/needs"
Hear = Callable[[], Awaitable[None]]


@pytest.fixture
async def desk(works: Works[RehabWork], tmp_path: Path) -> AsyncIterator[Desk]:
    works.clock.show(date.fromisoformat(TODAY))
    async with desk_of("rehab", works, tmp_path) as desk:
        yield desk


@pytest.fixture
def office(desk: Desk) -> Caller:
    return desk.caller("county_reviewer", "341502")


@pytest.fixture
def second(desk: Desk) -> Caller:
    return desk.caller("county_reviewer", "341502", sub="second")


@pytest.fixture
async def holders(registry: Registry, hear: Hear) -> list[UUID]:
    """Four persons of the county with certificates of category 4."""
    found = [registry.register(JINAN, on=date(2026, 1, 5)) for _ in range(4)]
    for person_id in found:
        registry.issue(person_id, on=date(2026, 1, 6), until=date(2036, 1, 6))
    await hear()
    return found


def a_need(person_id: UUID, on: str = "2026-03-01", **changed: Any) -> dict[str, Any]:
    told = {"person_id": str(person_id), "item_code": "HEARING_AID", "source": "SURVEY", "registered_on": on}
    return told | changed


async def told(by: Caller, *needs: dict[str, Any]) -> dict[str, Any]:
    return ok(await by.post(NEEDS, {"needs": list(needs)}))


async def waiting(by: Caller, programme_id: str) -> list[str]:
    return [each["person_id"] for each in ok(await by.get(f"{PROGRAMMES}/{programme_id}/waiting"))["items"]]


async def test_a_need_told_by_many_is_one_reh_09(office: Caller, holders: list[UUID]) -> None:
    """REH-09: found by the survey, the doctor, an application: one need, every source, the most urgent and earliest."""
    first = await told(office, a_need(holders[0]), a_need(holders[0], "2026-02-01", source="FAMILY_DOCTOR"))
    assert (first["received"], first["registered"]) == (1, 1)
    again = await told(office, a_need(holders[0], "2026-05-01", source="APPLICATION", priority="DIBAO"))
    assert (again["registered"], again["merged"]) == (0, 1)
    (need,) = ok(await office.get(NEEDS, person_id=str(holders[0])))["items"]
    assert (need["priority"], need["registered_on"]) == ("DIBAO", "2026-02-01")
    assert sorted(need["sources"]) == ["APPLICATION", "FAMILY_DOCTOR", "SURVEY"]


async def test_a_need_told_at_the_same_time_is_one(office: Caller, holders: list[UUID]) -> None:
    outcomes = await asyncio.gather(*(told(office, a_need(holders[0])) for _ in range(5)))
    assert sorted(each["registered"] for each in outcomes) == [0, 0, 0, 0, 1]
    assert len(ok(await office.get(NEEDS))["items"]) == 1


async def test_dibao_comes_before_poor_before_general_then_who_waits_longest_reh_31(
    office: Caller, second: Caller, holders: list[UUID]
) -> None:
    """REH-31: the order of approval."""
    await told(
        office,
        a_need(holders[0], "2026-01-10"),
        a_need(holders[1], "2026-04-01", priority="POOR"),
        a_need(holders[2], "2026-05-01", priority="DIBAO"),
        a_need(holders[3], "2026-03-01", priority="POOR"),
    )
    programme_id = await in_force(office, second, a_document(quota=2))
    order = [str(holders[at]) for at in (2, 3, 1, 0)]
    assert await waiting(office, programme_id) == order
    paged = ok(await office.get(f"{PROGRAMMES}/{programme_id}/waiting", limit=3))
    rest = ok(await office.get(f"{PROGRAMMES}/{programme_id}/waiting", limit=3, cursor=paged["next"]))
    assert [each["person_id"] for each in [*paged["items"], *rest["items"]]] == order
    filled = ok(await office.post(f"{PROGRAMMES}/{programme_id}/refill", None))
    assert [each["person_id"] for each in filled["persons"]] == order[:2]
    assert await waiting(office, programme_id) == order[2:]
    assert ok(await office.post(f"{PROGRAMMES}/{programme_id}/refill", None))["enrolled"] == 0, "no place is free"


async def test_a_freed_place_goes_to_the_next_who_waits_reh_31(
    office: Caller, second: Caller, registry: Registry, hear: Hear, holders: list[UUID]
) -> None:
    """REH-31: vacancies from drop-outs are refilled; so is the place of who died."""
    programme_id = await in_force(office, second, a_document(quota=1))
    place_id = (await enrolled(office, programme_id, holders[0]))["persons"][0]["place_id"]
    await told(office, a_need(holders[1], priority="POOR"), a_need(holders[2], priority="DIBAO"))
    ok(await office.post(f"{PLACES}/{place_id}/release", {"reason": "DROPPED"}, seen='"1"'))
    held = ok(await office.get(f"{PROGRAMMES}/{programme_id}/places", status="HELD"))["items"]
    assert [each["person_id"] for each in held] == [str(holders[2])]
    registry.die(holders[2], on=date(2026, 6, 1))
    await hear()
    held = ok(await office.get(f"{PROGRAMMES}/{programme_id}/places", status="HELD"))["items"]
    assert [each["person_id"] for each in held] == [str(holders[1])]


async def test_what_was_delivered_is_not_waited_for_and_what_was_void_is(
    office: Caller, second: Caller, holders: list[UUID]
) -> None:
    await told(office, a_need(holders[0]))
    programme_id = await in_force(office, second, a_document())
    ok(await office.post(f"{PROGRAMMES}/{programme_id}/refill", None))
    (place,) = ok(await office.get(f"{PROGRAMMES}/{programme_id}/places"))["items"]
    one = ok(await office.post(f"{PLACES}/{place['place_id']}/deliveries", a_gift()))
    (need,) = ok(await office.get(NEEDS, status="MET"))["items"]
    assert need["met_by"] == one["delivery_id"]
    ok(await office.post(f"{DELIVERIES}/{one['delivery_id']}/voiding", None, seen='"1"'))
    (need,) = ok(await office.get(NEEDS, status="OPEN"))["items"]
    assert need["met_by"] is None


async def test_need_and_supply_stand_side_by_side(office: Caller, second: Caller, holders: list[UUID]) -> None:
    """What nobody gives and what nobody needs are both to be seen."""
    await told(office, a_need(holders[0]), a_need(holders[1], item_code="WHEELCHAIR"))
    await in_force(office, second, a_document())
    figures = ok(await office.get("/api/v1/need-figures", division="341502"))["items"]
    assert [(each["item_code"], each["open"], each["programmes"], each["free"]) for each in figures] == [
        ("HEARING_AID", 1, 1, 2),
        ("WHEELCHAIR", 1, 0, 0),
    ]


async def test_who_is_unknown_dead_or_has_no_certificate_does_not_wait(
    office: Caller, second: Caller, registry: Registry, hear: Hear, holders: list[UUID]
) -> None:
    registry.die(holders[1], on=date(2026, 6, 1))
    nobody = registry.register(JINAN, on=date(2026, 1, 5))
    elsewhere = registry.register("341503001004", on=date(2026, 1, 5))
    await hear()
    answer = await told(office, a_need(holders[1]), a_need(elsewhere), a_need(nobody))
    assert [each["outcome"] for each in answer["needs"]] == ["PERSON_HAS_DIED", "PERSON_NOT_KNOWN", "REGISTERED"]
    programme_id = await in_force(office, second, a_document())
    assert await waiting(office, programme_id) == [], "no certificate: a need, and not this programme's"


async def test_a_need_is_withdrawn_once_and_by_who_answers_for_it(
    desk: Desk, office: Caller, holders: list[UUID]
) -> None:
    (need,) = (await told(office, a_need(holders[0])))["needs"]
    path = f"{NEEDS}/{need['need_id']}/withdrawal"
    assert (await desk.caller("county_reviewer", "341503").post(path, None)).status_code == 404
    assert (await office.post(path, None)).status_code == 204
    assert (await office.post(path, None)).json()["code"] == "need_not_found"
    assert (await told(office, a_need(holders[0])))["registered"] == 1, "a new need is another"
    ahead = await office.post(NEEDS, {"needs": [a_need(holders[0], "2026-06-16")]})
    assert (ahead.status_code, ahead.json()["code"]) == (422, "date_in_future")
