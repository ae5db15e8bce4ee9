"""The registry: persons' lives. What they are found by, where they belonged and lived, duplicates, news from outside."""

import json
from datetime import date
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

_PORTAL = (
    """
CREATE FUNCTION portal_case_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE portal_case SET waiting = true WHERE application_id = NEW.application_id;
  RETURN NULL;
END $$
""",
    """
CREATE TRIGGER portal_case_waits AFTER INSERT ON application_step
  FOR EACH ROW EXECUTE FUNCTION portal_case_waits()
""",
)
"""Every step of a case that came from a portal is to be told there, whoever takes it."""


def upgrade() -> None:
    op.create_table(
        "division_change",
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False, comment="the decision's document number"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("applied_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('MERGE', 'SPLIT', 'RENAME', 'RECODE')", name=op.f("ck_division_change_kind_is_known")
        ),
        sa.CheckConstraint(
            "state IN ('PLANNED', 'APPLYING', 'APPLIED', 'CANCELLED')", name=op.f("ck_division_change_state_is_known")
        ),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_division_change")),
    )
    op.create_table(
        "household",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="FAMILY, or COLLECTIVE (an institution's book)"),
        sa.Column("book_no_cipher", sa.LargeBinary(), nullable=True, comment="number of the household book (户号)"),
        sa.Column("book_no_index", sa.LargeBinary(), nullable=True),
        sa.Column("address_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("persons", sa.SmallInteger(), nullable=True, comment="everybody in the book, registered here or not"),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("household_id", name=op.f("pk_household")),
        sa.UniqueConstraint("book_no_index", name=op.f("uq_household_book_no_index")),
    )
    op.create_index("ix_household_division", "household", ["division", "household_id"], unique=False)
    op.create_table(
        "portal_count",
        sa.Column("portal", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False, comment="by the portal"),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("portal", "day", "matter", "county", name=op.f("pk_portal_count")),
    )
    op.create_table(
        "survey_form",
        sa.Column("form_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("revision", sa.SmallInteger(), nullable=False),
        sa.Column(
            "items", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="the questions; never answers"
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column(
            "published_at", sa.TIMESTAMP(timezone=True), nullable=True, comment="null: a draft nobody is asked with yet"
        ),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("form_id", name=op.f("pk_survey_form")),
        sa.UniqueConstraint("code", "revision", name="uq_survey_form_revision"),
    )
    op.create_table(
        "client",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("diagnosed_on", sa.Date(), nullable=False),
        sa.Column("diagnosis_cipher", sa.LargeBinary(), nullable=True),
        sa.Column(
            "risk_level", sa.SmallInteger(), nullable=True, comment="of a severe mental disorder, 3 or more (CERT-36)"
        ),
        sa.Column("guardian_applied", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column(
            "valid_to",
            sa.Date(),
            nullable=True,
            comment="last day; a child's is the day before the seventh birthday (CERT-37)",
        ),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_client_valid_dates")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_client_person_id")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_client")),
    )
    op.create_index("ix_client_division", "client", ["division", "client_id"], unique=False)
    op.create_index("ix_client_person_id", "client", ["person_id"], unique=False)
    op.create_table(
        "division_succession",
        sa.Column("succession_id", sa.Uuid(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("predecessor", sa.Text(), nullable=False),
        sa.Column("successor", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="of the successor"),
        sa.ForeignKeyConstraint(
            ["change_id"], ["division_change.change_id"], name=op.f("fk_division_succession_change_id")
        ),
        sa.PrimaryKeyConstraint("succession_id", name=op.f("pk_division_succession")),
        sa.UniqueConstraint("predecessor", "successor", "change_id", name="uq_division_succession_step"),
    )
    op.create_index("ix_division_succession_successor", "division_succession", ["successor"], unique=False)
    op.create_table(
        "duplicate",
        sa.Column("duplicate_id", sa.Uuid(), nullable=False),
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("second_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("division", sa.Text(), nullable=False, comment="the smallest that holds both"),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("reasons", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), server_default="OPEN", nullable=False),
        sa.Column("found_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('OPEN', 'DISMISSED', 'MERGED')", name=op.f("ck_duplicate_state_is_known")),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_duplicate_in_order")),
        sa.ForeignKeyConstraint(["first_id"], ["person.person_id"], name=op.f("fk_duplicate_first_id")),
        sa.ForeignKeyConstraint(["second_id"], ["person.person_id"], name=op.f("fk_duplicate_second_id")),
        sa.PrimaryKeyConstraint("duplicate_id", name=op.f("pk_duplicate")),
        sa.UniqueConstraint("first_id", "second_id", name="uq_duplicate_pair"),
    )
    op.create_index(
        "ix_duplicate_open",
        "duplicate",
        ["division", "duplicate_id"],
        unique=False,
        postgresql_where=sa.text("state = 'OPEN'"),
    )
    op.create_index("ix_duplicate_second_id", "duplicate", ["second_id"], unique=False)
    op.create_table(
        "foreign_id",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("foreign_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_foreign_id_person_id")),
        sa.PrimaryKeyConstraint("system", "foreign_id", name=op.f("pk_foreign_id")),
        sa.UniqueConstraint("system", "person_id", name="uq_foreign_id_person"),
    )
    op.create_index("ix_foreign_id_person_id", "foreign_id", ["person_id"], unique=False)
    op.create_table(
        "household_member",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False, comment="to the head of the household"),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True, comment="last day; null: still a member"),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_household_member_valid_dates")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.household_id"], name=op.f("fk_household_member_household_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_household_member_person_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_household_member")),
    )
    op.create_index("ix_household_member_household_id", "household_member", ["household_id"], unique=False)
    op.create_index(
        "uq_household_member_now",
        "household_member",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_table(
        "outside_report",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "source_ref",
            sa.Text(),
            nullable=True,
            comment="how the source calls it; one report of a source is kept once",
        ),
        sa.Column("batch_id", sa.Uuid(), nullable=True, comment="the import it came with"),
        sa.Column("event_date", sa.Date(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("to_division", sa.Text(), nullable=True, comment="of a move"),
        sa.Column("number_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("number_index", sa.LargeBinary(), nullable=True),
        sa.Column("name_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("born_on_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it waits, or was rejected"),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("division", sa.Text(), nullable=False, comment="of the person once matched, else of who reported"),
        sa.Column("stop_id", sa.Uuid(), nullable=True, comment="the fact it made"),
        sa.Column("certificate_stop_id", sa.Uuid(), nullable=True, comment="the cancellation it made"),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("applied_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("retracted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'MOVE') = (to_division IS NOT NULL)", name=op.f("ck_outside_report_moves_go_somewhere")
        ),
        sa.CheckConstraint("kind IN ('DEATH', 'MOVE')", name=op.f("ck_outside_report_kind_is_known")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_outside_report_person_id")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_outside_report")),
    )
    op.create_index(
        "ix_outside_report_batch_id",
        "outside_report",
        ["batch_id", "report_id"],
        unique=False,
        postgresql_where=sa.text("batch_id IS NOT NULL"),
    )
    op.create_index("ix_outside_report_person_id", "outside_report", ["person_id", "kind"], unique=False)
    op.create_index(
        "ix_outside_report_waiting",
        "outside_report",
        ["division", "report_id"],
        unique=False,
        postgresql_where=sa.text("state IN ('UNMATCHED', 'CANDIDATE', 'READY', 'CONFLICT', 'AWAITING_TRANSFER')"),
    )
    op.create_index(
        "uq_outside_report_source",
        "outside_report",
        ["source", "source_ref"],
        unique=True,
        postgresql_where=sa.text("source_ref IS NOT NULL"),
    )
    op.create_table(
        "person_merge",
        sa.Column("merge_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False, comment="the surviving record"),
        sa.Column("absorbed_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("merged_on", sa.Date(), nullable=False),
        sa.Column("undone", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["absorbed_id"], ["person.person_id"], name=op.f("fk_person_merge_absorbed_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_person_merge_person_id")),
        sa.PrimaryKeyConstraint("merge_id", name=op.f("pk_person_merge")),
    )
    op.create_index("ix_person_merge_person_id", "person_merge", ["person_id"], unique=False)
    op.create_index(
        "uq_person_merge_standing", "person_merge", ["absorbed_id"], unique=True, postgresql_where=sa.text("NOT undone")
    )
    op.create_table(
        "person_name",
        sa.Column("name_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name_cipher", sa.LargeBinary(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True, comment="last day of a former name; null: still used"),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.TIMESTAMP(timezone=True), nullable=True, comment="it was a mistake"),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_person_name_person_id")),
        sa.PrimaryKeyConstraint("name_id", name=op.f("pk_person_name")),
    )
    op.create_index("ix_person_name_person_id", "person_name", ["person_id"], unique=False)
    op.create_table(
        "person_place",
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind", sa.Text(), nullable=False, comment="HOME: registered residence; RESIDENCE: where the person lives"
        ),
        sa.Column("division", sa.Text(), nullable=True, comment="null: lives at home again"),
        sa.Column("previous", sa.Text(), nullable=True, comment="where it was before this change"),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("permit_cipher", sa.LargeBinary(), nullable=True, comment="number of the residence permit (CERT-30)"),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.TIMESTAMP(timezone=True), nullable=True, comment="it was a mistake, known since"),
        sa.CheckConstraint(
            "kind = 'RESIDENCE' OR division IS NOT NULL", name=op.f("ck_person_place_everybody_belongs_somewhere")
        ),
        sa.CheckConstraint("kind IN ('HOME', 'RESIDENCE')", name=op.f("ck_person_place_kind_is_known")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_person_place_person_id")),
        sa.PrimaryKeyConstraint("place_id", name=op.f("pk_person_place")),
    )
    op.create_index("ix_person_place_person_id", "person_place", ["person_id", "kind", "valid_from"], unique=False)
    op.create_index(
        "ix_person_place_residence",
        "person_place",
        ["division", "person_id"],
        unique=False,
        postgresql_where=sa.text("kind = 'RESIDENCE'"),
    )
    op.create_table(
        "person_search",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "terms", postgresql.ARRAY(sa.BigInteger()), nullable=False, comment="keyed fingerprints; nothing in clear"
        ),
        sa.Column(
            "stale", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="to be computed anew"
        ),
        sa.Column(
            "unmatched",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="not compared with others yet",
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_person_search_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person_search")),
    )
    op.create_index(
        "ix_person_search_stale", "person_search", ["person_id"], unique=False, postgresql_where=sa.text("stale")
    )
    op.create_index("ix_person_search_terms", "person_search", ["terms"], unique=False, postgresql_using="gin")
    op.create_index(
        "ix_person_search_unmatched",
        "person_search",
        ["person_id"],
        unique=False,
        postgresql_where=sa.text("unmatched AND NOT stale"),
    )
    op.create_table(
        "portal_case",
        sa.Column("intake_id", sa.Uuid(), nullable=False),
        sa.Column("portal", sa.Text(), nullable=False, comment="the portal's client id"),
        sa.Column("case_no", sa.Text(), nullable=False, comment="the portal's own number of the case"),
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False, comment="where the portal took it in"),
        sa.Column("received_on", sa.Date(), nullable=False, comment="the day the portal says it took the case in"),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column(
            "told",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="the last step the portal was told",
        ),
        sa.Column(
            "waiting", sa.Boolean(), server_default=sa.text("true"), nullable=False, comment="there are later steps"
        ),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.application_id"], name=op.f("fk_portal_case_application_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_portal_case_person_id")),
        sa.PrimaryKeyConstraint("intake_id", name=op.f("pk_portal_case")),
        sa.UniqueConstraint("application_id", name="uq_portal_case_application_id"),
        sa.UniqueConstraint("portal", "case_no", name="uq_portal_case_case_no"),
    )
    op.create_index("ix_portal_case_day", "portal_case", ["received_on", "division"], unique=False)
    op.create_index("ix_portal_case_person_id", "portal_case", ["person_id"], unique=False)
    op.create_index(
        "ix_portal_case_waiting",
        "portal_case",
        ["portal", "intake_id"],
        unique=False,
        postgresql_where=sa.text("waiting"),
    )
    for statement in _PORTAL:
        op.execute(statement)
    op.create_index("ix_portal_case_division", "portal_case", ["division", "intake_id"], unique=False)
    op.create_table(
        "survey_visit",
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("form_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("visited_on", sa.Date(), nullable=False),
        sa.Column("needs", sa.Text(), nullable=False, comment="codes of need items answered yes, in order: N01;N07"),
        sa.Column("answers_cipher", sa.LargeBinary(), nullable=True, comment="JSON; null when nobody was found"),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["survey_form.form_id"], name=op.f("fk_survey_visit_form_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_survey_visit_person_id")),
        sa.PrimaryKeyConstraint("visit_id", name=op.f("pk_survey_visit")),
        sa.UniqueConstraint("person_id", "year", name="uq_survey_visit_year"),
    )
    op.create_index("ix_survey_visit_division", "survey_visit", ["year", "division", "visit_id"], unique=False)
    _first_survey_form()
    op.add_column(
        "person",
        sa.Column(
            "citizen_id_raw_cipher",
            sa.LargeBinary(),
            nullable=True,
            comment="as it was written, when that was otherwise (ID-05)",
        ),
    )
    op.add_column(
        "person", sa.Column("merged_into", sa.Uuid(), nullable=True, comment="the surviving record of the same person")
    )
    op.drop_index(op.f("ix_person_division"), table_name="person", postgresql_ops={"division": "text_pattern_ops"})
    op.create_index(
        "ix_person_merged_into",
        "person",
        ["merged_into"],
        unique=False,
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_index("ix_person_place", "person", ["division", "person_id"], unique=False)
    op.create_foreign_key(op.f("fk_person_merged_into"), "person", "person", ["merged_into"], ["person_id"])

    op.create_check_constraint(op.f("ck_person_merged_into_another"), "person", "merged_into <> person_id")
    # Names are encrypted: only the worker can compute the terms, and it begins as soon as it starts.
    op.execute("INSERT INTO person_search (person_id, terms, stale) SELECT person_id, '{}', true FROM person")


def _first_survey_form() -> None:
    """Revision 1 of the questionnaire: nobody could record a visit without one."""
    form = sa.table(
        "survey_form",
        sa.column("form_id", sa.Uuid()),
        sa.column("code", sa.Text()),
        sa.column("revision", sa.SmallInteger()),
        sa.column("items", postgresql.JSONB()),
        sa.column("valid_from", sa.Date()),
        sa.column("published_at", sa.TIMESTAMP(timezone=True)),
        sa.column("recorded_by", sa.Text()),
    )
    op.execute(
        form.insert().values(
            form_id=UUID("0198e4a0-0000-7000-8000-000000000001"),
            code="BASIC_STATUS",
            revision=1,
            items=json.loads((Path(__file__).parents[1] / "survey_form_1.json").read_text(encoding="utf-8")),
            valid_from=date(2015, 1, 1),
            published_at=sa.func.clock_timestamp(),
            recorded_by="system",
        )
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_person_merged_into_another"), "person", type_="check")
    op.drop_constraint(op.f("fk_person_merged_into"), "person", type_="foreignkey")
    op.drop_index("ix_person_place", table_name="person")
    op.drop_index("ix_person_merged_into", table_name="person", postgresql_where=sa.text("merged_into IS NOT NULL"))
    op.create_index(
        op.f("ix_person_division"),
        "person",
        ["division", "person_id"],
        unique=False,
        postgresql_ops={"division": "text_pattern_ops"},
    )
    op.drop_column("person", "merged_into")
    op.drop_column("person", "citizen_id_raw_cipher")
    op.drop_index("ix_survey_visit_division", table_name="survey_visit")
    op.drop_table("survey_visit")
    op.execute("DROP FUNCTION portal_case_waits() CASCADE")
    op.drop_table("portal_case")
    op.drop_index(
        "ix_person_search_unmatched", table_name="person_search", postgresql_where=sa.text("unmatched AND NOT stale")
    )
    op.drop_index("ix_person_search_terms", table_name="person_search", postgresql_using="gin")
    op.drop_index("ix_person_search_stale", table_name="person_search", postgresql_where=sa.text("stale"))
    op.drop_table("person_search")
    op.drop_index(
        "ix_person_place_residence", table_name="person_place", postgresql_where=sa.text("kind = 'RESIDENCE'")
    )
    op.drop_index("ix_person_place_person_id", table_name="person_place")
    op.drop_table("person_place")
    op.drop_index("ix_person_name_person_id", table_name="person_name")
    op.drop_table("person_name")
    op.drop_index("uq_person_merge_standing", table_name="person_merge", postgresql_where=sa.text("NOT undone"))
    op.drop_index("ix_person_merge_person_id", table_name="person_merge")
    op.drop_table("person_merge")
    op.drop_index(
        "uq_outside_report_source", table_name="outside_report", postgresql_where=sa.text("source_ref IS NOT NULL")
    )
    op.drop_index(
        "ix_outside_report_waiting",
        table_name="outside_report",
        postgresql_where=sa.text("state IN ('UNMATCHED', 'CANDIDATE', 'READY', 'CONFLICT', 'AWAITING_TRANSFER')"),
    )
    op.drop_index("ix_outside_report_person_id", table_name="outside_report")
    op.drop_index(
        "ix_outside_report_batch_id", table_name="outside_report", postgresql_where=sa.text("batch_id IS NOT NULL")
    )
    op.drop_table("outside_report")
    op.drop_index(
        "uq_household_member_now", table_name="household_member", postgresql_where=sa.text("valid_to IS NULL")
    )
    op.drop_index("ix_household_member_household_id", table_name="household_member")
    op.drop_table("household_member")
    op.drop_index("ix_foreign_id_person_id", table_name="foreign_id")
    op.drop_table("foreign_id")
    op.drop_index("ix_duplicate_second_id", table_name="duplicate")
    op.drop_index("ix_duplicate_open", table_name="duplicate", postgresql_where=sa.text("state = 'OPEN'"))
    op.drop_table("duplicate")
    op.drop_index("ix_division_succession_successor", table_name="division_succession")
    op.drop_table("division_succession")
    op.drop_index("ix_client_person_id", table_name="client")
    op.drop_index("ix_client_division", table_name="client")
    op.drop_table("client")
    op.drop_table("survey_form")
    op.drop_table("portal_count")
    op.drop_index("ix_household_division", table_name="household")
    op.drop_table("household")
    op.drop_table("division_change")
