"""The number says when somebody was born and their sex; whoever gives these as well must agree with it (ID-02)."""

from __future__ import annotations

from datetime import date

from services.registry.domain.person_errors import IdentityDisagrees
from shared.values.identity_number import IdentityNumber, Sex


def cross_check(number: IdentityNumber, *, sex: Sex | None, birth_date: date | None) -> None:
    """Raise `IdentityDisagrees` naming the field that contradicts the number."""
    if sex is not None and sex is not number.sex:
        raise IdentityDisagrees(field="sex", field_zh="性别")
    if birth_date is not None and birth_date != number.birth_date:
        raise IdentityDisagrees(field="birth date", field_zh="出生日期")


def as_written(number: IdentityNumber) -> str | None:
    """The text the number was read from, when that is not the number itself (ID-05)."""
    return None if number.raw == number.number else number.raw
