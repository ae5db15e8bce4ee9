"""Assessment institutions, their slots and bookings, and what physicians concluded (CERT-02, CERT-08, CERT-33)."""

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
    SmallInteger,
    Table,
    Text,
    Time,
    Uuid,
    text,
)

from services.registry.adapters.schema import metadata

institution = Table(
    "assessment_institution",
    metadata,
    Column("institution_id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("division", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("categories", Text, nullable=False, comment="category digits it is designated for"),
    Column("modes", Text, nullable=False),
    Column("designated_from", Date, nullable=False),
    Column("designated_to", Date, comment="last day"),
    Column("account", Text, comment="who speaks for it at the issuer of tokens"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    CheckConstraint("designated_to IS NULL OR designated_to >= designated_from", name="valid_dates"),
    Index("ix_assessment_institution_division", "division", "institution_id"),
)

slot = Table(
    "assessment_slot",
    metadata,
    Column("slot_id", Uuid, primary_key=True),
    Column("institution_id", Uuid, ForeignKey("assessment_institution.institution_id"), nullable=False),
    Column("division", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("begins", Time, nullable=False),
    Column("ends", Time, nullable=False),
    Column("mode", Text, nullable=False),
    Column("categories", Text, nullable=False),
    Column("capacity", SmallInteger, nullable=False),
    Column("booked", SmallInteger, nullable=False, server_default=text("0")),
    Column("recorded_by", Text, nullable=False),
    CheckConstraint("booked BETWEEN 0 AND capacity", name="nobody_is_booked_twice"),
    CheckConstraint("ends > begins", name="takes_time"),
    Index("uq_assessment_slot_begins", "institution_id", "day", "begins", "mode", unique=True),
    Index("ix_assessment_slot_day", "division", "day", "slot_id"),
)

booking = Table(
    "assessment_booking",
    metadata,
    Column("booking_id", Uuid, primary_key=True),
    Column("slot_id", Uuid, ForeignKey("assessment_slot.slot_id"), nullable=False),
    Column("application_id", Uuid, ForeignKey("application.application_id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("booked_on", Date, nullable=False),
    Column("ended_on", Date),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    CheckConstraint("state IN ('BOOKED', 'CANCELLED', 'ATTENDED', 'MISSED')", name="state_is_known"),
    Index("uq_assessment_booking_stands", "application_id", unique=True, postgresql_where=text("state = 'BOOKED'")),
    Index("ix_assessment_booking_slot_id", "slot_id"),
)

conclusion = Table(
    "assessment_conclusion",
    metadata,
    Column("conclusion_id", Uuid, primary_key=True),
    Column("application_id", Uuid, ForeignKey("application.application_id"), nullable=False),
    Column("institution_id", Uuid, ForeignKey("assessment_institution.institution_id"), nullable=False),
    Column("level", Text, nullable=False, comment="FIRST, or who it was disputed to: CITY, PROVINCE"),
    Column("assessed_on", Date, nullable=False),
    Column("mode", Text, nullable=False),
    Column("standard", Text, nullable=False),
    Column("found", Text, comment="components, 4:2;6:3; null: the standard is not met"),
    Column("findings_cipher", LargeBinary, nullable=False, comment="measures and the two who signed"),
    Column("report_id", Uuid, ForeignKey("blob.blob_id"), comment="the signed form"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    CheckConstraint("level IN ('FIRST', 'CITY', 'PROVINCE')", name="level_is_known"),
    Index("ix_assessment_conclusion_application_id", "application_id"),
)
