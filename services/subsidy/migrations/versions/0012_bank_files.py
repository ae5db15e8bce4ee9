"""Files to banks and their answers; a line of either is written once."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"

NOW = sa.text("clock_timestamp()")
WRITTEN_ONCE = ("bank_file", "bank_file_line", "bank_answer", "bank_answer_line")


def upgrade() -> None:
    op.create_table(
        "bank_file",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("dispatch_no", sa.SmallInteger(), nullable=False),
        sa.Column("declaration_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False, comment="1, 2... of the dispatch under the declaration"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("bank", sa.Text(), nullable=False, comment="of the first line; of all where files are cut by bank"),
        sa.Column("batch", sa.Text(), nullable=False, comment="what the bank knows the sending by"),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("blob_id", sa.Uuid(), nullable=False),
        sa.Column("written_at", sa.TIMESTAMP(timezone=True), server_default=NOW, nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.CheckConstraint("lines > 0 AND amount_fen > 0 AND part > 0", name=op.f("ck_bank_file_holds_something")),
        sa.ForeignKeyConstraint(
            ["declaration_id"],
            ["bank_declaration.declaration_id"],
            name=op.f("fk_bank_file_declaration_id_bank_declaration"),
        ),
        sa.ForeignKeyConstraint(
            ["run_id", "dispatch_no"],
            ["dispatch.run_id", "dispatch.no"],
            name=op.f("fk_bank_file_run_id_dispatch_no_dispatch"),
        ),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_bank_file")),
        sa.UniqueConstraint(
            "run_id",
            "dispatch_no",
            "declaration_id",
            "part",
            name=op.f("uq_bank_file_run_id_dispatch_no_declaration_id_part"),
        ),
    )
    op.create_table(
        "bank_file_line",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("instruction_key", sa.Uuid(), nullable=False, comment="in one file at most: the bank is told once"),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="from 1"),
        sa.ForeignKeyConstraint(["file_id"], ["bank_file.file_id"], name=op.f("fk_bank_file_line_file_id_bank_file")),
        sa.ForeignKeyConstraint(
            ["run_id", "instruction_key"],
            ["instruction.run_id", "instruction.instruction_key"],
            name=op.f("fk_bank_file_line_run_id_instruction_key_instruction"),
        ),
        sa.PrimaryKeyConstraint("run_id", "instruction_key", name=op.f("pk_bank_file_line")),
        sa.UniqueConstraint("file_id", "ordinal", name=op.f("uq_bank_file_line_file_id_ordinal")),
    )
    op.create_table(
        "bank_answer",
        sa.Column("answer_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("declaration_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=True, comment="the file it is about, where lines are numbered"),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("blob_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.TIMESTAMP(timezone=True), server_default=NOW, nullable=False),
        sa.Column("received_by", sa.Text(), nullable=False),
        sa.Column(
            "faults", postgresql.ARRAY(sa.Text()), nullable=False, comment="of the whole: then nothing of it counts"
        ),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="lines by reading"),
        sa.Column(
            "unanswered", sa.BigInteger(), nullable=False, comment="lines of the run that no answer spoke of yet"
        ),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["declaration_id"],
            ["bank_declaration.declaration_id"],
            name=op.f("fk_bank_answer_declaration_id_bank_declaration"),
        ),
        sa.ForeignKeyConstraint(["file_id"], ["bank_file.file_id"], name=op.f("fk_bank_answer_file_id_bank_file")),
        sa.ForeignKeyConstraint(["run_id"], ["payroll_run.run_id"], name=op.f("fk_bank_answer_run_id_payroll_run")),
        sa.PrimaryKeyConstraint("answer_id", name=op.f("pk_bank_answer")),
        sa.UniqueConstraint(
            "run_id",
            "sha256",
            "file_id",
            name=op.f("uq_bank_answer_run_id_sha256_file_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "bank_answer_line",
        sa.Column("answer_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False, comment="from 1, as the file has it"),
        sa.Column("reading", sa.Text(), nullable=False),
        sa.Column(
            "instruction_key", sa.Uuid(), nullable=True, comment="none where the line names nothing that was sent"
        ),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False, comment="as the bank wrote it"),
        sa.Column("words", sa.Text(), nullable=False, comment="as the bank wrote them, shortened"),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("answered_on", sa.Date(), nullable=True),
        sa.Column("holds", sa.Text(), nullable=True, comment="the column that cannot be read"),
        sa.Column("misfit", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["bank_answer.answer_id"], name=op.f("fk_bank_answer_line_answer_id_bank_answer")
        ),
        sa.PrimaryKeyConstraint("answer_id", "row", name=op.f("pk_bank_answer_line")),
    )
    for table in WRITTEN_ONCE:
        op.execute(
            f"CREATE TRIGGER {table}_is_written_once BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION payroll_refuse_change()"
        )


def downgrade() -> None:
    for table in reversed(WRITTEN_ONCE):
        op.drop_table(table)
