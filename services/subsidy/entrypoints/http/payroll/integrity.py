"""Integrity audits: every payment judged again by what is known today; what was found, why, and what to do."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.subsidy.adapters import records
from services.subsidy.adapters.payroll import integrity
from services.subsidy.adapters.payroll.integrity import Asked
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.entitlement.rules import RULES
from services.subsidy.domain.payroll.integrity import ACTIONS, AuditAction, AuditRule, Standing
from services.subsidy.entrypoints.http.problems import TEXTS
from shared.kit.audit import Look, looks
from shared.kit.idempotency import Idempotent
from shared.kit.job_routes import JobView, view_of
from shared.kit.jobs import Jobs
from shared.kit.limits import Budget
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import Problem
from shared.kit.routing import RequestModel, Router, open_work
from shared.kit.scoping import DivisionAsked
from shared.values.division import EVERYWHERE, Division
from shared.values.month import Month

Work = Annotated[SubsidyWork, Depends(open_work, scope="function")]
Auditor = Annotated[Caller, Permit("payroll:audit")]
MonthText = Annotated[str, StringConstraints(pattern=r"^(19|20|21)\d{2}-(0[1-9]|1[0-2])$")]
FIELDS = ("scheme", "month", "rule", "paid_fen", "due_fen")
SUMS = ("rule", "at_stake_fen")


class AuditIn(RequestModel):
    """Judge the payments of a division (default: everywhere) for some months (default: all that were ever paid)."""

    division: Annotated[str, StringConstraints(pattern=r"^\d{2,12}$")] | None = None
    first: MonthText | None = None
    last: MonthText | None = None


class AuditSumOut(BaseModel):
    """What a rule came to. ``fen``: paid beyond what is due; of ``GONE``, what it was."""

    model_config = ConfigDict(frozen=True)

    rule: AuditRule
    standing: Standing
    months: int
    persons: int
    fen: int


class AuditOut(BaseModel):
    """An audit. ``division`` is ``*`` for everywhere; ``judged`` counts persons, schemes and months with money.

    ``unpriced``: of them those for which nobody can say what was due (READ-14); they are found by nothing here.
    """

    model_config = ConfigDict(frozen=True)

    audit_id: UUID
    division: str
    first: str
    last: str
    known_at: datetime
    policy_digest: str
    previous_id: UUID | None
    judged: int
    paid_fen: int
    unpriced: int
    found: int
    at_stake_fen: int
    made_by: str
    made_at: datetime

    @classmethod
    def of(cls, row: Any) -> AuditOut:
        """From its row."""
        months = {"first": str(Month.of(row.first_month)), "last": str(Month.of(row.last_month))}
        told = {name: getattr(row, name) for name in cls.model_fields if name not in months}
        return cls(**told | months)


class AuditToldOut(BaseModel):
    """An audit with what each rule came to."""

    model_config = ConfigDict(frozen=True)

    audit: AuditOut
    sums: tuple[AuditSumOut, ...]


class IntegrityFindingOut(BaseModel):
    """More paid for a month, or on its way, than is due. ``reasons``: rules of the entitlement that say no.

    ``why``: the payment explained by what was known then and is known now; ``since``: first of the months in a row.
    """

    model_config = ConfigDict(frozen=True)

    person_id: UUID
    other_records: list[UUID]
    scheme: str
    month: str
    since: str
    rule: AuditRule
    reasons: list[str]
    standing: Standing
    action: AuditAction
    county: str
    award_id: UUID | None
    lines: int
    paid_fen: int
    due_fen: int
    at_stake_fen: int
    locked_at: datetime
    why: str

    @classmethod
    def of(cls, row: Any, others: list[UUID]) -> IntegrityFindingOut:
        """From its row."""
        month = str(Month.of(row.month))
        same = ("person_id", "scheme", "county", "award_id", "lines", "paid_fen", "due_fen", "locked_at")
        return cls(
            **{name: getattr(row, name) for name in same},
            other_records=others,
            month=month,
            since=str(Month.of(row.since)),
            rule=AuditRule(row.rule),
            standing=Standing(row.standing),
            action=ACTIONS[AuditRule(row.rule)],
            reasons=[rule.id for rule in RULES if row.rules >> rule.number & 1],
            at_stake_fen=row.paid_fen - row.due_fen,
            why=f"/api/v1/persons/{row.person_id}/entitlements/{row.scheme}/{month}",
        )


def integrity_router(jobs: Jobs) -> Router:
    """Begin, list, one, and its findings."""
    router = Router(prefix="/api/v1/integrity-audits", tags=["integrity audits"])

    @router.post(
        "",
        status_code=202,
        dependencies=[Budget("payroll.integrity", subject="10/hour;40/day"), Idempotent()],
        summary="全面复核历次发放",
    )
    async def begin(caller: Auditor, body: AuditIn, work: Work, request: Request) -> JobView:
        """Judge every line ever paid by what is known today; watch the job. No money is touched."""
        place = EVERYWHERE if body.division is None else Division.parse(body.division).code
        if not (caller.scope.is_everywhere if place == EVERYWHERE else caller.scope.covers(place)):
            raise Problem("division_outside_scope", division=place)
        work.audit(Look(None, FIELDS, integrity.AUDIT, None if place == EVERYWHERE else place))
        if body.first is not None and body.last is not None and body.last < body.first:
            raise Problem("value_is_invalid", zh="last 不得早于 first", en="last must not be before first")
        told = {"division": place, "first": body.first, "last": body.last}
        return view_of(await jobs.submit(work, integrity.AUDIT, told), request, TEXTS)

    @router.get("", summary="全面复核列表")
    async def list_audits(
        *, caller: Auditor, work: Work, page: PageAsked, division: DivisionAsked = None
    ) -> Listed[AuditOut]:
        """Audits of the caller's divisions, the newest first."""
        asked = None if division is None else Division.parse(division)
        rows, following = await integrity.page_of(work.connection, page, within=caller.scope, division=asked)
        work.audit(Look(None, SUMS, "read", None if asked is None else asked.code, count=len(rows)))
        return Listed(items=[AuditOut.of(row) for row in rows], next=following)

    @router.get("/{audit_id}", summary="全面复核结果")
    async def read_audit(caller: Auditor, audit_id: UUID, work: Work) -> AuditToldOut:
        """One audit: what was judged, and what each rule came to."""
        row = await integrity.get(work.connection, audit_id, within=caller.scope)
        sums = await integrity.by_rule(work.connection, audit_id)
        work.audit(Look(None, SUMS, "read", None if row.division == EVERYWHERE else row.division))
        return AuditToldOut(audit=AuditOut.of(row), sums=tuple(AuditSumOut(**each._mapping) for each in sums))

    @router.get("/{audit_id}/findings", summary="全面复核问题清单")
    async def list_findings(
        *,
        caller: Auditor,
        audit_id: UUID,
        work: Work,
        page: PageAsked,
        division: DivisionAsked = None,
        rule: AuditRule | None = None,
        standing: Standing | None = None,
        person_id: Annotated[UUID | None, Query(description="只看一人")] = None,
    ) -> Listed[IntegrityFindingOut]:
        """Findings by person, scheme and month."""
        await integrity.get(work.connection, audit_id, within=caller.scope)
        asked = Asked(
            audit_id=audit_id,
            division=None if division is None else Division.parse(division),
            rule=rule,
            standing=standing,
            person_id=person_id,
        )
        rows, following = await integrity.findings_of(work.connection, page, asked, within=caller.scope)
        work.audit(*looks(((row.person_id, row.county) for row in rows), FIELDS, what="read"))
        named = await records.named(work.connection, {row.person_id for row in rows})
        items = [IntegrityFindingOut.of(row, list(named.get(row.person_id, ()))) for row in rows]
        return Listed(items=items, next=following)

    return router
