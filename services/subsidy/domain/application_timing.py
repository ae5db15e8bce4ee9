"""What every step of an application needs to know about time (SUB-22, SUB-25…31, RULES 12.10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.subsidy.domain.policy_book import Limits
from shared.values.dates import ONE_DAY
from shared.values.working_days import WorkingDays


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Today, the home county's limits, and the calendars of the two places of a case.

    Every deadline raises `WorkingDaysOfYearAreUnknown` when the calendar ends before it.
    """

    today: date
    limits: Limits
    at_acceptance: WorkingDays
    at_home: WorkingDays

    @property
    def push_by(self) -> date:
        """The last day to push a case whose papers are complete today (SUB-25)."""
        return self.at_acceptance.after(self.today, self.limits.push_days)

    @property
    def decide_by(self) -> date:
        """The last day to decide a case received today (SUB-26)."""
        return self.at_home.after(self.today, self.limits.remote_decision_days)

    @property
    def tell_by(self) -> date:
        """The last day to tell the applicant a result of today (SUB-27)."""
        return self.at_acceptance.after(self.today, self.limits.tell_days)

    @property
    def notice_until(self) -> date:
        """The last day of a notice posted today (SUB-22, SUB-23)."""
        days = self.limits.notice_days
        return (
            self.today + days * ONE_DAY if self.limits.notice_in_calendar_days else self.at_home.after(self.today, days)
        )

    def at_home_within(self, days: int, since: date | None = None) -> date:
        """The last of so many working days at home."""
        return self.at_home.after(since or self.today, days)
