import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.kit.idempotency import purge_answers
from tests.integration.kit.http.test_transactions import count
from tests.integration.kit.http.things import things_router
from tests.unit.kit.a_service import a_client, an_api, bearer

KEPT = "SELECT count(*) FROM idempotency_key"


async def _post(client: httpx.AsyncClient, name: str = "a", *, key: str | None = "k", **options: Any) -> httpx.Response:
    path = options.pop("path", "/api/v1/things")
    headers = bearer(**options.pop("claims", {})) | ({"Idempotency-Key": key} if key is not None else {})
    return await client.post(path, headers=headers, **({"json": {"name": name}} | options))


async def _scalar(engine: AsyncEngine, statement: str) -> Any:
    async with engine.connect() as connection:
        return (await connection.execute(text(statement))).scalar_one()


async def test_a_repeat_gets_the_first_answer_and_no_second_effect(engine: AsyncEngine) -> None:
    async with a_client(an_api(things_router(), engine=engine)) as client:
        first, repeat = await _post(client), await _post(client)
    assert (first.status_code, first.headers.get("idempotent-replay")) == (201, None)
    assert (repeat.status_code, repeat.headers["idempotent-replay"]) == (201, "true")
    assert first.content == repeat.content
    for header in ("location", "content-type"):
        assert first.headers[header] == repeat.headers[header]
    assert await count(engine) == 1


async def test_another_key_is_another_request(engine: AsyncEngine) -> None:
    async with a_client(an_api(things_router(), engine=engine)) as client:
        await _post(client, "a", key="k1")
        assert (await _post(client, "b", key="k2")).status_code == 201
    assert await count(engine) == 2


async def test_the_key_is_required(engine: AsyncEngine) -> None:
    async with a_client(an_api(things_router(), engine=engine)) as client:
        response = await _post(client, key=None)
    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_missing")
    assert await count(engine) == 0


@pytest.mark.parametrize("key", ["", '""', "k" * 256, "a\tb"])
async def test_a_key_that_is_none_is_refused(engine: AsyncEngine, key: str) -> None:
    async with a_client(an_api(things_router(), engine=engine)) as client:
        response = await _post(client, key=key)
    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_invalid")


async def test_the_quoted_form_of_the_draft_is_the_same_key(engine: AsyncEngine) -> None:
    async with a_client(an_api(things_router(), engine=engine)) as client:
        await _post(client, key="k")
        assert (await _post(client, key='"k"')).headers["idempotent-replay"] == "true"


async def test_a_key_used_for_another_body_is_422(engine: AsyncEngine) -> None:
    async with a_client(an_api(things_router(), engine=engine)) as client:
        await _post(client, "a")
        response = await _post(client, "b")
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_key_used_on_another_route_is_422(engine: AsyncEngine) -> None:
    async with a_client(an_api(things_router(), engine=engine)) as client:
        await _post(client)
        assert (await _post(client, path="/api/v1/things/kept-for-ever")).status_code == 422


async def test_keys_of_different_clients_do_not_meet(engine: AsyncEngine) -> None:
    async with a_client(an_api(things_router(), engine=engine)) as client:
        await _post(client, "a")
        other = await _post(client, "b", claims={"client_id": "other"})
    assert other.status_code == 201


async def test_one_person_is_never_shown_the_answer_of_another(engine: AsyncEngine) -> None:
    async with a_client(an_api(things_router(), engine=engine)) as client:
        await _post(client)
        assert (await _post(client, claims={"sub": "u-2"})).status_code == 422


async def test_a_repeat_by_somebody_who_may_no_longer_is_refused(engine: AsyncEngine) -> None:
    async with a_client(an_api(things_router(), engine=engine)) as client:
        await _post(client)
        assert (await _post(client, claims={"roles": ["reader"]})).status_code == 403


async def test_ten_at_once_happen_once_and_each_answer_is_the_first_or_in_flight(engine: AsyncEngine) -> None:
    async with a_client(an_api(things_router(), engine=engine)) as client:
        answers = await asyncio.gather(*(_post(client) for _ in range(10)))
    assert await count(engine) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert all(answer.json()["code"] == "idempotency_in_flight" for answer in answers if answer.status_code == 409)


async def test_while_the_first_is_in_flight_a_repeat_is_409(engine: AsyncEngine) -> None:
    """The writer of the first request waits on a row that somebody else holds."""
    async with a_client(an_api(things_router(), engine=engine)) as client, engine.connect() as other:
        await other.execute(text("LOCK TABLE thing IN EXCLUSIVE MODE"))
        first = asyncio.create_task(_post(client))
        await asyncio.sleep(0.3)
        repeat = await _post(client)
        await other.rollback()
        assert (await first).status_code == 201
    assert (repeat.status_code, repeat.json()["code"], repeat.headers["retry-after"]) == (
        409,
        "idempotency_in_flight",
        "1",
    )


async def test_a_refused_request_may_be_asked_again_with_the_same_key(engine: AsyncEngine) -> None:
    async with a_client(an_api(things_router(), engine=engine)) as client:
        refused = await _post(client, json={"name": "a", "then": "refuse"})
        invalid = await _post(client, json={"nom": "a"})
        accepted = await _post(client)
    assert (refused.status_code, invalid.status_code, accepted.status_code) == (409, 422, 201)


async def test_the_same_form_sent_again_is_a_repeat_although_its_boundary_differs(engine: AsyncEngine) -> None:
    async with a_client(an_api(things_router(), engine=engine)) as client:
        options: dict[str, Any] = {"path": "/api/v1/things/uploaded", "json": None}
        first = await _post(client, **options, files={"name": (None, b"a")})
        repeat = await _post(client, **options, files={"name": (None, b"a")})
        other = await _post(client, **options, files={"name": (None, b"b")})
    assert first.json() == repeat.json()
    assert first.request.headers["content-type"] != repeat.request.headers["content-type"]
    assert (repeat.headers["idempotent-replay"], other.status_code) == ("true", 422)


async def test_a_kept_answer_cannot_be_read_in_the_database(engine: AsyncEngine) -> None:
    async with a_client(an_api(things_router(), engine=engine)) as client:
        await _post(client, "very personal")
    stored = await _scalar(engine, "SELECT answer FROM idempotency_key")
    assert b"personal" not in bytes(stored)


async def test_answers_are_forgotten_after_thirty_days_except_those_kept_for_ever(engine: AsyncEngine) -> None:
    async with a_client(an_api(things_router(), engine=engine)) as client:
        await _post(client, "a", key="k1")
        await _post(client, "b", key="k2")
        await _post(client, "c", key="k3", path="/api/v1/things/kept-for-ever")
    async with engine.begin() as connection:
        assert await purge_answers(connection, now=datetime.now(UTC) + timedelta(days=29)) == 0
    later = datetime.now(UTC) + timedelta(days=31)
    async with engine.begin() as connection:
        assert await purge_answers(connection, now=later, rows_max=1) == 1
        assert await purge_answers(connection, now=later) == 1
        assert await purge_answers(connection, now=later) == 0
    assert await _scalar(engine, KEPT) == 1
