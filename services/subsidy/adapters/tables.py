"""Tables of the subsidy service: awards and their steps, the copy of the register, the house's own tables."""

from __future__ import annotations

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from services.subsidy.adapters import (
    tables_application,
    tables_banking,
    tables_comparison,
    tables_divisions,
    tables_facts,
    tables_integrity,
    tables_payroll,
    tables_policy,
    tables_reminder,
)
from services.subsidy.adapters.schema import metadata
from shared.contracts.registry import CertificateState, MergeState, PersonState, StopState
from shared.contracts.subsidy import AwardState
from shared.kit.calendar import calendar_tables
from shared.kit.imports import import_tables
from shared.kit.mirror import mirror_table
from shared.kit.person_requests import person_request_tables
from shared.kit.publisher_routes import Published
from shared.kit.tables import house_tables, reader_tables

holder_person = mirror_table(metadata, PersonState)
holder_certificate = mirror_table(metadata, CertificateState)
holder_stop = mirror_table(metadata, StopState)
holder_merge = mirror_table(metadata, MergeState)
Index("ix_copy_registry_merge_absorbed_id", holder_merge.c.absorbed_id)

award = Table(
    "award",
    metadata,
    Column("award_id", Uuid, primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("record_id", Uuid, comment="granted to this record, which was absorbed since"),
    Column("certificate_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("division", Text, nullable=False),
    Column("scheme", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("application_date", Date, nullable=False),
    Column("start_month", Text, nullable=False),
    Column("effective_month", Text),
    Column("cause_id", Uuid),
    Column("cause_kind", Text),
    Column("cause_reason", Text),
    Column("cause_event_date", Date),
    Column("cause_trace_id", Text),
    Column("suspended_at", TIMESTAMP(timezone=True)),
    Column("granted_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("granted_by", Text, nullable=False),
    Column("trace_id", Text, nullable=False),
    Index(
        "uq_award_running",
        "person_id",
        "scheme",
        unique=True,
        postgresql_where=text("status IN ('ACTIVE', 'SUSPENDED', 'PAUSED')"),
    ),
    Index("ix_award_person_id", "person_id"),
    Index("ix_award_record_id", "record_id", postgresql_where=text("record_id IS NOT NULL")),
    Index("ix_award_division", "division", "award_id", postgresql_ops={"division": "text_pattern_ops"}),
    Index("ix_award_cause_id", "cause_id", postgresql_where=text("cause_id IS NOT NULL")),
)

award_step = Table(
    "award_step",
    metadata,
    Column("step_id", BigInteger, Identity(always=True), primary_key=True),
    Column("award_id", Uuid, ForeignKey("award.award_id"), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("status_before", Text),
    Column("status", Text, nullable=False),
    Column("effective_month", Text),
    Column("cause_id", Uuid),
    Column("cause_kind", Text),
    Column("trace_id", Text),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    Column("reason", Text, comment="why a person decided it"),
    Index("uq_award_step_award_id_version", "award_id", "version", unique=True),
)

payee = Table(
    "payee",
    metadata,
    Column("award_id", Uuid, ForeignKey("award.award_id"), primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("name_cipher", LargeBinary, nullable=False),
    Column("account_cipher", LargeBinary, nullable=False),
    Column("account_index", LargeBinary, nullable=False, comment="finds one account of several awards (DX-24)"),
    Column("bank", Text, nullable=False),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    Index("ix_payee_account_index", "account_index"),
    Index("ix_payee_person_id", "person_id"),
)

GROUPS = (
    tables_application,
    tables_banking,
    tables_comparison,
    tables_divisions,
    tables_facts,
    tables_integrity,
    tables_payroll,
    tables_policy,
    tables_reminder,
)

answers, jobs, blobs = house_tables(metadata)
reader_tables(metadata)
requests = person_request_tables(metadata)
imports = import_tables(metadata)
working_days = calendar_tables(metadata)

PUBLISHED = (Published(AwardState, award),)
