"""Policies that come with the product (`services/subsidy/policies`): examples a county begins from (RULES 5)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import orjson

from services.subsidy.adapters.policy_documents import parse
from services.subsidy.domain.policy import PolicyDocument

FOLDER: Final = Path(__file__).resolve().parents[1] / "policies"


@cache
def documents(name: str) -> tuple[PolicyDocument, ...] | None:
    """The documents of a profile; None when there is no such profile."""
    if name not in names():
        return None
    told = orjson.loads((FOLDER / f"{name}.json").read_bytes())
    return tuple(parse(each) for each in (told if isinstance(told, list) else [told]))


@cache
def names() -> tuple[str, ...]:
    """The profiles there are."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def titles() -> dict[str, list[str]]:
    """The titles of the documents of each profile."""
    return {name: [document.title for document in documents(name) or ()] for name in names()}
