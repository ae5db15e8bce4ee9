"""What a board shows of one division and period: headlines with their trend, who is ahead, what is to be cleared.

Everything comes from the figures anybody may ask for one by one, and hides what they hide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.indicators.domain.breakdown import Directory, Root, below_it
from services.indicators.domain.definition import Catalogue, Definition, Direction, Nature
from services.indicators.domain.period import Period, periods
from services.indicators.use_cases.ports import AsOf, Figures
from services.indicators.use_cases.read_figures import Figure, FigureState, Number, read_figures
from services.indicators.use_cases.shield_figures import Telling

HEADLINES: Final = (
    "holders",
    "award_recipients",
    "nursing_share",
    "subsidised_share",
    "stop_missed",
    "certificates_issued",
    "certificates_cancelled",
    "rehab_persons",
)
RANKED: Final = "nursing_share"
"""By what divisions are ranked unless another indicator is asked for."""
MONTHS: Final = 12
Targets = Mapping[tuple[str, str], int]
"""(division, indicator) -> what it is to reach this year, as it set it."""


@dataclass(frozen=True, slots=True)
class Told:
    """One number with its target, and whether it is met; None where that cannot be said."""

    definition: Definition
    division: str
    number: Number
    target: int | None
    met: bool | None


@dataclass(frozen=True, slots=True)
class Headline:
    """A number and the months before it."""

    told: Told
    trend: Sequence[tuple[str, int | None]]


@dataclass(frozen=True, slots=True)
class Board:
    """Everything on the page."""

    division: str
    period: Period
    headlines: Sequence[Headline]
    ranked_by: Definition
    ranking: Sequence[Told]
    rankable: Sequence[Definition]
    completion: Sequence[Told]
    to_clear: Sequence[Told]
    places: Sequence[str]
    table: Mapping[tuple[str, str], Number]
    data_time: datetime
    as_of: Sequence[AsOf]


async def read_board(
    root: Root,
    period: Period,
    ranked_by: Definition,
    figures: Figures,
    targets: Targets,
    *,
    telling: Telling,
    directory: Directory,
    catalogue: Catalogue,
) -> Board:
    """All from one snapshot."""
    last = period.reference_month
    months = periods(last.plus(1 - MONTHS), last, today=telling.today)
    shown = [catalogue.get(code) for code in HEADLINES]
    # First what reaches further back: the months know the day on which the period ends.
    past = await read_figures(shown, [root], months, figures, telling=telling, directory=directory, catalogue=catalogue)
    asked = list(dict.fromkeys((root, below_it(root, directory))))
    answer = await read_figures(
        catalogue.asked(None), asked, [period], figures, telling=telling, directory=directory, catalogue=catalogue
    )
    told = [_told(figure, targets) for figure in answer.figures]
    here = {each.definition.code: each for each in told if each.division == root.code}
    below = [each for each in told if each.division != root.code]
    places = list(dict.fromkeys(each.division for each in below))
    return Board(
        division=root.code,
        period=period,
        headlines=[
            Headline(here[each.code], [
                (str(figure.period.span), figure.number.value)
                for figure in past.figures if figure.definition is each
            ])
            for each in shown
        ],
        ranked_by=ranked_by,
        ranking=ranking([each for each in below if each.definition is ranked_by], ranked_by.direction),
        rankable=[each for each in catalogue if each.direction is not None],
        completion=[
            each for each in here.values()
            if each.definition.nature is Nature.RATE and each.target and each.number.value is not None
        ],
        to_clear=[
            each for each in (below or here.values())
            if each.definition.direction is Direction.DOWN and each.target == 0 and each.met is False
        ],
        places=places,
        table={(each.division, each.definition.code): each.number for each in below},
        data_time=answer.data_time,
        as_of=answer.as_of,
    )  # fmt: skip


def ranking(told: Sequence[Told], direction: Direction | None) -> list[Told]:
    """The best first; who has no number to be ranked by comes last."""
    sign = -1 if direction is Direction.UP else 1
    return sorted(told, key=lambda each: (each.number.value is None, sign * (each.number.value or 0), each.division))


def met_by(value: int | None, target: int | None, direction: Direction | None) -> bool | None:
    """Whether the target is reached; None where that cannot be said."""
    if value is None or target is None or direction is None:
        return None
    return value >= target if direction is Direction.UP else value <= target


def _told(figure: Figure, targets: Targets) -> Told:
    definition, number = figure.definition, figure.number
    target = targets.get((figure.division, definition.code), definition.target)
    met = None if number.state is FigureState.SUPPRESSED else met_by(number.value, target, definition.direction)
    return Told(definition, figure.division, number, target, met)
