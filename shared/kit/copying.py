"""COPY into a table inside the running transaction: how many rows get there at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import psycopg
from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncConnection


async def driver_of(connection: AsyncConnection) -> psycopg.AsyncConnection[tuple[object, ...]]:
    """The driver's connection under one of the engine."""
    driver = (await connection.get_raw_connection()).driver_connection
    assert isinstance(driver, psycopg.AsyncConnection)
    return driver


async def copy_rows(
    connection: AsyncConnection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> int:
    """Write rows, read one after the other; how many they were."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    count = 0
    async with (await driver_of(connection)).cursor().copy(statement) as copy:
        for row in rows:
            await copy.write_row(row)
            count += 1
    return count
