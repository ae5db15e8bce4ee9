"""Files to and from banks: what stands in which, and what each line of an answer was to us.

Contents are blobs, encrypted; here are totals, hashes and keys. Nothing here names a person.
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
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
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

bank_file = Table(
    "bank_file",
    metadata,
    Column("file_id", Uuid, primary_key=True),
    Column("run_id", Uuid, nullable=False),
    Column("dispatch_no", SmallInteger, nullable=False),
    Column("declaration_id", Uuid, ForeignKey("bank_declaration.declaration_id"), nullable=False),
    Column("part", Integer, nullable=False, comment="1, 2... of the dispatch under the declaration"),
    Column("name", Text, nullable=False),
    Column("bank", Text, nullable=False, comment="of the first line; of all where files are cut by bank"),
    Column("batch", Text, nullable=False, comment="what the bank knows the sending by"),
    Column("lines", Integer, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("blob_id", Uuid, nullable=False),
    Column("written_at", TIMESTAMP(timezone=True), nullable=False, server_default=_NOW),
    Column("written_by", Text, nullable=False),
    ForeignKeyConstraint(["run_id", "dispatch_no"], ["dispatch.run_id", "dispatch.no"]),
    UniqueConstraint("run_id", "dispatch_no", "declaration_id", "part"),
    CheckConstraint("lines > 0 AND amount_fen > 0 AND part > 0", name="holds_something"),
)

bank_file_line = Table(
    "bank_file_line",
    metadata,
    Column("run_id", Uuid, primary_key=True),
    Column("instruction_key", Uuid, primary_key=True, comment="in one file at most: the bank is told once"),
    Column("file_id", Uuid, ForeignKey("bank_file.file_id"), nullable=False),
    Column("ordinal", Integer, nullable=False, comment="from 1"),
    ForeignKeyConstraint(["run_id", "instruction_key"], ["instruction.run_id", "instruction.instruction_key"]),
    UniqueConstraint("file_id", "ordinal"),
)

bank_answer = Table(
    "bank_answer",
    metadata,
    Column("answer_id", Uuid, primary_key=True),
    Column("run_id", Uuid, ForeignKey("payroll_run.run_id"), nullable=False),
    Column("declaration_id", Uuid, ForeignKey("bank_declaration.declaration_id"), nullable=False),
    Column("file_id", Uuid, ForeignKey("bank_file.file_id"), comment="the file it is about, where lines are numbered"),
    Column("sha256", LargeBinary, nullable=False),
    Column("blob_id", Uuid, nullable=False),
    Column("received_at", TIMESTAMP(timezone=True), nullable=False, server_default=_NOW),
    Column("received_by", Text, nullable=False),
    Column("faults", ARRAY(Text), nullable=False, comment="of the whole: then nothing of it counts"),
    Column("counts", JSONB, nullable=False, comment="lines by reading"),
    Column("unanswered", BigInteger, nullable=False, comment="lines of the run that no answer spoke of yet"),
    Column("late", Boolean, nullable=False),
    UniqueConstraint("run_id", "sha256", "file_id", postgresql_nulls_not_distinct=True),
)

bank_answer_line = Table(
    "bank_answer_line",
    metadata,
    Column("answer_id", Uuid, ForeignKey("bank_answer.answer_id"), primary_key=True),
    Column("row", Integer, primary_key=True, autoincrement=False, comment="from 1, as the file has it"),
    Column("reading", Text, nullable=False),
    Column("instruction_key", Uuid, comment="none where the line names nothing that was sent"),
    Column("outcome", Text, nullable=False),
    Column("code", Text, nullable=False, comment="as the bank wrote it"),
    Column("words", Text, nullable=False, comment="as the bank wrote them, shortened"),
    Column("amount_fen", BigInteger),
    Column("answered_on", Date),
    Column("holds", Text, comment="the column that cannot be read"),
    Column("misfit", Text),
)
"""Whatever needs a look: all lines but those that were paid, or said before."""
