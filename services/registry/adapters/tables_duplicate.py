"""Persons who may be one, and those that were found to be."""

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
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.registry.adapters.schema import metadata

duplicate = Table(
    "duplicate",
    metadata,
    Column("duplicate_id", Uuid, primary_key=True),
    Column("first_id", Uuid, ForeignKey("person.person_id"), nullable=False),
    Column("second_id", Uuid, ForeignKey("person.person_id"), nullable=False),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    Column("division", Text, nullable=False, comment="the smallest that holds both"),
    Column("score", SmallInteger, nullable=False),
    Column("reasons", ARRAY(Text), nullable=False),
    Column("state", Text, nullable=False, server_default="OPEN"),
    Column("found_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("decided_at", TIMESTAMP(timezone=True)),
    Column("decided_by", Text),
    CheckConstraint("first_id < second_id", name="in_order"),
    CheckConstraint("state IN ('OPEN', 'DISMISSED', 'MERGED')", name="state_is_known"),
    UniqueConstraint("first_id", "second_id", name="uq_duplicate_pair"),
    Index("ix_duplicate_second_id", "second_id"),
    Index("ix_duplicate_open", "division", "duplicate_id", postgresql_where=text("state = 'OPEN'")),
)

merge = Table(
    "person_merge",
    metadata,
    Column("merge_id", Uuid, primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.person_id"), nullable=False, comment="the surviving record"),
    Column("absorbed_id", Uuid, ForeignKey("person.person_id"), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("division", Text, nullable=False),
    Column("merged_on", Date, nullable=False),
    Column("undone", Boolean, nullable=False, server_default=text("false")),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    Column("undone_at", TIMESTAMP(timezone=True)),
    Column("undone_by", Text),
    Index("ix_person_merge_person_id", "person_id"),
    Index("uq_person_merge_standing", "absorbed_id", unique=True, postgresql_where=text("NOT undone")),
)
