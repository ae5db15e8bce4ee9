"""Policies that come with the product (`services/subsidy/policies`): examples a county begins from (RULES 5)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from services.subsidy.adapters.policy_documents import parse
from shared.kit.shipped import Shipped

SHIPPED: Final = Shipped(Path(__file__).resolve().parents[1] / "policies", parse)
documents, names, titles = SHIPPED.documents, SHIPPED.names, SHIPPED.titles
