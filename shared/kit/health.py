"""Readiness as named checks: each says in a sentence what it found and how long it took to look."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import String, column, select, table, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.kit.metrics import READY_CHECK

_TIMEOUT_SECONDS: Final = 2.0


class NotReady(Exception):
    """A check fails; the message is its detail, fit for an operator and free of secrets."""


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must hold before requests are sent here. `probe` returns a detail or raises NotReady."""

    name: str
    probe: Callable[[], Awaitable[str]]
    timeout_seconds: float = _TIMEOUT_SECONDS


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, and in how many milliseconds."""

    name: str
    ok: bool
    detail: str
    ms: float


async def examine(checks: Sequence[Check]) -> list[Finding]:
    """Run all checks at once. A check that is slow or breaks fails; it never takes the answer down with it."""
    return list(await asyncio.gather(*(_examine(check) for check in checks)))


async def _examine(check: Check) -> Finding:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(check.timeout_seconds):
            detail, ok = await check.probe(), True
    except NotReady as refusal:
        detail, ok = str(refusal), False
    except TimeoutError:
        detail, ok = f"no answer within {check.timeout_seconds:g} s", False
    except Exception as error:  # noqa: BLE001 - whatever breaks a check is a finding; its message may hold secrets
        detail, ok = type(error).__name__, False
    READY_CHECK.labels(check.name).set(ok)
    return Finding(check.name, ok, detail, round((time.perf_counter() - started) * 1000, 2))


def database_check(engine: AsyncEngine) -> Check:
    """The database answers a query."""

    async def probe() -> str:
        try:
            async with engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError) as error:
            raise NotReady(f"cannot query: {type(error).__name__}") from error
        return "answers"

    return Check("database", probe)


def schema_check(engine: AsyncEngine, head: str) -> Check:
    """The schema is at the revision this code was written for."""
    revision = select(column("version_num", String)).select_from(table("alembic_version"))

    async def probe() -> str:
        try:
            async with engine.connect() as connection:
                found = (await connection.execute(revision)).scalars().all()
        except (SQLAlchemyError, OSError) as error:
            raise NotReady(f"revision unknown: {type(error).__name__}") from error
        if list(found) != [head]:
            raise NotReady(f"at {', '.join(map(str, found)) or 'nothing'}, needs {head}")
        return f"at {head}"

    return Check("schema", probe)
