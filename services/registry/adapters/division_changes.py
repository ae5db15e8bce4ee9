"""Changes of divisions on PostgreSQL: planned, carried out a thousand persons at a time, followed by rights."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from services.registry.adapters.tables_division import division_change, division_succession
from services.registry.domain.division_change import ChangeState, DivisionChange, Succession, followed
from shared.kit.pagination import Page, paginate
from shared.kit.work import Works
from shared.values.division import Division, Scope
from shared.values.person import DivisionChangeKind

SCOPE_SECONDS: Final = 30.0


class DivisionChanges:
    """Changes in one transaction."""

    def __init__(self, connection: AsyncConnection, *, recorded_by: str) -> None:
        self._connection = connection
        self._recorded_by = recorded_by

    async def add(self, change: DivisionChange) -> None:
        """Insert a plan with its steps."""
        await self._connection.execute(
            insert(division_change).values(
                change_id=change.change_id,
                kind=change.kind.value,
                effective_on=change.effective_on,
                basis=change.basis,
                state=change.state.value,
                recorded_by=self._recorded_by,
            )
        )
        await self._connection.execute(
            insert(division_succession),
            [
                {
                    "succession_id": uuid7(),
                    "change_id": change.change_id,
                    "predecessor": step.predecessor.code,
                    "successor": step.successor.code,
                    "name": step.name,
                }
                for step in change.successions
            ],
        )

    async def get(self, change_id: UUID, *, within: Scope) -> DivisionChange | None:
        """Lock and load; None when the scope does not hold every predecessor."""
        row = (
            await self._connection.execute(
                select(division_change).where(division_change.c.change_id == change_id).with_for_update()
            )
        ).one_or_none()
        if row is None:
            return None
        (change,) = await self._loaded([row])
        return change if all(within.covers(step.predecessor) for step in change.successions) else None

    async def save(self, change: DivisionChange) -> None:
        """Store a step."""
        values: dict[str, Any] = {"state": change.state.value, "version": change.version}
        if change.state is ChangeState.APPLIED:
            values["applied_at"] = func.clock_timestamp()
        await self._connection.execute(
            update(division_change).where(division_change.c.change_id == change.change_id).values(**values)
        )

    async def page(self, page: Page) -> tuple[list[DivisionChange], str | None]:
        """Every change, the newest first: about places, not about persons."""
        rows, following = await paginate(
            self._connection, select(division_change), [division_change.c.change_id], page, descending=True
        )
        return await self._loaded(rows), following

    async def in_force(self) -> list[DivisionChange]:
        """Those that are being, or were, carried out, in the order of their days."""
        rows = await self._connection.execute(
            select(division_change)
            .where(division_change.c.state.in_([ChangeState.APPLYING, ChangeState.APPLIED]))
            .order_by(division_change.c.effective_on, division_change.c.change_id)
        )
        return await self._loaded(rows.all())

    async def of_division(self, division: Division) -> list[Row[Any]]:
        """What became of a division, and what it came from."""
        rows = await self._connection.execute(_OF_DIVISION, {"code": division.code})
        return list(rows.all())

    async def _loaded(self, rows: Sequence[Row[Any]]) -> list[DivisionChange]:
        steps = await self._connection.execute(
            select(division_succession)
            .where(division_succession.c.change_id.in_([row.change_id for row in rows]))
            .order_by(division_succession.c.succession_id)
        )
        of: dict[UUID, list[Succession]] = {}
        for step in steps:
            of.setdefault(step.change_id, []).append(
                Succession(predecessor=Division(step.predecessor), successor=Division(step.successor), name=step.name)
            )
        return [
            DivisionChange(
                change_id=row.change_id,
                kind=DivisionChangeKind(row.kind),
                effective_on=row.effective_on,
                basis=row.basis,
                successions=tuple(of[row.change_id]),
                state=ChangeState(row.state),
                version=row.version,
            )
            for row in rows
        ]


_OF_DIVISION: Final = text(
    "SELECT s.predecessor, s.successor, s.name, c.kind, c.effective_on, c.state, c.change_id "
    "FROM division_succession s JOIN division_change c USING (change_id) "
    "WHERE (s.predecessor = :code OR s.successor = :code) AND c.state <> 'CANCELLED' "
    "ORDER BY c.effective_on, s.succession_id"
)


class FollowedScopes:
    """Scopes as they are after every change of divisions; looked up at most twice a minute, and after each change."""

    def __init__(self) -> None:
        self._works: Works[Any] | None = None
        self._changes: list[DivisionChange] = []
        self._until = 0.0

    async def __call__(self, scope: Scope, works: Works[Any]) -> Scope:
        """The scope with what followed from it."""
        if works is not self._works or time.monotonic() >= self._until:
            async with works.snapshot() as connection:
                self._changes = await DivisionChanges(connection, recorded_by="").in_force()
            self._works, self._until = works, time.monotonic() + SCOPE_SECONDS
        return followed(scope, self._changes)

    def forget(self) -> None:
        """Something changed: look again."""
        self._until = 0.0
