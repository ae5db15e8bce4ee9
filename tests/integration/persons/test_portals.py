"""Government portals: cases handed in once, told step by step, reconciled by counts (KPI-35); ids of other systems."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from services.registry.adapters.portal_callbacks import PortalCallback
from services.registry.entrypoints.jobs_portals import tell_portals
from shared.kit.callbacks import SIGNATURE_HEADER, Callback
from shared.kit.spreadsheets import write_table
from tests.integration.persons.conftest import COUNTY, OTHER, VILLAGE, Office, a_number

PORTAL = "portal:write"
CASE: dict[str, Any] = {
    "case_no": "ZW-20260610-0001",
    "received_on": "2026-06-10",
    "applicant": {"name": "王小明", "citizen_id_no": a_number(1), "division": VILLAGE},
    "matter": "NEW",
    "acceptance": COUNTY,
    "categories": [4],
}


async def hand_in(office: Office, *, status: int = 201, divisions: tuple[str, ...] = (COUNTY,), **given: Any) -> Any:
    answer = await office.post("/api/v1/portal-cases", {**CASE, **given}, machine=PORTAL, divisions=divisions)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_case_keeps_the_portals_number_and_is_an_application_here(office: Office) -> None:
    case = await hand_in(office)
    application = (await office.get(f"/api/v1/applications/{case['application_id']}")).json()
    assert (application["channel"], application["state"], application["matter"]) == ("PORTAL", "SUBMITTED", "NEW")
    asked = await office.get(f"/api/v1/portal-cases/{CASE['case_no']}", machine=PORTAL)
    assert asked.json() == case
    (listed,) = (await office.get("/api/v1/portal-cases", received_on="2026-06-10")).json()["items"]
    assert (listed["portal"], listed["case_no"]) == ("a-machine", CASE["case_no"])


async def test_the_same_case_handed_in_again_is_the_one_there_is(office: Office) -> None:
    first = await hand_in(office)
    assert await hand_in(office, status=200) == first
    assert (await office.one("SELECT count(*) AS cases FROM application")).cases == 1


@pytest.mark.parametrize(
    ("given", "differs"),
    [
        ({"received_on": "2026-06-11"}, "received_on"),
        ({"matter": "RENEWAL"}, "matter"),
        ({"applicant": {**CASE["applicant"], "citizen_id_no": a_number(2)}}, "person"),
    ],
)
async def test_another_case_under_the_same_number_is_a_conflict(
    office: Office, given: dict[str, Any], differs: str
) -> None:
    await hand_in(office)
    refused = await hand_in(office, status=409, **given)
    assert refused["code"] == "portal_case_differs"
    assert (await office.one("SELECT count(*) AS cases FROM portal_case")).cases == 1


async def test_what_is_refused_leaves_nothing_and_may_be_corrected_under_the_same_number(office: Office) -> None:
    refused = await hand_in(office, status=422, categories=[])
    assert refused["code"] == "matter_needs_more"
    assert (await office.get(f"/api/v1/portal-cases/{CASE['case_no']}", machine=PORTAL)).status_code == 404
    await hand_in(office)


async def test_a_portal_hands_in_only_where_it_may_and_is_told_only_of_its_own(office: Office) -> None:
    await hand_in(office, status=403, divisions=(OTHER,))
    await hand_in(office)
    path = f"/api/v1/portal-cases/{CASE['case_no']}"
    assert (await office.get(path, machine=PORTAL, divisions=[OTHER])).status_code == 404
    assert (await office.get(path, role="county_reviewer")).status_code == 403
    assert (await office.get("/api/v1/portal-cases", divisions=[OTHER])).json()["items"] == []


@pytest.mark.parametrize("case_no", [a_number(1), "14300000000", "ab", "办件一二三四"])
async def test_a_case_number_holds_no_persons_number(office: Office, case_no: str) -> None:
    await hand_in(office, status=422, case_no=case_no)


async def test_counts_of_both_sides_are_compared_per_matter_and_day_kpi_35(office: Office) -> None:
    await hand_in(office)
    counts = [
        {"matter": "NEW", "county": COUNTY, "counted": 1},
        {"matter": "RENEWAL", "county": COUNTY, "counted": 2},
    ]
    told = await office.post("/api/v1/portal-counts", {"day": "2026-06-10", "counts": counts}, machine=PORTAL)
    assert told.status_code == 200, told.text
    period = {"from": "2026-06-01", "to": "2026-06-30"}
    answer = (await office.get("/api/v1/portal-reconciliation", **period)).json()
    shown = {each["matter"]: (each["counted"], each["taken"], each["differs"]) for each in answer["items"]}
    assert shown == {"NEW": (1, 1, False), "RENEWAL": (2, 0, True)}
    assert (answer["inside"], answer["all_cases"], answer["rate"]) == (0, 1, 0.0)
    again = {"day": "2026-06-10", "counts": counts[:1]}
    await office.post("/api/v1/portal-counts", again, machine=PORTAL)
    answer = (await office.get("/api/v1/portal-reconciliation", **period)).json()
    assert [each["matter"] for each in answer["items"]] == ["NEW"], "what was said of the day before is replaced"
    elsewhere = (await office.get("/api/v1/portal-reconciliation", **period, divisions=[OTHER])).json()
    assert (elsewhere["items"], elsewhere["rate"]) == ([], None)


async def test_a_matter_of_a_county_is_counted_once_kpi_35(office: Office) -> None:
    twice = [{"matter": "NEW", "county": county, "counted": 1} for county in (COUNTY, VILLAGE)]
    refused = await office.post("/api/v1/portal-counts", {"day": "2026-06-10", "counts": twice}, machine=PORTAL)
    assert (refused.status_code, refused.json()["code"]) == (422, "portal_count_is_repeated")
    assert COUNTY in refused.json()["detail"]


async def test_the_count_of_a_county_is_not_for_who_answers_for_a_township_kpi_35(office: Office) -> None:
    counts = [{"matter": "NEW", "county": VILLAGE, "counted": 9}]
    body = {"day": "2026-06-10", "counts": counts}
    refused = await office.post("/api/v1/portal-counts", body, machine=PORTAL, divisions=[VILLAGE])
    assert (refused.status_code, refused.json()["code"]) == (403, "division_outside_scope")
    assert (await office.post("/api/v1/portal-counts", body, machine=PORTAL)).status_code == 200


async def test_a_case_that_ends_inside_the_portal_counts_for_kpi_35(office: Office) -> None:
    case = await hand_in(office)
    assert (await office.post(f"/api/v1/applications/{case['application_id']}/withdrawal")).status_code == 200
    period = {"from": "2026-06-01", "to": "2026-06-30"}
    answer = (await office.get("/api/v1/portal-reconciliation", **period)).json()
    assert (answer["inside"], answer["rate"]) == (1, 1.0)


@pytest.mark.parametrize(("first", "last"), [("2026-06-30", "2026-06-01"), ("2020-01-01", "2026-06-01")])
async def test_a_period_that_is_none_is_refused(office: Office, first: str, last: str) -> None:
    answer = await office.get("/api/v1/portal-reconciliation", **{"from": first, "to": last})
    assert (answer.status_code, answer.json()["code"]) == (422, "period_is_wrong")


# --- call-backs ------------------------------------------------------------------------------------------------------

CALLBACK = Callback(url="https://portal.example/steps", secret=SecretStr("a secret of both"))
Handler = Callable[[httpx.Request], httpx.Response]


def told_to(handler: Handler) -> dict[str, PortalCallback]:
    return {"a-machine": PortalCallback(CALLBACK, httpx.AsyncClient(transport=httpx.MockTransport(handler)))}


async def test_a_portal_is_told_of_every_step_in_order_once_and_signed(office: Office) -> None:
    seen: list[httpx.Request] = []

    def takes(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    case = await hand_in(office)
    await office.post(f"/api/v1/applications/{case['application_id']}/return")
    await tell_portals(office.works, portals=told_to(takes))
    await tell_portals(office.works, portals=told_to(takes))
    told = [json.loads(request.content) for request in seen]
    assert [each["state"] for each in told] == ["SUBMITTED", "RETURNED"]
    assert {each["case_no"] for each in told} == {CASE["case_no"]}
    assert len({request.headers["Idempotency-Key"] for request in seen}) == 2
    for request in seen:
        expected = hmac.new(b"a secret of both", request.content, "sha256").hexdigest()
        assert request.headers[SIGNATURE_HEADER] == expected
        assert a_number(1).encode() not in request.content


async def test_a_portal_that_does_not_answer_is_told_again_and_keeps_no_other_waiting(office: Office) -> None:
    seen: list[str] = []

    def takes(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content)["state"])
        return httpx.Response(200)

    case = await hand_in(office)
    await office.post(f"/api/v1/applications/{case['application_id']}/withdrawal")
    await tell_portals(office.works, portals=told_to(lambda _: httpx.Response(503)))
    assert (await office.one("SELECT told, waiting FROM portal_case")) == (0, True)
    await tell_portals(office.works, portals={"another": told_to(lambda _: httpx.Response(503))["a-machine"]})
    await tell_portals(office.works, portals=told_to(takes))
    assert seen == ["SUBMITTED", "WITHDRAWN"]
    assert (await office.one("SELECT waiting FROM portal_case")).waiting is False


# --- ids of other systems --------------------------------------------------------------------------------------------


def foreign_ids(folder: Path, *rows: tuple[str, str, str]) -> Path:
    path = folder / "编号.xlsx"
    write_table(path, ("公民身份号码", "系统代码", "系统内编号"), rows, sheet="编号")
    return path


async def test_the_population_bases_ids_are_kept_and_go_back_with_what_we_know(office: Office, tmp_path: Path) -> None:
    person = await office.register("王小明", 1)
    path = foreign_ids(
        tmp_path,
        (a_number(1), "POPULATION_BASE", "P-0001"),
        (a_number(9), "POPULATION_BASE", "P-0009"),
        (a_number(1), "population", "P-0001"),
        (a_number(1), "POPULATION_BASE", a_number(1)),
    )
    result = (await office.upload("/api/v1/foreign-id-imports", path))["result"]
    assert [result[name] for name in ("received", "applied", "unchanged", "rejected")] == [4, 1, 0, 3]
    again = (await office.upload("/api/v1/foreign-id-imports", path))["result"]
    assert [again[name] for name in ("applied", "unchanged", "rejected")] == [0, 1, 3]
    asked = await office.post("/api/v1/foreign-id-exports", {"format": "csv", "system": "POPULATION_BASE"})
    assert asked.status_code == 202, asked.text
    job = await office.finished(asked.json()["job_id"])
    lines = (await office.get(job["result_url"])).text.splitlines()
    assert [line.split(",")[:3] for line in lines[1:]] == [["POPULATION_BASE", "P-0001", person["person_id"]]]


async def test_an_id_is_one_persons_and_a_person_has_one_in_a_system(office: Office, tmp_path: Path) -> None:
    await office.register("王小明", 1)
    await office.register("李秀英", 2)
    await office.upload("/api/v1/foreign-id-imports", foreign_ids(tmp_path, (a_number(1), "BASE", "P-1")))
    path = foreign_ids(tmp_path, (a_number(2), "BASE", "P-1"), (a_number(1), "BASE", "P-2"))
    result = (await office.upload("/api/v1/foreign-id-imports", path))["result"]
    assert [result[name] for name in ("applied", "unchanged", "rejected")] == [0, 0, 2]
