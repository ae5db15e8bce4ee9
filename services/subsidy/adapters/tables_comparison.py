"""Comparison: what lists of other bureaus say of persons, suspects with their steps and papers (RULES 9)."""

from __future__ import annotations

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.subsidy.adapters.schema import metadata
from services.subsidy.domain.comparison.checks import CHECKS, Hold
from services.subsidy.domain.comparison.lists import ListKind
from services.subsidy.domain.comparison.suspect import LET_GO, SuspectState

_NOW = text("clock_timestamp()")


def _of(hold: Hold) -> str:
    return ", ".join(f"'{check.id}'" for check in CHECKS if check.hold is hold)


def _listed(values: object) -> str:
    return ", ".join(f"'{value}'" for value in values)  # type: ignore[attr-defined]


HOLDS = (
    f"state NOT IN ({_listed(sorted(LET_GO))}) AND (check_id IN ({_of(Hold.AT_ONCE)}) "
    f"OR (check_id IN ({_of(Hold.WITH_JUDGMENT)}) AND judgment_seen))"
)
"""`Suspect.holds_payment` in SQL."""

list_entry = Table(
    "list_entry",
    metadata,
    Column("entry_id", Uuid, primary_key=True, server_default=text("uuidv7()")),
    Column("kind", Text, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("event_on", Date, nullable=False, comment="the day it tells of; of an undated list the first receipt"),
    Column("scheme", Text, nullable=False, server_default="", comment="empty: not of one scheme"),
    Column("until", Date, comment="the first day it no longer holds"),
    Column("amount_fen", BigInteger),
    Column("judged", Boolean, nullable=False, comment="a judgment to imprisonment is told"),
    Column("category", SmallInteger),
    Column("grade", SmallInteger),
    Column("card_state", Text),
    Column("expires_on", Date),
    Column("first_seen_at", TIMESTAMP(timezone=True), nullable=False, server_default=_NOW),
    Column("last_seen_on", Date, nullable=False, comment="the day a list told it last"),
    Column("recorded_by", Text, nullable=False),
    CheckConstraint(f"kind IN ({_listed(ListKind)})", name="kind_is_known"),
    Index("uq_list_entry", "kind", "person_id", "event_on", "scheme", unique=True),
    Index("ix_list_entry_person_id", "person_id"),
    Index("ix_list_entry_last_seen_on", "last_seen_on"),
)

suspect = Table(
    "suspect",
    metadata,
    Column("suspect_id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("check_id", Text, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("division", Text, nullable=False, comment="who has it: a county, or the township it was handed down to"),
    Column("month", Date, nullable=False, comment="first day of the month it was found in last"),
    Column("facts", LargeBinary, nullable=False, comment="digest of what was found: it is not cleared twice"),
    Column("evidence", JSONB, nullable=False, comment="lists and days, schemes, months, fen: never a name or number"),
    Column("state", Text, nullable=False),
    Column("due_on", Date, comment="null: nobody waits"),
    Column("action", Text),
    Column("cleared", LargeBinary, comment="digest it was cleared of"),
    Column("judgment_seen", Boolean, nullable=False),
    Column("holds", Boolean, Computed(HOLDS, persisted=True), nullable=False, comment="no money leaves (READ-22)"),
    Column("reopened", Integer, nullable=False),
    Column("found_at", TIMESTAMP(timezone=True), nullable=False, server_default=_NOW),
    CheckConstraint(f"check_id IN ({_listed(check.id for check in CHECKS)})", name="check_is_known"),
    CheckConstraint(f"state IN ({_listed(SuspectState)})", name="state_is_known"),
    CheckConstraint("(state = 'CLOSED') = (due_on IS NULL)", name="somebody_has_it_until_closed"),
    Index("uq_suspect_check_person", "check_id", "person_id", unique=True),
    Index("ix_suspect_person_id", "person_id"),
    Index("ix_suspect_division", "division", "suspect_id", postgresql_ops={"division": "text_pattern_ops"}),
    Index("ix_suspect_holds", "person_id", postgresql_where=text("holds")),
    Index("ix_suspect_due_on", "due_on", "suspect_id", postgresql_where=text("due_on IS NOT NULL")),
)

suspect_step = Table(
    "suspect_step",
    metadata,
    Column("suspect_id", Uuid, ForeignKey("suspect.suspect_id"), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False, comment="the suspect had after it"),
    Column("step", Text, nullable=False),
    Column("state_before", Text),
    Column("state", Text, nullable=False),
    Column("division", Text, nullable=False),
    Column("action", Text),
    Column("due_on", Date),
    Column("papers", ARRAY(Uuid), nullable=False, server_default="{}", comment="what the step stands on"),
    Column("words_cipher", LargeBinary, comment="what was found, in words that may name anybody"),
    Column("at", TIMESTAMP(timezone=True), nullable=False, server_default=_NOW),
    Column("recorded_by", Text, nullable=False),
)

suspect_paper = Table(
    "suspect_paper",
    metadata,
    Column("paper_id", Uuid, primary_key=True, comment="of the sender's"),
    Column("suspect_id", Uuid, ForeignKey("suspect.suspect_id"), nullable=False),
    Column("blob_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", TIMESTAMP(timezone=True), nullable=False, server_default=_NOW),
    Column("recorded_by", Text, nullable=False),
    Index("ix_suspect_paper_suspect_id", "suspect_id"),
)
