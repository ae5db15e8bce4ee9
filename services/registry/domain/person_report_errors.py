"""Refusals about news from outside.

Refusal
├── ReportNotFound
├── ReportStepNotAllowed     the state machine of a report
├── ReportHasNoPerson        nobody was matched yet
├── ReportPlaceIsWrong       a move goes somewhere, a death does not
└── ReportIsKnown            the source sent this one before, with another content
"""

from __future__ import annotations

from typing import ClassVar

from shared.values.refusal import Refusal


class ReportNotFound(Refusal):
    """No such report within the caller's divisions."""

    code: ClassVar[str] = "report_not_found"


class ReportStepNotAllowed(Refusal):
    """Not in this state. Facts: step, state, allowed."""

    code: ClassVar[str] = "report_step_not_allowed"


class ReportHasNoPerson(Refusal):
    """Nobody was matched yet. Facts: allowed."""

    code: ClassVar[str] = "report_has_no_person"


class ReportIsKnown(Refusal):
    """The source sent a report of this reference before, and it said something else. Facts: report_id."""

    code: ClassVar[str] = "report_is_known"


class ReportPlaceIsWrong(Refusal):
    """A move names the county moved to, and nothing else does. Facts: kind."""

    code: ClassVar[str] = "report_place_is_wrong"
