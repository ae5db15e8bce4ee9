"""Limits at the limit and one more, headers that stand on every answer, and pages of other origins."""

from typing import Annotated, Any

import httpx
import pytest
from pydantic import Field, ValidationError

from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit, Public
from shared.kit.routing import RequestModel, Router
from tests.unit.kit.a_service import a_client, an_api, bearer, some_settings

BODY_MAX = 2_000
CONSOLE = "https://console.gov.test"


class Keys(RequestModel):
    keys: Annotated[list[int], Field(min_length=1, max_length=5)]


def a_router() -> Router:
    router = Router()

    @router.post("/keys")
    async def take(caller: Annotated[Caller, Permit("thing:read")], body: Keys) -> int:
        return len(body.keys)

    @router.get("/things")
    async def things(caller: Annotated[Caller, Permit("thing:read")], page: PageAsked) -> Listed[int]:
        return Listed(items=[page.limit])

    @router.get("/public", dependencies=[Public()])
    async def public() -> str:
        return "public"

    return router


def an_app(**changes: Any) -> Any:
    return an_api(a_router(), settings=some_settings(body_bytes_max=BODY_MAX, **changes))


async def sent(client: httpx.AsyncClient, body: bytes, *, declared: bool) -> int:
    async def chunks() -> Any:
        yield body[:7]
        yield body[7:]

    headers = {**bearer(), "Content-Type": "application/json"}
    return (await client.post("/keys", content=body if declared else chunks(), headers=headers)).status_code


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_of_the_limit_is_taken_and_one_byte_more_is_not(declared: bool) -> None:  # noqa: FBT001
    whole = b'{"keys": [1]}'.ljust(BODY_MAX)
    async with a_client(an_app()) as client:
        assert await sent(client, whole, declared=declared) == 200
        assert await sent(client, whole + b" ", declared=declared) == 413


@pytest.mark.parametrize("length", ["-1", "1e9", "0x10", "99999999999999999999999", "١٢"])
async def test_a_length_that_lies_gains_nothing(length: str) -> None:
    async with a_client(an_app()) as client:
        headers = [(b"content-length", length.encode()), (b"authorization", bearer()["Authorization"].encode())]
        answer = await client.post("/keys", content=b"x" * (BODY_MAX + 1), headers=headers)
    assert answer.status_code == 413


async def test_a_batch_of_the_limit_is_taken_and_one_more_is_not() -> None:
    async with a_client(an_app()) as client:
        assert (await client.post("/keys", json={"keys": [1] * 5}, headers=bearer())).json() == 5
        assert (await client.post("/keys", json={"keys": [1] * 6}, headers=bearer())).status_code == 422
        assert (await client.post("/keys", json={"keys": []}, headers=bearer())).status_code == 422


@pytest.mark.parametrize(("limit", "status"), [("1", 200), ("1000", 200), ("1001", 422), ("0", 422), ("1e3", 422)])
async def test_a_page_of_the_limit_is_given_and_one_more_is_not(limit: str, status: int) -> None:
    async with a_client(an_app()) as client:
        assert (await client.get("/things", params={"limit": limit}, headers=bearer())).status_code == status


STANDING = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}


@pytest.mark.parametrize("path", ["/public", "/things", "/nowhere", "/things?limit=0", "/livez", "/openapi.json"])
async def test_every_answer_carries_the_standing_headers(path: str) -> None:
    async with a_client(an_app()) as client:
        answer = await client.get(path, headers=bearer())
    assert STANDING.items() <= {name: answer.headers.get(name) for name in STANDING}.items()
    assert "server" not in answer.headers
    assert "x-powered-by" not in answer.headers


def asking(origin: str, method: str = "POST") -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization, idempotency-key",
    }


def opened(answer: httpx.Response) -> list[str]:
    return [name for name in answer.headers if name.startswith("access-control-")]


async def test_no_page_of_another_origin_may_call_unless_it_was_named() -> None:
    async with a_client(an_app()) as client:
        assert not opened(await client.options("/things", headers=asking(CONSOLE)))
        assert not opened(await client.get("/things", headers={**bearer(), "Origin": CONSOLE}))


async def test_pages_of_a_named_origin_may_call_and_read_what_they_need() -> None:
    async with a_client(an_app(cors_origins=(CONSOLE,))) as client:
        before = await client.options("/things", headers=asking(CONSOLE))
        answer = await client.get("/things", headers={**bearer(), "Origin": CONSOLE})
    assert before.status_code == 200
    assert before.headers["access-control-allow-origin"] == CONSOLE
    assert "idempotency-key" in before.headers["access-control-allow-headers"].lower()
    assert answer.headers["access-control-allow-origin"] == CONSOLE
    assert "etag" in answer.headers["access-control-expose-headers"].lower()
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.test",
        "https://console.gov.test.evil.test",
        "http://console.gov.test",
        f"{CONSOLE}:8443",
        "null",
        "*",
    ],
)
async def test_an_origin_that_only_resembles_a_named_one_stays_outside(origin: str) -> None:
    async with a_client(an_app(cors_origins=(CONSOLE,))) as client:
        before = await client.options("/things", headers=asking(origin))
        answer = await client.get("/things", headers={**bearer(), "Origin": origin})
    assert "access-control-allow-origin" not in before.headers
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("origin", ["*", "https://*.gov.test", "https://gov.test/path", "gov.test", "null", ""])
def test_a_wildcard_is_no_name_of_an_origin(origin: str) -> None:
    with pytest.raises(ValidationError):
        some_settings(cors_origins=(origin,))
