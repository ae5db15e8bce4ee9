"""Rows ↔ domain, scoped; the judgement as one statement."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.rehab.adapters.tables import case_step, client_person, client_stop, rehab_case
from services.rehab.domain.case import Case, CaseFlag, Client, ClosingReason, Happened
from services.rehab.use_cases.ports import Judged, Subject
from shared.kit.audit import Change, Code
from shared.kit.database import uuid_array
from shared.kit.scoping import inside
from shared.values.certificate import StopKind
from shared.values.division import Division, Scope
from shared.values.rehab_case import CaseStatus


def to_case(row: Any) -> Case:
    """A row of ``rehab_case``."""
    return Case(
        case_id=row.case_id,
        person_id=row.person_id,
        version=row.version,
        division=Division(row.division),
        status=CaseStatus(row.status),
        opened_on=row.opened_on,
        previous_case_id=row.previous_case_id,
        closed_on=row.closed_on,
        closing_reason=None if row.closing_reason is None else ClosingReason(row.closing_reason),
        death_id=row.death_id,
        flag=None if row.flag is None else CaseFlag(row.flag),
        transfer_id=row.transfer_id,
    )


class SqlClients:
    """`Clients` on PostgreSQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, person_id: UUID, *, within: Scope) -> Client | None:
        """Lock the person (shared), then read what stands about them.

        The order matters: a death that was being recorded has been committed once the lock is ours, and the next
        statement sees its fact even if the person's own row is repaired later.
        """
        person = (
            await self._connection.execute(
                select(client_person)
                .where(client_person.c.person_id == person_id, inside(client_person.c.division, within))
                .with_for_update(read=True)
            )
        ).one_or_none()
        if person is None:
            return None
        death = await self._connection.scalar(
            select(func.min(client_stop.c.event_date)).where(
                client_stop.c.person_id == person_id,
                client_stop.c.kind == StopKind.DEATH.value,
                ~client_stop.c.withdrawn,
            )
        )
        return Client(person_id=person_id, division=Division(person.division), died_on=person.died_on or death)


# Judged are open cases and those a death closed; what people closed stays closed. The earliest standing death closes,
# the last recorded move asks for a decision as long as the case is with another county than its person. Rows are locked
# while they are judged, so a decision taken by hand at the same moment is either seen or waits. One case of a person is
# open at most: of several that could be reopened the newest is.
_JUDGE: Final = """
WITH judged AS (
  SELECT c.case_id, d.stop_id AS death_id, d.event_date AS died_on,
         CASE WHEN {moved} THEN t.stop_id END AS transfer_id
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
   WHERE (c.status <> 'CLOSED' OR c.death_id IS NOT NULL) AND {persons}
     AND (c.death_id, c.closed_on, c.transfer_id)
         IS DISTINCT FROM (d.stop_id, d.event_date, CASE WHEN {moved} THEN t.stop_id END)
     AND (c.status <> 'CLOSED' OR d.stop_id IS NOT NULL OR NOT EXISTS (
           SELECT FROM rehab_case o WHERE o.person_id = c.person_id
              AND (o.status <> 'CLOSED' OR (o.death_id IS NOT NULL AND o.case_id > c.case_id))))
   ORDER BY c.case_id LIMIT :limit FOR UPDATE OF c),
changed AS (
  UPDATE rehab_case c
     SET status = CASE WHEN j.death_id IS NULL THEN 'NEED_REGISTERED' ELSE 'CLOSED' END,
         version = c.version + 1,
         death_id = j.death_id, closed_on = j.died_on,
         closing_reason = CASE WHEN j.death_id IS NOT NULL THEN 'DIED' END,
         flag = CASE WHEN j.transfer_id IS NOT NULL THEN 'TRANSFERRED' END, transfer_id = j.transfer_id
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
_MOVED: Final = "d.stop_id IS NULL AND rpad(left(c.division, 6), 6, '0') <> rpad(left(p.division, 6), 6, '0')"
_JUDGE_SOME: Final = text(_JUDGE.format(moved=_MOVED, persons="c.person_id = ANY(CAST(:persons AS uuid[]))"))
_JUDGE_ALL: Final = text(
    _JUDGE.format(
        moved=_MOVED,
        persons="coalesce(c.death_id, c.transfer_id, d.stop_id, t.stop_id) IS NOT NULL",
    )
)
JUDGED_MAX: Final = 4_000
_JUDGED: Final = ("status", "closed_on", "closing_reason", "flag", "cause_id")


class SqlCases:
    """`Cases` on PostgreSQL."""

    def __init__(
        self,
        connection: AsyncConnection,
        clients: SqlClients,
        *,
        recorded_by: str,
        trace_id: str,
        audit: Callable[[Change], None],
    ) -> None:
        self._connection = connection
        self._clients = clients
        self._audit = audit
        self._loaded: dict[UUID, Case] = {}
        self._recorded_by = recorded_by
        self._trace_id = trace_id

    async def add(self, case: Case) -> Case | None:
        """Insert with the first step, linked to the person's last case; None when one is open."""
        last = (
            select(rehab_case.c.case_id)
            .where(rehab_case.c.person_id == case.person_id)
            .order_by(rehab_case.c.opened_on.desc(), rehab_case.c.case_id.desc())
            .limit(1)
            .scalar_subquery()
        )
        row = (
            await self._connection.execute(
                postgresql.insert(rehab_case)
                .values(
                    case_id=case.case_id,
                    person_id=case.person_id,
                    version=case.version,
                    division=case.division.code,
                    status=case.status.value,
                    opened_on=case.opened_on,
                    previous_case_id=last,
                    recorded_by=self._recorded_by,
                    trace_id=self._trace_id,
                )
                .on_conflict_do_nothing()
                .returning(*rehab_case.c)
            )
        ).one_or_none()
        if row is None:
            return None
        added = to_case(row)
        await self._record(added, Happened.OPENED, None)
        after = {"case_id": added.case_id, **_told(added), "opened_on": added.opened_on}
        self._audit(Change(added.person_id, "case.opened", after=after, division=added.division.code))
        return added

    async def get(self, case_id: UUID, *, within: Scope) -> Subject | None:
        """Lock the person's copy (shared), then the case: the order in which a consumer locks them."""
        person_id = await self._connection.scalar(select(rehab_case.c.person_id).where(rehab_case.c.case_id == case_id))
        client = None if person_id is None else await self._clients.get(person_id, within=Scope.everywhere())
        row = (
            await self._connection.execute(
                select(rehab_case)
                .where(rehab_case.c.case_id == case_id, inside(rehab_case.c.division, within))
                .with_for_update()
            )
        ).one_or_none()
        if row is None or client is None:
            return None
        case = self._loaded[case_id] = to_case(row)
        return Subject(case, client)

    async def save(self, case: Case, happened: Happened, *, cause_id: UUID | None = None) -> None:
        """Store the changed row and its step."""
        await self._connection.execute(
            update(rehab_case)
            .where(rehab_case.c.case_id == case.case_id)
            .values(
                version=case.version,
                division=case.division.code,
                status=case.status.value,
                closed_on=case.closed_on,
                closing_reason=case.closing_reason,
                death_id=case.death_id,
                flag=case.flag,
                transfer_id=case.transfer_id,
            )
        )
        await self._record(case, happened, cause_id)
        self._changed(case, _told(self._loaded[case.case_id]))
        self._loaded[case.case_id] = case

    async def _record(self, case: Case, happened: Happened, cause_id: UUID | None) -> None:
        await self._connection.execute(
            insert(case_step).values(
                case_id=case.case_id,
                version=case.version,
                happened=happened.value,
                status=case.status.value,
                division=case.division.code,
                closed_on=case.closed_on,
                closing_reason=case.closing_reason,
                cause_id=cause_id,
                trace_id=self._trace_id,
                recorded_by=self._recorded_by,
            )
        )

    async def judge(self, persons: Collection[UUID] | None, traces: Mapping[UUID, str]) -> list[Judged]:
        """Bring cases in line with the stop facts of our copy."""
        told = orjson.dumps({str(stop_id): trace for stop_id, trace in traces.items()}).decode()
        values: dict[str, Any] = {"limit": JUDGED_MAX, "traces": told}
        if persons is None:
            rows = await self._connection.execute(_JUDGE_ALL, values)
        else:
            rows = await self._connection.execute(_JUDGE_SOME, values | {"persons": uuid_array(persons)})
        judged = []
        for row in rows:
            outcome = Judged(Happened(row.happened), row.cause, to_case(row))
            self._changed(outcome.case, _told(outcome.case) | _before(row))
            judged.append(outcome)
        return judged

    def _changed(self, case: Case, before: Mapping[str, object]) -> None:
        self._audit(
            Change(case.person_id, "case.changed", before=before, after=_told(case), division=case.division.code)
        )


def _told(case: Case) -> dict[str, object]:
    return {
        "status": case.status,
        "division": case.division,
        "closed_on": case.closed_on,
        "closing_reason": case.closing_reason,
        "flag": case.flag,
        "cause_id": case.cause_id,
    }


def _before(row: Any) -> dict[str, object]:
    """What a judged row was, as `_told` tells what it is."""
    values = {name: getattr(row, f"{name}_before") for name in _JUDGED}
    return {name: Code(value) if isinstance(value, str) else value for name, value in values.items()}
