"""Homes and residences with their history, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from services.registry.adapters.secrets import PERMIT, Secrets
from services.registry.adapters.tables_person import person
from services.registry.adapters.tables_place import person_place
from services.registry.domain.person_place import Place, PlaceCause, PlaceKind
from shared.kit.scoping import inside
from shared.values.division import Division, Scope


class Places:
    """Where persons belonged and live. Rows are added, and at most withdrawn."""

    def __init__(self, connection: AsyncConnection, secrets: Secrets, *, recorded_by: str, today: date) -> None:
        self._connection = connection
        self._secrets = secrets
        self._recorded_by = recorded_by
        self._today = today

    async def home_changed(self, person_id: UUID, *, previous: Division, to: Division, moved_on: date | None) -> None:
        """Somebody belongs to another division. A move that waited for it is done, and says since when."""
        reported = await self._connection.scalar(_FOLLOWED, {"person": person_id, "county": to.county.code})
        await self._connection.execute(
            insert(person_place).values(
                place_id=uuid7(),
                person_id=person_id,
                kind=PlaceKind.HOME.value,
                division=to.code,
                previous=previous.code,
                valid_from=moved_on or reported or self._today,
                cause=_cause(moved_on, reported).value,
                recorded_by=self._recorded_by,
            )
        )

    async def take_back(self, person_id: UUID) -> Division | None:
        """The last change of home was a mistake; where the home was before, None when it never changed."""
        previous = await self._connection.scalar(_TAKE_BACK, {"person": person_id})
        return None if previous is None else Division(previous)

    async def move(self, person_id: UUID, *, in_division: Division | None, since: date, permit_no: str | None) -> None:
        """Somebody lives elsewhere than at home, or at home again (None)."""
        place_id = uuid7()
        before = await self.of_person(person_id, PlaceKind.RESIDENCE, within=Scope.everywhere())
        await self._connection.execute(
            insert(person_place).values(
                place_id=place_id,
                person_id=person_id,
                kind=PlaceKind.RESIDENCE.value,
                division=None if in_division is None else in_division.code,
                previous=None if not before or before[-1].division is None else before[-1].division.code,
                valid_from=since,
                cause=PlaceCause.PERMIT.value,
                permit_cipher=self._secrets.seal_text(permit_no, PERMIT, place_id.bytes),
                recorded_by=self._recorded_by,
            )
        )

    async def of_person(self, person_id: UUID, kind: PlaceKind, *, within: Scope) -> Sequence[Place]:
        """Every change of one kind, in the order of the days they count from; none outside the scope."""
        rows = await self._connection.execute(
            select(person_place)
            .join(person, person.c.person_id == person_place.c.person_id)
            .where(
                person_place.c.person_id == person_id,
                person_place.c.kind == kind.value,
                inside(person.c.division, within),
            )
            .order_by(person_place.c.valid_from, person_place.c.recorded_at)
        )
        return [to_place(row) for row in rows]


def _cause(moved_on: date | None, reported: date | None) -> PlaceCause:
    if reported is not None:
        return PlaceCause.MOVE_REPORT
    return PlaceCause.CORRECTION if moved_on is None else PlaceCause.TRANSFER


def to_place(row: Row[Any]) -> Place:
    """A row of ``person_place``."""
    return Place(
        kind=PlaceKind(row.kind),
        division=None if row.division is None else Division(row.division),
        previous=None if row.previous is None else Division(row.previous),
        valid_from=row.valid_from,
        recorded_at=row.recorded_at,
        withdrawn_at=row.withdrawn_at,
    )


_TAKE_BACK: Final = text(
    "UPDATE person_place SET withdrawn_at = clock_timestamp() WHERE place_id = (SELECT place_id FROM person_place "
    "WHERE person_id = :person AND kind = 'HOME' AND withdrawn_at IS NULL ORDER BY valid_from DESC, recorded_at DESC "
    "LIMIT 1) RETURNING previous"
)
_FOLLOWED: Final = text(
    "UPDATE outside_report SET state = 'DONE', version = version + 1 WHERE person_id = :person AND kind = 'MOVE' "
    "AND state = 'AWAITING_TRANSFER' AND starts_with(to_division, :county) RETURNING event_date"
)
