"""Cases that government portals took in: one case, with a number there and an id here (KPI-35)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar
from uuid import UUID

from services.registry.domain.application_state import Matter
from shared.values.division import Division
from shared.values.refusal import Refusal


class PortalCaseNotFound(Refusal):
    """The portal never handed in a case of this number."""

    code: ClassVar[str] = "portal_case_not_found"


class PortalCaseDiffers(Refusal):
    """The portal handed in this number before, for somebody or something else. Facts: case_no, differs."""

    code: ClassVar[str] = "portal_case_differs"


class CountIsRepeated(Refusal):
    """One matter of one county was counted twice. Facts: matter, county."""

    code: ClassVar[str] = "portal_count_is_repeated"


class PeriodIsWrong(Refusal):
    """It ends before it begins, or is too long. Facts: days_max."""

    code: ClassVar[str] = "period_is_wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalCase:
    """``portal``: its client id; ``case_no``: what the portal calls the case; ``division``: where it is worked on.

    ``received_on``: the day the portal took it in, by which both sides count.
    """

    intake_id: UUID
    portal: str
    case_no: str
    matter: Matter
    division: Division
    received_on: date
    person_id: UUID
    application_id: UUID

    def must_be(self, *, person_id: UUID | None, matter: Matter, received_on: date) -> None:
        """Raise `PortalCaseDiffers` unless what is handed in again is what it was."""
        asked = {"person": person_id, "matter": matter, "received_on": received_on}
        known = {"person": self.person_id, "matter": self.matter, "received_on": self.received_on}
        if differs := [name for name in known if known[name] != asked[name]]:
            raise PortalCaseDiffers(case_no=self.case_no, differs=differs)
