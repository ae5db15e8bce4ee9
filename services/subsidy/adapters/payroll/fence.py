"""The payment fence (ARCHITECTURE 1.4): nothing is paid while the register knows more than we do.

The register's horizon is the one remote answer that decides. When it does not answer, what it proved last counts for a
day; after that two persons must say that they pay without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import stamina
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.domain.payroll.errors import RegisterIsAhead, RegisterSilent, RegisterStartedAnew
from services.subsidy.domain.payroll.run import Proven
from shared.kit.journal_client import JournalClient, PublisherUnreachable
from shared.kit.work import Works

REGISTER: Final = "registry"
AGE_MAX: Final = timedelta(hours=24)
ON_ITS_WAY: Final = timedelta(seconds=5)
"""How long an event may take from the register to here before a step is refused for it."""

_REMEMBER: Final = text(
    "INSERT INTO register_proof (publisher, epoch, position, proven_at) VALUES (:publisher, :epoch, :position, :at) "
    "ON CONFLICT (publisher) DO UPDATE SET epoch = excluded.epoch, position = excluded.position, "
    "proven_at = excluded.proven_at WHERE register_proof.proven_at < excluded.proven_at"
)


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far the register is, as far as anybody can prove it. ``fresh``: it has just said so."""

    proven: Proven
    fresh: bool

    @property
    def is_old(self) -> bool:
        """Whether paying on it takes two persons."""
        return not self.fresh and datetime.now(UTC) - self.proven.at > AGE_MAX


async def ask(journal: JournalClient, works: Works[Any]) -> Horizon:
    """The register's answer, or its last one. Raises `RegisterSilent` when it never gave any."""
    try:
        told = await journal.horizon()
    except PublisherUnreachable:
        async with works.begin() as work:
            last = await last_proof(work.connection)
        if last is None:
            raise RegisterSilent(proven_at=None, hours=_hours(AGE_MAX)) from None
        return Horizon(last, fresh=False)
    at = datetime.now(UTC)  # what bounds the age of an answer is when it came, by our own watch
    async with works.begin() as work:
        values = {"publisher": REGISTER, "epoch": told.epoch, "position": told.position, "at": at}
        await work.connection.execute(_REMEMBER, values)
    return Horizon(Proven(epoch=told.epoch, position=told.position, at=at), fresh=True)


async def last_proof(connection: AsyncConnection) -> Proven | None:
    """What the register proved last."""
    query = text("SELECT epoch, position, proven_at FROM register_proof WHERE publisher = :publisher")
    row = (await connection.execute(query, {"publisher": REGISTER})).one_or_none()
    return None if row is None else Proven(epoch=row.epoch, position=row.position, at=row.proven_at)


def must_be_young(horizon: Horizon) -> None:
    """Raises `RegisterSilent`."""
    if horizon.is_old:
        raise RegisterSilent(proven_at=horizon.proven.at.isoformat(), hours=_hours(AGE_MAX))


async def passed(connection: AsyncConnection, horizon: Horizon) -> Proven:
    """What this transaction's snapshot has applied of the register's journal.

    Raises `RegisterStartedAnew`, `RegisterIsAhead` with the missing positions.
    """
    query = text("SELECT epoch, position FROM consumer_cursor WHERE publisher = :publisher")
    cursor = (await connection.execute(query, {"publisher": REGISTER})).one_or_none()
    wanted = horizon.proven
    if cursor is None:
        raise RegisterIsAhead(epoch=wanted.epoch, first=1, last=wanted.position)
    if cursor.epoch != wanted.epoch:
        raise RegisterStartedAnew(known=cursor.epoch, epoch=wanted.epoch)
    if cursor.position < wanted.position:
        raise RegisterIsAhead(epoch=wanted.epoch, first=cursor.position + 1, last=wanted.position)
    return Proven(epoch=cursor.epoch, position=cursor.position, at=wanted.at)


async def passed_soon(connection: AsyncConnection, horizon: Horizon) -> Proven:
    """As `passed`, while events keep coming: what the register has only just told may be on its way here."""
    async for attempt in stamina.retry_context(
        on=RegisterIsAhead, attempts=None, timeout=ON_ITS_WAY.total_seconds(), wait_initial=0.05, wait_max=0.5
    ):
        with attempt:
            return await passed(connection, horizon)
    raise AssertionError("the last attempt raises")


async def oldest_running(works: Works[Any]) -> datetime:
    """Since when the oldest transaction runs that a snapshot taken after this may not see.

    Whatever such a transaction lets stand is dated later than its own beginning; a minute covers two watches.
    """
    async with works.begin() as work:
        at = await work.connection.scalar(
            text(
                "SELECT least(clock_timestamp(), min(xact_start)) - interval '1 minute' FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    assert isinstance(at, datetime)
    return at


def _hours(age: timedelta) -> int:
    return int(age.total_seconds() // 3600)
