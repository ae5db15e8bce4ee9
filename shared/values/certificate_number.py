"""The number printed on a certificate of disability (ID-06 to ID-11).

It embeds the identity number, so it hides itself in the same way: `CertificateNumber.number` is the clear text.
Entitlements hang on the person, never on this number: a change of category or grade makes a new one (ID-11).
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from shared.values.disability import DisabilityCategory, DisabilityGrade
from shared.values.identity_number import IdentityNumber
from shared.values.invalid import InvalidValue

_PATTERN: Final = re.compile(r"(\d{17}[\dX])([1-7])([1-4])(?:B([1-9]\d{0,3}))?", re.ASCII)
_SPACES: Final = re.compile(r"\s+")


class CertificateNumberIsMalformed(InvalidValue):
    """Not identity number + category + grade (+ Bn). The identity number inside has refusals of its own (ID-10)."""

    code: ClassVar[str] = "certificate_number_is_malformed"
    zh_text: ClassVar[str] = "残疾人证号应为公民身份号码加 1 位类别和 1 位等级，补办证件后缀 B1、B2……；现为 {length} 位"
    en_text: ClassVar[str] = (
        "a certificate number is the identity number, a category digit, a grade digit and B1, B2… for replacements;"
        " this has {length} characters"
    )


class CertificateNumberDisagrees(InvalidValue):
    """The number says something else than the record it stands in (ID-10)."""

    code: ClassVar[str] = "certificate_number_disagrees"
    zh_text: ClassVar[str] = "残疾人证号与登记信息不一致：{part_zh}不符"
    en_text: ClassVar[str] = "the certificate number disagrees with the record: another {part}"


@dataclass(frozen=True, slots=True, order=True)
class CertificateNumber:
    """A valid certificate number.

    >>> CertificateNumber.parse("11010519491231002x44B2")
    CertificateNumber(******************44B2)
    """

    number: str
    """The canonical twenty characters and suffix, in the clear."""

    def __post_init__(self) -> None:
        found = _PATTERN.fullmatch(self.number)
        if found is None:
            raise CertificateNumberIsMalformed(length=len(self.number))
        IdentityNumber(found[1])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a number; spaces, full-width characters and small letters are normalised (ID-05)."""
        return cls(_SPACES.sub("", unicodedata.normalize("NFKC", text)).upper())

    @classmethod
    def of(
        cls, identity: IdentityNumber, category: DisabilityCategory, grade: DisabilityGrade, *, replacements: int = 0
    ) -> Self:
        """The number of a first issue (ID-06), or of the n-th replacement after loss (ID-09)."""
        suffix = f"B{replacements}" if replacements else ""
        return cls(f"{identity.number}{category}{grade}{suffix}")

    @property
    def identity(self) -> IdentityNumber:
        return IdentityNumber(self.number[:18])

    @property
    def category(self) -> DisabilityCategory:
        return DisabilityCategory(int(self.number[18]))

    @property
    def grade(self) -> DisabilityGrade:
        return DisabilityGrade(int(self.number[19]))

    @property
    def replacements(self) -> int:
        """How often the certificate was lost and replaced."""
        return int(self.number[21:] or "0")

    def replaced(self) -> Self:
        """The number of the next replacement after loss (ID-09)."""
        return type(self)(f"{self.number[:20]}B{self.replacements + 1}")

    def must_agree_with(
        self, *, identity: IdentityNumber, category: DisabilityCategory, grade: DisabilityGrade
    ) -> None:
        """Check the number against the stored facts (ID-10).

        :raises CertificateNumberDisagrees: naming the first part that differs.
        """
        if self.identity != identity:
            raise CertificateNumberDisagrees(part="identity number", part_zh="公民身份号码")
        if self.category is not category:
            raise CertificateNumberDisagrees(part="category", part_zh="残疾类别")
        if self.grade is not grade:
            raise CertificateNumberDisagrees(part="grade", part_zh="残疾等级")

    def masked(self) -> str:
        """The number for display to people: all but the last four characters hidden."""
        return self.number[-4:].rjust(len(self.number), "*")

    def __str__(self) -> str:
        return self.masked()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.masked()})"
