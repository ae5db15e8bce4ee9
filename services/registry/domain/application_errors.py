"""Refusals of applications, assessments, bookings, campaigns and local rules.

Refusal
├── ApplicationNotFound, InstitutionNotFound, SlotNotFound, BookingNotFound, ObjectionNotFound,
│   CampaignNotFound, CampaignItemNotFound, LocalRuleNotFound
├── ApplicationStepNotAllowed      RULES 3.1
├── PersonHasOpenApplication       one open case a person
├── PersonIsBarred                 CERT-29
├── MatterNeedsCertificate / MatterDoesNotFit / MatterStaysAtHome   what is asked for, of which certificate, where
├── RenewalIsTooEarly / ChangeIsTooEarly / LossPostingRuns           CERT-13, CERT-20, CERT-18
├── PapersAreComplete / PapersAreMissing / CompletionWasAsked / CompletionWasNotAsked   CERT-03
├── AssessmentIsNeeded / AssessmentIsNotNeeded                       CERT-15, CERT-19
├── InstitutionIsNotDesignated / PhysiciansAreNotTwo / GradeDisagreesWithMeasures / MeasuresAreMissing
├── StandardIsMet / StandardIsNotMet                                 CERT-05, CERT-07
├── NoticeRuns / ObjectionIsOpen                                     CERT-05
├── MatterMakesNoCard / MatterMakesACard
├── DisputeIsLate / NothingToDispute / DisputeIsDecided / DisputeIsNotDecided / DisputeTimeRuns
├── PeriodIsTurned                                                   designations, campaigns
├── SlotTimesAreWrong / SlotIsFull / SlotDoesNotFit / SlotIsPast     bookings
├── CancellationNeedsProof / StepIsTooEarly                  CERT-25…28
└── LocalRuleIsUnknown / LocalRuleValueIsWrong                       configuration
"""

from __future__ import annotations

from typing import ClassVar

from shared.values.refusal import Refusal


class ApplicationNotFound(Refusal):
    """No such application within the caller's divisions."""

    code: ClassVar[str] = "application_not_found"


class InstitutionNotFound(Refusal):
    """No such assessment institution within the caller's divisions."""

    code: ClassVar[str] = "institution_not_found"


class SlotNotFound(Refusal):
    """No such slot."""

    code: ClassVar[str] = "slot_not_found"


class BookingNotFound(Refusal):
    """The application has no booking that stands."""

    code: ClassVar[str] = "booking_not_found"


class ObjectionNotFound(Refusal):
    """No such open objection to the application."""

    code: ClassVar[str] = "objection_not_found"


class CampaignNotFound(Refusal):
    """No such examination campaign within the caller's divisions."""

    code: ClassVar[str] = "campaign_not_found"


class CampaignItemNotFound(Refusal):
    """The certificate is not on the campaign's list."""

    code: ClassVar[str] = "campaign_item_not_found"


class LocalRuleNotFound(Refusal):
    """No such local rule."""

    code: ClassVar[str] = "local_rule_not_found"


class ApplicationStepNotAllowed(Refusal):
    """RULES 3.1 does not know this step in this state. Facts: step, status, allowed."""

    code: ClassVar[str] = "application_step_not_allowed"


class PersonHasOpenApplication(Refusal):
    """A person has one open application at a time."""

    code: ClassVar[str] = "person_has_open_application"


class PersonIsBarred(Refusal):
    """No new application within a year of the cancellation (CERT-29). Facts: until."""

    code: ClassVar[str] = "person_is_barred"


class MatterNeedsCertificate(Refusal):
    """The person holds no certificate this matter could be about. Facts: matter."""

    code: ClassVar[str] = "matter_needs_certificate"


class MatterDoesNotFit(Refusal):
    """The certificate's state does not know what is asked for. Facts: matter, status, allowed."""

    code: ClassVar[str] = "matter_does_not_fit"


class MatterStaysAtHome(Refusal):
    """The matter cannot be handled away from the home county (CERT-30). Facts: matter."""

    code: ClassVar[str] = "matter_stays_at_home"


class MatterNeedsMore(Refusal):
    """The matter needs a fact that was not given. Facts: matter, field."""

    code: ClassVar[str] = "matter_needs_more"


class RenewalIsTooEarly(Refusal):
    """The window has not opened yet (CERT-13). Facts: opens."""

    code: ClassVar[str] = "renewal_is_too_early"


class ChangeIsTooEarly(Refusal):
    """The previous assessment is too recent (CERT-20). Facts: from."""

    code: ClassVar[str] = "change_is_too_early"


class LossPostingRuns(Refusal):
    """The declaration of loss is still posted (CERT-18). Facts: until."""

    code: ClassVar[str] = "loss_posting_runs"


class PapersAreMissing(Refusal):
    """The checklist is not complete (CERT-03). Facts: missing."""

    code: ClassVar[str] = "papers_are_missing"


class PapersAreComplete(Refusal):
    """There is nothing to ask for."""

    code: ClassVar[str] = "papers_are_complete"


class CompletionWasAsked(Refusal):
    """Everything missing is listed once; it cannot be asked for again."""

    code: ClassVar[str] = "completion_was_asked"


class CompletionWasNotAsked(Refusal):
    """What is missing must be listed before a case is refused for it."""

    code: ClassVar[str] = "completion_was_not_asked"


class AssessmentIsNeeded(Refusal):
    """The matter needs an assessment (CERT-15, CERT-19). Facts: matter."""

    code: ClassVar[str] = "assessment_is_needed"


class AssessmentIsNotNeeded(Refusal):
    """The matter needs no assessment (CERT-15). Facts: matter."""

    code: ClassVar[str] = "assessment_is_not_needed"


class InstitutionIsNotDesignated(Refusal):
    """The institution may not assess this category on this day (CERT-02). Facts: category, on."""

    code: ClassVar[str] = "institution_is_not_designated"


class PhysiciansAreNotTwo(Refusal):
    """A conclusion bears the signatures of two different physicians."""

    code: ClassVar[str] = "physicians_are_not_two"


class MeasuresAreMissing(Refusal):
    """The standard decides this category by a measure that was not given (ID-17). Facts: category, measures."""

    code: ClassVar[str] = "measures_are_missing"


class GradeDisagreesWithMeasures(Refusal):
    """The measures make another grade (ID-17). Facts: category, given, measured."""

    code: ClassVar[str] = "grade_disagrees_with_measures"


class StandardIsMet(Refusal):
    """The conclusion meets the standard: it cannot be declined for that."""

    code: ClassVar[str] = "standard_is_met"


class StandardIsNotMet(Refusal):
    """The conclusion does not meet the standard (CERT-07)."""

    code: ClassVar[str] = "standard_is_not_met"


class NoticeRuns(Refusal):
    """The public notice has not run its working days (CERT-05). Facts: until."""

    code: ClassVar[str] = "notice_runs"


class ObjectionIsOpen(Refusal):
    """An objection waits for an answer. Facts: open."""

    code: ClassVar[str] = "objection_is_open"


class MatterMakesNoCard(Refusal):
    """Nothing is printed in this matter: it is finished, not produced. Facts: matter."""

    code: ClassVar[str] = "matter_makes_no_card"


class MatterMakesACard(Refusal):
    """The matter ends with a card that is produced and handed over. Facts: matter."""

    code: ClassVar[str] = "matter_makes_a_card"


class NothingToDispute(Refusal):
    """No assessment was made that could be disputed (CERT-21)."""

    code: ClassVar[str] = "nothing_to_dispute"


class DisputeIsLate(Refusal):
    """The ten working days have passed (CERT-21). Facts: until."""

    code: ClassVar[str] = "dispute_is_late"


class DisputeIsDecided(Refusal):
    """The prefecture has decided already."""

    code: ClassVar[str] = "dispute_is_decided"


class DisputeIsNotDecided(Refusal):
    """The prefecture has not decided yet."""

    code: ClassVar[str] = "dispute_is_not_decided"


class DisputeTimeRuns(Refusal):
    """The applicant may still go to the province and has not said they will not (CERT-22). Facts: until."""

    code: ClassVar[str] = "dispute_time_runs"


class PeriodIsTurned(Refusal):
    """A period ends before it begins. Facts: begins, ends."""

    code: ClassVar[str] = "period_is_turned"


class SlotTimesAreWrong(Refusal):
    """A slot ends after it begins, on the same day. Facts: begins, ends."""

    code: ClassVar[str] = "slot_times_are_wrong"


class SlotIsFull(Refusal):
    """Every place is taken."""

    code: ClassVar[str] = "slot_is_full"


class SlotIsPast(Refusal):
    """The slot has begun. Facts: day."""

    code: ClassVar[str] = "slot_is_past"


class SlotDoesNotFit(Refusal):
    """The slot belongs to another institution than the one assigned."""

    code: ClassVar[str] = "slot_does_not_fit"


class CancellationNeedsProof(Refusal):
    """This reason needs another proof than was given (CERT-26, CERT-27). Facts: reason, needed."""

    code: ClassVar[str] = "cancellation_needs_proof"


class StepIsTooEarly(Refusal):
    """The time this reason is about has not passed (CERT-24, CERT-25, CERT-28). Facts: reason, from."""

    code: ClassVar[str] = "step_is_too_early"


class RatingIsNotDue(Refusal):
    """Only a finished case is rated."""

    code: ClassVar[str] = "rating_is_not_due"


class CampaignIsClosed(Refusal):
    """A closed campaign takes no more results."""

    code: ClassVar[str] = "campaign_is_closed"


class LocalRuleIsUnknown(Refusal):
    """No parameter of this name. Facts: name, known."""

    code: ClassVar[str] = "local_rule_is_unknown"


class LocalRuleValueIsWrong(Refusal):
    """The parameter cannot have this value. Facts: name, reason."""

    code: ClassVar[str] = "local_rule_value_is_wrong"


class ApplicantDoesNotMatch(Refusal):
    """The number is registered with another name: the papers are looked at again before anything is said."""

    code: ClassVar[str] = "applicant_does_not_match"
