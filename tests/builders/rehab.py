"""Rehabilitation cases, plans and sessions, with everything a test does not care about already there."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.rehab.adapters import institution_queries
from services.rehab.adapters.work import RehabWork
from services.rehab.domain.case import Case
from services.rehab.domain.institution import Agreement, Institution, InstitutionStatus, Staff
from services.rehab.domain.measures import Instrument, Mode, Payer, Signer
from services.rehab.domain.plan import Attendance, Plan, PlanItem, Session
from shared.values.disability import DisabilityCategory
from shared.values.division import Division
from shared.values.rehab_case import CaseStatus

BEGINS, ENDS = date(2026, 1, 1), date(2026, 12, 31)


def a_case(**given: Any) -> Case:
    """An open case of a need registered on 2026-04-02."""
    values: dict[str, Any] = {
        "case_id": uuid7(),
        "person_id": uuid7(),
        "version": 1,
        "division": Division("341502001001"),
        "status": CaseStatus.NEED_REGISTERED,
        "opened_on": date(2026, 4, 2),
    }
    return Case(**values | given)


def an_item(**given: Any) -> PlanItem:
    """Ten sessions at the centre for 1,000 yuan, aiming at a Barthel index of 60."""
    values: dict[str, Any] = {
        "item_no": 1,
        "item_id": uuid7(),
        "staff_id": uuid7(),
        "begins_on": BEGINS,
        "ends_on": ENDS,
        "sessions": 10,
        "mode": Mode.CENTRE,
        "payer": Payer.FEDERATION,
        "amount_fen": 100_000,
        "instrument": Instrument.BARTHEL,
        "target": 60,
    }
    return PlanItem(**values | given)


def a_plan(item_id: UUID, staff_id: UUID, **given: Any) -> Plan:
    """A plan of one item for the year."""
    values: dict[str, Any] = {
        "plan_no": 1,
        "begins_on": BEGINS,
        "ends_on": ENDS,
        "assess_on": ENDS,
        "signed_by": Signer.SELF,
        "signed_on": date(2026, 6, 1),
        "follow_up_days": (),
        "items": (an_item(item_id=item_id, staff_id=staff_id),),
    }
    return Plan(**values | given)


def a_session(staff_id: UUID, *, begins_at: datetime, **given: Any) -> Session:
    """An hour at the centre."""
    values: dict[str, Any] = {
        "session_id": uuid7(),
        "item_no": 1,
        "staff_id": staff_id,
        "mode": Mode.CENTRE,
        "begins_at": begins_at,
        "ends_at": begins_at + timedelta(hours=1),
        "attendance": Attendance.ATTENDED,
    }
    return Session(**values | given)


async def an_institution(work: RehabWork, *, division: Division, account: str | None = None) -> tuple[UUID, UUID, UUID]:
    """A designated institution with an agreement for the year, somebody who works there, and what is offered."""
    one = Institution(
        institution_id=work.new_id(),
        version=1,
        division=division,
        status=InstitutionStatus.DESIGNATED,
        changed_by="test",
        account=account,
    )
    agreement = Agreement(
        agreement_id=work.new_id(),
        begins_on=BEGINS,
        ends_on=ENDS,
        categories=frozenset({DisabilityCategory.LIMB, DisabilityCategory.MENTAL}),
        capacity=100,
    )
    staff = Staff(
        staff_id=work.new_id(), institution_id=one.institution_id, qualified_from=BEGINS, qualified_until=ENDS
    )
    await work.institutions.add(one, "康复中心")
    assert await work.institutions.agree(one, agreement, "1")
    told = {"staff_no": "T-1", "qualification": "THERAPIST", "training_hours": 20}
    assert await work.institutions.employ(one, staff, told)
    item_id = work.new_id()
    item = {
        "item_id": item_id,
        "division": division.code,
        "item_code": "MOTOR",
        "name": "运动功能训练",
        "kind": "TRAINING",
        "categories": [4, 6],
        "age_bands": ["ADULT"],
        "modes": ["CENTRE"],
        "payers": ["FEDERATION"],
        "cycle": "SESSION",
        "price_fen": 10_000,
        "valid_from": BEGINS,
        "basis": "test",
    }
    assert await institution_queries.add_item(work.connection, item, by="test") is not None
    return one.institution_id, staff.staff_id, item_id
