"""Facts about persons: as received, and as they stand.

``fact`` holds what we were told, revision by revision. What follows from it and from the copy of the register *stands*
in four tables of plain intervals (`held_card`, `home`, `level`, `spell`), derived by `adapters.standing`. A row that
stands is never changed but for ``known_to``, the moment it stopped being what we believe: so every question can be
asked as known at any moment. Intervals are half-open; an open end is ``infinity``.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)

from services.subsidy.adapters import tables_payroll
from services.subsidy.adapters.schema import metadata

_FOR_EVER = text("'infinity'")


def _standing(name: str, *columns: Any, key: tuple[str, ...] = ("person_id",)) -> Table:
    """A table of rows that stand, found by person."""
    return Table(
        name,
        metadata,
        Column("row_id", BigInteger, Identity(always=True), primary_key=True),
        *columns,
        Column("known_from", TIMESTAMP(timezone=True), nullable=False),
        Column("known_to", TIMESTAMP(timezone=True), nullable=False, server_default=_FOR_EVER),
        Index(f"ix_{name}_{'_'.join(key)}", *key),
    )


fact = Table(
    "fact",
    metadata,
    Column("fact_id", Uuid, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("person_id", Uuid, nullable=False),
    Column("division", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Text),
    Column("amount_fen", BigInteger),
    Column("dibao_class", SmallInteger),
    Column("income_percent", Integer),
    Column("scheme", Text),
    Column("reason", Text),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("source", Text, nullable=False),
    Column("rank", SmallInteger, nullable=False, comment="of the source, 0 is the best"),
    Column("verified", Boolean, nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("trace_id", Text, nullable=False),
    Column("superseded_at", TIMESTAMP(timezone=True), comment="null: the newest revision"),
    CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="holds_on_some_day"),
    CheckConstraint("amount_fen IS NULL OR amount_fen >= 0", name="amount_is_not_negative"),
    Index("uq_fact_current", "fact_id", unique=True, postgresql_where=text("superseded_at IS NULL")),
    Index("ix_fact_person_id", "person_id"),
    Index("ix_fact_division", "division", "fact_id", postgresql_ops={"division": "text_pattern_ops"}),
)

held_card = _standing(
    "held_card",
    Column("person_id", Uuid, nullable=False),
    Column("certificate_id", Uuid, nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("expires_on", Date, nullable=False),
    Column("held_to", Date, nullable=False, comment="the issue of the next card"),
    Column("cancelled_on", Date, nullable=False),
    Column("component", SmallInteger, nullable=False, comment="4 * (category - 1) + grade - 1; a row for each"),
    Column("components", Integer, nullable=False, comment="mask of all components of the card"),
    Column("components_before", Integer, nullable=False, comment="of the card it followed; 0: it was the first"),
    Column("issued_month", Integer, nullable=False, comment="12 * year + month - 1"),
    Column(
        "counts_to", Date, nullable=False, comment="after the day of the next issue, unless frozen or cancelled then"
    ),
    Column("expiry_month", Integer, nullable=False),
    Column("expiry_county", Text, comment="where its holder was at home when it expired"),
)

home = _standing(
    "home",
    Column("person_id", Uuid, nullable=False),
    Column("division", Text, nullable=False),
    Column("county", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, nullable=False, comment="the day of the move"),
    Column("back_on", Date, nullable=False, comment="when the household came back to this county"),
)
Index("ix_home_county", home.c.county)

level = _standing(
    "level",
    Column("person_id", Uuid, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("value", SmallInteger, nullable=False, comment="0: nothing is known for these days"),
    Column("dibao_class", SmallInteger, nullable=False),
    Column("income_percent", Integer),
    Column("value_before", SmallInteger, nullable=False),
    Column("income_percent_before", Integer),
    Column("month_before", Integer, comment="of the last day before it; 12 * year + month - 1"),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, nullable=False),
    Column("fact_id", Uuid),
    Column("revision", Integer),
)

spell = _standing(
    "spell",
    Column("person_id", Uuid, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("scheme", Text),
    Column("amount_fen", BigInteger),
    Column("after_expiry", Boolean, nullable=False, comment="a freeze or cancellation for not renewing (READ-11)"),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, nullable=False),
    Column("run_from", Date, nullable=False, comment="of the unbroken run of such spells it belongs to"),
    Column("run_to", Date, nullable=False),
    Column("event_month", Integer, nullable=False, comment="of the beginning of the run"),
    Column("fact_id", Uuid, nullable=False),
    Column("revision", Integer),
)

determination = _standing(
    "determination",
    Column("award_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("scheme", Text, nullable=False),
    Column("division", Text, nullable=False),
    Column("county", Text, nullable=False),
    Column("application_date", Date, nullable=False),
    Column("application_month", Integer, nullable=False, comment="12 * year + month - 1"),
    Column(
        "single",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="the person and scheme never had another; false where that is not known",
    ),
    key=("person_id", "scheme"),
)
Index("ix_determination_award_id", determination.c.award_id)
Index("ix_determination_county", determination.c.county)

pause = _standing(
    "pause",
    Column("pause_id", Uuid, nullable=False),
    Column("award_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("first_day", Date, nullable=False, comment="of the first month paused"),
    Column("until", Date, nullable=False, comment="first day of the first month no longer paused"),
    Column("reason", Text, nullable=False),
    Column("recorded_by", Text, nullable=False),
)

back_payment = _standing(
    "back_payment",
    Column("decision_id", Uuid, nullable=False),
    Column("award_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("reason", Text, nullable=False),
    Column("recorded_by", Text, nullable=False),
)

payment_line = tables_payroll.payment_line

person_record = _standing(
    "person_record",
    Column("record_id", Uuid, nullable=False, comment="of the register; it was absorbed, now or once"),
    Column("person_id", Uuid, nullable=False, comment="whose it is: the surviving record's, or its own"),
    key=("record_id",),
)
Index("ix_person_record_person_id", person_record.c.person_id)

finding = Table(
    "finding",
    metadata,
    Column("finding_id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("scheme", Text, nullable=False),
    Column("division", Text, nullable=False),
    Column("award_id", Uuid),
    Column("month", Date, nullable=False, comment="first day of the month last looked at"),
    Column("since", Date, nullable=False, comment="first day of the first month of which it is so"),
    Column("amount_fen", BigInteger, nullable=False, comment="a month: not paid, or paid for nothing"),
    Column("rules", BigInteger, nullable=False, comment="numbers of the rules that say why"),
    Column("state", Text, nullable=False),
    Column("found_at", TIMESTAMP(timezone=True), nullable=False),
    Column("closed_at", TIMESTAMP(timezone=True)),
    Column("closed_by", Text),
    Column("closing_cipher", LargeBinary, comment="why it was closed, in words"),
    CheckConstraint("kind IN ('ELIGIBLE_UNPAID', 'STOP_MISSED')", name="kind_is_known"),
    CheckConstraint("state IN ('OPEN', 'SETTLED', 'CLOSED')", name="state_is_known"),
    CheckConstraint("(state = 'OPEN') = (closed_at IS NULL)", name="closed_when_not_open"),
    Index("uq_finding_open", "kind", "person_id", "scheme", unique=True, postgresql_where=text("state = 'OPEN'")),
    Index("ix_finding_division", "division", "finding_id", postgresql_ops={"division": "text_pattern_ops"}),
    Index("ix_finding_person_id", "person_id"),
)
