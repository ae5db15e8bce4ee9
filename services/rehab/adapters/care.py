"""Referrals, assessments, plans, sessions and visits of a case: rows ↔ domain. The case itself is locked by then."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.rehab.adapters.tables_care import assessment, follow_up, plan, plan_item, referral, session
from services.rehab.domain.case import Case, FollowUpOutcome
from services.rehab.domain.measures import Assessment, AssessmentKind, Instrument, Mode, Payer, Signer
from services.rehab.domain.plan import Attendance, Plan, PlanItem, Session
from services.rehab.domain.plan_errors import SessionIsVoid
from shared.kit.audit import Change


def to_assessment(row: Any) -> Assessment:
    """A row of ``case_assessment``."""
    return Assessment(
        assessment_id=row.assessment_id,
        kind=AssessmentKind(row.kind),
        instrument=Instrument(row.instrument),
        score=row.score,
        staff_id=row.staff_id,
        assessed_on=row.assessed_on,
    )


def to_plan(row: Any, items: Collection[Any]) -> Plan:
    """A row of ``person_plan`` and those of its items."""
    return Plan(
        plan_no=row.plan_no,
        begins_on=row.begins_on,
        ends_on=row.ends_on,
        assess_on=row.assess_on,
        signed_by=Signer(row.signed_by),
        signed_on=row.signed_on,
        follow_up_days=tuple(row.follow_up_days),
        items=tuple(_to_item(item) for item in items),
    )


def _to_item(row: Any) -> PlanItem:
    return PlanItem(
        item_no=row.item_no,
        item_id=row.item_id,
        staff_id=row.staff_id,
        begins_on=row.begins_on,
        ends_on=row.ends_on,
        sessions=row.sessions,
        mode=Mode(row.mode),
        payer=Payer(row.payer),
        amount_fen=row.amount_fen,
        instrument=Instrument(row.instrument),
        target=row.target,
    )


def to_session(row: Any) -> Session:
    """A row of ``rehab_session``."""
    return Session(
        session_id=row.session_id,
        item_no=row.item_no,
        staff_id=row.staff_id,
        mode=Mode(row.mode),
        begins_at=row.begins_at,
        ends_at=row.ends_at,
        attendance=Attendance(row.attendance),
    )


class SqlCare:
    """`Care` on PostgreSQL."""

    def __init__(self, connection: AsyncConnection, *, recorded_by: str, audit: Callable[[Change], None]) -> None:
        self._connection = connection
        self._by = recorded_by
        self._audit = audit

    async def refer(self, case: Case, *, on: date, reason: str | None = None) -> None:
        """Keep that the case was referred: to its institution, or, with a reason, to a hospital."""
        await self._connection.execute(
            insert(referral).values(
                case_id=case.case_id,
                version=case.version,
                institution_id=case.institution_id if reason is None else None,
                referred_on=on,
                reason=reason,
                recorded_by=self._by,
            )
        )

    async def answer(self, case_id: UUID, answer: str, *, on: date, reason: str | None = None) -> None:
        """Keep how the last referral was answered."""
        last = select(func.max(referral.c.version)).where(referral.c.case_id == case_id).scalar_subquery()
        await self._connection.execute(
            update(referral)
            .where(referral.c.case_id == case_id, referral.c.version == last)
            .values(answered_on=on, answer=answer, answer_reason=reason)
        )

    async def assessments(self, case_id: UUID) -> tuple[Assessment, ...]:
        """All of them."""
        rows = await self._connection.execute(select(assessment).where(assessment.c.case_id == case_id))
        return tuple(to_assessment(row) for row in rows)

    async def assess(self, case: Case, one: Assessment) -> None:
        """Keep an assessment."""
        await self._connection.execute(
            insert(assessment).values(**asdict(one), case_id=case.case_id, recorded_by=self._by)
        )
        self._told(case, "case.assessed", {"assessment_id": one.assessment_id, "kind": one.kind})

    async def plan(self, case: Case) -> Plan:
        """The plan in force."""
        row = (
            await self._connection.execute(
                select(plan).where(plan.c.case_id == case.case_id, plan.c.plan_no == case.plan_no)
            )
        ).one()
        items = await self._connection.execute(
            select(plan_item)
            .where(plan_item.c.case_id == case.case_id, plan_item.c.plan_no == case.plan_no)
            .order_by(plan_item.c.item_no)
        )
        return to_plan(row, items.all())

    async def agree(self, case: Case, plan_: Plan) -> None:
        """Keep a plan; the revisions before stay."""
        values = asdict(plan_)
        items = values.pop("items")
        values["follow_up_days"] = list(plan_.follow_up_days)
        await self._connection.execute(
            insert(plan).values(
                **values, case_id=case.case_id, institution_id=case.institution_id, recorded_by=self._by
            )
        )
        key = {"case_id": case.case_id, "plan_no": plan_.plan_no}
        await self._connection.execute(insert(plan_item), [item | key for item in items])

    async def attended(self, case: Case, item_no: int) -> int:
        """How many sessions of an item of the plan in force were attended."""
        count = await self._connection.scalar(
            select(func.count()).where(
                session.c.case_id == case.case_id,
                session.c.plan_no == case.plan_no,
                session.c.item_no == item_no,
                session.c.attendance == Attendance.ATTENDED.value,
            )
        )
        return count or 0

    async def log(self, case: Case, one: Session) -> bool:
        """Keep a session; the exclusion constraints say whether somebody is elsewhere at that time."""
        logged = await self._connection.scalar(
            postgresql.insert(session)
            .values(
                **asdict(one),
                case_id=case.case_id,
                person_id=case.person_id,
                version=1,
                division=case.division.code,
                institution_id=case.institution_id,
                plan_no=case.plan_no,
                day=one.day,
                recorded_by=self._by,
            )
            .on_conflict_do_nothing()
            .returning(session.c.session_id)
        )
        if logged is not None:
            self._told(case, "session.logged", {"session_id": one.session_id, "attendance": one.attendance})
        return logged is not None

    async def void(self, case: Case, session_id: UUID) -> tuple[Session, int] | None:
        """Declare a session void. Raises `SessionIsVoid`."""
        theirs = (session.c.session_id == session_id, session.c.case_id == case.case_id)
        row = (await self._connection.execute(select(session).where(*theirs).with_for_update())).one_or_none()
        if row is None:
            return None
        if row.attendance == Attendance.VOID:
            raise SessionIsVoid
        await self._connection.execute(
            update(session).where(*theirs).values(attendance=Attendance.VOID.value, version=row.version + 1)
        )
        self._told(case, "session.voided", {"session_id": session_id, "attendance": Attendance.VOID})
        return replace(to_session(row), attendance=Attendance.VOID), row.version + 1

    async def expect_visits(self, case: Case, due: Collection[date]) -> None:
        """Keep when follow-up visits are due."""
        if due:
            rows = [
                {"case_id": case.case_id, "visit_no": no, "due_on": day, "recorded_by": self._by}
                for no, day in enumerate(sorted(due), 1)
            ]
            await self._connection.execute(insert(follow_up), rows)

    async def visit(self, case: Case, *, on: date, outcome: FollowUpOutcome) -> int:
        """Keep a visit: the earliest that is due, or one more; how many are still due."""
        theirs = follow_up.c.case_id == case.case_id
        rows = (await self._connection.execute(select(follow_up).where(theirs).order_by(follow_up.c.visit_no))).all()
        waiting = [row for row in rows if row.visited_on is None]
        values = {"visited_on": on, "outcome": outcome.value, "recorded_by": self._by}
        if waiting:
            await self._connection.execute(
                update(follow_up).where(theirs, follow_up.c.visit_no == waiting[0].visit_no).values(values)
            )
        else:
            await self._connection.execute(
                insert(follow_up).values(values, case_id=case.case_id, visit_no=len(rows) + 1, due_on=on)
            )
        return max(len(waiting) - 1, 0)

    def _told(self, case: Case, what: str, after: dict[str, object]) -> None:
        self._audit(Change(case.person_id, what, after={"case_id": case.case_id, **after}, division=case.division.code))
