"""The indicators service: approved snapshots are handed up to the level above."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """What was tried, and what was taken."""
    op.create_table(
        "submission",
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("tried_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("refusal", sa.Text(), comment="status of the answer, or why there was none; null once it is taken"),
        sa.Column("taken_at", sa.TIMESTAMP(timezone=True)),
        sa.CheckConstraint("(refusal IS NULL) = (taken_at IS NOT NULL)", name=op.f("ck_submission_taken_or_not")),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshot.snapshot_id"], name=op.f("fk_submission_snapshot_id_snapshot")
        ),
        sa.PrimaryKeyConstraint("snapshot_id", name=op.f("pk_submission")),
    )


def downgrade() -> None:
    """Asked for only."""
    op.drop_table("submission")
