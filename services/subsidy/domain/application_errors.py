"""Refusals about applications (RULES 4.6).

Refusal
├── ApplicationNotFound
├── FormIsForgotten              kept three years after a case without an award
├── ApplicationStepNotAllowed    a step the state does not know
├── PersonHasOpenApplication     one open application per person and scheme
├── ApplicantIsNotLinked         no person of the register has this number
├── PapersAreMissing             RULES 4.6
├── PapersAreComplete
├── CompletionWasAsked           a single list
├── CaseMustBePushed             SUB-25, SUB-30
├── CaseIsAtHome
├── ConditionsAreNotMet          SUB-01…18, READ-02, READ-18
├── RateIsMissing                READ-14
├── QuotaIsUsedUp
├── AnotherPersonMustDecide      four eyes
├── NoticeRuns                   SUB-22
├── ObjectionIsOpen
├── ObjectionNotFound
├── NobodyToTell                 SUB-27
└── ApplicantLives
"""

from __future__ import annotations

from typing import ClassVar

from shared.values.refusal import Refusal


class ApplicationNotFound(Refusal):
    """No such application in which the caller's divisions have a part."""

    code: ClassVar[str] = "application_not_found"


class FormIsForgotten(Refusal):
    """The form of the ended case is not kept any more."""

    code: ClassVar[str] = "form_is_forgotten"


class ApplicationStepNotAllowed(Refusal):
    """The state does not know the step. Facts: status, step, allowed."""

    code: ClassVar[str] = "application_step_not_allowed"


class PersonHasOpenApplication(Refusal):
    """The person has an open application of this scheme. Facts: scheme."""

    code: ClassVar[str] = "person_has_open_application"


class ApplicantIsNotLinked(Refusal):
    """The register knows nobody with this number."""

    code: ClassVar[str] = "applicant_not_linked"


class PapersAreMissing(Refusal):
    """The checklist is not complete. Facts: missing."""

    code: ClassVar[str] = "papers_are_missing"


class PapersAreComplete(Refusal):
    """Nothing is missing that could be asked for."""

    code: ClassVar[str] = "papers_are_complete"


class CompletionWasAsked(Refusal):
    """What is missing is told once, in a single list."""

    code: ClassVar[str] = "completion_was_asked"


class CaseMustBePushed(Refusal):
    """Taken in away from home or online: the home authority checks it, after it was pushed there."""

    code: ClassVar[str] = "case_must_be_pushed"


class CaseIsAtHome(Refusal):
    """Taken in at the home window: there is nowhere to push it."""

    code: ClassVar[str] = "case_is_at_home"


class ConditionsAreNotMet(Refusal):
    """What the law asks did not hold on the day of the application. Facts: rules, zh, en."""

    code: ClassVar[str] = "conditions_are_not_met"


class RateIsMissing(Refusal):
    """Eligible, but policy has no rate for the month: policy is mended first. Facts: month."""

    code: ClassVar[str] = "rate_is_missing"


class QuotaIsUsedUp(Refusal):
    """The county has as many awards of the scheme as it may have. Facts: quota."""

    code: ClassVar[str] = "quota_is_used_up"


class AnotherPersonMustDecide(Refusal):
    """Who took part in an earlier step cannot take this one. Facts: step."""

    code: ClassVar[str] = "another_person_must_decide"


class NoticeRuns(Refusal):
    """The notice has not run its days yet. Facts: until."""

    code: ClassVar[str] = "notice_runs"


class ObjectionIsOpen(Refusal):
    """Somebody objected and was not answered. Facts: open."""

    code: ClassVar[str] = "objection_is_open"


class ObjectionNotFound(Refusal):
    """No such open objection to the application."""

    code: ClassVar[str] = "objection_not_found"


class NobodyToTell(Refusal):
    """There is no result yet, or it was told already."""

    code: ClassVar[str] = "nobody_to_tell"


class ApplicantLives(Refusal):
    """The register tells of no death."""

    code: ClassVar[str] = "applicant_lives"
