"""The outermost layer of an API: what is true of every request, whichever route it meets, or none.

It gives the request its trace, refuses a body that is too large, lets nothing out that no permission
decision let in, answers what nobody expected with a problem, and measures and logs by route template.
"""

import re
import secrets
import time
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from shared.kit.audit import Origin
from shared.kit.audit_refusals import RECORDED, Refusals
from shared.kit.database import is_transient
from shared.kit.metrics import HTTP_IN_FLIGHT, HTTP_SECONDS, METHODS
from shared.kit.problems import Problem, answer, deny
from shared.values.purpose import Purpose

_log: Final = structlog.get_logger(__name__)

_TRACEPARENT: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_NO_TRACE: Final = "0" * 32
_PURPOSES: Final = frozenset(Purpose)
_SECURITY_HEADERS: Final = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cache-control", b"no-store"),
)


class Edge:
    """ASGI middleware around one application. `body_bytes_max` bounds the body of every request."""

    def __init__(self, app: ASGIApp, *, body_bytes_max: int, refusals: Refusals | None = None) -> None:
        self._app = app
        self._body_bytes_max = body_bytes_max
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Dispatch by protocol."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        trace_id = scope.setdefault("state", {})["trace_id"] = _trace_id(Headers(scope=scope))
        with structlog.contextvars.bound_contextvars(trace_id=trace_id):
            if scope["type"] == "websocket":
                await self._app(scope, receive, _GuardedSocket(scope, receive, send))
            else:
                await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        outgoing = _Outgoing(scope, receive, send, self._refusals)
        started = time.perf_counter()
        HTTP_IN_FLIGHT.inc()
        scope["state"]["origin"] = _origin(scope)
        try:
            if _declared_length(scope) > self._body_bytes_max:
                await answer(Problem("body_too_large"), HTTPConnection(scope))(scope, receive, outgoing)
            else:
                await self._app(scope, _limited(receive, self._body_bytes_max), outgoing)
        except Exception as error:
            _log.exception("request.failed", error=type(error).__name__)
            if outgoing.status is not None:  # half an answer is out: only a broken connection tells the truth
                raise
            await answer(_unexpected(error), HTTPConnection(scope))(scope, receive, outgoing)
        finally:
            HTTP_IN_FLIGHT.dec()
            _measure(scope, outgoing.status or 0, time.perf_counter() - started)


class _Outgoing:
    """`send` for one HTTP request: adds the standing headers, and refuses what no permission decision let in."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, refusals: Refusals | None) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._refusals = refusals
        self._refused = False
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if self._refused:
            return
        if message["type"] == "http.response.start":
            if not _is_decided(self._scope, message["status"]):
                self._refused = True
                _log.error("permission.not_decided", route=template(self._scope))
                response = answer(Problem("permission_not_decided"), HTTPConnection(self._scope))
                await response(self._scope, self._receive, self._start_or_body)
                return
            await self._start_or_body(message)
            return
        await self._send(message)

    async def _start_or_body(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            told = message.setdefault("headers", [])
            own = {name.lower() for name, _ in told}
            told.extend(header for header in _SECURITY_HEADERS if header[0] not in own)
            headers = MutableHeaders(raw=told)
            headers["Trace-Id"] = self._scope["state"]["trace_id"]
            if self.status == HTTPStatus.METHOD_NOT_ALLOWED:
                headers["Allow"] = ", ".join(_methods(self._scope))
            await self._audit_refusal(message["status"])
        await self._send(message)

    async def _audit_refusal(self, status: int) -> None:
        """In the trail before the refusal leaves."""
        if self._refusals is None or status not in RECORDED or "endpoint" not in self._scope:
            return
        origin: Origin = self._scope["state"]["origin"]
        origin.route, origin.status = template(self._scope), status
        await self._refusals.record(self._scope["state"], origin, self._scope.get("path_params", {}))


class _GuardedSocket:
    """`send` for one websocket: no handshake is accepted that no permission decision let in."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._socket = WebSocket(scope, receive, send)
        self._state = scope["state"]
        self._send = send
        self._refused = False

    async def __call__(self, message: Message) -> None:
        if self._refused:
            return
        if message["type"] == "websocket.accept" and not self._state.get("permission_decided"):
            self._refused = True
            _log.error("permission.not_decided", route=template(self._socket.scope))
            await deny(self._socket, answer(Problem("permission_not_decided"), self._socket))
            return
        await self._send(message)


def _unexpected(error: Exception) -> Problem:
    """A database that is away or full may be back in a moment; everything else is our fault."""
    if is_transient(error) or isinstance(error, PoolTimeout):
        return Problem("service_unavailable", headers={"Retry-After": "1"}, service="database")
    return Problem("internal_error")


def _is_decided(scope: Scope, status: int) -> bool:
    """Whether this answer may leave. Without a decision only "no such route" and "no such method" may."""
    if scope["state"].get("permission_decided"):
        return True
    reached_nothing = "endpoint" not in scope and status in {404, 413}
    return reached_nothing or status == 405  # noqa: PLR2004 - method not allowed: nothing ran


def _origin(scope: Scope) -> Origin:
    """What the audit trail will say of this request; the route adds itself once it is known."""
    given = Headers(scope=scope).get("x-purpose", "")
    client = scope.get("client")
    method = scope["method"] if scope["method"] in METHODS else "OTHER"
    return Origin(method, "(none)", ip=client[0] if client else None, purpose=given if given in _PURPOSES else None)


def _trace_id(headers: Headers) -> str:
    given = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    return given[1] if given and given[1] != _NO_TRACE else secrets.token_hex(16)


def _declared_length(scope: Scope) -> int:
    declared = Headers(scope=scope).get("content-length", "")
    return int(declared) if declared.isdecimal() else 0


def _limited(receive: Receive, body_bytes_max: int) -> Receive:
    read = 0

    async def receive_limited() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > body_bytes_max:
            raise HTTPException(413)  # the one error the framework lets through its body parsing
        return message

    return receive_limited


def template(scope: Scope) -> str:
    """The declared path of the route that was met, never the path that was asked for."""
    included: Any = scope.get("fastapi", {}).get("effective_route_context")
    route = scope.get("route")
    path = getattr(included, "path_format", None) or getattr(route, "path_format", None)
    return str(path) if path else ("(undeclared)" if "endpoint" in scope else "(none)")


def _methods(scope: Scope) -> list[str]:
    """What the path that was met takes, from all its routes together: the framework names only one of them."""
    path = template(scope)
    contexts = [context for context in iter_route_contexts(scope["app"].routes) if context.path_format == path]
    return sorted({method for context in contexts for method in context.methods or ()})


def _measure(scope: Scope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in METHODS else "OTHER"
    route = template(scope)
    HTTP_SECONDS.labels(method, route, str(status)).observe(seconds)
    caller = scope["state"].get("caller")
    _log.info(
        "request.answered",
        method=method,
        route=route,
        status=status,
        ms=round(seconds * 1000, 2),
        client_id=caller.client_id if caller else None,
    )
