"""Applications with their steps, notices and objections (RULES 4.6)."""

from __future__ import annotations

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from services.subsidy.adapters.schema import metadata
from services.subsidy.domain.application_state import OPEN

_OPEN = ", ".join(f"'{state}'" for state in OPEN)

application = Table(
    "application",
    metadata,
    Column("application_id", Uuid, primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("scheme", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("filed_by", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("home", Text, nullable=False, comment="the division that decides and pays"),
    Column("acceptance", Text, nullable=False, comment="the division that took it in"),
    Column("application_date", Date, nullable=False),
    Column("entered_on", Date, nullable=False),
    Column("due_on", Date),
    Column("remote", Boolean, nullable=False, comment="taken in away from home, or online"),
    Column("push_by", Date),
    Column("pushed_on", Date),
    Column("decide_by", Date),
    Column("tell_by", Date),
    Column("pushed_late", Boolean, nullable=False),
    Column("decided_late", Boolean, nullable=False),
    Column("told_late", Boolean, nullable=False),
    Column("papers", Text, nullable=False),
    Column("asked_papers", Text, nullable=False, comment="everything that was missing, listed once"),
    Column("failing", Text, comment="rules by which it had to be refused when last asked; null: never asked"),
    Column("amount_fen", BigInteger, comment="of the first month, when last asked"),
    Column("problem", Text),
    Column("notice_until", Date),
    Column("decided_on", Date),
    Column("told_on", Date),
    Column("refusal", Text),
    Column("reason_cipher", LargeBinary, comment="why, in words for the applicant"),
    Column("award_id", Uuid, ForeignKey("award.award_id")),
    Column("accepted_by", Text, nullable=False),
    Column("checked_by", Text),
    Column("reviewed_by", Text),
    Column("refused_by", Text),
    Column("number_cipher", LargeBinary, comment="identity number of the applicant"),
    Column("number_index", LargeBinary, comment="finds a person's earlier applications"),
    Column("form_cipher", LargeBinary, comment="names, telephones, account: what the form says"),
    Column("forgotten_at", TIMESTAMP(timezone=True), comment="when form and words were forgotten"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Index("uq_application_open", "person_id", "scheme", unique=True, postgresql_where=text(f"state IN ({_OPEN})")),
    Index("ix_application_person_id", "person_id"),
    Index("ix_application_number_index", "number_index"),
    Index("ix_application_home", "home", "application_id", postgresql_ops={"home": "text_pattern_ops"}),
    Index(
        "ix_application_acceptance", "acceptance", "application_id", postgresql_ops={"acceptance": "text_pattern_ops"}
    ),
    Index("ix_application_due_on", "due_on", "application_id", postgresql_where=text("due_on IS NOT NULL")),
    Index("ix_application_remote", "application_date", postgresql_where=text("remote")),
)

application_step = Table(
    "application_step",
    metadata,
    Column("application_id", Uuid, ForeignKey("application.application_id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True, comment="the version the application had after it"),
    Column("step", Text, nullable=False),
    Column("source", Text),
    Column("target", Text, nullable=False),
    Column("desk", Text, nullable=False, comment="whose turn it was from then on"),
    Column("entered_on", Date, nullable=False),
    Column("due_on", Date),
    Column("left_on", Date, comment="null: still there"),
    Column("failing", Text, comment="what the rules said at this step"),
    Column("amount_fen", BigInteger),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("trace_id", Text, nullable=False),
    Index("ix_application_step_desk", "desk", "entered_on", postgresql_where=text("due_on IS NOT NULL")),
)
"""Every step that was taken, and by when the next had to be: the history of a case and its clocks in one."""

public_notice = Table(
    "public_notice",
    metadata,
    Column("notice_id", Uuid, primary_key=True),
    Column("application_id", Uuid, ForeignKey("application.application_id"), nullable=False),
    Column("division", Text, nullable=False, comment="where it is posted"),
    Column("amount_fen", BigInteger, nullable=False),
    Column("posted_on", Date, nullable=False),
    Column("until", Date, nullable=False, comment="its last day"),
    Column("ended_on", Date),
    Column("recorded_by", Text, nullable=False),
    Index("ix_public_notice_application_id", "application_id"),
    Index(
        "ix_public_notice_posted",
        "division",
        "notice_id",
        postgresql_ops={"division": "text_pattern_ops"},
        postgresql_where=text("ended_on IS NULL"),
    ),
)

objection = Table(
    "objection",
    metadata,
    Column("objection_id", Uuid, primary_key=True),
    Column("application_id", Uuid, ForeignKey("application.application_id"), nullable=False),
    Column("filed_on", Date, nullable=False),
    Column("words_cipher", LargeBinary, comment="may name anybody"),
    Column("state", Text, nullable=False),
    Column("decided_on", Date),
    Column("decided_by", Text),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    CheckConstraint("state IN ('OPEN', 'UPHELD', 'DISMISSED')", name="state_is_known"),
    CheckConstraint("(state = 'OPEN') = (decided_on IS NULL)", name="decided_on_a_day"),
    Index("ix_objection_application_id", "application_id"),
)
