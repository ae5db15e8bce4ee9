"""What government portals sent, and what other systems call our rows."""

from __future__ import annotations

from sqlalchemy import (
    TIMESTAMP,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
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
    Column("division", Text, nullable=False, comment="where the portal took it in"),
    Column("received_on", Date, nullable=False, comment="the day the portal says it took the case in"),
    Column("person_id", Uuid, ForeignKey("person.person_id"), nullable=False),
    Column("application_id", Uuid, ForeignKey("application.application_id"), nullable=False),
    Column("told", Integer, nullable=False, server_default=text("0"), comment="the last step the portal was told"),
    Column("waiting", Boolean, nullable=False, server_default=text("true"), comment="there are later steps"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    UniqueConstraint("portal", "case_no", name="uq_portal_case_case_no"),
    UniqueConstraint("application_id", name="uq_portal_case_application_id"),
    Index("ix_portal_case_person_id", "person_id"),
    Index("ix_portal_case_division", "division", "intake_id"),
    Index("ix_portal_case_day", "received_on", "division"),
    Index("ix_portal_case_waiting", "portal", "intake_id", postgresql_where=text("waiting")),
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
