"""Merges of records, and the work list of pairs that may be one person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.tables_certificate import certificate
from services.registry.adapters.tables_duplicate import duplicate
from services.registry.adapters.tables_duplicate import merge as merges
from services.registry.domain.person_merge import Merge
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.division import Division, Scope

ENDED: Final = ("CANCELLED", "SUPERSEDED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two records that may be one person's; ``division`` is the smallest that holds both."""

    duplicate_id: UUID
    first_id: UUID
    second_id: UUID
    version: int
    division: str
    score: int
    reasons: tuple[str, ...]
    state: str
    found_at: datetime


class Merges:
    """Merges and likely duplicates on PostgreSQL, in one transaction."""

    def __init__(self, connection: AsyncConnection, *, recorded_by: str) -> None:
        self._connection = connection
        self._recorded_by = recorded_by

    async def add(self, merged: Merge) -> None:
        """Insert, and settle the pair if it was on the work list."""
        await self._connection.execute(
            insert(merges).values(
                merge_id=merged.merge_id,
                person_id=merged.person_id,
                absorbed_id=merged.absorbed_id,
                version=merged.version,
                division=merged.division.code,
                merged_on=merged.merged_on,
                recorded_by=self._recorded_by,
            )
        )
        await self._decide(merged, "MERGED")

    async def get(self, merge_id: UUID, *, within: Scope) -> Merge | None:
        """Lock and load; None outside the scope."""
        row = (
            await self._connection.execute(
                select(merges).where(merges.c.merge_id == merge_id, inside(merges.c.division, within)).with_for_update()
            )
        ).one_or_none()
        return None if row is None else to_merge(row)

    async def save(self, undone: Merge) -> None:
        """Store that it was undone; the pair is two persons, and was looked at."""
        await self._connection.execute(
            update(merges)
            .where(merges.c.merge_id == undone.merge_id)
            .values(
                undone=undone.undone,
                version=undone.version,
                undone_at=func.clock_timestamp(),
                undone_by=self._recorded_by,
            )
        )
        await self._decide(undone, "DISMISSED")

    async def of_person(self, person_id: UUID, *, within: Scope) -> Sequence[Merge]:
        """Every merge into this record, undone ones included."""
        rows = await self._connection.execute(
            select(merges)
            .where(merges.c.person_id == person_id, inside(merges.c.division, within))
            .order_by(merges.c.recorded_at)
        )
        return [to_merge(row) for row in rows]

    async def living_certificate(self, person_id: UUID, *, within: Scope) -> UUID | None:
        """What the person holds that has not ended."""
        found: UUID | None = await self._connection.scalar(
            select(certificate.c.certificate_id).where(
                certificate.c.person_id == person_id,
                certificate.c.status.not_in(ENDED),
                inside(certificate.c.division, within),
            )
        )
        return found

    async def _decide(self, merged: Merge, state: str) -> None:
        first, second = sorted((merged.person_id, merged.absorbed_id))
        await self._connection.execute(
            update(duplicate)
            .where(duplicate.c.first_id == first, duplicate.c.second_id == second)
            .values(**self._decided(state))
        )

    # ------------------------------------------------------------------ the work list

    async def propose(self, pairs: Sequence[dict[str, Any]]) -> int:
        """Put pairs on the work list; those that are on it, or were decided, stay as they are. How many are new."""
        if not pairs:
            return 0
        rows = await self._connection.execute(_PROPOSE, {name: [pair[name] for pair in pairs] for name in _PAIR})
        return len(rows.all())

    async def pair(self, duplicate_id: UUID, *, within: Scope) -> Pair | None:
        """Lock and load; None when the scope does not hold both."""
        row = (
            await self._connection.execute(
                select(duplicate)
                .where(duplicate.c.duplicate_id == duplicate_id, inside(duplicate.c.division, within))
                .with_for_update()
            )
        ).one_or_none()
        return None if row is None else _pair(row)

    async def dismiss(self, pair: Pair) -> None:
        """Two persons: never propose them again."""
        await self._connection.execute(
            update(duplicate).where(duplicate.c.duplicate_id == pair.duplicate_id).values(**self._decided("DISMISSED"))
        )

    async def page(
        self, page: Page, *, within: Scope, state: str, person_id: UUID | None
    ) -> tuple[list[Pair], str | None]:
        """A page of the work list, the likeliest first."""
        query = select(duplicate).where(inside(duplicate.c.division, within), duplicate.c.state == state)
        if person_id is not None:
            query = query.where((duplicate.c.first_id == person_id) | (duplicate.c.second_id == person_id))
        rows, following = await paginate(
            self._connection, query, [duplicate.c.score, duplicate.c.duplicate_id], page, descending=True
        )
        return [_pair(row) for row in rows], following

    async def open_count(self) -> int:
        """How many pairs wait for somebody."""
        query = select(func.count()).where(duplicate.c.state == "OPEN")
        return int((await self._connection.execute(query)).scalar_one())

    def _decided(self, state: str) -> dict[str, Any]:
        return {
            "state": state,
            "version": duplicate.c.version + 1,
            "decided_at": func.clock_timestamp(),
            "decided_by": self._recorded_by,
        }


_PAIR: Final = ("duplicate_id", "first_id", "second_id", "division", "score", "reasons")
_PROPOSE: Final = text(
    "INSERT INTO duplicate (duplicate_id, first_id, second_id, division, score, reasons) "
    "SELECT id, first, second, division, score, string_to_array(reasons, ',') FROM unnest("
    "CAST(:duplicate_id AS uuid[]), CAST(:first_id AS uuid[]), CAST(:second_id AS uuid[]), CAST(:division AS text[]), "
    "CAST(:score AS smallint[]), CAST(:reasons AS text[])) AS r(id, first, second, division, score, reasons) "
    "ON CONFLICT (first_id, second_id) DO NOTHING RETURNING duplicate_id"
)


def to_merge(row: Row[Any]) -> Merge:
    """A row of ``person_merge``."""
    return Merge(
        merge_id=row.merge_id,
        person_id=row.person_id,
        absorbed_id=row.absorbed_id,
        version=row.version,
        division=Division(row.division),
        merged_on=row.merged_on,
        undone=row.undone,
    )


def _pair(row: Row[Any]) -> Pair:
    return Pair(
        duplicate_id=row.duplicate_id,
        first_id=row.first_id,
        second_id=row.second_id,
        version=row.version,
        division=row.division,
        score=row.score,
        reasons=tuple(row.reasons),
        state=row.state,
        found_at=row.found_at,
    )
