"""Changes of divisions: what was merged, split, renamed or moved, into what, since when (ID-21)."""

from __future__ import annotations

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from services.registry.adapters.schema import metadata

division_change = Table(
    "division_change",
    metadata,
    Column("change_id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("basis", Text, nullable=False, comment="the decision's document number"),
    Column("state", Text, nullable=False),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    Column("applied_at", TIMESTAMP(timezone=True)),
    CheckConstraint("kind IN ('MERGE', 'SPLIT', 'RENAME', 'RECODE')", name="kind_is_known"),
    CheckConstraint("state IN ('PLANNED', 'APPLYING', 'APPLIED', 'CANCELLED')", name="state_is_known"),
)

division_succession = Table(
    "division_succession",
    metadata,
    Column("succession_id", Uuid, primary_key=True),
    Column("change_id", Uuid, ForeignKey("division_change.change_id"), nullable=False),
    Column("predecessor", Text, nullable=False),
    Column("successor", Text, nullable=False),
    Column("name", Text, nullable=False, comment="of the successor"),
    UniqueConstraint("predecessor", "successor", "change_id", name="uq_division_succession_step"),
    Index("ix_division_succession_successor", "successor"),
)
