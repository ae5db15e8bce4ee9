"""Entitlement: facts, decisions and policy as dated data."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


RUNNING = "status IN ('ACTIVE', 'SUSPENDED', 'PAUSED')"


def upgrade() -> None:
    op.add_column("award_step", sa.Column("reason", sa.Text(), nullable=True, comment="why a person decided it"))
    op.drop_index("uq_award_running", table_name="award")
    op.create_index(
        "uq_award_running", "award", ["person_id", "scheme"], unique=True, postgresql_where=sa.text(RUNNING)
    )
    op.create_table(
        "back_payment",
        sa.Column("row_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("known_from", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("known_to", sa.TIMESTAMP(timezone=True), server_default=sa.text("'infinity'"), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_back_payment")),
    )
    op.create_index("ix_back_payment_person_id", "back_payment", ["person_id"], unique=False)
    op.create_table(
        "determination",
        sa.Column("row_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("application_date", sa.Date(), nullable=False),
        sa.Column("application_month", sa.Integer(), nullable=False, comment="12 * year + month - 1"),
        sa.Column(
            "single",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="the person and scheme never had another; false where that is not known",
        ),
        sa.Column("known_from", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("known_to", sa.TIMESTAMP(timezone=True), server_default=sa.text("'infinity'"), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_determination")),
    )
    op.create_index("ix_determination_award_id", "determination", ["award_id"], unique=False)
    op.create_index("ix_determination_county", "determination", ["county"], unique=False)
    op.create_index("ix_determination_person_id_scheme", "determination", ["person_id", "scheme"], unique=False)
    op.create_table(
        "fact",
        sa.Column("fact_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("dibao_class", sa.SmallInteger(), nullable=True),
        sa.Column("income_percent", sa.Integer(), nullable=True),
        sa.Column("scheme", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False, comment="of the source, 0 is the best"),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("superseded_at", sa.TIMESTAMP(timezone=True), nullable=True, comment="null: the newest revision"),
        sa.CheckConstraint("amount_fen IS NULL OR amount_fen >= 0", name=op.f("ck_fact_amount_is_not_negative")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_fact_holds_on_some_day")),
        sa.PrimaryKeyConstraint("fact_id", "revision", name=op.f("pk_fact")),
    )
    op.create_index(
        "ix_fact_division",
        "fact",
        ["division", "fact_id"],
        unique=False,
        postgresql_ops={"division": "text_pattern_ops"},
    )
    op.create_index("ix_fact_person_id", "fact", ["person_id"], unique=False)
    op.create_index(
        "uq_fact_current", "fact", ["fact_id"], unique=True, postgresql_where=sa.text("superseded_at IS NULL")
    )
    op.create_table(
        "finding",
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=True),
        sa.Column("month", sa.Date(), nullable=False, comment="first day of the month last looked at"),
        sa.Column("since", sa.Date(), nullable=False, comment="first day of the first month of which it is so"),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False, comment="a month: not paid, or paid for nothing"),
        sa.Column("rules", sa.BigInteger(), nullable=False, comment="numbers of the rules that say why"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("found_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("closing_cipher", sa.LargeBinary(), nullable=True, comment="why it was closed, in words"),
        sa.CheckConstraint("(state = 'OPEN') = (closed_at IS NULL)", name=op.f("ck_finding_closed_when_not_open")),
        sa.CheckConstraint("kind IN ('ELIGIBLE_UNPAID', 'STOP_MISSED')", name=op.f("ck_finding_kind_is_known")),
        sa.CheckConstraint("state IN ('OPEN', 'SETTLED', 'CLOSED')", name=op.f("ck_finding_state_is_known")),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_finding")),
    )
    op.create_index(
        "ix_finding_division",
        "finding",
        ["division", "finding_id"],
        unique=False,
        postgresql_ops={"division": "text_pattern_ops"},
    )
    op.create_index("ix_finding_person_id", "finding", ["person_id"], unique=False)
    op.create_index(
        "uq_finding_open",
        "finding",
        ["kind", "person_id", "scheme"],
        unique=True,
        postgresql_where=sa.text("state = 'OPEN'"),
    )
    op.create_table(
        "held_card",
        sa.Column("row_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("held_to", sa.Date(), nullable=False, comment="the issue of the next card"),
        sa.Column("cancelled_on", sa.Date(), nullable=False),
        sa.Column(
            "component", sa.SmallInteger(), nullable=False, comment="4 * (category - 1) + grade - 1; a row for each"
        ),
        sa.Column("components", sa.Integer(), nullable=False, comment="mask of all components of the card"),
        sa.Column(
            "components_before", sa.Integer(), nullable=False, comment="of the card it followed; 0: it was the first"
        ),
        sa.Column("issued_month", sa.Integer(), nullable=False, comment="12 * year + month - 1"),
        sa.Column(
            "counts_to",
            sa.Date(),
            nullable=False,
            comment="after the day of the next issue, unless frozen or cancelled then",
        ),
        sa.Column("expiry_month", sa.Integer(), nullable=False),
        sa.Column("expiry_county", sa.Text(), nullable=True, comment="where its holder was at home when it expired"),
        sa.Column("known_from", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("known_to", sa.TIMESTAMP(timezone=True), server_default=sa.text("'infinity'"), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_held_card")),
    )
    op.create_index("ix_held_card_person_id", "held_card", ["person_id"], unique=False)
    op.create_table(
        "home",
        sa.Column("row_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False, comment="the day of the move"),
        sa.Column("back_on", sa.Date(), nullable=False, comment="when the household came back to this county"),
        sa.Column("known_from", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("known_to", sa.TIMESTAMP(timezone=True), server_default=sa.text("'infinity'"), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_home")),
    )
    op.create_index("ix_home_county", "home", ["county"], unique=False)
    op.create_index("ix_home_person_id", "home", ["person_id"], unique=False)
    op.create_table(
        "level",
        sa.Column("row_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.SmallInteger(), nullable=False, comment="0: nothing is known for these days"),
        sa.Column("dibao_class", sa.SmallInteger(), nullable=False),
        sa.Column("income_percent", sa.Integer(), nullable=True),
        sa.Column("value_before", sa.SmallInteger(), nullable=False),
        sa.Column("income_percent_before", sa.Integer(), nullable=True),
        sa.Column(
            "month_before", sa.Integer(), nullable=True, comment="of the last day before it; 12 * year + month - 1"
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("fact_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("known_from", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("known_to", sa.TIMESTAMP(timezone=True), server_default=sa.text("'infinity'"), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_level")),
    )
    op.create_index("ix_level_person_id", "level", ["person_id"], unique=False)
    op.create_table(
        "pause",
        sa.Column("row_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("pause_id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False, comment="of the first month paused"),
        sa.Column("until", sa.Date(), nullable=False, comment="first day of the first month no longer paused"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("known_from", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("known_to", sa.TIMESTAMP(timezone=True), server_default=sa.text("'infinity'"), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_pause")),
    )
    op.create_index("ix_pause_person_id", "pause", ["person_id"], unique=False)
    op.create_table(
        "payment_line",
        sa.Column("row_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("month", sa.Date(), nullable=False, comment="first day of the month owed"),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("seq", sa.SmallInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("known_from", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("known_to", sa.TIMESTAMP(timezone=True), server_default=sa.text("'infinity'"), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_payment_line")),
    )
    op.create_index("ix_payment_line_person_id", "payment_line", ["person_id"], unique=False)
    op.create_index(
        "uq_payment_line_current",
        "payment_line",
        ["month", "person_id", "scheme", "seq"],
        unique=True,
        postgresql_where=sa.text("known_to = 'infinity'"),
    )
    op.create_table(
        "policy_document",
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False, comment="* is the nation"),
        sa.Column("since", sa.Text(), nullable=False, comment="first month"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
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
        sa.CheckConstraint(
            "(status IN ('IN_FORCE', 'WITHDRAWN')) = (in_force_at IS NOT NULL)",
            name=op.f("ck_policy_document_in_force_since"),
        ),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'IN_FORCE', 'WITHDRAWN', 'DISCARDED')", name=op.f("ck_policy_document_status_is_known")
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> created_by", name=op.f("ck_policy_document_four_eyes")
        ),
        sa.PrimaryKeyConstraint("policy_id", name=op.f("pk_policy_document")),
    )
    op.create_index(
        "ix_policy_document_in_force",
        "policy_document",
        ["in_force_at"],
        unique=False,
        postgresql_where=sa.text("in_force_at IS NOT NULL"),
    )
    op.create_table(
        "spell",
        sa.Column("row_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column(
            "after_expiry", sa.Boolean(), nullable=False, comment="a freeze or cancellation for not renewing (READ-11)"
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("run_from", sa.Date(), nullable=False, comment="of the unbroken run of such spells it belongs to"),
        sa.Column("run_to", sa.Date(), nullable=False),
        sa.Column("event_month", sa.Integer(), nullable=False, comment="of the beginning of the run"),
        sa.Column("fact_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("known_from", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("known_to", sa.TIMESTAMP(timezone=True), server_default=sa.text("'infinity'"), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_spell")),
    )
    op.create_index("ix_spell_person_id", "spell", ["person_id"], unique=False)


def downgrade() -> None:
    op.drop_index("uq_award_running", table_name="award", postgresql_where=sa.text(RUNNING))
    op.create_index(
        "uq_award_running",
        "award",
        ["person_id", "scheme"],
        unique=True,
        postgresql_where=sa.text("status IN ('ACTIVE', 'SUSPENDED')"),
    )
    op.drop_column("award_step", "reason")
    op.drop_index("ix_spell_person_id", table_name="spell")
    op.drop_table("spell")
    op.drop_index(
        "ix_policy_document_in_force", table_name="policy_document", postgresql_where=sa.text("in_force_at IS NOT NULL")
    )
    op.drop_table("policy_document")
    op.drop_index(
        "uq_payment_line_current", table_name="payment_line", postgresql_where=sa.text("known_to = 'infinity'")
    )
    op.drop_index("ix_payment_line_person_id", table_name="payment_line")
    op.drop_table("payment_line")
    op.drop_index("ix_pause_person_id", table_name="pause")
    op.drop_table("pause")
    op.drop_index("ix_level_person_id", table_name="level")
    op.drop_table("level")
    op.drop_index("ix_home_person_id", table_name="home")
    op.drop_index("ix_home_county", table_name="home")
    op.drop_table("home")
    op.drop_index("ix_held_card_person_id", table_name="held_card")
    op.drop_table("held_card")
    op.drop_index("uq_finding_open", table_name="finding", postgresql_where=sa.text("state = 'OPEN'"))
    op.drop_index("ix_finding_person_id", table_name="finding")
    op.drop_index("ix_finding_division", table_name="finding", postgresql_ops={"division": "text_pattern_ops"})
    op.drop_table("finding")
    op.drop_index("uq_fact_current", table_name="fact", postgresql_where=sa.text("superseded_at IS NULL"))
    op.drop_index("ix_fact_person_id", table_name="fact")
    op.drop_index("ix_fact_division", table_name="fact", postgresql_ops={"division": "text_pattern_ops"})
    op.drop_table("fact")
    op.drop_index("ix_determination_person_id_scheme", table_name="determination")
    op.drop_index("ix_determination_county", table_name="determination")
    op.drop_index("ix_determination_award_id", table_name="determination")
    op.drop_table("determination")
    op.drop_index("ix_back_payment_person_id", table_name="back_payment")
    op.drop_table("back_payment")
