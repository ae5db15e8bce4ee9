"""Applications over HTTP on a real PostgreSQL: from the window to the award, and every way it ends otherwise."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.subsidy.adapters import engine
from services.subsidy.adapters.policies import POLICIES
from services.subsidy.adapters.policy_documents import parse
from services.subsidy.domain.entitlement.sources import Population
from services.subsidy.domain.person_facts import Economy, Fact, FactKind, Source
from shared.values.month import Month
from tests.builders.subsidy_applications import TODAY
from tests.integration.subsidy_applications.conftest import AWAY_TOWN, PAPERS, TOWN, VILLAGE, Office, a_number
from tests.unit.kit.a_service import bearer

AFTER_NOTICE = date(2026, 6, 24)


async def _due(office: Office, person_id: UUID, month: str) -> int | None:
    async with office.works.engine.connect() as connection:
        answers = await engine.decide(connection, months=[Month.parse(month)], population=Population.of([person_id]))
    return next(answer.due_fen for answer in answers if answer.scheme == "nursing_subsidy")


async def test_an_application_becomes_an_award_from_its_own_month_sub_20_35(office: Office) -> None:
    """SUB-20, SUB-35."""
    person_id = await office.person()
    case = await office.submit(person_id)
    await office.until_notice(case)
    office.clock.show(date(2026, 7, 2))
    told = await office.step(case, "determination", "county_determiner")
    assert (told["state"], told["first_month"], told["allowed"]) == ("DETERMINED_ELIGIBLE", "2026-06", [])
    award = (await office.call("GET", f"/api/v1/awards/{told['award_id']}", "county_determiner")).json()
    assert (award["status"], award["start_month"], award["application_date"]) == ("ACTIVE", "2026-06", "2026-06-15")
    assert (await _due(office, person_id, "2026-05"), await _due(office, person_id, "2026-06")) == (0, 8000)


async def test_the_account_of_the_form_is_where_the_award_is_paid_masked(office: Office) -> None:
    case = await office.submit(await office.person(), payee="代领人")
    await office.until_notice(case)
    office.clock.show(AFTER_NOTICE)
    told = await office.step(case, "determination", "county_determiner")
    payee = (await office.call("GET", f"/api/v1/awards/{told['award_id']}/payee", "county_determiner")).json()
    assert (payee["name_masked"], payee["bank"], payee["version"]) == ("代**", "徽商银行", 1)
    assert payee["account_masked"].endswith("0001")
    assert payee["account_masked"].startswith("***")


async def test_a_back_payment_is_granted_once_and_stands_in_the_trail_sub_48(office: Office) -> None:
    """SUB-48."""
    case = await office.submit(await office.person())
    await office.until_notice(case)
    office.clock.show(AFTER_NOTICE)
    award_id = (await office.step(case, "determination", "county_determiner"))["award_id"]
    path, why = f"/api/v1/awards/{award_id}/back-payment", {"reason": "REMINDER_MISSED"}
    granted = await office.call("POST", path, "county_determiner", why, version='"1"')
    assert (granted.status_code, granted.json()["months"]) == (201, [])  # nothing had expired
    (kept,) = await office.rows("SELECT count(*) FROM back_payment WHERE award_id = :award", award=award_id)
    assert kept.count == 1
    (told,) = await office.rows("SELECT count(*) FROM audit WHERE what = 'award.back_paid'")
    assert told.count == 1
    again = await office.call("POST", path, "county_determiner", why, version='"1"')
    assert (again.status_code, again.json()["code"]) == (409, "back_payment_exists")


async def test_what_the_rules_said_is_kept_with_the_step(office: Office) -> None:
    case = await office.submit(await office.person())
    await office.until_notice(case)
    kept = await office.rows("SELECT step, failing, amount_fen FROM application_step ORDER BY ordinal")
    assert [(row.step, row.failing, row.amount_fen) for row in kept] == [
        ("submit", None, None),
        ("first_check", None, None),
        ("review", "", 8000),
        ("pre_determine", "", 8000),
        ("start_notice", "", 8000),
    ]


async def test_a_stop_that_came_while_the_case_ran_suspends_the_award_at_once_sub_38(office: Office) -> None:
    """SUB-38."""
    person_id = await office.person()
    case = await office.submit(person_id)
    await office.until_notice(case)
    await office.learn(
        Fact(
            fact_id=uuid4(),
            person_id=person_id,
            kind=FactKind.CARD_CANCELLED,
            valid_from=date(2026, 6, 20),
            source=Source.REGISTRY,
        )
    )
    office.clock.show(date(2026, 7, 2))
    told = await office.step(case, "determination", "county_determiner")
    award = (await office.call("GET", f"/api/v1/awards/{told['award_id']}", "county_determiner")).json()
    assert (award["status"], award["effective_month"]) == ("SUSPENDED", "2026-07")
    assert (await _due(office, person_id, "2026-06"), await _due(office, person_id, "2026-07")) == (8000, 0)


# ---------------------------------------------------------------------------- who is refused


async def test_without_a_valid_card_nothing_is_asked_and_the_review_says_why_read_18(office: Office) -> None:
    """READ-18."""
    case = await office.submit(await office.person(card=False), papers=[])
    refused = await office.step(case, "completion-request", status=409)
    assert (refused["code"], "READ-18" in refused["detail"]) == ("conditions_are_not_met", True)
    ended = await office.step(case, "refusal", body={"reason": "NO_VALID_CARD", "words": "请先申领残疾人证"})
    assert (ended["state"], ended["refusal"]) == ("REFUSED", "NO_VALID_CARD")


@pytest.mark.parametrize(
    ("scheme", "step", "role", "grade", "rule"),
    [
        ("nursing_subsidy", "review", "county_reviewer", 3, "READ-02/grade"),
        ("living_subsidy", "pre-determination", "county_determiner", 2, "READ-02/income"),
    ],
)
async def test_what_did_not_hold_on_the_day_of_the_application_is_named_with_its_rule_read_02(  # noqa: PLR0917
    office: Office, scheme: str, step: str, role: str, grade: int, rule: str
) -> None:
    """READ-02."""
    case = await office.submit(await office.person(grade=grade), scheme=scheme)
    await office.step(case, "first-check", who="checker")
    if step != "review":
        await office.step(case, "review", "county_reviewer")
    refused = await office.step(case, step, role, status=409)
    assert (refused["code"], rule in refused["detail"]) == ("conditions_are_not_met", True)
    assert (await office.call("GET", f"/api/v1/applications/{case}")).json()["version"] == office.versions[case]


async def test_a_condition_first_met_after_the_application_needs_a_new_one_read_02(office: Office) -> None:
    """READ-02."""
    person_id = await office.person()
    case = await office.submit(person_id, scheme="living_subsidy")
    dibao: dict[str, Any] = {"kind": FactKind.ECONOMY, "value": Economy.DIBAO.value, "source": Source.CIVIL_AFFAIRS}
    await office.learn(Fact(fact_id=uuid4(), person_id=person_id, valid_from=TODAY + timedelta(days=1), **dibao))
    await office.step(case, "first-check", who="checker")
    await office.step(case, "review", "county_reviewer")
    await office.step(case, "pre-determination", "county_determiner", status=409)
    await office.learn(Fact(fact_id=uuid4(), person_id=person_id, valid_from=TODAY, **dibao))
    passed = await office.step(case, "pre-determination", "county_determiner")
    assert passed["verdict"] == {"failing": [], "reasons_zh": "", "amount_fen": 7000, "problem": None}


async def test_a_refusal_is_written_kept_encrypted_and_printed_with_its_reason_sub_24(office: Office) -> None:
    """SUB-24."""
    case = await office.submit(await office.person(grade=4))
    await office.step(case, "first-check", who="checker")
    words = "经核对，残疾等级为四级，不在护理补贴范围"
    body = {"reason": "GRADE_OUT_OF_SCOPE", "words": words}
    assert (await office.step(case, "refusal", body=body, status=409))["code"] == "application_step_not_allowed"
    await office.step(case, "review-refusal", "county_reviewer", body)
    page = await office.call("GET", f"/api/v1/applications/{case}/refusal-notice")
    assert page.headers["content-type"].startswith("text/html")
    assert words in page.text
    assert "欧阳小明" in page.text
    (kept,) = await office.rows("SELECT reason_cipher, form_cipher, number_cipher FROM application")
    stored = b"".join(bytes(each) for each in kept)
    assert words.encode() not in stored
    assert "欧阳小明".encode() not in stored


async def test_a_refusal_without_words_or_without_a_reason_is_none_sub_24(office: Office) -> None:
    """SUB-24."""
    case = await office.submit(await office.person())
    for body in ({"reason": "NOT_ELIGIBLE"}, {"words": "不符合条件"}, {"reason": "NOT_ELIGIBLE", "words": " "}):
        await office.step(case, "refusal", body=body, status=422)


async def test_another_person_decides_about_a_refusal_and_may_reopen_the_case_sub_43(office: Office) -> None:
    """SUB-43."""
    case = await office.submit(await office.person())
    await office.step(case, "first-check", who="checker")
    await office.step(case, "review", "county_reviewer")
    body = {"reason": "NOT_ELIGIBLE", "words": "不符合条件"}
    await office.step(case, "determination-refusal", "county_determiner", body)
    await office.step(case, "review-request")
    decision = {"granted": True, "words": "原决定有误"}
    same = await office.step(case, "review-decision", "county_determiner", decision, status=409)
    assert same["code"] == "another_person_must_decide"
    told = await office.step(case, "review-decision", "county_determiner", decision, who="second")
    assert told["state"] == "REVIEWED"
    assert (await office.step(case, "pre-determination", "county_determiner"))["state"] == "PRE_DETERMINED"


# ---------------------------------------------------------------------------- one at a time, four eyes


async def test_a_person_has_one_open_application_a_scheme_and_no_running_award_of_it(office: Office) -> None:
    person_id = await office.person()
    case = await office.submit(person_id)
    number = a_number(office.serial)
    again = await office.call("POST", "/api/v1/applications", body=office.a_form(person_id, citizen_id_no=number))
    assert (again.status_code, again.json()["code"]) == (409, "person_has_open_application")
    await office.submit(person_id, scheme="living_subsidy", citizen_id_no=number)
    await office.until_notice(case)
    office.clock.show(AFTER_NOTICE)
    await office.step(case, "determination", "county_determiner")
    more = await office.call("POST", "/api/v1/applications", body=office.a_form(person_id, citizen_id_no=number))
    assert (more.status_code, more.json()["code"]) == (409, "award_exists")


async def test_a_refused_case_is_not_reviewed_beside_a_new_one(office: Office) -> None:
    person_id = await office.person()
    case = await office.submit(person_id)
    await office.step(case, "refusal", body={"reason": "FALSE_INFORMATION", "words": "材料不实"})
    await office.submit(person_id, citizen_id_no=a_number(1))
    assert (await office.step(case, "review-request", status=409))["code"] == "person_has_open_application"


async def test_who_took_it_in_does_not_determine_it(office: Office) -> None:
    case = await office.submit(await office.person())
    await office.until_notice(case)
    office.clock.show(AFTER_NOTICE)
    for who in ("clerk", "checker", "reviewer"):
        told = await office.step(case, "determination", "county_determiner", who=who, status=409)
        assert told["code"] == "another_person_must_decide"
    assert (await office.step(case, "determination", "county_determiner"))["state"] == "DETERMINED_ELIGIBLE"


async def test_a_step_needs_the_version_seen_and_a_second_click_changes_nothing(office: Office) -> None:
    case = await office.submit(await office.person())
    path = f"/api/v1/applications/{case}/first-check"
    assert (await office.call("POST", path)).status_code == 428
    assert (await office.call("POST", path, version='"99"')).status_code == 412
    headers = {"If-Match": f'"{office.versions[case]}"', "Idempotency-Key": "one-click"}
    headers |= bearer(sub="clerk", roles=["township_clerk"], divisions=["341502"])
    first = await office.client.post(path, headers=headers)
    second = await office.client.post(path, headers=headers)
    assert (first.status_code, second.status_code, first.json()) == (200, 200, second.json())


# ---------------------------------------------------------------------------- notice


async def test_a_notice_shows_name_kind_and_amount_and_nothing_else_sub_23(office: Office) -> None:
    """SUB-23."""
    case = await office.submit(await office.person())
    await office.until_notice(case)
    (posted,) = (await office.call("GET", "/api/v1/public-notices")).json()["items"]
    assert {name: posted[name] for name in ("division", "name_masked", "scheme", "amount_fen", "until")} == {
        "division": VILLAGE,
        "name_masked": "欧**",
        "scheme": "nursing_subsidy",
        "amount_fen": 8000,
        "until": "2026-06-23",
    }
    assert posted.keys() == {"notice_id", "division", "name_masked", "scheme", "amount_fen", "posted_on", "until"}
    elsewhere = await office.call("GET", "/api/v1/public-notices", divisions=["340102"])
    assert elsewhere.json()["items"] == []


async def test_an_objection_holds_the_determination_and_sends_the_case_back_when_it_is_right(office: Office) -> None:
    case = await office.submit(await office.person())
    await office.until_notice(case)
    words = {"words": "该户已搬走"}
    filed = await office.call("POST", f"/api/v1/applications/{case}/objections", body=words)
    assert filed.status_code == 201, filed.text
    office.clock.show(AFTER_NOTICE)
    assert (await office.step(case, "determination", "county_determiner", status=409))["code"] == "objection_is_open"
    listed = (await office.call("GET", f"/api/v1/applications/{case}/objections")).json()["items"]
    assert [each["words"] for each in listed] == [words["words"]]
    path = f"objections/{filed.json()['objection_id']}/decision"
    again = await office.step(case, path, "county_determiner", {"upheld": True})
    assert (again["state"], again["notice_until"]) == ("REVIEWED", None)
    assert (await office.call("GET", "/api/v1/public-notices")).json()["items"] == []
    late = await office.call("POST", f"/api/v1/applications/{case}/objections", body=words)
    assert (late.status_code, late.json()["code"]) == (409, "application_step_not_allowed")


async def test_a_dismissed_objection_lets_the_notice_end(office: Office) -> None:
    case = await office.submit(await office.person())
    await office.until_notice(case)
    filed = await office.call("POST", f"/api/v1/applications/{case}/objections", body={"words": "不应享受"})
    path = f"objections/{filed.json()['objection_id']}/decision"
    assert (await office.step(case, path, "county_determiner", {"upheld": False}))["state"] == "IN_NOTICE"
    assert (await office.step(case, path, "county_determiner", {"upheld": True}, status=404))["code"] == (
        "objection_not_found"
    )
    office.clock.show(AFTER_NOTICE)
    assert (await office.step(case, "determination", "county_determiner"))["state"] == "DETERMINED_ELIGIBLE"


# ---------------------------------------------------------------------------- away from home


async def test_both_counties_see_one_case_and_each_only_what_it_may_sub_25_26_27(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SUB-25, SUB-26, SUB-27."""
    person_id = await office.person()

    async def linked(*_: Any) -> UUID:
        return person_id

    monkeypatch.setattr("services.subsidy.entrypoints.http.applications.intake.linked", linked)
    away: dict[str, Any] = {"divisions": [AWAY_TOWN]}
    case = await office.submit(None, acceptance=AWAY_TOWN, **away)
    told = (await office.call("GET", f"/api/v1/applications/{case}", **away)).json()
    assert (told["channel"], told["home"], told["acceptance"]) == ("CROSS_PROVINCE", VILLAGE, AWAY_TOWN)
    assert (told["desk"], told["due_on"]) == (AWAY_TOWN, "2026-06-18")
    assert (await office.step(case, "push", status=403))["code"] == "division_outside_scope"
    office.clock.show(date(2026, 6, 22))
    pushed = await office.step(case, "push", **away)
    assert (pushed["desk"], pushed["remote"]["pushed_late"], pushed["due_on"]) == (VILLAGE, True, "2026-07-06")
    assert (await office.step(case, "first-check", status=403, **away))["code"] == "division_outside_scope"
    await office.step(case, "first-check", who="checker")
    await office.step(case, "review", "county_reviewer")
    at_home = (await office.call("GET", f"/api/v1/applications/{case}")).json()
    from_away = (await office.call("GET", f"/api/v1/applications/{case}", **away)).json()
    assert at_home["verdict"]["failing"] == []
    assert from_away == at_home | {"verdict": None}
    objections = await office.call("GET", f"/api/v1/applications/{case}/objections", **away)
    assert objections.status_code == 403
    third = await office.call("GET", f"/api/v1/applications/{case}", divisions=["340102"])
    assert (third.status_code, third.json()["code"]) == (404, "application_not_found")


async def test_late_pushes_decisions_and_news_are_counted_for_the_county_that_was_late_sub_29(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SUB-29."""
    persons = [await office.person() for _ in range(3)]

    async def linked(*_: Any) -> UUID:
        return persons.pop()

    monkeypatch.setattr("services.subsidy.entrypoints.http.applications.intake.linked", linked)
    away: dict[str, Any] = {"divisions": [AWAY_TOWN]}
    late, slow, prompt = [await office.submit(None, acceptance=AWAY_TOWN, **away) for _ in range(3)]
    for case in (slow, prompt):
        await office.step(case, "push", **away)
    refusal = {"reason": "NOT_ELIGIBLE", "words": "不符合条件"}
    await office.step(prompt, "refusal", body=refusal)
    await office.step(prompt, "notification", **away)
    office.clock.show(date(2026, 7, 20))
    await office.step(slow, "refusal", body=refusal)
    period = "since=2026-06-01&until=2026-06-30"
    everywhere = await office.call("GET", f"/api/v1/application-counters?{period}", divisions=["*"])
    assert everywhere.json()["items"] == [
        {"county": "341502", "accepted": 0, "received": 3, "pushed_late": 0, "decided_late": 1, "told_late": 0},
        {"county": "500101", "accepted": 3, "received": 0, "pushed_late": 1, "decided_late": 0, "told_late": 0},
    ]
    office.clock.show(date(2026, 7, 24))
    (there,) = (await office.call("GET", f"/api/v1/application-counters?{period}", divisions=["5001"])).json()["items"]
    assert (there["pushed_late"], there["told_late"]) == (1, 1)
    overdue = (await office.call("GET", "/api/v1/overdue-applications", **away)).json()["items"]
    assert [each["application_id"] for each in overdue] == [late]


async def test_somebody_of_another_county_is_found_by_their_number_only(office: Office) -> None:
    person_id = await office.person()
    away: dict[str, Any] = {"divisions": [AWAY_TOWN]}
    body = office.a_form(person_id, acceptance=AWAY_TOWN)
    unseen = await office.call("POST", "/api/v1/applications", body=body, **away)
    assert (unseen.status_code, unseen.json()["code"]) == (404, "person_not_known")
    body.pop("person_id")
    unreachable = await office.call("POST", "/api/v1/applications", body=body, **away)
    assert (unreachable.status_code, unreachable.json()["code"]) == (503, "service_unavailable")
    await office.submit(person_id, scheme="living_subsidy", citizen_id_no=body["citizen_id_no"])
    known = await office.call("POST", "/api/v1/applications", body=body, **away)
    assert known.status_code == 201, "the number was seen here before: nobody has to be asked"
    other = await office.person()
    theirs = body | {"person_id": str(other), "acceptance": TOWN}
    anothers = await office.call("POST", "/api/v1/applications", body=theirs)
    assert (anothers.status_code, anothers.json()["code"]) == (409, "applicant_not_linked")


async def test_a_case_is_taken_in_only_inside_the_clerks_divisions(office: Office) -> None:
    outside = await office.call("POST", "/api/v1/applications", body=office.a_form(None, acceptance=AWAY_TOWN))
    assert (outside.status_code, outside.json()["code"]) == (403, "division_outside_scope")


# ---------------------------------------------------------------------------- live check, death, restart, own access


async def test_the_live_certificate_is_shown_beside_ours_and_its_silence_blocks_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await office.submit(await office.person())
    silent = (await office.call("GET", f"/api/v1/applications/{case}/certificate-check")).json()
    assert (silent["asked"], silent["agrees"], silent["copy_status"]) == (False, None, "VALID")

    async def now(*_: Any, **__: Any) -> dict[str, Any]:
        return {"status": "FROZEN", "category": 4, "grade": 2, "expires_on": "2030-03-01"}

    monkeypatch.setattr("services.subsidy.entrypoints.http.applications.lists.certificate_now", now)
    told = (await office.call("GET", f"/api/v1/applications/{case}/certificate-check")).json()
    assert (told["asked"], told["status"], told["agrees"]) == (True, "FROZEN", False)
    await office.until_notice(case)


async def test_death_ends_the_case_and_the_months_before_it_stay_owed_rules_4_6(office: Office) -> None:
    person_id = await office.person()
    case = await office.submit(person_id)
    assert (await office.step(case, "death-closing", "county_determiner", status=409))["code"] == "applicant_lives"
    death = Fact(
        fact_id=uuid4(), person_id=person_id, kind=FactKind.DEATH, valid_from=date(2026, 7, 3), source=Source.REGISTRY
    )
    await office.learn(death)
    async with office.works.begin() as work:
        await work.connection.execute(text("UPDATE copy_registry_person SET died_on = '2026-07-03'"))
    office.clock.show(date(2026, 8, 3))
    listed = (await office.call("GET", "/api/v1/applications?died=true")).json()["items"]
    assert [each["application_id"] for each in listed] == [case]
    closed = await office.step(case, "death-closing", "county_determiner")
    assert (closed["state"], closed["award_id"] is not None) == ("CLOSED_DEATH", True)
    dues = [await _due(office, person_id, month) for month in ("2026-06", "2026-07", "2026-08")]
    assert dues == [8000, 8000, 0]


async def test_death_of_somebody_who_was_not_eligible_owes_nothing(office: Office) -> None:
    person_id = await office.person(grade=4)
    case = await office.submit(person_id)
    async with office.works.begin() as work:
        await work.connection.execute(text("UPDATE copy_registry_person SET died_on = '2026-06-20'"))
    closed = await office.step(case, "death-closing", "county_determiner")
    assert (closed["state"], closed["award_id"]) == ("CLOSED_DEATH", None)


async def test_a_person_sees_their_own_applications_and_nobody_elses(office: Office) -> None:
    person_id = await office.person()
    case = await office.submit(person_id)
    await office.submit(await office.person())
    mine = await office.call("GET", "/api/v1/me/applications", "person", divisions=[], person_id=str(person_id))
    assert [each["application_id"] for each in mine.json()["items"]] == [case]
    theirs = await office.call("GET", f"/api/v1/me/wards/{person_id}/applications", "person", divisions=[])
    assert theirs.status_code == 404


async def test_the_form_is_shown_masked_and_papers_are_asked_in_one_list(office: Office) -> None:
    case = await office.submit(await office.person(), papers=["IDENTITY_CARD"], name="欧阳小明")
    form = (await office.call("GET", f"/api/v1/applications/{case}/form")).json()
    assert (form["name_masked"], form["account_masked"][-4:], form["phone_masked"]) == ("欧**", "0001", "143****1234")
    asked = await office.step(case, "completion-request")
    assert asked["asked_papers"] == ["BANK_CARD", "CERTIFICATE", "HOUSEHOLD_BOOK"]
    office.clock.show(date(2026, 7, 1))
    back = await office.step(case, "completion", body={"papers": PAPERS})
    assert (back["state"], back["application_date"], back["first_month"]) == ("SUBMITTED", "2026-06-15", "2026-06")


async def test_a_quota_that_is_used_up_grants_no_more(office: Office) -> None:
    first, second = [await office.submit(await office.person()) for _ in range(2)]
    for case in (first, second):
        await office.until_notice(case)
    quota = {
        "division": "341502",
        "title": "名额",
        "legal_basis": "县文",
        "since": "2026-01",
        "schemes": {"nursing_subsidy": {"quota": 1}},
    }
    async with office.works.begin() as work:
        stored = await POLICIES.draft(work.connection, work.new_id(), parse(quota), by="a")
        await POLICIES.put_in_force(work.connection, stored, approved_by="b")
    office.clock.show(AFTER_NOTICE)
    await office.step(first, "determination", "county_determiner")
    assert (await office.step(second, "determination", "county_determiner", status=409))["code"] == "quota_is_used_up"
