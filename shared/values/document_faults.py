"""What is wrong with a document a division decided, whatever it is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shared.values.division import Division, Level
from shared.values.invalid import InvalidValue

NATION: Final = "*"
"""The division of a national document."""


@dataclass(frozen=True, slots=True)
class Fault:
    """``where``: the path inside the document, as a JSON pointer."""

    where: str
    zh: str
    en: str


def division_faults(division: str) -> Iterator[Fault]:
    """Documents are those of the nation, a province, a prefecture or a county."""
    if division == NATION:
        return
    try:
        if Division(division).level > Level.COUNTY:
            raise InvalidValue
    except InvalidValue:
        yield Fault(
            "/division",
            "应为全国（*）或省、市、县级区划代码",
            "the nation (*), a province, a prefecture or a county",
        )


def blank_faults(**texts: str) -> Iterator[Fault]:
    """Texts that must say something."""
    for name, text in texts.items():
        if not text.strip():
            yield Fault(f"/{name}", "不能为空", "must not be empty")
