"""Tables of the rehab service: cases and their steps, the copy of the register, the house's own tables.

Columns that are published carry the names of the contract's fields. There is deliberately no column for a need or a
note: free text about a client would be health data.
"""

from __future__ import annotations

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Identity,
    Index,
    Table,
    Text,
    Uuid,
    text,
)

from shared.contracts.registry import CertificateState, PersonState, StopState
from shared.contracts.rehab import CaseState
from shared.kit.database import new_metadata
from shared.kit.mirror import mirror_table
from shared.kit.person_requests import person_request_tables
from shared.kit.publisher_routes import Published
from shared.kit.tables import house_tables, reader_tables

metadata = new_metadata()

client_person = mirror_table(metadata, PersonState)
client_certificate = mirror_table(metadata, CertificateState)
client_stop = mirror_table(metadata, StopState)

rehab_case = Table(
    "rehab_case",
    metadata,
    Column("case_id", Uuid, primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("division", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("closed_on", Date),
    Column("closing_reason", Text),
    Column("death_id", Uuid),
    Column("flag", Text),
    Column("transfer_id", Uuid),
    Column("previous_case_id", Uuid, ForeignKey("rehab_case.case_id")),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    Column("trace_id", Text, nullable=False),
    Index("uq_rehab_case_open", "person_id", unique=True, postgresql_where=text("status <> 'CLOSED'")),
    Index("ix_rehab_case_person_id", "person_id"),
    Index("ix_rehab_case_division", "division", "case_id", postgresql_ops={"division": "text_pattern_ops"}),
    Index("ix_rehab_case_flag", "flag", "case_id", postgresql_where=text("flag IS NOT NULL")),
)

case_step = Table(
    "case_step",
    metadata,
    Column("step_id", BigInteger, Identity(always=True), primary_key=True),
    Column("case_id", Uuid, ForeignKey("rehab_case.case_id"), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("happened", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("division", Text, nullable=False),
    Column("closed_on", Date),
    Column("closing_reason", Text),
    Column("cause_id", Uuid),
    Column("trace_id", Text),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    Index("uq_case_step_case_id_version", "case_id", "version", unique=True),
)

answers, jobs, blobs = house_tables(metadata)
reader_tables(metadata)
requests = person_request_tables(metadata)

PUBLISHED = (Published(CaseState, rehab_case),)
