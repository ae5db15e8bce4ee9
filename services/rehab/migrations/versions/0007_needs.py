"""Needs: one open a person and item, and who told of it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "aid_need",
        sa.Column("need_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("item_code", sa.Text(), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False, comment="0 dibao, 1 poor, 2 general"),
        sa.Column("registered_on", sa.Date(), nullable=False, comment="the first day it was told"),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("met_by", sa.Uuid(), nullable=True),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["met_by"], ["aid_delivery.delivery_id"], name=op.f("fk_aid_need_met_by")),
        sa.PrimaryKeyConstraint("need_id", name=op.f("pk_aid_need")),
    )
    op.create_index(
        "ix_aid_need_division",
        "aid_need",
        ["division", "need_id"],
        unique=False,
        postgresql_ops={"division": "text_pattern_ops"},
    )
    op.create_index(
        "ix_aid_need_met_by", "aid_need", ["met_by"], unique=False, postgresql_where=sa.text("met_by IS NOT NULL")
    )
    op.create_index(
        "ix_aid_need_waiting",
        "aid_need",
        ["item_code", "rank", "registered_on", "need_id"],
        unique=False,
        postgresql_where=sa.text("status = 'OPEN'"),
    )
    op.create_index(
        "uq_aid_need_open",
        "aid_need",
        ["person_id", "item_code"],
        unique=True,
        postgresql_where=sa.text("status = 'OPEN'"),
    )
    op.create_table(
        "aid_need_source",
        sa.Column("need_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("told_on", sa.Date(), nullable=False),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["aid_need.need_id"], name=op.f("fk_aid_need_source_need_id")),
        sa.PrimaryKeyConstraint("need_id", "source", name=op.f("pk_aid_need_source")),
    )


def downgrade() -> None:
    op.drop_table("aid_need_source")
    op.drop_index("uq_aid_need_open", table_name="aid_need", postgresql_where=sa.text("status = 'OPEN'"))
    op.drop_index("ix_aid_need_waiting", table_name="aid_need", postgresql_where=sa.text("status = 'OPEN'"))
    op.drop_index("ix_aid_need_met_by", table_name="aid_need", postgresql_where=sa.text("met_by IS NOT NULL"))
    op.drop_index("ix_aid_need_division", table_name="aid_need", postgresql_ops={"division": "text_pattern_ops"})
    op.drop_table("aid_need")
