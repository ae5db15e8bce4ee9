"""A service that breaks its document is found out: each breach generated requests look for, made on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import pytest
from fastapi import Depends, Query
from pydantic import BaseModel
from starlette.responses import Response

from shared.kit.openapi import Api
from shared.kit.permissions import Public
from shared.kit.routing import Router
from tests.builders.served import EVERYTHING, Served, listening
from tests.system.conformance import Conformance, bearer, examined
from tests.unit.kit.a_service import an_api


class Thing(BaseModel):
    size: int


def _router() -> Router:
    router = Router(prefix="/broken")

    @router.get("/crash", dependencies=[Public()])
    async def crash(word: Annotated[str, Query(max_length=8)]) -> str:
        return str(len(word) // (len(word) - 8))

    @router.get("/status", dependencies=[Public()])
    async def status() -> Response:
        return Response(status_code=418)

    @router.get("/body", dependencies=[Public()], response_model=None, responses={200: {"model": Thing}})
    async def body() -> dict[str, str]:
        return {"size": "large"}

    @router.get("/type", dependencies=[Public()], responses={200: {"model": Thing}})
    async def media_type() -> Response:
        return Response("1", media_type="text/plain")

    @router.get("/lax", dependencies=[Public()])
    async def lax(number: Annotated[str, Query(json_schema_extra={"pattern": "^[0-9]+$"})]) -> str:
        return number

    @router.get("/strict", dependencies=[Public()])
    async def strict(number: Annotated[int, Depends(_small)]) -> int:
        return number

    @router.get("/open", dependencies=[Public()])
    async def opened() -> str:
        return "whoever you are"

    @router.get("/kept", dependencies=[Public()])
    async def kept() -> str:
        return "as promised"

    return router


async def _small(number: Annotated[str, Query(pattern="^[0-9]$", json_schema_extra={"pattern": "^[0-9]+$"})]) -> int:
    return int(number)


@pytest.fixture(scope="module")
def api() -> Iterator[Served]:
    app = an_api(_router())
    app.state.roles = {EVERYTHING: frozenset({"thing:read"})}
    assert isinstance(app, Api)
    app.openapi()["paths"]["/broken/open"]["get"]["security"] = [{"bearer": []}]
    with listening("broken", app) as api:
        yield api


@pytest.fixture(scope="module")
def seen(api: Served) -> Conformance:
    return examined(api, bearer(), examples=20, phases=("coverage", "fuzzing"))


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("crash", "Server error"),
        ("status", "Undocumented status code"),
        ("body", "Response violates schema"),
        ("type", "Undocumented Content-Type"),
        ("lax", "Schema-violating request accepted"),
        ("strict", "Schema-valid request rejected"),
        ("open", "API accepts requests without authentication"),
    ],
)
def test_a_broken_promise_is_found(seen: Conformance, path: str, title: str) -> None:
    assert f"GET /broken/{path}: {title}" in seen.wrong


def test_a_kept_one_is_not(seen: Conformance) -> None:
    assert not [what for what in seen.wrong if what.startswith("GET /broken/kept")]
