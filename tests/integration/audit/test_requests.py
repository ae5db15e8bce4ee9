"""What requests leave in the trail: looks and changes, refusals, and never more rows than a disk can bear."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.postgres import PostgresServer
from shared.kit.app import create_app
from shared.kit.audit import Auditor, Change, Look, Origin
from shared.kit.audit_refusals import EACH_PER_MINUTE, Refusals
from shared.kit.audit_routes import audit_router
from shared.kit.clock import Clock
from shared.kit.database import new_engine
from shared.kit.idempotency import Idempotent
from shared.kit.jobs import Jobs
from shared.kit.ops import Ops
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import Problem
from shared.kit.routing import Router, open_work
from shared.kit.work import UnitOfWork, Works
from tests.integration.audit.conftest import JOBS, Trail
from tests.integration.kit_jobs.conftest import a_ring
from tests.unit.kit.a_service import a_client, a_verifier, bearer, some_settings

Forger = psycopg.Connection[tuple[Any, ...]]
Work = Annotated[UnitOfWork, Depends(open_work, scope="function")]
PERSON = uuid4()
BAD_TOKEN = {"Authorization": "Bearer x.y.z"}
ROLES = {
    "clerk": frozenset({"thing:read", "thing:write"}),
    "audit_administrator": frozenset({"audit:read", "audit:export", "audit:verify"}),
    "person": frozenset({"own:read"}),
}


def things() -> Router:
    router = Router(prefix="/things")

    @router.get("/forgotten")
    async def forget(work: Work, caller: Annotated[Caller, Permit("thing:read")]) -> str:
        return "shown"

    @router.get("/many")
    async def look_at_many(work: Work, caller: Annotated[Caller, Permit("thing:read")]) -> str:
        work.audit(Look(None, ("name",), persons=(PERSON, UUID(int=9))))
        return "shown"

    @router.get("/{person_id}")
    async def look(person_id: UUID, work: Work, caller: Annotated[Caller, Permit("thing:read")]) -> str:
        if person_id != PERSON:
            raise Problem("not_found")
        work.audit(Look(person_id, ("name",), division="341502"))
        return "shown"

    @router.post("/{person_id}", dependencies=[Idempotent()])
    async def change(
        *, person_id: UUID, work: Work, caller: Annotated[Caller, Permit("thing:write")], fail: bool = False
    ) -> str:
        work.audit(Change(person_id, "thing.changed", before={"x": 1}, after={"x": 2}))
        if fail:
            raise Problem("conflict")
        return "changed"

    return router


@pytest.fixture
async def engine(server: PostgresServer, forger: Forger) -> AsyncIterator[AsyncEngine]:
    """With one connection: a request that needed a second beside its own would be refused for want of it."""
    engine = new_engine(server.url("kit"), pool_size=1, application_name="test")
    yield engine
    await engine.dispose()


@asynccontextmanager
async def service(engine: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    works = Works(engine, clock=Clock(), make=UnitOfWork, auditor=Auditor(engine, a_ring()))
    app = create_app(
        some_settings(),
        title="Things",
        routers=[things(), audit_router(Jobs(JOBS), texts={})],
        works=works,
        roles=ROLES,
        ops=Ops("things", "api", (), version="1", schema_head="x"),
        asyncapi=dict,
        tokens=a_verifier(),
        personal={"thing:read", "thing:write"},
    )
    async with a_client(app) as client:
        yield client


def rows(forger: Forger, columns: str = "kind, what, status, person_id") -> list[tuple[Any, ...]]:
    return forger.execute(f"SELECT {columns} FROM audit ORDER BY audit_id").fetchall()


async def test_a_look_says_who_what_where_and_why(engine: AsyncEngine, forger: Forger) -> None:
    async with service(engine) as client:
        answer = await client.get(f"/things/{PERSON}", headers={**bearer(), "X-Purpose": "PAYMENT"})
    assert answer.status_code == 200
    columns = "kind, person_id, division, actor, client_id, roles, method, route, status, fields, purpose, ip, trace_id"
    assert rows(forger, columns) == [
        (
            *("LOOK", PERSON, "341502", "u-1", "desk", "clerk", "GET", "/things/{person_id}", 200, "name", "PAYMENT"),
            *("127.0.0.1", answer.headers["trace-id"]),
        )
    ]


async def test_a_purpose_nobody_listed_is_not_written(engine: AsyncEngine, forger: Forger) -> None:
    async with service(engine) as client:
        await client.get(f"/things/{PERSON}", headers={**bearer(), "X-Purpose": "about Wang Xiaoming"})
    assert rows(forger, "purpose") == [(None,)]


async def test_a_change_and_its_entry_stand_or_fall_together(engine: AsyncEngine, forger: Forger) -> None:
    async with service(engine) as client:
        for key, query in (("a", ""), ("b", "?fail=true"), ("a", "")):
            await client.post(f"/things/{PERSON}{query}", headers={**bearer(), "Idempotency-Key": key})
    assert [(kind, what, status) for kind, what, status, _ in rows(forger)] == [
        ("CHANGE", "thing.changed", 200),
        ("REFUSED", "conflict", 409),
        ("LOOK", "replayed", 200),
    ]


@pytest.mark.parametrize(
    ("headers", "path", "expected"),
    [
        ({}, f"/things/{PERSON}", ("token_missing", 401, PERSON, "", None)),
        (BAD_TOKEN, f"/things/{PERSON}", ("token_invalid", 401, PERSON, "", '{"reason":"malformed"}')),
        (bearer(aud="else"), f"/things/{PERSON}", ("token_invalid", 401, PERSON, "", '{"reason":"invalid_claim"}')),
        (bearer(roles=[]), f"/things/{PERSON}", ("permission_denied", 403, PERSON, "u-1", None)),
        (bearer(), f"/things/{UUID(int=9)}", ("not_found", 404, UUID(int=9), "u-1", None)),
        (bearer(), "/things/Wang%20Xiaoming", ("body_invalid", 422, None, "u-1", None)),
    ],
    ids=["no token", "bad token", "wrong audience", "no permission", "outside", "invalid"],
)  # fmt: skip
async def test_a_refused_attempt_is_recorded(
    engine: AsyncEngine, forger: Forger, headers: dict[str, str], path: str, expected: tuple[Any, ...]
) -> None:
    async with service(engine) as client:
        await client.get(path, headers=headers)
    assert rows(forger, "what, status, person_id, actor, detail") == [expected]
    assert rows(forger, "route") == [("/things/{person_id}",)]


async def test_an_address_that_is_none_is_not_recorded(engine: AsyncEngine, forger: Forger) -> None:
    async with service(engine) as client:
        assert (await client.get("/nothing", headers=bearer())).status_code == 404
    assert rows(forger) == []


async def test_a_route_of_persons_that_tells_the_trail_nothing_shows_nothing(
    engine: AsyncEngine, forger: Forger
) -> None:
    async with service(engine) as client:
        answer = await client.get("/things/forgotten", headers=bearer())
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")


async def test_what_cannot_be_recorded_is_not_shown(
    engine: AsyncEngine, forger: Forger, monkeypatch: pytest.MonkeyPatch
) -> None:
    forger.execute("ALTER TABLE audit RENAME TO hidden")
    try:
        async with service(engine) as client:
            shown = await client.get(f"/things/{PERSON}", headers=bearer())
            refused = await client.get(f"/things/{PERSON}")
    finally:
        forger.execute("ALTER TABLE hidden RENAME TO audit")
    assert (shown.status_code, refused.status_code) == (500, 401)


async def test_looks_of_many_requests_share_a_commit_and_each_is_durable(trail: Trail, forger: Forger) -> None:
    recorder = trail.auditor.recorder

    async def one(number: int) -> None:
        await recorder.write(trail.rows(Look(UUID(int=number))))
        assert forger.execute("SELECT 1 FROM audit WHERE person_id = %s", (UUID(int=number),)).fetchone()

    await asyncio.gather(*(one(number) for number in range(40)))
    (commits,) = forger.execute("SELECT count(DISTINCT xmin::text) FROM audit").fetchone() or (0,)
    assert (len(rows(forger)), commits < 20) == (40, True)


async def test_a_flood_is_counted_not_written(trail: Trail, forger: Forger) -> None:
    now = [0.0]
    refusals = Refusals(trail.auditor, monotonic=lambda: now[0])
    origin = trail_origin()
    for _ in range(500):
        await refusals.record({"problem_code": "token_invalid"}, origin, {})
    assert len(rows(forger)) == EACH_PER_MINUTE
    await refusals.close()
    assert rows(forger, "detail")[-1] == ('{"suppressed":480}',)
    now[0] += 61
    await refusals.record({"problem_code": "token_invalid"}, origin, {})
    assert len(rows(forger)) == EACH_PER_MINUTE + 2


async def test_a_flood_from_everywhere_is_bounded_as_a_whole(
    trail: Trail, forger: Forger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.kit.audit_refusals.KINDS_MAX", 30)
    monkeypatch.setattr("shared.kit.audit_refusals.ALL_PER_MINUTE", 50)
    refusals = Refusals(trail.auditor, monotonic=lambda: 0.0)
    for number in range(300):
        await refusals.record({"problem_code": "token_missing"}, trail_origin(f"10.0.0.{number}"), {})
    assert len(rows(forger)) <= 50
    await refusals.close()
    counted = sum(int(detail.split(":")[1][:-1]) for (detail,) in rows(forger, "detail") if detail)
    written = sum(1 for (detail,) in rows(forger, "detail") if not detail)
    assert counted + written == 300


def trail_origin(ip: str = "10.0.0.1") -> Origin:
    return Origin("GET", "/things/{person_id}", ip=ip, status=401)


async def test_the_trail_is_read_by_person_actor_route_kind_and_time(engine: AsyncEngine, forger: Forger) -> None:
    reader = bearer(roles=["audit_administrator"], divisions=["*"], sub="a-1")
    async with service(engine) as client:
        for _ in range(3):
            await client.get(f"/things/{PERSON}", headers=bearer())
        await client.get(f"/things/{UUID(int=9)}", headers=bearer(sub="u-2"))

        async def asked(**query: Any) -> list[dict[str, Any]]:
            answer = await client.get("/api/v1/audit", params=query, headers=reader)
            assert answer.status_code == 200, answer.text
            found: list[dict[str, Any]] = answer.json()["items"]
            return found

        assert len(await asked(person_id=str(PERSON))) == 3
        assert [each["what"] for each in await asked(actor="u-2")] == ["not_found"]
        assert len(await asked(kind="REFUSED")) == 1
        assert len(await asked(route="/things/{person_id}", kind="LOOK")) == 3
        assert await asked(until="2020-01-01T00:00:00Z") == []
        assert len(await asked(since="2020-01-01T00:00:00Z", actor="u-1")) == 3
        first = (await client.get("/api/v1/audit", params={"limit": 2, "actor": "u-1"}, headers=reader)).json()
        rest = (
            await client.get(
                "/api/v1/audit", params={"limit": 2, "actor": "u-1", "cursor": first["next"]}, headers=reader
            )
        ).json()
        assert (len(first["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)
        assert (await client.get("/api/v1/audit", headers=bearer())).status_code == 403
    assert {what for (what,) in rows(forger, "what")} >= {"audit.read", "permission_denied"}


async def test_a_reader_sees_the_rows_of_their_divisions(engine: AsyncEngine, forger: Forger) -> None:
    async with service(engine) as client:
        await client.get(f"/things/{PERSON}", headers=bearer())
        for divisions, seen in ((["3415"], 1), (["3401"], 0), ([], 0)):
            reader = bearer(roles=["audit_administrator"], divisions=divisions)
            answer = await client.get("/api/v1/audit", params={"person_id": str(PERSON)}, headers=reader)
            assert len(answer.json()["items"]) == seen


async def test_a_person_sees_who_looked_at_them_and_nobody_else(engine: AsyncEngine, forger: Forger) -> None:
    async with service(engine) as client:
        await client.get(f"/things/{PERSON}", headers={**bearer(), "X-Purpose": "PAYMENT"})
        await client.get(f"/things/{UUID(int=9)}", headers=bearer())
        own = bearer(roles=["person"], person_id=str(PERSON), sub="p-1")
        (entry,) = (await client.get("/api/v1/audit/own", headers=own)).json()["items"]
        assert (entry["kind"], entry["roles"], entry["purpose"]) == ("LOOK", "clerk", "PAYMENT")
        assert not entry.keys() & {"actor", "ip", "person_id"}
        stranger = bearer(roles=["person"], sub="p-2")
        assert (await client.get("/api/v1/audit/own", headers=stranger)).status_code == 404


async def test_a_person_sees_looks_at_many_at_once_too_and_not_who_else_was_among_them(
    engine: AsyncEngine, forger: Forger
) -> None:
    async with service(engine) as client:
        await client.get("/things/many", headers=bearer())
        for person_id in (PERSON, UUID(int=9)):
            own = bearer(roles=["person"], person_id=str(person_id), sub="p-1")
            (entry,) = (await client.get("/api/v1/audit/own", headers=own)).json()["items"]
            assert (entry["kind"], entry["fields"]) == ("LOOK", "name")
            assert "detail" not in entry
        nobody = bearer(roles=["person"], person_id=str(UUID(int=8)), sub="p-2")
        assert (await client.get("/api/v1/audit/own", headers=nobody)).json()["items"] == []
        reader = bearer(roles=["audit_administrator"], divisions=["*"])
        answer = await client.get(
            "/api/v1/audit", params={"person_id": str(PERSON), "route": "/things/many"}, headers=reader
        )
        assert [each["person_id"] for each in answer.json()["items"]] == [None]
