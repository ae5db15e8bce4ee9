"""Payroll: runs and their steps, what is drawn up, lines, what became of them, instructions, the ledger.

A line is a row for ever, found by (month, person, scheme, seq): never by county, so that two counties cannot both pay
one person. What happens to it is told by ``line_turn``, row by row; ``payment_line`` is both read together, as known at
any moment: the relation the one expression takes payments from. ``line`` and ``line_turn`` have a partition a month
owed and no default one. What a run has drawn up lies in a table of its own, shaped as ``line``, until it is locked.
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
    Identity,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.subsidy.adapters.schema import metadata

_NOW = text("clock_timestamp()")

payroll_run = Table(
    "payroll_run",
    metadata,
    Column("run_id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("division", Text, nullable=False, comment="of whom it pays: a county, prefecture or province"),
    Column("month", Date, nullable=False),
    Column("schemes", ARRAY(Text), nullable=False),
    Column("arrears_from", Date, nullable=False, comment="first month that is looked at for what was not paid"),
    Column("state", Text, nullable=False),
    Column("created_at", TIMESTAMP(timezone=True), nullable=False, server_default=_NOW),
    Column("created_by", Text, nullable=False),
    Column("known_at", TIMESTAMP(timezone=True), comment="the draft holds what was known at this moment"),
    Column("news_since", TIMESTAMP(timezone=True), comment="whatever came to stand later is not in the draft"),
    Column("epoch", Integer, comment="of the register, applied here in the snapshot of the draft"),
    Column("position", BigInteger),
    Column("proven_at", TIMESTAMP(timezone=True), comment="when the register told its position"),
    Column("policy_digest", Text),
    Column("digest", Text, comment="over every line in order"),
    Column("digest_version", SmallInteger, comment="what the digest covers"),
    Column("lines", BigInteger),
    Column("amount_fen", BigInteger),
    Column("held", BigInteger),
    Column("left_out", BigInteger, comment="could not be priced (READ-14)"),
    CheckConstraint("month = date_trunc('month', month) AND arrears_from <= month", name="months_fit"),
    CheckConstraint("division ~ '^(\\d{2}|\\d{4}|\\d{6})$'", name="division_pays"),
    CheckConstraint(
        "state IN ('DRAFT', 'LOCKED', 'APPROVED', 'FUNDED', 'SENT', 'PARTIALLY_SETTLED', 'SETTLED', 'ABORTED')",
        name="state_is_known",
    ),
    CheckConstraint("state IN ('DRAFT', 'ABORTED') OR digest IS NOT NULL", name="drawn_up_before_locked"),
    CheckConstraint(
        "num_nulls(known_at, news_since, epoch, position, proven_at, policy_digest, digest, digest_version, lines, "
        "amount_fen, held, left_out) IN (0, 12)",
        name="draft_is_whole",
    ),
    Index("ix_payroll_run_month", "month"),
)

run_seal = Table(
    "run_seal",
    metadata,
    Column("seal_id", Uuid, primary_key=True),
    Column("division", Text, nullable=False),
    Column("number", Integer, nullable=False, comment="1, 2... of its division: a chain"),
    Column("run_id", Uuid, ForeignKey("payroll_run.run_id"), nullable=False),
    Column("run_version", BigInteger, nullable=False, comment="a run that settles again is sealed again"),
    Column("month", Date, nullable=False),
    Column("schemes", ARRAY(Text), nullable=False),
    Column("lines", BigInteger, nullable=False),
    Column("amount_fen", BigInteger, nullable=False, comment="settled"),
    Column("digest", Text, nullable=False, comment="over key and hash of every line in order"),
    Column("approved", Text, nullable=False, comment="the digest that two persons approved"),
    Column("as_approved", Boolean, comment="the entered lines were still those; null: an earlier digest"),
    Column("previous", Text, nullable=False, comment="the chain up to the seal before"),
    Column("chain", Text, nullable=False),
    Column("sealed_at", Text, nullable=False, comment="as it was signed"),
    Column("key_id", Text, nullable=False),
    Column("signature", Text, nullable=False),
    Column("blob_id", Uuid, nullable=False, comment="its file: seals, hashes, lines"),
    CheckConstraint("number > 0", name="number_counts_from_one"),
    UniqueConstraint("division", "number"),
    UniqueConstraint("division", "previous"),
    UniqueConstraint("run_id", "run_version"),
)

run_step = Table(
    "run_step",
    metadata,
    Column("run_id", Uuid, ForeignKey("payroll_run.run_id"), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("step", Text, nullable=False),
    Column("state_before", Text),
    Column("state", Text, nullable=False),
    Column("at", TIMESTAMP(timezone=True), nullable=False, server_default=_NOW),
    Column("recorded_by", Text, nullable=False),
    Column("told", JSONB, nullable=False, comment="counts, sums, digests, horizons: never personal values"),
    Column("reason", Text, comment="a code: words of their own could name somebody"),
)

run_difference = Table(
    "run_difference",
    metadata,
    Column("run_id", Uuid, primary_key=True),
    Column("person_id", Uuid, primary_key=True),
    Column("scheme", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("county", Text, nullable=False),
    Column("before_fen", BigInteger, nullable=False),
    Column("after_fen", BigInteger, nullable=False),
    Column("rules", BigInteger, nullable=False, comment="which say why it stopped"),
    CheckConstraint("kind IN ('NEW', 'STOPPED', 'CHANGED')", name="kind_is_known"),
)

run_check = Table(
    "run_check",
    metadata,
    Column("run_id", Uuid, ForeignKey("payroll_run.run_id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("found", BigInteger, nullable=False),
    Column("told", JSONB, nullable=False, comment="divisions, counts and the first ids"),
    Column("waived_at", TIMESTAMP(timezone=True)),
    Column("waived_by", Text),
    Column("waiver", Text, comment="why: a code"),
    CheckConstraint("num_nulls(waived_at, waived_by, waiver) IN (0, 3)", name="waived_by_name_and_reason"),
)

line = Table(
    "line",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    Column("scheme", Text, primary_key=True),
    Column("month", Date, primary_key=True, comment="first day of the month owed"),
    Column("seq", SmallInteger, primary_key=True, autoincrement=False, comment="0: the regular line; 1, 2...: more"),
    Column("run_id", Uuid, nullable=False),
    Column("award_id", Uuid, nullable=False),
    Column("county", Text, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("settled_before_fen", BigInteger, nullable=False, comment="paid or open for the month before this line"),
    Column("cause", Text, nullable=False),
    Column("rules", BigInteger, nullable=False),
    Column("held", Text, comment="why it began held"),
    Column("locked_at", TIMESTAMP(timezone=True), nullable=False),
    CheckConstraint("amount_fen > 0", name="amount_is_positive"),
    CheckConstraint("seq >= 0", name="seq_counts_from_zero"),
    Index("ix_line_run_id", "run_id", "county"),
    postgresql_partition_by="LIST (month)",
)

line_turn = Table(
    "line_turn",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    Column("scheme", Text, primary_key=True),
    Column("month", Date, primary_key=True),
    Column("seq", SmallInteger, primary_key=True, autoincrement=False),
    Column("no", SmallInteger, primary_key=True, autoincrement=False, comment="1, 2...: only the next can be added"),
    Column("run_id", Uuid, nullable=False),
    Column("county", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("reason", Text, nullable=False, comment="a code: of a hold, of a person, of the bank"),
    Column("instruction_key", Uuid, comment="the instruction an answer speaks of"),
    Column("told_at", TIMESTAMP(timezone=True), comment="the instant the bank names"),
    Column("at", TIMESTAMP(timezone=True), nullable=False),
    Column("recorded_by", Text, nullable=False),
    CheckConstraint("no > 0", name="no_counts_from_one"),
    CheckConstraint(
        "state IN ('PENDING', 'HELD', 'SENT', 'UNKNOWN', 'SETTLED', 'RETURNED', 'CLOSED_UNPAID', 'CANCELLED')",
        name="state_is_known",
    ),
    Index("ix_line_turn_run_id", "run_id"),
    postgresql_partition_by="LIST (month)",
)

dispatch = Table(
    "dispatch",
    metadata,
    Column("run_id", Uuid, ForeignKey("payroll_run.run_id"), primary_key=True),
    Column("no", SmallInteger, primary_key=True, autoincrement=False),
    Column("sent_at", TIMESTAMP(timezone=True), nullable=False),
    Column("sent_by", Text, nullable=False),
    Column("instructions", BigInteger, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("proven_at", TIMESTAMP(timezone=True), nullable=False),
)

instruction = Table(
    "instruction",
    metadata,
    Column("run_id", Uuid, primary_key=True),
    Column("instruction_key", Uuid, primary_key=True, comment="of line and attempt; in the bank file"),
    Column("dispatch_no", SmallInteger, nullable=False),
    Column("month", Date, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("scheme", Text, nullable=False),
    Column("seq", SmallInteger, nullable=False),
    Column("attempt", SmallInteger, nullable=False),
    Column("award_id", Uuid, nullable=False),
    Column("county", Text, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    CheckConstraint("amount_fen > 0", name="amount_is_positive"),
)

ledger_entry = Table(
    "ledger_entry",
    metadata,
    Column("entry_id", BigInteger, Identity(always=True), primary_key=True),
    Column("run_id", Uuid, ForeignKey("payroll_run.run_id"), nullable=False),
    Column("step", Text, nullable=False),
    Column("booked_on", Date, nullable=False),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=_NOW),
    Column("recorded_by", Text, nullable=False),
    Index("ix_ledger_entry_run_id", "run_id"),
)

ledger_leg = Table(
    "ledger_leg",
    metadata,
    Column("entry_id", BigInteger, ForeignKey("ledger_entry.entry_id"), primary_key=True, autoincrement=False),
    Column("county", Text, primary_key=True),
    Column("scheme", Text, primary_key=True),
    Column("month", Date, primary_key=True, comment="owed for"),
    Column("account", Text, primary_key=True),
    Column("amount_fen", BigInteger, nullable=False, comment="debit positive, credit negative"),
    CheckConstraint("account IN ('EXPENSE', 'PAYABLE', 'IN_TRANSIT', 'TREASURY')", name="account_is_known"),
)

register_proof = Table(
    "register_proof",
    metadata,
    Column("publisher", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("proven_at", TIMESTAMP(timezone=True), nullable=False, comment="when the publisher told its position"),
)

payment_line = Table(
    "payment_line",
    MetaData(),
    Column("month", Date),
    Column("person_id", Uuid),
    Column("scheme", Text),
    Column("seq", SmallInteger),
    Column("amount_fen", BigInteger),
    Column("state", Text),
    Column("known_from", TIMESTAMP(timezone=True)),
    Column("known_to", TIMESTAMP(timezone=True)),
)
"""A view: lines and their turns as intervals of knowledge."""
