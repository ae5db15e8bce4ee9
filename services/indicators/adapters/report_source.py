"""Everything a work report is written from, read from one snapshot of the database."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.indicators.adapters import snapshots
from services.indicators.adapters.catalogue import CATALOGUE
from services.indicators.adapters.queries import SqlFigures
from services.indicators.domain.breakdown import Root, below_it
from services.indicators.domain.period import Period
from services.indicators.use_cases.editions import Edition, read_edition
from services.indicators.use_cases.shield_figures import Telling
from services.indicators.use_cases.write_report import WorkReport, write_report
from shared.kit.divisions import bundled


async def report_of(connection: AsyncConnection, root: Root, asked: Period, telling: Telling) -> WorkReport:
    """What is frozen and approved where there is such a snapshot, and what is known now where there is none."""
    directory, figures = bundled(), SqlFigures(connection)
    roots = list(dict.fromkeys((root, below_it(root, directory))))

    async def edition(period: Period) -> Edition:
        frozen = await snapshots.edition(connection, root.code, period)
        return frozen or await read_edition(
            roots, period, figures, telling=telling, directory=directory, catalogue=CATALOGUE
        )

    spans = (asked.span, asked.span.before(), asked.span.a_year_before())
    this, before, a_year_before = [await edition(Period.of(span, today=telling.today)) for span in spans]
    targets = await snapshots.targets_of(connection, root.prefix, asked.span.first.year)
    return write_report(root.code, this, before, a_year_before, targets)
