"""Divisions and data scope: ID-19."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.values import Division, DivisionIsInvalid, DivisionIsTooWide, Level, Scope

LENGTHS = (2, 4, 6, 9, 12)


@st.composite
def divisions(draw: st.DrawFn) -> Division:
    segments = [draw(st.integers(10, 99)), draw(st.integers(1, 99)), draw(st.integers(1, 99))]
    segments += [draw(st.integers(1, 999)), draw(st.integers(1, 999))]
    widths = (2, 2, 2, 3, 3)
    text = "".join(f"{segment:0{width}d}" for segment, width in zip(segments, widths, strict=True))
    return Division(text[: draw(st.sampled_from(LENGTHS))])


@given(divisions())
def test_reading_what_was_written_gives_the_same_division(division: Division) -> None:
    assert Division.parse(str(division)) == division


@given(divisions())
def test_a_padded_code_is_the_same_place(division: Division) -> None:
    assert Division.parse(division.code.ljust(12, "0")) == division
    assert Division.parse(division.padded) == division
    assert len(division.padded) in {6, 12}


@pytest.mark.parametrize(
    ("padded", "code"),
    [("341500000000", "3415"), ("341500", "3415"), ("340000", "34"), ("341502001000", "341502001"), (" 3415 ", "3415")],
)
def test_padding_of_gb_t_2260_is_dropped(padded: str, code: str) -> None:
    assert Division.parse(padded).code == code


@pytest.mark.parametrize("wrong", ["", "3", "341", "34150", "3415020", "04", "３４", "34a5", "3415020010011", "-341"])
def test_anything_else_is_refused(wrong: str) -> None:
    with pytest.raises(DivisionIsInvalid):
        Division.parse(wrong)


def test_the_constructor_takes_only_the_one_canonical_spelling() -> None:
    with pytest.raises(DivisionIsInvalid):
        Division("341500")


def test_every_level_is_a_prefix() -> None:
    village = Division("341502001003")
    assert [village.prefix(level).code for level in Level] == ["34", "3415", "341502", "341502001", "341502001003"]
    assert village.county == Division("341502")
    assert (village.level, village.parent) == (Level.VILLAGE, Division("341502001"))
    assert Division("34").parent is None


def test_a_prefecture_has_no_county() -> None:
    with pytest.raises(DivisionIsTooWide):
        _ = Division("3415").county


def test_a_prefecture_without_counties_is_its_own_county() -> None:
    assert Division("441900003").county == Division("441900003").parent == Division("4419")


def test_a_division_contains_itself_and_what_lies_inside_and_nothing_else() -> None:
    prefecture = Division("3415")
    assert prefecture.contains(prefecture)
    assert prefecture.contains(Division("341502001"))
    assert not prefecture.contains(Division("34"))
    assert not prefecture.contains(Division("341602"))


def test_divisions_sort_with_the_whole_before_its_parts() -> None:
    inside, whole, after = Division("341502"), Division("3415"), Division("3416")
    assert sorted([after, inside, whole]) == [whole, inside, after]


@given(st.lists(divisions(), max_size=6), divisions())
def test_a_scope_covers_exactly_what_one_of_its_divisions_contains(held: list[Division], asked: Division) -> None:
    scope = Scope.of(*held)
    assert scope.covers(asked) == any(division.contains(asked) for division in held)
    assert scope.covers(asked.code) == scope.covers(asked)


@given(st.lists(divisions(), max_size=6), divisions(), divisions())
def test_narrowing_a_scope_keeps_what_both_cover(held: list[Division], region: Division, asked: Division) -> None:
    scope = Scope.of(*held)
    assert scope.narrowed_to(region).covers(asked) == (scope.covers(asked) and region.contains(asked))


def test_everywhere_must_be_said_aloud() -> None:
    assert Scope.parse(["*"]) == Scope.everywhere()
    assert Scope.everywhere().covers("34")
    assert Scope.everywhere().is_everywhere
    for silent in ("", "  "):
        with pytest.raises(DivisionIsInvalid):
            Scope.parse([silent])


def test_an_empty_scope_covers_nothing() -> None:
    assert not Scope.nowhere().covers("34")
    assert Scope.parse([]) == Scope.nowhere()


def test_prefixes_inside_one_another_are_one() -> None:
    assert Scope.of("341500", "341502", "3416").prefixes == {"3415", "3416"}
    assert Scope.of("3415", "*").prefixes == {"*"}
    assert str(Scope.of("3416", "3415")) == "3415,3416"
