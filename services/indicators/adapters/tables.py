"""Tables of the indicators service: spells, what is needed to derive them, and the house's own tables.

Ids of persons stay inside, for counting each once; no answer ever holds one.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, PrimaryKeyConstraint, Table, Text, Uuid

from shared.contracts.registry import CertificateState, PersonState, StopState
from shared.contracts.rehab import CaseState
from shared.contracts.subsidy import AwardState
from shared.kit.database import new_metadata
from shared.kit.mirror import mirror_table
from shared.kit.publisher_routes import Published
from shared.kit.tables import house_tables, reader_tables

metadata = new_metadata()

for state in (PersonState, CertificateState, StopState, AwardState, CaseState):
    mirror_table(metadata, state)

spell = Table(
    "spell",
    metadata,
    Column("person_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject_id", Uuid, nullable=False),
    Column("from_date", Date, nullable=False, comment="first day it counts"),
    Column("to_date", Date, nullable=False, comment="first day it no longer counts; infinity while it goes on"),
    Column("division", Text, nullable=False, comment="who was responsible (RU-05)"),
    Column("closes", Boolean, nullable=False, comment="false when it only goes on in another division"),
    PrimaryKeyConstraint("person_id", "kind", "subject_id", "from_date"),
    # Everything a count needs, so that it reads the index alone.
    Index(
        "ix_spell_counting",
        "kind",
        "division",
        "to_date",
        "from_date",
        postgresql_include=["person_id"],
        postgresql_ops={"division": "text_pattern_ops"},
    ),
)

handover = Table(
    "handover",
    metadata,
    Column("kind", Text, nullable=False),
    Column("subject_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("left_division", Text, nullable=False),
    Column("happened_on", Date, nullable=False),
    PrimaryKeyConstraint("subject_id", "version"),
)

look = Table(
    "look",
    metadata,
    Column("source", Text, primary_key=True),
    Column("up_to", Uuid, nullable=False, comment="the last person the slow second look came to"),
)

answers, jobs, blobs = house_tables(metadata)
reader_tables(metadata)

PUBLISHED: tuple[Published, ...] = ()
