"""The indicators service: values come as files too, and a file is accepted as a whole."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Which file a report came with, and what was wrong with the rows of one that is being read."""
    op.add_column(
        "reported_value", sa.Column("batch_id", sa.Uuid(), comment="the import it came with; null where it came alone")
    )
    op.create_index(
        "ix_reported_value_batch_id",
        "reported_value",
        ["batch_id"],
        unique=False,
        postgresql_where=sa.text("batch_id IS NOT NULL"),
    )
    op.create_table(
        "import_fault",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), nullable=False),
        sa.Column("column_title", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, comment="never quotes the content"),
        sa.PrimaryKeyConstraint("job_id", "row_number", "ordinal", name=op.f("pk_import_fault")),
    )


def downgrade() -> None:
    """One by one again."""
    op.drop_table("import_fault")
    op.drop_index("ix_reported_value_batch_id", table_name="reported_value")
    op.drop_column("reported_value", "batch_id")
