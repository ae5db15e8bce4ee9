"""The first revision of the questionnaire: 58 items of basic status, 72 needs."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Final

from services.registry.adapters.surveys import to_item
from services.registry.domain.survey import Item

ITEMS_FILE: Final = Path(__file__).parents[1] / "migrations" / "survey_form_1.json"
"""What revision 0004 put into the database; it never changes, later revisions are drawn up through the API."""


@cache
def first_items() -> tuple[Item, ...]:
    """The items, in the order they are asked."""
    return tuple(to_item(item) for item in json.loads(ITEMS_FILE.read_text(encoding="utf-8")))
