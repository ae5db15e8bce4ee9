"""Households with their members over time, and clients who are served without a certificate."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from services.registry.adapters.own_data import erase
from shared.contracts.registry import ClientAdmitted, ClientEnded
from tests.integration.persons.conftest import OTHER, OTHER_VILLAGE, VILLAGE, Office

SEVERE: dict[str, Any] = {
    "ground": "SEVERE_MENTAL",
    "diagnosed_on": "2026-06-01",
    "risk_level": 3,
    "guardian_applied": True,
}


async def a_household(office: Office, **given: Any) -> str:
    answer = await office.post("/api/v1/households", {"division": VILLAGE, **given})
    assert answer.status_code == 201, answer.text
    path: str = f"/api/v1/households/{answer.json()['household_id']}"
    return path


async def join(office: Office, household: str, person: dict[str, Any], **given: Any) -> Any:
    body = {"person_id": person["person_id"], "relation": "CHILD", "since": "2026-01-01", **given}
    return await office.post(f"{household}/members", body)


async def test_members_of_a_household_are_those_of_the_day_that_is_asked_for(office: Office) -> None:
    person, household = await office.register("王小明"), await a_household(office)
    assert (await join(office, household, person)).status_code == 201
    ended = await office.post(f"{household}/members/{person['person_id']}/ending", {"valid_to": "2026-05-31"})
    assert ended.status_code == 200, ended.text
    then = (await office.get(household, as_of="2026-05-31")).json()["members"]
    assert [member["person_id"] for member in then] == [person["person_id"]]
    assert (await office.get(household, as_of="2026-06-01")).json()["members"] == []
    kept = (await office.get(f"/api/v1/persons/{person['person_id']}/households")).json()["items"]
    assert [(each["valid_from"], each["valid_to"]) for each in kept] == [("2026-01-01", "2026-05-31")]


async def test_a_person_belongs_to_one_household_at_a_time(office: Office) -> None:
    person = await office.register("王小明")
    first, second = await a_household(office), await a_household(office)
    await join(office, first, person)
    refused = await join(office, second, person)
    assert (refused.status_code, refused.json()["code"]) == (409, "person_has_household")
    await office.post(f"{first}/members/{person['person_id']}/ending", {"valid_to": "2026-05-31"})
    assert (await join(office, second, person, since="2026-06-01")).status_code == 201


async def test_the_number_of_a_household_book_is_taken_once_and_never_shown(office: Office) -> None:
    household = await a_household(office, book_no="H12345678", address="解放路 1 号")
    again = await office.post("/api/v1/households", {"division": VILLAGE, "book_no": "H12345678"})
    assert (again.status_code, again.json()["code"]) == (409, "household_is_known")
    shown = await office.get(household)
    assert shown.json()["book_no_masked"] == "*****5678"
    assert "解放路" not in shown.text


async def test_members_of_other_counties_are_not_shown(office: Office) -> None:
    household = await a_household(office)
    theirs = await office.register("李秀英", 2, division=OTHER_VILLAGE)
    assert (await join(office, household, theirs)).status_code == 404
    assert (await office.get(household, divisions=[OTHER])).status_code == 404


# --- clients ---------------------------------------------------------------------------------------------------------


async def admit(office: Office, person: dict[str, Any], **given: Any) -> Any:
    return await office.post(f"/api/v1/persons/{person['person_id']}/clients", {**SEVERE, **given})


async def test_a_severe_mental_disorder_is_served_on_diagnosis_and_the_guardians_application_cert_36(
    office: Office,
) -> None:
    person = await office.register("王小明")
    admitted = await admit(office, person, diagnosis="双相情感障碍")
    assert (admitted.status_code, admitted.json()["valid_to"]) == (201, None)
    assert "双相" not in admitted.text
    (told,) = [event for event in await office.told() if isinstance(event, ClientAdmitted)]
    assert told.client.ground.value == "SEVERE_MENTAL"
    ended = await office.post(f"/api/v1/clients/{admitted.json()['client_id']}/ending", {"valid_to": "2026-06-20"})
    assert ended.json()["valid_to"] == "2026-06-20"
    assert sum(isinstance(event, ClientEnded) for event in await office.told()) == 1


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"risk_level": 2}, "risk_level_3"),
        ({"risk_level": None}, "risk_level_3"),
        ({"guardian_applied": False}, "guardian_application"),
    ],
)
async def test_a_lower_risk_or_no_application_is_no_ground_cert_36(
    office: Office, given: dict[str, Any], missing: str
) -> None:
    refused = await admit(office, await office.register("王小明"), **given)
    assert (refused.status_code, refused.json()["code"]) == (409, "client_ground_not_met")
    assert missing in refused.json()["detail"]


@pytest.mark.parametrize(
    ("born", "last"), [("20200616", "2027-06-15"), ("20190616", "2026-06-15"), ("20200229", "2027-02-27")]
)
async def test_a_child_is_served_on_a_diagnosis_until_the_day_before_the_seventh_birthday_cert_37(
    office: Office, born: str, last: str
) -> None:
    person = await office.register("王小明", born=born)
    admitted = await admit(office, person, ground="CHILD_DIAGNOSED", risk_level=None, guardian_applied=False)
    assert (admitted.status_code, admitted.json()["valid_to"]) == (201, last), admitted.text


async def test_on_the_seventh_birthday_a_diagnosis_is_no_ground_any_more_cert_37(office: Office) -> None:
    person = await office.register("王小明", born="20190615")
    refused = await admit(office, person, ground="CHILD_DIAGNOSED")
    assert (refused.status_code, refused.json()["code"]) == (409, "client_ground_not_met")


async def test_clients_are_listed_in_their_divisions_only(office: Office) -> None:
    admitted = await admit(office, await office.register("王小明"))
    (listed,) = (await office.get("/api/v1/clients", ground="SEVERE_MENTAL")).json()["items"]
    assert listed["client_id"] == admitted.json()["client_id"]
    assert (await office.get("/api/v1/clients", ground="CHILD_DIAGNOSED")).json()["items"] == []
    assert (await office.get("/api/v1/clients", divisions=[OTHER])).json()["items"] == []


async def test_a_household_is_nameless_once_its_last_member_was_erased(office: Office) -> None:
    """PIPL art. 47: the book and its address tell of whoever lived there."""
    one, two = await office.register("王小明"), await office.register("王小红", 2)
    household = await a_household(office, book_no="H12345678", address="解放路 1 号")
    for person in (one, two):
        assert (await join(office, household, person)).status_code == 201
    for person, left in ((one, "*****5678"), (two, None)):
        async with office.works.begin() as work:
            await erase(work, UUID(person["person_id"]))
        assert (await office.get(household)).json()["book_no_masked"] == left
