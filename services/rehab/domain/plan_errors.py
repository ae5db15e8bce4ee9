"""Refusals about assessments, plans and sessions.

Refusal
├── ScoreOutOfRange
├── InstrumentHasNoBaseline     REH-15: before and after with the same instrument
├── FinalAssessmentIsMissing    REH-15
├── PlanPeriodIsInvalid
├── PlanItemDoesNotFit          not in the catalogue for this client on that day, or dearer than it says
├── PlanItemNotFound
├── SignatureIsTooEarly         signed before the assessment it rests on
├── SessionOutsidePlan
├── SessionIsInvalid            ends before it begins, on another day, or lies ahead
├── SessionOverlaps             the person, or the visiting therapist, is elsewhere at that time
├── SessionNotFound
├── SessionIsVoid
└── PlanItemIsUsedUp
"""

from __future__ import annotations

from typing import ClassVar

from shared.values.refusal import Refusal


class ScoreOutOfRange(Refusal):
    """The instrument knows no such score. Facts: instrument, given, least, most."""

    code: ClassVar[str] = "score_out_of_range"


class InstrumentHasNoBaseline(Refusal):
    """Nothing to compare with: the beginning was measured with other instruments. Facts: instrument, allowed."""

    code: ClassVar[str] = "instrument_has_no_baseline"


class FinalAssessmentIsMissing(Refusal):
    """The case cannot be closed before its result was measured (REH-15). Facts: instruments."""

    code: ClassVar[str] = "final_assessment_is_missing"


class PlanPeriodIsInvalid(Refusal):
    """A period ends before it begins or leaves the plan's. Facts: field, begins_on, ends_on."""

    code: ClassVar[str] = "plan_period_is_invalid"


class PlanItemDoesNotFit(Refusal):
    """The catalogue does not offer this item to this client. Facts: item_no, why, allowed."""

    code: ClassVar[str] = "plan_item_does_not_fit"


class PlanItemNotFound(Refusal):
    """The plan in force has no such item. Facts: given."""

    code: ClassVar[str] = "plan_item_not_found"


class SignatureIsTooEarly(Refusal):
    """A plan is signed after the assessment it rests on. Facts: signed_on, assessed_on."""

    code: ClassVar[str] = "signature_is_too_early"


class SessionOutsidePlan(Refusal):
    """The day lies outside the item's period. Facts: day, begins_on, ends_on."""

    code: ClassVar[str] = "session_outside_plan"


class SessionIsInvalid(Refusal):
    """A session ends after it begins, on the same day, and is over. Facts: begins_at, ends_at."""

    code: ClassVar[str] = "session_is_invalid"


class SessionOverlaps(Refusal):
    """Somebody would be at two places at one time."""

    code: ClassVar[str] = "session_overlaps"


class SessionNotFound(Refusal):
    """No such session of this case."""

    code: ClassVar[str] = "session_not_found"


class SessionIsVoid(Refusal):
    """It was declared void already."""

    code: ClassVar[str] = "session_is_void"


class PlanItemIsUsedUp(Refusal):
    """All sessions of the item were attended; revise the plan for more. Facts: sessions."""

    code: ClassVar[str] = "plan_item_is_used_up"
