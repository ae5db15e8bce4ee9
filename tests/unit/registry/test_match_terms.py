"""What a name is found by (characters, pinyin, initials), and what it is not found by."""

from __future__ import annotations

from datetime import date
from typing import Final

import pytest

from services.registry.domain.match_terms import Terms, asked, born_term, heard_term, plain, terms_of
from shared.kit.pinyin import bundled
from shared.values.division import Division

COUNTY: Final = Division("341502")
BORN: Final = date(1970, 1, 1)


def of(name: str, *, division: Division = COUNTY, phones: tuple[str, ...] = ()) -> Terms:
    return terms_of(name, division=division, born=BORN, phones=phones, reads=bundled())


def finds(text: str, name: str, *, counties: tuple[str, ...] = ("341502",)) -> bool:
    meanings = asked(text, counties=counties, reads=bundled())
    assert meanings is not None
    return any(meaning <= of(name) for meaning in meanings)


@pytest.mark.parametrize(
    "text",
    ["王小明", "王小", "小明", "王", "wangxiaoming", "wang xiao ming", "WangXiao", "xiaoming", "wang", "wxm", "ＷＸＭ"],
)
def test_a_name_is_found_by_characters_by_sound_and_by_initials(text: str) -> None:
    assert finds(text, "王小明")


@pytest.mark.parametrize("text", ["王明", "小", "李小明", "wangming", "ming", "wm", "xm", "zhang"])
def test_a_name_is_not_found_by_what_is_not_in_it(text: str) -> None:
    assert not finds(text, "王小明")


@pytest.mark.parametrize(
    ("text", "name"), [("zengli", "曾丽"), ("cengli", "曾丽"), ("shandan", "单丹"), ("zl", "曾丽")]
)
def test_a_character_with_several_readings_is_found_by_each(text: str, name: str) -> None:
    assert finds(text, name)


@pytest.mark.parametrize("text", ["xi'an", "xi an", "xian"])
def test_letters_that_can_be_cut_in_two_ways_find_both(text: str) -> None:
    assert finds(text, "西安")


def test_an_apostrophe_is_a_cut() -> None:
    assert not finds("xi'an", "先")
    assert finds("xian", "先")


@pytest.mark.parametrize(
    ("text", "name"),
    [("买买提·吐尔逊", "买买提吐尔逊"), ("吐尔逊", "买买提•吐尔逊"), ("Anna", "ANNA"), ("anna", "Anna 李")],
)
def test_dots_spaces_and_case_make_no_difference(text: str, name: str) -> None:
    assert finds(text, name) or plain(text) in plain(name)


def test_a_family_name_alone_is_looked_for_in_few_counties_only() -> None:
    assert asked("王", counties=(), reads=bundled()) is None
    assert asked("王", counties=[f"3415{n:02d}" for n in range(21)], reads=bundled()) is None
    assert not finds("王", "王小明", counties=("341503",))


def test_two_characters_are_looked_for_anywhere() -> None:
    assert finds("王小", "王小明", counties=())


@pytest.mark.parametrize("text", ["", "  ", "···", "%%", "。"])
def test_what_says_nothing_finds_nobody(text: str) -> None:
    assert asked(text, counties=("341502",), reads=bundled()) == []


def test_a_name_is_matched_with_a_birth_date_as_written_and_as_heard() -> None:
    terms = of("王晓明")
    assert born_term("王 晓明", BORN) in terms
    assert born_term("王小明", BORN) not in terms
    assert heard_term("王小明", BORN, bundled()) in terms
    assert heard_term("王小明", date(1970, 1, 2), bundled()) not in terms


def test_a_telephone_is_found_by_its_digits() -> None:
    assert of("王小明", phones=("0564-331 1234",)) >= of("李", phones=("05643311234",)) - of("李")


def test_a_name_has_few_terms() -> None:
    """What an index over a province can bear."""
    assert len(of("欧阳曾单")) < 60
    assert len(of("王小明", phones=("14300000000",))) < 20
