"""Refusals about aid programmes.

Refusal
├── ProgrammeNotFound
├── ProgrammeStepNotAllowed     the life of the document
├── ProgrammeInForce            another of the same code is
├── ProgrammeAuthorCannotApprove four eyes
├── ProgrammeIsNotInForce       nothing is given by a draft
├── AgeBandIsMissing            the programme is for some ages
├── PlaceNotFound
├── PlaceIsUsed                 something was given: the person counts
├── PlaceIsReleased
├── AidItemUnknown
├── AidOutsidePeriod
├── AidTooExpensive
├── AidBudgetSpent
├── AidPersonLimitReached
├── AidGivenAlready             REH-45: within the service life
├── AidStageOutOfOrder
├── AidStagesMissing
├── AidSerialMissing / AidSerialTaken
├── DeliveryNotFound
├── DeliveryStepNotAllowed
├── AnotherPersonMustAccept     who delivered does not accept
├── EffectIsMissing
├── NothingToSettle
├── SettlementNotFound
├── SettlementStepNotAllowed
└── NeedNotFound
"""

from __future__ import annotations

from typing import ClassVar

from shared.values.refusal import Refusal


class ProgrammeNotFound(Refusal):
    """No such programme, or not the caller's."""

    code: ClassVar[str] = "programme_not_found"


class ProgrammeStepNotAllowed(Refusal):
    """Facts: step, status, allowed."""

    code: ClassVar[str] = "programme_step_not_allowed"


class ProgrammeInForce(Refusal):
    """A programme of this division and code is in force. Facts: programme_id."""

    code: ClassVar[str] = "programme_in_force"


class ProgrammeAuthorCannotApprove(Refusal):
    """Whoever changed it last does not approve it."""

    code: ClassVar[str] = "programme_author_cannot_approve"


class ProgrammeIsNotInForce(Refusal):
    """Nothing is given under a draft, nor under what was withdrawn. Facts: status."""

    code: ClassVar[str] = "programme_is_not_in_force"


class AgeBandIsMissing(Refusal):
    """It is for some ages, and who enrols has to say which. Facts: allowed."""

    code: ClassVar[str] = "age_band_is_missing"


class PlaceNotFound(Refusal):
    """Nobody has this place, or not the caller's."""

    code: ClassVar[str] = "place_not_found"


class PlaceIsUsed(Refusal):
    """Something was given on it, and the quota counts persons."""

    code: ClassVar[str] = "place_is_used"


class PlaceIsReleased(Refusal):
    """It was given up."""

    code: ClassVar[str] = "place_is_released"


class AidItemUnknown(Refusal):
    """The programme does not give it. Facts: given."""

    code: ClassVar[str] = "aid_item_unknown"


class AidOutsidePeriod(Refusal):
    """Facts: day, begins_on, ends_on."""

    code: ClassVar[str] = "aid_outside_period"


class AidTooExpensive(Refusal):
    """More than the item may cost. Facts: given, most."""

    code: ClassVar[str] = "aid_too_expensive"


class AidBudgetSpent(Refusal):
    """The programme's money is not enough. Facts: left."""

    code: ClassVar[str] = "aid_budget_spent"


class AidPersonLimitReached(Refusal):
    """More than one person may be given. Facts: left."""

    code: ClassVar[str] = "aid_person_limit_reached"


class AidGivenAlready(Refusal):
    """The person has it still (REH-45)."""

    code: ClassVar[str] = "aid_given_already"


class AidStageOutOfOrder(Refusal):
    """Facts: given, expected."""

    code: ClassVar[str] = "aid_stage_out_of_order"


class AidStagesMissing(Refusal):
    """Facts: missing."""

    code: ClassVar[str] = "aid_stages_missing"


class AidSerialMissing(Refusal):
    """The item has a number of its own."""

    code: ClassVar[str] = "aid_serial_missing"


class AidSerialTaken(Refusal):
    """That very thing was given to somebody."""

    code: ClassVar[str] = "aid_serial_taken"


class DeliveryNotFound(Refusal):
    """No such delivery, or not the caller's."""

    code: ClassVar[str] = "delivery_not_found"


class DeliveryStepNotAllowed(Refusal):
    """Facts: step, status, allowed."""

    code: ClassVar[str] = "delivery_step_not_allowed"


class AnotherPersonMustAccept(Refusal):
    """Who recorded the delivery does not accept it."""

    code: ClassVar[str] = "another_person_must_accept"


class EffectIsMissing(Refusal):
    """The item is measured: say what it brought."""

    code: ClassVar[str] = "effect_is_missing"


class NothingToSettle(Refusal):
    """Nothing was delivered and accepted that is not settled."""

    code: ClassVar[str] = "nothing_to_settle"


class SettlementNotFound(Refusal):
    """No such settlement, or not the caller's."""

    code: ClassVar[str] = "settlement_not_found"


class SettlementStepNotAllowed(Refusal):
    """Facts: step, status, allowed."""

    code: ClassVar[str] = "settlement_step_not_allowed"


class NeedNotFound(Refusal):
    """No such open need, or not the caller's."""

    code: ClassVar[str] = "need_not_found"
