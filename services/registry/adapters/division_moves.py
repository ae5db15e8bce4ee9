"""Whoever belongs to a division that was given up follows it, a thousand at a time, announced one by one (ID-21)."""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from services.registry.adapters.certificates import to_certificate
from services.registry.adapters.repositories import to_person
from services.registry.adapters.work import RegistryWork
from services.registry.domain.division_change import Succession
from services.registry.domain.facts import PersonWasChanged

MOVED_AT_ONCE: Final = 1_000


async def effect_of(connection: AsyncConnection, step: Succession) -> dict[str, int]:
    """How much follows in a step: persons, certificates, households, open cases."""
    row = (await connection.execute(_EFFECT, {"below": step.predecessor.code + "%"})).one()
    return dict(row._mapping)


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
        person, card = to_person(row), cards.get(row.person_id)
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


_EFFECT: Final = text(
    "SELECT (SELECT count(*) FROM person WHERE division LIKE :below) AS persons, "
    "(SELECT count(*) FROM certificate WHERE division LIKE :below AND status NOT IN ('CANCELLED', 'SUPERSEDED')) "
    "AS certificates, (SELECT count(*) FROM household WHERE division LIKE :below) AS households, "
    "(SELECT count(*) FROM application WHERE home LIKE :below AND due_on IS NOT NULL) AS open_applications"
)
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
        ("application", "leaving"),
        ("application_step", "desk"),
        ("assessment_institution", "division"),
        ("assessment_slot", "division"),
        ("public_notice", "division"),
        ("portal_case", "division"),
        ("campaign_item", "division"),
    )
)
