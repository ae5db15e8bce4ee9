"""Scheduled work of the indicators service: what is kept counted, and what counts today for the monitoring system."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from services.indicators.adapters import tallies
from services.indicators.adapters.catalogue import CATALOGUE
from services.indicators.adapters.queries import SqlFigures
from services.indicators.adapters.work import IndicatorsWork
from services.indicators.domain.breakdown import Root
from services.indicators.domain.definition import FULL, Catalogue, Count, Nature
from services.indicators.domain.period import Period
from services.indicators.domain.tally import facets
from services.indicators.metrics import FINDINGS, RATE, STOCK
from services.indicators.use_cases.check_figures import check_figures, counted
from services.indicators.use_cases.editions import read_edition
from services.indicators.use_cases.read_board import HEADLINES
from services.indicators.use_cases.read_figures import read_figures
from services.indicators.use_cases.shield_figures import Telling
from shared.kit.divisions import bundled
from shared.kit.work import Works
from shared.kit.worker import Timer
from shared.values.division import EVERYWHERE, Level
from shared.values.month import Month

LOOK_AGAIN_SECONDS: Final = 1.0
MEASURED: Final = ("persons", "certificates", "awards", "rehab_cases", *HEADLINES)


async def measure_figures(works: Works[IndicatorsWork], minimum: int) -> None:
    """Refresh the gauges from one snapshot: chosen indicators by prefecture, of which no country has many.

    Not before all is kept counted: reading every spell meanwhile would hold that up.

    What is hidden of a few people is no more measured than told; a prefecture without anything has no sample.
    """
    await _until_kept(works)
    telling = Telling(minimum, works.clock.today())
    month = Period.of(Month.of(telling.today), today=telling.today)
    async with works.snapshot() as connection:
        answer = await read_figures(
            [CATALOGUE.get(code) for code in dict.fromkeys(MEASURED)],
            [Root(EVERYWHERE, Level.PREFECTURE)],
            [month],
            SqlFigures(connection),
            telling=telling,
            directory=bundled(),
            catalogue=CATALOGUE,
        )
    STOCK.clear()
    RATE.clear()
    for figure in answer.figures:
        if value := figure.number.value:
            code, rate = figure.definition.code, figure.definition.nature is Nature.RATE
            (RATE if rate else STOCK).labels(code, figure.division).set(value / FULL if rate else value)


async def check_counted(works: Works[IndicatorsWork], minimum: int) -> None:
    """Hold the computed figures of the country and its prefectures against each other; what cannot be is an alarm.

    As for the gauges, once they are kept counted.
    What divisions report is looked at by who writes the report of a period.
    """
    await _until_kept(works)
    computed = Catalogue(each for each in CATALOGUE if isinstance(each.form, Count))
    month, today = Month.of(works.clock.today()), works.clock.today()
    async with works.snapshot() as connection:
        this, before = [
            await read_edition(
                [Root(EVERYWHERE), Root(EVERYWHERE, Level.PREFECTURE)],
                Period.of(each, today=today),
                SqlFigures(connection),
                telling=Telling(minimum, today),
                directory=bundled(),
                catalogue=computed,
            )
            for each in (month, month.plus(-1))
        ]
    for rule, count in counted(check_figures(EVERYWHERE, this, before)).items():
        FINDINGS.labels(rule.value).set(count)


async def _until_kept(works: Works[IndicatorsWork]) -> None:
    while True:
        async with works.snapshot() as connection:
            if await tallies.are_kept(connection, facets(CATALOGUE).values()):
                return
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def keep_counted(works: Works[IndicatorsWork]) -> None:
    """Begin to keep what the definitions read; each in a transaction of its own, for events wait meanwhile."""
    async with works.begin() as work:
        new = await tallies.missing(work.connection, facets(CATALOGUE).values())
    for facet in new:
        async with works.begin() as work:
            await tallies.begin_counting(work.connection, facet)


def timers(minimum: int) -> tuple[Timer[IndicatorsWork], ...]:
    """What the worker does now and then; ``minimum``: from how many on a number is told."""
    return (
        Timer("tallies", 3600.0, keep_counted),
        Timer("figure-gauges", 60.0, partial(measure_figures, minimum=minimum)),
        Timer("figure-checks", 3600.0, partial(check_counted, minimum=minimum)),
    )
