"""A service's API on a real PostgreSQL behind its real HTTP server, in a thread of its own."""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import uvloop
from fastapi import FastAPI

from deploy.local.postgres import PostgresServer
from shared.contracts.roles import PERMISSIONS
from shared.kit.audit import Auditor
from shared.kit.blobs import Blobs, DirectoryStore
from shared.kit.clock import Clock
from shared.kit.database import new_engine
from shared.kit.ops import Ops, serve_api
from shared.kit.service import Parts
from shared.kit.settings import ServiceSettings
from shared.kit.work import Works
from tests.builders.settings import make_of, settings_of
from tests.unit.kit.a_service import AUDIENCE, AUDIT_KEY, ISSUER, a_verifier

EVERYTHING: Final = "everything"
"""A role that may do whatever any route asks for."""
_START_SECONDS_MAX: Final = 60.0


@dataclass(frozen=True, slots=True)
class Served:
    """Where an API listens, and the application behind it."""

    service: str
    port: int
    app: FastAPI

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def served(service: str, server: PostgresServer, folder: Path) -> Iterator[Served]:
    """The API as its process runs it: real routes, real tokens of a test issuer, real HTTP; nothing is rationed."""
    settings = settings_of(
        service,
        folder,
        database_url=server.url(service),
        token_issuer=ISSUER,
        token_audience=AUDIENCE,
        audit_signing_key=AUDIT_KEY,
        audit_dir=folder / "audit",
        budgets={"*": {}, "refused": {}},
    )
    with pytest.MonkeyPatch.context() as busy:  # a test process shares its processor: its transactions may stand still
        busy.setattr("shared.kit.database.IDLE_IN_TRANSACTION_MS", 30_000)
        app = _made(service, settings)
    with listening(service, app) as api:
        yield api


@contextmanager
def listening(service: str, app: FastAPI) -> Iterator[Served]:
    """Any application of the kit behind its real HTTP server, in a thread of its own."""
    heard, ports = threading.Event(), list[int]()
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    ops: Ops = app.state.ops

    def tell(http_port: int, _: int) -> None:
        ports.append(http_port)
        heard.set()

    async def serve() -> None:
        loops.append((asyncio.get_running_loop(), stop := asyncio.Event()))
        await serve_api(app, ops, settings=app.state.settings, until=stop, on_listening=tell)

    thread = threading.Thread(target=_run, args=(serve,), name=f"api-{service}")
    thread.start()
    try:
        assert heard.wait(_START_SECONDS_MAX), f"{service} does not listen"
        ops.stopping = True  # nobody works on jobs here: who watches one is let go at once
        yield Served(service, ports[0], app)
    finally:
        for loop, stop in loops:
            loop.call_soon_threadsafe(stop.set)
        thread.join()


def _run(serve: Any) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())


def _made(service: str, settings: ServiceSettings) -> FastAPI:
    tables = importlib.import_module(f"services.{service}.adapters.tables")
    clock, keys = Clock(movable=True), settings.key_ring()
    # One connection: a request that needed a second beside its own would be refused for want of it.
    engine = new_engine(settings.database_url.get_secret_value(), pool_size=1, application_name="test")
    auditor = Auditor(engine, keys)
    parts = Parts(
        works=Works(engine, clock=clock, make=make_of(service), auditor=auditor),
        auditor=auditor,
        keys=keys,
        blobs=Blobs(DirectoryStore(settings.blob_dir), tables.blobs, keys, clock),
        ops=Ops(service=service, role="api"),
    )
    app: FastAPI = importlib.import_module(f"services.{service}.main").app_of(settings, parts)
    app.state.tokens = a_verifier()
    app.state.roles = {EVERYTHING: frozenset(PERMISSIONS)}
    return app
