"""My tasks (RULES 3.1, CERT-31): work waits at one desk at a time, with its deadline, and goes when it is done."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.builders.callers import Caller
from tests.integration.applications.conftest import OTHER_VILLAGE, PAPERS, VILLAGE, Offices, a_number

WITH_PERMIT = {"papers": [{"paper": paper} for paper in (*PAPERS, "OLD_CARD", "WRITTEN_WISH", "RESIDENCE_PERMIT")]}


async def waiting(caller: Caller, **asked: Any) -> list[dict[str, Any]]:
    """What waits for somebody."""
    items: list[dict[str, Any]] = (await caller.get("/api/v1/my-tasks", **asked)).json()["items"]
    return items


async def test_a_case_waits_for_one_county_at_a_time_cert_31(offices: Offices) -> None:
    person = await offices.person()
    await offices.completed(person)
    identity = {"name": "王小明", "citizen_id_no": a_number(), "division": VILLAGE}
    asked: dict[str, Any] = {
        "applicant": identity,
        "acceptance": OTHER_VILLAGE,
        "event_date": "2026-06-24",
        **WITH_PERMIT,
    }
    case = await offices.submit(None, "CANCELLATION", by=offices.other, cancellation="VOLUNTARY", **asked)
    (task,) = await waiting(offices.other)
    assert (task["kind"], task["url"], task["state"]) == ("application.at_acceptance", case.path, "SUBMITTED")
    assert await waiting(offices.county) == [], "the home county waits"
    await case.step("acceptance", {})
    await case.step("assessment-waiver")
    (task,) = await waiting(offices.county)
    assert (task["kind"], task["due_on"]) == ("application.review", case.told["due_on"])
    assert await waiting(offices.other) == [], "the residence county has done its part"
    for verb in ("approval", "completion"):
        await case.step(verb, by=offices.county)
    assert await waiting(offices.county) == []


async def test_what_is_late_is_counted_and_comes_first(offices: Offices) -> None:
    late = await offices.submit(await offices.person(1))
    offices.today_is(date(2026, 7, 15))
    await offices.submit(await offices.person(2))
    tasks = await waiting(offices.county)
    assert [(task["subject_id"] == late.told["application_id"], task["overdue"]) for task in tasks] == [
        (True, True),
        (False, False),
    ]
    assert len(await waiting(offices.county, overdue=True)) == 1
    (count,) = (await offices.county.get("/api/v1/my-tasks/counts")).json()["items"]
    assert (count["waiting"], count["overdue"], count["due_within_a_week"]) == (2, 1, 1)


async def test_who_may_not_act_has_no_such_task(offices: Offices) -> None:
    await offices.submit(await offices.person())
    assert await waiting(offices.stranger) == []
    refused = await offices.county.get("/api/v1/my-tasks", kind="no.such")
    assert (refused.status_code, refused.json()["code"]) == (400, "task_kind_unknown")
