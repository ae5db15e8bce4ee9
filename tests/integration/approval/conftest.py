"""A small service with something that takes two persons, on a real PostgreSQL."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from sqlalchemy import Column, Integer, Table, Text, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.postgres import PostgresServer
from shared.kit.audit import AUDIT_DDL, Auditor, audit_tables
from shared.kit.crypto import KeyRing
from shared.kit.database import new_engine, new_metadata
from shared.kit.four_eyes import FOUR_EYES_DDL, Content, Matter, approval_router, approval_tables, redeem
from shared.kit.idempotency import idempotency_tables
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import RequestModel, Router
from shared.kit.transactions import open_work
from shared.kit.work import UnitOfWork
from tests.builders.databases import DATA_KEYS, running
from tests.unit.kit.a_service import a_client, an_api, bearer

METADATA = new_metadata()
approval_tables(METADATA)
audit_tables(METADATA)
idempotency_tables(METADATA)
DOOR = Table(
    "door",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("division", Text),
    Column("opened", Integer, nullable=False, server_default="0"),
)
FREE = {"approval:read", "approval:decide", "door:open"}
ROLES = {
    "keeper": frozenset(FREE),
    "reader": frozenset({"approval:read"}),
    "stranger": frozenset({"approval:read", "approval:decide"}),
}


async def _door(work: UnitOfWork, name: str) -> Content | None:
    row = (await work.connection.execute(select(DOOR).where(DOOR.c.name == name))).one_or_none()
    return None if row is None else Content({"name": name, "version": row.version}, row.division)


OPENING = Matter("door.opening", "door:open", _door)


class Opening(RequestModel):
    approval_id: uuid.UUID


def door_router() -> Router:
    router = Router()

    @router.post("/api/v1/doors/{name}/opening")
    async def open_door(
        caller: Annotated[Caller, Permit("door:open")],
        name: str,
        body: Opening,
        work: Annotated[UnitOfWork, Depends(open_work, scope="function")],
    ) -> dict[str, bool]:
        await redeem(work, OPENING, name, body.approval_id)
        await work.connection.execute(DOOR.update().where(DOOR.c.name == name).values(opened=DOOR.c.opened + 1))
        return {"opened": True}

    return router


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with running("kit") as server:
        asyncio.run(_make_tables(server))
        yield server


async def _make_tables(server: PostgresServer) -> None:
    engine = new_engine(server.url("kit"), pool_size=1, application_name="schema")
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
        for statement in (*AUDIT_DDL, *FOUR_EYES_DDL):
            await connection.execute(text(statement))
    await engine.dispose()


@pytest.fixture
async def engine(server: PostgresServer) -> AsyncIterator[AsyncEngine]:
    engine = new_engine(server.url("kit"), pool_size=8, application_name="test")
    async with engine.begin() as connection:
        # The rule that approvals are kept holds for the tests as well: each uses a door of its own.
        await connection.execute(text("DELETE FROM door"))
    yield engine
    await engine.dispose()


@pytest.fixture
def app(engine: AsyncEngine) -> FastAPI:
    app = an_api(
        approval_router([OPENING]), door_router(), engine=engine, auditor=Auditor(engine, KeyRing.parse(DATA_KEYS))
    )
    app.state.roles = ROLES
    return app


class House:
    """People at the door."""

    def __init__(self, client: httpx.AsyncClient, engine: AsyncEngine) -> None:
        self.client = client
        self.engine = engine

    async def door(self, *, division: str | None = None) -> str:
        name = f"door-{uuid.uuid4()}"
        async with self.engine.begin() as connection:
            await connection.execute(DOOR.insert().values(name=name, version=1, division=division))
        return name

    async def change(self, name: str) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(DOOR.update().where(DOOR.c.name == name).values(version=DOOR.c.version + 1))

    async def post(self, path: str, who: str, body: dict[str, Any] | None = None, **claims: Any) -> httpx.Response:
        told = {"roles": ["keeper"], "divisions": ["3415"], **claims}
        return await self.client.post(
            path,
            json=body,
            headers={**bearer(sub=who, **told), "Idempotency-Key": str(uuid.uuid4())},
        )

    async def propose(self, name: str, who: str = "maker", **claims: Any) -> httpx.Response:
        body = {"kind": "door.opening", "subject_id": name, "note": "夜间检修"}
        return await self.post("/api/v1/approvals", who, body, **claims)

    async def approve(self, approval: dict[str, Any], who: str = "checker", **claims: Any) -> httpx.Response:
        path = f"/api/v1/approvals/{approval['approval_id']}/approval"
        return await self.post(path, who, {"digest": approval["digest"]}, **claims)

    async def open(self, name: str, approval: dict[str, Any], who: str = "maker") -> httpx.Response:
        return await self.post(f"/api/v1/doors/{name}/opening", who, {"approval_id": approval["approval_id"]})


@pytest.fixture
async def house(app: FastAPI, engine: AsyncEngine) -> AsyncIterator[House]:
    async with a_client(app) as client:
        yield House(client, engine)
