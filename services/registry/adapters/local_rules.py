"""The local rules as rows: few, read whole."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.tables import local_rule
from services.registry.domain.application_state import Matter
from services.registry.domain.local_rules import LocalRule, LocalRules
from shared.kit.pagination import Page, paginate
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


RuleRow = dict[str, Any]


async def rules_page(connection: AsyncConnection, page: Page, *, name: str | None) -> tuple[list[RuleRow], str | None]:
    """A page of local rules, which are public."""
    query = select(local_rule).where(*([] if name is None else [local_rule.c.name == name]))
    rows, following = await paginate(connection, query, [local_rule.c.local_rule_id], page)
    return [dict(row._mapping) for row in rows], following


async def rule_by_id(connection: AsyncConnection, local_rule_id: UUID) -> RuleRow | None:
    """Lock and load one."""
    query = select(local_rule).where(local_rule.c.local_rule_id == local_rule_id).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else dict(row._mapping)


async def add_rule(connection: AsyncConnection, values: RuleRow) -> RuleRow:
    """Insert."""
    row = (await connection.execute(insert(local_rule).values(values).returning(local_rule))).one()
    return dict(row._mapping)


async def end_rule(connection: AsyncConnection, local_rule_id: UUID, valid_to: date) -> RuleRow:
    """Store the last day."""
    row = (
        await connection.execute(
            update(local_rule)
            .where(local_rule.c.local_rule_id == local_rule_id)
            .values(valid_to=valid_to, version=local_rule.c.version + 1)
            .returning(local_rule)
        )
    ).one()
    return dict(row._mapping)
