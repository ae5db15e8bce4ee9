"""The proactive rate: of the new cases of a month, how many were told of within a number of days (SUB-72, KPI-22).

A case counts in the month in which it was found and where its person lived then (RU-05); persons are counted, never
percentages averaged (RU-01).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Select, case, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.reminders import to_reminder
from services.subsidy.adapters.tables_reminder import reminder
from services.subsidy.domain.reminder import Reminder, ReminderState
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.division import Scope
from shared.values.month import Month


class Count(StrEnum):
    """How a case counts. PENDING: there is time left; LEFT_OUT: it ended by itself before the time was over."""

    IN_TIME = "IN_TIME"
    LATE = "LATE"
    NOT_REMINDED = "NOT_REMINDED"
    PENDING = "PENDING"
    LEFT_OUT = "LEFT_OUT"


COUNTED: Final = (Count.IN_TIME, Count.LATE, Count.NOT_REMINDED)
"""What the rate is of."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate as numerator and denominator, and what is in neither."""

    counts: dict[Count, int]

    @property
    def numerator(self) -> int:
        """Reminded in time."""
        return self.counts[Count.IN_TIME]

    @property
    def denominator(self) -> int:
        """All new cases whose time is over, or who were told."""
        return sum(self.counts[each] for each in COUNTED)

    @property
    def permille(self) -> int | None:
        """Rounded half up; None: not applicable, there is no case (RU-06)."""
        if self.denominator == 0:
            return None
        return (2_000 * self.numerator + self.denominator) // (2 * self.denominator)


def counted_as(today: date, within_days: int) -> ColumnElement[str]:
    """How a case counts, seen from a day."""
    by = reminder.c.found_on + within_days
    told, ended = reminder.c.reminded_on, reminder.c.ended_on
    by_itself = reminder.c.state.in_([ReminderState.APPLIED, ReminderState.LAPSED])
    return case(
        (told <= by, Count.IN_TIME.value),
        (told.is_not(None), Count.LATE.value),
        (by_itself & (ended <= by), Count.LEFT_OUT.value),
        (ended.is_(None) & (literal(today) <= by), Count.PENDING.value),
        else_=Count.NOT_REMINDED.value,
    )


def _cases(query: Select[*tuple[object, ...]], month: Month, within: Scope) -> Select[*tuple[object, ...]]:
    return query.where(
        inside(reminder.c.division_found, within),
        reminder.c.found_on >= month.first_day,
        reminder.c.found_on < month.next().first_day,
    )


async def rate(connection: AsyncConnection, month: Month, *, within: Scope, today: date, within_days: int) -> Rate:
    """The rate of a month within some divisions."""
    counted = counted_as(today, within_days).label("counted_as")
    cases = _cases(select(counted), month, within).subquery()
    rows = await connection.execute(select(cases.c.counted_as, func.count()).group_by(cases.c.counted_as))
    return Rate(dict.fromkeys(Count, 0) | {Count(counted): number for counted, number in rows})


async def lines(
    connection: AsyncConnection, page: Page, month: Month, *, within: Scope, today: date, within_days: int
) -> tuple[list[tuple[Reminder, Count]], str | None]:
    """The cases behind a rate, each with how it counts."""
    query = _cases(select(reminder, counted_as(today, within_days).label("counted_as")), month, within)
    rows, following = await paginate(connection, query, [reminder.c.found_on, reminder.c.reminder_id], page)
    return [(to_reminder(row), Count(row.counted_as)) for row in rows], following
