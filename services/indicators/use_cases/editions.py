"""The numbers of one period, frozen or of now, with the definitions they were made by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.indicators.domain.breakdown import Directory, Root
from services.indicators.domain.definition import Catalogue, Definition
from services.indicators.domain.period import Period
from services.indicators.use_cases.ports import AsOf, Figures
from services.indicators.use_cases.read_figures import Number, read_figures
from services.indicators.use_cases.shield_figures import Telling


@dataclass(frozen=True, slots=True)
class Frozen:
    """The approved snapshot an edition is of."""

    snapshot_id: UUID
    version: int
    digest: str
    approved_by: str
    approved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The numbers of one period. ``frozen`` None: as known at ``data_time``, approved by nobody."""

    period: Period
    definitions: Mapping[str, Definition]
    numbers: Mapping[tuple[str, str], Number]
    data_time: datetime
    as_of: Sequence[AsOf]
    frozen: Frozen | None = None

    def value(self, division: str, code: str) -> int | None:
        """One value, None where there is none or it is hidden."""
        number = self.numbers.get((division, code))
        return None if number is None else number.value


async def read_edition(
    asked: Sequence[Root],
    period: Period,
    figures: Figures,
    *,
    telling: Telling,
    directory: Directory,
    catalogue: Catalogue,
) -> Edition:
    """What is known now."""
    answer = await read_figures(
        catalogue.asked(None), asked, [period], figures, telling=telling, directory=directory, catalogue=catalogue
    )
    return Edition(
        period=period,
        definitions={each.code: each for each in catalogue},
        numbers={(each.division, each.definition.code): each.number for each in answer.figures},
        data_time=answer.data_time,
        as_of=answer.as_of,
    )
