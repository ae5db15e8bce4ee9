"""The judgement of cases by what the register says, as one statement."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

BASIS: Final = """coalesce((
  SELECT string_agg(concat_ws(':', k.category, k.grade, k.components, k.status), ',' ORDER BY k.certificate_id)
    FROM copy_registry_certificate k WHERE k.person_id = {person}), '')"""
"""SQL: what somebody holds, as one text (`Client.basis`)."""

# Judged are open cases and those a death closed; what people closed stays closed. The earliest standing death closes,
# the last recorded move asks for a decision as long as the case is with another county than its person, and a changed
# certificate asks to look at the plan that was agreed on another. Rows are locked while they are judged, so a decision
# taken by hand at the same moment is either seen or waits. One case of a person is open at most: of several that could
# be reopened the newest is.
_JUDGE: Final = """
WITH judged AS (
  SELECT c.case_id, d.stop_id AS death_id, d.event_date AS died_on, m.transfer_id, m.flag
    FROM rehab_case c
    LEFT JOIN copy_registry_person p ON p.person_id = c.person_id
    LEFT JOIN LATERAL (
      SELECT s.stop_id, s.event_date FROM copy_registry_stop s
       WHERE s.person_id = c.person_id AND s.kind = 'DEATH' AND NOT s.withdrawn
       ORDER BY s.event_date, s.stop_id LIMIT 1) d ON true
    LEFT JOIN LATERAL (
      SELECT s.stop_id FROM copy_registry_stop s
       WHERE s.person_id = c.person_id AND s.kind = 'TRANSFERRED' AND NOT s.withdrawn
       ORDER BY s.stop_id DESC LIMIT 1) t ON true
    CROSS JOIN LATERAL (
      SELECT CASE WHEN {moved} THEN t.stop_id END AS transfer_id,
             CASE WHEN {moved} AND t.stop_id IS NOT NULL THEN 'TRANSFERRED'
                  WHEN d.stop_id IS NULL AND c.basis IS NOT NULL AND c.basis <> {basis}
                  THEN 'CERTIFICATE_CHANGED' END AS flag) m
   WHERE (c.status NOT IN {ended} OR c.death_id IS NOT NULL) AND {persons}
     AND (c.death_id, c.closed_on, c.transfer_id, c.flag)
         IS DISTINCT FROM (d.stop_id, d.event_date, m.transfer_id, m.flag)
     AND (c.status NOT IN {ended} OR d.stop_id IS NOT NULL OR NOT EXISTS (
           SELECT FROM rehab_case o WHERE o.person_id = c.person_id
              AND (o.status NOT IN {ended} OR (o.death_id IS NOT NULL AND o.case_id > c.case_id))))
   ORDER BY c.case_id LIMIT :limit FOR UPDATE OF c),
changed AS (
  UPDATE rehab_case c
     SET status = CASE WHEN j.death_id IS NOT NULL THEN 'CLOSED'
                       WHEN c.status = 'CLOSED' THEN coalesce(c.resumes_as, 'NEED_REGISTERED') ELSE c.status END,
         resumes_as = CASE WHEN j.death_id IS NULL THEN NULL WHEN c.status = 'CLOSED' THEN c.resumes_as
                           ELSE c.status END,
         version = c.version + 1,
         death_id = j.death_id, closed_on = j.died_on,
         closing_reason = CASE WHEN j.death_id IS NOT NULL THEN 'DIED' END,
         flag = j.flag, transfer_id = j.transfer_id
    FROM judged j WHERE j.case_id = c.case_id
  RETURNING c.*,
    CASE WHEN c.status = 'CLOSED' THEN 'CLOSED' WHEN old.status = 'CLOSED' THEN 'REOPENED'
         WHEN c.flag IS NOT NULL THEN 'FLAGGED' ELSE 'UNFLAGGED' END AS happened,
    coalesce(c.death_id, old.death_id, c.transfer_id, old.transfer_id) AS cause,
    old.status AS status_before, old.closed_on AS closed_on_before, old.closing_reason AS closing_reason_before,
    old.flag AS flag_before, coalesce(old.death_id, old.transfer_id) AS cause_id_before),
step AS (
  INSERT INTO case_step (case_id, version, happened, status, division, closed_on, closing_reason, cause_id, trace_id,
                         recorded_by)
  SELECT case_id, version, happened, status, division, closed_on, closing_reason, cause,
         CAST(:traces AS jsonb) ->> CAST(cause AS text), 'registry' FROM changed)
SELECT * FROM changed
"""
# A prefecture without counties is its own county: 4419 and 441900 are one place.
_MOVED: Final = "(d.stop_id IS NULL AND rpad(left(c.division, 6), 6, '0') <> rpad(left(p.division, 6), 6, '0'))"
_ENDED: Final = "('CLOSED', 'NOT_SUITABLE', 'FOLLOWED_UP')"
_GIVEN: Final = {"moved": _MOVED, "ended": _ENDED, "basis": BASIS.format(person="c.person_id")}
JUDGE_SOME: Final = text(_JUDGE.format(persons="c.person_id = ANY(CAST(:persons AS uuid[]))", **_GIVEN))
JUDGE_ALL: Final = text(
    _JUDGE.format(
        persons="(c.basis IS NOT NULL OR coalesce(c.death_id, c.transfer_id, d.stop_id, t.stop_id) IS NOT NULL)",
        **_GIVEN,
    )
)
JUDGED_MAX: Final = 4_000
