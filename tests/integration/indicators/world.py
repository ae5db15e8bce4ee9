"""Three publishers, the service that counts what they say, and questions to it."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.indicators.adapters.catalogue import CATALOGUE
from services.indicators.adapters.queries import SqlFigures
from services.indicators.adapters.work import IndicatorsWork
from services.indicators.domain.breakdown import Root
from services.indicators.domain.definition import Count
from services.indicators.domain.period import Period, Span, periods
from services.indicators.entrypoints.consumers import SUBSCRIPTIONS
from services.indicators.entrypoints.jobs import keep_counted
from shared.contracts.event import Envelope
from shared.kit import mirror
from shared.kit.work import Works
from shared.values.division import Level
from shared.values.month import Month
from tests.builders.publishers import Registry, Rehab, Subsidy, deliver

TODAY = date(2026, 11, 22)
BY_NAME = {each.publisher: each for each in SUBSCRIPTIONS}


@dataclass
class World:
    """Everybody says something; `hear` lets the service absorb it."""

    works: Works[IndicatorsWork]
    registry: Registry = field(default_factory=Registry)
    subsidy: Subsidy = field(default_factory=Subsidy)
    rehab: Rehab = field(default_factory=Rehab)
    heard: dict[str, int] = field(default_factory=dict)

    def said(self, publisher: str) -> list[Envelope]:
        """A publisher's journal."""
        source: Registry | Subsidy | Rehab = getattr(self, publisher)
        return source.journal.entries

    async def hear(self, *publishers: str, limit: int = 1_000) -> None:
        """Absorb what is new, of everybody by default, at most ``limit`` events a transaction."""
        for publisher in publishers or BY_NAME:
            entries = self.said(publisher)
            while (start := self.heard.get(publisher, 0)) < len(entries):
                await deliver(self.works, BY_NAME[publisher], entries[start : start + limit])
                self.heard[publisher] = min(start + limit, len(entries))

    async def replay(self, publisher: str, *, limit: int = 1_000) -> None:
        """Forget one publisher and read its journal from the start, as after a new epoch."""
        subscription = BY_NAME[publisher]
        async with self.works.begin() as work:
            for state in subscription.states:
                await mirror.clear(work.connection, state)
            await subscription.forget(work)
        self.heard[publisher] = 0
        await self.hear(publisher, limit=limit)

    async def spells(self) -> list[tuple[Any, ...]]:
        """Every stored row; an open end is None."""
        async with self.works.snapshot() as connection:
            rows = await connection.execute(
                text(
                    "SELECT kind, subject_id, person_id, from_date, CASE WHEN isfinite(to_date) THEN to_date END, "
                    "division, opens, closes, trait FROM spell ORDER BY kind, subject_id, from_date"
                )
            )
            return [tuple(row) for row in rows]

    async def tallies(self) -> list[tuple[Any, ...]]:
        """Every row that is kept counted."""
        async with self.works.snapshot() as connection:
            rows = await connection.execute(
                text(
                    "SELECT facet, level, place, month::text, after::text, came, went FROM tally ORDER BY 1, 2, 3, 4, 5"
                )
            )
            return [tuple(row) for row in rows]

    async def recount(self) -> None:
        """Forget what is kept counted and count it anew from the spells."""
        async with self.works.begin() as work:
            await work.connection.execute(text("TRUNCATE tally, tally_facet"))
        await keep_counted(self.works)

    async def spells_of(self, subject_id: UUID) -> list[tuple[date, date | None, str]]:
        """From, to and where of one subject."""
        return [(row[3], row[4], row[5]) for row in await self.spells() if row[1] == subject_id]

    async def look_again(self) -> int:
        """The second look over everybody: what it mends."""
        mended = 0
        for subscription in SUBSCRIPTIONS:
            async with self.works.begin() as work:
                mended += await subscription.sweep(work)
        return mended

    async def count(self, code: str, division: str, month: str) -> int:
        """One figure."""
        return (await self.by_place(code, division, month)).get(division if division != "*" else "", 0)

    async def by_place(self, code: str, division: str, month: str, level: Level | None = None) -> dict[str, int]:
        """One indicator, broken down."""
        period = Period.of(Span.parse(month), today=TODAY)
        count = CATALOGUE.get(code).form
        assert isinstance(count, Count)
        async with self.works.snapshot() as connection:
            counted = await SqlFigures(connection).count(count, Root(division, level), [period])
        return {place: value for (place, _), value in counted.items()}

    async def series(self, code: str, division: str, first: str, last: str) -> list[int]:
        """One indicator, month by month."""
        asked = periods(Month.parse(first), Month.parse(last), today=TODAY)
        count = CATALOGUE.get(code).form
        assert isinstance(count, Count)
        root = Root(division)
        async with self.works.snapshot() as connection:
            counted = await SqlFigures(connection).count(count, root, asked)
        return [counted.get((root.prefix, index), 0) for index in range(len(asked))]
