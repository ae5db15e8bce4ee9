"""What is due, why, and what people see of it: told end to end (RULES 4.7, 4.9, SUB-38 to SUB-48, READ-21)."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from deploy.demo.proofs import cancelling
from shared.values.month import Month
from tests.system.house import Holder, House

NURSING: Final = "nursing_subsidy"
LIVING: Final = "living_subsidy"
MONTHLY_FEN: Final = 7000
"""Either subsidy, grades 1 and 2, in Lu'an (profile T-AH)."""


@pytest.fixture(scope="module", autouse=True)
async def policy(house: House) -> None:
    """The national rules and those of Anhui."""
    await house.policy_in_force("national", "T-AH")


async def explained(house: House, holder: Holder, scheme: str, month: Month, **params: str) -> dict[str, Any]:
    path = f"/api/v1/persons/{holder.person_id}/entitlements/{scheme}/{month}"
    return await house.determiner.read(path, **params)


def fired(explanation: dict[str, Any]) -> set[str]:
    return {rule["id"] for rule in explanation["rules"] if rule["stops"]}


async def test_a_cancellation_stops_the_right_month_is_named_and_its_reinstatement_restores_exactly_what_was_owed(
    house: House,
) -> None:
    holder = await house.a_holder(grade=1)
    award = await house.an_award(holder, application_date="2025-01-15")
    today = await house.today()
    this_month = Month.of(today)
    span = Month.parse("2025-01"), this_month.next()
    owed = await house.due(holder.person, NURSING, *span)
    assert set(owed.values()) == {MONTHLY_FEN}

    happened_on = today - timedelta(days=70)
    before = datetime.now(UTC)
    body = cancelling("NO_LONGER_MEETS", effective_date=happened_on.isoformat())
    cancelled = await house.reviewer.change(holder.certificate, "cancellation", body)
    seen = await house.award_becomes(award, "SUSPENDED")
    assert seen["effective_month"] == str(Month.of(happened_on).next())
    stopped = await house.due(holder.person, NURSING, *span)
    assert {month for month, fen in stopped.items() if fen == 0} == {m for m in owed if m >= seen["effective_month"]}
    assert all(fen == MONTHLY_FEN for month, fen in stopped.items() if month < seen["effective_month"])

    why = await explained(house, holder, NURSING, this_month)
    assert fired(why) >= {"SUB-38/cancel"}
    (named,) = [fact for fact in why["facts"] if fact["id"] == cancelled["stop_id"]]
    assert (named["what"], named["source"], named["valid_from"]) == (
        "残疾人证注销",
        "REGISTRY",
        happened_on.isoformat(),
    )
    path = f"/api/v1/persons/{holder.person_id}/entitlements/{NURSING}/{this_month}"
    page = await house.determiner.get(f"{path}/page")
    assert page.headers["content-type"].startswith("text/html")
    assert "残疾人证注销，次月起停发" in page.text
    assert cancelled["stop_id"] in page.text
    changed = await house.determiner.read(f"{path}/comparison", before=before.isoformat())
    assert changed["difference_fen"] == -MONTHLY_FEN
    assert [fact["id"] for fact in changed["learned"]] == [cancelled["stop_id"]]

    await house.reviewer.change(holder.certificate, "reinstatement")
    restored = await house.award_becomes(award, "ACTIVE")
    assert restored["cause"] is None
    assert await house.due(holder.person, NURSING, *span) == owed


async def test_a_human_pause_outlives_whatever_is_recomputed_and_ends_only_by_a_person(house: House) -> None:
    holder = await house.a_holder(grade=2)
    award = await house.an_award(holder)
    paused = await house.determiner.change(award, "pausing", {"reason": "UNDER_REVIEW"})
    assert paused["status"] == "PAUSED"
    frozen = await house.reviewer.change(holder.certificate, "cancellation", cancelling("VOLUNTARY"))
    await house.told("subsidy")
    seen = await house.determiner.read(award)
    assert (seen["status"], seen["cause"]["event_id"]) == ("PAUSED", frozen["stop_id"])
    await house.reviewer.change(holder.certificate, "reinstatement")
    await house.stays(award, "PAUSED")
    next_month = Month.of(await house.today()).next()
    assert set((await house.due(holder.person, NURSING, next_month, next_month.plus(3))).values()) == {0}
    assert "PAUSE" in fired(await explained(house, holder, NURSING, next_month))

    resumed = await house.determiner.change(award, "resumption", {"reason": "REVIEW_PASSED"})
    assert resumed["status"] == "ACTIVE"
    assert set((await house.due(holder.person, NURSING, next_month, next_month.plus(3))).values()) == {MONTHLY_FEN}
    steps = (await house.determiner.read(f"{award}/steps"))["items"]
    by_people = [(step["cause_kind"], step["reason"], step["recorded_by"]) for step in steps if step["reason"]]
    assert by_people == [
        ("PAUSE", "UNDER_REVIEW", "test.county_determiner"),
        ("RESUME", "REVIEW_PASSED", "test.county_determiner"),
    ]


async def test_a_pause_that_a_fact_has_overtaken_resumes_as_suspended(house: House) -> None:
    holder = await house.a_holder()
    award = await house.an_award(holder)
    await house.determiner.change(award, "pausing", {"reason": "DATA_IN_DOUBT"})
    await house.reviewer.change(holder.certificate, "cancellation", cancelling("VOLUNTARY"))
    await house.told("subsidy")
    resumed = await house.determiner.change(award, "resumption", {"reason": "DATA_CONFIRMED"})
    assert (resumed["status"], resumed["cause"]["kind"]) == ("SUSPENDED", "CANCELLED")


async def test_steps_an_award_does_not_know_are_refused_with_those_it_does(house: House) -> None:
    holder = await house.a_holder()
    award = await house.an_award(holder)
    tag = (await house.determiner.get(award)).headers["etag"]
    refused = await house.determiner.post(f"{award}/resumption", {"reason": "OTHER"}, If_Match=tag)
    assert (refused.status_code, refused.json()["code"]) == (409, "award_step_not_allowed")
    assert "pause" in refused.json()["detail"]
    early = await house.determiner.post(f"{award}/pausing", {"reason": "OTHER", "first_month": "2020-01"}, If_Match=tag)
    assert (early.status_code, early.json()["code"]) == (422, "decision_month_not_allowed")
    alive = await house.determiner.post(f"{award}/termination", If_Match=tag)
    assert (alive.status_code, alive.json()["code"]) == (409, "termination_needs_cause")


async def test_an_award_ends_for_good_after_a_death_and_comes_back_only_when_the_death_is_retracted(
    house: House,
) -> None:
    holder = await house.a_holder()
    award = await house.an_award(holder)
    body = {"died_on": (await house.today()).isoformat(), "source": "POLICE"}
    await house.reviewer.change(holder.person, "death-report", body)
    await house.award_becomes(award, "SUSPENDED")
    assert (await house.determiner.change(award, "termination"))["status"] == "TERMINATED"
    await house.reviewer.change(holder.person, "death-retraction")
    await house.award_becomes(award, "ACTIVE")


async def test_leaving_dibao_stops_the_living_subsidy_from_the_next_month_and_leaves_the_nursing_one_sub_39(
    house: House,
) -> None:
    holder = await house.a_holder()
    await house.told("subsidy")
    facts = house.desk("subsidy", "township_clerk")
    body = {"person_id": holder.person_id, "kind": "ECONOMY", "value": "DIBAO", "valid_from": "2020-01-01"}
    recorded = await facts.post("/api/v1/facts", body)
    assert recorded.status_code == 201, recorded.text
    fact = recorded.headers["location"]
    living, nursing = [
        await house.an_award(holder, scheme=each, application_date="2024-01-10") for each in (LIVING, NURSING)
    ]
    today = await house.today()
    last_day = Month.of(today).plus(-2).last_day
    told = {"value": "DIBAO", "valid_from": "2020-01-01"}
    exit_known = await _corrected(house, fact, told | {"valid_to": (last_day + timedelta(days=1)).isoformat()})
    seen = await house.determiner.read(living)
    assert (seen["status"], seen["cause"]["kind"], seen["cause"]["event_id"]) == (
        "SUSPENDED",
        "ECONOMY",
        exit_known["fact_id"],
    )
    assert (seen["cause"]["event_date"], seen["effective_month"]) == (
        last_day.isoformat(),
        str(Month.of(last_day).next()),
    )
    span = Month.of(last_day), Month.of(last_day).next()
    assert list((await house.due(holder.person, LIVING, *span)).values()) == [MONTHLY_FEN, 0]
    assert list((await house.due(holder.person, NURSING, *span)).values()) == [MONTHLY_FEN, MONTHLY_FEN]
    assert (await house.determiner.read(nursing))["status"] == "ACTIVE"
    why = await explained(house, holder, LIVING, Month.of(today))
    assert "SUB-39" in fired(why)

    await _corrected(house, fact, told)
    assert (await house.determiner.read(living))["status"] == "ACTIVE"
    assert set((await house.due(holder.person, LIVING, *span)).values()) == {MONTHLY_FEN}
    revisions = (await facts.read(f"{fact}/revisions"))["items"]
    assert [item["valid_to"] for item in revisions] == [None, (last_day + timedelta(days=1)).isoformat(), None]


async def test_prison_known_late_and_withdrawn_as_wrong_sub_41_read_21(house: House) -> None:
    holder = await house.a_holder()
    award = await house.an_award(holder, application_date="2024-01-10")
    today = await house.today()
    judged_on = Month.of(today).plus(-3).first_day
    clerk = house.desk("subsidy", "township_clerk")
    body = {
        "person_id": holder.person_id,
        "kind": "PRISON",
        "valid_from": judged_on.isoformat(),
        "source": "COURT",
    }
    recorded = await clerk.post("/api/v1/facts", body)
    assert recorded.status_code == 201, recorded.text
    fact = recorded.headers["location"]
    seen = await house.determiner.read(award)
    assert (seen["status"], seen["cause"]["kind"]) == ("SUSPENDED", "PRISON")
    assert seen["effective_month"] == str(Month.of(judged_on).next())
    await clerk.change(fact, "withdrawal")
    assert (await house.determiner.read(award))["status"] == "ACTIVE"
    span = Month.of(judged_on), Month.of(today)
    assert set((await house.due(holder.person, NURSING, *span)).values()) == {MONTHLY_FEN}


async def test_who_drafted_a_policy_cannot_be_the_second_person(house: House) -> None:
    maker = house.desk("subsidy", "county_determiner", "*", subject="maker")
    document = {
        "division": "341503",
        "title": "试行",
        "legal_basis": "六安市 2027 年文件",
        "since": "2027-01",
        "schemes": {NURSING: {"tariff": {"rows": [{"case": {}, "amount": {"fen": 9900}}]}}},
    }
    drafted = await maker.post("/api/v1/policies", {"document": document})
    assert drafted.status_code == 201, drafted.text
    policy_id = drafted.json()["policy_id"]
    asked = {"kind": "policy.in_force", "subject_id": policy_id, "note": "请复核"}
    proposed = (await maker.post("/api/v1/approvals", asked)).json()
    own = await maker.post(f"/api/v1/approvals/{proposed['approval_id']}/approval", {"digest": proposed["digest"]})
    assert (own.status_code, own.json()["code"]) == (403, "approval_needs_another_person")
    early = await maker.post(f"/api/v1/policies/{policy_id}/entry-into-force", {"approval_id": proposed["approval_id"]})
    assert (early.status_code, early.json()["code"]) == (409, "approval_needed")
    in_effect = await maker.read("/api/v1/effective-policies", division="341503", month="2027-01")
    assert {scheme["scheme"] for scheme in in_effect["schemes"]} >= {LIVING, NURSING}


async def _corrected(house: House, fact: str, body: dict[str, Any]) -> dict[str, Any]:
    clerk = house.desk("subsidy", "township_clerk")
    seen = await clerk.get(fact)
    answer = await clerk.put(fact, body, If_Match=seen.headers["etag"])
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told
