"""News from outside, kept as it came: deaths (DX-05) and household moves, by source, event date and received date."""

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

report = Table(
    "outside_report",
    metadata,
    Column("report_id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("source_ref", Text, comment="how the source calls it; one report of a source is kept once"),
    Column("batch_id", Uuid, comment="the import it came with"),
    Column("event_date", Date, nullable=False),
    Column("received_on", Date, nullable=False),
    Column("to_division", Text, comment="of a move"),
    Column("number_cipher", LargeBinary),
    Column("number_index", LargeBinary),
    Column("name_cipher", LargeBinary),
    Column("born_on_cipher", LargeBinary),
    Column("state", Text, nullable=False),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    Column("tier", Text),
    Column("reason", Text, comment="why it waits, or was rejected"),
    Column("person_id", Uuid, ForeignKey("person.person_id")),
    Column("division", Text, nullable=False, comment="of the person once matched, else of who reported"),
    Column("stop_id", Uuid, comment="the fact it made"),
    Column("certificate_stop_id", Uuid, comment="the cancellation it made"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("trace_id", Text, nullable=False),
    Column("applied_at", TIMESTAMP(timezone=True)),
    Column("decided_by", Text),
    Column("retracted_at", TIMESTAMP(timezone=True)),
    CheckConstraint("kind IN ('DEATH', 'MOVE')", name="kind_is_known"),
    CheckConstraint("(kind = 'MOVE') = (to_division IS NOT NULL)", name="moves_go_somewhere"),
    Index(
        "uq_outside_report_source", "source", "source_ref", unique=True, postgresql_where=text("source_ref IS NOT NULL")
    ),
    Index("ix_outside_report_person_id", "person_id", "kind"),
    Index("ix_outside_report_batch_id", "batch_id", "report_id", postgresql_where=text("batch_id IS NOT NULL")),
    Index(
        "ix_outside_report_waiting",
        "division",
        "report_id",
        postgresql_where=text("state IN ('UNMATCHED', 'CANDIDATE', 'READY', 'CONFLICT', 'AWAITING_TRANSFER')"),
    ),
)
