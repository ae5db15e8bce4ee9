"""Documents that decide: policy, and how banks want their files. Drafted, approved by a second person, withdrawn."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text, text

from services.subsidy.adapters.schema import metadata
from shared.kit.documents import life_columns

policy_document = Table(
    "policy_document",
    metadata,
    *life_columns("policy_id"),
    Column("since", Text, nullable=False, comment="first month"),
    Column("legal_basis", Text, nullable=False),
    Index("ix_policy_document_in_force", "in_force_at", postgresql_where=text("in_force_at IS NOT NULL")),
)

bank_declaration = Table(
    "bank_declaration",
    metadata,
    *life_columns("declaration_id"),
    Column("code", Text, nullable=False, comment="names it among those of its division"),
    Index(
        "uq_bank_declaration_in_force",
        "division",
        "code",
        unique=True,
        postgresql_where=text("status = 'IN_FORCE'"),
    ),
)
