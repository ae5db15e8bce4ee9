"""Forms of cases that ended without an award are kept three years (SUB-24: until a refusal can no longer be disputed).

Those that led to an award are accounting records and stay with it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.tables_application import application, objection
from services.subsidy.domain.application_state import OPEN
from shared.kit.retention import Rule
from shared.values.dates import add_years

YEARS: Final = 3
CHUNK: Final = 1_000
_NOTHING: Final = dict.fromkeys(("number_cipher", "number_index", "form_cipher", "reason_cipher"))


def _ended() -> ColumnElement[bool]:
    column = application.c
    return and_(
        column.forgotten_at.is_(None), column.award_id.is_(None), column.state.not_in([state.value for state in OPEN])
    )


def _over(now: datetime) -> ColumnElement[bool]:
    return and_(_ended(), application.c.entered_on < add_years(now.date(), -YEARS))


async def _count(connection: AsyncConnection, now: datetime) -> int:
    return int(await connection.scalar(select(func.count()).select_from(application).where(_over(now))) or 0)


async def _forget(connection: AsyncConnection, now: datetime) -> int:
    return await _forget_where(connection, _over(now))


async def forget_forms_of(connection: AsyncConnection, person_id: UUID) -> int:
    """On the person's own request: at once; how many."""
    return await _forget_where(connection, and_(_ended(), application.c.person_id == person_id))


async def _forget_where(connection: AsyncConnection, which: ColumnElement[bool]) -> int:
    some = select(application.c.application_id).where(which).limit(CHUNK).with_for_update(skip_locked=True)
    gone = await connection.scalars(
        update(application)
        .where(application.c.application_id.in_(some))
        .values(**_NOTHING, forgotten_at=func.clock_timestamp())
        .returning(application.c.application_id)
    )
    ids = gone.all()
    await connection.execute(update(objection).where(objection.c.application_id.in_(ids)).values(words_cipher=None))
    return len(ids)


FORMS: Final = Rule("application_forms", "forms of cases without an award are kept three years", _count, _forget)
