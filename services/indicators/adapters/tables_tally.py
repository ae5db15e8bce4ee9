"""Tables of what is kept counted: derived from spells in the transaction that changes them, never read from outside."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    Column,
    Date,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
)


def tally_tables(metadata: MetaData) -> None:
    """Declare them."""
    Table(
        "tally",
        metadata,
        Column("facet", Text, nullable=False),
        Column("level", SmallInteger, nullable=False, comment="how many digits of a code name the place"),
        Column("place", Text(collation="C"), nullable=False),
        Column("month", Date, nullable=False, comment="its first day"),
        Column("after", Date, nullable=False, comment="month in which they had gone before; -infinity: never there"),
        Column("came", Integer, nullable=False),
        Column("went", Integer, nullable=False),
        PrimaryKeyConstraint("facet", "level", "place", "month", "after"),
    )
    Table(
        "tally_facet",
        metadata,
        Column("facet", Text, primary_key=True, comment="only what is wholly counted is listed, and read"),
        Column("kind", Text, nullable=False),
        Column("family", Text, nullable=False),
        Column("traits", ARRAY(Text), nullable=False),
    )
    Table(
        "absorbed",
        metadata,
        Column("absorbed_id", Uuid, primary_key=True),
        Column("person_id", Uuid, nullable=False, comment="who they are, at the end of every chain of merges"),
        Index("ix_absorbed_person_id", "person_id"),
    )
