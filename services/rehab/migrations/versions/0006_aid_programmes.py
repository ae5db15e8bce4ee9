"""Aid programmes: documents, places of the quota, stages, deliveries, settlements."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

# At the end of the statement, with the programme locked until COMMIT: whoever comes next counts only then. Each query of
# a function sees what was committed before it began, so the second of two sees the first.
_TRIGGERS = (
    """
CREATE FUNCTION aid_place_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wanted record;
BEGIN
  FOR wanted IN SELECT programme_id, quota FROM aid_programme
                 WHERE programme_id IN (SELECT programme_id FROM changed)
                 ORDER BY programme_id FOR NO KEY UPDATE LOOP
    IF (SELECT count(*) FROM aid_place p
         WHERE p.programme_id = wanted.programme_id AND p.status = 'HELD') > wanted.quota THEN
      RAISE EXCEPTION 'the quota of % is taken', wanted.programme_id USING ERRCODE = 'check_violation';
    END IF;
  END LOOP;
  RETURN NULL;
END $$
""",
    """
CREATE TRIGGER aid_place_added AFTER INSERT ON aid_place REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION aid_place_guard()
""",
    """
CREATE TRIGGER aid_place_changed AFTER UPDATE ON aid_place REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION aid_place_guard()
""",
    """
CREATE FUNCTION aid_delivery_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wanted record;
BEGIN
  FOR wanted IN SELECT programme_id, budget_fen FROM aid_programme
                 WHERE programme_id IN (SELECT programme_id FROM changed)
                 ORDER BY programme_id FOR NO KEY UPDATE LOOP
    IF (SELECT coalesce(sum(d.amount_fen), 0) FROM aid_delivery d
         WHERE d.programme_id = wanted.programme_id AND d.status NOT IN ('VOID', 'REFUSED')) > wanted.budget_fen THEN
      RAISE EXCEPTION 'the budget of % is spent', wanted.programme_id USING ERRCODE = 'check_violation';
    END IF;
  END LOOP;
  RETURN NULL;
END $$
""",
    """
CREATE TRIGGER aid_delivery_added AFTER INSERT ON aid_delivery REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION aid_delivery_guard()
""",
)


def upgrade() -> None:
    op.create_table(
        "aid_programme",
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False, comment="* is the nation"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="the whole document"),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column(
            "created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column(
            "in_force_at",
            sa.TIMESTAMP(timezone=True),
            nullable=True,
            comment="when it was approved: known from then on",
        ),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("code", sa.Text(), nullable=False, comment="names it among those of its division"),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False, comment="the last day"),
        sa.Column("quota", sa.BigInteger(), nullable=False),
        sa.Column("budget_fen", sa.BigInteger(), nullable=False),
        sa.Column("confidential", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(status IN ('IN_FORCE', 'WITHDRAWN')) = (in_force_at IS NOT NULL)",
            name=op.f("ck_aid_programme_in_force_since"),
        ),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'IN_FORCE', 'WITHDRAWN', 'DISCARDED')", name=op.f("ck_aid_programme_status_is_known")
        ),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> created_by", name=op.f("ck_aid_programme_four_eyes")),
        sa.PrimaryKeyConstraint("programme_id", name=op.f("pk_aid_programme")),
    )
    op.create_index(
        "uq_aid_programme_in_force",
        "aid_programme",
        ["division", "code"],
        unique=True,
        postgresql_where=sa.text("status = 'IN_FORCE'"),
    )
    op.create_table(
        "aid_place",
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=True),
        sa.Column("confidential", sa.Boolean(), nullable=False),
        sa.Column("age_band", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("enrolled_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True, comment="a code"),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(status = 'RELEASED') = (ended_on IS NOT NULL)", name=op.f("ck_aid_place_ended_when_released")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.institution_id"], name=op.f("fk_aid_place_institution_id")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["aid_programme.programme_id"], name=op.f("fk_aid_place_programme_id")
        ),
        sa.PrimaryKeyConstraint("place_id", name=op.f("pk_aid_place")),
    )
    op.create_index("ix_aid_place_institution_id", "aid_place", ["institution_id", "place_id"], unique=False)
    op.create_index("ix_aid_place_person_id", "aid_place", ["person_id"], unique=False)
    op.create_index(
        "uq_aid_place_held",
        "aid_place",
        ["programme_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("status = 'HELD'"),
    )
    op.create_table(
        "aid_settlement",
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("through_on", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint("(status = 'PAID') = (paid_on IS NOT NULL)", name=op.f("ck_aid_settlement_paid_on_a_day")),
        sa.CheckConstraint(
            "status NOT IN ('APPROVED', 'PAID') OR approved_by IS NOT NULL",
            name=op.f("ck_aid_settlement_paid_when_approved"),
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> recorded_by", name=op.f("ck_aid_settlement_four_eyes")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["aid_programme.programme_id"], name=op.f("fk_aid_settlement_programme_id")
        ),
        sa.PrimaryKeyConstraint("settlement_id", name=op.f("pk_aid_settlement")),
    )
    op.create_index("ix_aid_settlement_programme_id", "aid_settlement", ["programme_id", "settlement_id"], unique=False)
    op.create_table(
        "aid_delivery",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=True),
        sa.Column("confidential", sa.Boolean(), nullable=False),
        sa.Column("item_code", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=False, comment="at the centre, at home, remote"),
        sa.Column("delivered_on", sa.Date(), nullable=False),
        sa.Column("covers_from", sa.Date(), nullable=False),
        sa.Column("covers_until", sa.Date(), nullable=True, comment="the day it may be given again; empty: never"),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("confirmed_by", sa.Text(), nullable=True, comment="who signed for it"),
        sa.Column("effect", sa.Text(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("settlement_id", sa.Uuid(), nullable=True),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("person_id"), "="),
            (sa.text("item_code"), "="),
            (sa.text("daterange(covers_from, covers_until)"), "&&"),
            where=sa.text("status NOT IN ('VOID', 'REFUSED')"),
            using="gist",
            name="ex_aid_delivery_while_it_lasts",
        ),
        sa.CheckConstraint(
            "settlement_id IS NULL OR status IN ('ACCEPTED', 'SETTLED')",
            name=op.f("ck_aid_delivery_settled_when_accepted"),
        ),
        sa.CheckConstraint(
            "status <> 'SETTLED' OR settlement_id IS NOT NULL", name=op.f("ck_aid_delivery_settled_in_a_settlement")
        ),
        sa.CheckConstraint(
            "status NOT IN ('ACCEPTED', 'SETTLED') OR (decided_by IS NOT NULL AND confirmed_by IS NOT NULL)",
            name=op.f("ck_aid_delivery_accepted_by_somebody"),
        ),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_aid_delivery_amount_is_not_negative")),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> recorded_by", name=op.f("ck_aid_delivery_four_eyes")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.institution_id"], name=op.f("fk_aid_delivery_institution_id")
        ),
        sa.ForeignKeyConstraint(["place_id"], ["aid_place.place_id"], name=op.f("fk_aid_delivery_place_id")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["aid_programme.programme_id"], name=op.f("fk_aid_delivery_programme_id")
        ),
        sa.ForeignKeyConstraint(
            ["settlement_id"], ["aid_settlement.settlement_id"], name=op.f("fk_aid_delivery_settlement_id")
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_aid_delivery")),
    )
    op.create_index("ix_aid_delivery_person_id", "aid_delivery", ["person_id"], unique=False)
    op.create_index("ix_aid_delivery_place_id", "aid_delivery", ["place_id"], unique=False)
    op.create_index("ix_aid_delivery_programme_id", "aid_delivery", ["programme_id", "delivery_id"], unique=False)
    op.create_index("ix_aid_delivery_settlement_id", "aid_delivery", ["settlement_id", "delivery_id"], unique=False)
    op.create_index(
        "ix_aid_delivery_to_settle",
        "aid_delivery",
        ["programme_id"],
        unique=False,
        postgresql_where=sa.text("status = 'ACCEPTED' AND settlement_id IS NULL"),
    )
    op.create_index(
        "uq_aid_delivery_serial",
        "aid_delivery",
        ["item_code", "serial"],
        unique=True,
        postgresql_where=sa.text("serial IS NOT NULL AND status NOT IN ('VOID', 'REFUSED')"),
    )
    op.create_table(
        "aid_stage",
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("item_code", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["place_id"], ["aid_place.place_id"], name=op.f("fk_aid_stage_place_id")),
        sa.PrimaryKeyConstraint("place_id", "item_code", "stage", name=op.f("pk_aid_stage")),
    )

    for statement in _TRIGGERS:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("aid_stage")
    op.drop_index(
        "uq_aid_delivery_serial",
        table_name="aid_delivery",
        postgresql_where=sa.text("serial IS NOT NULL AND status NOT IN ('VOID', 'REFUSED')"),
    )
    op.drop_index(
        "ix_aid_delivery_to_settle",
        table_name="aid_delivery",
        postgresql_where=sa.text("status = 'ACCEPTED' AND settlement_id IS NULL"),
    )
    op.drop_index("ix_aid_delivery_settlement_id", table_name="aid_delivery")
    op.drop_index("ix_aid_delivery_programme_id", table_name="aid_delivery")
    op.drop_index("ix_aid_delivery_place_id", table_name="aid_delivery")
    op.drop_index("ix_aid_delivery_person_id", table_name="aid_delivery")
    op.drop_table("aid_delivery")
    op.drop_index("ix_aid_settlement_programme_id", table_name="aid_settlement")
    op.drop_table("aid_settlement")
    op.drop_index("uq_aid_place_held", table_name="aid_place", postgresql_where=sa.text("status = 'HELD'"))
    op.drop_index("ix_aid_place_person_id", table_name="aid_place")
    op.drop_index("ix_aid_place_institution_id", table_name="aid_place")
    op.drop_table("aid_place")
    op.drop_index(
        "uq_aid_programme_in_force", table_name="aid_programme", postgresql_where=sa.text("status = 'IN_FORCE'")
    )
    op.drop_table("aid_programme")

    op.execute("DROP FUNCTION aid_delivery_guard()")
    op.execute("DROP FUNCTION aid_place_guard()")
