"""What the product does not do, and how it says so."""

from datetime import timedelta
from uuid import uuid4

import pytest

from deploy.demo.proofs import cancelling
from tests.system.house import COUNTY, OTHER_COUNTY, OTHER_VILLAGE, VILLAGE, Desk, Holder, House


async def test_no_award_without_a_certificate(house: House) -> None:
    """SUB-18."""
    person = await house.a_person()
    refused = await house.granted(Holder(person, ""))
    assert (refused.status_code, refused.json()["code"]) == (409, "certificate_not_valid")


async def test_no_award_on_a_cancelled_certificate(house: House) -> None:
    holder = await house.a_holder()
    await house.reviewer.change(holder.certificate, "cancellation", cancelling("VOLUNTARY"))
    refused = await house.granted(holder)
    assert (refused.status_code, refused.json()["code"]) == (409, "certificate_not_valid")
    assert "CANCELLED" in refused.json()["detail"]


async def test_no_award_for_a_day_before_the_certificate_was_issued(house: House) -> None:
    holder = await house.a_holder()
    refused = await house.granted(holder, application_date="2019-12-31")
    assert (refused.status_code, refused.json()["code"]) == (409, "certificate_not_valid")


async def test_no_award_for_a_day_that_lies_ahead(house: House) -> None:
    """SUB-35."""
    holder = await house.a_holder()
    tomorrow = await house.today() + timedelta(days=1)
    refused = await house.granted(holder, application_date=tomorrow.isoformat())
    assert (refused.status_code, refused.json()["code"]) == (422, "start_month_not_allowed")


async def test_no_award_after_a_death(house: House) -> None:
    holder = await house.a_holder()
    body = {"died_on": (await house.today()).isoformat(), "source": "FAMILY"}
    await house.reviewer.change(holder.person, "death-report", body)
    refused = await house.granted(holder)
    assert (refused.status_code, refused.json()["code"]) == (409, "person_has_died")


async def test_no_second_award_of_the_same_scheme_and_a_first_one_of_the_other(house: House) -> None:
    holder = await house.a_holder(grade=1)
    await house.an_award(holder)
    refused = await house.granted(holder)
    assert (refused.status_code, refused.json()["code"]) == (409, "award_exists")
    assert (await house.granted(holder, scheme="living_subsidy")).status_code == 201


async def test_a_step_the_law_does_not_know_is_refused_with_those_it_knows(house: House) -> None:
    """RULES 3.2."""
    holder = await house.a_holder()
    await house.reviewer.change(holder.certificate, "cancellation", cancelling("VOLUNTARY"))
    seen = (await house.reviewer.get(holder.certificate)).headers["etag"]
    body = {"reason": "SUSPECT_FRAUD"}
    refused = await house.reviewer.post(f"{holder.certificate}/freezing", body, If_Match=seen)
    assert refused.status_code == 409
    assert refused.headers["content-type"].startswith("application/problem+json")
    assert refused.json()["code"] == "certificate_step_not_allowed"
    assert "reinstate" in refused.text


async def test_a_change_of_a_version_nobody_looked_at_is_refused(house: House) -> None:
    holder = await house.a_holder()
    path, body = f"{holder.certificate}/cancellation", cancelling("VOLUNTARY")
    assert (await house.reviewer.post(path, body)).status_code == 428
    assert (await house.reviewer.post(path, body, If_Match='"1"')).status_code == 412
    assert (await house.reviewer.read(holder.certificate))["status"] == "VALID"


@pytest.mark.parametrize(
    ("service", "role", "path"),
    [("registry", "auditor", "/api/v1/persons"), ("subsidy", "auditor", "/api/v1/awards")],
)
async def test_a_parameter_nobody_knows_is_refused_not_passed_over(
    house: House, service: str, role: str, path: str
) -> None:
    refused = await house.desk(service, role).get(path, colour="red")
    assert refused.status_code == 400
    assert "colour" in refused.text


async def test_a_field_nobody_knows_is_refused_not_passed_over(house: House) -> None:
    body = {"name": "王小明", "citizen_id_no": house.a_number(), "division": VILLAGE, "age": 30}
    refused = await house.reviewer.post("/api/v1/persons", body)
    assert refused.status_code == 422
    assert "age" in refused.text


async def test_refusals_are_chinese_unless_english_is_asked_for(house: House) -> None:
    path = f"/api/v1/persons/{uuid4()}/certificates"
    body = {"category": 4, "grade": 2}
    chinese = await house.reviewer.post(path, body)
    english = await house.reviewer.post(path, body, Accept_Language="en")
    assert (chinese.json()["title"], english.json()["title"]) == ("人员不存在", "Person not found")
    assert chinese.json()["code"] == english.json()["code"]


# ---------------------------------------------------------------------------- divisions


async def test_what_lies_outside_the_callers_divisions_is_not_there(house: House) -> None:
    holder = await house.a_holder(division=VILLAGE)
    award = await house.an_award(holder)
    cancelled = await house.reviewer.change(holder.certificate, "cancellation", cancelling("VOLUNTARY"))
    await house.award_becomes(award, "SUSPENDED")
    neighbour = house.desk("registry", "auditor", OTHER_COUNTY)
    event = f"/api/v1/journal/events/{cancelled['stop_id']}"
    for path in (holder.person, holder.certificate, f"/api/v1/stops/{cancelled['stop_id']}", event):
        assert (await neighbour.get(path)).status_code == 404, path
        assert (await house.desk("registry", "auditor", COUNTY).get(path)).status_code == 200, path
    for path in (award, f"{award}/steps"):
        assert (await house.desk("subsidy", "auditor", OTHER_COUNTY).get(path)).status_code == 404
        assert (await house.desk("subsidy", "auditor", COUNTY).get(path)).status_code == 200


async def test_lists_hold_the_callers_divisions_and_no_others(house: House) -> None:
    ours, theirs = await house.a_holder(division=VILLAGE), await house.a_holder(division=OTHER_VILLAGE)

    async def seen_by(desk: Desk) -> set[str]:
        return {person["person_id"] for person in await desk.listed("/api/v1/persons")}

    assert ours.person_id in await seen_by(house.desk("registry", "auditor", COUNTY))
    assert theirs.person_id not in await seen_by(house.desk("registry", "auditor", COUNTY))
    assert {ours.person_id, theirs.person_id} <= await seen_by(house.desk("registry", "auditor", "3415"))


async def test_nothing_is_created_outside_the_callers_divisions(house: House) -> None:
    body = {"name": "王小明", "citizen_id_no": house.a_number(), "division": VILLAGE}
    refused = await house.desk("registry", "county_reviewer", OTHER_COUNTY).post("/api/v1/persons", body)
    assert (refused.status_code, refused.json()["code"]) == (403, "division_outside_scope")


async def test_an_award_cannot_be_granted_to_somebody_elsewhere(house: House) -> None:
    holder = await house.a_holder(division=VILLAGE)
    await house.told("subsidy")
    body = {"person_id": holder.person_id, "scheme": "nursing_subsidy"}
    refused = await house.desk("subsidy", "county_determiner", OTHER_COUNTY).post("/api/v1/awards", body)
    assert (refused.status_code, refused.json()["code"]) == (404, "person_not_known")


async def test_a_role_does_what_its_office_does_and_nothing_else(house: House) -> None:
    body = {"name": "王小明", "citizen_id_no": house.a_number(), "division": VILLAGE}
    for role in ("auditor", "statistician", "county_determiner", "system_administrator"):
        refused = await house.desk("registry", role).post("/api/v1/persons", body)
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied"), role
    refused = await house.desk("registry", "").post("/api/v1/persons", body)
    assert (refused.status_code, refused.json()["code"]) == (401, "token_missing")
