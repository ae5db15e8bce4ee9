"""What persons are found by, and the other names they have or had."""

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
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.registry.adapters.schema import metadata

person_search = Table(
    "person_search",
    metadata,
    Column("person_id", Uuid, ForeignKey("person.person_id"), primary_key=True),
    Column("terms", ARRAY(BigInteger), nullable=False, comment="keyed fingerprints; nothing in clear"),
    Column("stale", Boolean, nullable=False, server_default=text("false"), comment="to be computed anew"),
    Column("unmatched", Boolean, nullable=False, server_default=text("true"), comment="not compared with others yet"),
    # An entry list is merged when it is full instead of on every insert; searching reads it too, so it is kept short.
    Index("ix_person_search_terms", "terms", postgresql_using="gin"),
    Index("ix_person_search_stale", "person_id", postgresql_where=text("stale")),
    Index("ix_person_search_unmatched", "person_id", postgresql_where=text("unmatched AND NOT stale")),
)

person_name = Table(
    "person_name",
    metadata,
    Column("name_id", Uuid, primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.person_id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("name_cipher", LargeBinary, nullable=False),
    Column("valid_to", Date, comment="last day of a former name; null: still used"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    Column("withdrawn_at", TIMESTAMP(timezone=True), comment="it was a mistake"),
    Index("ix_person_name_person_id", "person_id"),
)
