"""The survey of basic status and needs: versioned forms, visits to households, answers, needs."""

from __future__ import annotations

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.registry.adapters.schema import metadata

survey_form = Table(
    "survey_form",
    metadata,
    Column("form_id", Uuid, primary_key=True),
    Column("code", Text, nullable=False),
    Column("revision", SmallInteger, nullable=False),
    Column("items", JSONB, nullable=False, comment="the questions; never answers"),
    Column("valid_from", Date, nullable=False),
    Column("published_at", TIMESTAMP(timezone=True), comment="null: a draft nobody is asked with yet"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    UniqueConstraint("code", "revision", name="uq_survey_form_revision"),
)

survey_visit = Table(
    "survey_visit",
    metadata,
    Column("visit_id", Uuid, primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.person_id"), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("division", Text, nullable=False),
    Column("form_id", Uuid, ForeignKey("survey_form.form_id"), nullable=False),
    Column("year", SmallInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("visited_on", Date, nullable=False),
    Column("needs", Text, nullable=False, comment="codes of need items answered yes, in order: N01;N07"),
    Column("answers_cipher", LargeBinary, comment="JSON; null when nobody was found"),
    Column("recorded_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_by", Text, nullable=False),
    UniqueConstraint("person_id", "year", name="uq_survey_visit_year"),
    Index("ix_survey_visit_division", "year", "division", "visit_id"),
)
