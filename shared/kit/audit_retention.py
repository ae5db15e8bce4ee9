"""Audit rows whose time is over go month by month; a signed tombstone stays, so that the chain can still be proved.

The seals of the rows remain: what is gone is what the rows said, not that they were, nor in which order.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

from psycopg.types.multirange import Int8Multirange
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.kit.audit import HOUSE, Auditor, Change, Code, Origin, write
from shared.kit.audit_seal import runs_in, told
from shared.kit.audit_verify import tombstone_statement
from shared.kit.retention import Rule
from shared.kit.settings import ServiceSettings
from shared.kit.signing import Signer

_MONTHS: Final = text(
    "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
    "WHERE i.inhparent = 'audit'::regclass ORDER BY c.relname"
)


class RowsAreNotSealed(Exception):
    """A month holds rows in no seal: it must not go before it is proved."""


def audit_rule(settings: ServiceSettings, auditor: Auditor) -> Rule:
    """The rule of the retention job. A month goes when its last day is ``audit_kept_months`` ago."""
    months = settings.audit_kept_months
    signer = settings.audit_signer()

    async def count(connection: AsyncConnection, now: datetime) -> int:
        return sum([await _rows(connection, name) for name in await _due(connection, now.date(), months)])

    async def forget(connection: AsyncConnection, now: datetime) -> int:
        for name in await _due(connection, now.date(), months):
            if rows := await _rows(connection, name):
                await _bury(connection, name, settings.service, signer)
                change = Change(None, "audit.month_removed", after={"month": Code(name), "rows": rows})
                origin = Origin("JOB", "retention.run")
                await write(connection, auditor.rows([change], origin=origin, caller=None, trace_id=HOUSE))
            await _drop(connection, name)
            return rows
        return 0

    return Rule("audit", f"audit entries are kept {months} months", count, forget)


async def _due(connection: AsyncConnection, today: date, months: int) -> list[str]:
    """Partitions whose month ended so long ago, the oldest first."""
    oldest_kept = today.year * 12 + today.month - 1 - months
    return [name for name in (await connection.scalars(_MONTHS)).all() if _month_of(name) < oldest_kept]


def _month_of(partition: str) -> int:
    """Months since year 0, from ``audit_2026_11``."""
    year, month = partition.removeprefix("audit_").split("_")
    return int(year) * 12 + int(month) - 1


async def _rows(connection: AsyncConnection, partition: str) -> int:
    return int(await connection.scalar(text(f"SELECT count(*) FROM {partition}")) or 0)  # noqa: S608 - from the catalogue


async def _bury(connection: AsyncConnection, partition: str, service: str, signer: Signer) -> None:
    ids = await connection.scalar(
        text(f"SELECT range_agg(int8range(audit_id, audit_id + 1)) FROM {partition}")  # noqa: S608 - from the catalogue
    )
    runs = runs_in(ids)
    sealed = await connection.scalar(
        text("SELECT CAST(:ids AS int8multirange) <@ range_agg(each) FROM audit_seal, unnest(ids) AS each"),
        {"ids": told(runs)},
    )
    if not sealed:
        raise RowsAreNotSealed(partition)
    removed_at = datetime.now(UTC).isoformat(timespec="milliseconds")
    statement = tombstone_statement(service, partition, runs, removed_at, signer.key_id)
    await connection.execute(
        text(
            "INSERT INTO audit_tombstone (partition, ids, removed_at, key_id, signature) "
            "VALUES (:partition, :ids, :removed_at, :key_id, :signature)"
        ),
        {
            "partition": partition,
            "ids": Int8Multirange(list(ids)),
            "removed_at": removed_at,
            "key_id": signer.key_id,
            "signature": signer.sign(statement),
        },
    )


async def _drop(connection: AsyncConnection, partition: str) -> None:
    await connection.execute(text("SET LOCAL lock_timeout = '3s'"))
    await connection.execute(text(f"ALTER TABLE audit DETACH PARTITION {partition}"))
    await connection.execute(text(f"DROP TABLE {partition}"))
