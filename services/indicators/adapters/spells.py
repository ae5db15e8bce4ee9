"""Spells derived from the copies by one statement a publisher: set-based, idempotent, the same from wherever it starts.

Nothing here reads a status or a clock where a dated fact exists. A fact withdrawn as wrong is as if it had never been
(RULES 4.7), one that ended leaves a gap (SUB-47), the day something ends still counts (READ-04).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.indicators.adapters import tallies
from services.indicators.adapters.tallies import ROOTED, SEEN_BEFORE_AND_AFTER, TALLIED
from services.indicators.domain.definition import Kind, Source
from services.indicators.use_cases.ports import Handover
from shared.kit.database import uuid_array

# ``subject``: who or what counts, its present division, the first day it counts and the first day it no longer does,
# and its trait. ``gap``: days in between on which it does not. ``move``: who was responsible before, in the order of
# recording (ids are ordered by time). A stop counts from its own day on, and where it happened.
_REGISTRY: Final = """
subject AS (
  SELECT 'person' AS kind, p.person_id AS subject_id, p.person_id, p.division,
         p.registered_on AS begins, p.died_on + 1 AS ends, '' AS trait
    FROM copy_registry_person p WHERE p.person_id = ANY(CAST(:persons AS uuid[]))
  UNION ALL
  SELECT 'certificate', c.certificate_id, c.person_id, c.division, c.issued_on,
         least(c.expires_on + 1, p.died_on + 1, CASE WHEN c.status = 'SUPERSEDED' THEN lead(c.issued_on) OVER (
           PARTITION BY c.person_id ORDER BY c.issued_on, c.certificate_id) END), c.category::text || c.grade
    FROM copy_registry_certificate c LEFT JOIN copy_registry_person p ON p.person_id = c.person_id
   WHERE c.person_id = ANY(CAST(:persons AS uuid[]))
  UNION ALL
  SELECT 'stop', s.stop_id, s.person_id, s.division, s.event_date,
         CASE WHEN s.ended_on IS NOT NULL THEN greatest(s.ended_on, s.event_date + 1) END, s.kind
    FROM copy_registry_stop s WHERE s.person_id = ANY(CAST(:persons AS uuid[])) AND NOT s.withdrawn),
gap AS (
  SELECT s.certificate_id AS subject_id, range_agg(daterange(s.event_date + 1, s.ended_on)) AS days
    FROM copy_registry_stop s
   WHERE s.person_id = ANY(CAST(:persons AS uuid[])) AND s.kind IN ('CANCELLED', 'FROZEN') AND NOT s.withdrawn
     AND (s.ended_on IS NULL OR s.ended_on > s.event_date + 1)
   GROUP BY 1),
move AS (
  SELECT s.kind, s.subject_id, s.division, m.stop_id AS recorded, m.event_date AS since, m.division AS left_division,
         NOT m.withdrawn AS holds
    FROM subject s JOIN copy_registry_stop m ON m.person_id = s.person_id AND m.kind = 'TRANSFERRED'
     AND (s.kind = 'person' OR m.certificate_id = s.subject_id)
   WHERE s.kind <> 'stop'
  UNION ALL
  {handed_over})
"""

_HANDED_OVER: Final = """
  SELECT s.kind, s.subject_id, s.division, h.event_id AS recorded, h.happened_on AS since, h.left_division,
         true AS holds
    FROM subject s JOIN handover h ON h.subject_id = s.subject_id AND h.kind = s.kind"""
_HANDOVERS: Final = f"""
gap AS (SELECT NULL::uuid AS subject_id, NULL::datemultirange AS days WHERE false),
move AS ({_HANDED_OVER})
"""

_SUBSIDY: Final = """
subject AS (
  SELECT 'award' AS kind, award_id AS subject_id, person_id, division,
         CAST(start_month || '-01' AS date) AS begins, CAST(effective_month || '-01' AS date) AS ends, scheme AS trait
    FROM copy_subsidy_award WHERE person_id = ANY(CAST(:persons AS uuid[]))),
"""

_REHAB: Final = """
subject AS (
  SELECT 'case' AS kind, case_id AS subject_id, person_id, division, opened_on AS begins, closed_on AS ends,
         '' AS trait
    FROM copy_rehab_case WHERE person_id = ANY(CAST(:persons AS uuid[]))),
"""

# A move recorded later wins from its own date on, also over one dated after it. The subject was with the division its
# first move left, and is with its present one since the last move that holds.
_ALIGN: Final = """
WITH {derived},
followed AS (
  SELECT kind, subject_id, since, recorded, holds, left_division,
         lead(left_division, 1, division) OVER (PARTITION BY kind, subject_id ORDER BY recorded) AS reached
    FROM move),
ruled AS (
  SELECT *, min(since) OVER (PARTITION BY kind, subject_id ORDER BY recorded
                             ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS overruled_from
    FROM followed WHERE holds),
placed AS (
  SELECT s.kind, s.subject_id, coalesce(o.left_division, s.division) AS division, date '-infinity' AS since
    FROM subject s LEFT JOIN (
      SELECT DISTINCT ON (kind, subject_id) kind, subject_id, left_division FROM followed
       ORDER BY kind, subject_id, recorded) o USING (kind, subject_id)
  UNION ALL
  SELECT kind, subject_id, reached, since FROM ruled WHERE overruled_from IS NULL OR overruled_from > since),
stay AS (
  SELECT kind, subject_id, division,
         daterange(since, lead(since) OVER (PARTITION BY kind, subject_id ORDER BY since)) AS days
    FROM placed),
run AS (
  SELECT s.kind, s.subject_id, s.person_id, s.begins, s.trait,
         unnest(datemultirange(daterange(s.begins, s.ends)) - coalesce(g.days, '{{}}')) AS days
    FROM subject s LEFT JOIN gap g USING (subject_id)
   WHERE s.ends IS NULL OR s.begins < s.ends),
derived AS (
  SELECT r.person_id, r.kind, r.subject_id, lower(r.days * p.days) AS from_date,
         coalesce(upper(r.days * p.days), 'infinity') AS to_date, p.division, r.trait,
         lower(r.days * p.days) = r.begins AS opens,
         coalesce(upper(r.days * p.days) = upper(r.days), false) AS closes
    FROM run r JOIN stay p USING (kind, subject_id) WHERE r.days && p.days),
gone AS (
  DELETE FROM spell s WHERE s.person_id = ANY(CAST(:persons AS uuid[])) AND s.kind = ANY(:kinds) AND NOT EXISTS (
    SELECT FROM derived d WHERE (d.person_id, d.kind, d.subject_id, d.from_date)
                              = (s.person_id, s.kind, s.subject_id, s.from_date))
  RETURNING 1),
put AS (
  INSERT INTO spell AS s (person_id, kind, subject_id, from_date, to_date, division, opens, closes, trait)
  SELECT person_id, kind, subject_id, from_date, to_date, division, opens, closes, trait FROM derived
  ON CONFLICT (person_id, kind, subject_id, from_date) DO UPDATE
     SET to_date = excluded.to_date, division = excluded.division, opens = excluded.opens, closes = excluded.closes,
         trait = excluded.trait
   WHERE (s.to_date, s.division, s.opens, s.closes, s.trait)
         IS DISTINCT FROM (excluded.to_date, excluded.division, excluded.opens, excluded.closes, excluded.trait)
  RETURNING 1),
{tallied}
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put) AS changed, (SELECT kept_at FROM nothing) AS kept_at
"""
_TALLIED: Final = f"{SEEN_BEFORE_AND_AFTER}, {ROOTED}, {TALLIED}"

_STATEMENTS: Final[Mapping[Source, TextClause]] = {
    Source.REGISTRY: text(_ALIGN.format(derived=_REGISTRY.format(handed_over=_HANDED_OVER), tallied=_TALLIED)),
    Source.SUBSIDY: text(_ALIGN.format(derived=_SUBSIDY + _HANDOVERS, tallied=_TALLIED)),
    Source.REHAB: text(_ALIGN.format(derived=_REHAB + _HANDOVERS, tallied=_TALLIED)),
}
_PERSONS_OF: Final[Mapping[Source, str]] = {
    Source.REGISTRY: "copy_registry_person",
    Source.SUBSIDY: "copy_subsidy_award",
    Source.REHAB: "copy_rehab_case",
}
_BEFORE_ALL: Final = UUID(int=0)


def kinds_of(source: Source) -> list[str]:
    """The kinds of spells one publisher's events decide."""
    return [kind.value for kind in Kind if kind.source is source]


class SqlSpells:
    """`Spells` on PostgreSQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def align(self, source: Source, persons: Collection[UUID]) -> int:
        """Make the spells of some persons what the copies say; the number of spells that changed."""
        if not persons:
            return 0
        if source is Source.REGISTRY:
            await tallies.regroup(self._connection, persons)
        await tallies.share_lock(self._connection)
        others = await tallies.others_of(self._connection, persons)
        row = await self._connection.execute(
            _STATEMENTS[source],
            {
                "persons": uuid_array(persons),
                "others": uuid_array(others),
                "circle": uuid_array({*persons, *others}),
                "kinds": kinds_of(source),
                "facet": "%",
            },
        )
        changed, kept_at = row.one()
        await tallies.take_out(self._connection, kept_at)
        return int(changed)

    async def hand_over(self, handovers: Sequence[Handover]) -> None:
        """Remember since when another division has been responsible; a repetition changes nothing."""
        if not handovers:
            return
        await self._connection.execute(
            text(
                "INSERT INTO handover (kind, subject_id, version, event_id, left_division, happened_on) "
                "SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:subjects AS uuid[]), "
                "CAST(:versions AS bigint[]), CAST(:events AS uuid[]), "
                "CAST(:lefts AS text[]), CAST(:days AS date[])) ON CONFLICT DO NOTHING"
            ),
            {
                "kinds": [each.kind.value for each in handovers],
                "subjects": [each.subject_id for each in handovers],
                "versions": [each.version for each in handovers],
                "events": [each.event_id for each in handovers],
                "lefts": [each.left for each in handovers],
                "days": [each.on for each in handovers],
            },
        )

    async def forget(self, source: Source) -> None:
        """Drop everything derived from one publisher, and only that."""
        if source is Source.REGISTRY:
            await tallies.regroup(self._connection)
        await tallies.forget(self._connection, kinds_of(source))
        for table in ("spell", "handover"):
            await self._connection.execute(
                text(f"DELETE FROM {table} WHERE kind = ANY(:kinds)"),  # noqa: S608 - two names of ours
                {"kinds": kinds_of(source)},
            )

    async def next_persons(self, source: Source, limit: int) -> list[UUID]:
        """The persons after the last look's, known by the copy or by a spell; from the first again after the last."""
        up_to = await self._connection.scalar(
            text("SELECT up_to FROM look WHERE source = :source"), {"source": source.value}
        )
        rows = await self._connection.scalars(
            text(
                f"(SELECT DISTINCT person_id FROM {_PERSONS_OF[source]} WHERE person_id > :after "  # noqa: S608 - ours
                "ORDER BY 1 LIMIT :limit) UNION (SELECT DISTINCT person_id FROM spell "
                "WHERE kind = ANY(:kinds) AND person_id > :after ORDER BY 1 LIMIT :limit) ORDER BY 1 LIMIT :limit"
            ),
            {"after": up_to or _BEFORE_ALL, "limit": limit, "kinds": kinds_of(source)},
        )
        persons: list[UUID] = list(rows)
        await self._connection.execute(
            text(
                "INSERT INTO look (source, up_to) VALUES (:source, :up_to) "
                "ON CONFLICT (source) DO UPDATE SET up_to = excluded.up_to"
            ),
            {"source": source.value, "up_to": persons[-1] if len(persons) == limit else _BEFORE_ALL},
        )
        return persons
