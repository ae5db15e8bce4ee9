"""Proactive reminders and how their persons were told (SUB-71)."""

from __future__ import annotations

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.subsidy.adapters.schema import metadata

reminder = Table(
    "proactive_reminder",
    metadata,
    Column("reminder_id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("cause", Text, nullable=False),
    Column("cause_id", Uuid, nullable=False, comment="the fact of the dibao, or the certificate"),
    Column("cause_on", Date, nullable=False),
    Column("schemes", ARRAY(Text), nullable=False, comment="what could be paid and was not applied for"),
    Column("amount_fen", BigInteger, nullable=False, comment="of all of them, a month"),
    Column("division", Text, nullable=False, comment="whose work it is: where the person lives"),
    Column("division_found", Text, nullable=False, comment="where the person lived then: where it counts (RU-05)"),
    Column("found_on", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("reminded_on", Date, comment="the first day on which the person was told"),
    Column("ended_on", Date),
    Column("closed_by", Text),
    Column("closing_cipher", LargeBinary, comment="why it was closed, in words"),
    CheckConstraint("cause IN ('DIBAO_ENTRY', 'NEW_CARD')", name="cause_is_known"),
    CheckConstraint("state IN ('OPEN', 'REMINDED', 'APPLIED', 'LAPSED', 'CLOSED')", name="state_is_known"),
    CheckConstraint("(state IN ('OPEN', 'REMINDED')) = (ended_on IS NULL)", name="ended_on_a_day"),
    CheckConstraint("state <> 'REMINDED' OR reminded_on IS NOT NULL", name="reminded_on_a_day"),
    Index("uq_proactive_reminder_cause", "person_id", "cause", "cause_on", unique=True),
    Index("ix_proactive_reminder_cause_id", "cause_id"),
    Index("ix_proactive_reminder_division", "division", "reminder_id", postgresql_ops={"division": "text_pattern_ops"}),
    Index("ix_proactive_reminder_found_on", "found_on", "reminder_id"),
    Index("ix_proactive_reminder_active", "person_id", postgresql_where=text("state IN ('OPEN', 'REMINDED')")),
)

telling = Table(
    "reminder_telling",
    metadata,
    Column("telling_id", Uuid, primary_key=True),
    Column("reminder_id", Uuid, ForeignKey("proactive_reminder.reminder_id"), nullable=False),
    Column("medium", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("told_on", Date),
    Column("recipient_cipher", LargeBinary, comment="a telephone or an address, until it was answered for"),
    Column("evidence_cipher", LargeBinary, comment="what whoever carried it says, or the clerk who told it"),
    Column("requested_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("requested_by", Text, nullable=False),
    CheckConstraint("medium IN ('SMS', 'LETTER', 'IN_APP', 'PHONE', 'VISIT')", name="medium_is_known"),
    CheckConstraint("state IN ('WAITING', 'SENT', 'FAILED', 'CANCELLED')", name="state_is_known"),
    CheckConstraint("(state = 'SENT') = (told_on IS NOT NULL)", name="sent_on_a_day"),
    CheckConstraint("state = 'WAITING' OR recipient_cipher IS NULL", name="recipient_is_forgotten"),
    Index("uq_reminder_telling_waiting", "reminder_id", unique=True, postgresql_where=text("state = 'WAITING'")),
    Index("ix_reminder_telling_reminder_id", "reminder_id"),
)
