"""Tables of what there is to be served with: the catalogue, institutions with agreements, staff and safety checks."""

from __future__ import annotations

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from services.rehab.adapters.schema import metadata


def recorded() -> tuple[Column[object], Column[object]]:
    """When and by whom a row was written."""
    return (
        Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
        Column("recorded_by", Text, nullable=False),
    )


catalogue_item = Table(
    "catalogue_item",
    metadata,
    Column("item_id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("division", Text, nullable=False, comment="offered here and inside"),
    Column("item_code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("categories", Text, nullable=False, comment="digits of ID-07"),
    Column("age_bands", Text, nullable=False, comment="words, separated by blanks"),
    Column("modes", Text, nullable=False, comment="words, separated by blanks"),
    Column("payers", Text, nullable=False, comment="words, separated by blanks"),
    Column("cycle", Text, nullable=False),
    Column("price_fen", BigInteger, nullable=False),
    Column("service_life_months", SmallInteger),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, comment="the last day"),
    Column("basis", Text, nullable=False, comment="the document that says so"),
    *recorded(),
    ExcludeConstraint(
        (text("division"), "="),
        (text("item_code"), "="),
        (text("daterange(valid_from, valid_to, '[]')"), "&&"),
        name="ex_catalogue_item_in_force",
        using="gist",
    ),
)

institution = Table(
    "institution",
    metadata,
    Column("institution_id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("division", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("account", Text, comment="who acts for it, by the subject of their token"),
    Column("defence_until", Date),
    Column("changed_by", Text, nullable=False),
    *recorded(),
    Index("ix_institution_division", "division", "institution_id", postgresql_ops={"division": "text_pattern_ops"}),
    Index("ix_institution_account", "account"),
)

institution_change = Table(
    "institution_change",
    metadata,
    Column("institution_id", Uuid, ForeignKey("institution.institution_id"), primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("step", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text, comment="a code"),
    *recorded(),
)

agreement = Table(
    "institution_agreement",
    metadata,
    Column("agreement_id", Uuid, primary_key=True),
    Column("institution_id", Uuid, ForeignKey("institution.institution_id"), nullable=False),
    Column("agreement_no", Text, nullable=False),
    Column("begins_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False, comment="the last day"),
    Column("categories", Text, nullable=False, comment="digits of ID-07"),
    Column("capacity", BigInteger, nullable=False),
    *recorded(),
    ExcludeConstraint(
        (text("institution_id"), "="),
        (text("daterange(begins_on, ends_on, '[]')"), "&&"),
        name="ex_institution_agreement_one_a_day",
        using="gist",
    ),
)

staff = Table(
    "institution_staff",
    metadata,
    Column("staff_id", Uuid, primary_key=True),
    Column("institution_id", Uuid, ForeignKey("institution.institution_id"), nullable=False),
    Column("staff_no", Text, nullable=False, comment="the institution's own number, never that of a person"),
    Column("qualification", Text, nullable=False),
    Column("qualified_from", Date, nullable=False),
    Column("qualified_until", Date, nullable=False, comment="the last day"),
    Column("training_hours", SmallInteger, nullable=False, comment="special training in the year"),
    *recorded(),
    Index("uq_institution_staff_staff_no", "institution_id", "staff_no", unique=True),
)

safety_check = Table(
    "safety_check",
    metadata,
    Column("institution_id", Uuid, ForeignKey("institution.institution_id"), primary_key=True),
    Column("year", SmallInteger, primary_key=True),
    Column("quarter", SmallInteger, primary_key=True),
    Column("checked_on", Date, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("faults", SmallInteger, nullable=False),
    *recorded(),
    CheckConstraint("quarter BETWEEN 1 AND 4", name="quarter_is_one_of_four"),
)

case_limit = Table(
    "case_limit",
    metadata,
    Column("division", Text, primary_key=True, comment="* is everywhere"),
    Column("programme", Text, primary_key=True),
    Column("stage", Text, primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("days", SmallInteger, nullable=False, comment="working days; of a pause, days of the calendar"),
    Column("basis", Text, nullable=False),
    *recorded(),
)
