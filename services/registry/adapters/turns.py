"""Whoever does the same thing at the same moment waits for the other's transaction."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


async def one_at_a_time(connection: AsyncConnection, *name: str) -> None:
    """Wait until nobody else is at what is called so, and keep others waiting until this transaction ends."""
    await connection.execute(_LOCK, {"name": "/".join(name)})
