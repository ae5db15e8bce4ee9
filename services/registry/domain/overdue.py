"""From when a certificate may be frozen or cancelled because something was left undone (CERT-24, 25, 28)."""

from __future__ import annotations

from datetime import date
from typing import Final

from services.registry.domain.application_errors import MatterNeedsMore
from services.registry.domain.certificate import CancellationReason, Certificate, FreezeReason
from services.registry.domain.local_rules import (
    CANCEL_EXPIRED_MONTHS,
    TRANSFER_CANCEL_MONTHS,
    TRANSFER_FREEZE_MONTHS,
    Parameter,
)
from services.registry.domain.timing import Timing
from shared.values.dates import ONE_DAY, add_months

NOT_RENEWED_MONTHS: Final = 6
"""Where no local rule forces cancellation, a clerk who decides one by one still waits this long (CERT-28)."""


def earliest_cancellation(
    certificate: Certificate, reason: CancellationReason, *, since: date | None, timing: Timing
) -> date | None:
    """The first day a reason about time may be used; None for the others. ``since``: when the household moved."""
    match reason:
        case CancellationReason.TRANSFER_OVERDUE_1Y:
            months = _months(TRANSFER_CANCEL_MONTHS, certificate, timing)
            return add_months(_moved(since, reason.value), months) + ONE_DAY
        case CancellationReason.NOT_RENEWED_6M:
            months = _months(CANCEL_EXPIRED_MONTHS, certificate, timing) or NOT_RENEWED_MONTHS
            return add_months(certificate.expires_on, months) + ONE_DAY
        case _:
            return None


def earliest_freeze(
    certificate: Certificate, reason: FreezeReason, *, since: date | None, timing: Timing
) -> date | None:
    """The same of a freeze."""
    match reason:
        case FreezeReason.TRANSFER_OVERDUE_6M:
            months = _months(TRANSFER_FREEZE_MONTHS, certificate, timing)
            return add_months(_moved(since, reason.value), months) + ONE_DAY
        case FreezeReason.EXPIRED_NOT_RENEWED:
            return certificate.expires_on + ONE_DAY
        case _:
            return None


def _months(parameter: Parameter[int], certificate: Certificate, timing: Timing) -> int:
    return timing.rules.value(parameter, division=certificate.division, on=timing.today)


def _moved(since: date | None, matter: str) -> date:
    if since is None:
        raise MatterNeedsMore(matter=matter, field="since")
    return since
