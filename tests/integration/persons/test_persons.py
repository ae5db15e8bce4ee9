"""Who a person is: numbers, names, places, search."""

from __future__ import annotations

from typing import Any

import pytest

from shared.values.identity_number import check_character
from tests.integration.persons.conftest import COUNTY, OTHER, OTHER_VILLAGE, VILLAGE, Office, a_number


async def names_found(office: Office, **asked: Any) -> list[str]:
    divisions = asked.pop("divisions", (COUNTY,))
    answer = await office.post("/api/v1/persons/search", asked, divisions=divisions)
    assert answer.status_code == 200, answer.text
    return [item["person_id"] for item in answer.json()["items"]]


async def test_a_fifteen_digit_number_is_upgraded_and_kept_as_it_was_written_id_05(office: Office) -> None:
    person = await office.register("王小明", number="990101700101001")
    assert person["citizen_id_masked"].endswith(a_number(1)[-4:])
    row = await office.one("SELECT citizen_id_raw_cipher FROM person")
    assert row.citizen_id_raw_cipher is not None
    again = await office.post("/api/v1/persons", {"name": "王小明", "citizen_id_no": a_number(1), "division": VILLAGE})
    assert again.json()["code"] == "person_is_registered"


async def test_a_number_written_as_it_is_has_no_second_writing(office: Office) -> None:
    await office.register("王小明")
    assert (await office.one("SELECT citizen_id_raw_cipher FROM person")).citizen_id_raw_cipher is None


@pytest.mark.parametrize(("given", "field"), [({"sex": 2}, "性别"), ({"birth_date": "1970-01-02"}, "出生日期")])
async def test_sex_and_birth_date_must_be_those_of_the_number_id_02(
    office: Office, given: dict[str, Any], field: str
) -> None:
    body = {"name": "王小明", "citizen_id_no": a_number(1), "division": VILLAGE, **given}
    answer = await office.post("/api/v1/persons", body)
    assert answer.status_code == 422
    assert field in answer.text


async def test_sex_and_birth_date_that_agree_are_taken_id_02(office: Office) -> None:
    await office.register("王小明", sex=1, birth_date="1970-01-01")


@pytest.mark.parametrize("spoil", ["checksum", "month"])
async def test_a_number_that_cannot_be_is_refused_id_03(office: Office, spoil: str) -> None:
    number = a_number(1)
    wrong = number[:17] + ("0" if number[17] != "0" else "1")
    if spoil == "month":
        wrong = "99010119701301001"
        wrong += check_character(wrong)
    answer = await office.post("/api/v1/persons", {"name": "王", "citizen_id_no": wrong, "division": VILLAGE})
    assert answer.status_code == 422


@pytest.mark.parametrize("name", ["王小明", "小明", "wangxiaoming", "wang xiao", "wxm", "王"])
async def test_a_person_is_found_by_characters_pinyin_and_initials(office: Office, name: str) -> None:
    person = await office.register("王小明")
    await office.register("李秀英", 3)
    assert await names_found(office, name=name) == [person["person_id"]]


async def test_a_person_is_found_by_number_certificate_number_and_telephone(office: Office) -> None:
    person = await office.register("王小明", phone="14312345678")
    await office.issue(person["person_id"])
    other = await office.register("王小明", 3)
    number = a_number(1)
    assert await names_found(office, citizen_id_no=number) == [person["person_id"]]
    assert await names_found(office, certificate_no=f"{number}42") == [person["person_id"]]
    assert await names_found(office, certificate_no=f"{number}43") == []
    assert await names_found(office, phone="14312345678") == [person["person_id"]]
    assert await names_found(office, name="王小明", status="VALID") == [person["person_id"]]
    assert set(await names_found(office, name="王小明")) == {person["person_id"], other["person_id"]}
    assert await names_found(office, expires_from="2030-01-01", expires_to="2030-12-31") == [person["person_id"]]
    assert await names_found(office, expires_to="2029-12-31") == []


async def test_nobody_is_found_outside_the_callers_divisions(office: Office) -> None:
    person = await office.register("王小明", division=OTHER_VILLAGE)
    assert await names_found(office, name="王小明") == []
    assert await names_found(office, name="王小明", division=OTHER) == []
    assert await names_found(office, name="王小明", divisions=[OTHER]) == [person["person_id"]]


async def test_a_family_name_alone_needs_a_county(office: Office) -> None:
    await office.register("王小明")
    answer = await office.post("/api/v1/persons/search", {"name": "王"}, divisions=["*"])
    assert answer.status_code == 422
    assert answer.json()["code"] == "name_is_too_short"
    assert len(await names_found(office, name="王", division=COUNTY, divisions=["*"])) == 1


async def test_nothing_of_a_name_lies_in_the_index_in_clear(office: Office) -> None:
    await office.register("王小明", phone="14312345678")
    row = await office.one("SELECT terms::text AS terms, pg_column_size(terms) AS size FROM person_search")
    assert "王" not in row.terms
    assert "14312345678" not in row.terms
    assert row.size < 300


async def test_pages_of_a_search_follow_each_other_without_gap_or_repeat(office: Office) -> None:
    persons = {(await office.register("王小明", serial))["person_id"] for serial in range(1, 8)}
    found: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    while True:
        answer = (await office.post("/api/v1/persons/search", {"name": "王小明"}, **query)).json()
        found += [item["person_id"] for item in answer["items"]]
        if answer["next"] is None:
            break
        query["cursor"] = answer["next"]
    assert len(found) == 7
    assert set(found) == persons


async def test_persons_are_counted_by_the_divisions_below(office: Office) -> None:
    for serial, division in enumerate([VILLAGE, VILLAGE, OTHER_VILLAGE], start=1):
        await office.register("王小明", serial, division=division)
    counted = (await office.get("/api/v1/persons/counts", division="3415", divisions=["3415"])).json()["items"]
    assert counted == [{"division": COUNTY, "persons": 2}, {"division": OTHER, "persons": 1}]
    mine = (await office.get("/api/v1/persons/counts", division="3415")).json()["items"]
    assert mine == [{"division": COUNTY, "persons": 2}]


async def test_a_former_name_finds_the_person_and_one_taken_back_does_not(office: Office) -> None:
    person = await office.register("王小明")
    path = f"/api/v1/persons/{person['person_id']}/names"
    added = await office.post(path, {"kind": "FORMER", "name": "王建国", "valid_to": "2010-05-01"})
    assert added.status_code == 201, added.text
    assert added.json()["name_masked"] == "王**"
    await office.settle()
    assert await names_found(office, name="建国") == [person["person_id"]]
    gone = await office.post(f"{path}/{added.json()['name_id']}/withdrawal")
    assert gone.json()["items"] == []
    await office.settle()
    assert await names_found(office, name="建国") == []
    assert await names_found(office, name="王小明") == [person["person_id"]]


async def test_a_new_telephone_is_found_and_the_old_one_is_not(office: Office) -> None:
    person = await office.register("王小明", phone="14300000001")
    changed = await office.call(
        "PUT", f"/api/v1/persons/{person['person_id']}/contact", {"phone": "14300000002", "address": None}
    )
    assert changed.status_code == 200, changed.text
    await office.settle()
    assert await names_found(office, phone="14300000002") == [person["person_id"]]
    assert await names_found(office, phone="14300000001") == []


async def test_living_elsewhere_changes_no_home_cert_01(office: Office) -> None:
    person = await office.register("王小明")
    path = f"/api/v1/persons/{person['person_id']}"
    moved = await office.call(
        "PUT", f"{path}/residence", {"division": "320102", "since": "2026-01-05", "permit_no": "3201020000001"}
    )
    assert moved.status_code == 200, moved.text
    assert (moved.json()["division"], moved.json()["residence_division"]) == (VILLAGE, "320102")
    before = (await office.get(path, as_of="2026-06-15", known_at="2026-01-01T00:00:00Z")).status_code
    assert before == 404, "nobody was registered then"
    today = (await office.get(path)).json()
    assert today["residence_division"] == "320102"
    history = (await office.get(f"{path}/history")).json()["items"]
    assert [entry["what"] for entry in history] == ["REGISTERED", "RESIDENCE"]


async def test_a_stale_version_changes_nothing(office: Office) -> None:
    person = await office.register("王小明")
    body = {"division": None, "since": "2026-01-05"}
    path = f"/api/v1/persons/{person['person_id']}/residence"
    assert (await office.call("PUT", path, body, seen='"7"')).status_code == 412
    assert (await office.call("PUT", path, body, seen=None)).status_code == 428


async def test_another_county_sees_nothing_of_a_person(office: Office) -> None:
    person = await office.register("王小明")
    for path in ("", "/history", "/names", "/households", "/merges"):
        answer = await office.get(f"/api/v1/persons/{person['person_id']}{path}", divisions=[OTHER])
        assert answer.status_code == 404 or answer.json()["items"] == [], path
