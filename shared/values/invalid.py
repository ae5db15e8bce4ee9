"""The base of every refusal to build a value from what was given.

A value that exists is valid, so these are raised by constructors and by ``parse``. They are ``ValueError`` as well,
which lets a schema library point at the field that was wrong; and they carry their own sentence in both languages,
because the same sentence goes to a clerk in an answer and, row by row, into the error file of an import.
"""

import re
from typing import ClassVar, Final

from shared.values.refusal import Refusal

_PERSONAL: Final = re.compile(r"\d{7,}(?=[\dXx]{4})")
"""Eleven characters or more: a telephone, identity or account number that stands in the wrong column."""


class InvalidValue(Refusal, ValueError):
    """What was given is not such a value. The facts never hold a whole personal number."""

    code: ClassVar[str] = "value_is_invalid"
    zh_text: ClassVar[str] = "数据格式不正确"
    en_text: ClassVar[str] = "the value is not valid"

    @property
    def zh(self) -> str:
        """The reason in Chinese, with its facts filled in."""
        return self.zh_text.format(**self.facts)

    @property
    def en(self) -> str:
        """The reason in English, with its facts filled in."""
        return self.en_text.format(**self.facts)

    @property
    def zh_of_cell(self) -> str:
        """The reason for whoever has the value before them.

        It is kept with the job, so the value is not repeated: in the wrong column it may be somebody's name.
        """
        return self.zh_text.replace("“{given}”", "所填内容").format(**self.facts)

    def __str__(self) -> str:
        return self.en


def excerpt(text: object, length: int = 24) -> str:
    """What was refused, fit to be shown: short, and with long numbers hidden but for their last four characters.

    >>> excerpt("11010519491231002X")
    '**************002X'
    """
    shown = _PERSONAL.sub(lambda found: "*" * len(found[0]), str(text))
    return shown if len(shown) <= length else f"{shown[:length]}…"
