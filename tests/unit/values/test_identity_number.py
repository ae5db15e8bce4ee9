"""Identity numbers: ID-01 to ID-05."""

import json
import logging
from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.cn import ric

from shared.values import (
    IdentityNumber,
    IdentityNumberBirthDateIsInTheFuture,
    IdentityNumberBirthDateIsInvalid,
    IdentityNumberChecksumIsWrong,
    IdentityNumberIsInvalid,
    IdentityNumberIsMalformed,
    Sex,
    SexIsInvalid,
    check_character,
)

HOLDER = "11010519491231002X"

regions = st.integers(110000, 999999).map(str)
births = st.dates(date(1850, 1, 1), date(2099, 12, 31))
sequences = st.integers(0, 999).map("{:03d}".format)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    seventeen = draw(regions) + draw(births).strftime("%Y%m%d") + draw(sequences)
    return seventeen + check_character(seventeen)


def test_the_check_character_is_iso_7064_mod_11_2_with_the_example_of_id_03() -> None:
    assert check_character("11010519491231002") == "X"


@given(st.integers(10**16, 10**17 - 1).map(str))
def test_the_check_character_agrees_with_an_independent_implementation(seventeen: str) -> None:
    assert check_character(seventeen) == ric.calc_check_digit(seventeen + "0")


@given(numbers())
def test_reading_what_was_written_gives_the_same_number(text: str) -> None:
    number = IdentityNumber.parse(text)
    assert number.number == text
    assert IdentityNumber.parse(number.number) == number


@given(numbers(), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_every_single_mistyped_character_is_refused(text: str, at: int, typed: str) -> None:
    assume(text[at] != typed)
    with pytest.raises(IdentityNumberIsInvalid):
        IdentityNumber.parse(text[:at] + typed + text[at + 1 :])


@given(numbers(), st.integers(0, 16))
def test_every_swap_of_two_neighbours_is_refused(text: str, at: int) -> None:
    assume(text[at] != text[at + 1])
    with pytest.raises(IdentityNumberIsInvalid):
        IdentityNumber.parse(text[:at] + text[at + 1] + text[at] + text[at + 2 :])


def test_the_refusal_says_which_check_failed() -> None:
    with pytest.raises(IdentityNumberIsMalformed) as malformed:
        IdentityNumber.parse("1101051949123100")
    assert "18 位" in malformed.value.zh
    assert "16" in malformed.value.zh
    with pytest.raises(IdentityNumberIsMalformed):
        IdentityNumber.parse("1101051949123100XX")
    with pytest.raises(IdentityNumberBirthDateIsInvalid) as no_day:
        IdentityNumber.parse("110105194902300021")
    assert "出生日期" in no_day.value.zh
    with pytest.raises(IdentityNumberChecksumIsWrong) as checksum:
        IdentityNumber.parse("110105194912310021")
    assert "校验位" in checksum.value.zh
    assert "check character" in checksum.value.en


def test_a_refusal_never_repeats_the_number() -> None:
    wrong = "110105194912310021"
    with pytest.raises(IdentityNumberIsInvalid) as refused:
        IdentityNumber.parse(wrong)
    told = f"{refused.value} {refused.value!r} {refused.value.zh} {refused.value.facts}"
    assert wrong[:14] not in told


def test_a_fifteen_digit_number_is_upgraded_and_its_raw_form_kept() -> None:
    old = IdentityNumber.parse("110105491231002")
    assert old.number == HOLDER
    assert old.raw == "110105491231002"
    assert old == IdentityNumber.parse(HOLDER)


def test_sequences_kept_for_centenarians_are_upgraded_into_the_nineteenth_century() -> None:
    assert IdentityNumber.parse("110105841231998").birth_date == date(1884, 12, 31)
    assert IdentityNumber.parse("110105841231995").birth_date == date(1984, 12, 31)


@pytest.mark.parametrize(
    "written",
    ["11010519491231002x", "１１０１０５１９４９１２３１００２Ｘ", " 110105 19491231 002X\n", "11010519491231002ｘ"],
)
def test_the_ways_people_write_a_number_are_one_number(written: str) -> None:
    number = IdentityNumber.parse(written)
    assert number.number == HOLDER
    assert number.raw == written


def test_the_birth_date_and_sex_are_read_from_the_number() -> None:
    number = IdentityNumber.parse(HOLDER)
    assert number.birth_date == date(1949, 12, 31)
    assert number.sex is Sex.FEMALE
    assert number.age_on(date(2023, 12, 30)) == 73
    assert number.age_on(date(2023, 12, 31)) == 74


def test_a_birth_date_after_today_is_refused_and_today_itself_is_not() -> None:
    born = date(1949, 12, 31)
    assert IdentityNumber.parse(HOLDER, today=born).birth_date == born
    with pytest.raises(IdentityNumberBirthDateIsInTheFuture):
        IdentityNumber.parse(HOLDER, today=born - timedelta(days=1))


@given(numbers())
def test_no_way_of_printing_a_number_shows_it(text: str) -> None:
    number = IdentityNumber.parse(text)
    for printed in (
        str(number),
        repr(number),
        f"{number}",
        f"{number!r}",
        repr([number]),
        number.masked(),
    ):
        assert text[-4:] in printed
        assert text[:14] not in printed
        assert text not in printed


def test_a_logged_number_is_masked(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("any").warning("person.registered %s", IdentityNumber.parse(HOLDER))
    assert HOLDER not in caplog.text
    assert "***002X" in caplog.text


def test_a_number_does_not_turn_into_json_by_itself() -> None:
    with pytest.raises(TypeError):
        json.dumps(IdentityNumber.parse(HOLDER))


def test_sex_is_read_by_code_and_by_word_and_nothing_else() -> None:
    assert [Sex.parse(text) for text in ("1", "男", " 女 ")] == [Sex.MALE, Sex.MALE, Sex.FEMALE]
    assert (Sex.FEMALE.zh, Sex.FEMALE.en, str(Sex.FEMALE)) == ("女", "Female", "2")
    with pytest.raises(SexIsInvalid):
        Sex.parse("9")
