"""Tables of aid programmes: the documents, places of their quota, stages, deliveries, settlements.

The database holds what money must never break: a quota and a budget are not exceeded (triggers of the migration), the
same thing is not given twice while it lasts, who recorded a delivery did not accept it, and only what was accepted is
in a settlement, in one.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from services.rehab.adapters.schema import metadata
from services.rehab.adapters.tables_institution import recorded
from shared.kit.documents import life_columns

programme = Table(
    "aid_programme",
    metadata,
    *life_columns("programme_id"),
    Column("code", Text, nullable=False, comment="names it among those of its division"),
    Column("begins_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False, comment="the last day"),
    Column("quota", BigInteger, nullable=False),
    Column("budget_fen", BigInteger, nullable=False),
    Column("confidential", Boolean, nullable=False),
    Index("uq_aid_programme_in_force", "division", "code", unique=True, postgresql_where=text("status = 'IN_FORCE'")),
)

place = Table(
    "aid_place",
    metadata,
    Column("place_id", Uuid, primary_key=True),
    Column("programme_id", Uuid, ForeignKey("aid_programme.programme_id"), nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("division", Text, nullable=False),
    Column("institution_id", Uuid, ForeignKey("institution.institution_id")),
    Column("confidential", Boolean, nullable=False),
    Column("age_band", Text),
    Column("status", Text, nullable=False),
    Column("enrolled_on", Date, nullable=False),
    Column("ended_on", Date),
    Column("reason", Text, comment="a code"),
    *recorded(),
    CheckConstraint("(status = 'RELEASED') = (ended_on IS NOT NULL)", name="ended_when_released"),
    Index("uq_aid_place_held", "programme_id", "person_id", unique=True, postgresql_where=text("status = 'HELD'")),
    Index("ix_aid_place_person_id", "person_id"),
    Index("ix_aid_place_institution_id", "institution_id", "place_id"),
)

stage = Table(
    "aid_stage",
    metadata,
    Column("place_id", Uuid, ForeignKey("aid_place.place_id"), primary_key=True),
    Column("item_code", Text, primary_key=True),
    Column("stage", Text, primary_key=True),
    Column("done_on", Date, nullable=False),
    *recorded(),
)

settlement = Table(
    "aid_settlement",
    metadata,
    Column("settlement_id", Uuid, primary_key=True),
    Column("programme_id", Uuid, ForeignKey("aid_programme.programme_id"), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("division", Text, nullable=False),
    Column("through_on", Date, nullable=False),
    Column("status", Text, nullable=False),
    Column("lines", BigInteger, nullable=False),
    Column("total_fen", BigInteger, nullable=False),
    Column("approved_by", Text),
    Column("paid_on", Date),
    *recorded(),
    CheckConstraint("approved_by IS NULL OR approved_by <> recorded_by", name="four_eyes"),
    CheckConstraint("(status = 'PAID') = (paid_on IS NOT NULL)", name="paid_on_a_day"),
    CheckConstraint("status NOT IN ('APPROVED', 'PAID') OR approved_by IS NOT NULL", name="paid_when_approved"),
    Index("ix_aid_settlement_programme_id", "programme_id", "settlement_id"),
)

LIVE: Final = "status NOT IN ('VOID', 'REFUSED')"
"""SQL: deliveries that count."""

delivery = Table(
    "aid_delivery",
    metadata,
    Column("delivery_id", Uuid, primary_key=True),
    Column("place_id", Uuid, ForeignKey("aid_place.place_id"), nullable=False),
    Column("programme_id", Uuid, ForeignKey("aid_programme.programme_id"), nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("division", Text, nullable=False),
    Column("institution_id", Uuid, ForeignKey("institution.institution_id")),
    Column("confidential", Boolean, nullable=False),
    Column("item_code", Text, nullable=False),
    Column("serial", Text),
    Column("mode", Text, nullable=False, comment="at the centre, at home, remote"),
    Column("delivered_on", Date, nullable=False),
    Column("covers_from", Date, nullable=False),
    Column("covers_until", Date, comment="the day it may be given again; empty: never"),
    Column("amount_fen", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("confirmed_by", Text, comment="who signed for it"),
    Column("effect", Text),
    Column("fault", Text),
    Column("decided_by", Text),
    Column("decided_on", Date),
    Column("settlement_id", Uuid, ForeignKey("aid_settlement.settlement_id")),
    *recorded(),
    CheckConstraint("amount_fen >= 0", name="amount_is_not_negative"),
    CheckConstraint("decided_by IS NULL OR decided_by <> recorded_by", name="four_eyes"),
    CheckConstraint(
        "status NOT IN ('ACCEPTED', 'SETTLED') OR (decided_by IS NOT NULL AND confirmed_by IS NOT NULL)",
        name="accepted_by_somebody",
    ),
    CheckConstraint("settlement_id IS NULL OR status IN ('ACCEPTED', 'SETTLED')", name="settled_when_accepted"),
    CheckConstraint("status <> 'SETTLED' OR settlement_id IS NOT NULL", name="settled_in_a_settlement"),
    ExcludeConstraint(
        (text("person_id"), "="),
        (text("item_code"), "="),
        (text("daterange(covers_from, covers_until)"), "&&"),
        name="ex_aid_delivery_while_it_lasts",
        using="gist",
        where=text(LIVE),
    ),
    Index(
        "uq_aid_delivery_serial",
        "item_code",
        "serial",
        unique=True,
        postgresql_where=text(f"serial IS NOT NULL AND {LIVE}"),
    ),
    Index("ix_aid_delivery_place_id", "place_id"),
    Index("ix_aid_delivery_person_id", "person_id"),
    Index("ix_aid_delivery_settlement_id", "settlement_id", "delivery_id"),
    Index("ix_aid_delivery_programme_id", "programme_id", "delivery_id"),
    Index(
        "ix_aid_delivery_to_settle",
        "programme_id",
        postgresql_where=text("status = 'ACCEPTED' AND settlement_id IS NULL"),
    ),
)
