"""A synthetic Lu'an (六安): persons with disabilities in its real townships and villages, the same for the same seed.

Nobody in it exists. Identity numbers begin with 99, which is no province, and are valid otherwise; telephone numbers
begin with 143, which is given to nobody. The shares (ages, categories, grades, counties) are round figures of the right
size, not statistics. Certificates follow the wave of CERT-34: many were issued ten years ago and expire within months.

Persons come in blocks, each with a random source of its own, so that the first thousand are the same however many
follow, and a province of 3.5 million streams in constant memory.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from itertools import chain, count, islice
from pathlib import Path
from random import Random
from typing import Final, NamedTuple, TypeVar

from shared.kit.divisions import bundled
from shared.kit.spreadsheets import write_table
from shared.values.dates import add_years, last_valid_day
from shared.values.disability import Component, Disability, DisabilityCategory, DisabilityGrade
from shared.values.division import Level
from shared.values.identity_number import Sex

T = TypeVar("T")

IMPORT_TITLES: Final = (
    "姓名",
    "性别",
    "公民身份号码",
    "户籍地区划代码",
    "联系电话",
    "残疾类别",
    "残疾等级",
    "多重残疾明细",
    "发证日期",
    "有效期截止",
)
"""The columns of the import of persons with their certificates."""

LIVING_SUBSIDY: Final = "living_subsidy"
NURSING_SUBSIDY: Final = "nursing_subsidy"

_PREFECTURE: Final = "3415"
_BLOCK: Final = 1_000
_TICKETS: Final = 1_000
_NUMBERS_MAX: Final = 5_000_000
"""Ten thousand regions 99xxxx times five hundred sequence numbers of each sex: no number comes twice."""
_STRIDE: Final = 1_937_531
"""Prime to `_NUMBERS_MAX`: neighbours in the file get numbers far apart."""
_CHECK: Final = "10X98765432"
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


class Guardian(NamedTuple):
    """Who answers for a minor, or for a person with an intellectual or mental disability (CERT-03)."""

    name: str
    relation: str
    phone: str


class SyntheticPerson(NamedTuple):
    """One person with one certificate, as a row of the import would say it, and what the import does not say."""

    name: str
    sex: Sex
    birth_date: date
    identity_number: str
    division: str
    """Twelve digits, the village of the household."""
    phone: str
    disability: Disability
    issued_on: date
    expires_on: date
    guardian: Guardian | None
    dibao: bool
    """Whether the household draws minimum living security."""
    schemes: tuple[str, ...]
    """The subsidies granted; a few who qualify never applied, as in life."""

    @property
    def import_row(self) -> tuple[str, ...]:
        """The cells under `IMPORT_TITLES`."""
        several = self.disability.category is DisabilityCategory.MULTIPLE
        return (
            self.name,
            self.sex.zh,
            self.identity_number,
            self.division,
            self.phone,
            self.disability.category.zh,
            self.disability.grade.zh,
            self.disability.components_text if several else "",
            self.issued_on.isoformat(),
            self.expires_on.isoformat(),
        )


def generate(persons: int = 20_000, *, seed: int = 3415, today: date) -> Iterator[SyntheticPerson]:
    """That many persons as they are known on a day; the same seed and day give the same persons.

    :raises ValueError: for more persons than there are numbers (5 million).
    """
    if persons > _NUMBERS_MAX:
        raise ValueError(f"there are synthetic numbers for {_NUMBERS_MAX} persons, not for {persons}")
    villages = _villages(seed)
    blocks = (_block(number * _BLOCK, seed, today, villages) for number in count())
    return _forgetting(islice(chain.from_iterable(blocks), persons))


def _forgetting(persons: Iterator[SyntheticPerson]) -> Iterator[SyntheticPerson]:
    """What was kept for speed is ten megabytes, and the demonstration weighs its processes."""
    yield from persons
    for kept in (_weight_of, _day, _last_valid_day):
        kept.cache_clear()


def write_import_files(
    persons: Iterable[SyntheticPerson], directory: Path, *, rows_per_file: int = 100_000, suffix: str = ".xlsx"
) -> list[Path]:
    """Write the import files of the registry, as many as it takes, and return their paths in order."""
    paths: list[Path] = []
    source = iter(persons)
    while first := next(source, None):
        path = directory / f"persons-{len(paths) + 1:03d}{suffix}"
        rows = (person.import_row for person in chain([first], islice(source, rows_per_file - 1)))
        write_table(path, IMPORT_TITLES, rows, sheet="持证人员")
        paths.append(path)
    return paths


# ------------------------------------------------------------------------------------------------ shares


def _tickets(weights: Mapping[T, float]) -> tuple[T, ...]:
    """A thousand tickets shared out by weight: one draw is one index."""
    total, drawn, bound = sum(weights.values()), 0, 0.0
    tickets: list[T] = []
    for value, weight in weights.items():
        bound += weight
        tickets += [value] * (round(_TICKETS * bound / total) - drawn)
        drawn = len(tickets)
    return tuple(tickets)


_VISION, _HEARING, _SPEECH, _LIMB, _INTELLECTUAL, _MENTAL, _MULTIPLE = DisabilityCategory

_SEXES: Final = _tickets({Sex.MALE: 57, Sex.FEMALE: 43})

_AGES: Final = _tickets(
    {(3, 7): 0.8, (7, 18): 2.7, (18, 45): 17, (45, 60): 27, (60, 75): 33, (75, 90): 18, (90, 102): 1.5}
)
"""Age bands in years: more than half are over 60."""

_CATEGORIES_OF_CHILDREN: Final = _tickets(
    {_INTELLECTUAL: 42, _LIMB: 27, _MULTIPLE: 12, _HEARING: 8, _SPEECH: 5, _VISION: 3, _MENTAL: 3}
)
_CATEGORIES_OF_ADULTS: Final = _tickets(
    {_LIMB: 44, _MENTAL: 17, _INTELLECTUAL: 15, _HEARING: 8, _VISION: 7, _MULTIPLE: 6, _SPEECH: 3}
)
_CATEGORIES_OF_ELDERS: Final = _tickets(
    {_LIMB: 48, _HEARING: 17, _VISION: 15, _MULTIPLE: 7, _MENTAL: 6, _INTELLECTUAL: 5, _SPEECH: 2}
)
_COMBINATIONS: Final = _tickets(
    {
        (_HEARING, _SPEECH): 35,
        (_SPEECH, _LIMB): 14,
        (_LIMB, _INTELLECTUAL): 14,
        (_VISION, _LIMB): 9,
        (_HEARING, _LIMB): 8,
        (_INTELLECTUAL, _MENTAL): 8,
        (_SPEECH, _INTELLECTUAL): 7,
        (_SPEECH, _LIMB, _INTELLECTUAL): 5,
    }
)
_GRADES: Final = {
    category: _tickets(dict(zip(DisabilityGrade, weights, strict=True)))
    for category, weights in {
        _VISION: (34, 14, 12, 40),
        _HEARING: (30, 22, 20, 28),
        _SPEECH: (30, 20, 25, 25),
        _LIMB: (8, 24, 34, 34),
        _INTELLECTUAL: (10, 42, 32, 16),
        _MENTAL: (9, 56, 24, 11),
    }.items()
}

_COUNTIES: Final = {
    "341502": 18.5,
    "341503": 18.5,
    "341504": 5,
    "341522": 23.5,
    "341523": 16,
    "341524": 12,
    "341525": 6.5,
}

_SURNAMES: Final = _tickets(
    dict.fromkeys("王李张刘陈", 60)
    | dict.fromkeys("杨赵黄周吴徐孙胡朱高", 24)
    | dict.fromkeys("林何郭马罗汪江方程潘许余叶储项谢韩唐冯于董萧曹袁邓傅沈曾彭吕苏蒋蔡贾丁魏薛阎", 7)
    | dict.fromkeys(("欧阳", "上官", "司马", "诸葛"), 1)
)
_MALE: Final = "伟强军勇杰涛明超刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林阳建国庆志文德福贵成祥宏亮学海"
_FEMALE: Final = "芳娜敏静丽艳娟霞秀英玲燕红梅兰桂香凤珍莲云萍琴婷雪慧莉洁倩颖琳欣怡佳翠菊华春淑芝月爱"


# ------------------------------------------------------------------------------------------------ persons


@cache
def _villages(seed: int) -> tuple[str, ...]:
    """One ticket for every hundred-thousandth of the people, so that a draw needs no search."""
    source = _source(f"{seed}:villages")
    tickets: list[str] = []
    for county, share in _COUNTIES.items():
        codes = [village.code for village in bundled().within(county, Level.VILLAGE)]
        sizes = [source.uniform(0.5, 2.0) for _ in codes]
        scale = share * 1_000 / sum(sizes)
        for code, size in zip(codes, sizes, strict=True):
            tickets += [code] * max(1, round(size * scale))
    return tuple(tickets)


def _block(first: int, seed: int, today: date, villages: tuple[str, ...]) -> Iterator[SyntheticPerson]:
    source = _source(f"{seed}:{first}")
    draw = source.random
    now = today.toordinal()
    decade_ago = add_years(today, -10).toordinal()
    for index in range(first, first + _BLOCK):
        sex = _SEXES[int(draw() * _TICKETS)]
        young, old = _AGES[int(draw() * _TICKETS)]
        age = young + draw() * (old - young)
        birth = now - int(age * 365.25)
        surname = _SURNAMES[int(draw() * _TICKETS)]
        disability = _disability(source, age)
        issued = _issued(source, birth=birth, now=now, decade_ago=decade_ago)
        expires_on = _last_valid_day(issued)
        dibao = draw() < (0.38 if disability.grade.is_severe else 0.17)
        valid = expires_on >= today
        living = dibao and valid and draw() < 0.97  # noqa: PLR2004 - the rest never applied
        nursing = disability.grade.is_severe and valid and draw() < 0.94  # noqa: PLR2004 - the same
        yield SyntheticPerson(
            name=surname + _given_name(source, sex),
            sex=sex,
            birth_date=_day(birth)[0],
            identity_number=_identity_number(index, sex, birth),
            division=villages[int(draw() * len(villages))],
            phone=_phone(source),
            disability=disability,
            issued_on=_day(issued)[0],
            expires_on=expires_on,
            guardian=_guardian(source, surname, age, disability),
            dibao=dibao,
            schemes=_SCHEMES[living, nursing],
        )


_SCHEMES: Final = {
    (False, False): (),
    (True, False): (LIVING_SUBSIDY,),
    (False, True): (NURSING_SUBSIDY,),
    (True, True): (LIVING_SUBSIDY, NURSING_SUBSIDY),
}


def _source(seed: str) -> Random:
    return Random(seed)  # noqa: S311 - the demonstration wants the same persons every time, not secrets


def _disability(source: Random, age: float) -> Disability:
    if age < 18:  # noqa: PLR2004 - of age
        tickets = _CATEGORIES_OF_CHILDREN
    elif age < 60:  # noqa: PLR2004 - elder
        tickets = _CATEGORIES_OF_ADULTS
    else:
        tickets = _CATEGORIES_OF_ELDERS
    category = tickets[int(source.random() * _TICKETS)]
    several = category is _MULTIPLE
    categories = _COMBINATIONS[int(source.random() * _TICKETS)] if several else (category,)
    return _made_of(tuple((each, _GRADES[each][int(source.random() * _TICKETS)]) for each in categories))


@cache
def _made_of(pairs: tuple[tuple[DisabilityCategory, DisabilityGrade], ...]) -> Disability:
    return Disability.of(Component(category, grade) for category, grade in pairs)


def _issued(source: Random, *, birth: int, now: int, decade_ago: int) -> int:
    """The day of issue: 2 % have expired in the last half-year, 38 % expire within fourteen months, the rest later."""
    kind = source.random()
    if kind < 0.02:  # noqa: PLR2004 - see above
        issued = decade_ago - 1 - int(source.random() * 180)
    elif kind < 0.40:  # noqa: PLR2004 - see above
        issued = decade_ago + int(source.random() * 425)
    else:
        issued = decade_ago + 425 + int(source.random() * (now - decade_ago - 425))
    earliest = birth + 200
    return issued if issued >= earliest else earliest + int(source.random() * (now - earliest))


def _given_name(source: Random, sex: Sex) -> str:
    characters = _MALE if sex is Sex.MALE else _FEMALE
    first = characters[int(source.random() * len(characters))]
    return first if source.random() < 0.2 else first + characters[int(source.random() * len(characters))]  # noqa: PLR2004


def _phone(source: Random) -> str:
    return f"143{int(source.random() * 10**8):08d}"


def _guardian(source: Random, surname: str, age: float, disability: Disability) -> Guardian | None:
    """Needed by minors and where the disability is intellectual or mental, alone or among others."""
    minor = age < 18  # noqa: PLR2004 - of age
    if not minor and not disability.includes(_INTELLECTUAL, _MENTAL):
        return None
    if minor:
        relation = "父母"
    elif age < 60:  # noqa: PLR2004 - elder
        relation = "父母" if source.random() < 0.5 else "兄弟姐妹"  # noqa: PLR2004 - an even chance
    else:
        relation = "子女" if source.random() < 0.7 else "配偶"  # noqa: PLR2004 - elders live with children
    sex = _SEXES[int(source.random() * _TICKETS)]
    family = surname if source.random() < 0.6 else _SURNAMES[int(source.random() * _TICKETS)]  # noqa: PLR2004 - a guess
    return Guardian(family + _given_name(source, sex), relation, _phone(source))


# ------------------------------------------------------------------------------------------------ numbers and days


def _identity_number(index: int, sex: Sex, birth: int) -> str:
    """The number of the index-th person, with the check character of ID-03 from sums kept by part."""
    region, sequence = divmod(index * _STRIDE % _NUMBERS_MAX, 500)
    _, born, weight = _day(birth)
    text = f"{990000 + region}{born}{2 * sequence + (sex is Sex.MALE):03d}"
    total = weight + _weight_of(text[:6], 0) + _weight_of(text[14:], 14)
    return text + _CHECK[total % 11]


@cache
def _weight_of(digits: str, position: int) -> int:
    return sum(weight * int(digit) for weight, digit in zip(_WEIGHTS[position:], digits, strict=False))


@cache
def _day(ordinal: int) -> tuple[date, str, int]:
    day = date.fromordinal(ordinal)
    text = f"{day:%Y%m%d}"
    return day, text, _weight_of(text, 6)


@cache
def _last_valid_day(issued: int) -> date:
    return last_valid_day(_day(issued)[0])
