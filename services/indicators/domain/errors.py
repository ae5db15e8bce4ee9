"""Refusals of the indicators service.

Refusal
├── DivisionNotFound        unknown, or not wholly within the caller's divisions
├── IndicatorNotFound
├── MonthNotReached
├── PeriodNotAllowed        reversed, or longer than 36 months
├── BreakdownNotPossible    the level asked for is above the division, or nothing lies below it
├── TooManyPlaces
├── ReportNotFound          unknown, or not in the caller's divisions
├── ReportDoesNotFit        to the definition of its indicator
├── ReportNotAllowed        a step its status does not allow
├── MakerCannotAccept       who made a report or a snapshot is not who approves it
├── SnapshotNotFound        unknown, or not in the caller's divisions
├── SnapshotExists          a new version needs the paper that asks for it
├── PeriodNotOver           only what is over is frozen
└── SnapshotIsApproved
"""

from __future__ import annotations

from typing import ClassVar

from shared.values.refusal import Refusal


class DivisionNotFound(Refusal):
    """Unknown, or not wholly in the scope: a figure of a part must not carry the whole's name. Facts: division."""

    code: ClassVar[str] = "division_not_found"


class IndicatorNotFound(Refusal):
    """No such definition. Facts: indicator, allowed."""

    code: ClassVar[str] = "indicator_not_found"


class MonthNotReached(Refusal):
    """Nothing can be counted in a month that has not begun. Facts: month, latest."""

    code: ClassVar[str] = "month_not_reached"


class PeriodNotAllowed(Refusal):
    """A series runs forward and over at most 36 months. Facts: first, last, months_max."""

    code: ClassVar[str] = "period_not_allowed"


class BreakdownNotPossible(Refusal):
    """A division cannot be broken down that way. Facts: division."""

    code: ClassVar[str] = "breakdown_not_possible"


class TooManyPlaces(Refusal):
    """The answer would be a directory rather than a figure. Facts: places, places_max."""

    code: ClassVar[str] = "too_many_places"


class ReportNotFound(Refusal):
    """Unknown, or not in the caller's divisions."""

    code: ClassVar[str] = "report_not_found"


class ReportDoesNotFit(Refusal):
    """What is told does not fit the definition. Facts: misfit, zh, en, allowed (types of periods)."""

    code: ClassVar[str] = "report_does_not_fit"


class ReportNotAllowed(Refusal):
    """The status does not allow the step. Facts: step, status, allowed."""

    code: ClassVar[str] = "report_not_allowed"


class MakerCannotAccept(Refusal):
    """Two persons: one makes, another approves."""

    code: ClassVar[str] = "maker_cannot_accept"


class SnapshotNotFound(Refusal):
    """Unknown, or not in the caller's divisions."""

    code: ClassVar[str] = "snapshot_not_found"


class SnapshotExists(Refusal):
    """RU-04: a later correction is a new version, and says by which paper. Facts: version."""

    code: ClassVar[str] = "snapshot_exists"


class PeriodNotOver(Refusal):
    """RU-04: figures are frozen at the cut-off, when the period is over. Facts: period, ends."""

    code: ClassVar[str] = "period_not_over"


class SnapshotIsApproved(Refusal):
    """Approved once. Facts: allowed."""

    code: ClassVar[str] = "snapshot_is_approved"
