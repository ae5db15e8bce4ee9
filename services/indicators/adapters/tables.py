"""Tables of the indicators service: spells and what derives them, what is reported and frozen, the house's own.

Ids of persons stay inside, for counting each once; no answer ever holds one.
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
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.indicators.adapters.tables_tally import tally_tables
from shared.contracts.registry import CertificateState, MergeState, PersonState, StopState
from shared.contracts.rehab import CaseState
from shared.contracts.subsidy import AwardState
from shared.kit.database import new_metadata
from shared.kit.imports import import_tables
from shared.kit.mirror import mirror_table
from shared.kit.publisher_routes import Published
from shared.kit.tables import house_tables, reader_tables

metadata = new_metadata()

for state in (PersonState, CertificateState, StopState, MergeState, AwardState, CaseState):
    mirror_table(metadata, state)

spell = Table(
    "spell",
    metadata,
    Column("person_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject_id", Uuid, nullable=False),
    Column("from_date", Date, nullable=False, comment="first day it counts"),
    Column("to_date", Date, nullable=False, comment="first day it no longer counts; infinity while it goes on"),
    Column("division", Text, nullable=False, comment="who was responsible (RU-05)"),
    Column("opens", Boolean, nullable=False, comment="false when it only goes on after a gap or from another division"),
    Column("closes", Boolean, nullable=False, comment="false when it only goes on in another division"),
    Column("trait", Text, nullable=False, comment="category and grade, scheme, kind of stop; empty where none"),
    PrimaryKeyConstraint("person_id", "kind", "subject_id", "from_date"),
    # Everything a count needs, so that it reads the index alone.
    Index(
        "ix_spell_counting",
        "kind",
        "division",
        "to_date",
        "from_date",
        postgresql_include=["person_id", "trait"],
        postgresql_ops={"division": "text_pattern_ops"},
    ),
    # What comes and goes between today and the end of the month is not to be told yet.
    Index("ix_spell_from_date", "kind", "from_date"),
    Index("ix_spell_to_date", "kind", "to_date", postgresql_where=text("to_date < 'infinity'")),
)

handover = Table(
    "handover",
    metadata,
    Column("kind", Text, nullable=False),
    Column("subject_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("event_id", Uuid, nullable=False, comment="orders it among the stops of a register"),
    Column("left_division", Text, nullable=False),
    Column("happened_on", Date, nullable=False),
    PrimaryKeyConstraint("subject_id", "version"),
)

reported_value = Table(
    "reported_value",
    metadata,
    Column("report_id", Uuid, primary_key=True),
    Column("indicator", Text, nullable=False),
    Column("definition_version", Integer, nullable=False),
    Column("division", Text, nullable=False),
    Column("period", Text, nullable=False, comment="2026-05, 2026-Q2, 2026-H1 or 2026"),
    Column("aspect", Text, nullable=False, comment="what was reached, or what is to be"),
    Column("numerator", BigInteger, nullable=False, comment="the number itself where it is no rate"),
    Column("denominator", BigInteger, comment="null where it is no rate"),
    Column("document_no", Text, nullable=False, comment="of the paper it is taken from; its pattern leaves no room"),
    Column("status", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("now()")),
    Column("accepted_by", Text),
    Column("accepted_at", TIMESTAMP(timezone=True)),
    Column("batch_id", Uuid, comment="the import it came with; null where it came alone"),
    CheckConstraint("status IN ('DRAFT', 'ACCEPTED', 'DISCARDED')", name="status_is_known"),
    CheckConstraint("aspect IN ('ACTUAL', 'TARGET')", name="aspect_is_known"),
    CheckConstraint("numerator >= 0 AND denominator >= 0", name="no_negatives"),
    CheckConstraint("(status = 'ACCEPTED') = (accepted_at IS NOT NULL)", name="accepted_once"),
    CheckConstraint("accepted_by IS NULL OR accepted_by <> made_by", name="four_eyes"),
    # The newest accepted one is what is shown; those before it stay (RU-04).
    Index(
        "ix_reported_value_accepted",
        "period",
        "aspect",
        "division",
        "accepted_at",
        postgresql_ops={"division": "text_pattern_ops"},
        postgresql_where=text("status = 'ACCEPTED'"),
    ),
    Index("ix_reported_value_batch_id", "batch_id", postgresql_where=text("batch_id IS NOT NULL")),
)

snapshot = Table(
    "snapshot",
    metadata,
    Column("snapshot_id", Uuid, primary_key=True),
    Column("division", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("version", Integer, nullable=False, comment="1, and one more with each correction (RU-04)"),
    Column("reference_date", Date, nullable=False),
    Column("data_time", TIMESTAMP(timezone=True), nullable=False),
    Column("as_of", JSONB, nullable=False, comment="epoch and position of every journal it contains"),
    Column("definitions", JSONB, nullable=False, comment="the definitions it was made by, whole"),
    Column("digest", LargeBinary, nullable=False, comment="SHA-256 of its definitions and figures"),
    Column("correction", Text, comment="the paper that asks for the new version; null for the first"),
    Column("made_by", Text, nullable=False),
    Column("made_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("now()")),
    Column("approved_by", Text),
    Column("approved_at", TIMESTAMP(timezone=True)),
    UniqueConstraint("division", "period", "version"),
    CheckConstraint("approved_by IS NULL OR approved_by <> made_by", name="four_eyes"),
    CheckConstraint("(version = 1) = (correction IS NULL)", name="corrections_say_why"),
)

snapshot_figure = Table(
    "snapshot_figure",
    metadata,
    Column("snapshot_id", Uuid, ForeignKey("snapshot.snapshot_id"), nullable=False),
    Column("division", Text, nullable=False),
    Column("indicator", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("value", BigInteger),
    Column("numerator", BigInteger),
    Column("denominator", BigInteger),
    PrimaryKeyConstraint("snapshot_id", "division", "indicator"),
)

submission = Table(
    "submission",
    metadata,
    Column("snapshot_id", Uuid, ForeignKey("snapshot.snapshot_id"), primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("tried_at", TIMESTAMP(timezone=True), nullable=False),
    Column("refusal", Text, comment="status of the answer, or why there was none; null once it is taken"),
    Column("taken_at", TIMESTAMP(timezone=True)),
    CheckConstraint("(refusal IS NULL) = (taken_at IS NOT NULL)", name="taken_or_not"),
)

look = Table(
    "look",
    metadata,
    Column("source", Text, primary_key=True),
    Column("up_to", Uuid, nullable=False, comment="the last person the slow second look came to"),
)

tally_tables(metadata)
answers, jobs, blobs = house_tables(metadata)
imports = import_tables(metadata)
reader_tables(metadata)

PUBLISHED: tuple[Published, ...] = ()
