"""A pool keeps as many sessions as are in use: the others end on the server, and nobody who asks later notices."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.postgres import PostgresServer
from shared.kit import database
from shared.kit.database import new_engine

NAME = "sometimes-busy"
IDLE_SECONDS = 0.4


@pytest.fixture
async def engine(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncEngine]:
    monkeypatch.setattr(database, "IDLE_MS", round(IDLE_SECONDS * 1000))
    monkeypatch.setattr(database, "_RESTED_SECONDS", IDLE_SECONDS * 0.8)
    engine = new_engine(server.url("kit"), pool_size=3, application_name=NAME, pre_ping=False)
    yield engine
    await engine.dispose()


async def ask(engine: AsyncEngine, seconds: float = 0) -> int:
    """The session that answered."""
    async with engine.connect() as connection:
        if seconds:
            await connection.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": seconds})
        return int((await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one())


def sessions(server: PostgresServer) -> set[int]:
    url = server.url("kit").replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE application_name = %s", [NAME]).fetchall()
    return {pid for (pid,) in rows}


async def test_sessions_nobody_needs_end_and_the_one_in_use_stays(engine: AsyncEngine, server: PostgresServer) -> None:
    assert len(set(await asyncio.gather(*(ask(engine, 0.1) for _ in range(3))))) == 3
    for _ in range(10):
        await asyncio.sleep(IDLE_SECONDS / 4)
        answered = await ask(engine)
    assert sessions(server) == {answered}


async def test_after_a_rest_everybody_is_answered_by_new_sessions(engine: AsyncEngine, server: PostgresServer) -> None:
    before = set(await asyncio.gather(*(ask(engine, 0.1) for _ in range(3))))
    await asyncio.sleep(IDLE_SECONDS * 2)
    assert sessions(server) == set()
    after = set(await asyncio.gather(*(ask(engine, 0.1) for _ in range(3))))
    assert (len(after), after & before) == (3, set())


async def test_a_connection_that_was_cut_while_it_rested_is_not_given_to_anybody(server: PostgresServer) -> None:
    engine = new_engine(server.url("kit"), pool_size=1, application_name=NAME)
    before = await ask(engine)
    async with server.admin() as admin:
        await admin.execute("SELECT pg_terminate_backend(%s)", [before])
    await asyncio.sleep(0.3)
    assert await ask(engine) != before
    await engine.dispose()
