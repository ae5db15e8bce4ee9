"""Refusals of the subsidy service.

Refusal
├── AwardNotFound
├── CertificateNotValid     SUB-18, READ-02, READ-09, READ-18
├── PersonNotKnown          not in our copy of the register (yet), or outside the scope
├── PersonHasDied
├── AwardExists             one running award per person and scheme
├── StartMonthNotAllowed    SUB-35
├── AwardStepNotAllowed     RULES 4.7
├── DecisionMonthNotAllowed
├── TerminationNeedsCause   death, or fraud
├── BackPaymentExists       SUB-48
├── FactNotFound
├── FactIsWithdrawn
├── FactIsTheRegisters      deaths, freezes and cancellations are announced by the register
├── FactToldTwice           in one list
├── FactDoesNotFit          a kind without a value, a value without a kind
├── FindingNotFound
├── FindingIsClosed
├── ReminderNotFound
├── ReminderHasEnded
├── TellingDayNotAllowed    SUB-71
├── PolicyNotFound
├── PolicyStepNotAllowed
├── DeclarationNotFound
├── DeclarationStepNotAllowed
├── DeclarationInForce      one of a division and code at a time
├── TrialDoesNotFit         a batch that has no room in header or trailer
├── TrialPartNotFound
└── AuthorCannotApprove     four eyes
"""

from __future__ import annotations

from typing import ClassVar

from shared.values.refusal import Refusal


class AwardNotFound(Refusal):
    """No such award within the caller's divisions."""

    code: ClassVar[str] = "award_not_found"


class SchemeNotKnown(Refusal):
    """No policy in force has such a scheme. Facts: scheme, allowed."""

    code: ClassVar[str] = "scheme_not_known"


class CertificateNotValid(Refusal):
    """No certificate of the person is valid on the day (SUB-18). Facts: on, status."""

    code: ClassVar[str] = "certificate_not_valid"


class PersonNotKnown(Refusal):
    """The register has announced no such person within the caller's divisions."""

    code: ClassVar[str] = "person_not_known"


class PersonHasDied(Refusal):
    """No award for a person whose death is on record. Facts: died_on."""

    code: ClassVar[str] = "person_has_died"


class PayeeNotFound(Refusal):
    """No payee was recorded for the award yet."""

    code: ClassVar[str] = "payee_not_found"


class AwardExists(Refusal):
    """The person has a running award of this scheme. Facts: scheme."""

    code: ClassVar[str] = "award_exists"


class StartMonthNotAllowed(Refusal):
    """Entitlement starts with the month of the application, which cannot lie ahead (SUB-35). Facts: given, latest."""

    code: ClassVar[str] = "start_month_not_allowed"


class AwardStepNotAllowed(Refusal):
    """A step the award's life does not know (RULES 4.7). Facts: step, status, allowed."""

    code: ClassVar[str] = "award_step_not_allowed"


class DecisionMonthNotAllowed(Refusal):
    """A pause or its end lies outside the months it may. Facts: given, first, last."""

    code: ClassVar[str] = "decision_month_not_allowed"


class TerminationNeedsCause(Refusal):
    """Only a death or fraud ends an award for good; anything else suspends it."""

    code: ClassVar[str] = "termination_needs_cause"


class BackPaymentExists(Refusal):
    """The gap before the award was granted already."""

    code: ClassVar[str] = "back_payment_exists"


class FactNotFound(Refusal):
    """No such fact within the caller's divisions."""

    code: ClassVar[str] = "fact_not_found"


class FactIsWithdrawn(Refusal):
    """The fact was withdrawn as wrong; record a new one."""

    code: ClassVar[str] = "fact_is_withdrawn"


class FactIsTheRegisters(Refusal):
    """The register alone tells of deaths, freezes and cancellations. Facts: kind."""

    code: ClassVar[str] = "fact_is_the_registers"


class FactToldTwice(Refusal):
    """One list tells the same fact twice."""

    code: ClassVar[str] = "fact_told_twice"


class FactDoesNotFit(Refusal):
    """The fields of a fact do not go with its kind. Facts: kind, field, zh, en."""

    code: ClassVar[str] = "fact_does_not_fit"


class PolicyNotFound(Refusal):
    """No such policy document."""

    code: ClassVar[str] = "policy_not_found"


class PolicyStepNotAllowed(Refusal):
    """A step the document's life does not know. Facts: step, status, allowed."""

    code: ClassVar[str] = "policy_step_not_allowed"


class DeclarationNotFound(Refusal):
    """There is no such declaration of a bank's files."""

    code: ClassVar[str] = "declaration_not_found"


class DeclarationStepNotAllowed(Refusal):
    """The declaration's status does not allow the step. Facts: step, status, allowed."""

    code: ClassVar[str] = "declaration_step_not_allowed"


class DeclarationInForce(Refusal):
    """Another declaration of the division and code is in force: withdraw it first. Facts: declaration_id."""

    code: ClassVar[str] = "declaration_in_force"


class TrialDoesNotFit(Refusal):
    """What is said of the whole file does not fit its header or trailer. Facts: holds, zh, en."""

    code: ClassVar[str] = "trial_does_not_fit"


class TrialPartNotFound(Refusal):
    """The trial has no such sub-file. Facts: parts (how many it has)."""

    code: ClassVar[str] = "trial_part_not_found"


class AuthorCannotApprove(Refusal):
    """Who wrote a document cannot be the one who approved it."""

    code: ClassVar[str] = "author_cannot_approve"


class FindingNotFound(Refusal):
    """No such finding within the caller's divisions."""

    code: ClassVar[str] = "finding_not_found"


class FindingIsClosed(Refusal):
    """It is not open any more. Facts: state, allowed."""

    code: ClassVar[str] = "finding_is_closed"


class ReminderNotFound(Refusal):
    """No such reminder within the caller's divisions."""

    code: ClassVar[str] = "reminder_not_found"


class ReminderHasEnded(Refusal):
    """Nothing is left to tell. Facts: state, allowed."""

    code: ClassVar[str] = "reminder_has_ended"


class TellingDayNotAllowed(Refusal):
    """Nobody is told before the case was found, or ahead of today. Facts: given, first, last."""

    code: ClassVar[str] = "telling_day_not_allowed"
