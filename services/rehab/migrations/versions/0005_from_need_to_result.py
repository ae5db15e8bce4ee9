"""Cases from need to result: the catalogue, institutions, referrals, assessments, plans, sessions, visits (RULES 7.6)."""

from datetime import date

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

_OPEN = "status NOT IN ('CLOSED', 'NOT_SUITABLE', 'FOLLOWED_UP')"
_CAMPAIGN = "精神障碍社区康复服务资源共享与转介管理办法"


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.create_table(
        "case_limit",
        sa.Column("division", sa.Text(), nullable=False, comment="* is everywhere"),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("days", sa.SmallInteger(), nullable=False, comment="working days; of a pause, days of the calendar"),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("division", "programme", "stage", "valid_from", name=op.f("pk_case_limit")),
    )
    op.create_table(
        "catalogue_item",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False, comment="offered here and inside"),
        sa.Column("item_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("categories", sa.Text(), nullable=False, comment="digits of ID-07"),
        sa.Column("age_bands", sa.Text(), nullable=False, comment="words, separated by blanks"),
        sa.Column("modes", sa.Text(), nullable=False, comment="words, separated by blanks"),
        sa.Column("payers", sa.Text(), nullable=False, comment="words, separated by blanks"),
        sa.Column("cycle", sa.Text(), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("service_life_months", sa.SmallInteger(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True, comment="the last day"),
        sa.Column("basis", sa.Text(), nullable=False, comment="the document that says so"),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("division"), "="),
            (sa.text("item_code"), "="),
            (sa.text("daterange(valid_from, valid_to, '[]')"), "&&"),
            using="gist",
            name="ex_catalogue_item_in_force",
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_catalogue_item")),
    )
    op.create_table(
        "institution",
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=True, comment="who acts for it, by the subject of their token"),
        sa.Column("defence_until", sa.Date(), nullable=True),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("institution_id", name=op.f("pk_institution")),
    )
    op.create_index("ix_institution_account", "institution", ["account"], unique=False)
    op.create_index(
        "ix_institution_division",
        "institution",
        ["division", "institution_id"],
        unique=False,
        postgresql_ops={"division": "text_pattern_ops"},
    )
    op.create_table(
        "working_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False, comment="empty: everywhere"),
        sa.Column("works", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("day", "division", name=op.f("pk_working_day")),
    )
    op.create_table(
        "working_year",
        sa.Column("year", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("division", sa.Text(), nullable=False, comment="empty: everywhere"),
        sa.Column("basis", sa.Text(), nullable=False, comment="the notice"),
        sa.Column("recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("year", "division", name=op.f("pk_working_year")),
    )
    op.create_table(
        "institution_agreement",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_no", sa.Text(), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False, comment="the last day"),
        sa.Column("categories", sa.Text(), nullable=False, comment="digits of ID-07"),
        sa.Column("capacity", sa.BigInteger(), nullable=False),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("institution_id"), "="),
            (sa.text("daterange(begins_on, ends_on, '[]')"), "&&"),
            using="gist",
            name="ex_institution_agreement_one_a_day",
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.institution_id"], name=op.f("fk_institution_agreement_institution_id")
        ),
        sa.PrimaryKeyConstraint("agreement_id", name=op.f("pk_institution_agreement")),
    )
    op.create_table(
        "institution_change",
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True, comment="a code"),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.institution_id"], name=op.f("fk_institution_change_institution_id")
        ),
        sa.PrimaryKeyConstraint("institution_id", "version", name=op.f("pk_institution_change")),
    )
    op.create_table(
        "institution_staff",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column(
            "staff_no", sa.Text(), nullable=False, comment="the institution's own number, never that of a person"
        ),
        sa.Column("qualification", sa.Text(), nullable=False),
        sa.Column("qualified_from", sa.Date(), nullable=False),
        sa.Column("qualified_until", sa.Date(), nullable=False, comment="the last day"),
        sa.Column("training_hours", sa.SmallInteger(), nullable=False, comment="special training in the year"),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.institution_id"], name=op.f("fk_institution_staff_institution_id")
        ),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_institution_staff")),
    )
    op.create_index("uq_institution_staff_staff_no", "institution_staff", ["institution_id", "staff_no"], unique=True)
    op.create_table(
        "safety_check",
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("quarter", sa.SmallInteger(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("faults", sa.SmallInteger(), nullable=False),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint("quarter BETWEEN 1 AND 4", name=op.f("ck_safety_check_quarter_is_one_of_four")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.institution_id"], name=op.f("fk_safety_check_institution_id")
        ),
        sa.PrimaryKeyConstraint("institution_id", "year", "quarter", name=op.f("pk_safety_check")),
    )
    op.create_table(
        "case_assessment",
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("assessed_on", sa.Date(), nullable=False),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["rehab_case.case_id"], name=op.f("fk_case_assessment_case_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["institution_staff.staff_id"], name=op.f("fk_case_assessment_staff_id")),
        sa.PrimaryKeyConstraint("assessment_id", name=op.f("pk_case_assessment")),
    )
    op.create_index("ix_case_assessment_case_id", "case_assessment", ["case_id"], unique=False)
    op.create_table(
        "case_follow_up",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("visit_no", sa.SmallInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("visited_on", sa.Date(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["rehab_case.case_id"], name=op.f("fk_case_follow_up_case_id")),
        sa.PrimaryKeyConstraint("case_id", "visit_no", name=op.f("pk_case_follow_up")),
    )
    op.create_index(
        "ix_case_follow_up_due_on",
        "case_follow_up",
        ["due_on", "case_id"],
        unique=False,
        postgresql_where=sa.text("visited_on IS NULL"),
    )
    op.create_table(
        "case_referral",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="of the case when it was referred"),
        sa.Column("institution_id", sa.Uuid(), nullable=True, comment="empty: to a hospital"),
        sa.Column("referred_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True, comment="a code, of a medical referral"),
        sa.Column("answered_on", sa.Date(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answer_reason", sa.Text(), nullable=True, comment="a code"),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["rehab_case.case_id"], name=op.f("fk_case_referral_case_id")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.institution_id"], name=op.f("fk_case_referral_institution_id")
        ),
        sa.PrimaryKeyConstraint("case_id", "version", name=op.f("pk_case_referral")),
    )
    op.create_table(
        "person_plan",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("plan_no", sa.SmallInteger(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("assess_on", sa.Date(), nullable=False),
        sa.Column("signed_by", sa.Text(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("follow_up_days", postgresql.ARRAY(sa.SmallInteger()), nullable=False, comment="after the closing"),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["rehab_case.case_id"], name=op.f("fk_person_plan_case_id")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.institution_id"], name=op.f("fk_person_plan_institution_id")
        ),
        sa.PrimaryKeyConstraint("case_id", "plan_no", name=op.f("pk_person_plan")),
    )
    op.create_table(
        "rehab_session",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("plan_no", sa.SmallInteger(), nullable=False),
        sa.Column("item_no", sa.SmallInteger(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("begins_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("attendance", sa.Text(), nullable=False),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("person_id"), "="),
            (sa.text("tstzrange(begins_at, ends_at)"), "&&"),
            where=sa.text("attendance = 'ATTENDED'"),
            using="gist",
            name="ex_rehab_session_person",
        ),
        postgresql.ExcludeConstraint(
            (sa.text("staff_id"), "="),
            (sa.text("tstzrange(begins_at, ends_at)"), "&&"),
            where=sa.text("attendance = 'ATTENDED' AND mode = 'HOME'"),
            using="gist",
            name="ex_rehab_session_visit",
        ),
        sa.CheckConstraint("begins_at < ends_at", name=op.f("ck_rehab_session_takes_time")),
        sa.ForeignKeyConstraint(["case_id"], ["rehab_case.case_id"], name=op.f("fk_rehab_session_case_id")),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_rehab_session")),
    )
    op.create_index("ix_rehab_session_case_id", "rehab_session", ["case_id", "session_id"], unique=False)
    op.create_index(
        "ix_rehab_session_institution_id_day", "rehab_session", ["institution_id", "day", "session_id"], unique=False
    )
    op.create_table(
        "person_plan_item",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("plan_no", sa.SmallInteger(), nullable=False),
        sa.Column("item_no", sa.SmallInteger(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False, comment="owner"),
        sa.Column("begins_on", sa.Date(), nullable=False, comment="time"),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("sessions", sa.SmallInteger(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("payer", sa.Text(), nullable=False, comment="money"),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False, comment="effect"),
        sa.Column("target", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id", "plan_no"],
            ["person_plan.case_id", "person_plan.plan_no"],
            name=op.f("fk_person_plan_item_case_id_plan_no"),
        ),
        sa.ForeignKeyConstraint(["item_id"], ["catalogue_item.item_id"], name=op.f("fk_person_plan_item_item_id")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["institution_staff.staff_id"], name=op.f("fk_person_plan_item_staff_id")
        ),
        sa.PrimaryKeyConstraint("case_id", "plan_no", "item_no", name=op.f("pk_person_plan_item")),
    )
    op.add_column(
        "case_step",
        sa.Column("due_on", sa.Date(), nullable=True, comment="the last day the step before allowed for this one"),
    )
    op.add_column("case_step", sa.Column("reason", sa.Text(), nullable=True, comment="a code"))
    op.add_column("rehab_case", sa.Column("programme", sa.Text(), server_default=sa.text("'GENERAL'"), nullable=False))
    op.add_column(
        "rehab_case", sa.Column("confidential", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("rehab_case", sa.Column("consent_by", sa.Text(), nullable=True))
    op.add_column("rehab_case", sa.Column("consented_on", sa.Date(), nullable=True))
    op.add_column("rehab_case", sa.Column("category", sa.SmallInteger(), nullable=True))
    op.add_column("rehab_case", sa.Column("age_band", sa.Text(), nullable=True))
    op.add_column("rehab_case", sa.Column("institution_id", sa.Uuid(), nullable=True))
    op.add_column("rehab_case", sa.Column("plan_no", sa.SmallInteger(), nullable=True))
    op.add_column(
        "rehab_case",
        sa.Column("basis", sa.Text(), nullable=True, comment="what the client held when the plan was agreed"),
    )
    op.add_column(
        "rehab_case", sa.Column("due_on", sa.Date(), nullable=True, comment="the last day for the step it waits for")
    )
    op.add_column(
        "rehab_case", sa.Column("resumes_as", sa.Text(), nullable=True, comment="where it stood when a death closed it")
    )
    op.create_index(
        "ix_rehab_case_due_on",
        "rehab_case",
        ["due_on", "case_id"],
        unique=False,
        postgresql_where=sa.text("due_on IS NOT NULL"),
    )
    op.create_index(
        "ix_rehab_case_institution_id",
        "rehab_case",
        ["institution_id", "case_id"],
        unique=False,
        postgresql_where=sa.text("status NOT IN ('CLOSED', 'NOT_SUITABLE', 'FOLLOWED_UP')"),
    )
    op.create_foreign_key(
        op.f("fk_rehab_case_institution_id"), "rehab_case", "institution", ["institution_id"], ["institution_id"]
    )
    _one_open_case(_OPEN)
    # REH-73, REH-74 as they stand; the days of an answer and of a pause are ours, and a county may decide others.
    limits = [("MENTAL", "CHECK", 5), ("MENTAL", "REFERRAL", 5)]
    limits += [(programme, "ANSWER", 5) for programme in ("GENERAL", "CHILD", "MENTAL")]
    limits += [(programme, "PAUSE", 90) for programme in ("GENERAL", "CHILD", "MENTAL")]
    op.bulk_insert(
        sa.table(
            "case_limit",
            *(sa.column(name, sa.Text) for name in ("division", "programme", "stage", "basis", "recorded_by")),
            sa.column("valid_from", sa.Date),
            sa.column("days", sa.SmallInteger),
        ),
        [
            {
                "division": "*",
                "programme": programme,
                "stage": stage,
                "valid_from": date(2016, 1, 1),
                "days": days,
                "basis": _CAMPAIGN if stage in {"CHECK", "REFERRAL"} else "default",
                "recorded_by": "migration",
            }
            for programme, stage, days in limits
        ],
    )


def downgrade() -> None:
    _one_open_case("status <> 'CLOSED'")
    op.drop_constraint(op.f("fk_rehab_case_institution_id"), "rehab_case", type_="foreignkey")
    op.drop_index(
        "ix_rehab_case_institution_id",
        table_name="rehab_case",
        postgresql_where=sa.text("status NOT IN ('CLOSED', 'NOT_SUITABLE', 'FOLLOWED_UP')"),
    )
    op.drop_index("ix_rehab_case_due_on", table_name="rehab_case", postgresql_where=sa.text("due_on IS NOT NULL"))
    op.drop_column("rehab_case", "resumes_as")
    op.drop_column("rehab_case", "due_on")
    op.drop_column("rehab_case", "basis")
    op.drop_column("rehab_case", "plan_no")
    op.drop_column("rehab_case", "institution_id")
    op.drop_column("rehab_case", "age_band")
    op.drop_column("rehab_case", "category")
    op.drop_column("rehab_case", "consented_on")
    op.drop_column("rehab_case", "consent_by")
    op.drop_column("rehab_case", "confidential")
    op.drop_column("rehab_case", "programme")
    op.drop_column("case_step", "reason")
    op.drop_column("case_step", "due_on")
    op.drop_table("person_plan_item")
    op.drop_index("ix_rehab_session_institution_id_day", table_name="rehab_session")
    op.drop_index("ix_rehab_session_case_id", table_name="rehab_session")
    op.drop_table("rehab_session")
    op.drop_table("person_plan")
    op.drop_table("case_referral")
    op.drop_index(
        "ix_case_follow_up_due_on", table_name="case_follow_up", postgresql_where=sa.text("visited_on IS NULL")
    )
    op.drop_table("case_follow_up")
    op.drop_index("ix_case_assessment_case_id", table_name="case_assessment")
    op.drop_table("case_assessment")
    op.drop_table("safety_check")
    op.drop_index("uq_institution_staff_staff_no", table_name="institution_staff")
    op.drop_table("institution_staff")
    op.drop_table("institution_change")
    op.drop_table("institution_agreement")
    op.drop_table("working_year")
    op.drop_table("working_day")
    op.drop_index("ix_institution_division", table_name="institution", postgresql_ops={"division": "text_pattern_ops"})
    op.drop_index("ix_institution_account", table_name="institution")
    op.drop_table("institution")
    op.drop_table("catalogue_item")
    op.drop_table("case_limit")
    op.execute("DROP EXTENSION btree_gist")


def _one_open_case(is_open: str) -> None:
    op.drop_index("uq_rehab_case_open", table_name="rehab_case")
    op.create_index("uq_rehab_case_open", "rehab_case", ["person_id"], unique=True, postgresql_where=sa.text(is_open))
