from typing import Annotated, Any

import pytest
from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict

from shared.kit.permissions import Public
from shared.kit.routing import BodyAcceptsUnknownFields, RequestModel, Router, TakesAThread
from tests.unit.kit.a_service import a_client, an_api


class Filters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    colour: str | None = None
    tag: list[str] = []


def _router() -> Router:
    router = Router()

    @router.get("/things", dependencies=[Public()])
    async def read(
        size: int | None = None,
        month: Annotated[str | None, Query(alias="for-month")] = None,
        tag: Annotated[list[str] | None, Query()] = None,
    ) -> list[object]:
        return [size, month, tag]

    @router.get("/filtered", dependencies=[Public()])
    async def read_filtered(filters: Annotated[Filters, Query()]) -> Filters:
        return filters

    @router.get("/plain", dependencies=[Public()])
    async def read_plain() -> str:
        return "plain"

    return router


async def _code(path: str) -> tuple[int, str, str]:
    async with a_client(an_api(_router())) as client:
        response = await client.get(path)
    if response.is_success:
        return response.status_code, "", response.text
    return response.status_code, response.json()["code"], response.json()["detail"]


async def test_an_unknown_query_parameter_is_refused_by_name_and_the_allowed_ones_are_told() -> None:
    status, code, detail = await _code("/things?sice=1&size=2")
    assert (status, code) == (400, "unknown_parameter")
    assert detail == "不认识的查询参数：sice。允许的参数：for-month、size、tag。"


@pytest.mark.parametrize("path", ["/plain?x=1", "/plain?x", "/filtered?color=red", "/things?month=1", "/things?SIZE=1"])
async def test_a_parameter_nobody_declared_is_never_passed_over(path: str) -> None:
    assert (await _code(path))[1] == "unknown_parameter"


@pytest.mark.parametrize("path", ["/things?size=1&size=2", "/filtered?colour=a&colour=b"])
async def test_a_single_parameter_given_twice_is_refused(path: str) -> None:
    assert (await _code(path))[:2] == (400, "repeated_parameter")


@pytest.mark.parametrize(
    "path", ["/things?tag=a&tag=b", "/things?for-month=1", "/filtered?colour=a&tag=b&tag=c", "/plain", "/plain?"]
)
async def test_declared_parameters_pass(path: str) -> None:
    assert (await _code(path))[0] == 200


class _Open(BaseModel):
    name: str


class _Closed(RequestModel):
    inner: list[_Open]


@pytest.mark.parametrize("body", [_Open, _Closed, list[_Open], _Open | None])
def test_a_route_whose_body_would_ignore_unknown_fields_cannot_be_declared(body: type) -> None:
    router = Router()

    async def create(thing: body) -> None:  # type: ignore[valid-type]
        pass

    with pytest.raises(BodyAcceptsUnknownFields, match="_Open"):
        router.post("/things", dependencies=[Public()])(create)


class _Asked:
    def __call__(self) -> None:
        """Not a coroutine."""


@pytest.mark.parametrize("dependency", [_Asked(), _Asked, lambda: None], ids=["an object", "a class", "a function"])
def test_a_route_that_would_take_a_thread_for_every_call_cannot_be_declared(dependency: Any) -> None:
    router = Router()

    async def create() -> None:
        pass

    with pytest.raises(TakesAThread, match="/things"):
        router.post("/things", dependencies=[Public(), Depends(dependency)])(create)
    with pytest.raises(TakesAThread, match="/things"):
        router.post("/things", dependencies=[Public()])(lambda: None)
