"""The judgement of awards by the register's stop facts, as one statement (RULES 4.7, SUB-38…43)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import TextClause, text

from services.subsidy.adapters.records import MERGED, SEVERAL, as_one
from services.subsidy.adapters.tables import holder_certificate, holder_stop
from services.subsidy.adapters.tables_facts import fact
from shared.values.certificate import StopKind

# A fact touches an award (READ-01) unless it concerns a certificate that was not held on its day, is a move completed
# before the application, or was over by then. The earliest standing one governs; ended facts were true and go on
# stopping (SUB-47). An award outlives the certificate it was granted on: what happens to the next one touches it, and
# what happened to a lost one that was replaced, whose days the replacement keeps. An expiry is none where the next card
# came in time (READ-03) or was asked for in time (READ-05).
_TOUCHES: Final = """s.person_id = {award}.person_id AND NOT s.withdrawn
         AND (s.certificate_id IS NULL OR s.certificate_id = {award}.certificate_id
              OR (s.event_date >= {award}.application_date AND s.certificate_id = (
                    SELECT c.certificate_id FROM {{certificate}} c
                     WHERE c.person_id = s.person_id AND c.issued_on <= s.event_date
                     ORDER BY c.issued_on DESC, (c.certificate_id = s.certificate_id AND c.status = 'SUPERSEDED') DESC,
                              c.certificate_id DESC LIMIT 1)))
         AND (s.kind <> 'TRANSFERRED' OR (s.event_date >= {award}.application_date{{moved_{award}}}))
         AND (s.ended_on IS NULL OR s.ended_on > {award}.application_date)
         AND (s.kind <> 'EXPIRED' OR NOT EXISTS (
               SELECT FROM {{certificate}} o
                WHERE o.certificate_id = s.certificate_id
                  AND (EXISTS (SELECT FROM {{certificate}} n
                                WHERE n.person_id = s.person_id AND n.issued_on > o.issued_on
                                  AND (n.issued_on <= s.event_date + 1
                                       OR date_trunc('month', n.issued_on) = date_trunc('month', s.event_date)))
                       OR EXISTS (SELECT FROM {{fact}} f
                                   WHERE f.person_id = s.person_id AND f.kind = 'REISSUE_REQUEST'
                                     AND f.superseded_at IS NULL AND f.verified AND NOT f.withdrawn
                                     AND f.valid_to IS NULL AND f.valid_from BETWEEN o.issued_on AND s.event_date))))"""

OF_REGISTER: Final = ", ".join(f"'{kind}'" for kind in StopKind)
ENDED: Final = "('STOPPED', 'TERMINATED')"

JUDGED: Final = """
changed AS (
  UPDATE award a
     SET status = CASE WHEN a.status = 'PAUSED' THEN 'PAUSED' WHEN j.stop_id IS NULL THEN 'ACTIVE'
                       WHEN a.status IN ('STOPPED', 'TERMINATED') THEN a.status ELSE 'SUSPENDED' END,
         version = a.version + 1,
         effective_month = to_char(date_trunc('month', j.event_date) + interval '1 month', 'YYYY-MM'),
         cause_id = j.stop_id, cause_kind = j.kind, cause_reason = j.reason, cause_event_date = j.event_date,
         cause_trace_id = j.trace_id,
         suspended_at = CASE WHEN j.stop_id IS NULL THEN NULL ELSE coalesce(a.suspended_at, clock_timestamp()) END
    FROM judged j WHERE j.award_id = a.award_id
  RETURNING a.award_id, a.person_id, a.certificate_id, a.version, a.division, a.scheme, a.status, a.application_date,
            a.start_month, a.effective_month, a.cause_id, a.cause_kind, a.cause_reason, a.cause_event_date,
            a.cause_trace_id, old.status AS status_before, old.cause_kind AS cause_kind_before,
            old.cause_id AS cause_id_before),
step AS (
  INSERT INTO award_step (award_id, version, status_before, status, effective_month, cause_id, cause_kind, trace_id,
                          recorded_by)
  SELECT award_id, version, status_before, status, effective_month, coalesce(cause_id, cause_id_before),
         coalesce(cause_kind, cause_kind_before), cause_trace_id, :judge FROM changed)
SELECT * FROM changed
"""
"""What follows from a judgement: awards with the causes that stand, and a step each. A pause by a person stays one."""

# An ended award that no fact touches any more runs again, unless another of the person and scheme runs; of several that
# would, the newest does. What an earlier fact of others suspended is left to them
# (`following`).
_JUDGE: Final = f"""
WITH {{given}}judged AS (
  SELECT a.award_id, g.stop_id, g.kind, g.reason, g.event_date,
         CAST(CAST(:traces AS jsonb) ->> CAST(g.stop_id AS text) AS text) AS trace_id
    FROM award a
    LEFT JOIN LATERAL (
      SELECT s.stop_id, s.kind, s.reason, s.event_date FROM {{stop}} s
       WHERE {_TOUCHES.format(award="a")}
       ORDER BY s.event_date, s.version LIMIT 1) g ON true
   WHERE ROW(a.cause_id, a.cause_kind, a.cause_reason, a.cause_event_date)
         IS DISTINCT FROM ROW(g.stop_id, g.kind, g.reason, g.event_date)
     AND {{persons}} AND a.cause_kind IS DISTINCT FROM '{MERGED}'
     AND (a.cause_id IS NULL OR a.cause_kind IN ({OF_REGISTER}) OR g.event_date <= a.cause_event_date)
     AND (a.status NOT IN {ENDED} OR g.stop_id IS NOT NULL OR NOT EXISTS (
           SELECT FROM award o WHERE o.person_id = a.person_id AND o.scheme = a.scheme
              AND (o.status NOT IN {ENDED} OR (o.award_id > a.award_id AND NOT EXISTS (
                    SELECT FROM {{stop}} s WHERE {_TOUCHES.format(award="o")})))))
   LIMIT :limit),
{JUDGED}"""  # noqa: S608 - put together from constants
_COPIES: Final = {"certificate": holder_certificate, "stop": holder_stop, "fact": fact}
_ONE_RECORD: Final = {"given": "", "moved": "", **{name: table.name for name, table in _COPIES.items()}}
# A move of an absorbed record touches what was granted in the county it left, and nothing of other records.
_SEVERAL_RECORDS: Final = {
    "given": ", ".join(as_one(f"one_{name}", table) for name, table in _COPIES.items()) + ", ",
    "moved": " AND (s.record_id = s.person_id OR left(s.division, 6) = left({award}.division, 6))",
    **{name: f"one_{name}" for name in _COPIES},
}


def _judge(persons: str, told: Mapping[str, str] = _ONE_RECORD) -> TextClause:
    moved = {each: told["moved"].format(award=each) for each in "ao"}
    return text(_JUDGE.format(persons=persons, moved_a=moved["a"], moved_o=moved["o"], **told))


_THESE: Final = "a.person_id = ANY(CAST(:persons AS uuid[]))"
JUDGE_SOME: Final = _judge(_THESE)
JUDGE_ALL: Final = _judge(
    "(a.cause_id IS NOT NULL OR a.person_id IN (SELECT s.person_id FROM copy_registry_stop s)) "  # noqa: S608 - a constant
    f"AND a.person_id NOT IN ({SEVERAL})"
)
JUDGE_SEVERAL: Final = _judge(_THESE, _SEVERAL_RECORDS)
"""The same for persons who have several records."""
JUDGED_MAX: Final = 4_000
