"""Persons, certificates and stops of the registry, with everything a test does not care about already there."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from uuid_utils.compat import uuid7

from services.registry.domain.certificate import Certificate
from services.registry.domain.person import Person
from services.registry.domain.stop import Stop
from shared.values.certificate import CertificateStatus, StopKind
from shared.values.disability import Disability
from shared.values.division import Division

VILLAGE: Final = Division("341502001001")
OTHER_COUNTY: Final = Division("341503001001")
ISSUED: Final = date(2020, 3, 1)
LAST_DAY: Final = date(2030, 3, 1)
TODAY: Final = date(2026, 6, 15)


def a_person(**given: Any) -> Person:
    """Somebody alive, registered, whose last event was the second."""
    values: dict[str, Any] = {
        "person_id": uuid7(),
        "version": 1,
        "last_version": 2,
        "division": VILLAGE,
        "registered_on": ISSUED,
    }
    return Person(**values | given)


def a_certificate(**given: Any) -> Certificate:
    """A valid certificate: limb, grade 2, issued on 2020-03-01 for ten years."""
    values: dict[str, Any] = {
        "certificate_id": uuid7(),
        "person_id": uuid7(),
        "version": 2,
        "division": VILLAGE,
        "status": CertificateStatus.VALID,
        "disability": Disability.parse("4", "2", ""),
        "issued_on": ISSUED,
        "expires_on": LAST_DAY,
    }
    return Certificate(**values | given)


def a_stop(**given: Any) -> Stop:
    """A cancellation of a valid certificate on 2026-06-01 that stands."""
    values: dict[str, Any] = {
        "stop_id": uuid7(),
        "person_id": uuid7(),
        "certificate_id": uuid7(),
        "version": 3,
        "division": VILLAGE,
        "kind": StopKind.CANCELLED,
        "reason": "VOLUNTARY",
        "event_date": date(2026, 6, 1),
        "previous_status": CertificateStatus.VALID,
    }
    return Stop(**values | given)
