"""The calendar of working days as a table: what the package knows, and what an administrator has entered since.

A year is known when the installed package has its notice, or when somebody entered it. An entry for a division (a
regional holiday) holds there and inside it. Counting into a year nobody knows is refused by `WorkingDays`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, Final

import sqlalchemy as sql
from fastapi import Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.kit.audit import Change
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import RequestModel, Router
from shared.kit.transactions import open_work
from shared.kit.work import UnitOfWork
from shared.kit.working_days import exceptions_of, years_known
from shared.values.division import Division
from shared.values.working_days import ExceptionIsRepeated, WorkingDays

EVERYWHERE: Final = ""
"""The division of a day that is the same in the whole country."""
YEAR_MIN, YEAR_MAX = 2004, 2100


@dataclass(frozen=True, slots=True)
class CalendarTables:
    """Years somebody entered, and their dated exceptions."""

    year: sql.Table
    day: sql.Table


def calendar_tables(metadata: sql.MetaData) -> CalendarTables:
    """Declare them on a service's metadata."""
    year = sql.Table(
        "working_year",
        metadata,
        sql.Column("year", sql.SmallInteger, primary_key=True, autoincrement=False),
        sql.Column("division", sql.Text, primary_key=True, comment="empty: everywhere"),
        sql.Column("basis", sql.Text, nullable=False, comment="the notice"),
        sql.Column("recorded_at", sql.TIMESTAMP(timezone=True), nullable=False, server_default=sql.text("now()")),
        sql.Column("recorded_by", sql.Text, nullable=False),
    )
    day = sql.Table(
        "working_day",
        metadata,
        sql.Column("day", sql.Date, primary_key=True),
        sql.Column("division", sql.Text, primary_key=True, comment="empty: everywhere"),
        sql.Column("works", sql.Boolean, nullable=False),
    )
    return CalendarTables(year, day)


@cache
def _packaged() -> Mapping[date, bool]:
    return {day: works for year in years_known() for day, works in exceptions_of(year).items()}


async def working_days(connection: AsyncConnection, tables: CalendarTables, division: Division) -> WorkingDays:
    """The calendar in force in a division: wider entries first, so that the narrower one wins."""
    here = sql.literal(division.code)
    entered_years = frozenset(await connection.scalars(_national(tables)))
    days = await connection.execute(
        sql.select(tables.day.c.day, tables.day.c.works)
        .where(here.startswith(tables.day.c.division))
        .order_by(sql.func.length(tables.day.c.division))
    )
    known = entered_years.union(years_known())
    packaged = {day: works for day, works in _packaged().items() if day.year not in entered_years}
    entered = {day: works for day, works in days if day.year in known}
    return WorkingDays.of(known, {**packaged, **entered})


def _national(tables: CalendarTables) -> sql.Select[int]:
    return sql.select(tables.year.c.year).where(tables.year.c.division == EVERYWHERE)


async def missing_year(connection: AsyncConnection, tables: CalendarTables, today: date) -> int | None:
    """The year somebody has to enter; asked for from November on."""
    years = await connection.scalars(_national(tables))
    return WorkingDays.of({*years_known(), *years}, {}).missing_year(today)


# ---------------------------------------------------------------------------- over HTTP


class ExceptionalDay(RequestModel):
    """A weekday off (``works`` false), or a Saturday or Sunday worked."""

    day: date
    works: bool


class YearIn(RequestModel):
    """All exceptions of a year as its notice lists them; ``division`` for a regional holiday."""

    days: Annotated[list[ExceptionalDay], Field(max_length=120)]
    basis: Annotated[str, Field(min_length=1, max_length=200, description="文件名称、文号")]
    division: Annotated[str | None, Field(max_length=12)] = None


class YearOut(BaseModel):
    """A year as it counts."""

    model_config = ConfigDict(frozen=True)

    year: int
    known: bool
    days_off: list[date]
    days_worked: list[date]


Work = Annotated[UnitOfWork, Depends(open_work, scope="function")]
Year = Annotated[int, Path(ge=YEAR_MIN, le=YEAR_MAX)]
Place = Annotated[str | None, Query(max_length=12, description="区划代码；不填为全国")]


def calendar_router(tables: CalendarTables) -> Router:
    """``GET`` and ``PUT /api/v1/working-years/{year}``."""
    router = Router(prefix="/api/v1/working-years", tags=["working-years"])

    @router.get("/{year}", dependencies=[Permit("calendar:read")], summary="工作日安排")
    async def read_year(year: Year, work: Work, division: Place = None) -> YearOut:
        """Which days are off and which weekends are worked."""
        return await _year_out(work, tables, year, division)

    @router.put("/{year}", summary="录入工作日安排")
    async def put_year(
        caller: Annotated[Caller, Permit("calendar:write")], year: Year, body: YearIn, work: Work
    ) -> YearOut:
        """Enter what the State Council's notice says of a year, or a region's own days; replaces what was entered."""
        here = EVERYWHERE if body.division is None else Division.parse(body.division).code
        caller.must_cover(here or "*")
        entered = {each.day: each.works for each in body.days}
        if len(entered) < len(body.days):
            (day, _), *_ = Counter(each.day for each in body.days).most_common(1)
            raise ExceptionIsRepeated(day=day.isoformat())
        WorkingDays.of([year], entered)  # refuses a day of another year
        await _replace(work.connection, tables, year, here, entered, basis=body.basis, by=caller.subject)
        work.audit(Change(None, "working_year.entered", after={"year": year, "days": len(entered)}))
        return await _year_out(work, tables, year, body.division)

    return router


async def _replace(
    connection: AsyncConnection,
    tables: CalendarTables,
    year: int,
    division: str,
    days: Mapping[date, bool],
    *,
    basis: str,
    by: str,
) -> None:
    told = {"year": year, "division": division, "basis": basis, "recorded_by": by}
    statement = postgresql.insert(tables.year).values(told)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["year", "division"],
            set_={"basis": statement.excluded.basis, "recorded_by": by, "recorded_at": sql.func.now()},
        )
    )
    await connection.execute(
        sql.delete(tables.day).where(
            tables.day.c.division == division, tables.day.c.day.between(date(year, 1, 1), date(year, 12, 31))
        )
    )
    if days:
        rows = [{"day": day, "division": division, "works": works} for day, works in days.items()]
        await connection.execute(sql.insert(tables.day), rows)


async def _year_out(work: UnitOfWork, tables: CalendarTables, year: int, division: str | None) -> YearOut:
    # Any place outside every regional entry stands for the country as a whole.
    where = Division.parse(division) if division is not None else Division("11")
    calendar = await working_days(work.connection, tables, where)
    return YearOut(
        year=year,
        known=year in calendar.years,
        days_off=_of(year, calendar.days_off),
        days_worked=_of(year, calendar.days_worked),
    )


def _of(year: int, days: Iterable[date]) -> list[date]:
    return sorted(day for day in days if day.year == year)
