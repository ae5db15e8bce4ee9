"""One active worker per service: a session advisory lock on a direct connection, with a fencing term.

Losing the connection ends the role within a second. A leader that froze is cut off by ``idle_session_timeout``; when
it wakes, its term is stale and every cursor update of its refuses.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import psycopg
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table

from shared.kit.database import is_transient

LEADER_LOCK: Final = 7_251_002
HEARTBEAT_SECONDS: Final = 0.4
FROZEN_AFTER_MS: Final = 2_000
RETRY_SECONDS: Final = 0.25


class LeadershipLost(Exception):
    """Another worker leads now, or the lock's connection broke: stop the role at once."""


def was_deposed(failed: BaseExceptionGroup[BaseException]) -> bool:
    """Whether roles ended because leadership was lost.

    Some of them stop in the middle of a statement and say that their connection is gone: that is the same end.
    """
    lost, others = failed.split(LeadershipLost)
    return lost is not None and (others is None or others.split(is_transient)[1] is None)


def leader_tables(metadata: MetaData) -> None:
    """Declare the one-row table that holds the current term."""
    Table(
        "leader_term",
        metadata,
        Column("singleton", Integer, primary_key=True, autoincrement=False),
        Column("term", BigInteger, nullable=False),
    )


LEADER_DDL: Final = ("INSERT INTO leader_term (singleton, term) VALUES (1, 0)",)


class Leadership:
    """Holds the lock. ``term`` is larger than that of every leader before."""

    def __init__(self, connection: psycopg.AsyncConnection[tuple[int]], term: int) -> None:
        self.term = term
        self._connection = connection

    async def guard(self) -> None:
        """Run until the lock is lost, then raise `LeadershipLost`."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS * 2):
                    await self._connection.execute("SELECT 1")
            except (psycopg.Error, TimeoutError) as error:
                raise LeadershipLost(str(error)) from error


@asynccontextmanager
async def lead(direct_url: str, *, application_name: str) -> AsyncIterator[Leadership]:
    """Wait until this process is the leader; the lock ends with the block or with the connection."""
    connection = await _acquire(direct_url, application_name)
    try:
        cursor = await connection.execute("UPDATE leader_term SET term = term + 1 WHERE singleton = 1 RETURNING term")
        row = await cursor.fetchone()
        assert row is not None
        yield Leadership(connection, row[0])
    finally:
        await connection.close()


async def _acquire(direct_url: str, application_name: str) -> psycopg.AsyncConnection[tuple[int]]:
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(
                direct_url,
                autocommit=True,
                connect_timeout=3,
                application_name=application_name,
                options=f"-c idle_session_timeout={FROZEN_AFTER_MS}",
            )
        except psycopg.OperationalError:
            await asyncio.sleep(RETRY_SECONDS)
            continue
        try:
            while True:
                cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)::int", (LEADER_LOCK,))
                row = await cursor.fetchone()
                if row is not None and row[0] == 1:
                    return connection
                await asyncio.sleep(RETRY_SECONDS)
        except psycopg.Error:
            await connection.close()
            await asyncio.sleep(RETRY_SECONDS)
        except BaseException:
            await connection.close()
            raise
