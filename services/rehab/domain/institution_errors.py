"""Refusals about institutions and the catalogue.

Refusal
├── InstitutionNotFound
├── InstitutionStepNotAllowed   REH-26, REH-76
├── AnotherPersonMustDecide     four eyes
├── DefenceRuns                 REH-76: the right to state a defence
├── InstitutionIsNotValid       not designated, or no agreement for the category on the day
├── InstitutionIsFull
├── AgreementOverlaps
├── PeriodIsInvalid             ends before it begins, or longer than it was
├── StaffNotFound
├── StaffExists                 the staff number is taken
├── StaffIsNotValid
├── CheckExists                 one safety check a quarter
├── CatalogueItemNotFound
└── CatalogueItemExists
"""

from __future__ import annotations

from typing import ClassVar

from shared.values.refusal import Refusal


class InstitutionNotFound(Refusal):
    """No such institution, or not the caller's."""

    code: ClassVar[str] = "institution_not_found"


class InstitutionStepNotAllowed(Refusal):
    """Facts: step, status, allowed."""

    code: ClassVar[str] = "institution_step_not_allowed"


class AnotherPersonMustDecide(Refusal):
    """Who brought the matter forward does not decide it."""

    code: ClassVar[str] = "another_person_must_decide"


class DefenceRuns(Refusal):
    """The institution may still state its defence. Facts: until."""

    code: ClassVar[str] = "defence_runs"


class InstitutionIsNotValid(Refusal):
    """It may not serve a client of this category on this day. Facts: status, day, category."""

    code: ClassVar[str] = "institution_is_not_valid"


class InstitutionIsFull(Refusal):
    """Every place of its agreement is taken. Facts: capacity."""

    code: ClassVar[str] = "institution_is_full"


class AgreementOverlaps(Refusal):
    """Two agreements of one institution for one day."""

    code: ClassVar[str] = "agreement_overlaps"


class PeriodIsInvalid(Refusal):
    """It ends before it begins. Facts: begins_on, ends_on."""

    code: ClassVar[str] = "period_is_invalid"


class StaffNotFound(Refusal):
    """The institution has no such person. Facts: given."""

    code: ClassVar[str] = "staff_not_found"


class StaffExists(Refusal):
    """The institution has somebody with this number. Facts: staff_no."""

    code: ClassVar[str] = "staff_exists"


class StaffIsNotValid(Refusal):
    """Not of this institution, or not qualified on the day. Facts: staff_id, day."""

    code: ClassVar[str] = "staff_is_not_valid"


class CheckExists(Refusal):
    """The quarter's safety check is on record. Facts: year, quarter."""

    code: ClassVar[str] = "check_exists"


class CatalogueItemNotFound(Refusal):
    """No such item. Facts: given."""

    code: ClassVar[str] = "catalogue_item_not_found"


class CatalogueItemExists(Refusal):
    """An item of the same code is in force in this division in that time; end it first. Facts: item_code."""

    code: ClassVar[str] = "catalogue_item_exists"
