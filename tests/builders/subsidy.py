"""Awards and their causes, with everything a test does not care about already there."""

from __future__ import annotations

from datetime import date
from typing import Any

from uuid_utils.compat import uuid7

from services.subsidy.domain.award import Award, Cause, Holder
from shared.values.award import AwardStatus, Scheme
from shared.values.certificate import CertificateStatus, StopKind
from shared.values.division import Division
from shared.values.month import Month


def an_award(**given: Any) -> Award:
    """A running nursing subsidy, applied for on 2024-05-10."""
    values: dict[str, Any] = {
        "award_id": uuid7(),
        "person_id": uuid7(),
        "certificate_id": uuid7(),
        "version": 1,
        "division": Division("341502001001"),
        "scheme": Scheme.NURSING,
        "status": AwardStatus.ACTIVE,
        "application_date": date(2024, 5, 10),
        "start_month": Month.parse("2024-05"),
    }
    return Award(**values | given)


def a_cause(**given: Any) -> Cause:
    """A cancellation on 2026-06-01."""
    values: dict[str, Any] = {
        "cause_id": uuid7(),
        "kind": StopKind.CANCELLED,
        "reason": "VOLUNTARY",
        "event_date": date(2026, 6, 1),
        "trace_id": "a" * 32,
    }
    return Cause(**values | given)


def a_holder(**given: Any) -> Holder:
    """Somebody alive with a certificate valid from 2020-03-01 to 2030-03-01."""
    values: dict[str, Any] = {
        "person_id": uuid7(),
        "division": Division("341502001001"),
        "died_on": None,
        "certificate_id": uuid7(),
        "status": CertificateStatus.VALID,
        "issued_on": date(2020, 3, 1),
        "expires_on": date(2030, 3, 1),
    }
    return Holder(**values | given)
