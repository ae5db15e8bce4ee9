"""Engines with the limits every connection of the product lives under."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final
from uuid import UUID

import orjson
import psycopg
from sqlalchemy import MetaData, event
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

IDLE_IN_TRANSACTION_MS: Final = 1_000
IDLE_MS: Final = 10_000
"""A session nobody used for so long ends, and with it the memory its process holds for it."""
_FRESH_SECONDS: Final = 0.05
"""Whoever used a pooled connection so recently has just seen that it lives."""
_RESTED_SECONDS: Final = IDLE_MS / 1000 * 0.8
"""A pooled connection that rested longer is not used again: the server may be ending it just now."""
LOCK_TIMEOUT_MS: Final = 5_000

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLSTATEs that say "not now" rather than "never": the same statement may succeed later.
_TRANSIENT_CLASSES: Final = ("08", "40", "53", "57", "58")  # connection, rollback, resources, operator, system
_TRANSIENT_STATES: Final = frozenset({"55P03", "25P03", "25006"})  # lock timeout, idle session, read-only standby
_BROKEN: Final = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)


def new_metadata() -> MetaData:
    """A MetaData with the house naming of constraints, so that migrations can name what they drop."""
    return MetaData(naming_convention=NAMING)


def new_engine(
    url: str,
    *,
    pool_size: int,
    application_name: str,
    statement_timeout_ms: int = 60_000,
    pre_ping: bool = True,
) -> AsyncEngine:
    """An engine whose transactions cannot stall others.

    A client that freezes inside a transaction loses its session after one second (ARCHITECTURE 4), a lock is waited
    for at most five. Times are UTC. ``pool_size`` is this process's share of the connection budget. ``pre_ping`` asks
    a pooled connection that rested whether it still lives: for whoever cannot simply try again.
    """
    options = " ".join(
        f"-c {name}={value}"
        for name, value in {
            "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_MS,
            "idle_session_timeout": IDLE_MS,
            "lock_timeout": LOCK_TIMEOUT_MS,
            "statement_timeout": statement_timeout_ms,
            "timezone": "UTC",
        }.items()
    )
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_use_lifo=True,  # the same few connections do the work; the others stay small
        json_deserializer=orjson.loads,
        hide_parameters=True,  # an error's text goes to the log, what was sent to the database does not
        connect_args={"options": options, "application_name": application_name, "connect_timeout": 10},
    )
    event.listen(engine.sync_engine, "checkin", _rests)
    event.listen(engine.sync_engine, "checkout", _wakes(engine.dialect, asked=pre_ping))
    return engine


def _rests(_: DBAPIConnection | None, pooled: ConnectionPoolEntry) -> None:
    pooled.info["rests_since"] = time.monotonic()


def _wakes(dialect: Dialect, *, asked: bool) -> Callable[[DBAPIConnection, ConnectionPoolEntry, object], None]:
    """What looks at a connection before it is used; on DisconnectionError the pool opens another one."""

    def wake(connection: DBAPIConnection, pooled: ConnectionPoolEntry, _: object) -> None:
        now = time.monotonic()
        rested = now - pooled.info.get("rests_since", now)
        if rested > _RESTED_SECONDS:
            raise DisconnectionError
        if asked and rested > _FRESH_SECONDS:
            try:
                dialect.do_ping(connection)
            except psycopg.Error as error:
                raise DisconnectionError from error

    return wake


def uuid_array(ids: Iterable[UUID]) -> str:
    """The ids as PostgreSQL writes an array, for ``CAST(:ids AS uuid[])``: a list costs ten times as much to bind."""
    return f"{{{orjson.dumps(list(ids))[1:-1].decode()}}}"


def is_transient(error: BaseException) -> bool:
    """Whether trying the same work again can help: lost connections, locks, serialization, resources.

    Everything else (a constraint, a bad value, a bug) is permanent and must not be retried blindly.

    Raises CancelledError in a task that was told to stop: on the way down the driver may tell of a connection in use
    in place of that, and whoever tried again then would never end.
    """
    if _told_to_stop():
        raise asyncio.CancelledError from error
    if isinstance(error, (TimeoutError, ConnectionError)):
        return True
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, (DBAPIError, psycopg.Error)):
        return False
    state: str | None = getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None)
    if state is None:
        # A broken connection surfaces without a SQLSTATE.
        return isinstance(error, _BROKEN)
    return state.startswith(_TRANSIENT_CLASSES) or state in _TRANSIENT_STATES


def _told_to_stop() -> bool:
    try:
        task = asyncio.current_task()
    except RuntimeError:  # nothing runs here that could be told
        return False
    return task is not None and task.cancelling() > 0
