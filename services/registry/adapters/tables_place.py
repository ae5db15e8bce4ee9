"""Where persons belong and live, with history; households; clients without a certificate."""

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

from services.registry.adapters.schema import metadata

person_place = Table(
    "person_place",
    metadata,
    Column("place_id", Uuid, primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.person_id"), nullable=False),
    Column("kind", Text, nullable=False, comment="HOME: registered residence; RESIDENCE: where the person lives"),
    Column("division", Text, comment="null: lives at home again"),
    Column("previous", Text, comment="where it was before this change"),
    Column("valid_from", Date, nullable=False),
    Column("cause", Text, nullable=False),
    Column("permit_cipher", LargeBinary, comment="number of the residence permit (CERT-30)"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    Column("withdrawn_at", TIMESTAMP(timezone=True), comment="it was a mistake, known since"),
    CheckConstraint("kind IN ('HOME', 'RESIDENCE')", name="kind_is_known"),
    CheckConstraint("kind = 'RESIDENCE' OR division IS NOT NULL", name="everybody_belongs_somewhere"),
    Index("ix_person_place_person_id", "person_id", "kind", "valid_from"),
    Index("ix_person_place_residence", "division", "person_id", postgresql_where=text("kind = 'RESIDENCE'")),
)

household = Table(
    "household",
    metadata,
    Column("household_id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("division", Text, nullable=False),
    Column("kind", Text, nullable=False, comment="FAMILY, or COLLECTIVE (an institution's book)"),
    Column("book_no_cipher", LargeBinary, comment="number of the household book (户号)"),
    Column("book_no_index", LargeBinary, unique=True),
    Column("address_cipher", LargeBinary),
    Column("persons", SmallInteger, comment="everybody in the book, registered here or not"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    Index("ix_household_division", "division", "household_id"),
)

household_member = Table(
    "household_member",
    metadata,
    Column("member_id", Uuid, primary_key=True),
    Column("household_id", Uuid, ForeignKey("household.household_id"), nullable=False),
    Column("person_id", Uuid, ForeignKey("person.person_id"), nullable=False),
    Column("relation", Text, nullable=False, comment="to the head of the household"),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, comment="last day; null: still a member"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="valid_dates"),
    Index("ix_household_member_household_id", "household_id"),
    Index("uq_household_member_now", "person_id", unique=True, postgresql_where=text("valid_to IS NULL")),
)

client = Table(
    "client",
    metadata,
    Column("client_id", Uuid, primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.person_id"), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("division", Text, nullable=False),
    Column("ground", Text, nullable=False),
    Column("diagnosed_on", Date, nullable=False),
    Column("diagnosis_cipher", LargeBinary),
    Column("risk_level", SmallInteger, comment="of a severe mental disorder, 3 or more (CERT-36)"),
    Column("guardian_applied", Boolean, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, comment="last day; a child's is the day before the seventh birthday (CERT-37)"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="valid_dates"),
    Index("ix_client_person_id", "person_id"),
    Index("ix_client_division", "division", "client_id"),
)
