"""Integrity audits: what was judged, and what was found. Neither is ever changed."""

from __future__ import annotations

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)

from services.subsidy.adapters.schema import metadata

integrity_audit = Table(
    "integrity_audit",
    metadata,
    Column("audit_id", Uuid, primary_key=True),
    Column("division", Text, nullable=False, comment="* is everywhere"),
    Column("first_month", Date, nullable=False),
    Column("last_month", Date, nullable=False),
    Column("known_at", TIMESTAMP(timezone=True), nullable=False, comment="all that was known then was judged by"),
    Column("policy_digest", Text, nullable=False),
    Column("previous_id", Uuid, comment="the audit before of the same division, which it is set beside"),
    Column("judged", BigInteger, nullable=False, comment="persons, schemes and months with money"),
    Column("paid_fen", BigInteger, nullable=False, comment="paid, or on its way"),
    Column("unpriced", BigInteger, nullable=False, comment="paid, and nobody can say what was due (READ-14)"),
    Column("found", BigInteger, nullable=False),
    Column("at_stake_fen", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    CheckConstraint("first_month <= last_month", name="months_fit"),
)

integrity_finding = Table(
    "integrity_finding",
    metadata,
    Column("audit_id", Uuid, ForeignKey("integrity_audit.audit_id"), primary_key=True),
    Column("person_id", Uuid, primary_key=True),
    Column("scheme", Text, primary_key=True),
    Column("month", Date, primary_key=True, comment="owed for"),
    Column("standing", Text, nullable=False, comment="beside the audit before"),
    Column("rule", Text, nullable=False),
    Column("since", Date, nullable=False, comment="first of the months in a row with the same rule"),
    Column("county", Text, nullable=False, comment="which paid first"),
    Column("award_id", Uuid),
    Column("lines", Integer, nullable=False),
    Column("paid_fen", BigInteger, nullable=False, comment="paid, or on its way"),
    Column("due_fen", BigInteger, nullable=False),
    Column("rules", BigInteger, nullable=False, comment="which say why it is not due"),
    Column("locked_at", TIMESTAMP(timezone=True), nullable=False, comment="of its first line"),
    CheckConstraint("paid_fen > due_fen AND due_fen >= 0", name="more_paid_than_due"),
    CheckConstraint("standing IN ('NEW', 'STILL', 'GONE')", name="standing_is_known"),
    Index("ix_integrity_finding_person_id", "person_id"),
)
