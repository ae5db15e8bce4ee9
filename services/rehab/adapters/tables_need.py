"""Tables of needs: one open a person and item, and everybody who told of it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, SmallInteger, Table, Text, Uuid, text

from services.rehab.adapters.schema import metadata
from services.rehab.adapters.tables_institution import recorded

need = Table(
    "aid_need",
    metadata,
    Column("need_id", Uuid, primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("division", Text, nullable=False),
    Column("item_code", Text, nullable=False),
    Column("rank", SmallInteger, nullable=False, comment="0 dibao, 1 poor, 2 general"),
    Column("registered_on", Date, nullable=False, comment="the first day it was told"),
    Column("status", Text, nullable=False),
    Column("met_by", Uuid, ForeignKey("aid_delivery.delivery_id")),
    *recorded(),
    Index("uq_aid_need_open", "person_id", "item_code", unique=True, postgresql_where=text("status = 'OPEN'")),
    Index(
        "ix_aid_need_waiting",
        "item_code",
        "rank",
        "registered_on",
        "need_id",
        postgresql_where=text("status = 'OPEN'"),
    ),
    Index("ix_aid_need_division", "division", "need_id", postgresql_ops={"division": "text_pattern_ops"}),
    Index("ix_aid_need_met_by", "met_by", postgresql_where=text("met_by IS NOT NULL")),
)

need_source = Table(
    "aid_need_source",
    metadata,
    Column("need_id", Uuid, ForeignKey("aid_need.need_id"), primary_key=True),
    Column("source", Text, primary_key=True),
    Column("told_on", Date, nullable=False),
    *recorded(),
)
