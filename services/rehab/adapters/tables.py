"""Tables of the rehab service: cases and their steps, the copy of the register, the house's own tables.

Columns that are published carry the names of the contract's fields. There is deliberately no column for a note: free
text about a client would be health data.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)

from services.rehab.adapters import tables_aid, tables_need
from services.rehab.adapters.schema import metadata
from services.rehab.adapters.tables_care import session
from shared.contracts.registry import CertificateState, PersonState, StopState
from shared.contracts.rehab import CaseState, SessionState
from shared.kit.calendar import calendar_tables
from shared.kit.mirror import mirror_table
from shared.kit.person_requests import person_request_tables
from shared.kit.publisher_routes import Published
from shared.kit.tables import house_tables, reader_tables

client_person = mirror_table(metadata, PersonState)
client_certificate = mirror_table(metadata, CertificateState)
client_stop = mirror_table(metadata, StopState)

ENDED: Final = "('CLOSED', 'NOT_SUITABLE', 'FOLLOWED_UP')"
"""SQL: the states of a case that is not open."""
_IS_OPEN: Final = f"status NOT IN {ENDED}"

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
    Column("programme", Text, nullable=False, server_default=text("'GENERAL'")),
    Column("confidential", Boolean, nullable=False, server_default=text("false")),
    Column("consent_by", Text),
    Column("consented_on", Date),
    Column("category", SmallInteger),
    Column("age_band", Text),
    Column("institution_id", Uuid, ForeignKey("institution.institution_id")),
    Column("plan_no", SmallInteger),
    Column("basis", Text, comment="what the client held when the plan was agreed"),
    Column("due_on", Date, comment="the last day for the step it waits for"),
    Column("resumes_as", Text, comment="where it stood when a death closed it"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    Column("trace_id", Text, nullable=False),
    Index("uq_rehab_case_open", "person_id", unique=True, postgresql_where=text(_IS_OPEN)),
    Index("ix_rehab_case_person_id", "person_id"),
    Index("ix_rehab_case_division", "division", "case_id", postgresql_ops={"division": "text_pattern_ops"}),
    Index("ix_rehab_case_flag", "flag", "case_id", postgresql_where=text("flag IS NOT NULL")),
    Index("ix_rehab_case_institution_id", "institution_id", "case_id", postgresql_where=text(_IS_OPEN)),
    Index("ix_rehab_case_due_on", "due_on", "case_id", postgresql_where=text("due_on IS NOT NULL")),
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
    Column("due_on", Date, comment="the last day the step before allowed for this one"),
    Column("reason", Text, comment="a code"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    Index("uq_case_step_case_id_version", "case_id", "version", unique=True),
)

answers, jobs, blobs = house_tables(metadata)
reader_tables(metadata)
requests = person_request_tables(metadata)
working_days = calendar_tables(metadata)

PUBLISHED = (Published(CaseState, rehab_case), Published(SessionState, session))
DECLARED: Final = (tables_aid, tables_need)
"""Modules whose tables belong to the schema although nothing here refers to them."""
