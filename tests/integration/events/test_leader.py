"""One leader at a time, with a term that only grows; whoever loses the lock stops within a second."""

from __future__ import annotations

import asyncio
from typing import Final

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.kit.leader import LeadershipLost, lead

SECONDS: Final = 10.0


@pytest.fixture
def url(registry_engine: AsyncEngine) -> str:
    """A direct connection, as psycopg spells it."""
    return registry_engine.url.render_as_string(hide_password=False).replace("+psycopg", "")


async def cut(engine: AsyncEngine, name: str) -> None:
    """End the sessions of one application, as a database that restarts does."""
    async with engine.connect() as connection:
        await connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name"),
            {"name": name},
        )


async def test_every_leader_has_a_larger_term_than_the_one_before(url: str) -> None:
    terms = []
    for _ in range(3):
        async with lead(url, application_name="a") as leadership:
            terms.append(leadership.term)
    assert terms == [1, 2, 3]


async def test_a_second_worker_waits_until_the_first_lets_go(url: str) -> None:
    async def second() -> int:
        async with lead(url, application_name="b") as leadership:
            return leadership.term

    async with lead(url, application_name="a") as first:
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0.6)
        assert not waiting.done()
    assert await asyncio.wait_for(waiting, SECONDS) == first.term + 1


async def test_a_leader_whose_connection_is_cut_learns_it_within_a_second(
    url: str, registry_engine: AsyncEngine
) -> None:
    async with lead(url, application_name="a") as leadership:
        guarding = asyncio.create_task(leadership.guard())
        await asyncio.sleep(0.1)
        await cut(registry_engine, "a")
        began = asyncio.get_running_loop().time()
        with pytest.raises(LeadershipLost):
            await asyncio.wait_for(guarding, SECONDS)
        assert asyncio.get_running_loop().time() - began <= 1.0


async def test_a_cut_leader_is_followed_by_one_with_a_larger_term(url: str, registry_engine: AsyncEngine) -> None:
    async with lead(url, application_name="a") as old:
        await cut(registry_engine, "a")
        async with asyncio.timeout(SECONDS), lead(url, application_name="b") as new:
            assert new.term > old.term


async def test_a_leader_that_says_nothing_loses_its_session(url: str) -> None:
    async with lead(url, application_name="a") as frozen:
        await asyncio.sleep(3.6)
        with pytest.raises(psycopg.Error):
            await frozen._connection.execute("SELECT 1")
        async with asyncio.timeout(SECONDS), lead(url, application_name="b") as new:
            assert new.term > frozen.term


async def test_a_leader_that_is_heard_keeps_its_session(url: str) -> None:
    async with lead(url, application_name="a") as leadership:
        guarding = asyncio.create_task(leadership.guard())
        await asyncio.sleep(3.6)
        assert not guarding.done()
        guarding.cancel()
