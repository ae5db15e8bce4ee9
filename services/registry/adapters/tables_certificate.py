"""Certificates and the facts that stop them. Columns that are published carry the names of the contract's fields."""

from __future__ import annotations

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Boolean,
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
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("now()")),
    Index(
        "uq_certificate_living",
        "person_id",
        unique=True,
        postgresql_where=text("status NOT IN ('CANCELLED', 'SUPERSEDED')"),
    ),
    Index("ix_certificate_person_id", "person_id"),
    Index("ix_certificate_number_index", "number_index"),
    Index("ix_certificate_division", "division", "certificate_id", postgresql_ops={"division": "text_pattern_ops"}),
    Index("ix_certificate_running_out", "expires_on", postgresql_where=text("status = 'VALID'")),
)

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
    Column("note_cipher", LargeBinary),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("trace_id", Text, nullable=False),
    Index("ix_stop_person_id", "person_id"),
    Index("ix_stop_certificate_id", "certificate_id"),
)
