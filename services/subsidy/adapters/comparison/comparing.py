"""A comparison: every check over a division, and what it found met with the suspects there are (SUB-70, DX-03).

The same comparison again changes nothing. `Suspect.found_again` says the same of one suspect.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.comparison.checks import PREPARE, STATEMENTS
from services.subsidy.domain.comparison.suspect import LET_GO, SuspectState, SuspectStep
from shared.values.month import Month

MONTHS_BACK: Final = 36
_LET_GO: Final = ", ".join(f"'{state}'" for state in sorted(LET_GO))

_DIGESTED: Final = """
CREATE TEMPORARY TABLE met ON COMMIT DROP AS
SELECT h.*, sha256(convert_to(CAST(h.said AS text), 'UTF8')) AS facts,
       jsonb_build_object('said', h.said, 'drawn', h.drawn) AS evidence, left(p.division, 6) AS county
  FROM hit h JOIN copy_registry_person p ON p.person_id = h.person_id"""
_OPEN: Final = f"""
WITH opened AS (
  INSERT INTO suspect (suspect_id, version, check_id, person_id, division, month, facts, evidence, state, due_on,
                       judgment_seen, reopened)
  SELECT uuidv7(), 1, check_id, person_id, county, :month, facts, evidence, '{SuspectState.NEW}', :due_on,
         coalesce(judged, false), 0
    FROM met ORDER BY check_id, person_id ON CONFLICT (check_id, person_id) DO NOTHING RETURNING *),
step AS (
  INSERT INTO suspect_step (suspect_id, version, step, state, division, due_on, recorded_by)
  SELECT suspect_id, version, 'find', state, division, due_on, :by FROM opened)
SELECT check_id, count(*) AS counted FROM opened GROUP BY check_id"""
_MEET: Final = f"""
WITH known AS (
  SELECT s.suspect_id, s.state AS state_before, m.facts, m.evidence, coalesce(m.judged, false) AS judged,
         s.state IN ({_LET_GO}) AND s.cleared IS DISTINCT FROM m.facts AS reopens
    FROM suspect s JOIN met m ON (m.check_id, m.person_id) = (s.check_id, s.person_id)
   WHERE s.month <= :month AND (s.month, s.facts) <> (CAST(:month AS date), m.facts)
   ORDER BY s.suspect_id FOR UPDATE OF s),
changed AS (
  UPDATE suspect s SET version = s.version + 1, month = :month, facts = k.facts, evidence = k.evidence,
         judgment_seen = s.judgment_seen OR k.judged,
         state = CASE WHEN k.reopens THEN '{SuspectState.NEW}' ELSE s.state END,
         due_on = CASE WHEN k.reopens THEN :due_on ELSE s.due_on END,
         cleared = CASE WHEN NOT k.reopens THEN s.cleared END,
         action = CASE WHEN NOT k.reopens THEN s.action END,
         reopened = s.reopened + CAST(k.reopens AS integer)
    FROM known k WHERE k.suspect_id = s.suspect_id RETURNING s.*, k.state_before, k.reopens),
step AS (
  INSERT INTO suspect_step (suspect_id, version, step, state_before, state, division, due_on, recorded_by)
  SELECT suspect_id, version, CASE WHEN reopens THEN '{SuspectStep.REOPEN}' ELSE 'find' END, state_before, state,
         division, due_on, :by FROM changed)
SELECT check_id, count(*) AS counted FROM changed WHERE reopens GROUP BY check_id"""


@dataclass(frozen=True, slots=True)
class Compared:
    """What a check came to: persons it hits, suspects that are new, suspects that were put aside and are open again."""

    found: int
    opened: int
    reopened: int


async def compare(
    connection: AsyncConnection, month: Month, *, division: str | None, today: date, due_on: date, by: str
) -> dict[str, Compared]:
    """Compare a division (None: everywhere) for a month; by check, those that found anything.

    ``due_on``: by when what is new is to be handed down. Deaths and the like are looked for in paid months of the last
    three years.
    """
    bound = {
        "division": division or "",
        "month": month.first_day,
        "since": month.plus(-MONTHS_BACK).first_day,
        "today": today,
    }
    for statement in (*PREPARE, *(each for statements in STATEMENTS.values() for each in statements), _DIGESTED):
        await connection.execute(text(statement), bound)
    return await meet(connection, month, due_on=due_on, by=by)


async def meet(connection: AsyncConnection, month: Month, *, due_on: date, by: str) -> dict[str, Compared]:
    """Meet what was found, in ``met``, with the suspects there are."""
    bound = {"month": month.first_day, "due_on": due_on, "by": by}
    found = await _counted(connection, "SELECT check_id, count(*) AS counted FROM met GROUP BY check_id", bound)
    reopened = await _counted(connection, _MEET, bound)
    opened = await _counted(connection, _OPEN, bound)
    hits = [check for check in STATEMENTS if check in found]
    return {check: Compared(found[check], opened.get(check, 0), reopened.get(check, 0)) for check in hits}


async def _counted(connection: AsyncConnection, statement: str, bound: dict[str, object]) -> dict[str, int]:
    return {row.check_id: int(row.counted) for row in await connection.execute(text(statement), bound)}
