"""The register as it is served: its real routes, tables and jobs on a real PostgreSQL, without processes."""

import base64
import json
import os
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.postgres import PostgresServer
from services.registry.adapters.tables import jobs as job_tables
from services.registry.adapters.work import RegistryWork, work_with
from services.registry.main import app_of
from services.registry.settings import RegistrySettings
from services.registry.worker import job_handlers
from shared.kit.jobs import JobRunner
from shared.kit.service import Parts, open_parts
from shared.values.identity_number import check_character
from tests.builders.databases import migrated
from tests.builders.settings import PROOF_KEY
from tests.unit.kit.a_service import a_verifier, bearer, some_settings

COUNTY, OTHER = "341502", "340102"


def a_number(serial: int) -> str:
    """An identity number of nobody, up to 720,000; the place 990102 does not exist."""
    month, year = 1 + serial // 60_000, 1940 + serial // 1000 % 60
    seventeen = f"990102{year}{month:02d}01{serial % 1000:03d}"
    return seventeen + check_character(seventeen)


def new_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def ring(active: str = "k1", *, keys: dict[str, str] | None = None, **more: str) -> dict[str, Any]:
    return {"active": active, "keys": keys or {"k1": new_key(), "k2": new_key()}, "index_key": new_key(), **more}


@pytest.fixture(autouse=True)
def _a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test process shares its processor with others: a transaction of its own may stand still for longer."""
    monkeypatch.setattr("shared.kit.database.IDLE_IN_TRANSACTION_MS", 30_000)


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with migrated("registry", "subsidy") as server:
        yield server


def settings_of(server: PostgresServer, tmp_path: Path, keys: dict[str, Any], **changes: Any) -> RegistrySettings:
    url = server.url("registry")
    return RegistrySettings(
        **some_settings().model_dump()
        | {
            "service": "registry",
            "database_url": url,
            "database_direct_url": url,
            "data_keys": json.dumps(keys),
            "proof_signing_key": PROOF_KEY,
            "blob_dir": tmp_path / "blobs",
            "audit_dir": tmp_path / "audit",
            **changes,
        }
    )


@dataclass
class Office:
    """The service, and who calls it."""

    app: FastAPI
    parts: Parts[RegistryWork]
    client: httpx.AsyncClient
    seen: list[httpx.Response] = field(default_factory=list)

    async def call(
        self,
        method: str,
        path: str,
        role: str = "county_reviewer",
        body: Any = None,
        *,
        who: str = "",
        divisions: Sequence[str] = (COUNTY,),
        version: str | None = None,
        **claims: Any,
    ) -> httpx.Response:
        subject = who or f"the-{role}"
        headers = bearer(sub=subject, roles=role.split(), divisions=list(divisions), **claims)
        headers |= {"Idempotency-Key": str(uuid.uuid4())} | ({"If-Match": version} if version else {})
        answer = await self.client.request(method, path, json=body, headers=headers)
        self.seen.append(answer)
        return answer

    async def register(self, serial: int, **more: Any) -> str:
        body = {"name": "金丝雀", "citizen_id_no": a_number(serial), "division": f"{COUNTY}001", **more}
        made = await self.call("POST", "/api/v1/persons", body=body)
        assert made.status_code == 201, made.text
        return str(made.json()["person_id"])

    async def issue(self, person_id: str, **more: Any) -> str:
        body = {"category": 4, "grade": 2, "issued_on": "2024-01-01", **more}
        made = await self.call("POST", f"/api/v1/persons/{person_id}/certificates", body=body)
        assert made.status_code == 201, made.text
        return str(made.json()["certificate_id"])

    async def work_off(self) -> None:
        """Run every job that is due."""
        runner = JobRunner(
            self.parts.works,
            job_tables,
            job_handlers(self.app.state.settings, self.parts),
            self.parts.blobs,
            worker="test",
        )
        while await runner.run_one():
            pass

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with self.parts.works.engine.connect() as connection:
            return list(await connection.execute(text(statement), values))


async def an_office(settings: RegistrySettings) -> AsyncIterator[Office]:
    parts = open_parts(settings, role="api", blob_tables=_blobs(), make_work=work_with)
    app = app_of(settings, parts)
    app.state.tokens = a_verifier()
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://registry.test") as client:
        yield Office(app, parts, client)
    await parts.works.engine.dispose()


def _blobs() -> Any:
    from services.registry.adapters.tables import blobs  # noqa: PLC0415 - beside the job tables of the same name

    return blobs


async def emptied(engine: AsyncEngine) -> None:
    """Nothing of another test's keys is left; approvals, which are kept for ever, go by force."""
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE approval DISABLE TRIGGER USER"))
        await connection.execute(text("TRUNCATE person, person_request, idempotency_key, job, blob, approval CASCADE"))
        await connection.execute(text("ALTER TABLE approval ENABLE TRIGGER USER"))


@pytest.fixture(scope="session")
def keys() -> dict[str, Any]:
    return ring()


@pytest.fixture
async def office(server: PostgresServer, tmp_path: Path, keys: dict[str, Any]) -> AsyncIterator[Office]:
    async for office in an_office(settings_of(server, tmp_path, keys)):
        await emptied(office.parts.works.engine)
        yield office
