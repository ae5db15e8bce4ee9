"""The citizen identity number (ID-01 to ID-05).

The value hides itself: ``str``, ``repr`` and format strings show the last four characters only, so that no log line,
error text or traceback leaks one by accident. Whoever needs the number says `IdentityNumber.number`.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from typing import ClassVar, Final, Self

from shared.values.dates import age_on
from shared.values.invalid import InvalidValue

_EIGHTEEN: Final = re.compile(r"[1-9]\d{16}[\dX]", re.ASCII)
_FIFTEEN: Final = re.compile(r"[1-9]\d{14}", re.ASCII)
_SPACES: Final = re.compile(r"\s+")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK: Final = "10X98765432"
_BORN_BEFORE_1900: Final = frozenset({"996", "997", "998", "999"})
"""Sequence numbers the fifteen-digit scheme kept for people who were a hundred when they were registered."""
_CENTURIES: Final = ("18", "19", "20")


class IdentityNumberIsInvalid(InvalidValue):
    """Not an identity number. The subclasses say which check failed; none repeats the number."""

    code: ClassVar[str] = "identity_number_is_invalid"
    zh_text: ClassVar[str] = "公民身份号码不正确"
    en_text: ClassVar[str] = "the identity number is not valid"


class IdentityNumberIsMalformed(IdentityNumberIsInvalid):
    """Wrong length or characters (ID-02)."""

    code: ClassVar[str] = "identity_number_is_malformed"
    zh_text: ClassVar[str] = (
        "公民身份号码应为 18 位（或旧号码 15 位）：前 17 位为数字，末位为数字或 X；现为 {length} 位"
    )
    en_text: ClassVar[str] = (
        "an identity number has 18 characters (15 in the old form), digits but for a final X; this has {length}"
    )


class IdentityNumberBirthDateIsInvalid(IdentityNumberIsInvalid):
    """Digits 7 to 14 are no day of the calendar (ID-02)."""

    code: ClassVar[str] = "identity_number_birth_date_is_invalid"
    zh_text: ClassVar[str] = "公民身份号码第 7 至 14 位不是有效的出生日期"
    en_text: ClassVar[str] = "digits 7 to 14 of the identity number are not a date"


class IdentityNumberBirthDateIsInTheFuture(IdentityNumberIsInvalid):
    """The birth date lies after today."""

    code: ClassVar[str] = "identity_number_birth_date_is_in_the_future"
    zh_text: ClassVar[str] = "公民身份号码中的出生日期晚于今天"
    en_text: ClassVar[str] = "the birth date in the identity number is in the future"


class IdentityNumberChecksumIsWrong(IdentityNumberIsInvalid):
    """The last character does not fit the first seventeen (ID-03)."""

    code: ClassVar[str] = "identity_number_checksum_is_wrong"
    zh_text: ClassVar[str] = "公民身份号码校验位不符，请核对是否有录入错误"
    en_text: ClassVar[str] = "the check character of the identity number does not fit; look for a mistyped digit"


class Sex(IntEnum):
    """Sex as GB/T 2261.1 codes it."""

    MALE = 1
    FEMALE = 2

    @property
    def zh(self) -> str:
        return "男" if self is Sex.MALE else "女"

    @property
    def en(self) -> str:
        return self.name.capitalize()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``1``, ``2``, ``男`` or ``女``."""
        found = {"1": 1, "男": 1, "男性": 1, "2": 2, "女": 2, "女性": 2}.get(text.strip())
        if found is None:
            raise SexIsInvalid
        return cls(found)

    def __str__(self) -> str:
        return str(self.value)


class SexIsInvalid(InvalidValue):
    """Neither male nor female was read."""

    code: ClassVar[str] = "sex_is_invalid"
    zh_text: ClassVar[str] = "性别应为 男 或 女"
    en_text: ClassVar[str] = "sex is 1 (male) or 2 (female)"


def check_character(first_seventeen: str) -> str:
    """The eighteenth character: ISO 7064 MOD 11-2 over seventeen digits (ID-03).

    >>> check_character("11010519491231002")
    'X'
    """
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_seventeen, strict=True))
    return _CHECK[total % 11]


@dataclass(frozen=True, slots=True, order=True)
class IdentityNumber:
    """A valid eighteen-character identity number, with the text it was read from.

    Two are equal when their numbers are, however they were written.

    >>> IdentityNumber.parse("11010519491231002x")
    IdentityNumber(**************002X)
    """

    number: str
    """The canonical eighteen characters, in the clear."""
    raw: str = field(default="", compare=False)
    """What was read, before it was upgraded or normalised (ID-05); the number itself where it was built directly."""

    def __post_init__(self) -> None:
        if not _EIGHTEEN.fullmatch(self.number):
            raise IdentityNumberIsMalformed(length=len(self.number))
        _date_in(self.number)
        if check_character(self.number[:17]) != self.number[17]:
            raise IdentityNumberChecksumIsWrong
        if not self.raw:
            object.__setattr__(self, "raw", self.number)

    @classmethod
    def parse(cls, text: str, *, today: date | None = None) -> Self:
        """Read a number as old files and people write it (ID-05).

        Spaces are dropped, full-width characters and a small x are normalised, fifteen digits are upgraded to eighteen.

        :param today: refuses birth dates after this day when given.
        """
        plain = _SPACES.sub("", unicodedata.normalize("NFKC", text)).upper()
        if _FIFTEEN.fullmatch(plain):
            century = "18" if plain[12:] in _BORN_BEFORE_1900 else "19"
            seventeen = plain[:6] + century + plain[6:]
            plain = seventeen + check_character(seventeen)
        number = cls(plain, raw=text)
        if today is not None and number.birth_date > today:
            raise IdentityNumberBirthDateIsInTheFuture
        return number

    @property
    def birth_date(self) -> date:
        return _date_in(self.number)

    @property
    def sex(self) -> Sex:
        """Odd sequence numbers are male, even ones female (ID-02)."""
        return Sex.MALE if int(self.number[16]) % 2 else Sex.FEMALE

    @property
    def region(self) -> str:
        """Six digits of the place of *first registration*: never the county responsible today (ID-04)."""
        return self.number[:6]

    def age_on(self, day: date) -> int:
        """Completed years on a day."""
        return age_on(day, born=self.birth_date)

    def masked(self) -> str:
        """The number for display to people: all but the last four characters hidden."""
        return self.number[-4:].rjust(len(self.number), "*")

    def __str__(self) -> str:
        return self.masked()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.masked()})"


def _date_in(number: str) -> date:
    digits = number[6:14]
    try:
        if digits[:2] in _CENTURIES:
            return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        pass
    raise IdentityNumberBirthDateIsInvalid
