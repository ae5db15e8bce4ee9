"""The disability certificate (残疾人证) and the steps of its life that RULES 3.2 allows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from services.registry.domain.errors import (
    CertificateStepNotAllowed,
    DateBeforeIssue,
    DateInFuture,
    TransferGoesNowhere,
)
from services.registry.domain.stop import Stop
from shared.values.certificate import CertificateStatus, StopKind
from shared.values.disability import Disability
from shared.values.division import Division

VALID, LOST, FROZEN = CertificateStatus.VALID, CertificateStatus.LOST, CertificateStatus.FROZEN
EXPIRED, SUPERSEDED, CANCELLED = (
    CertificateStatus.EXPIRED,
    CertificateStatus.SUPERSEDED,
    CertificateStatus.CANCELLED,
)


class CancellationReason(StrEnum):
    """CERT-25…28 and RULES 3.2."""

    DEATH = "DEATH"
    NO_LONGER_MEETS = "NO_LONGER_MEETS"
    VOLUNTARY = "VOLUNTARY"
    FRAUD = "FRAUD"
    TRANSFER_OVERDUE_1Y = "TRANSFER_OVERDUE_1Y"
    NOT_RENEWED_6M = "NOT_RENEWED_6M"
    DECLARED_MISSING = "DECLARED_MISSING"


class FreezeReason(StrEnum):
    """CERT-24, CERT-28 and RULES 3.2."""

    TRANSFER_OVERDUE_6M = "TRANSFER_OVERDUE_6M"
    EXPIRED_NOT_RENEWED = "EXPIRED_NOT_RENEWED"
    SUSPECT_FRAUD = "SUSPECT_FRAUD"
    REFUSES_REASSESSMENT = "REFUSES_REASSESSMENT"


class Step(StrEnum):
    """What can be done to a certificate."""

    CANCEL = "cancel"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    EXPIRE = "expire"
    TRANSFER = "transfer"
    REINSTATE = "reinstate"


def allowed_steps(status: CertificateStatus) -> tuple[Step, ...]:
    """The steps RULES 3.2 knows in a state."""
    match status:
        case CertificateStatus.VALID:
            return (Step.CANCEL, Step.FREEZE, Step.EXPIRE, Step.TRANSFER)
        case CertificateStatus.LOST:
            return (Step.CANCEL,)
        case CertificateStatus.EXPIRED:
            return (Step.CANCEL, Step.FREEZE)
        case CertificateStatus.FROZEN:
            return (Step.CANCEL, Step.UNFREEZE)
        case CertificateStatus.CANCELLED:
            return (Step.REINSTATE,)
        case CertificateStatus.SUPERSEDED:
            return ()
    assert_never(status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One certificate."""

    certificate_id: UUID
    person_id: UUID
    version: int
    division: Division
    status: CertificateStatus
    disability: Disability
    issued_on: date
    expires_on: date

    def must_allow(self, step: Step) -> None:
        """Raise `CertificateStepNotAllowed` naming the steps that are allowed."""
        allowed = allowed_steps(self.status)
        if step not in allowed:
            raise CertificateStepNotAllowed(
                step=step.value, status=self.status.value, allowed=[each.value for each in allowed]
            )

    def must_date(self, field: str, day: date, *, today: date) -> None:
        """Raise `DateInFuture` or `DateBeforeIssue`."""
        if day > today:
            raise DateInFuture(field=field, given=day.isoformat(), today=today.isoformat())
        if day < self.issued_on:
            raise DateBeforeIssue(field=field, given=day.isoformat(), issued_on=self.issued_on.isoformat())

    def cancel(
        self, *, reason: CancellationReason, on: date, today: date, version: int, stop_id: UUID
    ) -> tuple[Certificate, Stop]:
        """Cancel (CERT-26, CERT-27). ``on`` is the day the reason took effect; it may lie in the past."""
        self.must_allow(Step.CANCEL)
        self.must_date("effective_date", on, today=today)
        return self._stopped(CANCELLED, StopKind.CANCELLED, reason.value, on, version, stop_id)

    def freeze(
        self, *, reason: FreezeReason, on: date, today: date, version: int, stop_id: UUID
    ) -> tuple[Certificate, Stop]:
        """Freeze (CERT-24, CERT-28)."""
        self.must_allow(Step.FREEZE)
        self.must_date("effective_date", on, today=today)
        return self._stopped(FROZEN, StopKind.FROZEN, reason.value, on, version, stop_id)

    def unfreeze(self, stop: Stop, *, today: date, version: int) -> tuple[Certificate, Stop]:
        """The cause is removed: VALID or EXPIRED by date; the freeze stays a fact (SUB-47)."""
        self.must_allow(Step.UNFREEZE)
        status = VALID if today <= self.expires_on else EXPIRED
        return replace(self, status=status, version=version), stop.end(on=today, version=version)

    def expire(self, *, today: date, version: int, stop_id: UUID) -> tuple[Certificate, Stop]:
        """The last valid day has passed (CERT-12, READ-20); the fact is dated that day (SUB-40).

        Raises `DateInFuture` while the certificate still runs.
        """
        self.must_allow(Step.EXPIRE)
        if today <= self.expires_on:
            raise DateInFuture(field="expires_on", given=self.expires_on.isoformat(), today=today.isoformat())
        return self._stopped(EXPIRED, StopKind.EXPIRED, None, self.expires_on, version, stop_id)

    def transfer(self, *, to: Division, on: date, today: date, version: int, stop_id: UUID) -> tuple[Certificate, Stop]:
        """Follow the household to another county (CERT-23): the card stays VALID, only its owner changes (READ-09).

        The stop belongs to the county that is left.
        """
        self.must_allow(Step.TRANSFER)
        self.must_date("moved_on", on, today=today)
        if to.county == self.division.county:
            raise TransferGoesNowhere(division=to.county.code)
        certificate, stop = self._stopped(VALID, StopKind.TRANSFERRED, None, on, version, stop_id)
        return replace(certificate, division=to), stop

    def reinstate(self, stop: Stop, *, today: date, version: int) -> tuple[Certificate, Stop]:
        """A cancellation was wrong: back to the state before, expiry by date (RULES 3.2, reversal)."""
        self.must_allow(Step.REINSTATE)
        status = stop.previous_status or VALID
        if status is VALID and today > self.expires_on:
            status = EXPIRED
        return replace(self, status=status, version=version), stop.withdraw(version=version)

    def _stopped(  # noqa: PLR0917 - private, called four lines each
        self, status: CertificateStatus, kind: StopKind, reason: str | None, on: date, version: int, stop_id: UUID
    ) -> tuple[Certificate, Stop]:
        stop = Stop(
            stop_id=stop_id,
            person_id=self.person_id,
            certificate_id=self.certificate_id,
            version=version,
            division=self.division,
            kind=kind,
            reason=reason,
            event_date=on,
            previous_status=self.status,
        )
        return replace(self, status=status, version=version), stop
