"""Comparison: what bureaus' lists say of persons, suspects with their steps and papers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """The lists and the suspects."""
    op.create_table(
        "list_entry",
        sa.Column("entry_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "event_on", sa.Date(), nullable=False, comment="the day it tells of; of an undated list the first receipt"
        ),
        sa.Column("scheme", sa.Text(), server_default="", nullable=False, comment="empty: not of one scheme"),
        sa.Column("until", sa.Date(), nullable=True, comment="the first day it no longer holds"),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("judged", sa.Boolean(), nullable=False, comment="a judgment to imprisonment is told"),
        sa.Column("category", sa.SmallInteger(), nullable=True),
        sa.Column("grade", sa.SmallInteger(), nullable=True),
        sa.Column("card_state", sa.Text(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column(
            "first_seen_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("last_seen_on", sa.Date(), nullable=False, comment="the day a list told it last"),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('DEATH_POLICE', 'DEATH_HEALTH', 'CREMATION', 'PRISON', 'HOUSEHOLD_MOVE', 'DIBAO_ROSTER', 'DIBAO_EXIT', 'TEKUN', 'WORK_INJURY_CARE', 'ORPHAN', 'UNATTENDED_FULL', 'ELDER_NURSING', 'PAID_ELSEWHERE', 'CERTIFICATES', 'CERTIFICATE_ALTERED')",
            name=op.f("ck_list_entry_kind_is_known"),
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_list_entry")),
    )
    op.create_index("ix_list_entry_last_seen_on", "list_entry", ["last_seen_on"], unique=False)
    op.create_index("ix_list_entry_person_id", "list_entry", ["person_id"], unique=False)
    op.create_index("uq_list_entry", "list_entry", ["kind", "person_id", "event_on", "scheme"], unique=True)
    op.create_table(
        "suspect",
        sa.Column("suspect_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("check_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "division", sa.Text(), nullable=False, comment="who has it: a county, or the township it was handed down to"
        ),
        sa.Column("month", sa.Date(), nullable=False, comment="first day of the month it was found in last"),
        sa.Column(
            "facts", sa.LargeBinary(), nullable=False, comment="digest of what was found: it is not cleared twice"
        ),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="lists and days, schemes, months, fen: never a name or number",
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True, comment="null: nobody waits"),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("cleared", sa.LargeBinary(), nullable=True, comment="digest it was cleared of"),
        sa.Column("judgment_seen", sa.Boolean(), nullable=False),
        sa.Column(
            "holds",
            sa.Boolean(),
            sa.Computed(
                "state NOT IN ('CLOSED', 'FALSE_POSITIVE') AND (check_id IN ('DX-10', 'DX-11') OR (check_id IN ('DX-19') AND judgment_seen))",
                persisted=True,
            ),
            nullable=False,
            comment="no money leaves (READ-22)",
        ),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("found_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint(
            "(state = 'CLOSED') = (due_on IS NULL)", name=op.f("ck_suspect_somebody_has_it_until_closed")
        ),
        sa.CheckConstraint(
            "check_id IN ('DX-10', 'DX-11', 'DX-12', 'DX-13', 'DX-14', 'DX-15', 'DX-16', 'DX-17', 'DX-18', 'DX-19', 'DX-20', 'DX-21', 'DX-22', 'DX-23', 'DX-24', 'DX-25')",
            name=op.f("ck_suspect_check_is_known"),
        ),
        sa.CheckConstraint(
            "state IN ('NEW', 'DISTRIBUTED', 'IN_VERIFICATION', 'NEEDS_MORE', 'CONFIRMED', 'FALSE_POSITIVE', 'ACTION_TAKEN', 'RESULT_REPORTED', 'CLOSED')",
            name=op.f("ck_suspect_state_is_known"),
        ),
        sa.PrimaryKeyConstraint("suspect_id", name=op.f("pk_suspect")),
    )
    op.create_index(
        "ix_suspect_division",
        "suspect",
        ["division", "suspect_id"],
        unique=False,
        postgresql_ops={"division": "text_pattern_ops"},
    )
    op.create_index(
        "ix_suspect_due_on",
        "suspect",
        ["due_on", "suspect_id"],
        unique=False,
        postgresql_where=sa.text("due_on IS NOT NULL"),
    )
    op.create_index("ix_suspect_holds", "suspect", ["person_id"], unique=False, postgresql_where=sa.text("holds"))
    op.create_index("ix_suspect_person_id", "suspect", ["person_id"], unique=False)
    op.create_index("uq_suspect_check_person", "suspect", ["check_id", "person_id"], unique=True)
    op.create_table(
        "suspect_paper",
        sa.Column("paper_id", sa.Uuid(), nullable=False, comment="of the sender's"),
        sa.Column("suspect_id", sa.Uuid(), nullable=False),
        sa.Column("blob_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["suspect_id"], ["suspect.suspect_id"], name=op.f("fk_suspect_paper_suspect_id")),
        sa.PrimaryKeyConstraint("paper_id", name=op.f("pk_suspect_paper")),
    )
    op.create_index("ix_suspect_paper_suspect_id", "suspect_paper", ["suspect_id"], unique=False)
    op.create_table(
        "suspect_step",
        sa.Column("suspect_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False, comment="the suspect had after it"),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("state_before", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column(
            "papers",
            postgresql.ARRAY(sa.Uuid()),
            server_default="{}",
            nullable=False,
            comment="what the step stands on",
        ),
        sa.Column(
            "words_cipher", sa.LargeBinary(), nullable=True, comment="what was found, in words that may name anybody"
        ),
        sa.Column("at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["suspect_id"], ["suspect.suspect_id"], name=op.f("fk_suspect_step_suspect_id")),
        sa.PrimaryKeyConstraint("suspect_id", "version", name=op.f("pk_suspect_step")),
    )


def downgrade() -> None:
    """Without them."""
    for table in ("suspect_paper", "suspect_step", "suspect", "list_entry"):
        op.drop_table(table)
