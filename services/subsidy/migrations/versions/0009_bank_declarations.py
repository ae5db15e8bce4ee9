"""Declarations of banks' files: drafted, approved by a second person, withdrawn."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "bank_declaration",
        sa.Column("declaration_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False, comment="* is the nation"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="the whole document"),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column(
            "created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column(
            "in_force_at",
            sa.TIMESTAMP(timezone=True),
            nullable=True,
            comment="when it was approved: known from then on",
        ),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("code", sa.Text(), nullable=False, comment="names it among those of its division"),
        sa.CheckConstraint(
            "(status IN ('IN_FORCE', 'WITHDRAWN')) = (in_force_at IS NOT NULL)",
            name=op.f("ck_bank_declaration_in_force_since"),
        ),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'IN_FORCE', 'WITHDRAWN', 'DISCARDED')",
            name=op.f("ck_bank_declaration_status_is_known"),
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> created_by", name=op.f("ck_bank_declaration_four_eyes")
        ),
        sa.PrimaryKeyConstraint("declaration_id", name=op.f("pk_bank_declaration")),
    )
    op.create_index(
        "uq_bank_declaration_in_force",
        "bank_declaration",
        ["division", "code"],
        unique=True,
        postgresql_where=sa.text("status = 'IN_FORCE'"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_bank_declaration_in_force",
        table_name="bank_declaration",
        postgresql_where=sa.text("status = 'IN_FORCE'"),
    )
    op.drop_table("bank_declaration")
