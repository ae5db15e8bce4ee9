"""A route that declares no permission, planted in every form: it stops the start; with the check off, it is 403."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from shared.kit.permissions import Caller, Permit, Public
from shared.kit.routing import Router, UndeclaredRoute
from tests.unit.kit.a_service import a_client, an_api, bearer

ran: list[str] = []


async def planted() -> str:
    ran.append("planted")
    return "open to everybody"


async def plain(_: Request) -> PlainTextResponse:
    return PlainTextResponse("open to everybody")


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("open to everybody")
    await websocket.close()


def _included(app: FastAPI) -> None:
    router = Router(prefix="/a")
    router.get("/planted")(planted)
    app.include_router(router)


def _nested(app: FastAPI) -> None:
    inner, outer = Router(prefix="/b"), Router(prefix="/a")
    inner.get("/planted")(planted)
    outer.include_router(inner)
    app.include_router(outer)


def _added_to_a_nested_router_later(app: FastAPI) -> None:
    inner, outer = Router(), Router()
    outer.include_router(inner)
    app.include_router(outer)
    inner.get("/a/planted")(planted)


def _plain_router(app: FastAPI) -> None:
    router = APIRouter()
    router.get("/a/planted")(planted)
    app.include_router(router)


def _plain_router_with_a_permission(app: FastAPI) -> None:
    """It says who may, but none of the kit's other rules would hold on it."""
    router = APIRouter()
    router.get("/a/planted", dependencies=[Permit("thing:read")])(planted)
    app.include_router(router)


def _declared_only_where_included(app: FastAPI) -> None:
    router = Router()
    router.get("/a/planted")(planted)
    app.include_router(router, dependencies=[Public()])


def _declared_twice(app: FastAPI) -> None:
    app.get("/a/planted", dependencies=[Public(), Permit("thing:read")])(planted)


def _on_the_app(app: FastAPI) -> None:
    app.get("/a/planted")(planted)


def _plain_route(app: FastAPI) -> None:
    app.router.routes.append(Route("/a/planted", plain))


def _mount(app: FastAPI) -> None:
    app.mount("/a", Starlette(routes=[Route("/planted", plain)]))


def _mount_in_a_router(app: FastAPI) -> None:
    router = Router()
    router.routes.append(Mount("/a", routes=[Route("/planted", plain)]))
    app.include_router(router)


def _mounted_application(app: FastAPI) -> None:
    other = FastAPI()
    other.get("/planted")(planted)
    app.mount("/a", other)


def _files(app: FastAPI) -> None:
    app.mount("/a", StaticFiles(directory=Path(__file__).parent))


def _host(app: FastAPI) -> None:
    app.router.routes.append(Host("things.test", app=Starlette(routes=[Route("/a/planted", plain)])))


def _docs(app: FastAPI) -> None:
    app.openapi_url, app.docs_url = "/a/openapi.json", "/a/planted"
    app.setup()


def _front_end(app: FastAPI) -> None:
    app.frontend("/a", directory=Path(__file__).parent)


def _socket(app: FastAPI) -> None:
    app.websocket("/a/socket")(socket)


def _socket_in_a_router(app: FastAPI) -> None:
    router = Router(prefix="/a")
    router.websocket("/socket")(socket)
    app.include_router(router)


def _plain_socket(app: FastAPI) -> None:
    app.router.routes.append(WebSocketRoute("/a/socket", socket))


Plant = Callable[[FastAPI], None]
HTTP: list[Plant] = [
    _included,
    _nested,
    _added_to_a_nested_router_later,
    _plain_router,
    _declared_only_where_included,
    _declared_twice,
    _on_the_app,
    _plain_route,
    _mount,
    _mount_in_a_router,
    _mounted_application,
    _files,
    _host,
    _docs,
    _front_end,
]
SOCKETS: list[Plant] = [_socket, _socket_in_a_router, _plain_socket]


def _path(plant: Plant) -> str:
    return f"/a/{Path(__file__).name}" if plant in {_files, _front_end} else "/a/planted"


@asynccontextmanager
async def _started(app: FastAPI) -> AsyncIterator[None]:
    async with app.router.lifespan_context(app):
        yield


@pytest.mark.parametrize("plant", [*HTTP, *SOCKETS, _plain_router_with_a_permission])
async def test_an_undeclared_route_in_any_form_stops_the_start_and_is_named(plant: Plant) -> None:
    app = an_api()
    plant(app)
    with pytest.raises(UndeclaredRoute) as refused:
        async with _started(app):
            pass
    assert any("/a" in path or path == "HOST things.test" for path in refused.value.paths)


async def test_all_undeclared_routes_are_named_at_once() -> None:
    app = an_api()
    _nested(app)
    _socket(app)
    _mount(app)
    with pytest.raises(UndeclaredRoute, match="planted") as refused:
        async with _started(app):
            pass
    assert refused.value.paths == ("GET /a/b/planted", "MOUNT /a", "WEBSOCKET /a/socket")


def test_a_router_with_an_undeclared_route_is_refused_by_the_factory_already() -> None:
    router = Router()
    router.get("/planted")(planted)
    with pytest.raises(UndeclaredRoute):
        an_api(router)


async def test_a_service_whose_routes_are_all_declared_starts() -> None:
    async with _started(an_api()):
        pass


@pytest.mark.parametrize("plant", HTTP)
async def test_with_the_start_up_check_off_an_undeclared_route_still_answers_403(plant: Plant) -> None:
    app = an_api(check_routes_at_start=False)
    plant(app)
    async with _started(app), a_client(app) as client:
        path = "/a/b/planted" if plant is _nested else _path(plant)
        response = await client.get(path, headers=bearer())
    assert (response.status_code, response.json().get("code")) == (403, "permission_not_decided")
    assert "open to everybody" not in response.text


@pytest.mark.parametrize("plant", [_included, _nested, _on_the_app, _declared_twice, _declared_only_where_included])
async def test_the_endpoint_of_an_undeclared_route_does_not_even_run(plant: Plant) -> None:
    ran.clear()
    app = an_api(check_routes_at_start=False)
    plant(app)
    async with a_client(app) as client:
        await client.get("/a/b/planted" if plant is _nested else "/a/planted")
    assert ran == []


async def _handshake(app: FastAPI, path: str, headers: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """What a server would be told to send in answer to a websocket handshake."""
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "scheme": "ws",
        "server": ("things.test", 80),
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
        "app": app,
    }

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"} if not sent else {"type": "websocket.disconnect", "code": 1000}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


@pytest.mark.parametrize("plant", SOCKETS)
async def test_with_the_start_up_check_off_an_undeclared_socket_is_refused_with_403(plant: Plant) -> None:
    app = an_api(check_routes_at_start=False)
    plant(app)
    start, body = await _handshake(app, "/a/socket")
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 403)
    assert b"permission_not_decided" in body["body"]


async def test_a_declared_socket_is_opened_for_who_may_and_refused_to_who_may_not() -> None:
    router = Router()

    @router.websocket("/things")
    async def things(websocket: WebSocket, caller: Annotated[Caller, Permit("thing:read")]) -> None:
        await websocket.accept()
        await websocket.send_text(caller.subject)

    app = an_api(router)
    accepted, text, *_ = await _handshake(app, "/things", bearer())
    assert (accepted["type"], text["text"]) == ("websocket.accept", "u-1")
    refused, *_ = await _handshake(app, "/things")
    assert (refused["type"], refused["status"]) == ("websocket.http.response.start", 401)


async def test_an_address_nobody_declared_is_404_and_a_wrong_method_405_not_403() -> None:
    async with a_client(an_api()) as client:
        assert (await client.get("/nowhere")).status_code == 404
        assert (await client.post("/docs")).status_code == 405
        assert (await client.options("/docs", headers={"Origin": "https://evil.test"})).status_code == 405


async def test_no_other_origin_is_let_in() -> None:
    async with a_client(an_api()) as client:
        response: httpx.Response = await client.get("/docs", headers={"Origin": "https://evil.test"})
    assert "access-control-allow-origin" not in response.headers
