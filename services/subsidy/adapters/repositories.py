"""Rows ↔ domain, scoped; the judgement as one statement."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.tables import holder_certificate, holder_person
from services.subsidy.domain.award import Award, Cause, Holder
from services.subsidy.use_cases.ports import Judged
from shared.kit.audit import Change
from shared.kit.database import uuid_array
from shared.kit.scoping import inside
from shared.values.award import AwardStatus, Scheme
from shared.values.certificate import CertificateStatus, StopKind
from shared.values.division import Division, Scope
from shared.values.month import Month


def to_award(row: Any) -> Award:
    """A row of ``award``."""
    return Award(
        award_id=row.award_id,
        person_id=row.person_id,
        certificate_id=row.certificate_id,
        version=row.version,
        division=Division(row.division),
        scheme=Scheme(row.scheme),
        status=AwardStatus(row.status),
        application_date=row.application_date,
        start_month=Month.parse(row.start_month),
        effective_month=None if row.effective_month is None else Month.parse(row.effective_month),
        cause=None
        if row.cause_id is None
        else Cause(
            cause_id=row.cause_id,
            kind=StopKind(row.cause_kind),
            reason=row.cause_reason,
            event_date=row.cause_event_date,
            trace_id=row.cause_trace_id,
        ),
    )


class SqlHolders:
    """`Holders` on PostgreSQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, person_ids: Sequence[UUID], *, within: Scope) -> dict[UUID, Holder]:
        """Lock (shared) and load persons and their newest certificates."""
        persons = await self._connection.execute(
            select(holder_person)
            .where(holder_person.c.person_id.in_(set(person_ids)), inside(holder_person.c.division, within))
            .with_for_update(read=True)
        )
        certificates = await self._connection.execute(
            select(holder_certificate)
            .where(holder_certificate.c.person_id.in_(set(person_ids)))
            .order_by(holder_certificate.c.version)
            .with_for_update(read=True)
        )
        newest = {row.person_id: row for row in certificates}
        found: dict[UUID, Holder] = {}
        for person in persons:
            held = newest.get(person.person_id)
            found[person.person_id] = Holder(
                person_id=person.person_id,
                division=Division(person.division if held is None else held.division),
                died_on=person.died_on,
                certificate_id=None if held is None else held.certificate_id,
                status=None if held is None else CertificateStatus(held.status),
                issued_on=None if held is None else held.issued_on,
                expires_on=None if held is None else held.expires_on,
            )
        return found


_ADD: Final = text(
    "WITH added AS (INSERT INTO award (award_id, person_id, certificate_id, version, division, scheme, status, "
    "application_date, start_month, granted_by, trace_id) "
    "SELECT id, person, certificate, 1, division, scheme, 'ACTIVE', application, start, :by, :trace "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:persons AS uuid[]), CAST(:certificates AS uuid[]), "
    "CAST(:divisions AS text[]), CAST(:schemes AS text[]), CAST(:applications AS date[]), CAST(:starts AS text[])) "
    "AS r(id, person, certificate, division, scheme, application, start) ON CONFLICT DO NOTHING RETURNING award_id), "
    "step AS (INSERT INTO award_step (award_id, version, status, trace_id, recorded_by) "
    "SELECT award_id, 1, 'ACTIVE', :trace, :by FROM added) SELECT award_id FROM added"
)

# A fact touches an award (READ-01) unless it concerns another certificate, is a move completed before the application,
# or was over by then. The earliest standing one governs; ended facts were true and go on stopping (SUB-47).
_TOUCHES: Final = """s.person_id = {award}.person_id AND NOT s.withdrawn
         AND (s.certificate_id IS NULL OR s.certificate_id = {award}.certificate_id)
         AND (s.kind <> 'TRANSFERRED' OR s.event_date >= {award}.application_date)
         AND (s.ended_on IS NULL OR s.ended_on > {award}.application_date)"""

# A STOPPED award that no fact touches any more runs again, unless another of the person and scheme runs or is
# suspended; of several that would, the newest does.
_JUDGE: Final = f"""
WITH judged AS (
  SELECT a.award_id, g.stop_id, g.kind, g.reason, g.event_date
    FROM award a
    LEFT JOIN LATERAL (
      SELECT s.stop_id, s.kind, s.reason, s.event_date FROM copy_registry_stop s
       WHERE {_TOUCHES.format(award="a")}
       ORDER BY s.event_date, s.version LIMIT 1) g ON true
   WHERE ROW(a.cause_id, a.cause_kind, a.cause_reason, a.cause_event_date)
         IS DISTINCT FROM ROW(g.stop_id, g.kind, g.reason, g.event_date)
     AND {{persons}}
     AND (a.status <> 'STOPPED' OR g.stop_id IS NOT NULL OR NOT EXISTS (
           SELECT FROM award o WHERE o.person_id = a.person_id AND o.scheme = a.scheme
              AND (o.status <> 'STOPPED' OR (o.award_id > a.award_id AND NOT EXISTS (
                    SELECT FROM copy_registry_stop s WHERE {_TOUCHES.format(award="o")})))))
   LIMIT :limit),
changed AS (
  UPDATE award a
     SET status = CASE WHEN j.stop_id IS NULL THEN 'ACTIVE' WHEN a.status = 'STOPPED' THEN 'STOPPED'
                       ELSE 'SUSPENDED' END,
         version = a.version + 1,
         effective_month = to_char(date_trunc('month', j.event_date) + interval '1 month', 'YYYY-MM'),
         cause_id = j.stop_id, cause_kind = j.kind, cause_reason = j.reason, cause_event_date = j.event_date,
         cause_trace_id = CAST(CAST(:traces AS jsonb) ->> CAST(j.stop_id AS text) AS text),
         suspended_at = CASE WHEN j.stop_id IS NULL THEN NULL ELSE coalesce(a.suspended_at, clock_timestamp()) END
    FROM judged j WHERE j.award_id = a.award_id
  RETURNING a.*, old.status AS status_before, old.cause_kind AS cause_kind_before, old.cause_id AS cause_id_before),
step AS (
  INSERT INTO award_step (award_id, version, status_before, status, effective_month, cause_id, cause_kind, trace_id,
                          recorded_by)
  SELECT award_id, version, status_before, status, effective_month, coalesce(cause_id, cause_id_before),
         coalesce(cause_kind, cause_kind_before), cause_trace_id, 'registry' FROM changed)
SELECT * FROM changed
"""  # noqa: S608 - put together from constants
_JUDGE_SOME: Final = text(_JUDGE.format(persons="a.person_id = ANY(CAST(:persons AS uuid[]))"))
_JUDGE_ALL: Final = text(
    _JUDGE.format(persons="(a.cause_id IS NOT NULL OR a.person_id IN (SELECT s.person_id FROM copy_registry_stop s))")
)
JUDGED_MAX: Final = 4_000

_STOP_TURNED: Final = text(
    "WITH changed AS (UPDATE award SET status = 'STOPPED', version = version + 1 WHERE award_id IN ("
    "SELECT award_id FROM award WHERE status = 'SUSPENDED' AND effective_month <= :month "
    "AND to_char(suspended_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') < :month LIMIT :limit FOR UPDATE) "
    "RETURNING *), step AS (INSERT INTO award_step (award_id, version, status_before, status, effective_month, "
    "cause_id, cause_kind, recorded_by) SELECT award_id, version, 'SUSPENDED', status, effective_month, cause_id, "
    "cause_kind, 'system' FROM changed) SELECT * FROM changed"
)


class SqlAwards:
    """`Awards` on PostgreSQL."""

    def __init__(
        self, connection: AsyncConnection, *, recorded_by: str, trace_id: str, audit: Callable[..., None]
    ) -> None:
        self._connection = connection
        self._audit = audit
        self._recorded_by = recorded_by
        self._trace_id = trace_id

    async def add(self, awards: Sequence[Award]) -> set[UUID]:
        """Insert with their first step; the ids inserted."""
        if not awards:
            return set()
        added = await self._connection.execute(
            _ADD,
            {
                "by": self._recorded_by,
                "trace": self._trace_id,
                "ids": [award.award_id for award in awards],
                "persons": [award.person_id for award in awards],
                "certificates": [award.certificate_id for award in awards],
                "divisions": [award.division.code for award in awards],
                "schemes": [award.scheme.value for award in awards],
                "applications": [award.application_date for award in awards],
                "starts": [str(award.start_month) for award in awards],
            },
        )
        ids = {row.award_id for row in added}
        for award in awards:
            if award.award_id in ids:
                after = {"award_id": award.award_id, "scheme": award.scheme, "start_month": award.start_month}
                self._audit(
                    Change(
                        award.person_id,
                        "award.granted",
                        after={**after, "status": award.status},
                        division=award.division.code,
                    )
                )
        return ids

    async def judge(self, persons: Collection[UUID] | None, traces: Mapping[UUID, str]) -> list[Judged]:
        """Bring awards in line with the stop facts of our copy."""
        values: dict[str, Any] = {"limit": JUDGED_MAX, "traces": _as_json(traces)}
        if persons is None:
            rows = await self._connection.execute(_JUDGE_ALL, values)
        else:
            rows = await self._connection.execute(_JUDGE_SOME, values | {"persons": uuid_array(persons)})
        judged = [
            Judged(
                before=AwardStatus(row.status_before),
                before_kind=None if row.cause_kind_before is None else StopKind(row.cause_kind_before),
                before_cause_id=row.cause_id_before,
                award=to_award(row),
            )
            for row in rows
        ]
        for outcome in judged:
            before = {"status": outcome.before, "cause_kind": outcome.before_kind, "cause_id": outcome.before_cause_id}
            self._changed(outcome.award, before)
        return judged

    async def stop_turned(self, month: Month) -> list[Award]:
        """SUSPENDED → STOPPED."""
        rows = await self._connection.execute(_STOP_TURNED, {"month": str(month), "limit": JUDGED_MAX})
        turned = [to_award(row) for row in rows]
        for award in turned:
            self._changed(award, {**_told(award), "status": AwardStatus.SUSPENDED})
        return turned

    def _changed(self, award: Award, before: Mapping[str, object]) -> None:
        self._audit(
            Change(award.person_id, "award.changed", before=before, after=_told(award), division=award.division.code)
        )


def _told(award: Award) -> dict[str, object]:
    cause = award.cause
    return {
        "status": award.status,
        "cause_kind": None if cause is None else cause.kind,
        "cause_id": None if cause is None else cause.cause_id,
    }


def _as_json(traces: Mapping[UUID, str]) -> str:
    return orjson.dumps({str(stop_id): trace for stop_id, trace in traces.items()}).decode()
