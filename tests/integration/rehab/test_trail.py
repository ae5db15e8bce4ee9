"""What rehab tells its audit trail, and what it shows persons of themselves."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from services.rehab.adapters.own_data import TRUST
from services.rehab.adapters.tables import blobs, jobs
from services.rehab.adapters.work import RehabWork
from shared.kit import wards
from shared.kit.blobs import Blobs, DirectoryStore
from shared.kit.crypto import KeyRing
from shared.kit.jobs import JobRunner
from shared.kit.ops import Ops
from shared.kit.service import Parts
from shared.kit.work import Works
from tests.builders.callers import Caller, Desk, desk_of
from tests.builders.databases import DATA_KEYS
from tests.builders.publishers import Registry
from tests.builders.settings import settings_of

JINAN = "341502001001"
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


async def opened(clerk: Caller, person_id: UUID) -> str:
    answer = await clerk.post(CASES, {"person_id": str(person_id), "opened_on": "2026-02-01"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["case_id"])


async def trail(works: Works[RehabWork], person_id: UUID) -> list[tuple[Any, ...]]:
    async with works.snapshot() as connection:
        rows = await connection.execute(
            text("SELECT kind, what, actor, detail FROM audit WHERE person_id = :id ORDER BY audit_id"),
            {"id": person_id},
        )
        return [(row.kind, row.what, row.actor, row.detail and json.loads(row.detail)) for row in rows]


async def test_every_look_at_a_case_and_every_change_of_it_is_in_the_trail(
    clerk: Caller, someone: UUID, works: Works[RehabWork]
) -> None:
    case_id = await opened(clerk, someone)
    await clerk.get(f"{CASES}/{case_id}")
    await clerk.get(CASES)
    closing = await clerk.post(
        f"{CASES}/{case_id}/closing", {"reason": "GOAL_REACHED", "closed_on": "2026-02-03"}, seen='"1"'
    )
    assert closing.status_code == 200, closing.text
    entries = await trail(works, someone)
    assert [(kind, what) for kind, what, *_ in entries] == [
        ("CHANGE", "case.opened"),
        ("LOOK", "read"),
        ("LOOK", "read"),
        ("CHANGE", "case.changed"),
    ]
    assert {actor for _, _, actor, _ in entries} == {"county_reviewer-1"}
    assert entries[-1][3] == {
        "before": {"status": "NEED_REGISTERED", "closed_on": None, "closing_reason": None},
        "after": {"status": "CLOSED", "closed_on": "2026-02-03", "closing_reason": "GOAL_REACHED"},
    }


async def test_what_an_event_does_to_a_case_is_told_as_the_house_s_own_change(
    clerk: Caller, someone: UUID, works: Works[RehabWork], registry: Registry, hear: Hear
) -> None:
    await opened(clerk, someone)
    stop_id = registry.die(someone, on=date(2026, 3, 1))
    await hear()
    registry.retract(stop_id)
    await hear()
    closed, reopened = (await trail(works, someone))[1:]
    assert closed[:3] == ("CHANGE", "case.changed", "house")
    told = {"status": "CLOSED", "closed_on": "2026-03-01", "closing_reason": "DIED", "cause_id": str(stop_id)}
    untold = {"status": "NEED_REGISTERED", "closed_on": None, "closing_reason": None, "cause_id": None}
    assert closed[3] == {"before": untold, "after": told}
    assert reopened[3] == {"before": told, "after": untold}


async def test_a_person_sees_their_own_cases_and_nobody_else_s(desk: Desk, clerk: Caller, someone: UUID) -> None:
    case_id = await opened(clerk, someone)
    seen = await desk.caller("person", person_id=str(someone)).get("/api/v1/me/cases")
    assert [item["case_id"] for item in seen.json()["items"]] == [case_id]
    other = await desk.caller("person", person_id=str(uuid4())).get("/api/v1/me/cases")
    assert other.json()["items"] == []
    assert (await desk.caller("person").get("/api/v1/me/cases")).status_code == 404
    assert (await clerk.get("/api/v1/me/cases")).status_code == 403


@pytest.mark.parametrize(("answer", "status"), [(200, 200), (404, 404)])
async def test_a_guardian_sees_a_ward_s_cases_while_the_register_says_so(
    *, desk: Desk, clerk: Caller, someone: UUID, monkeypatch: pytest.MonkeyPatch, answer: int, status: int
) -> None:
    def client(url: str) -> httpx.AsyncClient:
        transport = httpx.MockTransport(lambda _: httpx.Response(answer, json={}))
        return httpx.AsyncClient(base_url=url, transport=transport)

    monkeypatch.setattr(wards, "http_client", client)
    await opened(clerk, someone)
    path = f"/api/v1/me/wards/{someone}/cases"
    assert (await desk.caller("guardian", ward_ids=[str(someone)]).get(path)).status_code == status
    assert (await desk.caller("guardian").get(path)).status_code == 404


async def test_a_copy_of_what_is_held_holds_the_cases_and_what_became_of_them(
    *, desk: Desk, clerk: Caller, someone: UUID, works: Works[RehabWork], tmp_path: Path
) -> None:
    case_id = await opened(clerk, someone)
    me = desk.caller("person", person_id=str(someone))
    asked = (await me.post("/api/v1/me/requests", {"kind": "COPY"})).json()["request_id"]
    accepted = await clerk.post(f"/api/v1/person-requests/{asked}/acceptance", None, seen='"1"')
    assert accepted.status_code == 200, accepted.text
    assert works.auditor is not None
    keys = KeyRing.parse(DATA_KEYS)
    files = Blobs(DirectoryStore(tmp_path), blobs, keys, works.clock)
    parts = Parts(works=works, auditor=works.auditor, keys=keys, blobs=files, ops=Ops(service="rehab", role="worker"))
    handlers = TRUST.handlers(settings_of("rehab", tmp_path), parts)
    assert await JobRunner(works, jobs, handlers, files, worker="test").run_one()
    held = (await me.get(f"/api/v1/me/requests/{asked}/copy", format="json")).json()
    assert [(case["case_id"], case["opened_on"]) for case in held["康复个案"]] == [(case_id, "2026-02-01")]
    assert [step["happened"] for step in held["个案变动"]] == ["OPENED"]


async def test_who_somebody_is_can_only_be_erased_where_it_is_known(desk: Desk, someone: UUID) -> None:
    answer = await desk.caller("person", person_id=str(someone)).post("/api/v1/me/requests", {"kind": "ERASURE"})
    assert (answer.status_code, answer.json()["code"]) == (409, "person_request_kind_not_here")
