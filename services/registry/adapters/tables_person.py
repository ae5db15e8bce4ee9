"""Persons and who speaks for them. Columns that are published carry the names of the contract's fields."""

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

from services.registry.adapters.schema import metadata

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
    Column("citizen_id_raw_cipher", LargeBinary, comment="as it was written, when that was otherwise (ID-05)"),
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
    Column("merged_into", Uuid, ForeignKey("person.person_id"), comment="the surviving record of the same person"),
    CheckConstraint("merged_into <> person_id", name="merged_into_another"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("now()")),
    Column("recorded_by", Text, nullable=False),
    # Plain order: lists are paged by it. The database is created with C collation, so prefixes use it as well.
    Index("ix_person_place", "division", "person_id"),
    Index("ix_person_citizen_id_index", "citizen_id_index", postgresql_using="hash"),
    Index("ix_person_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
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
