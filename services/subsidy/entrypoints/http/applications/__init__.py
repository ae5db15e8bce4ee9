"""Applications over HTTP (RULES 4.6)."""

from __future__ import annotations

from services.subsidy.adapters.payees import Payees
from services.subsidy.entrypoints.http.applications import decision, intake, lists, own
from shared.kit.routing import Router


def application_routers(payees: Payees) -> tuple[Router, ...]:
    """Every route about applications."""
    return (lists.router, intake.router, decision.decision_router(payees), decision.router, own.router)
