"""Categories, grades and components: ID-07, ID-08, ID-12, ID-13, ID-22."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.values import (
    Component,
    ComponentsAreInvalid,
    Disability,
    DisabilityCategory,
    DisabilityCategoryIsInvalid,
    DisabilityGrade,
    DisabilityGradeIsInvalid,
    OverallGradeIsWrong,
    overall_grade,
)

singles = st.sampled_from([category for category in DisabilityCategory if category is not DisabilityCategory.MULTIPLE])
components = st.builds(Component, singles, st.sampled_from(DisabilityGrade))
several = st.lists(components, min_size=1, max_size=6, unique_by=lambda component: component.category)


def test_the_seven_categories_have_the_digits_and_names_of_the_law_id_07_24() -> None:
    assert {category.value: category.zh for category in DisabilityCategory} == {
        1: "视力",
        2: "听力",
        3: "言语",
        4: "肢体",
        5: "智力",
        6: "精神",
        7: "多重",
    }
    assert DisabilityCategory.INTELLECTUAL.en == "Intellectual"


@pytest.mark.parametrize("category", DisabilityCategory)
def test_the_civil_affairs_code_goes_there_and_back_id_22(category: DisabilityCategory) -> None:
    assert category.gb_code == str(60 + category)
    assert DisabilityCategory.from_gb_code(category.gb_code) is category


@pytest.mark.parametrize("code", ["60", "68", "69", "4", "", "肢体"])
def test_a_civil_affairs_code_outside_61_to_67_is_refused(code: str) -> None:
    with pytest.raises(DisabilityCategoryIsInvalid):
        DisabilityCategory.from_gb_code(code)


@pytest.mark.parametrize("text", ["4", "64", "肢体", "肢体残疾", " 肢体 "])
def test_a_category_is_read_by_digit_code_and_name(text: str) -> None:
    assert DisabilityCategory.parse(text) is DisabilityCategory.LIMB


@pytest.mark.parametrize("text", ["0", "8", "69", "残疾", ""])
def test_no_other_category_is_read(text: str) -> None:
    with pytest.raises(DisabilityCategoryIsInvalid):
        DisabilityCategory.parse(text)


@pytest.mark.parametrize("text", ["2", "2级", "二级", "贰级", "二"])
def test_a_grade_is_read_by_digit_and_word(text: str) -> None:
    assert DisabilityGrade.parse(text) is DisabilityGrade.TWO


@pytest.mark.parametrize("text", ["0", "5", "五级", "", "-1"])
def test_no_other_grade_is_read(text: str) -> None:
    with pytest.raises(DisabilityGradeIsInvalid):
        DisabilityGrade.parse(text)


def test_grade_one_is_the_most_severe_id_08() -> None:
    assert min(DisabilityGrade) is DisabilityGrade.ONE
    assert [grade.is_severe for grade in DisabilityGrade] == [True, True, False, False]
    assert (DisabilityGrade.THREE.zh, DisabilityGrade.THREE.en) == ("三级", "Grade 3")


@given(several)
def test_the_overall_grade_is_that_of_the_most_severe_component(parts: list[Component]) -> None:
    made = Disability.of(parts)
    assert made.grade == overall_grade(parts) == min(part.grade for part in parts)
    assert (made.category is DisabilityCategory.MULTIPLE) == (len(parts) > 1)


@given(several)
def test_reading_the_three_columns_gives_the_disability_again(parts: list[Component]) -> None:
    made = Disability.of(parts)
    assert Disability.parse(str(made.category), str(made.grade), made.components_text) == made
    assert Disability.of(reversed(parts)) == made


def test_a_single_disability_has_itself_as_component() -> None:
    assert Disability.parse("精神", "一级").components == (Component(DisabilityCategory.MENTAL, DisabilityGrade.ONE),)


def test_a_multiple_disability_tells_what_it_includes() -> None:
    both = Disability.parse("7", "2", "4：2；6：3")
    assert both.includes(DisabilityCategory.INTELLECTUAL, DisabilityCategory.MENTAL)
    assert not both.includes(DisabilityCategory.VISION)


@pytest.mark.parametrize("detail", ["", "4:2;4:3", "7:2;4:1", "4", "42;63"])
def test_a_multiple_disability_without_two_different_single_components_is_refused(detail: str) -> None:
    with pytest.raises(ComponentsAreInvalid):
        Disability.parse("7", "2", detail)


@pytest.mark.parametrize(
    ("category", "grade", "detail"),
    [("7", "3", "4:2;6:3"), ("4", "2", "4:2;6:3"), ("7", "2", "4:2"), ("4", "1", "4:2")],
)
def test_columns_that_disagree_are_refused(category: str, grade: str, detail: str) -> None:
    with pytest.raises(OverallGradeIsWrong):
        Disability.parse(category, grade, detail)


def test_a_disability_without_components_cannot_be_made() -> None:
    with pytest.raises(ComponentsAreInvalid):
        Disability.of([])


def test_an_identity_number_in_the_wrong_column_is_not_repeated() -> None:
    with pytest.raises(DisabilityCategoryIsInvalid) as refused:
        DisabilityCategory.parse("11010519491231002X")
    assert "1101051949" not in refused.value.zh
