"""Certificates, their history, reminders and the facts that stop them; campaigns; local rules.

Columns that are published carry the names of the contract's fields.
"""

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
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.registry.adapters.schema import metadata

certificate = Table(
    "certificate",
    metadata,
    Column("certificate_id", Uuid, primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.person_id"), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("division", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("category", SmallInteger, nullable=False),
    Column("grade", SmallInteger, nullable=False),
    Column("components", Text, nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("expires_on", Date, nullable=False),
    Column("number_cipher", LargeBinary, comment="null once the holder was erased"),
    Column("number_index", LargeBinary),
    Column("effective_on", Date, comment="the day from which this version is true; null: since its issue"),
    Column("assessed_on", Date, comment="when the disability was last assessed, as far as known"),
    Column("by_eye", Boolean, nullable=False, server_default=text("false"), comment="never properly assessed"),
    Column("replacements", SmallInteger, nullable=False, server_default=text("0"), comment="the n of Bn (ID-09)"),
    Column("application_id", Uuid, comment="the case it came from; null: taken over from elsewhere"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("now()")),
    Index(
        "uq_certificate_living",
        "person_id",
        unique=True,
        postgresql_where=text("status NOT IN ('CANCELLED', 'SUPERSEDED')"),
    ),
    Index("ix_certificate_person_id", "person_id", postgresql_using="hash"),
    Index("ix_certificate_number_index", "number_index", postgresql_using="hash"),
    # Plain order: lists are paged by it. The database is created with C collation, so prefixes use it as well.
    Index("ix_certificate_division", "division", "certificate_id"),
    Index("ix_certificate_status", "status", "division", "certificate_id"),
    Index("ix_certificate_running_out", "expires_on", postgresql_where=text("status = 'VALID'")),
)

certificate_version = Table(
    "certificate_version",
    metadata,
    Column("certificate_id", Uuid, ForeignKey("certificate.certificate_id"), primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("division", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("category", SmallInteger, nullable=False),
    Column("grade", SmallInteger, nullable=False),
    Column("components", Text, nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("expires_on", Date, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False),
)
"""What a certificate was before its present row: filled by a trigger, so that no path can forget it."""

stop = Table(
    "stop",
    metadata,
    Column("stop_id", Uuid, primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.person_id"), nullable=False),
    Column("certificate_id", Uuid, ForeignKey("certificate.certificate_id")),
    Column("version", BigInteger, nullable=False),
    Column("division", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text),
    Column("event_date", Date, nullable=False),
    Column("ended_on", Date),
    Column("withdrawn", Boolean, nullable=False),
    Column("previous_status", Text),
    Column("proof_kind", Text, comment="what shows that the reason is true"),
    Column("note_cipher", LargeBinary, comment="the proof's own name or number"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("trace_id", Text, nullable=False),
    Index("ix_stop_person_id", "person_id"),
    Index("ix_stop_certificate_id", "certificate_id"),
)

reminder = Table(
    "certificate_reminder",
    metadata,
    Column("certificate_id", Uuid, ForeignKey("certificate.certificate_id"), primary_key=True),
    Column("expires_on", Date, primary_key=True),
    Column("months", SmallInteger, primary_key=True, comment="6 or 1 months before (CERT-14)"),
    Column("person_id", Uuid, ForeignKey("person.person_id"), nullable=False),
    Column("division", Text, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("channel", Text, nullable=False, comment="SMS, or LETTER where no telephone is known"),
    Column("state", Text, nullable=False),
    Column("sent_at", TIMESTAMP(timezone=True)),
    Column("evidence", Text, comment="the receipt of whoever carried it"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    CheckConstraint("months IN (6, 1)", name="months_are_six_or_one"),
    CheckConstraint("state IN ('WAITING', 'SENT', 'FAILED')", name="state_is_known"),
    CheckConstraint("(state = 'SENT') = (evidence IS NOT NULL)", name="sent_means_evidence"),
    Index("ix_certificate_reminder_division", "division", "due_on", "certificate_id"),
    Index("ix_certificate_reminder_waiting", "due_on", postgresql_where=text("state = 'WAITING'")),
)

campaign = Table(
    "campaign",
    metadata,
    Column("campaign_id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("division", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("expires_from", Date, nullable=False),
    Column("expires_to", Date, nullable=False),
    Column("answer_by", Date, nullable=False, comment="until then holders may answer before they are frozen"),
    Column("closed_on", Date),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    CheckConstraint("expires_to >= expires_from", name="valid_dates"),
    Index("ix_campaign_division", "division", "campaign_id"),
)

campaign_item = Table(
    "campaign_item",
    metadata,
    Column("campaign_id", Uuid, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("certificate_id", Uuid, ForeignKey("certificate.certificate_id"), primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.person_id"), nullable=False),
    Column("division", Text, nullable=False),
    Column("listed_on", Date, nullable=False),
    Column("file_check", Text, comment="null: the file was not looked at yet"),
    Column("disposal", Text, comment="what follows from the check"),
    Column("checked_on", Date),
    Column("checked_by", Text),
    Column("done_on", Date, comment="the disposal was carried out"),
    Index("ix_campaign_item_division", "campaign_id", "division", "certificate_id"),
    Index("ix_campaign_item_certificate_id", "certificate_id"),
)

local_rule = Table(
    "local_rule",
    metadata,
    Column("local_rule_id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("division", Text, nullable=False, comment="empty: everywhere"),
    Column("matter", Text),
    Column("name", Text, nullable=False),
    Column("value", JSONB, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, comment="last day"),
    Column("basis", Text, nullable=False, comment="the local document that says so"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="valid_dates"),
    Index("ix_local_rule_name", "name", "division", "valid_from"),
)
