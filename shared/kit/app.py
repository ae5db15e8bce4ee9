"""One call makes a service's API: every rule of the HTTP side is on, and nothing is left to remember."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Final

import httpx
from fastapi import APIRouter, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response

from shared.kit.audit_refusals import Refusals
from shared.kit.crypto import Cipher
from shared.kit.docs_pages import documentation_router
from shared.kit.edge import Edge
from shared.kit.limits import Budgets
from shared.kit.openapi import Api
from shared.kit.ops import PATHS, Ops
from shared.kit.outbound import http_client
from shared.kit.permissions import Public, Roles
from shared.kit.problems import Problem, ProblemText, install_problems
from shared.kit.routing import Route, Router, refuse_undeclared
from shared.kit.settings import ServiceSettings
from shared.kit.tokens import IssuerKeys, TokenVerifier
from shared.kit.work import Works
from shared.values.refusal import Refusal

_KEYS_TIMEOUT_SECONDS: Final = 3.0
_CORS_SECONDS: Final = 600

Resource = Callable[[FastAPI], AbstractAsyncContextManager[Any]]
"""Something opened when the API starts and closed when it stops; may put itself on `app.state`."""


def create_app(
    settings: ServiceSettings,
    *,
    title: str,
    routers: Sequence[APIRouter],
    works: Works[Any],
    roles: Roles,
    ops: Ops,
    asyncapi: Callable[[], Mapping[str, Any]],
    openapi: Callable[[], bytes] | None = None,
    problem_texts: Mapping[type[Refusal], ProblemText] | None = None,
    resources: Sequence[Resource] = (),
    tokens: TokenVerifier | None = None,
    personal: Collection[str] = (),
    machines: Collection[str] | None = None,
    check_routes_at_start: bool = True,
) -> FastAPI:
    """The API of one service.

    `personal` names the permissions about persons: a route of one of these that answers without an audit entry fails.
    `machines` names those a machine may hold, whatever scopes its token has; None: any.

    `problem_texts` gives each refusal its status and words; `tokens` replaces the verifier built from the
    settings. `check_routes_at_start=False` switches off only the walk over the routes: a request no
    permission decision let in is refused all the same.

    Raises UndeclaredRoute here, and again at start-up for routes added in between.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if check_routes_at_start:
            refuse_undeclared(app)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(works.engine.dispose)
            if refusals is not None:
                stack.push_async_callback(refusals.close)
            stack.push_async_callback(issuer_client.aclose)
            for resource in resources:
                await stack.enter_async_context(resource(app))
            yield

    app = Api(
        title=title,
        version=ops.version,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.router.route_class = Route
    issuer_client = http_client(settings.token_jwks_url, timeout_seconds=_KEYS_TIMEOUT_SECONDS)
    app.state.settings, app.state.problem_texts = settings, problem_texts or {}
    app.state.works, app.state.engine, app.state.clock = works, works.engine, works.clock
    app.state.roles, app.state.ops, app.state.personal = roles, ops, frozenset(personal)
    app.state.machines = None if machines is None else frozenset(machines)
    app.state.cipher = Cipher(settings.key_ring())
    app.state.tokens = tokens or _verifier(settings, issuer_client)
    app.state.budgets = Budgets(settings.budgets, processes=settings.api_processes)
    install_problems(app, app.state.problem_texts)
    refusals = None if works.auditor is None else Refusals(works.auditor)
    app.add_middleware(Edge, body_bytes_max=settings.body_bytes_max, refusals=refusals)
    if settings.cors_origins:
        app.add_middleware(CORSMiddleware, **_cors(settings.cors_origins))
    for router in (*routers, _ops_router(ops), documentation_router(asyncapi, openapi)):
        app.include_router(router)
    if check_routes_at_start:
        refuse_undeclared(app)
    return app


def _verifier(settings: ServiceSettings, client: httpx.AsyncClient) -> TokenVerifier:
    return TokenVerifier(
        IssuerKeys(
            settings.token_jwks_url,
            client,
            keep_seconds=settings.token_keys_seconds,
            stale_seconds=settings.token_keys_stale_seconds,
        ),
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        types=settings.token_types,
        algorithms=settings.token_algorithms,
        names=settings.token_claims,
        lifetime_seconds_max=settings.token_lifetime_seconds_max,
    )


def _cors(origins: Sequence[str]) -> dict[str, Any]:
    """Pages of these origins may call with a bearer token; cookies mean nothing here and are never asked for."""
    return {
        "allow_origins": list(origins),
        "allow_methods": ["GET", "POST", "PUT", "PATCH", "DELETE"],
        "allow_headers": [
            "Authorization",
            "Accept-Language",
            "Content-Type",
            "Idempotency-Key",
            "If-Match",
            "Traceparent",
            "X-Purpose",
        ],
        "expose_headers": ["ETag", "Location", "Retry-After", "Trace-Id"],
        "max_age": _CORS_SECONDS,
    }


def _ops_router(ops: Ops) -> Router:
    """The ops paths on the API port as well, for whoever can reach only that one; public like there."""
    router = Router()

    async def answer(request: Request) -> Response:
        told = await ops.answer(request.url.path)
        if told is None:
            raise Problem("not_found")
        return Response(told.body, told.status, media_type=told.media_type)

    for path in PATHS:
        router.get(path, dependencies=[Public()], include_in_schema=False)(answer)
    return router
