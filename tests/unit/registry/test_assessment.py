"""Assessments: GB/T 26341 measures, two physicians, designations (CERT-02, ID-12, 16, 17, 18)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import pytest

from services.registry.domain.application_errors import (
    GradeDisagreesWithMeasures,
    InstitutionIsNotDesignated,
    MeasuresAreMissing,
    PhysiciansAreNotTwo,
)
from services.registry.domain.assessment import GB_T_26341, Measure, standard_on
from services.registry.domain.errors import DateInFuture
from shared.values.disability import DisabilityCategory, DisabilityGrade
from tests.builders.applications import a_conclusion, a_finding, an_institution, two_physicians
from tests.builders.registry import TODAY

HOSPITAL: Final = an_institution()
NOTHING: Final[frozenset[DisabilityCategory]] = frozenset()
VISION, HEARING, MENTAL = DisabilityCategory.VISION, DisabilityCategory.HEARING, DisabilityCategory.MENTAL


@pytest.mark.parametrize(
    ("category", "measure", "value", "grade"),
    [
        (VISION, Measure.VISUAL_ACUITY, "0", 1),
        (VISION, Measure.VISUAL_ACUITY, "0.019", 1),
        (VISION, Measure.VISUAL_ACUITY, "0.02", 2),
        (VISION, Measure.VISUAL_ACUITY, "0.049", 2),
        (VISION, Measure.VISUAL_ACUITY, "0.05", 3),
        (VISION, Measure.VISUAL_ACUITY, "0.099", 3),
        (VISION, Measure.VISUAL_ACUITY, "0.1", 4),
        (VISION, Measure.VISUAL_ACUITY, "0.299", 4),
        (VISION, Measure.VISUAL_ACUITY, "0.3", None),
        (VISION, Measure.FIELD_RADIUS_DEGREES, "4.9", 1),
        (VISION, Measure.FIELD_RADIUS_DEGREES, "5", 2),
        (VISION, Measure.FIELD_RADIUS_DEGREES, "9.9", 2),
        (VISION, Measure.FIELD_RADIUS_DEGREES, "10", None),
        (HEARING, Measure.HEARING_LOSS_DB, "91", 1),
        (HEARING, Measure.HEARING_LOSS_DB, "90", 2),
        (HEARING, Measure.HEARING_LOSS_DB, "81", 2),
        (HEARING, Measure.HEARING_LOSS_DB, "80", 3),
        (HEARING, Measure.HEARING_LOSS_DB, "61", 3),
        (HEARING, Measure.HEARING_LOSS_DB, "60", 4),
        (HEARING, Measure.HEARING_LOSS_DB, "41", 4),
        (HEARING, Measure.HEARING_LOSS_DB, "40", None),
        (MENTAL, Measure.WHO_DAS, "116", 1),
        (MENTAL, Measure.WHO_DAS, "115", 2),
        (MENTAL, Measure.WHO_DAS, "106", 2),
        (MENTAL, Measure.WHO_DAS, "105", 3),
        (MENTAL, Measure.WHO_DAS, "96", 3),
        (MENTAL, Measure.WHO_DAS, "95", 4),
        (MENTAL, Measure.WHO_DAS, "52", 4),
        (MENTAL, Measure.WHO_DAS, "51", None),
    ],
)
def test_a_measure_makes_the_grade_of_the_standard_id_17(
    category: DisabilityCategory, measure: Measure, value: str, grade: int | None
) -> None:
    expected = None if grade is None else DisabilityGrade(grade)
    assert GB_T_26341.grade(category, {measure: Decimal(value)}) is expected


def test_the_more_severe_of_two_measures_decides_id_17() -> None:
    both = {Measure.VISUAL_ACUITY: Decimal("0.2"), Measure.FIELD_RADIUS_DEGREES: Decimal(7)}
    assert GB_T_26341.grade(VISION, both) is DisabilityGrade.TWO


def test_a_grade_that_disagrees_with_what_was_measured_is_refused_id_17() -> None:
    finding = a_finding("2:1", HEARING_LOSS_DB="85")
    with pytest.raises(GradeDisagreesWithMeasures) as refused:
        finding.must_agree(GB_T_26341)
    assert (refused.value.facts["given"], refused.value.facts["measured"]) == (1, "2")


def test_a_measurable_category_without_a_measure_is_refused_and_limb_grading_has_none_id_18() -> None:
    with pytest.raises(MeasuresAreMissing):
        a_finding("6:2").must_agree(GB_T_26341)
    a_finding("4:2").must_agree(GB_T_26341)
    a_finding("5:1").must_agree(GB_T_26341)
    a_finding("3:4").must_agree(GB_T_26341)


def test_the_standard_in_force_is_gb_t_26341_since_may_2011_id_16() -> None:
    assert standard_on(date(2011, 5, 1)).name == "GB/T 26341-2010"
    assert standard_on(TODAY).in_force_from == date(2011, 5, 1)


def test_two_different_physicians_sign() -> None:
    one, other = two_physicians()
    for signed in ((), (one,), (one, one), (one, other, one)):
        with pytest.raises(PhysiciansAreNotTwo):
            a_conclusion(a_finding(), physicians=signed).must_hold(HOSPITAL, asked=NOTHING, today=TODAY)
    a_conclusion(a_finding()).must_hold(HOSPITAL, asked=NOTHING, today=TODAY)


def test_an_institution_concludes_only_what_it_is_designated_for_on_the_day_cert_02() -> None:
    eyes_only = an_institution(categories=frozenset({VISION}))
    with pytest.raises(InstitutionIsNotDesignated):
        a_conclusion(a_finding()).must_hold(eyes_only, asked=NOTHING, today=TODAY)
    with pytest.raises(InstitutionIsNotDesignated):
        a_conclusion().must_hold(eyes_only, asked=frozenset({MENTAL}), today=TODAY)
    ended = an_institution(designated_to=TODAY - timedelta(days=1))
    with pytest.raises(InstitutionIsNotDesignated):
        a_conclusion(a_finding()).must_hold(ended, asked=NOTHING, today=TODAY)
    earlier = a_conclusion(a_finding(), assessed_on=TODAY - timedelta(days=1))
    earlier.must_hold(ended, asked=NOTHING, today=TODAY)


def test_nobody_is_assessed_tomorrow() -> None:
    with pytest.raises(DateInFuture):
        a_conclusion(assessed_on=TODAY + timedelta(days=1)).must_hold(HOSPITAL, asked=NOTHING, today=TODAY)


def test_several_findings_make_a_multiple_disability_of_the_most_severe_grade_id_12_13() -> None:
    several = a_conclusion(a_finding("4:3"), a_finding("6:2", WHO_DAS="110")).disability
    assert several is not None
    assert (several.category, several.grade) == (DisabilityCategory.MULTIPLE, DisabilityGrade.TWO)
    assert several.components_text == "4:3;6:2"
    assert a_conclusion().disability is None, "no finding: the standard is not met (CERT-07)"
