"""What operators ask a process: is it alive, is it ready, what has it counted, what is it.

A plain ASGI application without a framework, so that a worker pays nothing for it. An API process answers
the same paths on its own port as well.
"""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import orjson
import uvicorn
import uvloop
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.kit.health import Check, examine
from shared.kit.memory import give_back_for_ever
from shared.kit.metrics import exposition
from shared.kit.settings import ServiceSettings

PATHS: Final = ("/livez", "/readyz", "/metrics", "/version")
_JSON: Final = "application/json"
_START_FAILED: Final = 3


@dataclass(frozen=True, slots=True)
class OpsAnswer:
    """Status, media type and body of one answer."""

    status: int
    media_type: str
    body: bytes


@dataclass
class Ops:
    """One process as operators see it. `role` is api or worker; set `stopping` to be taken out of rotation."""

    service: str
    role: str
    checks: Sequence[Check] = ()
    version: str = "unknown"
    commit: str | None = None
    schema_head: str | None = None
    stopping: bool = field(default=False)

    async def answer(self, path: str) -> OpsAnswer | None:
        """The answer to one of PATHS, or None."""
        match path:
            case "/livez":  # touches nothing: a slow database must not get a healthy process killed
                return _json(200, {"status": "alive", "service": self.service, "role": self.role})
            case "/readyz":
                return await self._readiness()
            case "/metrics":
                return OpsAnswer(200, CONTENT_TYPE_LATEST, exposition(service=self.service, role=self.role))
            case "/version":
                told = {"version": self.version, "commit": self.commit, "schema_head": self.schema_head}
                return _json(200, {"service": self.service, "role": self.role, **told})
            case _:
                return None

    async def _readiness(self) -> OpsAnswer:
        findings = await examine(self.checks)
        ready = not self.stopping and all(finding.ok for finding in findings)
        status = "stopping" if self.stopping else "ready" if ready else "not_ready"
        told = {"status": status, "service": self.service, "role": self.role, "checks": list(map(asdict, findings))}
        return _json(200 if ready else 503, told)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """The ASGI application of the ops port."""
        if scope["type"] != "http":
            return
        answer = await self.answer(scope["path"]) if scope["method"] in {"GET", "HEAD"} else None
        answer = answer or _json(404, {"status": "not_found", "paths": PATHS})
        headers = [(b"content-type", answer.media_type.encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})


def _json(status: int, told: dict[str, Any]) -> OpsAnswer:
    return OpsAnswer(status, _JSON, orjson.dumps(told))


class _Server(uvicorn.Server):
    """A server that leaves the signals to whoever runs several of them."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.startup_tried = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.startup_tried.set()


def _server(app: ASGIApp, *, lifespan: bool, graceful_seconds: int) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            lifespan="on" if lifespan else "off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=graceful_seconds,
        )
    )


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket, bound before anything else starts: a taken port is found at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.listen(2048)
    listener.setblocking(False)
    return listener


@contextlib.asynccontextmanager
async def serving_ops(ops: Ops, *, host: str, port: int) -> AsyncIterator[int]:
    """Serve the ops port while the block runs; yields the port (that of the system's choice for 0)."""
    listener = _listen(host, port)
    server = _server(ops, lifespan=False, graceful_seconds=1)
    serving = asyncio.create_task(server.serve([listener]), name="ops-port")
    try:
        yield listener.getsockname()[1]
    finally:
        ops.stopping = True
        server.should_exit = True
        await serving


async def serve_api(
    app: ASGIApp,
    ops: Ops,
    *,
    settings: ServiceSettings,
    until: asyncio.Event,
    on_listening: Callable[[int, int], None] = lambda _http, _ops: None,
) -> None:
    """Serve the API and its ops port in this event loop until `until` is set, then finish what is in flight.

    `on_listening` is told both ports once requests are taken. Raises SystemExit(3) when the application
    refuses to start (a route without a permission, an unreachable database).
    """
    listener = _listen(settings.http_host, settings.http_port)
    async with serving_ops(ops, host=settings.http_host, port=settings.ops_port) as ops_port:
        server = _server(app, lifespan=True, graceful_seconds=settings.graceful_shutdown_seconds)
        serving = asyncio.create_task(server.serve([listener]), name="api-port")
        tried = asyncio.create_task(server.startup_tried.wait(), name="api-start")
        await asyncio.wait({tried, serving}, return_when=asyncio.FIRST_COMPLETED)
        tried.cancel()
        if not server.started:
            listener.close()
            await serving
            raise SystemExit(_START_FAILED)
        on_listening(listener.getsockname()[1], ops_port)
        stopping = asyncio.create_task(until.wait(), name="stop-signal")
        tidying = asyncio.create_task(give_back_for_ever(), name="memory")
        await asyncio.wait({stopping, serving}, return_when=asyncio.FIRST_COMPLETED)
        tidying.cancel()
        ops.stopping = True
        server.should_exit = True
        stopping.cancel()
        await serving


def stop_on_signals() -> asyncio.Event:
    """An event set by SIGTERM and SIGINT; call inside the running loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def run_api(settings: ServiceSettings, app: ASGIApp, ops: Ops) -> None:
    """The body of an API's `main`: serve until SIGTERM or SIGINT, then shut down cleanly."""

    async def serve() -> None:
        await serve_api(app, ops, settings=settings, until=stop_on_signals())

    # What the imports left behind lives as long as the process: the collector need not walk it again and again.
    gc.collect()
    gc.freeze()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
