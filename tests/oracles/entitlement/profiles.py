"""The policies shipped with the product, by name; every profile stands on the national rules."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path

import services.subsidy
from services.subsidy.adapters.policy_documents import parse
from services.subsidy.domain.policy import PolicyDocument, Transition

SHIPPED = Path(services.subsidy.__file__).parent / "policies"
EPIDEMIC = PolicyDocument(
    division="50",
    title="疫情过渡期",
    legal_basis="RULES 6 C-28",
    since="2022-12",
    transitions=(Transition(first_day=date(2022, 12, 1), last_day=date(2023, 3, 31), reason="疫情防控"),),
)


@cache
def shipped(*names: str) -> tuple[PolicyDocument, ...]:
    """The documents of these files, the national ones first."""
    return tuple(
        document
        for name in ("national", *names)
        for document in map(parse, json.loads((SHIPPED / f"{name}.json").read_text(encoding="utf-8")))
    )
