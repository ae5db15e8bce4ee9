"""The registry: applications, assessments, campaigns, local rules, working days; a certificate's history."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

_HISTORY = (
    """
CREATE FUNCTION certificate_dated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.recorded_at := clock_timestamp();
  RETURN NEW;
END $$
""",
    """
CREATE TRIGGER certificate_dated BEFORE UPDATE ON certificate
  FOR EACH ROW WHEN (OLD.version <> NEW.version) EXECUTE FUNCTION certificate_dated()
""",
    """
CREATE FUNCTION certificate_remembered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO certificate_version (certificate_id, version, division, status, category, grade, components, issued_on,
    expires_on, effective_on, recorded_at)
  SELECT o.certificate_id, o.version, o.division, o.status, o.category, o.grade, o.components, o.issued_on,
    o.expires_on, coalesce(o.effective_on, o.issued_on), o.recorded_at
  FROM before o JOIN after n USING (certificate_id) WHERE o.version <> n.version;
  RETURN NULL;
END $$
""",
    """
CREATE TRIGGER certificate_remembered AFTER UPDATE ON certificate REFERENCING OLD TABLE AS before NEW TABLE AS after
  FOR EACH STATEMENT EXECUTE FUNCTION certificate_remembered()
""",
)
"""What a certificate was goes into ``certificate_version``, whichever path changes it."""


def upgrade() -> None:
    _what_cases_refer_to()
    _cases()
    for statement in _HISTORY:
        op.execute(statement)


def _what_cases_refer_to() -> None:
    op.create_table(
        "assessment_institution",
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("categories", sa.Text(), nullable=False, comment="category digits it is designated for"),
        sa.Column("modes", sa.Text(), nullable=False),
        sa.Column("designated_from", sa.Date(), nullable=False),
        sa.Column("designated_to", sa.Date(), nullable=True, comment="last day"),
        sa.Column("account", sa.Text(), nullable=True, comment="who speaks for it at the issuer of tokens"),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "designated_to IS NULL OR designated_to >= designated_from",
            name=op.f("ck_assessment_institution_valid_dates"),
        ),
        sa.PrimaryKeyConstraint("institution_id", name=op.f("pk_assessment_institution")),
    )
    op.create_index(
        "ix_assessment_institution_division", "assessment_institution", ["division", "institution_id"], unique=False
    )
    op.create_table(
        "campaign",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("expires_from", sa.Date(), nullable=False),
        sa.Column("expires_to", sa.Date(), nullable=False),
        sa.Column(
            "answer_by", sa.Date(), nullable=False, comment="until then holders may answer before they are frozen"
        ),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint("expires_to >= expires_from", name=op.f("ck_campaign_valid_dates")),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_campaign")),
    )
    op.create_index("ix_campaign_division", "campaign", ["division", "campaign_id"], unique=False)
    op.create_table(
        "local_rule",
        sa.Column("local_rule_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False, comment="empty: everywhere"),
        sa.Column("matter", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True, comment="last day"),
        sa.Column("basis", sa.Text(), nullable=False, comment="the local document that says so"),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_local_rule_valid_dates")),
        sa.PrimaryKeyConstraint("local_rule_id", name=op.f("pk_local_rule")),
    )
    op.create_index("ix_local_rule_name", "local_rule", ["name", "division", "valid_from"], unique=False)
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
        "assessment_slot",
        sa.Column("slot_id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("begins", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("categories", sa.Text(), nullable=False),
        sa.Column("capacity", sa.SmallInteger(), nullable=False),
        sa.Column("booked", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint("booked BETWEEN 0 AND capacity", name=op.f("ck_assessment_slot_nobody_is_booked_twice")),
        sa.CheckConstraint("ends > begins", name=op.f("ck_assessment_slot_takes_time")),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["assessment_institution.institution_id"],
            name=op.f("fk_assessment_slot_institution_id"),
        ),
        sa.PrimaryKeyConstraint("slot_id", name=op.f("pk_assessment_slot")),
    )
    op.create_index("ix_assessment_slot_day", "assessment_slot", ["division", "day", "slot_id"], unique=False)
    op.create_index(
        "uq_assessment_slot_begins", "assessment_slot", ["institution_id", "day", "begins", "mode"], unique=True
    )


def _cases() -> None:
    op.create_table(
        "application",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False, comment="the division that decides"),
        sa.Column("acceptance", sa.Text(), nullable=False, comment="the division that took it in (CERT-31)"),
        sa.Column("leaving", sa.Text(), nullable=True, comment="the division a transfer leaves"),
        sa.Column("certificate_id", sa.Uuid(), nullable=True),
        sa.Column("categories", sa.Text(), nullable=False, comment="category digits applied for"),
        sa.Column("state_changed", sa.Boolean(), nullable=False),
        sa.Column("visible_limb_loss", sa.Boolean(), nullable=False),
        sa.Column("cancellation", sa.Text(), nullable=True),
        sa.Column("event_date", sa.Date(), nullable=True, comment="of loss, move, death or judgment"),
        sa.Column("permit_cipher", sa.LargeBinary(), nullable=True, comment="number of the residence permit (CERT-30)"),
        sa.Column("submitted_on", sa.Date(), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("warn_on", sa.Date(), nullable=True),
        sa.Column("completion_asked", sa.Boolean(), nullable=False),
        sa.Column("asked_papers", sa.Text(), nullable=False, comment="everything that was missing, listed once"),
        sa.Column("needs_assessment", sa.Boolean(), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=True),
        sa.Column("concluded_on", sa.Date(), nullable=True),
        sa.Column(
            "found", sa.Text(), nullable=True, comment="components found, 4:2;6:3; null: the standard is not met"
        ),
        sa.Column("notice_until", sa.Date(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("rejection", sa.Text(), nullable=True),
        sa.Column("reason_cipher", sa.LargeBinary(), nullable=True, comment="why, in words for the applicant"),
        sa.Column("produced_on", sa.Date(), nullable=True),
        sa.Column("number_cipher", sa.LargeBinary(), nullable=True, comment="on the card that was printed"),
        sa.Column("dispute_on", sa.Date(), nullable=True),
        sa.Column("dispute_found", sa.Text(), nullable=True),
        sa.Column("follows", sa.Uuid(), nullable=True, comment="the case whose dispute was won"),
        sa.Column("rating", sa.SmallInteger(), nullable=True),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_application_rating_is_one_to_five")),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.certificate_id"], name=op.f("fk_application_certificate_id")
        ),
        sa.ForeignKeyConstraint(["follows"], ["application.application_id"], name=op.f("fk_application_follows")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["assessment_institution.institution_id"], name=op.f("fk_application_institution_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_application_person_id")),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_application")),
    )
    op.create_index("ix_application_acceptance", "application", ["acceptance", "application_id"], unique=False)
    op.create_index(
        "ix_application_due_on",
        "application",
        ["due_on", "application_id"],
        unique=False,
        postgresql_where=sa.text("due_on IS NOT NULL"),
    )
    op.create_index("ix_application_home", "application", ["home", "application_id"], unique=False)
    op.create_index(
        "ix_application_leaving",
        "application",
        ["leaving", "application_id"],
        unique=False,
        postgresql_where=sa.text("leaving IS NOT NULL"),
    )
    op.create_index(
        "ix_application_notice_until",
        "application",
        ["notice_until"],
        unique=False,
        postgresql_where=sa.text("state = 'IN_NOTICE'"),
    )
    op.create_index("ix_application_person_id", "application", ["person_id"], unique=False)
    op.create_index(
        "uq_application_open",
        "application",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text(
            "state IN ('SUBMITTED', 'RETURNED', 'ACCEPTED', 'ASSESSMENT_PENDING', 'ASSESSED', 'IN_NOTICE', 'UNDER_REVIEW', 'APPROVED', 'PRODUCED')"
        ),
    )
    op.create_table(
        "campaign_item",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("listed_on", sa.Date(), nullable=False),
        sa.Column("file_check", sa.Text(), nullable=True, comment="null: the file was not looked at yet"),
        sa.Column("disposal", sa.Text(), nullable=True, comment="what follows from the check"),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("checked_by", sa.Text(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True, comment="the disposal was carried out"),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_campaign_item_campaign_id")),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.certificate_id"], name=op.f("fk_campaign_item_certificate_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_campaign_item_person_id")),
        sa.PrimaryKeyConstraint("campaign_id", "certificate_id", name=op.f("pk_campaign_item")),
    )
    op.create_index("ix_campaign_item_certificate_id", "campaign_item", ["certificate_id"], unique=False)
    op.create_index(
        "ix_campaign_item_division", "campaign_item", ["campaign_id", "division", "certificate_id"], unique=False
    )
    op.create_table(
        "certificate_reminder",
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("months", sa.SmallInteger(), nullable=False, comment="6 or 1 months before (CERT-14)"),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False, comment="SMS, or LETTER where no telephone is known"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True, comment="the receipt of whoever carried it"),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint(
            "(state = 'SENT') = (evidence IS NOT NULL)", name=op.f("ck_certificate_reminder_sent_means_evidence")
        ),
        sa.CheckConstraint(
            "state IN ('WAITING', 'SENT', 'FAILED')", name=op.f("ck_certificate_reminder_state_is_known")
        ),
        sa.CheckConstraint("months IN (6, 1)", name=op.f("ck_certificate_reminder_months_are_six_or_one")),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.certificate_id"], name=op.f("fk_certificate_reminder_certificate_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_certificate_reminder_person_id")),
        sa.PrimaryKeyConstraint("certificate_id", "expires_on", "months", name=op.f("pk_certificate_reminder")),
    )
    op.create_index(
        "ix_certificate_reminder_division",
        "certificate_reminder",
        ["division", "due_on", "certificate_id"],
        unique=False,
    )
    op.create_index(
        "ix_certificate_reminder_waiting",
        "certificate_reminder",
        ["due_on"],
        unique=False,
        postgresql_where=sa.text("state = 'WAITING'"),
    )
    op.create_table(
        "certificate_version",
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("category", sa.SmallInteger(), nullable=False),
        sa.Column("grade", sa.SmallInteger(), nullable=False),
        sa.Column("components", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.certificate_id"], name=op.f("fk_certificate_version_certificate_id")
        ),
        sa.PrimaryKeyConstraint("certificate_id", "version", name=op.f("pk_certificate_version")),
    )
    op.create_table(
        "application_paper",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("paper", sa.Text(), nullable=False),
        sa.Column("blob_id", sa.Uuid(), nullable=True, comment="the scan; null: the original was seen"),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.application_id"], name=op.f("fk_application_paper_application_id")
        ),
        sa.ForeignKeyConstraint(["blob_id"], ["blob.blob_id"], name=op.f("fk_application_paper_blob_id")),
        sa.PrimaryKeyConstraint("application_id", "paper", name=op.f("pk_application_paper")),
    )
    op.create_table(
        "application_step",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="the version the application had after it"),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("desk", sa.Text(), nullable=False, comment="whose turn it was from then on"),
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True, comment="null: still there"),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.application_id"], name=op.f("fk_application_step_application_id")
        ),
        sa.PrimaryKeyConstraint("application_id", "ordinal", name=op.f("pk_application_step")),
    )
    op.create_index(
        "ix_application_step_desk",
        "application_step",
        ["desk", "entered_on"],
        unique=False,
        postgresql_where=sa.text("due_on IS NOT NULL"),
    )
    op.create_table(
        "assessment_booking",
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("slot_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('BOOKED', 'CANCELLED', 'ATTENDED', 'MISSED')", name=op.f("ck_assessment_booking_state_is_known")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.application_id"], name=op.f("fk_assessment_booking_application_id")
        ),
        sa.ForeignKeyConstraint(["slot_id"], ["assessment_slot.slot_id"], name=op.f("fk_assessment_booking_slot_id")),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_assessment_booking")),
    )
    op.create_index("ix_assessment_booking_slot_id", "assessment_booking", ["slot_id"], unique=False)
    op.create_index(
        "uq_assessment_booking_stands",
        "assessment_booking",
        ["application_id"],
        unique=True,
        postgresql_where=sa.text("state = 'BOOKED'"),
    )
    op.create_table(
        "assessment_conclusion",
        sa.Column("conclusion_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False, comment="FIRST, or who it was disputed to: CITY, PROVINCE"),
        sa.Column("assessed_on", sa.Date(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("standard", sa.Text(), nullable=False),
        sa.Column("found", sa.Text(), nullable=True, comment="components, 4:2;6:3; null: the standard is not met"),
        sa.Column("findings_cipher", sa.LargeBinary(), nullable=False, comment="measures and the two who signed"),
        sa.Column("report_id", sa.Uuid(), nullable=True, comment="the signed form"),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "level IN ('FIRST', 'CITY', 'PROVINCE')", name=op.f("ck_assessment_conclusion_level_is_known")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.application_id"], name=op.f("fk_assessment_conclusion_application_id")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["assessment_institution.institution_id"],
            name=op.f("fk_assessment_conclusion_institution_id"),
        ),
        sa.ForeignKeyConstraint(["report_id"], ["blob.blob_id"], name=op.f("fk_assessment_conclusion_report_id")),
        sa.PrimaryKeyConstraint("conclusion_id", name=op.f("pk_assessment_conclusion")),
    )
    op.create_index(
        "ix_assessment_conclusion_application_id", "assessment_conclusion", ["application_id"], unique=False
    )
    op.create_table(
        "objection",
        sa.Column("objection_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("filed_on", sa.Date(), nullable=False),
        sa.Column("words_cipher", sa.LargeBinary(), nullable=False),
        sa.Column("evidence_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('OPEN', 'UPHELD', 'DISMISSED')", name=op.f("ck_objection_state_is_known")),
        sa.CheckConstraint("decided_by IS NULL OR decided_on IS NOT NULL", name=op.f("ck_objection_decided_on_a_day")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.application_id"], name=op.f("fk_objection_application_id")
        ),
        sa.ForeignKeyConstraint(["evidence_id"], ["blob.blob_id"], name=op.f("fk_objection_evidence_id")),
        sa.PrimaryKeyConstraint("objection_id", name=op.f("pk_objection")),
    )
    op.create_index("ix_objection_application_id", "objection", ["application_id"], unique=False)
    op.create_table(
        "public_notice",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False, comment="the village or community it is posted in"),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False, comment="its last day"),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.application_id"], name=op.f("fk_public_notice_application_id")
        ),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_public_notice")),
    )
    op.create_index("ix_public_notice_application_id", "public_notice", ["application_id"], unique=False)
    op.create_index(
        "ix_public_notice_posted",
        "public_notice",
        ["division", "notice_id"],
        unique=False,
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.add_column(
        "certificate",
        sa.Column(
            "effective_on",
            sa.Date(),
            nullable=True,
            comment="the day from which this version is true; null: since its issue",
        ),
    )
    op.add_column(
        "certificate",
        sa.Column(
            "assessed_on", sa.Date(), nullable=True, comment="when the disability was last assessed, as far as known"
        ),
    )
    op.add_column(
        "certificate",
        sa.Column(
            "by_eye", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="never properly assessed"
        ),
    )
    op.add_column(
        "certificate",
        sa.Column(
            "replacements",
            sa.SmallInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="the n of Bn (ID-09)",
        ),
    )
    op.add_column(
        "certificate",
        sa.Column(
            "application_id", sa.Uuid(), nullable=True, comment="the case it came from; null: taken over from elsewhere"
        ),
    )
    op.add_column(
        "stop", sa.Column("proof_kind", sa.Text(), nullable=True, comment="what shows that the reason is true")
    )
    op.alter_column(
        "stop",
        "note_cipher",
        existing_type=postgresql.BYTEA(),
        comment="the proof's own name or number",
        existing_nullable=True,
    )


def downgrade() -> None:
    for function in ("certificate_remembered()", "certificate_dated()"):
        op.execute(f"DROP FUNCTION {function} CASCADE")
    op.alter_column(
        "stop",
        "note_cipher",
        existing_type=postgresql.BYTEA(),
        comment=None,
        existing_comment="the proof's own name or number",
        existing_nullable=True,
    )
    op.drop_column("stop", "proof_kind")
    op.drop_column("certificate", "application_id")
    op.drop_column("certificate", "replacements")
    op.drop_column("certificate", "by_eye")
    op.drop_column("certificate", "assessed_on")
    op.drop_column("certificate", "effective_on")
    op.drop_table("public_notice")
    op.drop_table("objection")
    op.drop_table("assessment_conclusion")
    op.drop_table("assessment_booking")
    op.drop_table("application_step")
    op.drop_table("application_paper")
    op.drop_table("certificate_version")
    op.drop_table("certificate_reminder")
    op.drop_table("campaign_item")
    op.drop_table("application")
    op.drop_table("assessment_slot")
    op.drop_table("working_year")
    op.drop_table("working_day")
    op.drop_table("local_rule")
    op.drop_table("campaign")
    op.drop_table("assessment_institution")
