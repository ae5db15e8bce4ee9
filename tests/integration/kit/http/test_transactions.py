"""The commit comes before the answer: what a client reads as done is done."""

from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.kit.http.conftest import THING
from tests.integration.kit.http.things import things_router
from tests.unit.kit.a_service import a_client, an_api, bearer


async def count(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(THING))).scalar_one()


async def test_the_row_is_visible_to_others_before_the_first_byte_of_the_answer(engine: AsyncEngine) -> None:
    app = an_api(things_router(), engine=engine)
    seen: list[int] = []

    async def watching(scope: Any, receive: Any, send: Any) -> None:
        async def send_watched(message: Any) -> None:
            if message["type"] == "http.response.start":
                seen.append(await count(engine))
            await send(message)

        await app(scope, receive, send_watched)

    async with a_client(watching) as client:  # type: ignore[arg-type]
        response = await client.post("/api/v1/things/plain", json={"name": "a"}, headers=bearer())
    assert (response.status_code, seen) == (201, [1])


async def test_a_commit_that_fails_is_a_500_problem_never_a_success(engine: AsyncEngine) -> None:
    async with a_client(an_api(things_router(), engine=engine)) as client:
        first = await client.post("/api/v1/things/plain", json={"name": "a"}, headers=bearer())
        second = await client.post("/api/v1/things/plain", json={"name": "a"}, headers=bearer())
    assert first.status_code == 201
    assert (second.status_code, second.json()["code"]) == (500, "internal_error")
    assert await count(engine) == 1


async def test_a_commit_that_fails_keeps_no_answer_for_its_key(engine: AsyncEngine) -> None:
    async with a_client(an_api(things_router(), engine=engine)) as client:
        await client.post("/api/v1/things/plain", json={"name": "a"}, headers=bearer())
        failed = await client.post("/api/v1/things", json={"name": "a"}, headers={**bearer(), "Idempotency-Key": "k"})
        async with engine.begin() as connection:
            await connection.execute(text("TRUNCATE thing"))
        repeated = await client.post("/api/v1/things", json={"name": "a"}, headers={**bearer(), "Idempotency-Key": "k"})
    assert (failed.status_code, repeated.status_code) == (500, 201)
    assert "idempotent-replay" not in repeated.headers


@pytest.mark.parametrize("then", ["refuse", "crash"])
async def test_a_refused_or_broken_request_leaves_nothing_behind(engine: AsyncEngine, then: str) -> None:
    async with a_client(an_api(things_router(), engine=engine)) as client:
        await client.post(
            "/api/v1/things", json={"name": "a", "then": then}, headers={**bearer(), "Idempotency-Key": "k"}
        )
    assert await count(engine) == 0


async def test_work_is_measured_by_its_outcome(engine: AsyncEngine) -> None:
    def measured(outcome: str) -> float:
        return REGISTRY.get_sample_value("liangfu_work_seconds_count", {"outcome": outcome}) or 0.0

    before = measured("committed"), measured("rolled_back")
    async with a_client(an_api(things_router(), engine=engine)) as client:
        for _ in range(2):
            await client.post("/api/v1/things/plain", json={"name": "a"}, headers=bearer())
    assert (measured("committed"), measured("rolled_back")) == (before[0] + 1, before[1] + 1)


async def test_a_database_that_is_away_is_503(engine: AsyncEngine) -> None:
    async with a_client(an_api(things_router())) as client:
        response = await client.post("/api/v1/things/plain", json={"name": "a"}, headers=bearer())
    assert (response.status_code, response.json()["code"]) == (503, "service_unavailable")
