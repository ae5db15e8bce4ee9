"""Keeping counted: what the spells of some persons came to is taken off, what they come to now is added.

Both sides are made by the same statement from nothing but spells, so what is kept is always what a count of all
spells would give (`TALLIED` over everybody), however it came about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.indicators.domain.tally import Facet
from shared.kit.database import uuid_array

FILL_MEMORY: Final = "192MB"
"""For sorting everybody's spells once, by whom nobody is kept waiting longer than he must."""
TALLY_LOCK: Final = 7_310_806
"""Shared by whoever counts by who is one person with whom, alone by who changes that or begins a new facet."""

# In: ``rooted``, spells with their side (-1: as they were, 1: as they are), whose they are, and whether under a record
# that was absorbed. Out: ``turn``, who came and who went where on which day: by townships (9), and by counties (6) with
# what is to be taken off above them. A person's spells in one place are runs of days; a person known in several
# counties is spread, and counts once where their codes meet. Most have one spell (``lone``), which is a run by itself.
TURNS: Final = """
counted AS NOT MATERIALIZED (
  SELECT f.facet, f.family, r.side, r.root, r.kind, r.absorbed, r.division, r.from_date, r.to_date, r.opens, r.closes
    FROM rooted r JOIN tally_facet f ON f.kind = r.kind AND r.trait LIKE ANY (f.traits) AND f.facet LIKE :facet),
person AS (
  SELECT facet, side, root, division, from_date, to_date, count(*) OVER same = 1 AS lone,
         min(left(division, 6)) OVER same <> max(left(division, 6)) OVER same AS spread
    FROM counted WHERE family = 'PERSONS' WINDOW same AS (PARTITION BY facet, side, root)),
stretch AS (
  SELECT facet, side, root, spread, digits, left(division, digits) AS place,
         unnest(range_agg(daterange(from_date, to_date))) AS days
    FROM person JOIN (VALUES (9), (6), (4), (2), (0)) AS level(digits) ON digits >= 6 OR spread
   WHERE NOT lone GROUP BY 1, 2, 3, 4, 5, 6),
joined AS (
  SELECT *, lag(upper(days)) OVER (PARTITION BY facet, side, root, digits, place ORDER BY days) AS before FROM stretch
  UNION ALL
  SELECT facet, side, root, false, digits, left(division, digits), daterange(from_date, to_date), NULL
    FROM person CROSS JOIN (VALUES (9), (6)) AS level(digits) WHERE lone AND from_date < to_date),
mark AS (
  SELECT facet, CASE digits WHEN 9 THEN 9 ELSE 6 END AS grain, place, side AS weight, days, before FROM joined
  UNION ALL
  SELECT facet, 6, left(place, above), -side, days, before
    FROM joined JOIN (VALUES (6, 4), (4, 2), (2, 0)) AS up(digits, above) USING (digits) WHERE spread),
turn AS (
  SELECT facet, grain, place, lower(days) AS day, coalesce(before, '-infinity') AS after, weight AS came, 0 AS went
    FROM mark
  UNION ALL
  SELECT facet, grain, place, upper(days), '-infinity', 0, weight FROM mark WHERE isfinite(upper(days))
  UNION ALL
  SELECT facet, grain, left(division, grain), day, '-infinity', came * side, went * side
    FROM counted CROSS JOIN (VALUES (6), (9)) AS both_grains(grain) CROSS JOIN LATERAL (
      SELECT from_date, 1, 0 WHERE family = 'SPELLS' AND NOT (kind = 'person' AND absorbed)
      UNION ALL SELECT to_date, 0, 1 WHERE family = 'SPELLS' AND NOT (kind = 'person' AND absorbed)
        AND isfinite(to_date)
      UNION ALL SELECT from_date, 1, 0 WHERE family = 'BEGAN' AND opens
      UNION ALL SELECT to_date - 1, 1, 0 WHERE family = 'ENDED' AND closes) AS turned(day, came, went)
   WHERE family <> 'PERSONS')
"""
_MONTH: Final = "CASE WHEN isfinite({day}) THEN date_trunc('month', {day}::timestamp)::date ELSE {day} END"
# Counties add up to every level above them. ON CONFLICT goes by the key, never by a scan of all that is kept. What
# comes to nothing is returned, and taken out.
TALLIED: Final = f"""{TURNS},
told AS (
  SELECT facet, grain, place, {_MONTH.format(day="day")} AS month, {_MONTH.format(day="after")} AS after,
         sum(came)::int AS came, sum(went)::int AS went
    FROM turn GROUP BY 1, 2, 3, 4, 5),
tallied AS (
  INSERT INTO tally AS t (facet, level, place, month, after, came, went)
  SELECT facet, digits, left(place, digits), month, after, sum(came), sum(went)
    FROM told JOIN (VALUES (9, 9), (6, 6), (6, 4), (6, 2), (6, 0)) AS up(grain, digits) USING (grain)
   WHERE length(place) >= digits
   GROUP BY 1, 2, 3, 4, 5 HAVING sum(came) <> 0 OR sum(went) <> 0
   ORDER BY 1, 2, 3, 4, 5
  ON CONFLICT (facet, level, place, month, after) DO UPDATE
     SET came = t.came + excluded.came, went = t.went + excluded.went
  RETURNING t.ctid AS kept_at, came, went),
nothing AS (SELECT array_agg(kept_at::text) AS kept_at FROM tallied WHERE came = 0 AND went = 0)
"""  # noqa: S608 - texts of ours
ROOTED: Final = """
rooted AS (
  SELECT s.side, coalesce(a.person_id, s.person_id) AS root, a.person_id IS NOT NULL AS absorbed, s.kind, s.division,
         s.from_date, s.to_date, s.opens, s.closes, s.trait
    FROM seen s LEFT JOIN absorbed a ON a.absorbed_id = s.person_id)
"""
_COLUMNS: Final = "s.person_id, s.kind, s.from_date, s.to_date, s.division, s.opens, s.closes, s.trait"
SEEN_BEFORE_AND_AFTER: Final = f"""
seen AS (
  SELECT -1 AS side, {_COLUMNS} FROM spell s
   WHERE s.person_id = ANY(CAST(:circle AS uuid[])) AND s.kind = ANY(:kinds)
  UNION ALL
  SELECT 1, {_COLUMNS} FROM derived s
  UNION ALL
  SELECT 1, {_COLUMNS} FROM spell s WHERE s.person_id = ANY(CAST(:others AS uuid[])) AND s.kind = ANY(:kinds))
"""  # noqa: S608 - columns of ours
_FILL: Final = text(f"""
WITH seen AS (SELECT 1 AS side, {_COLUMNS} FROM spell s WHERE s.kind = :kind), {ROOTED}, {TALLIED}
SELECT count(*) FROM tallied
""")  # noqa: S608 - texts of ours
_REGROUP: Final = text(f"""
WITH seen AS (SELECT {_COLUMNS} FROM spell s WHERE s.person_id = ANY(CAST(:members AS uuid[]))),
rooted AS (
  SELECT -1 AS side, coalesce(a.person_id, s.person_id) AS root, a.person_id IS NOT NULL AS absorbed, {_COLUMNS}
    FROM seen s LEFT JOIN absorbed a ON a.absorbed_id = s.person_id
  UNION ALL
  SELECT 1, coalesce(a.person_id, s.person_id), a.person_id IS NOT NULL, {_COLUMNS}
    FROM seen s LEFT JOIN unnest(CAST(:absorbed AS uuid[]), CAST(:roots AS uuid[])) AS a(absorbed_id, person_id)
      ON a.absorbed_id = s.person_id),
{TALLIED}
SELECT kept_at FROM nothing
""")  # noqa: S608 - texts of ours
# Who is linked to somebody, by what is held to be so or by what the copies say now.
_MEMBERS: Final = text("""
WITH RECURSIVE said AS (
  SELECT absorbed_id AS a, person_id AS b FROM copy_registry_merge WHERE NOT undone
  UNION SELECT absorbed_id, person_id FROM absorbed),
edge AS (SELECT a, b FROM said UNION ALL SELECT b, a FROM said),
member(id) AS (
  SELECT unnest(CAST(:persons AS uuid[])) UNION SELECT e.b FROM member m JOIN edge e ON e.a = m.id)
SELECT id FROM member WHERE id IN (SELECT a FROM edge)
""")
# With whom each is one person, and with whom that one; an absorbed record is nobody of its own.
_NOW: Final = text("""
WITH RECURSIVE chain AS (
  SELECT absorbed_id, person_id, 1 AS step FROM copy_registry_merge
   WHERE NOT undone AND absorbed_id = ANY(CAST(:members AS uuid[]))
  UNION ALL
  SELECT c.absorbed_id, m.person_id, step + 1 FROM chain c
    JOIN copy_registry_merge m ON m.absorbed_id = c.person_id AND NOT m.undone WHERE step < 20)
SELECT DISTINCT ON (absorbed_id) absorbed_id, person_id FROM chain ORDER BY absorbed_id, step DESC
""")
_HELD: Final = text("SELECT absorbed_id, person_id FROM absorbed WHERE absorbed_id = ANY(CAST(:members AS uuid[]))")
_CIRCLE: Final = text("""
SELECT a.absorbed_id, a.person_id FROM absorbed a
 WHERE a.person_id = ANY(CAST(:persons AS uuid[]))
    OR a.person_id IN (SELECT person_id FROM absorbed WHERE absorbed_id = ANY(CAST(:persons AS uuid[])))
""")


async def share_lock(connection: AsyncConnection) -> None:
    """Nobody becomes one person with somebody else, and no facet begins, until this transaction ends."""
    await connection.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": TALLY_LOCK})


async def lock_alone(connection: AsyncConnection) -> None:
    """Nobody else counts until this transaction ends."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": TALLY_LOCK})


async def others_of(connection: AsyncConnection, persons: Collection[UUID]) -> set[UUID]:
    """Who is one person with some of them, without them."""
    rows = await connection.execute(_CIRCLE, {"persons": uuid_array(persons)})
    return {each for row in rows for each in row}.difference(persons)


async def take_out(connection: AsyncConnection, kept_at: Collection[str] | None) -> None:
    """Rows that have come to nothing: a count from the start would not have them either."""
    if kept_at:
        await connection.execute(
            text("DELETE FROM tally WHERE ctid = ANY(CAST(:at AS tid[])) AND came = 0 AND went = 0"),
            {"at": list(kept_at)},
        )


async def regroup(connection: AsyncConnection, persons: Collection[UUID] | None = None) -> None:
    """Count persons as who they are found to be now; of everybody who was ever merged by default."""
    if persons is None:
        persons = set(await connection.scalars(text("SELECT absorbed_id FROM absorbed")))
    members = list(await connection.scalars(_MEMBERS, {"persons": uuid_array(persons)}))
    if not members:
        return
    told = {"members": uuid_array(members)}
    now = {row.absorbed_id: row.person_id for row in await connection.execute(_NOW, told)}
    if now == {row.absorbed_id: row.person_id for row in await connection.execute(_HELD, told)}:
        return
    await lock_alone(connection)
    pairs = {"absorbed": uuid_array(now), "roots": uuid_array(now.values())}
    await take_out(connection, await connection.scalar(_REGROUP, {**told, **pairs, "facet": "%"}))
    await connection.execute(text("DELETE FROM absorbed WHERE absorbed_id = ANY(CAST(:members AS uuid[]))"), told)
    await connection.execute(
        text("INSERT INTO absorbed SELECT * FROM unnest(CAST(:absorbed AS uuid[]), CAST(:roots AS uuid[]))"), pairs
    )


async def forget(connection: AsyncConnection, kinds: Collection[str]) -> None:
    """Drop what is counted of some kinds of spells."""
    await lock_alone(connection)
    await connection.execute(
        text("DELETE FROM tally WHERE facet IN (SELECT facet FROM tally_facet WHERE kind = ANY(:kinds))"),
        {"kinds": list(kinds)},
    )


async def missing(connection: AsyncConnection, wanted: Iterable[Facet]) -> list[Facet]:
    """Facets nobody has begun to count; those no definition reads any more are dropped."""
    by_code = {facet.code: facet for facet in wanted}
    kept = set(await connection.scalars(text("SELECT facet FROM tally_facet")))
    if unread := sorted(kept - by_code.keys()):
        await lock_alone(connection)
        for table in ("tally", "tally_facet"):
            await connection.execute(
                text(f"DELETE FROM {table} WHERE facet = ANY(:facets)"),  # noqa: S608 - two names of ours
                {"facets": unread},
            )
    return [facet for code, facet in by_code.items() if code not in kept]


async def are_kept(connection: AsyncConnection, wanted: Iterable[Facet]) -> bool:
    """Whether all these facets are wholly counted."""
    kept = set(await connection.scalars(text("SELECT facet FROM tally_facet")))
    return kept >= {facet.code for facet in wanted}


async def begin_counting(connection: AsyncConnection, facet: Facet) -> None:
    """Count one facet of everybody, once; from then on it is kept."""
    await connection.execute(text("SET LOCAL statement_timeout = 0"))
    await connection.execute(text(f"SET LOCAL work_mem = '{FILL_MEMORY}'"))
    await lock_alone(connection)
    row: dict[str, Any] = {"facet": facet.code, "kind": facet.kind.value, "family": facet.family.value}
    await connection.execute(
        text("INSERT INTO tally_facet (facet, kind, family, traits) VALUES (:facet, :kind, :family, :traits)"),
        {**row, "traits": [*facet.traits]},
    )
    await connection.execute(_FILL, {"facet": literally(facet.code), "kind": facet.kind.value})


def literally(code: str) -> str:
    """A pattern for one code alone, whatever of it LIKE would read as more."""
    return code.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
