"""The local rules as rows: few, read whole."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.tables import local_rule
from services.registry.domain.application_state import Matter
from services.registry.domain.local_rules import LocalRule, LocalRules
from shared.values.division import Division


def to_local_rule(row: Row[Any]) -> LocalRule:
    """A row of ``local_rule``."""
    return LocalRule(
        division=Division(row.division) if row.division else None,
        matter=None if row.matter is None else Matter(row.matter),
        name=row.name,
        value=row.value,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


async def all_local_rules(connection: AsyncConnection) -> LocalRules:
    """Every row; a province has some hundred."""
    return LocalRules(tuple(to_local_rule(row) for row in await connection.execute(select(local_rule))))
