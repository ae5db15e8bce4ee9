"""Identity numbers of other services' lists become person ids: in bulk, in scope, audited, nothing repeated."""

from __future__ import annotations

import pytest

from tests.integration.persons.conftest import COUNTY, OTHER_VILLAGE, Office, a_number

LINK = "/api/v1/person-links"


async def test_numbers_become_ids_in_their_order_and_nothing_else_comes_out(office: Office) -> None:
    first, second = await office.register("王小明", 1), await office.register("李秀英", 2)
    asked = [a_number(2), a_number(9), a_number(1), "341502"]
    answer = await office.post(LINK, {"citizen_id_numbers": asked}, machine="person:link")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert [each["person_id"] for each in told["items"]] == [second["person_id"], None, first["person_id"], None]
    assert told["found"] == 2
    assert [bool(each["fault"]) for each in told["items"]] == [False, False, False, True]
    assert a_number(1) not in answer.text
    assert "王" not in answer.text


async def test_a_number_with_a_small_x_or_of_fifteen_digits_means_the_same_person_id_05(office: Office) -> None:
    old = "990101700101001"
    person = await office.register("王小明", number=old)
    answer = await office.post(LINK, {"citizen_id_numbers": [old, a_number(1)]}, machine="person:link")
    assert [each["person_id"] for each in answer.json()["items"]] == [person["person_id"]] * 2


async def test_nobody_outside_the_callers_divisions_is_linked(office: Office) -> None:
    await office.register("王小明", 1, division=OTHER_VILLAGE)
    answer = await office.post(LINK, {"citizen_id_numbers": [a_number(1)]}, machine="person:link", divisions=[COUNTY])
    assert answer.json()["items"] == [{"person_id": None, "fault": None}]


async def test_a_merged_record_is_the_surviving_one(office: Office) -> None:
    survivor, absorbed = await office.register("王小明", 1), await office.register("王小明", 3)
    body = {"survivor_id": survivor["person_id"], "absorbed_id": absorbed["person_id"]}
    assert (await office.post("/api/v1/merges", body)).status_code == 201
    answer = await office.post(LINK, {"citizen_id_numbers": [a_number(3)]}, machine="person:link")
    assert answer.json()["items"][0]["person_id"] == survivor["person_id"]


async def test_every_person_found_is_in_the_audit_trail(office: Office) -> None:
    person = await office.register("王小明", 1)
    await office.post(LINK, {"citizen_id_numbers": [a_number(1), a_number(9)]}, machine="person:link")
    seen = await office.one(
        "SELECT count(*) AS entries FROM audit WHERE what = 'linked' AND person_id = :person",
        person=person["person_id"],
    )
    assert seen.entries == 1


@pytest.mark.parametrize("role", ["county_reviewer", "township_clerk", "auditor"])
async def test_no_person_of_any_role_may_turn_numbers_into_ids(office: Office, role: str) -> None:
    assert (await office.post(LINK, {"citizen_id_numbers": [a_number(1)]}, role=role)).status_code == 403


@pytest.mark.parametrize("numbers", [[], [""], [a_number(1)] * 5_001], ids=["none", "an empty one", "too many"])
async def test_what_is_no_list_of_numbers_is_refused(office: Office, numbers: list[str]) -> None:
    answer = await office.post(LINK, {"citizen_id_numbers": numbers}, machine="person:link")
    assert answer.status_code == 422
