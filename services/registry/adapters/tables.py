"""Tables of the registry. Columns that are published carry the names of the contract's fields.

Encrypted columns end in ``_cipher``, blind indexes in ``_index``; nothing that identifies a person is in clear.
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

from shared.contracts.registry import CertificateState, PersonState, StopState
from shared.kit.database import new_metadata
from shared.kit.imports import import_tables
from shared.kit.person_requests import person_request_tables
from shared.kit.publisher_routes import Published
from shared.kit.tables import house_tables

metadata = new_metadata()

person = Table(
    "person",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("last_version", BigInteger, nullable=False),
    Column("division", Text, nullable=False),
    Column("registered_on", Date, nullable=False),
    Column("died_on", Date),
    Column("citizen_id_cipher", LargeBinary),
    Column("citizen_id_index", LargeBinary, unique=True),
    Column("name_cipher", LargeBinary),
    Column("phone_cipher", LargeBinary),
    Column("address_cipher", LargeBinary),
    Column("restricted_at", TIMESTAMP(timezone=True), comment="the person restricted processing (PIPL art. 44)"),
    Column("erased_at", TIMESTAMP(timezone=True), comment="who it was is gone; dated facts stay, of nobody"),
    CheckConstraint(
        "CASE WHEN erased_at IS NULL THEN num_nulls(citizen_id_cipher, citizen_id_index, name_cipher) = 0 "
        "ELSE num_nonnulls(citizen_id_cipher, citizen_id_index, name_cipher, phone_cipher, address_cipher) = 0 END",
        name="erased_means_gone",
    ),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("now()")),
    Column("recorded_by", Text, nullable=False),
    Index("ix_person_division", "division", "person_id", postgresql_ops={"division": "text_pattern_ops"}),
)

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

guardian = Table(
    "guardian",
    metadata,
    Column("guardian_id", Uuid, primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.person_id"), nullable=False, comment="the ward"),
    Column("subject", Text, comment="the guardian's account at the issuer of tokens"),
    Column("relation", Text, nullable=False),
    Column("name_cipher", LargeBinary, nullable=False),
    Column("citizen_id_cipher", LargeBinary, nullable=False),
    Column("citizen_id_index", LargeBinary, nullable=False),
    Column("phone_cipher", LargeBinary),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, comment="last valid day; null: until further notice"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="valid_dates"),
    Index("ix_guardian_person_id", "person_id"),
    Index("ix_guardian_subject", "subject", postgresql_where=text("subject IS NOT NULL")),
)

answers, jobs, blobs = house_tables(metadata)
requests = person_request_tables(metadata)
imports = import_tables(metadata)

PUBLISHED = (
    Published(PersonState, person),
    Published(CertificateState, certificate),
    Published(StopState, stop),
)
