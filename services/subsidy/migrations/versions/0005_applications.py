"""Applications: cases, steps, notices, objections; the calendar of working days."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "working_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False, comment="empty: everywhere"),
        sa.Column("works", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("day", "division", name=op.f("pk_working_day")),
    )
    op.create_table(
        "working_year",
        sa.Column("year", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("division", sa.Text(), nullable=False, comment="empty: everywhere"),
        sa.Column("basis", sa.Text(), nullable=False, comment="the notice"),
        sa.Column("recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("year", "division", name=op.f("pk_working_year")),
    )
    op.create_table(
        "application",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("filed_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False, comment="the division that decides and pays"),
        sa.Column("acceptance", sa.Text(), nullable=False, comment="the division that took it in"),
        sa.Column("application_date", sa.Date(), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("remote", sa.Boolean(), nullable=False, comment="taken in away from home, or online"),
        sa.Column("push_by", sa.Date(), nullable=True),
        sa.Column("pushed_on", sa.Date(), nullable=True),
        sa.Column("decide_by", sa.Date(), nullable=True),
        sa.Column("tell_by", sa.Date(), nullable=True),
        sa.Column("pushed_late", sa.Boolean(), nullable=False),
        sa.Column("decided_late", sa.Boolean(), nullable=False),
        sa.Column("told_late", sa.Boolean(), nullable=False),
        sa.Column("papers", sa.Text(), nullable=False),
        sa.Column("asked_papers", sa.Text(), nullable=False, comment="everything that was missing, listed once"),
        sa.Column(
            "failing",
            sa.Text(),
            nullable=True,
            comment="rules by which it had to be refused when last asked; null: never asked",
        ),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True, comment="of the first month, when last asked"),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("notice_until", sa.Date(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("told_on", sa.Date(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("reason_cipher", sa.LargeBinary(), nullable=True, comment="why, in words for the applicant"),
        sa.Column("award_id", sa.Uuid(), nullable=True),
        sa.Column("accepted_by", sa.Text(), nullable=False),
        sa.Column("checked_by", sa.Text(), nullable=True),
        sa.Column("reviewed_by", sa.Text(), nullable=True),
        sa.Column("refused_by", sa.Text(), nullable=True),
        sa.Column("number_cipher", sa.LargeBinary(), nullable=True, comment="identity number of the applicant"),
        sa.Column("number_index", sa.LargeBinary(), nullable=True, comment="finds a person's earlier applications"),
        sa.Column(
            "form_cipher", sa.LargeBinary(), nullable=True, comment="names, telephones, account: what the form says"
        ),
        sa.Column(
            "forgotten_at", sa.TIMESTAMP(timezone=True), nullable=True, comment="when form and words were forgotten"
        ),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["award_id"], ["award.award_id"], name=op.f("fk_application_award_id")),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_application")),
    )
    op.create_index(
        "ix_application_acceptance",
        "application",
        ["acceptance", "application_id"],
        unique=False,
        postgresql_ops={"acceptance": "text_pattern_ops"},
    )
    op.create_index(
        "ix_application_due_on",
        "application",
        ["due_on", "application_id"],
        unique=False,
        postgresql_where=sa.text("due_on IS NOT NULL"),
    )
    op.create_index(
        "ix_application_home",
        "application",
        ["home", "application_id"],
        unique=False,
        postgresql_ops={"home": "text_pattern_ops"},
    )
    op.create_index("ix_application_number_index", "application", ["number_index"], unique=False)
    op.create_index("ix_application_person_id", "application", ["person_id"], unique=False)
    op.create_index(
        "ix_application_remote", "application", ["application_date"], unique=False, postgresql_where=sa.text("remote")
    )
    op.create_index(
        "uq_application_open",
        "application",
        ["person_id", "scheme"],
        unique=True,
        postgresql_where=sa.text(
            "state IN ('SUBMITTED', 'INCOMPLETE', 'PUSHED', 'FIRST_CHECKED', 'REVIEWED', 'PRE_DETERMINED', 'IN_NOTICE', 'UNDER_REVIEW_REQUEST')"
        ),
    )
    op.create_table(
        "application_step",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="the version the application had after it"),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("desk", sa.Text(), nullable=False, comment="whose turn it was from then on"),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True, comment="null: still there"),
        sa.Column("failing", sa.Text(), nullable=True, comment="what the rules said at this step"),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.application_id"], name=op.f("fk_application_step_application_id")
        ),
        sa.PrimaryKeyConstraint("application_id", "ordinal", name=op.f("pk_application_step")),
    )
    op.create_index(
        "ix_application_step_desk",
        "application_step",
        ["desk", "entered_on"],
        unique=False,
        postgresql_where=sa.text("due_on IS NOT NULL"),
    )
    op.create_table(
        "objection",
        sa.Column("objection_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("filed_on", sa.Date(), nullable=False),
        sa.Column("words_cipher", sa.LargeBinary(), nullable=True, comment="may name anybody"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint("(state = 'OPEN') = (decided_on IS NULL)", name=op.f("ck_objection_decided_on_a_day")),
        sa.CheckConstraint("state IN ('OPEN', 'UPHELD', 'DISMISSED')", name=op.f("ck_objection_state_is_known")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.application_id"], name=op.f("fk_objection_application_id")
        ),
        sa.PrimaryKeyConstraint("objection_id", name=op.f("pk_objection")),
    )
    op.create_index("ix_objection_application_id", "objection", ["application_id"], unique=False)
    op.create_table(
        "public_notice",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False, comment="where it is posted"),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False, comment="its last day"),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.application_id"], name=op.f("fk_public_notice_application_id")
        ),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_public_notice")),
    )
    op.create_index("ix_public_notice_application_id", "public_notice", ["application_id"], unique=False)
    op.create_index(
        "ix_public_notice_posted",
        "public_notice",
        ["division", "notice_id"],
        unique=False,
        postgresql_ops={"division": "text_pattern_ops"},
        postgresql_where=sa.text("ended_on IS NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_public_notice_posted",
        table_name="public_notice",
        postgresql_ops={"division": "text_pattern_ops"},
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.drop_index("ix_public_notice_application_id", table_name="public_notice")
    op.drop_table("public_notice")
    op.drop_index("ix_objection_application_id", table_name="objection")
    op.drop_table("objection")
    op.drop_index(
        "ix_application_step_desk", table_name="application_step", postgresql_where=sa.text("due_on IS NOT NULL")
    )
    op.drop_table("application_step")
    op.drop_index(
        "uq_application_open",
        table_name="application",
        postgresql_where=sa.text(
            "state IN ('SUBMITTED', 'INCOMPLETE', 'PUSHED', 'FIRST_CHECKED', 'REVIEWED', 'PRE_DETERMINED', 'IN_NOTICE', 'UNDER_REVIEW_REQUEST')"
        ),
    )
    op.drop_index("ix_application_remote", table_name="application", postgresql_where=sa.text("remote"))
    op.drop_index("ix_application_person_id", table_name="application")
    op.drop_index("ix_application_number_index", table_name="application")
    op.drop_index("ix_application_home", table_name="application", postgresql_ops={"home": "text_pattern_ops"})
    op.drop_index("ix_application_due_on", table_name="application", postgresql_where=sa.text("due_on IS NOT NULL"))
    op.drop_index(
        "ix_application_acceptance", table_name="application", postgresql_ops={"acceptance": "text_pattern_ops"}
    )
    op.drop_table("application")
    op.drop_table("working_year")
    op.drop_table("working_day")
