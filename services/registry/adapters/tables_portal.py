"""What government portals sent, and what other systems call our rows."""

from __future__ import annotations

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from services.registry.adapters.schema import metadata

portal_case = Table(
    "portal_case",
    metadata,
    Column("intake_id", Uuid, primary_key=True),
    Column("portal", Text, nullable=False, comment="the portal's client id"),
    Column("case_no", Text, nullable=False, comment="the portal's own number of the case"),
    Column("matter", Text, nullable=False),
    Column("division", Text, nullable=False),
    Column("received_on", Date, nullable=False, comment="the day the portal says it took the case in"),
    Column("state", Text, nullable=False),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    Column("person_id", Uuid, ForeignKey("person.person_id")),
    Column("application_id", Uuid, comment="the case it became here"),
    Column("content_cipher", LargeBinary, comment="what the portal sent; null once the person was erased"),
    Column("content_digest", LargeBinary, nullable=False, comment="keyed: tells a repeat from a contradiction"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    UniqueConstraint("portal", "case_no", name="uq_portal_case_case_no"),
    Index("ix_portal_case_division", "division", "intake_id"),
    Index("ix_portal_case_application_id", "application_id", postgresql_where=text("application_id IS NOT NULL")),
    Index("ix_portal_case_day", "portal", "received_on", "matter"),
)

portal_notice = Table(
    "portal_notice",
    metadata,
    Column("notice_id", Uuid, primary_key=True),
    Column("intake_id", Uuid, ForeignKey("portal_case.intake_id"), nullable=False),
    Column("portal", Text, nullable=False),
    Column("state", Text, nullable=False, comment="what the portal is to be told"),
    Column("occurred_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("received_at", TIMESTAMP(timezone=True), comment="when the portal said it has it"),
    Index("ix_portal_notice_waiting", "portal", "notice_id", postgresql_where=text("received_at IS NULL")),
    Index("ix_portal_notice_intake_id", "intake_id"),
)

portal_count = Table(
    "portal_count",
    metadata,
    Column("portal", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("matter", Text, primary_key=True),
    Column("county", Text, primary_key=True),
    Column("counted", Integer, nullable=False, comment="by the portal"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
)

foreign_id = Table(
    "foreign_id",
    metadata,
    Column("system", Text, primary_key=True),
    Column("foreign_id", Text, primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.person_id"), nullable=False),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    UniqueConstraint("system", "person_id", name="uq_foreign_id_person"),
    Index("ix_foreign_id_person_id", "person_id"),
)
