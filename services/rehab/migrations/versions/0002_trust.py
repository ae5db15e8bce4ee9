"""The rehab service: audit trail, two persons, persons' own requests, jobs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.kit.migrations import create_trust, drop_trust

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "approval",
        sa.Column("approval_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("division", sa.Text(), nullable=True, comment="null: a matter of the house, not of a place"),
        sa.Column(
            "content",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="what is to be done; never personal values",
        ),
        sa.Column(
            "digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of kind, subject and content; made here"
        ),
        sa.Column("maker", sa.Text(), nullable=False),
        sa.Column("note_cipher", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("checker", sa.Text(), nullable=True),
        sa.Column(
            "checked_digest",
            sa.LargeBinary(),
            nullable=True,
            comment="of the content as it was when the checker approved",
        ),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("reason_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("used_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "CASE WHEN decision IN ('APPROVED', 'REJECTED') THEN checker IS NOT NULL ELSE checker IS NULL OR decision IS NOT NULL END",
            name=op.f("ck_approval_decided_by_checker"),
        ),
        sa.CheckConstraint(
            "decision IN ('APPROVED', 'REJECTED', 'WITHDRAWN', 'LAPSED')", name=op.f("ck_approval_decision_is_known")
        ),
        sa.CheckConstraint(
            "decision IS DISTINCT FROM 'APPROVED' OR (checked_digest IS NOT NULL AND checked_digest = digest)",
            name=op.f("ck_approval_content_unchanged"),
        ),
        sa.CheckConstraint(
            "used_at IS NULL OR (decision IS NOT NULL AND decision = 'APPROVED')",
            name=op.f("ck_approval_used_when_approved"),
        ),
        sa.CheckConstraint("checker IS NULL OR checker <> maker", name=op.f("ck_approval_four_eyes")),
        sa.PrimaryKeyConstraint("approval_id", name=op.f("pk_approval")),
    )
    op.create_index(
        "uq_approval_live",
        "approval",
        ["kind", "subject_id"],
        unique=True,
        postgresql_where=sa.text("used_at IS NULL AND (decision IS NULL OR decision = 'APPROVED')"),
    )
    op.create_table(
        "audit",
        sa.Column("audit_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("division", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True, comment="canonical JSON"),
        sa.CheckConstraint("kind IN ('LOOK', 'CHANGE', 'REFUSED')", name=op.f("ck_audit_kind_is_known")),
        sa.PrimaryKeyConstraint("audit_id", "recorded_at", name=op.f("pk_audit")),
        postgresql_partition_by="RANGE (recorded_at)",
    )
    op.create_index("ix_audit_actor", "audit", ["actor", "audit_id"], unique=False)
    op.create_index(
        "ix_audit_person_id",
        "audit",
        ["person_id", "audit_id"],
        unique=False,
        postgresql_where=sa.text("person_id IS NOT NULL"),
    )
    op.create_table(
        "audit_cursor",
        sa.Column("singleton", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("term", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False, comment="of the newest seal"),
        sa.Column("high", sa.BigInteger(), nullable=False, comment="every id up to here is sealed, open or dead"),
        sa.Column(
            "open_ids",
            postgresql.INT8MULTIRANGE(),
            nullable=False,
            comment="ids a running transaction may still commit",
        ),
        sa.Column("filed", sa.BigInteger(), nullable=False, comment="newest seal in the anchor file"),
        sa.Column("published", sa.BigInteger(), nullable=False, comment="newest seal in the anchor stream"),
        sa.PrimaryKeyConstraint("singleton", name=op.f("pk_audit_cursor")),
    )
    op.create_table(
        "audit_seal",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ids", postgresql.INT8MULTIRANGE(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False, comment="32 bytes a row, in order of its id"),
        sa.Column("high", sa.BigInteger(), nullable=False, comment="largest row id so far"),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.Text(), nullable=False, comment="RFC 3339, as signed"),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_seal")),
    )
    op.create_table(
        "audit_tombstone",
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("ids", postgresql.INT8MULTIRANGE(), nullable=False),
        sa.Column("removed_at", sa.Text(), nullable=False, comment="RFC 3339, as signed"),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("partition", name=op.f("pk_audit_tombstone")),
    )
    op.create_table(
        "job",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="QUEUED", nullable=False),
        sa.Column("phase", sa.Text(), server_default="", nullable=False),
        sa.Column("done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("rate", sa.Float(), nullable=True, comment="done per second in the present phase"),
        sa.Column("params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("checkpoint", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("result", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("result_blob_id", sa.Uuid(), nullable=True),
        sa.Column(
            "error",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
            comment="code and facts; words are chosen when read",
        ),
        sa.Column(
            "caller",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
            comment="who asked; null for the house itself",
        ),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("machine", sa.Boolean(), nullable=False),
        sa.Column(
            "divisions", postgresql.ARRAY(sa.Text()), nullable=False, comment="scope prefixes, or * for everywhere"
        ),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("run_after", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False, comment="since the last checkpoint"),
        sa.Column("cancel_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("once_key", sa.Text(), nullable=True),
        sa.Column("once_fingerprint", sa.Text(), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False, comment="one per visible change"),
        sa.CheckConstraint("(state = 'RUNNING') = (lease_owner IS NOT NULL)", name=op.f("ck_job_running_is_leased")),
        sa.CheckConstraint(
            "state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')", name=op.f("ck_job_state_is_known")
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job")),
    )
    op.create_index(
        "ix_job_once",
        "job",
        ["client_id", "created_by", "once_key"],
        unique=True,
        postgresql_where=sa.text("once_key IS NOT NULL"),
    )
    op.create_index(
        "ix_job_open", "job", ["job_id"], unique=False, postgresql_where=sa.text("state IN ('QUEUED', 'RUNNING')")
    )
    op.create_table(
        "person_request",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="RECEIVED", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("statement_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("answer_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("filed_by", sa.Text(), nullable=False),
        sa.Column("filed_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("received_from", sa.Text(), nullable=True, comment="the service that forwarded it"),
        sa.Column("forwarded_to", sa.Text(), nullable=True),
        sa.Column("forwarded_id", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("json_blob_id", sa.Uuid(), nullable=True),
        sa.Column("xlsx_blob_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (state IN ('RECEIVED', 'ACCEPTED'))",
            name=op.f("ck_person_request_closed_when_ended"),
        ),
        sa.CheckConstraint(
            "kind IN ('COPY', 'CORRECTION', 'RESTRICTION', 'LIFTING', 'ERASURE')", name=op.f("ck_person_request_kind")
        ),
        sa.CheckConstraint(
            "state IN ('RECEIVED', 'ACCEPTED', 'COMPLETED', 'REFUSED', 'WITHDRAWN', 'FORWARDED')",
            name=op.f("ck_person_request_state"),
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_person_request")),
    )
    op.create_index(
        "ix_person_request_due",
        "person_request",
        ["due_on"],
        unique=False,
        postgresql_where=sa.text("state IN ('RECEIVED', 'ACCEPTED')"),
    )
    op.create_index(
        "uq_person_request_open",
        "person_request",
        ["person_id", "kind"],
        unique=True,
        postgresql_where=sa.text("state IN ('RECEIVED', 'ACCEPTED')"),
    )
    op.drop_column("dead_letter", "note")
    op.add_column("dead_letter", sa.Column("note_cipher", sa.LargeBinary(), nullable=True))
    create_trust()


def downgrade() -> None:
    drop_trust()
    op.drop_column("dead_letter", "note_cipher")
    op.add_column("dead_letter", sa.Column("note", sa.Text(), nullable=True))
    op.drop_table("person_request")
    op.drop_table("job")
    op.drop_table("audit_tombstone")
    op.drop_table("audit_seal")
    op.drop_table("audit_cursor")
    op.drop_table("audit")
    op.drop_table("approval")
