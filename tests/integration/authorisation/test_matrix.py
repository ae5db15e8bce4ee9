"""Every route × every role × own and other division × own and other person gets exactly what the table says."""

import os
from dataclasses import replace

import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette

from shared.contracts.roles import MACHINE_PERMISSIONS
from shared.contracts.roles import ROLES as TABLE
from tests.integration.authorisation.asgi import send
from tests.integration.authorisation.duties import DUTIES, MACHINE, ROLES
from tests.integration.authorisation.matrix import ask, callers, every, prepared, routes_of, telling
from tests.integration.authorisation.rows import ROWS
from tests.integration.authorisation.world import SERVICES, World

CHOSEN = every if os.environ.get("LIANGFU_PROFILE") == "full" else telling
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def test_the_products_table_says_what_the_duties_say() -> None:
    held = {permission: {role for role in TABLE if permission in TABLE[role]} for permission in DUTIES}
    for permission in MACHINE_PERMISSIONS:
        held.setdefault(permission, set()).add(MACHINE)
    assert TABLE.keys() == set(ROLES)
    assert held == DUTIES


@pytest.mark.parametrize("service", SERVICES)
async def test_every_reachable_route_has_a_row_and_every_row_a_route(world: World, service: str) -> None:
    reachable, declared = routes_of(world.apps[service]), {row.route for row in ROWS[service]}
    assert sorted(declared) == reachable


async def test_everybody_gets_at_every_route_what_they_should(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    report = await ask(world, ROWS, callers(world), chosen=CHOSEN)
    with capsys.disabled():
        print(f"\n{report}")
    assert [str(failure) for failure in report.allows] == []
    assert [str(failure) for failure in report.failures] == []


@pytest.mark.parametrize("service", SERVICES)
async def test_a_path_answers_no_method_it_does_not_declare(world: World, service: str) -> None:
    declared = {row.route for row in ROWS[service]}
    for path, row in {row.path: row for row in ROWS[service]}.items():
        for method in METHODS:
            if f"{method} {path}" not in declared:
                request = replace(prepared(world, service, row), method=method)
                assert (await send(world.apps[service], request, {})).status_code == 405, f"{method} {path}"


def test_the_walk_finds_what_hides() -> None:
    async def planted() -> None:
        """A route."""

    inner, middle, app = APIRouter(), APIRouter(prefix="/b"), FastAPI(openapi_url=None)
    middle.include_router(inner, prefix="/c")
    app.include_router(middle, prefix="/a")
    inner.get("/late")(planted)  # after everything was included
    middle.websocket("/socket")(planted)
    app.mount("/mounted", Starlette())
    app.host("other.test", Starlette())
    assert routes_of(app) == [
        "APIWEBSOCKETROUTE /a/b/socket",
        "GET /a/b/c/late",
        "HOST other.test",
        "MOUNT /mounted/{path}",
    ]
