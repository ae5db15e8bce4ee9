"""Policies that come with the product (`services/subsidy/policies`): examples a county begins from (RULES 5)."""

from __future__ import annotations

from typing import Final

from services.subsidy.adapters.policy_documents import parse
from services.subsidy.adapters.shipped import Shipped

SHIPPED: Final = Shipped("policies", parse)
documents, names, titles = SHIPPED.documents, SHIPPED.names, SHIPPED.titles
