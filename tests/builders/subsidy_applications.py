"""Applications for a subsidy, with everything a test does not care about already there."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, Final

from uuid_utils.compat import uuid7

from services.subsidy.domain.application import PAPERS, Application, Channel, FiledBy, Hands, Remote
from services.subsidy.domain.application_state import ApplicationState
from services.subsidy.domain.application_timing import Timing
from services.subsidy.domain.policy_book import Limits
from services.subsidy.domain.verdict import Verdict
from shared.kit.working_days import seeded
from shared.values.award import Scheme
from shared.values.division import Division

TODAY: Final = date(2026, 6, 15)
"""A Monday without holidays in the three weeks before and one in the week after it (19 June)."""
CALENDAR: Final = seeded([2025, 2026])
HOME, AWAY = Division("341502001001"), Division("500101001")
ELIGIBLE: Final = Verdict((), 8_000)
CLERK, OTHER_CLERK, REVIEWER, DETERMINER = "clerk", "other-clerk", "reviewer", "determiner"


def a_timing(today: date = TODAY, **limits: Any) -> Timing:
    """A day in the life of a case."""
    return Timing(today=today, limits=Limits(**limits), at_acceptance=CALENDAR, at_home=CALENDAR)


def an_application(state: ApplicationState = ApplicationState.SUBMITTED, **given: Any) -> Application:
    """Handed in at the home window on the first of the month, with all papers."""
    values: dict[str, Any] = {
        "application_id": uuid7(),
        "person_id": uuid7(),
        "version": 3,
        "scheme": Scheme.NURSING,
        "channel": Channel.WINDOW,
        "filed_by": FiledBy.SELF,
        "state": state,
        "home": HOME,
        "acceptance": HOME,
        "application_date": date(2026, 6, 1),
        "entered_on": date(2026, 6, 1),
        "hands": Hands(accepted_by=CLERK),
        "papers": PAPERS,
        "notice_until": date(2026, 6, 12) if state is ApplicationState.IN_NOTICE else None,
    }
    return Application(**values | given)


def a_remote_application(state: ApplicationState = ApplicationState.SUBMITTED, **given: Any) -> Application:
    """The same, handed in in another province."""
    away = {"channel": Channel.CROSS_PROVINCE, "acceptance": AWAY, "remote": Remote(push_by=date(2026, 6, 4))}
    return an_application(state, **away | given)


def later(one: Application, **changes: Any) -> Application:
    """The same with something changed."""
    return replace(one, **changes)
