"""Records of the register that are one person's: whose each is, and what was decided of one counts for all.

The register links records and moves nothing, so that a merge can be undone; here nothing is moved either. Facts and
payment lines stay with the record they are about; ``person_record`` says whose that is, as known at any moment, and
what stands is derived for the person. Decisions name the person, and remember by their first row which record they
were taken for. Records that were never absorbed have no row: who asks about millions asks nothing here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Row, Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import tables_facts
from shared.kit.database import uuid_array

MERGED: Final = "PERSON_MERGED"
"""The cause of an award that ended because its person has another one, or lives elsewhere."""

_ABSORBED: Final = "{0}.known_to = 'infinity' AND {0}.person_id <> {0}.record_id"
_THESE: Final = "ANY(CAST(:persons AS uuid[]))"

# --- reading the records of a person as one -------------------------------------------------------------------------

# Where both records held a card, the survivor's counts: the other one had to be given up for the merge.
_HELD_ITSELF: Final = """EXISTS (
     SELECT FROM (SELECT s.* FROM copy_registry_certificate s WHERE s.person_id = r.person_id AND s.issued_on <= {day}
                   ORDER BY s.issued_on DESC, s.status = 'SUPERSEDED', s.version DESC, s.certificate_id DESC LIMIT 1) s
      WHERE s.expires_on >= {day} AND (s.issued_on = {day} OR NOT EXISTS (
        SELECT FROM copy_registry_stop x WHERE x.person_id = s.person_id AND x.certificate_id = s.certificate_id
           AND x.kind = 'CANCELLED' AND NOT x.withdrawn AND x.event_date <= {day})))"""
LIVED_THERE: Final = """({division} = (SELECT left(h.division, 6) FROM copy_registry_person h
                  WHERE h.person_id = {person})
     OR EXISTS (SELECT FROM copy_registry_stop m WHERE m.person_id = {person} AND m.kind = 'TRANSFERRED'
                   AND NOT m.withdrawn AND left(m.division, 6) = {division}))"""
"""Whether a record itself says that its household lives or lived in a county."""
_COUNTS: Final = {
    "copy_registry_certificate": f"NOT {_HELD_ITSELF.format(day='c.issued_on')}",
    "copy_registry_stop": f"""CASE
     WHEN c.kind IN ('FROZEN', 'CANCELLED', 'EXPIRED') THEN NOT {_HELD_ITSELF.format(day="c.event_date")}
     WHEN c.kind = 'TRANSFERRED' THEN NOT {LIVED_THERE.format(division="left(c.division, 6)", person="r.person_id")}
     ELSE true END""",
}


def as_one(name: str, table: Table) -> str:
    """A relation ``name`` of the rows about ``:persons``, those of the records they absorbed among them."""
    own = ", ".join(f"c.{column.name}" for column in table.columns)
    theirs = ", ".join("r.person_id" if each.name == "person_id" else f"c.{each.name}" for each in table.columns)
    return f"""{name} AS (
  SELECT {own}, c.person_id AS record_id FROM {table.name} c
   WHERE c.person_id = {_THESE} AND NOT EXISTS (
     SELECT FROM person_record a WHERE a.record_id = c.person_id AND {_ABSORBED.format("a")})
  UNION ALL
  SELECT {theirs}, c.person_id FROM person_record r JOIN {table.name} c ON c.person_id = r.record_id
   WHERE r.person_id = {_THESE} AND {_ABSORBED.format("r")} AND {_COUNTS.get(table.name, "true")})"""  # noqa: S608 - names of tables


SEVERAL: Final = f"SELECT r.person_id FROM person_record r WHERE {_ABSORBED.format('r')}"  # noqa: S608 - a constant
"""Persons who have absorbed records."""


def with_other_records(persons: str) -> str:
    """The persons of a query, which are few, and every record of theirs: a hold on one is a hold on all."""
    return f"""WITH p AS MATERIALIZED ({persons})
SELECT person_id FROM p
 UNION SELECT r.person_id FROM p JOIN person_record r ON r.record_id = p.person_id AND {_ABSORBED.format("r")}
 UNION SELECT q.record_id FROM p LEFT JOIN person_record r ON r.record_id = p.person_id AND {_ABSORBED.format("r")}
  JOIN person_record q ON q.person_id = coalesce(r.person_id, p.person_id) AND {_ABSORBED.format("q")}"""  # noqa: S608 - put together from constants


_GROUPS: Final = text(
    f"SELECT r.record_id, r.person_id FROM person_record r WHERE {_ABSORBED.format('r')} "  # noqa: S608
    "AND (r.record_id = ANY(CAST(:persons AS uuid[])) OR r.person_id = ANY(CAST(:persons AS uuid[])))"
)
_OF_PERSON: Final = text(
    "SELECT record_id FROM person_record WHERE person_id = :person AND record_id <> person_id "
    "AND known_from <= coalesce(CAST(:at AS timestamptz), '9999-12-31') "
    "AND known_to > coalesce(CAST(:at AS timestamptz), '9999-12-31') ORDER BY record_id"
)
_OWNER: Final = text(
    "SELECT person_id FROM person_record WHERE record_id = :person "
    "AND known_from <= coalesce(CAST(:at AS timestamptz), '9999-12-31') "
    "AND known_to > coalesce(CAST(:at AS timestamptz), '9999-12-31')"
)
_SEVERAL: Final = text(SEVERAL)


async def owners(connection: AsyncConnection, persons: Collection[UUID]) -> dict[UUID, UUID]:
    """The records that were absorbed by, or are, these persons, and whose each is: most have no part in this."""
    found = await connection.execute(_GROUPS, {"persons": uuid_array(persons)})
    return {row.record_id: row.person_id for row in found}


async def of_all(connection: AsyncConnection) -> set[UUID]:
    """Everybody who has more than one record."""
    return set(await connection.scalars(_SEVERAL))


async def owner(connection: AsyncConnection, record_id: UUID, *, known_at: datetime | None = None) -> UUID:
    """Whose a record is, as known at a moment (None: now)."""
    found: UUID | None = await connection.scalar(_OWNER, {"person": record_id, "at": known_at})
    return record_id if found is None else found


async def others(connection: AsyncConnection, person_id: UUID, *, known_at: datetime | None = None) -> list[UUID]:
    """The records a person absorbed, as known at a moment (None: now)."""
    return list(await connection.scalars(_OF_PERSON, {"person": person_id, "at": known_at}))


async def every(connection: AsyncConnection, person_id: UUID) -> list[UUID]:
    """All records of whom a record is about, the surviving one first."""
    whose = await owner(connection, person_id)
    return [whose, *await others(connection, whose)]


async def named(connection: AsyncConnection, persons: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Of each of these records, the other ones of the same person; nothing where there are none."""
    whose = await owners(connection, persons)
    together: dict[UUID, list[UUID]] = {}
    for record_id, person_id in sorted(whose.items()):
        together.setdefault(person_id, [person_id]).append(record_id)
    return {
        each: [other for other in together[whose.get(each, each)] if other != each]
        for each in persons
        if whose.get(each, each) in together
    }


# --- merging and taking merges back ---------------------------------------------------------------------------------

# Whoever is joined by a merge, standing or undone, or was until now; each belongs to the end of the chain it is in.
_BELONG: Final = text(
    """
WITH RECURSIVE near (record_id) AS (
  SELECT unnest(CAST(:records AS uuid[]))
  UNION
  SELECT next.record_id FROM near n CROSS JOIN LATERAL (
    SELECT absorbed_id FROM copy_registry_merge WHERE person_id = n.record_id
    UNION ALL SELECT person_id FROM copy_registry_merge WHERE absorbed_id = n.record_id
    UNION ALL SELECT record_id FROM person_record WHERE person_id = n.record_id AND known_to = 'infinity'
    UNION ALL SELECT person_id FROM person_record WHERE record_id = n.record_id AND known_to = 'infinity'
  ) AS next(record_id)),
chain (record_id, person_id, step) AS (
  SELECT record_id, record_id, 0 FROM near
  UNION ALL
  SELECT c.record_id, m.person_id, step + 1 FROM chain c
    JOIN copy_registry_merge m ON m.absorbed_id = c.person_id AND NOT m.undone WHERE step < 20),
whose AS (SELECT DISTINCT ON (record_id) record_id, person_id FROM chain ORDER BY record_id, step DESC, person_id),
closed AS (
  UPDATE person_record o SET known_to = :at FROM whose w
   WHERE o.record_id = w.record_id AND o.known_to = 'infinity' AND o.person_id <> w.person_id),
added AS (
  INSERT INTO person_record (record_id, person_id, known_from, known_to)
  SELECT w.record_id, w.record_id, '-infinity', :at FROM whose w
   WHERE w.person_id <> w.record_id AND NOT EXISTS (SELECT FROM person_record p WHERE p.record_id = w.record_id)
  UNION ALL
  SELECT w.record_id, w.person_id, :at, 'infinity' FROM whose w
   WHERE (w.person_id <> w.record_id OR EXISTS (SELECT FROM person_record p WHERE p.record_id = w.record_id))
     AND NOT EXISTS (SELECT FROM person_record p WHERE p.record_id = w.record_id AND p.known_to = 'infinity'
                        AND p.person_id = w.person_id))
SELECT record_id, person_id FROM whose"""
)
_TOLD: Final = "json_to_recordset(CAST(:rows AS json)) AS t(record_id uuid, person_id uuid)"
_FIRST: Final = (
    "(SELECT f.person_id FROM determination f WHERE f.award_id = o.award_id ORDER BY f.known_from, f.row_id LIMIT 1)"
)


def _pass_on(table: Table) -> str:
    """What was decided for a record is decided for whoever that is; what was known before stays on record."""
    names = ", ".join(
        column.name
        for column in table.columns
        if column.name not in {"row_id", "person_id", "single", "known_from", "known_to"}
    )
    return f"""
WITH passed AS (
  SELECT o.*, t.person_id AS owner FROM {table.name} o JOIN {_TOLD} ON t.record_id = {_FIRST}
   WHERE o.known_to = 'infinity' AND o.person_id = ANY(CAST(:records AS uuid[])) AND o.person_id <> t.person_id),
closed AS (UPDATE {table.name} o SET known_to = :at FROM passed p WHERE o.row_id = p.row_id)
INSERT INTO {table.name} ({names}, person_id, known_from) SELECT {names}, owner, :at FROM passed"""  # noqa: S608 - names of columns


_PASS_ON: Final = [
    text(_pass_on(table)) for table in (tables_facts.pause, tables_facts.back_payment, tables_facts.determination)
]
_NOT_SINGLE: Final = text(
    "UPDATE determination SET single = false WHERE person_id = ANY(CAST(:records AS uuid[])) AND single"
)

_RECORD: Final = "coalesce(a.record_id, a.person_id)"
_STEPPED: Final = """
step AS (
  INSERT INTO award_step (award_id, version, status_before, status, effective_month, cause_id, cause_kind, recorded_by)
  SELECT award_id, version, status_before, status, effective_month, merge_id, step, 'registry' FROM changed)
SELECT * FROM changed"""
_ELSEWHERE: Final = (
    f"(t.record_id <> t.person_id AND NOT {LIVED_THERE.format(division='left(a.division, 6)', person='t.person_id')})"
)
# Of two awards of a scheme the one READ-07 pays goes on; in a county its person never lived in none does (SUB-38).
_END: Final = text(
    f"""
WITH theirs AS (
  SELECT a.award_id, t.record_id, t.person_id, a.scheme, a.application_date, coalesce({_ELSEWHERE}, false) AS elsewhere
    FROM award a JOIN {_TOLD} ON t.record_id = {_RECORD} WHERE a.status IN ('ACTIVE', 'SUSPENDED', 'PAUSED')),
ranked AS (
  SELECT *, row_number() OVER (PARTITION BY person_id, scheme ORDER BY elsewhere, application_date, award_id) AS place
    FROM theirs),
changed AS (
  UPDATE award a
     SET status = 'STOPPED', version = a.version + 1, cause_id = m.merge_id, cause_kind = '{MERGED}',
         cause_reason = NULL, cause_event_date = m.merged_on, cause_trace_id = NULL, suspended_at = NULL,
         effective_month = to_char(date_trunc('month', m.merged_on) + interval '1 month', 'YYYY-MM')
    FROM ranked r CROSS JOIN LATERAL (
      SELECT m.merge_id, m.merged_on FROM copy_registry_merge m
       WHERE NOT m.undone AND m.absorbed_id IN (SELECT t.record_id FROM {_TOLD} WHERE t.person_id = r.person_id)
       ORDER BY m.absorbed_id = r.record_id DESC, m.merged_on DESC, m.merge_id LIMIT 1) m
   WHERE a.award_id = r.award_id AND (r.place > 1 OR r.elsewhere)
  RETURNING a.*, old.status AS status_before, m.merge_id, '{MERGED}' AS step),{_STEPPED}"""  # noqa: S608 - constants
)
_HAND_OVER: Final = text(
    f"""
WITH changed AS (
  UPDATE award a SET person_id = t.person_id, record_id = {_RECORD}, version = a.version + 1
    FROM {_TOLD} WHERE t.record_id = {_RECORD} AND a.person_id <> t.person_id
  RETURNING a.*, old.status AS status_before,
            (SELECT m.merge_id FROM copy_registry_merge m WHERE t.record_id IN (m.absorbed_id, m.person_id)
              ORDER BY m.version DESC, m.merge_id LIMIT 1) AS merge_id,
            CASE WHEN t.person_id = t.record_id THEN 'PERSON_UNMERGED' ELSE '{MERGED}' END AS step),{_STEPPED}"""  # noqa: S608
)
# What ended for the sake of another record's award runs again when that is another person's; the judgements follow.
_RESTORE: Final = text(
    f"""
WITH changed AS (
  UPDATE award a
     SET status = CASE WHEN EXISTS (SELECT FROM pause p WHERE p.award_id = a.award_id AND p.known_to = 'infinity'
                                       AND p.until = 'infinity') THEN 'PAUSED' ELSE 'ACTIVE' END,
         version = a.version + 1, cause_id = NULL, cause_kind = NULL, cause_reason = NULL, cause_event_date = NULL,
         cause_trace_id = NULL, effective_month = NULL
    FROM {_TOLD}
   WHERE t.record_id = {_RECORD} AND a.cause_kind = '{MERGED}' AND NOT coalesce({_ELSEWHERE}, false)
     AND NOT EXISTS (SELECT FROM award o WHERE o.person_id = a.person_id AND o.scheme = a.scheme
                        AND (o.status IN ('ACTIVE', 'SUSPENDED', 'PAUSED')
                             OR (coalesce(o.record_id, o.person_id) <> {_RECORD}
                                 AND (o.cause_kind IS DISTINCT FROM '{MERGED}' OR o.award_id < a.award_id))))
  RETURNING a.*, old.status AS status_before, old.cause_id AS merge_id, 'PERSON_UNMERGED' AS step),{_STEPPED}"""  # noqa: S608
)
_AWARDS: Final = (_END, _HAND_OVER, _RESTORE)


async def belong(connection: AsyncConnection, records: Collection[UUID], *, at: datetime) -> dict[UUID, UUID]:
    """Whose these records are by the merges that stand, and all that are joined to them; known from this moment on."""
    found = await connection.execute(_BELONG, {"records": uuid_array(records), "at": at})
    return {row.record_id: row.person_id for row in found}


async def pass_on(connection: AsyncConnection, whose: dict[UUID, UUID], *, at: datetime) -> None:
    """What was decided for a record is decided for its person."""
    values = _values(whose)
    for statement in _PASS_ON:
        await connection.execute(statement, values | {"at": at})
    await connection.execute(_NOT_SINGLE, {"records": values["records"]})


async def hand_over(connection: AsyncConnection, whose: dict[UUID, UUID]) -> Sequence[Row[Any]]:
    """Awards are their person's; the rows that changed, each as it is now."""
    values = _values(whose)
    changed: dict[UUID, Row[Any]] = {}
    for statement in _AWARDS:
        changed |= {row.award_id: row for row in await connection.execute(statement, values)}
    return list(changed.values())


def _values(whose: dict[UUID, UUID]) -> dict[str, Any]:
    rows = [{"record_id": record_id, "person_id": person_id} for record_id, person_id in whose.items()]
    return {"rows": orjson.dumps(rows).decode(), "records": uuid_array({*whose, *whose.values()})}
