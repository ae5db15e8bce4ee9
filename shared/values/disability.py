"""What a disability is in law: category, grade, and the components of a multiple one (ID-07, 08, 12, 13, 22)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from typing import ClassVar, Final, Self

from shared.values.invalid import InvalidValue, excerpt

_GB_OFFSET: Final = 60
"""GB/T 2261.3 writes category n of the certificate as 60 + n."""
_SEPARATORS: Final = re.compile(r"[;；,，、\s]+")
_PAIR: Final = re.compile(r"(.+?)[:：](.+)")


class DisabilityCategoryIsInvalid(InvalidValue):
    """Not one of the seven categories (ID-24)."""

    code: ClassVar[str] = "disability_category_is_invalid"
    zh_text: ClassVar[str] = "“{given}”不是有效的残疾类别，应为 1 至 7 或 视力、听力、言语、肢体、智力、精神、多重"
    en_text: ClassVar[str] = "'{given}' is not a category of disability, which are 1 to 7"


class DisabilityGradeIsInvalid(InvalidValue):
    """Not one of the four grades."""

    code: ClassVar[str] = "disability_grade_is_invalid"
    zh_text: ClassVar[str] = "“{given}”不是有效的残疾等级，应为 1 至 4 或 一级、二级、三级、四级"
    en_text: ClassVar[str] = "'{given}' is not a grade of disability, which are 1 (most severe) to 4"


class ComponentsAreInvalid(InvalidValue):
    """The components of a multiple disability do not make one."""

    code: ClassVar[str] = "disability_components_are_invalid"
    zh_text: ClassVar[str] = "多重残疾明细“{given}”不正确：应列出至少两个不同的单项类别及其等级，例如 4:2;6:3"
    en_text: ClassVar[str] = (
        "'{given}' are not the components of a multiple disability: two or more different single categories with grades"
    )


class OverallGradeIsWrong(InvalidValue):
    """Category or grade differ from what the components make: the most severe one decides (ID-12)."""

    code: ClassVar[str] = "disability_overall_grade_is_wrong"
    zh_text: ClassVar[str] = "残疾类别、等级与明细不一致：明细“{given}”应对应类别 {category}、等级 {grade}"
    en_text: ClassVar[str] = (
        "category, grade and components disagree: '{given}' makes category {category}, grade {grade}"
    )


class DisabilityCategory(IntEnum):
    """The category digit of a certificate (ID-07).

    >>> DisabilityCategory.parse("肢体残疾") is DisabilityCategory.from_gb_code("64")
    True
    """

    VISION = 1
    HEARING = 2
    SPEECH = 3
    LIMB = 4
    INTELLECTUAL = 5
    MENTAL = 6
    MULTIPLE = 7

    @property
    def zh(self) -> str:
        return _CATEGORY_ZH[self]

    @property
    def en(self) -> str:
        return self.name.capitalize()

    @property
    def gb_code(self) -> str:
        """The code the civil-affairs side uses, GB/T 2261.3: 61 to 67 (ID-22)."""
        return str(_GB_OFFSET + self)

    @classmethod
    def from_gb_code(cls, code: str) -> Self:
        """The category of a GB/T 2261.3 code; 69 (other) and anything else is `DisabilityCategoryIsInvalid`."""
        for category in cls:
            if category.gb_code == code:
                return category
        raise DisabilityCategoryIsInvalid(given=excerpt(code))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``4``, ``64``, ``肢体`` or ``肢体残疾``."""
        found = _CATEGORY_BY_TEXT.get(text.strip())
        if found is None:
            raise DisabilityCategoryIsInvalid(given=excerpt(text))
        return cls(found)

    def __str__(self) -> str:
        return str(self.value)


_CATEGORY_ZH: Final = dict(
    zip(DisabilityCategory, ("视力", "听力", "言语", "肢体", "智力", "精神", "多重"), strict=True)
)
_CATEGORY_BY_TEXT: Final = {
    text: category
    for category, zh in _CATEGORY_ZH.items()
    for text in (str(category), category.gb_code, zh, f"{zh}残疾", category.name.lower())
}


class DisabilityGrade(IntEnum):
    """The grade digit of a certificate: 1 is the most severe (ID-08).

    >>> DisabilityGrade.parse("二级").zh
    '二级'
    """

    ONE = 1
    TWO = 2
    THREE = 3
    FOUR = 4

    @property
    def zh(self) -> str:
        return f"{'一二三四'[self - 1]}级"

    @property
    def en(self) -> str:
        return f"Grade {self.value}"

    @property
    def is_severe(self) -> bool:
        """Grades 1 and 2, what the law calls 重度."""
        return self <= DisabilityGrade.TWO

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``1``, ``1级``, ``一级`` or ``壹级``."""
        found = _GRADE_BY_TEXT.get(text.strip())
        if found is None:
            raise DisabilityGradeIsInvalid(given=excerpt(text))
        return cls(found)

    def __str__(self) -> str:
        return str(self.value)


_GRADE_BY_TEXT: Final = {
    text: grade
    for grade, words in zip(DisabilityGrade, ("1一壹", "2二贰", "3三叁", "4四肆"), strict=True)
    for word in words
    for text in (word, f"{word}级")
}


@dataclass(frozen=True, slots=True, order=True)
class Component:
    """One single disability with its own grade, alone or as part of a multiple disability (ID-13)."""

    category: DisabilityCategory
    grade: DisabilityGrade

    def __post_init__(self) -> None:
        if self.category is DisabilityCategory.MULTIPLE:
            raise ComponentsAreInvalid(given=str(self))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``4:2``, category and grade."""
        found = _PAIR.fullmatch(text.strip())
        if found is None:
            raise ComponentsAreInvalid(given=excerpt(text))
        return cls(DisabilityCategory.parse(found[1]), DisabilityGrade.parse(found[2]))

    def __str__(self) -> str:
        return f"{self.category}:{self.grade}"


def overall_grade(components: Iterable[Component]) -> DisabilityGrade:
    """The grade of the most severe component (ID-12)."""
    return min(component.grade for component in components)


@dataclass(frozen=True, slots=True, order=True)
class Disability:
    """Category, grade and components that agree with each other.

    A single disability has itself as its one component, so "does any component qualify" needs no second case (ID-13).

    >>> Disability.parse("7", "2", "4:2;6:3").grade
    <DisabilityGrade.TWO: 2>
    """

    category: DisabilityCategory
    grade: DisabilityGrade
    components: tuple[Component, ...]
    components_text: str = field(init=False, repr=False, compare=False, default="")
    """All components in the form `parse` reads, ``4:2;6:3``."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "components", tuple(sorted(self.components)))
        object.__setattr__(self, "components_text", ";".join(map(str, self.components)))
        category, grade = _made_by(self.components)
        if (self.category, self.grade) != (category, grade):
            raise OverallGradeIsWrong(given=self.components_text, category=str(category), grade=str(grade))

    @classmethod
    def of(cls, components: Iterable[Component]) -> Self:
        """The disability these components make."""
        parts = tuple(components)
        return cls(*_made_by(parts), parts)

    @classmethod
    def parse(cls, category: str, grade: str, components: str = "") -> Self:
        """Read three columns of a file: category, grade, and the components of a multiple disability (``4:2;6:3``)."""
        return cls._parse(category, grade, components)

    @classmethod
    @lru_cache(maxsize=1024)
    def _parse(cls, category: str, grade: str, components: str) -> Self:
        """There are few, and a province reads them millions of times."""
        whole, overall = DisabilityCategory.parse(category), DisabilityGrade.parse(grade)
        texts = [text for text in _SEPARATORS.split(components) if text]
        if texts or whole is DisabilityCategory.MULTIPLE:
            return cls(whole, overall, tuple(Component.parse(text) for text in texts))
        return cls(whole, overall, (Component(whole, overall),))

    def includes(self, *categories: DisabilityCategory) -> bool:
        """Whether any component is of one of these categories."""
        return any(component.category in categories for component in self.components)


def _made_by(components: tuple[Component, ...]) -> tuple[DisabilityCategory, DisabilityGrade]:
    """The category and the overall grade of components, which must differ in category."""
    categories = {component.category for component in components}
    if not components or len(categories) != len(components):
        raise ComponentsAreInvalid(given=excerpt(";".join(map(str, components))))
    category = DisabilityCategory.MULTIPLE if len(components) > 1 else components[0].category
    return category, overall_grade(components)
