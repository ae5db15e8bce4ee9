"""How other systems, such as the national population base, call our persons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.tables_person import person
from services.registry.adapters.tables_portal import foreign_id
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.division import Scope


@dataclass(frozen=True, slots=True)
class ForeignId:
    """One person's id in one system."""

    system: str
    foreign_id: str
    person_id: UUID


class Kept(StrEnum):
    """What became of an id."""

    NEW = "NEW"
    KNOWN = "KNOWN"
    CONFLICT = "CONFLICT"
    """The id is somebody else's, or the person has another one in that system."""


async def keep_foreign_ids(connection: AsyncConnection, named: Sequence[ForeignId]) -> list[Kept]:
    """Insert what is new, in one statement; what became of each, in order."""
    if not named:
        return []
    inserted = await connection.execute(
        postgresql.insert(foreign_id)
        .values([{"system": one.system, "foreign_id": one.foreign_id, "person_id": one.person_id} for one in named])
        .on_conflict_do_nothing()
        .returning(foreign_id.c.system, foreign_id.c.foreign_id, foreign_id.c.person_id)
    )
    new = {ForeignId(*row) for row in inserted}
    rows = await connection.execute(
        select(foreign_id.c.system, foreign_id.c.foreign_id, foreign_id.c.person_id).where(
            or_(
                foreign_id.c.person_id.in_({one.person_id for one in named}),
                foreign_id.c.foreign_id.in_({one.foreign_id for one in named}),
            )
        )
    )
    standing = {ForeignId(*row) for row in rows}
    outcomes = []
    for one in named:
        if one in new:
            outcomes.append(Kept.NEW)
            new.discard(one)
        else:
            outcomes.append(Kept.KNOWN if one in standing else Kept.CONFLICT)
    return outcomes


async def foreign_ids_page(
    connection: AsyncConnection, page: Page, *, within: Scope, system: str
) -> tuple[Sequence[Row[Any]], str | None]:
    """A page of a system's ids with what the register says of whom they mean."""
    query = (
        select(
            foreign_id.c.system,
            foreign_id.c.foreign_id,
            person.c.person_id,
            person.c.division,
            person.c.registered_on,
            person.c.died_on,
            person.c.merged_into,
        )
        .join(person, person.c.person_id == foreign_id.c.person_id)
        .where(foreign_id.c.system == system, inside(person.c.division, within))
    )
    return await paginate(connection, query, [foreign_id.c.foreign_id], page)
