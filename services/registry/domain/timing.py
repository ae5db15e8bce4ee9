"""Deadlines: local rules and the calendar of working days, asked for one day (CERT-32, RULES 12.10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.registry.domain.application_state import ApplicationState, Matter
from services.registry.domain.local_rules import SLA, WARN_WORKING_DAYS, LocalRules, Parameter
from shared.values.division import Division
from shared.values.working_days import WorkingDays


@dataclass(frozen=True, slots=True)
class Deadline:
    """``due_on``: the last day in time. ``warn_on``: from this day the case is marked."""

    due_on: date
    warn_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What every step needs to know about time."""

    today: date
    calendar: WorkingDays
    rules: LocalRules

    def limit(self, parameter: Parameter[int], *, since: date, division: Division, matter: Matter) -> date:
        """The last day of a limit in working days that began with ``since``; the day itself does not count."""
        days = self.rules.value(parameter, division=division, on=since, matter=matter)
        return self.calendar.after(since, days)

    def deadline(self, state: ApplicationState, *, division: Division, matter: Matter) -> Deadline | None:
        """When a case that enters the state today has to leave it; None for a state that waits for nobody.

        Raises `WorkingDaysOfYearAreUnknown` when the calendar ends before the deadline.
        """
        if state not in SLA:
            return None
        allowed = self.rules.value(SLA[state], division=division, on=self.today, matter=matter)
        warned = self.rules.value(WARN_WORKING_DAYS, division=division, on=self.today, matter=matter)
        due_on = self.calendar.after(self.today, allowed)
        warn_on = self.calendar.after(self.today, allowed - warned) if allowed > warned else self.today
        return Deadline(due_on, warn_on)
