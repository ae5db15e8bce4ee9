"""Cases over HTTP: who may see, open, close and decide, and what a repetition or a stale look does."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.rehab.adapters.work import RehabWork
from shared.kit.work import Works
from tests.builders.callers import Caller, Desk, desk_of
from tests.builders.publishers import Registry

JINAN, YUAN = "341502001001", "341503001004"
CASES = "/api/v1/cases"
Hear = Callable[[], Awaitable[None]]


@pytest.fixture
async def desk(works: Works[RehabWork], tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_of("rehab", works, tmp_path) as desk:
        yield desk


@pytest.fixture
def clerk(desk: Desk) -> Caller:
    return desk.caller("county_reviewer", "341502")


@pytest.fixture
async def someone(registry: Registry, hear: Hear) -> UUID:
    person_id = registry.register(JINAN, on=date(2026, 1, 5))
    await hear()
    return person_id


async def opened(clerk: Caller, person_id: UUID) -> dict[str, Any]:
    answer = await clerk.post(CASES, {"person_id": str(person_id), "opened_on": "2026-02-01"})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_a_case_is_opened_and_read_back_with_its_history(clerk: Caller, someone: UUID) -> None:
    answer = await clerk.post(CASES, {"person_id": str(someone), "opened_on": "2026-02-01"})
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    read = await clerk.get(answer.headers["location"])
    assert read.headers["etag"] == '"1"'
    told = read.json()
    assert (told["status"], told["division"], told["opened_on"]) == ("NEED_REGISTERED", JINAN, "2026-02-01")
    assert [step["happened"] for step in told["steps"]] == ["OPENED"]
    assert told["steps"][0]["recorded_by"] == "county_reviewer-1"


async def test_the_same_request_again_opens_nothing_more(clerk: Caller, someone: UUID) -> None:
    body = {"person_id": str(someone)}
    first = await clerk.post(CASES, body, key="k-1")
    again = await clerk.post(CASES, body, key="k-1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert len((await clerk.get(CASES)).json()["items"]) == 1


async def test_a_second_case_is_a_conflict(clerk: Caller, someone: UUID) -> None:
    await opened(clerk, someone)
    answer = await clerk.post(CASES, {"person_id": str(someone)})
    assert (answer.status_code, answer.json()["code"]) == (409, "case_exists")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"person_id": str(uuid7())}, 404, "person_not_known"),
        ({"person_id": "nobody"}, 422, "body_invalid"),
        ({"person_id": str(uuid7()), "need": "a secret"}, 422, "body_invalid"),
        ({"person_id": str(uuid7()), "opened_on": "2999-01-01"}, 422, "date_in_future"),
    ],
)
async def test_what_cannot_be_opened(clerk: Caller, body: dict[str, str], status: int, code: str) -> None:
    answer = await clerk.post(CASES, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "a secret" not in answer.text


async def test_a_county_sees_its_own_cases_only(desk: Desk, clerk: Caller, someone: UUID) -> None:
    case = await opened(clerk, someone)
    other = desk.caller("county_reviewer", "341503")
    assert (await other.get(f"{CASES}/{case['case_id']}")).status_code == 404
    assert (await other.get(CASES)).json()["items"] == []
    answer = await other.post(f"{CASES}/{case['case_id']}/closing", {"reason": "DROPPED"}, seen='"1"')
    assert (answer.status_code, answer.json()["code"]) == (404, "case_not_found")


async def test_somebody_who_may_only_read_changes_nothing(desk: Desk, clerk: Caller, someone: UUID) -> None:
    case = await opened(clerk, someone)
    auditor = desk.caller("auditor", "3415")
    assert (await auditor.get(f"{CASES}/{case['case_id']}")).status_code == 200
    answer = await auditor.post(f"{CASES}/{case['case_id']}/closing", {"reason": "DROPPED"}, seen='"1"')
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


async def test_closing_needs_the_version_that_was_seen(clerk: Caller, someone: UUID) -> None:
    path = f"{CASES}/{(await opened(clerk, someone))['case_id']}/closing"
    assert (await clerk.post(path, {"reason": "DROPPED"})).status_code == 428
    assert (await clerk.post(path, {"reason": "DROPPED"}, seen='"7"')).status_code == 412
    answer = await clerk.post(path, {"reason": "DROPPED", "closed_on": "2026-03-01"}, seen='"1"')
    assert (answer.status_code, answer.headers["etag"], answer.json()["closing_reason"]) == (200, '"2"', "DROPPED")


async def test_a_closed_case_names_the_steps_it_allows(clerk: Caller, someone: UUID) -> None:
    path = f"{CASES}/{(await opened(clerk, someone))['case_id']}/closing"
    await clerk.post(path, {"reason": "DROPPED"}, seen='"1"')
    answer = await clerk.post(path, {"reason": "REFUSED"}, seen='"2"')
    assert (answer.status_code, answer.json()["code"]) == (409, "case_step_not_allowed")
    assert "CLOSED" in answer.json()["detail"]


async def test_a_death_cannot_be_said_here(clerk: Caller, someone: UUID) -> None:
    path = f"{CASES}/{(await opened(clerk, someone))['case_id']}/closing"
    answer = await clerk.post(path, {"reason": "DIED"}, seen='"1"')
    assert (answer.status_code, answer.json()["code"]) == (422, "death_is_the_registers")


async def test_moves_that_wait_are_a_list_and_only_who_answers_for_both_counties_hands_over(
    desk: Desk, clerk: Caller, registry: Registry, hear: Hear, someone: UUID
) -> None:
    certificate_id = registry.issue(someone, on=date(2026, 1, 6), until=date(2036, 1, 6))
    await hear()
    case = await opened(clerk, someone)
    stop_id = registry.transfer(certificate_id, to=YUAN, on=date(2026, 5, 1))
    await hear()
    (waiting,) = (await clerk.get(CASES, flag="TRANSFERRED")).json()["items"]
    assert (waiting["case_id"], waiting["cause_id"]) == (case["case_id"], str(stop_id))

    path = f"{CASES}/{case['case_id']}/transfer-decision"
    refused = await clerk.post(path, {"decision": "MOVE"}, seen='"2"')
    assert (refused.status_code, refused.json()["code"]) == (403, "division_outside_scope")
    prefecture = desk.caller("county_reviewer", "3415")
    moved = await prefecture.post(path, {"decision": "MOVE"}, seen='"2"')
    assert (moved.status_code, moved.json()["division"], moved.json()["flag"]) == (200, YUAN, None)
    assert (await clerk.get(f"{CASES}/{case['case_id']}")).status_code == 404, "another county is responsible now"


async def test_filters_narrow_and_never_widen(clerk: Caller, registry: Registry, hear: Hear, someone: UUID) -> None:
    other = registry.register("341502002001", on=date(2026, 1, 5))
    await hear()
    first, second = await opened(clerk, someone), await opened(clerk, other)
    await clerk.post(f"{CASES}/{first['case_id']}/closing", {"reason": "DROPPED"}, seen='"1"')

    async def found(**query: str) -> list[str]:
        return [item["case_id"] for item in (await clerk.get(CASES, **query)).json()["items"]]

    assert await found(status="NEED_REGISTERED") == [second["case_id"]]
    assert await found(division="341502001") == [first["case_id"]]
    assert await found(person_id=str(other)) == [second["case_id"]]
    assert await found(division="341503") == []
    assert await found(division="34") == [first["case_id"], second["case_id"]]


async def test_pages_follow_each_other(clerk: Caller, registry: Registry, hear: Hear) -> None:
    persons = [registry.register(JINAN, on=date(2026, 1, 5)) for _ in range(3)]
    await hear()
    expected = [(await opened(clerk, person_id))["case_id"] for person_id in persons]
    first = (await clerk.get(CASES, limit="2")).json()
    second = (await clerk.get(CASES, limit="2", cursor=first["next"])).json()
    assert [item["case_id"] for item in first["items"] + second["items"]] == expected
    assert second["next"] is None
