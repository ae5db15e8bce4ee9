"""Scheduled work of the indicators service: what is kept counted, and what counts today for the monitoring system."""

from __future__ import annotations

from typing import Final

from services.indicators.adapters import tallies
from services.indicators.adapters.catalogue import CATALOGUE
from services.indicators.adapters.queries import stock_by_prefecture
from services.indicators.adapters.work import IndicatorsWork
from services.indicators.domain.definition import Count
from services.indicators.domain.tally import facets
from services.indicators.metrics import STOCK
from shared.kit.work import Works
from shared.kit.worker import Timer


async def measure_stocks(works: Works[IndicatorsWork]) -> None:
    """Refresh the gauges from one snapshot."""
    today = works.clock.today()
    async with works.snapshot() as connection:
        counted = {
            definition.code: await stock_by_prefecture(connection, form.kind, today)
            for definition in CATALOGUE
            # Whatever is no more than a kind of spell on a day: cheap enough to count every minute.
            if isinstance(form := definition.form, Count) and form == Count(kind=form.kind)
        }
    STOCK.clear()
    for code, by_prefecture in counted.items():
        for prefecture, value in by_prefecture.items():
            STOCK.labels(code, prefecture).set(value)


async def keep_counted(works: Works[IndicatorsWork]) -> None:
    """Begin to keep what the definitions read; each in a transaction of its own, for events wait meanwhile."""
    async with works.begin() as work:
        new = await tallies.missing(work.connection, facets(CATALOGUE).values())
    for facet in new:
        async with works.begin() as work:
            await tallies.begin_counting(work.connection, facet)


TIMERS: Final[tuple[Timer[IndicatorsWork], ...]] = (
    Timer("tallies", 3600.0, keep_counted),
    Timer("stock-gauges", 60.0, measure_stocks),
)
