"""Money in whole fen. No float comes in, and nothing is divided without saying how it rounds (READ-15)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar, Final, Self

from shared.values.invalid import InvalidValue, excerpt

_PATTERN: Final = re.compile(r"(-?)(\d{1,17})(?:\.(\d{1,2}))?", re.ASCII)
_FEN_MAX: Final = 2**63 - 1
"""What a database column of eight bytes holds."""


class MoneyIsInvalid(InvalidValue):
    """The text is not an amount in yuan with at most two decimals."""

    code: ClassVar[str] = "money_is_invalid"
    zh_text: ClassVar[str] = "“{given}”不是有效的金额，应为以元为单位、最多两位小数的数字，例如 170.00"
    en_text: ClassVar[str] = (
        "'{given}' is not an amount; it is written in yuan with at most two decimals, for example 170.00"
    )


class MoneyIsOutOfRange(InvalidValue):
    """The amount is larger than can be stored."""

    code: ClassVar[str] = "money_is_out_of_range"
    zh_text: ClassVar[str] = "金额超出可以记录的范围"
    en_text: ClassVar[str] = "the amount is larger than can be recorded"


class Rounding(Enum):
    """What happens to the part of a fen (or of a larger unit) that is left over."""

    DOWN = auto()
    """Towards zero."""
    UP = auto()
    """Away from zero."""
    HALF_UP = auto()
    """To the nearest, a half away from zero (四舍五入)."""
    HALF_EVEN = auto()
    """To the nearest, a half to the even neighbour."""


def _quotient(numerator: int, denominator: int, rounding: Rounding) -> int:
    if denominator == 0:
        raise ZeroDivisionError("an amount cannot be shared among nobody")
    sign = -1 if (numerator < 0) != (denominator < 0) else 1
    whole, rest = divmod(abs(numerator), abs(denominator))
    twice = 2 * rest - abs(denominator)
    match rounding:
        case Rounding.DOWN:
            up = False
        case Rounding.UP:
            up = rest > 0
        case Rounding.HALF_UP:
            up = twice >= 0
        case Rounding.HALF_EVEN:
            up = twice > 0 or (twice == 0 and whole % 2 == 1)
    return sign * (whole + up)


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount of renminbi, in fen.

    >>> Money.parse("170") + Money(5)
    Money(170.05)
    >>> Money.yuan(800).scaled(1, 12, Rounding.HALF_UP)
    Money(66.67)
    >>> Money(1700) / 2
    Traceback (most recent call last):
    ...
    TypeError: unsupported operand type(s) for /: 'Money' and 'int'
    """

    fen: int

    def __post_init__(self) -> None:
        if type(self.fen) is not int:  # a float would be inexact, and True is no amount
            raise TypeError(f"Money takes a whole number of fen, not {type(self.fen).__name__}")
        if abs(self.fen) > _FEN_MAX:
            raise MoneyIsOutOfRange

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read yuan such as ``170``, ``170.5`` or ``-170.05``; anything else is `MoneyIsInvalid`."""
        found = _PATTERN.fullmatch(text)
        if found is None:
            raise MoneyIsInvalid(given=excerpt(text))
        sign, yuan, decimals = found.groups(default="")
        fen = int(yuan) * 100 + int(decimals.ljust(2, "0"))
        return cls(-fen if sign else fen)

    @classmethod
    def yuan(cls, amount: int) -> Self:
        """Whole yuan, as tariffs are written."""
        return cls(amount * 100)

    @classmethod
    def zero(cls) -> Self:
        return cls(0)

    @classmethod
    def total(cls, amounts: Iterable["Money"]) -> Self:
        return cls(sum(amount.fen for amount in amounts))

    def scaled(self, numerator: int, denominator: int, rounding: Rounding) -> Self:
        """This amount times a fraction, rounded to the fen in the way named."""
        return type(self)(_quotient(self.fen * numerator, denominator, rounding))

    def rounded_to(self, unit: "Money", rounding: Rounding) -> Self:
        """The multiple of ``unit`` this amount rounds to, for tariffs paid in whole yuan.

        >>> Money.parse("66.67").rounded_to(Money.yuan(1), Rounding.HALF_UP)
        Money(67.00)
        """
        return type(self)(_quotient(self.fen, unit.fen, rounding) * unit.fen)

    def split(self, parts: int) -> tuple[Self, ...]:
        """Equal parts that add up to the amount again; the first parts take the fen that do not divide.

        >>> Money(100).split(3)
        (Money(0.34), Money(0.33), Money(0.33))
        """
        if parts < 1:
            raise ValueError("an amount is split into at least one part")
        sign = -1 if self.fen < 0 else 1
        share, rest = divmod(abs(self.fen), parts)
        return tuple(type(self)(sign * (share + (index < rest))) for index in range(parts))

    def __add__(self, other: "Money") -> Self:
        if not isinstance(other, Money):
            return NotImplemented
        return type(self)(self.fen + other.fen)

    def __sub__(self, other: "Money") -> Self:
        if not isinstance(other, Money):
            return NotImplemented
        return type(self)(self.fen - other.fen)

    def __mul__(self, times: int) -> Self:
        if type(times) is not int:
            return NotImplemented
        return type(self)(self.fen * times)

    __rmul__ = __mul__

    def __neg__(self) -> Self:
        return type(self)(-self.fen)

    def __abs__(self) -> Self:
        return type(self)(abs(self.fen))

    def __bool__(self) -> bool:
        return self.fen != 0

    def __str__(self) -> str:
        yuan, fen = divmod(abs(self.fen), 100)
        return f"{'-' if self.fen < 0 else ''}{yuan}.{fen:02d}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"
