"""Every route of every service declares a permission somebody can hold, and every permission opens something."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Final

import pytest
from fastapi.routing import iter_route_contexts

from shared.contracts.roles import MACHINE_PERMISSIONS, ROLES
from shared.kit.permissions import Decision
from shared.kit.person_requests import erasure_matter
from shared.kit.routing import Route
from tests.architecture.source import SERVICES
from tests.builders.settings import api_of

HELD: Final = frozenset().union(*ROLES.values(), MACHINE_PERMISSIONS)

PUBLIC: Final = frozenset(
    {
        *("/livez", "/readyz", "/metrics", "/version", "/docs", "/redoc", "/openapi.json", "/asyncapi.json"),
        *("/api/v1/code-lists", "/api/v1/code-lists/{name}", "/api/v1/clock", "/api/v1/status-proof-keys"),
        *("/board", "/board/assets/{name}"),  # an empty page that asks for a token, and what it is drawn with
    }
)
"""What anybody may read: about no person."""


@cache
def decisions(service: str) -> tuple[tuple[str, str, Decision | None], ...]:
    """(method, path, decision) of every route a service serves."""
    return tuple(_decisions(service))


def _decisions(service: str) -> Iterator[tuple[str, str, Decision | None]]:
    app = api_of(service, Path(gettempdir()))
    for context in iter_route_contexts(app.routes):
        route: Any = context.route
        decision = route.decision if isinstance(route, Route) else None
        for method in sorted(context.methods or {"*"}):
            yield method, context.path_format or "", decision


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_declares_a_decision(service: str) -> None:
    undeclared = [f"{method} {path}" for method, path, decision in decisions(service) if decision is None]
    assert undeclared == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_permission_a_route_asks_for_is_held_by_some_role(service: str) -> None:
    asked = {decision.permission for _, _, decision in decisions(service) if decision and decision.permission}
    assert asked
    assert asked <= HELD


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_about_persons_is_public(service: str) -> None:
    public = {
        path
        for method, path, decision in decisions(service)
        if decision is not None and decision.permission is None and method in {"GET", "HEAD", "POST", "PUT", "DELETE"}
    }
    assert {path for path in public if not path.startswith(("/docs", "/redoc", "/static"))} <= PUBLIC


@pytest.mark.parametrize("service", SERVICES)
def test_only_readers_permissions_read_and_only_writers_permissions_write(service: str) -> None:
    reading = {"read", "compare"}
    for method, path, decision in decisions(service):
        if decision is None or decision.permission is None or method in {"GET", "HEAD"}:
            continue
        verb = decision.permission.partition(":")[2]
        looks_up = path.endswith(("/lookup", "/states", "/search"))
        assert looks_up == (verb in reading), f"{method} {path} needs {decision.permission}"


def test_every_permission_in_the_table_opens_something() -> None:
    asked = {
        decision.permission for service in SERVICES for _, _, decision in decisions(service) if decision is not None
    }
    by_two = {erasure_matter().permission}  # asked for by what two people decide
    by_sight = {"case:confidential"}  # asked for by what a list or a page shows besides
    assert asked | by_two | by_sight >= HELD


def _asked_by(dependant: Any) -> Iterator[Any]:
    yield from dependant.query_params
    for each in dependant.dependencies:
        yield from _asked_by(each)


@pytest.mark.parametrize("service", SERVICES)
def test_days_and_moments_in_a_query_are_read_as_they_are_written_only(service: str) -> None:
    """`Day` and `Moment` refuse numbers, and moments without a time zone; the plain types take both."""
    app = api_of(service, Path(gettempdir()))
    routes = [context.route for context in iter_route_contexts(app.routes)]
    asked = [field for route in routes if isinstance(route, Route) for field in _asked_by(route.dependant)]
    told = {field.name: f"{field.field_info.annotation} {field.field_info.metadata}" for field in asked}
    dated = {name: kind for name, kind in told.items() if "datetime" in kind or "AwareDatetime" in kind}
    assert dated, "such parameters are found where they are looked for"
    assert [name for name, kind in dated.items() if "BeforeValidator" not in kind] == []
