"""Time limits of a case as dated data of a division: the narrower place wins, then the later day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from services.rehab.domain.measures import Programme
from shared.values.dates import ONE_DAY
from shared.values.working_days import WorkingDays


class Stage(StrEnum):
    """What a limit is about: the initial check (REH-73), the referral (REH-74), its answer, a pause."""

    CHECK = "CHECK"
    REFERRAL = "REFERRAL"
    ANSWER = "ANSWER"
    PAUSE = "PAUSE"


EVERYWHERE: Final = "*"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many working days for a stage of a programme in a division; a pause is counted in days of the calendar."""

    division: str
    programme: Programme
    stage: Stage
    valid_from: date
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Today, the calendar and the limits of one division."""

    today: date
    calendar: WorkingDays
    limits: tuple[Limit, ...]

    def due_on(self, stage: Stage, programme: Programme, *, since: date | None = None) -> date | None:
        """The last day in time for something that began on a day (default today); None where nobody set a limit.

        Raises `WorkingDaysOfYearAreUnknown` when the calendar ends before it.
        """
        begins = since or self.today
        found = [
            limit
            for limit in self.limits
            if limit.stage is stage and limit.programme is programme and limit.valid_from <= begins
        ]
        if not found:
            return None
        days = max(found, key=lambda limit: (len(limit.division.removeprefix(EVERYWHERE)), limit.valid_from)).days
        return begins + days * ONE_DAY if stage is Stage.PAUSE else self.calendar.after(begins, days)
