"""Changes of divisions on PostgreSQL: planned, carried out a thousand persons at a time, followed by rights."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from services.registry.adapters.certificates import to_certificate
from services.registry.adapters.tables_division import division_change, division_succession
from services.registry.adapters.work import RegistryWork
from services.registry.domain.division_change import ChangeState, DivisionChange, Succession, followed
from services.registry.domain.facts import PersonWasChanged
from services.registry.domain.person import Person
from shared.contracts.event import Announcement
from shared.contracts.registry import DivisionSucceeded
from shared.kit.pagination import Page, paginate
from shared.kit.work import Works
from shared.values.division import Division, Scope
from shared.values.person import DivisionChangeKind

MOVED_AT_ONCE: Final = 1_000
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


def told_of(change: DivisionChange, work: RegistryWork) -> list[Announcement]:
    """What the world hears of a change of places: one event a step."""
    return [
        Announcement(
            event_id=work.new_id(),
            event=DivisionSucceeded(
                change_id=change.change_id,
                kind=change.kind,
                predecessor=step.predecessor.code,
                successor=step.successor.code,
                effective_on=change.effective_on,
            ),
            person_id=change.change_id,
            version=number,
            division=step.successor.code,
            occurred_at=work.now(),
        )
        for number, step in enumerate(change.successions, start=1)
    ]


async def move_some(work: RegistryWork, step: Succession, *, effective_on: date) -> int:
    """Take up to a thousand persons of a division along, with their certificates; how many. Everybody is announced."""
    values = {
        "below": step.predecessor.code + "%",
        "after": step.successor.code,
        "length": len(step.predecessor.code),
        "limit": MOVED_AT_ONCE,
    }
    rows = (await work.connection.execute(_MOVE_PERSONS, values)).all()
    if not rows:
        return 0
    ids = [row.person_id for row in rows]
    cards = {
        row.person_id: to_certificate(row)
        for row in await work.connection.execute(_MOVE_CERTIFICATES, {**values, "ids": ids})
    }
    await work.connection.execute(
        _REMEMBER,
        {
            "ids": ids,
            "places": [uuid7() for _ in ids],
            "befores": [row.previous for row in rows],
            "on": effective_on,
            "by": "system" if work.caller is None else work.caller.subject,
        },
    )
    for row in rows:
        person = Person(
            person_id=row.person_id,
            version=row.version,
            last_version=row.last_version,
            division=Division(row.division),
            registered_on=row.registered_on,
            died_on=row.died_on,
            merged_into=row.merged_into,
        )
        card = cards.get(row.person_id)
        work.tell(PersonWasChanged(event_id=work.new_id(), occurred_at=work.now(), person=person, certificate=card))
    return len(rows)


async def move_rest(work: RegistryWork, step: Succession) -> None:
    """Whatever else lies in the division and belongs to no one person: households, cases, news, notices."""
    values = {
        "below": step.predecessor.code + "%",
        "after": step.successor.code,
        "length": len(step.predecessor.code),
    }
    for statement in _MOVE_REST:
        await work.connection.execute(statement, values)


_NEW: Final = "CAST(:after AS text) || substr({column}, CAST(:length AS int) + 1)"
_INSIDE: Final = "{column} LIKE :below"
_MOVE_PERSONS: Final = text(
    "WITH chosen AS (SELECT person_id, division AS previous FROM person WHERE division LIKE :below "  # noqa: S608
    "ORDER BY division, person_id LIMIT :limit FOR UPDATE), "
    "moved AS (UPDATE person p SET version = last_version + 1, last_version = last_version + 1, "
    f"division = {_NEW.format(column='p.division')} FROM chosen WHERE p.person_id = chosen.person_id "
    "RETURNING p.*, chosen.previous), "
    "stale AS (UPDATE person_search s SET stale = true FROM moved WHERE s.person_id = moved.person_id) "
    "SELECT * FROM moved"
)
_MOVE_CERTIFICATES: Final = text(
    f"UPDATE certificate c SET division = {_NEW.format(column='c.division')}, version = p.last_version "  # noqa: S608
    "FROM person p WHERE c.person_id = p.person_id AND c.person_id = ANY(CAST(:ids AS uuid[])) "
    "AND c.status NOT IN ('CANCELLED', 'SUPERSEDED') AND c.division LIKE :below RETURNING c.*"
)
_REMEMBER: Final = text(
    "INSERT INTO person_place (place_id, person_id, kind, division, previous, valid_from, cause, recorded_by) "
    "SELECT r.place, p.person_id, 'HOME', p.division, r.before, :on, 'DIVISION_CHANGE', :by "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:places AS uuid[]), CAST(:befores AS text[])) AS r(id, place, before) "
    "JOIN person p ON p.person_id = r.id"
)
_MOVE_REST: Final = tuple(
    text(
        f"UPDATE {table} SET {column} = {_NEW.format(column=column)} "  # noqa: S608 - constants
        f"WHERE {_INSIDE.format(column=column)}"
    )
    for table, column in (
        ("household", "division"),
        ("outside_report", "division"),
        ("duplicate", "division"),
        ("application", "home"),
        ("application", "acceptance"),
        ("public_notice", "division"),
        ("portal_case", "division"),
        ("campaign_item", "division"),
    )
)
_OF_DIVISION: Final = text(
    "SELECT s.predecessor, s.successor, s.name, c.kind, c.effective_on, c.state, c.change_id "
    "FROM division_succession s JOIN division_change c USING (change_id) "
    "WHERE (s.predecessor = :code OR s.successor = :code) AND c.state <> 'CANCELLED' "
    "ORDER BY c.effective_on, s.succession_id"
)


class FollowedScopes:
    """Scopes of tokens that were issued before a division changed; looked up at most twice a minute."""

    def __init__(self, works: Works[Any]) -> None:
        self._works = works
        self._changes: list[DivisionChange] = []
        self._until = 0.0

    async def __call__(self, scope: Scope) -> Scope:
        """The scope with what followed from it."""
        if time.monotonic() >= self._until:
            async with self._works.snapshot() as connection:
                self._changes = await DivisionChanges(connection, recorded_by="").in_force()
            self._until = time.monotonic() + SCOPE_SECONDS
        return followed(scope, self._changes)
