"""Clients and cases: rows ↔ domain, scoped."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, and_, func, insert, literal_column, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.rehab.adapters.judgement import BASIS, JUDGE_ALL, JUDGE_SOME, JUDGED_MAX
from services.rehab.adapters.tables import case_step, client_person, client_stop, rehab_case
from services.rehab.adapters.tables_institution import institution
from services.rehab.domain.case import Case, CaseFlag, Client, ClosingReason, Consent, Happened
from services.rehab.domain.measures import AgeBand, Programme, Signer
from services.rehab.use_cases.ports import Judged, Sight, Subject
from shared.kit.audit import Change, Code
from shared.kit.database import uuid_array
from shared.kit.scoping import inside
from shared.values.certificate import StopKind
from shared.values.disability import DisabilityCategory
from shared.values.division import Division, Scope
from shared.values.rehab_case import CaseStatus

_BASIS: Final = BASIS.format(person="copy_registry_person.person_id")


def to_case(row: Any) -> Case:
    """A row of ``rehab_case``."""
    return Case(
        case_id=row.case_id,
        person_id=row.person_id,
        version=row.version,
        division=Division(row.division),
        status=CaseStatus(row.status),
        opened_on=row.opened_on,
        programme=Programme(row.programme),
        consent=None if row.consent_by is None else Consent(Signer(row.consent_by), row.consented_on),
        category=None if row.category is None else DisabilityCategory(row.category),
        age_band=None if row.age_band is None else AgeBand(row.age_band),
        institution_id=row.institution_id,
        plan_no=row.plan_no,
        basis=row.basis,
        due_on=row.due_on,
        previous_case_id=row.previous_case_id,
        closed_on=row.closed_on,
        closing_reason=None if row.closing_reason is None else ClosingReason(row.closing_reason),
        death_id=row.death_id,
        flag=None if row.flag is None else CaseFlag(row.flag),
        transfer_id=row.transfer_id,
    )


def seen_by(sight: Sight) -> ColumnElement[bool]:
    """Which cases somebody may see at all, wherever they lie: an institution its own, few the confidential ones."""
    seen = [] if sight.confidential else [~rehab_case.c.confidential]
    if sight.account is not None:
        own = select(institution.c.institution_id).where(institution.c.account == sight.account)
        seen.append(rehab_case.c.institution_id.in_(own))
    return and_(True, *seen)


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
                select(client_person, literal_column(_BASIS).label("basis"))
                .where(client_person.c.person_id == person_id, inside(client_person.c.division, within))
                .with_for_update(read=True, of=client_person)
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
        return Client(
            person_id=person_id, division=Division(person.division), died_on=person.died_on or death, basis=person.basis
        )


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
                    programme=case.programme.value,
                    confidential=case.confidential,
                    consent_by=None if case.consent is None else case.consent.by.value,
                    consented_on=None if case.consent is None else case.consent.on,
                    due_on=case.due_on,
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

    async def get(self, case_id: UUID, *, within: Scope, sight: Sight) -> Subject | None:
        """Lock the person's copy (shared), then the case: the order in which a consumer locks them."""
        person_id = await self._connection.scalar(select(rehab_case.c.person_id).where(rehab_case.c.case_id == case_id))
        client = None if person_id is None else await self._clients.get(person_id, within=Scope.everywhere())
        row = (
            await self._connection.execute(
                select(rehab_case)
                .where(rehab_case.c.case_id == case_id, inside(rehab_case.c.division, within), seen_by(sight))
                .with_for_update()
            )
        ).one_or_none()
        if row is None or client is None:
            return None
        case = self._loaded[case_id] = to_case(row)
        return Subject(case, client)

    async def save(
        self, case: Case, happened: Happened, *, cause_id: UUID | None = None, reason: str | None = None
    ) -> None:
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
                consent_by=None if case.consent is None else case.consent.by.value,
                consented_on=None if case.consent is None else case.consent.on,
                category=case.category,
                age_band=case.age_band,
                institution_id=case.institution_id,
                plan_no=case.plan_no,
                basis=case.basis,
                due_on=case.due_on,
            )
        )
        await self._record(case, happened, cause_id, due_on=self._loaded[case.case_id].due_on, reason=reason)
        self._changed(case, _told(self._loaded[case.case_id]))
        self._loaded[case.case_id] = case

    async def _record(
        self,
        case: Case,
        happened: Happened,
        cause_id: UUID | None,
        *,
        due_on: date | None = None,
        reason: str | None = None,
    ) -> None:
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
                due_on=due_on,
                reason=reason,
                trace_id=self._trace_id,
                recorded_by=self._recorded_by,
            )
        )

    async def judge(self, persons: Collection[UUID] | None, traces: Mapping[UUID, str]) -> list[Judged]:
        """Bring cases in line with the stop facts of our copy."""
        told = orjson.dumps({str(stop_id): trace for stop_id, trace in traces.items()}).decode()
        values: dict[str, Any] = {"limit": JUDGED_MAX, "traces": told}
        if persons is None:
            rows = await self._connection.execute(JUDGE_ALL, values)
        else:
            rows = await self._connection.execute(JUDGE_SOME, values | {"persons": uuid_array(persons)})
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
        "institution_id": case.institution_id,
        "plan_no": case.plan_no,
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
