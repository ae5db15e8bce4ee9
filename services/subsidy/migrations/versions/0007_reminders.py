"""Proactive reminders and how their persons were told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """The cases, and the tellings of each."""
    op.create_table(
        "proactive_reminder",
        sa.Column("reminder_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("cause_id", sa.Uuid(), nullable=False, comment="the fact of the dibao, or the certificate"),
        sa.Column("cause_on", sa.Date(), nullable=False),
        sa.Column(
            "schemes",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="what could be paid and was not applied for",
        ),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False, comment="of all of them, a month"),
        sa.Column("division", sa.Text(), nullable=False, comment="whose work it is: where the person lives"),
        sa.Column(
            "division_found",
            sa.Text(),
            nullable=False,
            comment="where the person lived then: where it counts (RU-05)",
        ),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reminded_on", sa.Date(), nullable=True, comment="the first day on which the person was told"),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("closing_cipher", sa.LargeBinary(), nullable=True, comment="why it was closed, in words"),
        sa.CheckConstraint(
            "(state IN ('OPEN', 'REMINDED')) = (ended_on IS NULL)", name=op.f("ck_proactive_reminder_ended_on_a_day")
        ),
        sa.CheckConstraint("cause IN ('DIBAO_ENTRY', 'NEW_CARD')", name=op.f("ck_proactive_reminder_cause_is_known")),
        sa.CheckConstraint(
            "state <> 'REMINDED' OR reminded_on IS NOT NULL", name=op.f("ck_proactive_reminder_reminded_on_a_day")
        ),
        sa.CheckConstraint(
            "state IN ('OPEN', 'REMINDED', 'APPLIED', 'LAPSED', 'CLOSED')",
            name=op.f("ck_proactive_reminder_state_is_known"),
        ),
        sa.PrimaryKeyConstraint("reminder_id", name=op.f("pk_proactive_reminder")),
    )
    op.create_index(
        "ix_proactive_reminder_active",
        "proactive_reminder",
        ["person_id"],
        unique=False,
        postgresql_where=sa.text("state IN ('OPEN', 'REMINDED')"),
    )
    op.create_index("ix_proactive_reminder_cause_id", "proactive_reminder", ["cause_id"], unique=False)
    op.create_index(
        "ix_proactive_reminder_division",
        "proactive_reminder",
        ["division", "reminder_id"],
        unique=False,
        postgresql_ops={"division": "text_pattern_ops"},
    )
    op.create_index("ix_proactive_reminder_found_on", "proactive_reminder", ["found_on", "reminder_id"], unique=False)
    op.create_index(
        "uq_proactive_reminder_cause", "proactive_reminder", ["person_id", "cause", "cause_on"], unique=True
    )
    op.create_table(
        "reminder_telling",
        sa.Column("telling_id", sa.Uuid(), nullable=False),
        sa.Column("reminder_id", sa.Uuid(), nullable=False),
        sa.Column("medium", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("told_on", sa.Date(), nullable=True),
        sa.Column(
            "recipient_cipher",
            sa.LargeBinary(),
            nullable=True,
            comment="a telephone or an address, until it was answered for",
        ),
        sa.Column(
            "evidence_cipher",
            sa.LargeBinary(),
            nullable=True,
            comment="what whoever carried it says, or the clerk who told it",
        ),
        sa.Column(
            "requested_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "medium IN ('SMS', 'LETTER', 'IN_APP', 'PHONE', 'VISIT')", name=op.f("ck_reminder_telling_medium_is_known")
        ),
        sa.CheckConstraint(
            "state IN ('WAITING', 'SENT', 'FAILED', 'CANCELLED')", name=op.f("ck_reminder_telling_state_is_known")
        ),
        sa.CheckConstraint("(state = 'SENT') = (told_on IS NOT NULL)", name=op.f("ck_reminder_telling_sent_on_a_day")),
        sa.CheckConstraint(
            "state = 'WAITING' OR recipient_cipher IS NULL", name=op.f("ck_reminder_telling_recipient_is_forgotten")
        ),
        sa.ForeignKeyConstraint(
            ["reminder_id"], ["proactive_reminder.reminder_id"], name=op.f("fk_reminder_telling_reminder_id")
        ),
        sa.PrimaryKeyConstraint("telling_id", name=op.f("pk_reminder_telling")),
    )
    op.create_index("ix_reminder_telling_reminder_id", "reminder_telling", ["reminder_id"], unique=False)
    op.create_index(
        "uq_reminder_telling_waiting",
        "reminder_telling",
        ["reminder_id"],
        unique=True,
        postgresql_where=sa.text("state = 'WAITING'"),
    )


def downgrade() -> None:
    """Without them."""
    op.drop_table("reminder_telling")
    op.drop_table("proactive_reminder")
