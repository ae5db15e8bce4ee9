"""Words of an award's life that more than one service spells (RULES 4.7)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import ClassVar, Final, Self

from shared.values.invalid import InvalidValue, excerpt

SCHEME_PATTERN: Final = "^[a-z][a-z0-9_]{0,39}$"


class SchemeCodeInvalid(InvalidValue):
    """No scheme can have this code. Facts: given."""

    zh_text: ClassVar[str] = "“{given}”不是补贴种类代码"
    en_text: ClassVar[str] = "'{given}' is not the code of a scheme"


class Scheme(str):
    """The code of a scheme. Which there are the policies in force say; these two are those of 国发〔2015〕52号, which
    the checks of the law speak of by name (残疾人两项补贴).
    """

    __slots__ = ()
    LIVING: ClassVar[Scheme]
    NURSING: ClassVar[Scheme]

    def __new__(cls, code: str) -> Self:
        """Raises `SchemeCodeInvalid`."""
        if not re.fullmatch(SCHEME_PATTERN, code):
            raise SchemeCodeInvalid(given=excerpt(code))
        return super().__new__(cls, code)

    @property
    def value(self) -> str:
        """The plain text."""
        return str(self)


Scheme.LIVING, Scheme.NURSING = Scheme("living_subsidy"), Scheme("nursing_subsidy")
TWO_SUBSIDIES: Final = (Scheme.LIVING, Scheme.NURSING)


class AwardStatus(StrEnum):
    """What people see of an award; money never reads it (RULES 4.7)."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    STOPPED = "STOPPED"
    PAUSED = "PAUSED"
    TERMINATED = "TERMINATED"


RUNNING: Final = (AwardStatus.ACTIVE, AwardStatus.SUSPENDED, AwardStatus.PAUSED)
"""A person has at most one award of a scheme in these."""
