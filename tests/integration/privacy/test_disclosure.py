"""Personal values in clear: for who may, where they may, for a stated purpose, and remembered."""

from typing import Any

import pytest
from httpx import Response

from tests.integration.privacy.conftest import OTHER, Office, a_number

NAME, PHONE, ADDRESS = "欧阳金丝雀", "14312341234", "金丝雀路七号三单元"


async def _somebody(office: Office, serial: int = 1) -> str:
    return await office.register(serial, name=NAME, phone=PHONE, address=ADDRESS)


async def _disclose(office: Office, person_id: str, role: str = "county_reviewer", **changes: Any) -> Response:
    body = {"fields": ["name", "phone"], "purpose": "CASE_HANDLING", **changes}
    return await office.call("POST", f"/api/v1/persons/{person_id}/disclosure", role, body)


async def test_every_ordinary_answer_is_masked(office: Office) -> None:
    person_id = await _somebody(office)
    await office.issue(person_id)
    await office.call(
        "POST",
        f"/api/v1/persons/{person_id}/guardians",
        body={
            "name": NAME,
            "citizen_id_no": a_number(2),
            "phone": PHONE,
            "relation": "PARENT",
            "valid_from": "2020-01-01",
        },
    )
    for path in ("", f"/{person_id}", f"/{person_id}/stops", f"/{person_id}/guardians"):
        await office.call("GET", f"/api/v1/persons{path}")
    await office.call("POST", "/api/v1/persons/lookup", body={"citizen_id_no": a_number(1)})
    await office.call("GET", "/api/v1/certificates")
    shown = await office.call("GET", f"/api/v1/persons/{person_id}")
    assert shown.json()["name_masked"] == "欧**"
    assert shown.json()["citizen_id_masked"] == "*" * 14 + a_number(1)[-4:]
    assert shown.json()["phone_masked"] == "143****1234"
    assert shown.json()["address_masked"].endswith("***")
    assert "路" not in shown.json()["address_masked"]
    told = "".join(answer.text for answer in office.seen)
    assert not any(clear in told for clear in (NAME, PHONE, ADDRESS, a_number(1), a_number(2)))


async def test_who_may_sees_the_fields_asked_for_and_no_others(office: Office) -> None:
    person_id = await _somebody(office)
    await office.issue(person_id)
    answer = await _disclose(office, person_id)
    assert answer.json()["fields"] == {"name": NAME, "phone": PHONE}
    everything = ["name", "citizen_id_no", "phone", "address", "certificate_no"]
    told = (await _disclose(office, person_id, fields=everything)).json()["fields"]
    assert told == {
        "name": NAME,
        "citizen_id_no": a_number(1),
        "phone": PHONE,
        "address": ADDRESS,
        "certificate_no": f"{a_number(1)}42",
    }


async def test_a_disclosure_is_in_the_audit_trail_with_its_purpose_before_it_is_answered(office: Office) -> None:
    person_id = await _somebody(office)
    await _disclose(office, person_id, purpose="COMPLAINT", case_ref="XF-2026-0012")
    [row] = await office.rows(
        "SELECT actor, fields, purpose, what, division FROM audit WHERE person_id = :id AND what LIKE 'disclosed%'",
        id=person_id,
    )
    assert tuple(row) == ("the-county_reviewer", "name,phone", "COMPLAINT", "disclosed in XF-2026-0012", "341502001")


@pytest.mark.parametrize(
    "changes",
    [
        {"purpose": None},
        {"purpose": "CURIOSITY"},
        {"purpose": ""},
        {"fields": []},
        {"fields": ["name", "shoe_size"]},
        {"case_ref": "a case with words"},
        {"case_ref": f"X-{a_number(1)}"},
    ],
)
async def test_without_a_purpose_of_the_list_nothing_is_shown(office: Office, changes: dict[str, Any]) -> None:
    person_id = await _somebody(office)
    refused = await _disclose(office, person_id, **changes)
    assert refused.status_code == 422
    assert NAME not in refused.text
    body = {"fields": ["name"]}
    assert (await office.call("POST", f"/api/v1/persons/{person_id}/disclosure", body=body)).status_code == 422


@pytest.mark.parametrize(
    "role",
    ["statistician", "bank_operator", "institution", "system_administrator", "security_administrator", "person", ""],
)
async def test_who_may_not_unmask_sees_nothing(office: Office, role: str) -> None:
    person_id = await _somebody(office)
    refused = await _disclose(office, person_id, role)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")


async def test_a_person_of_another_division_is_not_there(office: Office) -> None:
    person_id = await _somebody(office)
    body = {"fields": ["name"], "purpose": "CASE_HANDLING"}
    path = f"/api/v1/persons/{person_id}/disclosure"
    assert (await office.call("POST", path, body=body, divisions=[OTHER])).status_code == 404


async def test_contacts_change_for_who_saw_the_latest_version(office: Office) -> None:
    person_id = await _somebody(office)
    path, body = f"/api/v1/persons/{person_id}/contact", {"phone": "14300000000", "address": None}
    assert (await office.call("PUT", path, body=body)).status_code == 428
    assert (await office.call("PUT", path, body=body, version='"7"')).status_code == 412
    changed = await office.call("PUT", path, body=body, version='"1"')
    assert (changed.json()["phone_masked"], changed.json()["address_masked"]) == ("143****0000", None)
    told = (await _disclose(office, person_id, fields=["phone", "address"])).json()["fields"]
    assert told == {"phone": "14300000000", "address": None}
    [row] = await office.rows(
        "SELECT detail FROM audit WHERE what = 'person.contact_changed' AND person_id = :id", id=person_id
    )
    assert "fp:" in row.detail
    assert PHONE not in row.detail
