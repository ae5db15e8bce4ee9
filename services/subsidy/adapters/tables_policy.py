"""Policy documents: a draft, then approved by a second person, then in force until it is withdrawn."""

from __future__ import annotations

from sqlalchemy import TIMESTAMP, BigInteger, CheckConstraint, Column, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.subsidy.adapters.schema import metadata

policy_document = Table(
    "policy_document",
    metadata,
    Column("policy_id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("division", Text, nullable=False, comment="* is the nation"),
    Column("since", Text, nullable=False, comment="first month"),
    Column("title", Text, nullable=False),
    Column("legal_basis", Text, nullable=False),
    Column("body", JSONB, nullable=False, comment="the whole document"),
    Column("status", Text, nullable=False),
    Column("created_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("created_by", Text, nullable=False),
    Column("in_force_at", TIMESTAMP(timezone=True), comment="when it was approved: known from then on"),
    Column("approved_by", Text),
    Column("withdrawn_at", TIMESTAMP(timezone=True)),
    CheckConstraint("status IN ('DRAFT', 'IN_FORCE', 'WITHDRAWN', 'DISCARDED')", name="status_is_known"),
    CheckConstraint("(status IN ('IN_FORCE', 'WITHDRAWN')) = (in_force_at IS NOT NULL)", name="in_force_since"),
    CheckConstraint("approved_by IS NULL OR approved_by <> created_by", name="four_eyes"),
    Index("ix_policy_document_in_force", "in_force_at", postgresql_where=text("in_force_at IS NOT NULL")),
)
