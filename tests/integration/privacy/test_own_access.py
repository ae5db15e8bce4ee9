"""Whoever looks at their own data sees themself, whatever the division, and nobody else."""

from typing import Any

import pytest

from tests.integration.privacy.conftest import OTHER, Office, a_number


async def _guardian(office: Office, ward: str, **changes: Any) -> str:
    body = {
        "name": "监护人甲",
        "citizen_id_no": a_number(900),
        "relation": "PARENT",
        "account": "iam-77",
        "valid_from": "2020-01-01",
        **changes,
    }
    made = await office.call("POST", f"/api/v1/persons/{ward}/guardians", body=body)
    assert made.status_code == 201, made.text
    return str(made.json()["guardian_id"])


async def test_a_person_sees_themself_wherever_they_live(office: Office) -> None:
    person_id = await office.register(1)
    await office.issue(person_id)
    for divisions in ([], [OTHER]):
        own = await office.call("GET", "/api/v1/me", "person", divisions=divisions, person_id=person_id)
        assert own.status_code == 200
        assert own.json()["person"]["person_id"] == person_id
        assert len(own.json()["certificates"]) == 1
        assert own.json()["person"]["name_masked"] == "金**"


async def test_a_person_reaches_nobody_else(office: Office) -> None:
    mine, other = await office.register(1), await office.register(2)
    for path in (f"/api/v1/persons/{other}", "/api/v1/persons", "/api/v1/certificates", "/api/v1/person-requests"):
        refused = await office.call("GET", path, "person", divisions=["*"], person_id=mine)
        assert refused.status_code == 403
    ward = await office.call("GET", f"/api/v1/me/wards/{other}", "guardian", person_id=mine)
    assert ward.status_code == 404


async def test_a_token_that_is_nobody_in_the_register_sees_nothing(office: Office) -> None:
    assert (await office.call("GET", "/api/v1/me", "person")).status_code == 404
    unknown = await office.call("GET", "/api/v1/me", "person", person_id="01945b6c-0000-7000-8000-000000000000")
    assert unknown.status_code == 404
    assert (await office.call("GET", "/api/v1/me", "person", person_id="somebody")).status_code == 401


async def test_an_official_has_no_own_access_by_office(office: Office) -> None:
    person_id = await office.register(1)
    refused = await office.call("GET", "/api/v1/me", "county_reviewer", person_id=person_id)
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("changes", "claims", "status"),
    [
        ({}, {}, 200),
        ({"valid_to": "2099-12-31"}, {}, 200),
        ({"valid_to": "2021-12-31"}, {}, 404),
        ({"valid_from": "2099-01-01"}, {}, 404),
        ({"account": None}, {}, 404),
        ({"account": "somebody-else"}, {}, 404),
        ({}, {"ward_ids": []}, 404),
    ],
)
async def test_a_guardian_sees_a_ward_while_token_and_register_say_so(
    office: Office, changes: dict[str, Any], claims: dict[str, Any], status: int
) -> None:
    ward = await office.register(1)
    await _guardian(office, ward, **changes)
    told = {"ward_ids": [ward], **claims}
    seen = await office.call("GET", f"/api/v1/me/wards/{ward}", "guardian", who="iam-77", divisions=[], **told)
    assert seen.status_code == status
    listed = await office.call("GET", "/api/v1/me/wards", "guardian", who="iam-77", divisions=[], **told)
    assert len(listed.json()["items"]) == (status == 200)


async def test_an_ended_guardianship_shows_nothing_from_the_day_after(office: Office) -> None:
    ward = await office.register(1)
    guardian = await _guardian(office, ward)
    ended = await office.call(
        "POST", f"/api/v1/persons/{ward}/guardians/{guardian}/ending", body={"valid_to": "2025-12-31"}
    )
    assert ended.status_code == 200
    seen = await office.call("GET", f"/api/v1/me/wards/{ward}", "guardian", who="iam-77", ward_ids=[ward])
    assert seen.status_code == 404


async def test_a_guardianship_does_not_end_before_it_began(office: Office) -> None:
    ward = await office.register(1)
    guardian = await _guardian(office, ward)
    path = f"/api/v1/persons/{ward}/guardians/{guardian}/ending"
    refused = await office.call("POST", path, body={"valid_to": "0228-09-22"})
    assert (refused.status_code, refused.json()["code"]) == (422, "guardian_dates_are_wrong")


async def test_a_guardian_of_one_is_none_of_another_in_the_claim(office: Office) -> None:
    ward, other = await office.register(1), await office.register(2)
    await _guardian(office, ward)
    claimed: dict[str, Any] = {"ward_ids": [ward, other]}
    listed = await office.call("GET", "/api/v1/me/wards", "guardian", who="iam-77", **claimed)
    assert [item["person"]["person_id"] for item in listed.json()["items"]] == [ward]
    assert (
        await office.call("GET", f"/api/v1/me/wards/{other}", "guardian", who="iam-77", **claimed)
    ).status_code == 404


async def test_guardians_belong_to_persons_of_the_callers_divisions(office: Office) -> None:
    ward = await office.register(1)
    guardian = await _guardian(office, ward)
    path = f"/api/v1/persons/{ward}/guardians"
    assert (await office.call("GET", path, divisions=[OTHER])).status_code == 404
    ending = {"valid_to": "2025-12-31"}
    assert (await office.call("POST", f"{path}/{guardian}/ending", body=ending, divisions=[OTHER])).status_code == 404
    wrong = {"name": "甲", "citizen_id_no": a_number(3), "relation": "PARENT", "valid_from": "2025-01-01"}
    assert (await office.call("POST", path, body={**wrong, "valid_to": "2024-01-01"})).status_code == 422


async def test_looking_at_oneself_is_in_the_audit_trail_too(office: Office) -> None:
    person_id = await office.register(1)
    await office.call("GET", "/api/v1/me", "person", who="me", person_id=person_id)
    [row] = await office.rows(
        "SELECT purpose, fields FROM audit WHERE person_id = :id AND actor = 'me' AND kind = 'LOOK'", id=person_id
    )
    assert tuple(row) == ("OWN_REQUEST", "person,certificates,stops")
