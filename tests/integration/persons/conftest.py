"""The register as it is served and as its worker works, on a real PostgreSQL, without processes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
import orjson
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.postgres import PostgresServer
from services.registry.adapters.tables import blobs as blob_tables
from services.registry.adapters.tables import jobs as job_tables
from services.registry.adapters.work import RegistryWork, work_with
from services.registry.entrypoints.jobs_person import keep_index, look_for_duplicates
from services.registry.settings import RegistrySettings
from services.registry.worker import job_handlers
from shared.contracts.event import Event, decode
from shared.kit import journal
from shared.kit.audit import Auditor
from shared.kit.blobs import Blobs, DirectoryStore
from shared.kit.clock import Clock
from shared.kit.crypto import KeyRing
from shared.kit.jobs import JobRunner
from shared.kit.ops import Ops
from shared.kit.service import Parts
from shared.kit.work import Works
from shared.values.identity_number import check_character
from tests.builders.callers import TrustingVerifier
from tests.builders.databases import DATA_KEYS, cloned, migrated
from tests.builders.settings import api_of, settings_of

COUNTY: Final = "341502"
VILLAGE: Final = "341502001001"
OTHER: Final = "341503"
OTHER_VILLAGE: Final = "341503001001"
TODAY: Final = date(2026, 6, 15)


def a_number(serial: int = 1, *, born: str = "19700101", place: str = "990101") -> str:
    """An identity number of nobody, of a place that does not exist."""
    seventeen = f"{place}{born}{serial:03d}"
    return seventeen + check_character(seventeen)


@pytest.fixture(autouse=True)
def _a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test process shares its processor with others: a transaction of its own may stand still for longer."""
    monkeypatch.setattr("shared.kit.database.IDLE_IN_TRANSACTION_MS", 30_000)


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """A server with a migrated registry database, which serves as a template."""
    with migrated("registry") as running:
        yield running


@pytest.fixture
async def engine(server: PostgresServer) -> AsyncIterator[AsyncEngine]:
    """A registry database nobody has written to."""
    async with cloned(server, "registry", pool_size=8) as engine:
        yield engine


@dataclass
class Office:
    """The register, who calls it, and its worker."""

    app: FastAPI
    works: Works[RegistryWork]
    client: httpx.AsyncClient
    runner: JobRunner[RegistryWork]

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: str = "county_reviewer",
        divisions: Sequence[str] = (COUNTY,),
        seen: str | None = "*",
        key: str | None = None,
        machine: str | None = None,
        **query: Any,
    ) -> httpx.Response:
        """One request. ``machine``: a client with these scopes instead of a person with a role."""
        claims: dict[str, Any] = {"sub": f"the-{role}", "client_id": "desk", "roles": [role]}
        if machine is not None:
            claims = {"sub": "a-machine", "client_id": "a-machine", "scope": machine}
        token = orjson.dumps({**claims, "divisions": list(divisions)}).hex()
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key or str(uuid4())}
        if seen is not None:
            headers["If-Match"] = seen
        return await self.client.request(method, path, json=body, headers=headers, params=query)

    async def get(self, path: str, **given: Any) -> httpx.Response:
        """GET."""
        return await self.call("GET", path, **given)

    async def post(self, path: str, body: Any = None, **given: Any) -> httpx.Response:
        """POST of a body, an empty one by default."""
        return await self.call("POST", path, body, **given)

    async def upload(self, path: str, file: Path, *, divisions: Sequence[str] = (COUNTY,), **query: Any) -> Any:
        """Upload a file, let the worker do the job, and answer the job as it ended."""
        token = orjson.dumps(
            {"sub": "importer", "client_id": "desk", "roles": ["county_reviewer"], "divisions": list(divisions)}
        ).hex()
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
        answer = await self.client.post(
            path, files={"file": (file.name, file.read_bytes())}, headers=headers, params=query
        )
        assert answer.status_code == 202, answer.text
        return await self.finished(answer.json()["job_id"], headers)

    async def finished(self, job_id: str, headers: dict[str, str] | None = None) -> Any:
        """Let the worker do everything that waits; the job as it ended."""
        while await self.runner.run_one():
            pass
        if headers is None:
            return (await self.get(f"/api/v1/jobs/{job_id}")).json()
        return (await self.client.get(f"/api/v1/jobs/{job_id}", headers=headers)).json()

    async def register(self, name: str, serial: int = 1, *, division: str = VILLAGE, **given: Any) -> dict[str, Any]:
        """A person."""
        number = given.pop("number", None) or a_number(serial, born=given.pop("born", "19700101"))
        body = {"name": name, "citizen_id_no": number, "division": division, **given}
        answer = await self.post("/api/v1/persons", body, divisions=["*"])
        assert answer.status_code == 201, answer.text
        person: dict[str, Any] = answer.json()
        return person

    async def issue(self, person_id: str, *, on: str = "2020-03-01", **given: Any) -> dict[str, Any]:
        """A certificate (limb, grade 2)."""
        body = {"category": 4, "grade": 2, "issued_on": on, **given}
        answer = await self.post(f"/api/v1/persons/{person_id}/certificates", body, divisions=["*"])
        assert answer.status_code == 201, answer.text
        certificate: dict[str, Any] = answer.json()
        return certificate

    async def settle(self) -> None:
        """What the worker's timers do within seconds."""
        await keep_index(self.works)
        await look_for_duplicates(self.works)

    async def told(self, *, after: int = 0) -> list[Event]:
        """Everything announced."""
        async with self.works.engine.connect() as connection:
            return [decode(entry) for entry in await journal.read(connection, after=after, limit=1_000)]

    async def types(self) -> list[str]:
        """What was announced, by type."""
        return [event.type.removeprefix("registry.").removesuffix(".v1") for event in await self.told()]

    async def one(self, query: str, **values: Any) -> Any:
        """One row of the database."""
        async with self.works.engine.connect() as connection:
            return (await connection.execute(text(query), values)).one()


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where uploads and results lie."""
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="session")
def app(files: Path) -> FastAPI:
    """The API, made once: every test gives it a database of its own."""
    app = api_of("registry", files)
    app.state.tokens = TrustingVerifier()
    return app


@pytest.fixture
async def office(app: FastAPI, engine: AsyncEngine, files: Path) -> AsyncIterator[Office]:
    """The register on a Monday in June."""
    keys, clock = KeyRing.parse(DATA_KEYS), Clock(movable=True)
    clock.show(TODAY)
    auditor = Auditor(engine, keys)
    works = Works(engine, clock=clock, make=work_with(keys), auditor=auditor)
    app.state.works, app.state.engine, app.state.clock = works, engine, clock
    parts = Parts(
        works=works,
        auditor=auditor,
        keys=keys,
        blobs=Blobs(DirectoryStore(files), blob_tables, keys, clock),
        ops=Ops(service="registry", role="worker"),
    )
    settings = settings_of("registry", files)
    assert isinstance(settings, RegistrySettings)
    runner = JobRunner(works, job_tables, job_handlers(settings, parts), parts.blobs, worker="test")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://desk") as client:
        yield Office(app, works, client, runner)
