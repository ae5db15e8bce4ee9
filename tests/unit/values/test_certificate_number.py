"""Certificate numbers: ID-06 to ID-11."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.values import (
    CertificateNumber,
    CertificateNumberDisagrees,
    CertificateNumberIsMalformed,
    DisabilityCategory,
    DisabilityGrade,
    IdentityNumber,
    IdentityNumberChecksumIsWrong,
)

HOLDER = IdentityNumber("11010519491231002X")
OTHER = IdentityNumber.parse("110105491231001")

categories = st.sampled_from(DisabilityCategory)
grades = st.sampled_from(DisabilityGrade)


@given(categories, grades, st.integers(0, 40))
def test_a_number_is_built_from_its_parts_and_gives_them_back_id_06(
    category: DisabilityCategory, grade: DisabilityGrade, lost: int
) -> None:
    number = CertificateNumber.of(HOLDER, category, grade, replacements=lost)
    assert (number.identity, number.category, number.grade, number.replacements) == (HOLDER, category, grade, lost)
    assert CertificateNumber.parse(number.number) == number


def test_a_first_issue_has_twenty_characters_even_for_holders_whose_number_ends_in_x() -> None:
    number = CertificateNumber.of(HOLDER, DisabilityCategory.LIMB, DisabilityGrade.TWO)
    assert number.number == "11010519491231002X42"


def test_each_loss_counts_the_suffix_up_id_09() -> None:
    number = CertificateNumber.parse("11010519491231002x61")
    assert number.replaced().number == "11010519491231002X61B1"
    assert number.replaced().replaced().number == "11010519491231002X61B2"


@pytest.mark.parametrize(
    "wrong",
    [
        "11010519491231002X",
        "11010519491231002X81",
        "11010519491231002X45",
        "11010519491231002X40",
        "11010519491231002X41B0",
        "11010519491231002X41B",
        "11010519491231002X41C1",
        "11010519491231002X41B1 extra",
        "",
    ],
)
def test_a_number_of_another_shape_is_refused_id_10(wrong: str) -> None:
    with pytest.raises(CertificateNumberIsMalformed):
        CertificateNumber.parse(wrong)


def test_the_identity_number_inside_is_checked_too() -> None:
    with pytest.raises(IdentityNumberChecksumIsWrong):
        CertificateNumber.parse("11010519491231002141")


def test_a_number_that_disagrees_with_the_record_is_refused_by_the_part_id_10() -> None:
    number = CertificateNumber.of(HOLDER, DisabilityCategory.LIMB, DisabilityGrade.TWO)
    limb, two = DisabilityCategory.LIMB, DisabilityGrade.TWO
    number.must_agree_with(identity=HOLDER, category=limb, grade=two)
    with pytest.raises(CertificateNumberDisagrees, match="identity"):
        number.must_agree_with(identity=OTHER, category=limb, grade=two)
    with pytest.raises(CertificateNumberDisagrees, match="category"):
        number.must_agree_with(identity=HOLDER, category=DisabilityCategory.VISION, grade=two)
    with pytest.raises(CertificateNumberDisagrees) as grade:
        number.must_agree_with(identity=HOLDER, category=limb, grade=DisabilityGrade.ONE)
    assert "残疾等级" in grade.value.zh


def test_no_way_of_printing_a_certificate_number_shows_the_identity_number() -> None:
    number = CertificateNumber.parse("11010519491231002x44B2")
    for printed in (str(number), repr(number), f"{number}", repr({"n": number})):
        assert "1101051949" not in printed
