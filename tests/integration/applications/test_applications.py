"""Cases over HTTP from the counter to the card, and every way they stop on it (RULES 3.1)."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.registry.adapters.own_data import reveal
from shared.contracts.registry import (
    CertificateChanged,
    CertificateIssued,
    CertificateLost,
    CertificateRenewed,
    CertificateReplaced,
    CertificateTransferred,
)
from shared.values.division import Scope
from tests.integration.applications.conftest import (
    LIMB_2,
    OTHER_VILLAGE,
    PHYSICIANS,
    TODAY,
    VILLAGE,
    Case,
    Offices,
    a_number,
)


async def test_a_new_certificate_is_issued_for_ten_years_when_the_card_is_in_the_holder_s_hand_cert_11(
    offices: Offices,
) -> None:
    person = await offices.person()
    case = await offices.completed(person)
    assert case.told["state"] == "COMPLETED"
    card = await offices.card_of(person)
    assert (card["status"], card["category"], card["grade"]) == ("VALID", 4, 2)
    assert (card["issued_on"], card["expires_on"]) == ("2026-06-24", "2036-06-24")
    told = [event for event in await offices.announced() if isinstance(event, CertificateIssued)]
    assert [str(event.certificate.certificate_id) for event in told] == [card["certificate_id"]]


async def test_the_notice_runs_five_working_days_across_the_dragon_boat_weekend_cert_05(offices: Offices) -> None:
    case = await offices.assessed(await offices.person())
    await case.step("notice")
    # 15 June is a Monday; 19 June 2026 is the festival, hence the fifth working day is the Tuesday after.
    assert case.told["notice_until"] == "2026-06-23"
    offices.today_is(date(2026, 6, 23))
    early = await case.ask("notice-ending")
    assert (early.status_code, early.json()["code"]) == (409, "notice_runs")
    offices.today_is(date(2026, 6, 24))
    assert (await case.step("notice-ending"))["state"] == "UNDER_REVIEW"


async def test_a_step_out_of_turn_names_the_steps_that_are_allowed(offices: Offices) -> None:
    case = await offices.submit(await offices.person())
    refused = await case.ask("approval")
    assert refused.status_code == 409
    assert refused.json()["code"] == "application_step_not_allowed"
    assert refused.json()["allowed"] == ["return", "accept", "reject", "withdraw"]


async def test_what_is_missing_is_asked_for_once_cert_03(offices: Offices) -> None:
    case = await offices.submit(await offices.person(), papers=[{"paper": "IDENTITY_CARD"}])
    refused = await case.ask("acceptance", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "papers_are_missing")
    await case.step("return")
    assert case.told["asked_papers"] == ["APPLICATION_FORM", "ASSESSMENT_FORM", "HOUSEHOLD_BOOK", "PHOTOGRAPHS"]
    await case.step("resubmission", {"papers": [{"paper": "PHOTOGRAPHS"}]})
    again = await case.ask("return")
    assert (again.status_code, again.json()["code"]) == (409, "completion_was_asked")
    ended = await case.step("rejection", {"reason": "STILL_INCOMPLETE", "words": "补正后仍缺户口簿"})
    assert (ended["state"], ended["rejection"]) == ("REJECTED", "STILL_INCOMPLETE")


async def test_a_person_has_one_open_case(offices: Offices) -> None:
    person = await offices.person()
    case = await offices.submit(person)
    second = await offices.ask(person)
    assert (second.status_code, second.json()["code"]) == (409, "person_has_open_application")
    await case.step("withdrawal")
    assert (await offices.ask(person)).status_code == 201


async def test_who_does_not_meet_the_standard_is_told_and_may_dispute_it_within_ten_working_days_cert_21(
    offices: Offices,
) -> None:
    nothing = {"assessed_on": TODAY.isoformat(), "findings": [], "physicians": PHYSICIANS}
    case = await offices.assessed(await offices.person(), nothing)
    refused = await case.ask("notice")
    assert refused.status_code == 409, refused.text
    assert (refused.status_code, refused.json()["code"]) == (409, "standard_is_not_met"), refused.text
    await case.step("declination", {"words": "未达到残疾标准"})
    offices.today_is(date(2026, 7, 1))
    late = await case.ask("dispute", {"words": "对评定结论有异议"})
    assert (late.status_code, late.json()["code"]) == (409, "dispute_is_late")
    offices.today_is(date(2026, 6, 30))
    assert (await case.step("dispute", {"words": "对评定结论有异议"}))["desk"] == "3415"


async def test_a_dispute_that_is_won_opens_the_case_that_puts_it_right_cert_22(offices: Offices) -> None:
    person = await offices.person()
    nothing = {"assessed_on": TODAY.isoformat(), "findings": [], "physicians": PHYSICIANS}
    case = await offices.assessed(person, nothing)
    await case.step("declination", {"words": "未达到残疾标准"})
    await case.step("dispute", {"words": "有异议"})
    hospital = await offices.hospital()
    not_theirs = await case.ask("dispute-decision", {**LIMB_2, "institution_id": hospital})
    assert (not_theirs.status_code, not_theirs.json()["code"]) == (403, "division_outside_scope")
    await case.step("dispute-decision", {**nothing, "institution_id": hospital}, by=offices.city)
    await case.step("escalation", {"words": "仍有异议"})
    assert case.told["desk"] == "34"
    final = await case.step("dispute-decision", {**LIMB_2, "institution_id": hospital}, by=offices.province)
    assert (final["state"], final["dispute_found"]) == ("FINAL", "4:2")
    following = (await offices.county.get("/api/v1/applications", state="UNDER_REVIEW")).json()["items"]
    assert [(one["person_id"], one["found"], one["channel"]) for one in following] == [(person, "4:2", "HOUSE")]


async def test_a_physician_alone_concludes_nothing_and_grades_follow_measures_id_17(offices: Offices) -> None:
    case = await offices.submit(await offices.person(), categories=[2])
    await case.step("acceptance", {})
    await case.step("assignment", {"institution_id": await offices.hospital()})
    deaf = {"category": 2, "grade": 1, "measures": {"HEARING_LOSS_DB": 85}}
    alone = await case.ask("conclusion", {**LIMB_2, "findings": [deaf], "physicians": PHYSICIANS[:1]})
    assert alone.json()["code"] == "physicians_are_not_two"
    wrong = await case.ask("conclusion", {**LIMB_2, "findings": [deaf]})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "grade_disagrees_with_measures")
    unmeasured = await case.ask("conclusion", {**LIMB_2, "findings": [{"category": 2, "grade": 2}]})
    assert unmeasured.json()["code"] == "measures_are_missing"
    told = await case.step("conclusion", {**LIMB_2, "findings": [{**deaf, "grade": 2}]})
    assert told["found"] == "2:2"


async def test_an_institution_concludes_its_own_cases_only_cert_02(offices: Offices) -> None:
    case = await offices.submit(await offices.person())
    await case.step("acceptance", {})
    await case.step("assignment", {"institution_id": await offices.hospital()})
    assert (await case.ask("conclusion", LIMB_2, by=offices.stranger)).status_code == 404
    assert (await case.step("conclusion", LIMB_2, by=offices.institution))["state"] == "ASSESSED"


async def test_an_institution_is_assigned_only_for_what_it_is_designated_for_cert_02(offices: Offices) -> None:
    case = await offices.submit(await offices.person())
    await case.step("acceptance", {})
    refused = await case.ask("assignment", {"institution_id": await offices.hospital([1, 2])})
    assert (refused.status_code, refused.json()["code"]) == (409, "institution_is_not_designated")


async def test_an_objection_holds_the_notice_and_when_upheld_the_assessment_is_made_again(offices: Offices) -> None:
    case = await offices.assessed(await offices.person())
    await case.step("notice")
    objection = await case.ask("objections", {"words": "此人行动自如"})
    assert objection.status_code == 201
    offices.today_is(date(2026, 6, 24))
    held = await case.ask("notice-ending")
    assert (held.status_code, held.json()["code"]) == (409, "objection_is_open")
    decision = {"upheld": True, "reassess": True, "words": "重新评定"}
    told = await case.step(f"objections/{objection.json()['objection_id']}/decision", decision)
    assert (told["state"], told["found"]) == ("ASSESSMENT_PENDING", None)


async def test_a_notice_shows_no_more_than_a_notice_may_pi_03(offices: Offices) -> None:
    case = await offices.assessed(await offices.person())
    await case.step("notice")
    (posted,) = (await offices.county.get("/api/v1/public-notices")).json()["items"]
    assert set(posted) == {"notice_id", "division", "name_masked", "matter", "found", "posted_on", "until"}
    assert "小明" not in str(posted)


async def test_places_are_taken_one_by_one_and_given_back_when_another_is_booked_cert_33(offices: Offices) -> None:
    hospital = await offices.hospital()
    slots: list[dict[str, Any]] = [
        {"day": "2026-06-18", "begins": f"{hour:02}:00", "ends": f"{hour:02}:30", "categories": [4], "capacity": 1}
        for hour in (9, 10)
    ]
    offered = await offices.institution.post(f"/api/v1/assessment-institutions/{hospital}/slots", {"slots": slots})
    assert offered.json() == {"offered": 2}
    first, second = (
        await offices.county.get(f"/api/v1/assessment-institutions/{hospital}/slots", since="2026-06-18")
    ).json()["items"]
    cases: list[Case] = []
    for serial in (1, 2):
        case = await offices.submit(await offices.person(serial))
        await case.step("acceptance", {})
        await case.step("assignment", {"institution_id": hospital})
        cases.append(case)
    assert (await cases[0].ask("bookings", {"slot_id": first["slot_id"]})).status_code == 201
    full = await cases[1].ask("bookings", {"slot_id": first["slot_id"]})
    assert (full.status_code, full.json()["code"]) == (409, "slot_is_full")
    assert (await cases[0].ask("bookings", {"slot_id": second["slot_id"]})).status_code == 201
    assert (await cases[1].ask("bookings", {"slot_id": first["slot_id"]})).status_code == 201
    left = (await offices.county.get(f"/api/v1/assessment-institutions/{hospital}/slots")).json()["items"]
    assert [slot["left"] for slot in left] == [0, 0]


async def test_who_cannot_come_is_assessed_at_home_or_by_video_cert_08(offices: Offices) -> None:
    hospital = await offices.hospital()
    place = {"day": "2026-06-18", "begins": "14:00", "ends": "15:00", "categories": [4], "capacity": 1}
    slots = [{**place, "mode": mode} for mode in ("HOME", "TELE")]
    path = f"/api/v1/assessment-institutions/{hospital}/slots"
    assert (await offices.county.post(path, {"slots": slots})).json() == {"offered": 2}
    offered = (await offices.county.get(path)).json()["items"]
    assert {slot["mode"] for slot in offered} == {"HOME", "TELE"}
    case = await offices.submit(await offices.person())
    await case.step("acceptance", {})
    early = await case.ask("bookings", {"slot_id": offered[0]["slot_id"]})
    assert (early.status_code, early.json()["code"]) == (409, "application_step_not_allowed")
    await case.step("assignment", {"institution_id": hospital})
    assert (await case.ask("bookings", {"slot_id": offered[0]["slot_id"]})).status_code == 201
    came = await offices.institution.post(f"{case.path}/attendance", {"attended": True})
    assert came.json()["state"] == "ATTENDED"
    told = await case.step("conclusion", {**LIMB_2, "mode": offered[0]["mode"]})
    assert told["state"] == "ASSESSED"


async def test_a_renewal_without_change_needs_no_assessment_and_begins_ten_new_years_cert_15_16(
    offices: Offices,
) -> None:
    person = await offices.person()
    await offices.completed(person)
    old = await offices.card_of(person)
    offices.today_is(date(2035, 12, 23))
    early = await offices.ask(person, "RENEWAL")
    assert (early.status_code, early.json()["code"]) == (409, "renewal_is_too_early")
    await _enter_years(offices, 2035, 2036)
    offices.today_is(date(2035, 12, 24))
    case = await offices.submit(person, "RENEWAL")
    for verb, body in (("acceptance", {}), ("assessment-waiver", None), ("approval", None)):
        await case.step(verb, body)
    await case.step("production")
    await case.step("handover")
    card = await offices.card_of(person)
    assert (card["status"], card["issued_on"], card["expires_on"]) == ("VALID", "2035-12-24", "2045-12-24")
    renewed = [event for event in await offices.announced() if isinstance(event, CertificateRenewed)]
    assert [str(event.superseded.certificate_id) for event in renewed] == [old["certificate_id"]]
    assert renewed[0].superseded.status == "SUPERSEDED"


async def _enter_years(offices: Offices, *years: int) -> None:
    for year in years:
        body = {"days": [{"day": f"{year}-01-01", "works": False}], "basis": f"国办发明电〔{year - 1}〕1号"}
        answer = await offices.administrator.put(f"/api/v1/working-years/{year}", body)
        assert answer.is_success, answer.text


async def test_a_year_nobody_entered_fails_loudly_and_not_with_a_guess_12_10(offices: Offices) -> None:
    person = await offices.person()
    offices.today_is(date(2034, 5, 4))
    refused = await offices.ask(person)
    assert (refused.status_code, refused.json()["code"]) == (422, "working_days_of_year_are_unknown")
    await _enter_years(offices, 2034)
    assert (await offices.ask(person)).status_code == 201


@pytest.mark.parametrize(
    ("days", "code"),
    [
        ([("2000-01-01", False)], "working_day_exception_is_outside_the_calendar"),
        ([("2034-01-02", False), ("2034-01-02", True)], "working_day_exception_is_repeated"),
    ],
    ids=["of another year, though it changes nothing", "twice"],
)
async def test_a_year_is_entered_day_by_day_or_refused_12_10(
    offices: Offices, days: list[tuple[str, bool]], code: str
) -> None:
    body = {"days": [{"day": day, "works": works} for day, works in days], "basis": "国办发明电〔2033〕1号"}
    refused = await offices.administrator.put("/api/v1/working-years/2034", body)
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert days[0][0] in refused.json()["detail"]


async def test_a_lost_card_is_void_at_once_replaced_with_b1_and_keeps_its_expiry_id_09_read_20(
    offices: Offices,
) -> None:
    person = await offices.person()
    await offices.completed(person)
    case = await offices.submit(person, "REPLACEMENT", event_date="2026-06-24")
    await case.step("acceptance", {})
    assert (await offices.card_of(person))["status"] == "LOST"
    for verb in ("assessment-waiver", "approval", "production", "handover"):
        await case.step(verb)
    card = await offices.card_of(person)
    assert (card["status"], card["issued_on"], card["expires_on"]) == ("VALID", "2026-06-24", "2036-06-24")
    assert await _number(offices, person) == f"{a_number()}42B1"
    kinds = [type(event) for event in await offices.announced()][-2:]
    assert kinds == [CertificateLost, CertificateReplaced]


async def _number(offices: Offices, person: str) -> str:
    """What the card bears, in clear."""
    async with offices.works.begin() as work:
        revealed = await reveal(work, UUID(person), frozenset({"certificate_no"}), within=Scope.everywhere())
    return str(revealed.values["certificate_no"])


async def test_another_grade_makes_another_number_for_the_same_person_cert_19_id_11(offices: Offices) -> None:
    person = await offices.person()
    await offices.completed(person)
    offices.today_is(TODAY)
    one = {**LIMB_2, "findings": [{"category": 4, "grade": 1}]}
    case = await offices.completed(person, one, matter="CHANGE")
    assert case.told["state"] == "COMPLETED"
    assert await _number(offices, person) == f"{a_number()}41"
    changed = [event for event in await offices.announced() if isinstance(event, CertificateChanged)]
    assert [(event.superseded.grade, event.certificate.grade) for event in changed] == [(2, 1)]


async def test_a_multiple_disability_takes_the_grade_of_its_most_severe_component_id_12_13(offices: Offices) -> None:
    person = await offices.person()
    both = [
        {"category": 4, "grade": 3},
        {"category": 6, "grade": 2, "measures": {"WHO_DAS": 110}},
    ]
    await offices.completed(person, {**LIMB_2, "findings": both})
    card = await offices.card_of(person)
    assert (card["category"], card["grade"], card["components"]) == (7, 2, "4:3;6:2")
    assert (await _number(offices, person)).endswith("72")


async def test_a_transfer_is_seen_by_both_counties_and_decided_by_the_one_it_leads_to_cert_23(
    offices: Offices,
) -> None:
    person = await offices.person()
    await offices.completed(person)
    identity = {"name": "王小明", "citizen_id_no": a_number(), "division": OTHER_VILLAGE}
    asked = {"applicant": identity, "acceptance": OTHER_VILLAGE, "to": OTHER_VILLAGE}
    case = await offices.submit(None, "TRANSFER", by=offices.other, event_date="2026-06-24", **asked)
    assert case.told["leaving"] == VILLAGE
    assert (await offices.county.get(case.path)).status_code == 200, "the county it leaves sees the case"
    not_its_turn = await case.ask("acceptance", {}, by=offices.county)
    assert (not_its_turn.status_code, not_its_turn.json()["code"]) == (403, "division_outside_scope")
    for verb, body in (("acceptance", {}), ("assessment-waiver", None), ("approval", None), ("completion", None)):
        await case.step(verb, body)
    card = await offices.card_of(person)
    assert (card["status"], card["division"]) == ("VALID", OTHER_VILLAGE)
    (told,) = [event for event in await offices.announced() if isinstance(event, CertificateTransferred)]
    assert (told.stop.division, told.stop.event_date) == (VILLAGE, date(2026, 6, 24))


async def test_away_from_home_one_county_takes_in_and_the_other_decides_cert_30_31(offices: Offices) -> None:
    person = await offices.person()
    await offices.completed(person)
    offices.today_is(date(2036, 1, 4))
    await _enter_years(offices, 2036)
    identity = {"name": "王小明", "citizen_id_no": a_number(), "division": VILLAGE}
    asked = {"applicant": identity, "acceptance": OTHER_VILLAGE}
    without = await offices.submit(None, "RENEWAL", by=offices.other, **asked)
    refused = await without.ask("acceptance", {})
    assert "RESIDENCE_PERMIT" in refused.json()["detail"]
    await without.step("withdrawal")
    papers = [{"paper": each} for each in ("IDENTITY_CARD", "PHOTOGRAPHS", "APPLICATION_FORM", "OLD_CARD")]
    papers.append({"paper": "RESIDENCE_PERMIT"})
    case = await offices.submit(None, "RENEWAL", by=offices.other, **{**asked, "papers": papers})
    assert (case.told["home"], case.told["acceptance"]) == (VILLAGE, OTHER_VILLAGE)
    assert (await case.ask("acceptance", {}, by=offices.county)).status_code == 403, "the home county waits"
    await case.step("acceptance", {})
    await case.step("assessment-waiver")
    assert (await case.ask("approval")).status_code == 403, "the residence county has done its part"
    for verb in ("approval", "production", "handover"):
        await case.step(verb, by=offices.county)
    assert (await case.step("rating", {"stars": 5}))["rating"] == 5
    counted = (await offices.city.get("/api/v1/application-counters", since="2036-01-01", until="2036-12-31")).json()
    assert {(one["county"], one["state"]) for one in counted["items"] if one["matter"] == "RENEWAL"} >= {
        ("341503", "SUBMITTED"),
        ("341502", "UNDER_REVIEW"),
    }


async def test_a_damaged_card_is_exchanged_and_the_certificate_stays_as_it_is_cert_17(offices: Offices) -> None:
    person = await offices.person()
    await offices.completed(person)
    before, told = await offices.card_of(person), len(await offices.announced())
    case = await offices.submit(person, "EXCHANGE")
    for verb, body in (("acceptance", {}), ("assessment-waiver", None), ("approval", None)):
        await case.step(verb, body)
    assert (await case.ask("completion")).json()["code"] == "matter_makes_a_card"
    for verb in ("production", "handover"):
        await case.step(verb)
    assert await offices.card_of(person) == before
    assert len(await offices.announced()) == told, "nothing changed that anybody has to know"


async def test_nobody_outside_the_case_sees_it(offices: Offices) -> None:
    case = await offices.submit(await offices.person())
    assert (await offices.other.get(case.path)).status_code == 404
    assert (await offices.other.get("/api/v1/applications")).json()["items"] == []


async def test_a_matter_that_must_be_handled_at_home_is_refused_elsewhere_cert_30(offices: Offices) -> None:
    person = await offices.person()
    await offices.completed(person)
    identity = {"name": "王小明", "citizen_id_no": a_number(), "division": VILLAGE}
    refused = await offices.ask(None, "EXCHANGE", by=offices.other, applicant=identity, acceptance=OTHER_VILLAGE)
    assert (refused.status_code, refused.json()["code"]) == (409, "matter_stays_at_home")


async def test_after_a_voluntary_cancellation_nobody_applies_for_a_year_cert_29(offices: Offices) -> None:
    person = await offices.person()
    await offices.completed(person)
    case = await offices.submit(person, "CANCELLATION", cancellation="VOLUNTARY", event_date="2026-06-24")
    for verb, body in (("acceptance", {}), ("assessment-waiver", None), ("approval", None), ("completion", None)):
        await case.step(verb, body)
    assert (await offices.card_of(person))["status"] == "CANCELLED"
    offices.today_is(date(2026, 12, 1))
    barred = await offices.ask(person)
    assert (barred.status_code, barred.json()["code"]) == (409, "person_is_barred")
    await _enter_years(offices, 2027)
    offices.today_is(date(2027, 6, 24))
    assert (await offices.ask(person)).status_code == 201


async def test_what_is_overdue_is_listed_longest_due_first_cert_06(offices: Offices) -> None:
    late = await offices.submit(await offices.person(1))
    offices.today_is(date(2026, 6, 22))
    await offices.submit(await offices.person(2))
    assert (await offices.county.get("/api/v1/overdue-applications")).json()["items"] == []
    offices.today_is(date(2026, 6, 24))
    (listed,) = (await offices.county.get("/api/v1/overdue-applications")).json()["items"]
    assert listed["application_id"] == late.told["application_id"]
    (step,) = (await offices.county.get(f"{late.path}/steps")).json()["items"]
    assert (step["target"], step["late"]) == ("SUBMITTED", True)


async def test_a_county_decides_its_own_time_limits_and_a_matter_may_have_others_cert_32(offices: Offices) -> None:
    rule = {"name": "sla_submitted", "value": 1, "valid_from": "2026-01-01", "basis": "六裕残〔2026〕3号"}
    assert (await offices.county.post("/api/v1/local-rules", {**rule, "division": "341502"})).status_code == 201
    assert (await offices.county.post("/api/v1/local-rules", {**rule, "division": "3415"})).status_code == 403
    wrong = await offices.county.post("/api/v1/local-rules", {**rule, "division": "341502", "value": 0})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "local_rule_value_is_wrong")
    case = await offices.submit(await offices.person())
    assert case.told["due_on"] == "2026-06-16"
