"""The counties that judge and pay somebody, one after the other: a county is given up for another (ID-21).

A line is one word: the county, and each successor with the month from which its policy counts, as in
``341502>2026-09:341599``. A county that succeeded nobody is a line of its own. Months before keep the policy of the
predecessor, later ones have that of the successor and nothing else; the last county of a line pays whatever is open.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from shared.values.month import Month

_STEP: Final = ">"
_OF: Final = ":"
COUNTY_LENGTH: Final = 6


@dataclass(frozen=True, slots=True)
class Stage:
    """One county of a line; ``since`` its first month, ``until`` the first of the next county, None: without end."""

    county: str
    since: Month | None = None
    until: Month | None = None


@cache
def stages(line: str) -> tuple[Stage, ...]:
    """The counties of a line that have a month of their own, the earliest first."""
    first, *later = line.split(_STEP)
    steps = [
        (None, first),
        *((Month.parse(since), county) for since, _, county in (each.partition(_OF) for each in later)),
    ]
    found: list[Stage] = []
    until: Month | None = None
    for since, county in reversed(steps):
        if until is None or since is None or since < until:
            found.append(Stage(county, since, until))
            until = since
    return tuple(reversed(found))


def county_in(line: str, month: Month) -> str:
    """The county whose policy counts in a month."""
    if _STEP not in line:
        return line
    return next(stage.county for stage in reversed(stages(line)) if stage.since is None or stage.since <= month)


def continued(line: str, successor: str, since: Month) -> str:
    """The line once its last county is given up for ``successor``, whose policy counts from ``since`` on."""
    return f"{line}{_STEP}{since}{_OF}{successor}"
