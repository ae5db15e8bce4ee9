"""Divisions given up for others, and the lines of counties that follow for the persons in them (ID-21)."""

from __future__ import annotations

from sqlalchemy import Column, Date, Table, Text, Uuid

from services.subsidy.adapters.schema import metadata

division_succession = Table(
    "division_succession",
    metadata,
    Column("change_id", Uuid, primary_key=True),
    Column("predecessor", Text, primary_key=True),
    Column("successor", Text, primary_key=True),
    Column("effective_on", Date, nullable=False),
)

county_line = Table(
    "county_line",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    Column("county", Text, primary_key=True, comment="a county of the line"),
    Column("ends_after", Date, nullable=False, comment="stays there that ended by this day are no part of the line"),
    Column("decided_from", Date, nullable=False, comment="decisions applied for earlier are no part of the line"),
    Column("line", Text, nullable=False, comment="the counties in turn: 341502>2026-09:341599"),
)
