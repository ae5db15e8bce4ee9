"""The synthetic prefecture: nobody real, everything valid, the same every time."""

import time
from collections import Counter
from datetime import date
from itertools import islice
from pathlib import Path

import pytest

from deploy.demo.generator import (
    IMPORT_TITLES,
    LIVING_SUBSIDY,
    NURSING_SUBSIDY,
    SyntheticPerson,
    generate,
    write_import_files,
)
from shared.kit.divisions import bundled
from shared.kit.spreadsheets import Column, open_table
from shared.values import (
    CertificateNumber,
    Disability,
    DisabilityCategory,
    Division,
    IdentityNumber,
    Sex,
    last_valid_day,
    parse_day,
)

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def persons() -> list[SyntheticPerson]:
    return list(generate(20_000, today=TODAY))


def test_the_same_seed_gives_the_same_persons_and_another_seed_others() -> None:
    some = list(generate(1_500, seed=7, today=TODAY))
    assert some == list(generate(1_500, seed=7, today=TODAY))
    assert some[:700] == list(generate(700, seed=7, today=TODAY))
    assert some != list(generate(1_500, seed=8, today=TODAY))


def test_identity_numbers_are_valid_unique_and_of_no_province(persons: list[SyntheticPerson]) -> None:
    assert len({person.identity_number for person in persons}) == len(persons)
    for person in persons:
        number = IdentityNumber.parse(person.identity_number, today=TODAY)
        assert number.region.startswith("99")
        assert (number.birth_date, number.sex) == (person.birth_date, person.sex)


def test_every_person_lives_in_a_real_village_of_lu_an(persons: list[SyntheticPerson]) -> None:
    directory = bundled()
    villages = {person.division for person in persons}
    assert all(len(village) == 12 and village.startswith("3415") and village in directory for village in villages)
    assert len(villages) > 1_900
    shares = Counter(Division(person.division).county.code for person in persons)
    assert set(shares) == {"341502", "341503", "341504", "341522", "341523", "341524", "341525"}
    assert shares.most_common(1)[0][0] == "341522"
    assert 0.03 < shares["341504"] / len(persons) < 0.07


def test_more_than_half_are_over_sixty_and_some_are_children(persons: list[SyntheticPerson]) -> None:
    ages = [IdentityNumber(person.identity_number).age_on(TODAY) for person in persons]
    assert 0.48 < sum(age >= 60 for age in ages) / len(ages) < 0.60
    assert 0.02 < sum(age < 18 for age in ages) / len(ages) < 0.06
    assert max(ages) < 105


def test_limb_disabilities_are_nearly_half_and_every_category_and_grade_occurs(persons: list[SyntheticPerson]) -> None:
    categories = Counter(person.disability.category for person in persons)
    assert set(categories) == set(DisabilityCategory)
    assert 0.41 < categories[DisabilityCategory.LIMB] / len(persons) < 0.49
    assert len({person.disability.grade for person in persons}) == 4
    assert all(
        (len(person.disability.components) > 1) == (person.disability.category is DisabilityCategory.MULTIPLE)
        for person in persons
    )


def test_the_expiry_wave_comes_within_months_and_a_few_have_expired(persons: list[SyntheticPerson]) -> None:
    expired = sum(person.expires_on < TODAY for person in persons)
    soon = sum(TODAY <= person.expires_on < date(2028, 2, 1) for person in persons)
    assert 0.01 < expired / len(persons) < 0.03
    assert 0.33 < soon / len(persons) < 0.43
    assert all(person.expires_on == last_valid_day(person.issued_on) for person in persons)
    assert all(person.birth_date < person.issued_on <= TODAY for person in persons)


def test_minors_and_intellectual_or_mental_disabilities_have_a_guardian_and_no_one_else(
    persons: list[SyntheticPerson],
) -> None:
    for person in islice(persons, 5_000):
        age = (TODAY - person.birth_date).days / 365.25
        needs = person.disability.includes(DisabilityCategory.INTELLECTUAL, DisabilityCategory.MENTAL)
        if abs(age - 18) > 0.02:
            assert (person.guardian is not None) == (needs or age < 18)


def test_awards_are_given_to_those_who_qualify_and_a_few_of_them_never_applied(persons: list[SyntheticPerson]) -> None:
    qualified = granted = 0
    for person in persons:
        valid = person.expires_on >= TODAY
        severe = person.disability.grade.is_severe and valid
        assert LIVING_SUBSIDY not in person.schemes or (person.dibao and valid)
        assert NURSING_SUBSIDY not in person.schemes or severe
        qualified += severe
        granted += NURSING_SUBSIDY in person.schemes
    assert 0.9 < granted / qualified < 0.98


def test_telephone_numbers_are_given_to_nobody(persons: list[SyntheticPerson]) -> None:
    assert all(len(person.phone) == 11 and person.phone.startswith("143") for person in persons)


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_the_import_files_say_what_the_persons_are(tmp_path: Path, suffix: str) -> None:
    some = list(generate(250, today=TODAY))
    paths = write_import_files(some, tmp_path, rows_per_file=100, suffix=suffix)
    assert [path.name for path in paths] == [f"persons-00{number}{suffix}" for number in (1, 2, 3)]
    rows = []
    for path in paths:
        with open_table(path, [Column(title, title) for title in IMPORT_TITLES]) as table:
            rows += [row.values for row in table]
    assert len(rows) == len(some)
    for row, person in zip(rows, some, strict=True):
        assert tuple(row[title] for title in IMPORT_TITLES) == person.import_row
        read = Disability.parse(row["残疾类别"], row["残疾等级"], row["多重残疾明细"])
        assert read == person.disability
        identity = IdentityNumber.parse(row["公民身份号码"])
        assert CertificateNumber.of(identity, read.category, read.grade).grade is person.disability.grade
        assert Sex.parse(row["性别"]) is person.sex
        assert parse_day(row["有效期截止"]) == person.expires_on


def test_nobody_makes_no_file(tmp_path: Path) -> None:
    assert write_import_files([], tmp_path) == []


def test_more_persons_than_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="5000000"):
        generate(5_000_001, today=TODAY)


def test_twenty_thousand_persons_take_at_most_two_seconds_of_processor() -> None:
    before = time.process_time()
    assert sum(1 for _ in generate(20_000, today=TODAY)) == 20_000
    assert time.process_time() - before < 2
