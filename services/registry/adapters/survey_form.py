"""The first revision of the questionnaire: 58 items of basic status, 72 needs."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Final

from services.registry.domain.survey import AnswerType, Choice, Item, ItemKind

ITEMS_FILE: Final = Path(__file__).with_name("survey_items.csv")


@cache
def first_items() -> tuple[Item, ...]:
    """The items, in the order they are asked."""
    with ITEMS_FILE.open(encoding="utf-8", newline="") as file:
        return tuple(
            Item(
                code=row["code"],
                kind=ItemKind(row["kind"]),
                type=AnswerType(row["type"]),
                group=row["group"],
                zh=row["zh"],
                en=row["en"],
                choices=_choices(row["options"]),
            )
            for row in csv.DictReader(file)
        )


def _choices(options: str) -> tuple[Choice, ...]:
    """``CODE:中文:English|...``."""
    parts = (option.split(":", 2) for option in options.split("|") if option)
    return tuple(Choice(code=code, zh=zh, en=en) for code, zh, en in parts)
