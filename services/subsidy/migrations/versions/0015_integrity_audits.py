"""Integrity audits: every line judged again by what is known on the day, and what was found."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "integrity_audit",
        sa.Column("audit_id", sa.Uuid(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False, comment="* is everywhere"),
        sa.Column("first_month", sa.Date(), nullable=False),
        sa.Column("last_month", sa.Date(), nullable=False),
        sa.Column(
            "known_at",
            sa.TIMESTAMP(timezone=True),
            nullable=False,
            comment="all that was known then was judged by",
        ),
        sa.Column("policy_digest", sa.Text(), nullable=False),
        sa.Column(
            "previous_id",
            sa.Uuid(),
            nullable=True,
            comment="the audit before of the same division, which it is set beside",
        ),
        sa.Column("judged", sa.BigInteger(), nullable=False, comment="persons, schemes and months with money"),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False, comment="paid, or on its way"),
        sa.Column(
            "unpriced", sa.BigInteger(), nullable=False, comment="paid, and nobody can say what was due (READ-14)"
        ),
        sa.Column("found", sa.BigInteger(), nullable=False),
        sa.Column("at_stake_fen", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint("first_month <= last_month", name=op.f("ck_integrity_audit_months_fit")),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_integrity_audit")),
    )
    op.create_table(
        "integrity_finding",
        sa.Column("audit_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False, comment="owed for"),
        sa.Column("standing", sa.Text(), nullable=False, comment="beside the audit before"),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False, comment="first of the months in a row with the same rule"),
        sa.Column("county", sa.Text(), nullable=False, comment="which paid first"),
        sa.Column("award_id", sa.Uuid(), nullable=True),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False, comment="paid, or on its way"),
        sa.Column("due_fen", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.BigInteger(), nullable=False, comment="which say why it is not due"),
        sa.Column("locked_at", sa.TIMESTAMP(timezone=True), nullable=False, comment="of its first line"),
        sa.CheckConstraint("paid_fen > due_fen AND due_fen >= 0", name=op.f("ck_integrity_finding_more_paid_than_due")),
        sa.CheckConstraint("standing IN ('NEW', 'STILL', 'GONE')", name=op.f("ck_integrity_finding_standing_is_known")),
        sa.ForeignKeyConstraint(
            ["audit_id"], ["integrity_audit.audit_id"], name=op.f("fk_integrity_finding_audit_id_integrity_audit")
        ),
        sa.PrimaryKeyConstraint("audit_id", "person_id", "scheme", "month", name=op.f("pk_integrity_finding")),
    )
    op.create_index("ix_integrity_finding_person_id", "integrity_finding", ["person_id"], unique=False)
    for table in ("integrity_audit", "integrity_finding"):
        op.execute(
            f"CREATE TRIGGER {table}_is_written_once BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION payroll_refuse_change()"
        )


def downgrade() -> None:
    op.drop_table("integrity_finding")
    op.drop_table("integrity_audit")
