"""Rehabilitation cases, with everything a test does not care about already there."""

from __future__ import annotations

from datetime import date
from typing import Any

from uuid_utils.compat import uuid7

from services.rehab.domain.case import Case
from shared.values.division import Division
from shared.values.rehab_case import CaseStatus


def a_case(**given: Any) -> Case:
    """An open case of a need registered on 2026-04-02."""
    values: dict[str, Any] = {
        "case_id": uuid7(),
        "person_id": uuid7(),
        "version": 1,
        "division": Division("341502001001"),
        "status": CaseStatus.NEED_REGISTERED,
        "opened_on": date(2026, 4, 2),
    }
    return Case(**values | given)
