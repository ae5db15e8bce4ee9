"""Tables of what is done for a client: referrals, assessments, plans, sessions, visits.

Codes, numbers and days only: free text about a client would be health data in clear.
"""

from __future__ import annotations

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, ExcludeConstraint

from services.rehab.adapters.schema import metadata
from services.rehab.adapters.tables_institution import recorded

referral = Table(
    "case_referral",
    metadata,
    Column("case_id", Uuid, ForeignKey("rehab_case.case_id"), primary_key=True),
    Column("version", BigInteger, primary_key=True, comment="of the case when it was referred"),
    Column("institution_id", Uuid, ForeignKey("institution.institution_id"), comment="empty: to a hospital"),
    Column("referred_on", Date, nullable=False),
    Column("reason", Text, comment="a code, of a medical referral"),
    Column("answered_on", Date),
    Column("answer", Text),
    Column("answer_reason", Text, comment="a code"),
    *recorded(),
)

assessment = Table(
    "case_assessment",
    metadata,
    Column("assessment_id", Uuid, primary_key=True),
    Column("case_id", Uuid, ForeignKey("rehab_case.case_id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("instrument", Text, nullable=False),
    Column("score", SmallInteger, nullable=False),
    Column("staff_id", Uuid, ForeignKey("institution_staff.staff_id"), nullable=False),
    Column("assessed_on", Date, nullable=False),
    *recorded(),
    Index("ix_case_assessment_case_id", "case_id"),
)

plan = Table(
    "person_plan",
    metadata,
    Column("case_id", Uuid, ForeignKey("rehab_case.case_id"), primary_key=True),
    Column("plan_no", SmallInteger, primary_key=True),
    Column("institution_id", Uuid, ForeignKey("institution.institution_id"), nullable=False),
    Column("begins_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("assess_on", Date, nullable=False),
    Column("signed_by", Text, nullable=False),
    Column("signed_on", Date, nullable=False),
    Column("follow_up_days", ARRAY(SmallInteger), nullable=False, comment="after the closing"),
    *recorded(),
)

plan_item = Table(
    "person_plan_item",
    metadata,
    Column("case_id", Uuid, primary_key=True),
    Column("plan_no", SmallInteger, primary_key=True),
    Column("item_no", SmallInteger, primary_key=True),
    Column("item_id", Uuid, ForeignKey("catalogue_item.item_id"), nullable=False),
    Column("staff_id", Uuid, ForeignKey("institution_staff.staff_id"), nullable=False, comment="owner"),
    Column("begins_on", Date, nullable=False, comment="time"),
    Column("ends_on", Date, nullable=False),
    Column("sessions", SmallInteger, nullable=False),
    Column("mode", Text, nullable=False),
    Column("payer", Text, nullable=False, comment="money"),
    Column("amount_fen", BigInteger, nullable=False),
    Column("instrument", Text, nullable=False, comment="effect"),
    Column("target", SmallInteger, nullable=False),
    ForeignKeyConstraint(["case_id", "plan_no"], ["person_plan.case_id", "person_plan.plan_no"]),
)

_ATTENDED = "attendance = 'ATTENDED'"

session = Table(
    "rehab_session",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("case_id", Uuid, ForeignKey("rehab_case.case_id"), nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("division", Text, nullable=False),
    Column("institution_id", Uuid, nullable=False),
    Column("plan_no", SmallInteger, nullable=False),
    Column("item_no", SmallInteger, nullable=False),
    Column("staff_id", Uuid, nullable=False),
    Column("mode", Text, nullable=False),
    Column("begins_at", TIMESTAMP(timezone=True), nullable=False),
    Column("ends_at", TIMESTAMP(timezone=True), nullable=False),
    Column("day", Date, nullable=False),
    Column("attendance", Text, nullable=False),
    *recorded(),
    CheckConstraint("begins_at < ends_at", name="takes_time"),
    ExcludeConstraint(
        (text("person_id"), "="),
        (text("tstzrange(begins_at, ends_at)"), "&&"),
        name="ex_rehab_session_person",
        using="gist",
        where=text(_ATTENDED),
    ),
    ExcludeConstraint(
        (text("staff_id"), "="),
        (text("tstzrange(begins_at, ends_at)"), "&&"),
        name="ex_rehab_session_visit",
        using="gist",
        where=text(f"{_ATTENDED} AND mode = 'HOME'"),
    ),
    Index("ix_rehab_session_case_id", "case_id", "session_id"),
    Index("ix_rehab_session_institution_id_day", "institution_id", "day", "session_id"),
)

follow_up = Table(
    "case_follow_up",
    metadata,
    Column("case_id", Uuid, ForeignKey("rehab_case.case_id"), primary_key=True),
    Column("visit_no", SmallInteger, primary_key=True),
    Column("due_on", Date, nullable=False),
    Column("visited_on", Date),
    Column("outcome", Text),
    *recorded(),
    Index("ix_case_follow_up_due_on", "due_on", "case_id", postgresql_where=text("visited_on IS NULL")),
)
