"""From a need to a result over HTTP (RULES 7.6): referral, assessment, plan, sessions, closing, visits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.rehab.adapters.work import RehabWork
from shared.kit import journal
from shared.kit.work import Works
from tests.builders.callers import Desk, desk_of
from tests.builders.care import CASES, CHECKED, INSTITUTIONS, LIMITS, TODAY, County, a_county, ok
from tests.builders.publishers import Registry

JINAN = "341502001001"
Hear = Callable[[], Awaitable[None]]


@pytest.fixture
async def desk(works: Works[RehabWork], tmp_path: Path) -> AsyncIterator[Desk]:
    works.clock.show(date.fromisoformat(TODAY))
    async with desk_of("rehab", works, tmp_path) as desk:
        yield desk


@pytest.fixture
async def county(desk: Desk) -> County:
    return await a_county(desk)


@pytest.fixture
async def someone(registry: Registry, hear: Hear) -> UUID:
    person_id = registry.register(JINAN, on=date(2026, 1, 5))
    await hear()
    return person_id


async def read(county: County, case_id: str, part: str = "") -> Any:
    return ok(await county.office.get(f"{CASES}/{case_id}{part}"))


async def said(works: Works[RehabWork], person_id: UUID) -> list[str]:
    async with works.snapshot() as connection:
        entries = await journal.read(connection, after=0, limit=10_000)
    return [entry.type.split(".", 1)[1].rpartition(".")[0] for entry in entries if entry.aggregate_id == person_id]


async def test_from_a_need_to_a_result(county: County, someone: UUID, works: Works[RehabWork]) -> None:
    """REH-01, REH-09, REH-12, REH-15, REH-16, REH-24, REH-72: the whole chain, before and after told at its end."""
    case_id = await county.planned(someone)
    assert ok(await county.log(case_id, county.session()))["attendance"] == "ATTENDED"
    assert ok(await county.log(case_id, county.session("10:00", "11:00", mode="REMOTE")))["mode"] == "REMOTE"
    stage = county.assessment("STAGE", 50, next_on="2026-08-31")
    assert ok(await county.step(case_id, "assessments", stage, by=county.therapist))["due_on"] == "2026-08-31"
    early = await county.step(case_id, "closing", {"reason": "GOAL_REACHED"})
    assert (early.status_code, early.json()["code"]) == (409, "final_assessment_is_missing")
    ok(await county.step(case_id, "assessments", county.assessment("FINAL", 65), by=county.therapist))
    closed = ok(await county.step(case_id, "closing", {"reason": "GOAL_REACHED"}))
    assert (closed["status"], closed["due_on"]) == ("CLOSED", None)
    assert (await read(county, case_id, "/assessments"))["effects"] == [
        {"instrument": "BARTHEL", "before": 40, "after": 65, "change": 25}
    ]
    (plan,) = (await read(county, case_id, "/plans"))["items"]
    assert [(item["attended"], item["reached"]) for item in plan["items"]] == [(2, True)]
    assert [visit["due_on"] for visit in (await read(county, case_id, "/follow-ups"))["items"]] == [
        "2026-07-15",
        "2026-09-13",
    ]
    assert ok(await county.step(case_id, "follow-ups", {"outcome": "STABLE"}))["status"] == "CLOSED"
    assert ok(await county.step(case_id, "follow-ups", {"outcome": "IMPROVED"}))["status"] == "FOLLOWED_UP"
    told = await said(works, someone)
    assert told == [
        *("case.opened", "case.advanced", "case.advanced", "case.advanced", "case.advanced", "plan.agreed"),
        *("session.logged", "session.logged", "case.advanced", "case.advanced", "case.closed"),
        *("case.advanced", "case.advanced"),
    ]


async def test_without_consent_a_case_waits(county: County, someone: UUID) -> None:
    case_id = await county.opened(someone, consent=None)
    refused = await county.step(case_id, "check", CHECKED)
    assert (refused.status_code, refused.json()["code"]) == (409, "consent_is_missing")
    consent = {"by": "GUARDIAN", "on": TODAY}
    assert ok(await county.step(case_id, "check", CHECKED | {"consent": consent}))["status"] == "REGISTERED"


async def test_who_is_not_suitable_has_no_open_case_and_may_get_another(county: County, someone: UUID) -> None:
    case_id = await county.opened(someone)
    ended = ok(await county.step(case_id, "check", CHECKED | {"suitable": False}))
    assert (ended["status"], ended["closed_on"]) == ("NOT_SUITABLE", TODAY)
    another = await county.opened(someone)
    assert (await read(county, another))["previous_case_id"] == case_id


async def test_limits_are_working_days_and_a_late_step_is_late_for_ever_reh_73_74(
    county: County, someone: UUID, works: Works[RehabWork]
) -> None:
    """Opened on Monday 1 June: five working days end on Monday 8 June. A narrower limit wins from its day on."""
    case_id = await county.opened(someone)
    assert (await read(county, case_id))["due_on"] == "2026-06-08"
    late = ok(await county.office.get(CASES, overdue="true"))["items"]
    assert [item["case_id"] for item in late] == [case_id]
    limit = {"division": "341502", "programme": "GENERAL", "stage": "REFERRAL", "valid_from": TODAY, "days": 3}
    ok(await county.office.post(LIMITS, limit | {"basis": "县文件"}))
    again = await county.office.post(LIMITS, limit | {"basis": "县文件"})
    assert (again.status_code, again.json()["code"]) == (409, "limit_exists")
    registered = ok(await county.step(case_id, "check", CHECKED))
    assert registered["due_on"] == "2026-06-18", "Friday the 19th is the Dragon Boat festival"
    steps = (await read(county, case_id))["steps"]
    assert [(step["happened"], step["due_on"], step["late"]) for step in steps] == [
        ("OPENED", None, False),
        ("CHECKED", "2026-06-08", True),
    ]
    assert ok(await county.office.get(CASES, overdue="true"))["items"] == []


@pytest.mark.parametrize(
    ("agreed", "status"),
    [({"categories": [5]}, "NO_AGREEMENT"), ({"ends_on": "2026-06-14"}, "NO_AGREEMENT")],
)
async def test_an_institution_serves_under_an_agreement_for_the_category_and_the_day_reh_26(
    county: County, someone: UUID, agreed: dict[str, Any], status: str
) -> None:
    institution_id, _ = await county.designate(account="other", **agreed)
    case_id = await county.registered(someone)
    refused = await county.step(case_id, "referral", {"institution_id": institution_id})
    assert (refused.status_code, refused.json()["code"]) == (409, "institution_is_not_valid")
    assert status in refused.text


async def test_a_suspended_institution_gets_no_referral_and_logs_no_session_reh_26(
    county: County, someone: UUID
) -> None:
    case_id = await county.planned(someone)
    path = f"{INSTITUTIONS}/{county.institution_id}"
    ok(await county.office.post(f"{path}/suspension", {"reason": "SAFETY"}, seen='"2"'))
    refused = await county.log(case_id, county.session())
    assert (refused.status_code, refused.json()["code"]) == (409, "institution_is_not_valid")
    ok(await county.office.post(f"{path}/reinstatement", None, seen='"3"'))
    ok(await county.log(case_id, county.session()))


async def test_a_declined_case_is_referred_again_and_its_place_is_free(county: County, someone: UUID) -> None:
    case_id = await county.referred(someone)
    ok(await county.step(case_id, "declining", {"reason": "NO_PLACE"}, by=county.therapist))
    one = ok(await county.office.get(f"{INSTITUTIONS}/{county.institution_id}"))
    assert (one["capacity"], one["placed"]) == (5, 0)
    ok(await county.step(case_id, "referral", {"institution_id": county.institution_id}))
    told = (await read(county, case_id, "/referrals"))["items"]
    assert [(each["answer"], each["answer_reason"]) for each in told] == [("DECLINED", "NO_PLACE"), (None, None)]


async def test_a_referral_is_recalled_only_after_the_time_to_answer(
    county: County, someone: UUID, works: Works[RehabWork]
) -> None:
    case_id = await county.referred(someone)
    early = await county.step(case_id, "recall")
    assert (early.status_code, early.json()["code"]) == (409, "answer_is_not_due")
    works.clock.show(date(2026, 6, 24))
    assert ok(await county.step(case_id, "recall"))["status"] == "REGISTERED"


async def test_a_revision_keeps_the_plan_before_and_lifts_the_flag_of_a_changed_certificate(
    county: County, someone: UUID, registry: Registry, hear: Hear
) -> None:
    """REH-01: the plan is adjusted on results, and nothing is overwritten."""
    case_id = await county.planned(someone)
    registry.issue(someone, on=date(2026, 6, 10), until=date(2036, 6, 10))
    await hear()
    assert (await read(county, case_id))["flag"] == "CERTIFICATE_CHANGED"
    stage = county.assessment("STAGE", 45)
    assert ok(await county.step(case_id, "assessments", stage, by=county.therapist))["status"] == "PLAN_REVISED"
    refused = await county.log(case_id, county.session())
    assert refused.json()["code"] == "case_step_not_allowed"
    revised = ok(await county.step(case_id, "plans", county.plan(item={"target": 55}), by=county.therapist))
    assert (revised["status"], revised["plan_no"], revised["flag"]) == ("PLAN_ACTIVE", 2, None)
    plans = (await read(county, case_id, "/plans"))["items"]
    assert [(plan["plan_no"], plan["in_force"], plan["items"][0]["target"]) for plan in plans] == [
        (2, True, 55),
        (1, False, 60),
    ]


async def test_an_item_without_one_of_the_five_elements_in_order_is_refused_reh_12(
    county: County, someone: UUID
) -> None:
    """Owner, time, money, measure, effect: each is held to what stands behind it."""
    case_id = await county.assessed(someone)
    wrong: list[tuple[dict[str, Any], str, str]] = [
        ({"amount_fen": 100_001}, "plan_item_does_not_fit", "amount_fen"),
        ({"payer": "CHARITY"}, "plan_item_does_not_fit", "payer"),
        ({"instrument": "FIM", "target": 60}, "instrument_has_no_baseline", "BARTHEL"),
        ({"target": 101}, "score_out_of_range", "100"),
        ({"ends_on": "2026-10-01"}, "plan_period_is_invalid", "items[1]"),
        ({"ends_on": "2026-05-31"}, "plan_period_is_invalid", "items[1]"),
        ({"item_id": "0199a0a0-0000-7000-8000-000000000000"}, "catalogue_item_not_found", ""),
        ({"staff_id": "0199a0a0-0000-7000-8000-000000000000"}, "staff_not_found", ""),
    ]
    for changed, code, names in wrong:
        refused = await county.step(case_id, "plans", county.plan(item=changed), by=county.therapist)
        assert (refused.json()["code"], names in refused.text) == (code, True), changed


async def test_a_plan_is_signed_after_the_assessment_it_rests_on(county: County, someone: UUID) -> None:
    case_id = await county.assessed(someone)
    refused = await county.step(case_id, "plans", county.plan(signed_on="2026-06-14"), by=county.therapist)
    assert (refused.status_code, refused.json()["code"]) == (422, "signature_is_too_early")


async def test_nobody_is_at_two_places_at_one_time_even_when_two_log_at_once(
    county: County, someone: UUID, registry: Registry, hear: Hear
) -> None:
    """The constraint decides: sessions that touch are fine, and what nobody attended or what is void is no obstacle."""
    case_id = await county.planned(someone)
    answers = await asyncio.gather(*(county.log(case_id, county.session("09:00", f"10:0{n}")) for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    logged = next(answer.json() for answer in answers if answer.status_code == 201)
    assert (await county.log(case_id, county.session("08:00", "09:00"))).status_code == 201
    assert (await county.log(case_id, county.session("09:30", "09:40", attended=False))).status_code == 201
    voided = ok(await county.therapist.post(f"{CASES}/{case_id}/sessions/{logged['session_id']}/voiding", None))
    assert voided["attendance"] == "VOID"
    again = await county.therapist.post(f"{CASES}/{case_id}/sessions/{logged['session_id']}/voiding", None)
    assert again.json()["code"] == "session_is_void"
    assert (await county.log(case_id, county.session("09:00", "10:00"))).status_code == 201
    other = registry.register(JINAN, on=date(2026, 1, 5))
    await hear()
    visited = await county.planned(other)
    home = county.session("14:00", "15:00", mode="HOME")
    assert (await county.log(case_id, home)).status_code == 201
    both = await county.log(visited, home)
    assert both.json()["code"] == "session_overlaps", "who visits is at one home at a time"
    assert (await county.log(visited, county.session("09:00", "10:00"))).status_code == 201, "a group at the centre"


async def test_a_session_lies_inside_the_plan_and_is_over(county: County, someone: UUID) -> None:
    case_id = await county.planned(someone)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"day": "2026-06-16"}, "session_is_invalid"),
        ({"begins": "10:00", "ends": "10:00"}, "session_is_invalid"),
        ({"day": "2026-05-31"}, "session_outside_plan"),
        ({"item_no": 2}, "plan_item_not_found"),
        ({"begins_at": "0001-01-01T00:00:00+14:00"}, "session_is_invalid"),
    ]
    for changed, code in wrong:
        refused = await county.log(case_id, county.session(**changed))
        assert refused.json()["code"] == code, changed


async def test_the_number_of_sessions_of_an_item_is_a_limit(county: County, someone: UUID) -> None:
    case_id = await county.assessed(someone)
    plan = county.plan(item={"sessions": 1, "amount_fen": 10_000})
    ok(await county.step(case_id, "plans", plan, by=county.therapist))
    ok(await county.log(case_id, county.session()))
    refused = await county.log(case_id, county.session("11:00", "12:00"))
    assert (refused.status_code, refused.json()["code"]) == (409, "plan_item_is_used_up")


async def test_recurrence_goes_to_a_hospital_and_back_reh_79(county: County, someone: UUID) -> None:
    case_id = await county.planned(someone)
    ok(await county.step(case_id, "medical-referral", {"reason": "RECURRENCE"}, by=county.therapist))
    assert (await county.log(case_id, county.session())).status_code == 409
    back = ok(await county.step(case_id, "medical-return", by=county.therapist))
    assert (back["status"], back["institution_id"]) == ("PLAN_ACTIVE", county.institution_id)
    told = (await read(county, case_id, "/referrals"))["items"][-1]
    assert (told["institution_id"], told["reason"], told["answer"]) == (None, "RECURRENCE", "RETURNED")


async def test_a_paused_case_is_dropped_only_when_the_pause_was_too_long(
    county: County, someone: UUID, works: Works[RehabWork]
) -> None:
    case_id = await county.planned(someone)
    ok(await county.step(case_id, "pause", {"reason": "ILLNESS"}, by=county.therapist))
    early = await county.step(case_id, "closing", {"reason": "DROPPED"})
    assert (early.status_code, early.json()["code"]) == (409, "pause_is_not_too_long")
    works.clock.show(date(2026, 9, 14))
    assert ok(await county.step(case_id, "closing", {"reason": "DROPPED"}))["closing_reason"] == "DROPPED"


async def test_a_death_frees_the_place_and_its_withdrawal_brings_the_case_back_where_it_was(
    county: County, someone: UUID, registry: Registry, hear: Hear
) -> None:
    case_id = await county.planned(someone)
    death = registry.die(someone, on=date(2026, 6, 12))
    await hear()
    one = ok(await county.office.get(f"{INSTITUTIONS}/{county.institution_id}"))
    assert one["placed"] == 0
    refused = await county.step(case_id, "follow-ups", {"outcome": "STABLE"})
    assert refused.json()["code"] == "case_step_not_allowed"
    registry.retract(death)
    await hear()
    case = await read(county, case_id)
    assert (case["status"], case["plan_no"], case["institution_id"]) == ("PLAN_ACTIVE", 1, county.institution_id)


async def test_a_mental_case_is_seen_by_few_reh_60(desk: Desk, county: County, someone: UUID) -> None:
    """To others there is no such case, whatever their divisions; the client, of course, sees it."""
    case_id = await county.referred(someone, programme="MENTAL")
    for role in ("township_clerk", "auditor", "county_determiner"):
        caller = desk.caller(role, "*")
        assert (await caller.get(f"{CASES}/{case_id}")).status_code == 404, role
        assert ok(await caller.get(CASES))["items"] == [], role
    assert [item["case_id"] for item in ok(await county.therapist.get(CASES))["items"]] == [case_id]
    mine = desk.caller("person", person_id=str(someone))
    assert [item["case_id"] for item in ok(await mine.get("/api/v1/me/cases"))["items"]] == [case_id]


async def test_an_institution_sees_only_what_is_with_it(desk: Desk, county: County, someone: UUID) -> None:
    case_id = await county.referred(someone)
    stranger = desk.caller("institution", "341502", sub="another-1")
    assert ok(await stranger.get(CASES))["items"] == []
    refused = await county.step(case_id, "acceptance", by=stranger)
    assert refused.status_code == 404
    assert (await county.step(case_id, "closing", {"reason": "DROPPED"}, by=county.therapist)).status_code == 403


async def test_of_two_hundred_who_want_the_last_seven_places_seven_get_one(
    desk: Desk, works: Works[RehabWork], registry: Registry, hear: Hear
) -> None:
    """REH-31: capacity is never oversold, however many ask at once."""
    county = await a_county(desk, capacity=7)
    persons = [registry.register(JINAN, on=date(2026, 1, 5)) for _ in range(200)]
    await hear()
    async with works.begin() as work:
        cases = list(
            await work.connection.scalars(
                text(
                    "INSERT INTO rehab_case (case_id, person_id, version, division, status, opened_on, consent_by, "
                    "consented_on, category, age_band, recorded_by, trace_id) SELECT uuidv7(), p, 1, :division, "
                    "'REGISTERED', '2026-06-01', 'SELF', '2026-06-01', 4, 'ADULT', 'test', '' "
                    "FROM unnest(CAST(:persons AS uuid[])) p RETURNING case_id"
                ),
                {"division": JINAN, "persons": persons},
            )
        )
    body = {"institution_id": county.institution_id}
    answers, asking = [], cases
    while asking:  # who waited too long for the lock is told so (503), and asks again
        told = await asyncio.gather(
            *(county.office.post(f"{CASES}/{case_id}/referral", body, seen='"1"') for case_id in asking)
        )
        asking = [case_id for case_id, answer in zip(asking, told, strict=True) if answer.status_code == 503]
        answers += [answer for answer in told if answer.status_code != 503]
    assert sorted({answer.status_code for answer in answers}) == [200, 409]
    assert sum(answer.status_code == 200 for answer in answers) == 7
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"institution_is_full"}
    one = ok(await county.office.get(f"{INSTITUTIONS}/{county.institution_id}"))
    assert (one["capacity"], one["placed"]) == (7, 7)
    assert ok(await county.office.get(INSTITUTIONS, free="true"))["items"] == []


async def test_a_month_of_an_institution_lists_its_sessions(county: County, someone: UUID) -> None:
    case_id = await county.planned(someone)
    ok(await county.log(case_id, county.session()))
    path = f"{INSTITUTIONS}/{county.institution_id}/sessions"
    told = ok(await county.therapist.get(path, month="2026-06"))["items"]
    assert [(each["case_id"], each["day"]) for each in told] == [(case_id, TODAY)]
    assert ok(await county.therapist.get(path, month="2026-07"))["items"] == []
