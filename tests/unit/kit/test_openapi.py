"""The document tells what a route asks for and everything it may be refused with, read off its declaration."""

from typing import Annotated, Any

import pytest
from fastapi import Depends, Response

from shared.kit.etags import Precondition, if_match
from shared.kit.idempotency import Idempotent
from shared.kit.limits import Budget
from shared.kit.permissions import Permit, Public
from shared.kit.problems import DOCUMENT_SCHEMA, ProblemText
from shared.kit.routing import RequestModel, Router
from shared.values.refusal import Refusal
from tests.unit.kit.a_service import a_client, an_api

TEXTS: dict[type[Refusal], ProblemText] = {Refusal: ProblemText(410, "已不存在", "Gone", "已不存在。", "It is gone.")}


class Thing(RequestModel):
    name: str


def _router() -> Router:
    router = Router(prefix="/things")

    @router.get("/public", dependencies=[Public()])
    async def public() -> str:
        return "a"

    @router.get("", dependencies=[Permit("thing:read")])
    async def listed() -> str:
        return "b"

    @router.get("/{name}", dependencies=[Permit("thing:read"), Budget("thing.look")])
    async def read(name: str) -> str:
        return name

    @router.post("", dependencies=[Permit("thing:write"), Idempotent()])
    async def create(thing: Thing) -> str:
        return thing.name

    @router.put("/{name}", dependencies=[Permit("thing:write")])
    async def change(name: str, thing: Thing, seen: Annotated[Precondition, Depends(if_match)]) -> Response:
        return Response()

    return router


def _operation(method: str, path: str) -> dict[str, Any]:
    operation: dict[str, Any] = an_api(_router(), problem_texts=TEXTS).openapi()["paths"][path][method]
    return operation


@pytest.mark.parametrize(
    ("method", "path", "refusals"),
    [
        ("get", "/things/public", "400 503"),
        ("get", "/things", "400 401 403 404 429 503"),
        ("get", "/things/{name}", "400 401 403 404 422 429 503"),
        ("post", "/things", "400 401 403 404 409 410 413 422 429 503"),
        ("put", "/things/{name}", "400 401 403 404 410 412 413 422 428 429 503"),
    ],
)
def test_every_refusal_is_told_and_no_other(method: str, path: str, refusals: str) -> None:
    responses = _operation(method, path)["responses"]
    assert sorted(status for status in responses if status != "200") == refusals.split()
    assert "default" not in responses


def test_a_refusal_has_the_shape_of_a_problem_and_the_headers_it_comes_with() -> None:
    components = an_api(_router()).openapi()["components"]
    assert components["schemas"]["Problem"] == DOCUMENT_SCHEMA
    assert "HTTPValidationError" not in components["schemas"]
    assert components["responses"]["Problem401"]["headers"].keys() == {"Trace-Id", "WWW-Authenticate"}
    assert components["responses"]["Problem429"]["headers"].keys() == {"Trace-Id", "Retry-After"}
    for response in components["responses"].values():
        assert response["content"].keys() == {"application/problem+json"}


def test_a_permission_and_budgets_are_told() -> None:
    operation = _operation("get", "/things/{name}")
    assert operation["security"] == [{"bearer": []}]
    assert (operation["x-permission"], operation["x-budgets"]) == ("thing:read", ["thing.look"])
    assert _operation("get", "/things/public")["security"] == []


@pytest.mark.parametrize(
    ("method", "path", "name"), [("post", "/things", "Idempotency-Key"), ("put", "/things/{name}", "If-Match")]
)
def test_a_header_the_kit_asks_for_is_required(method: str, path: str, name: str) -> None:
    (header,) = (each for each in _operation(method, path)["parameters"] if each["name"] == name)
    assert header["required"]
    assert header["schema"]["type"] == "string"
    assert header["schema"]["pattern"]


async def test_a_method_that_is_not_taken_is_told_all_that_are() -> None:
    async with a_client(an_api(_router())) as client:
        for path, allowed in (("/things", "GET, POST"), ("/things/public", "GET"), ("/livez", "GET")):
            answer = await client.delete(path)
            assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
