"""The disability certificate (残疾人证): the guards of its steps. Which state knows which step: `certificate_state`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.registry.domain.application_errors import CancellationNeedsProof, StepIsTooEarly
from services.registry.domain.certificate_state import (
    CANCELLED,
    CERTIFICATES,
    EXPIRED,
    FROZEN,
    LOST,
    SUPERSEDED,
    VALID,
    Step,
)
from services.registry.domain.errors import (
    CertificateStepNotAllowed,
    DateBeforeIssue,
    DateInFuture,
    TransferGoesNowhere,
)
from services.registry.domain.stop import Stop
from shared.values.certificate import CertificateStatus, StopKind
from shared.values.dates import ONE_DAY
from shared.values.disability import Disability
from shared.values.division import Division


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


class ProofKind(StrEnum):
    """What shows that a reason is true (CERT-26, CERT-27)."""

    DEATH_RECORD = "DEATH_RECORD"
    CONCLUSION = "CONCLUSION"
    WRITTEN_WISH = "WRITTEN_WISH"
    FINDING = "FINDING"
    HOUSEHOLD_MOVE = "HOUSEHOLD_MOVE"
    EXPIRY_NOTICE = "EXPIRY_NOTICE"
    COURT_JUDGMENT = "COURT_JUDGMENT"


PROOF_OF: Final[Mapping[CancellationReason, ProofKind]] = {
    CancellationReason.DEATH: ProofKind.DEATH_RECORD,
    CancellationReason.NO_LONGER_MEETS: ProofKind.CONCLUSION,
    CancellationReason.VOLUNTARY: ProofKind.WRITTEN_WISH,
    CancellationReason.FRAUD: ProofKind.FINDING,
    CancellationReason.TRANSFER_OVERDUE_1Y: ProofKind.HOUSEHOLD_MOVE,
    CancellationReason.NOT_RENEWED_6M: ProofKind.EXPIRY_NOTICE,
    CancellationReason.DECLARED_MISSING: ProofKind.COURT_JUDGMENT,
}
"""No longer meeting the standard is shown by a designated institution's conclusion and by nothing else (CERT-26)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A paper, by what it is and what it is called. ``reference`` may name a person: it is kept encrypted."""

    kind: ProofKind
    reference: str

    def must_show(self, reason: CancellationReason) -> None:
        """Raises `CancellationNeedsProof`."""
        if self.kind is not PROOF_OF[reason]:
            raise CancellationNeedsProof(reason=reason.value, needed=PROOF_OF[reason].value)


def allowed_steps(status: CertificateStatus) -> tuple[Step, ...]:
    """The steps RULES 3.2 knows in a state."""
    return CERTIFICATES.allowed(status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One certificate.

    ``effective_on``: the day from which this version is true, for the history. ``assessed_on``: when the disability was
    last assessed, as far as it is known; ``by_eye``: it never properly was (CERT-15). ``replacements``: the n of Bn.
    """

    certificate_id: UUID
    person_id: UUID
    version: int
    division: Division
    status: CertificateStatus
    disability: Disability
    issued_on: date
    expires_on: date
    effective_on: date | None = None
    assessed_on: date | None = None
    by_eye: bool = False
    replacements: int = 0

    def status_on(self, day: date) -> CertificateStatus:
        """The state a reader sees on a day: expiry is computed, whether or not the job has run (RULES 3.2)."""
        if self.status is VALID and day > self.expires_on:
            return EXPIRED
        return self.status

    def must_allow(self, step: Step) -> None:
        """Raise `CertificateStepNotAllowed` naming the steps that are allowed."""
        if CERTIFICATES.move(self.status, step) is None:
            allowed = [each.value for each in allowed_steps(self.status)]
            raise CertificateStepNotAllowed(step=step.value, status=self.status.value, allowed=allowed)

    def must_date(self, field: str, day: date, *, today: date) -> None:
        """Raise `DateInFuture` or `DateBeforeIssue`."""
        if day > today:
            raise DateInFuture(field=field, given=day.isoformat(), today=today.isoformat())
        if day < self.issued_on:
            raise DateBeforeIssue(field=field, given=day.isoformat(), issued_on=self.issued_on.isoformat())

    def cancel(
        self,
        *,
        reason: CancellationReason,
        proof: Proof,
        on: date,
        today: date,
        version: int,
        stop_id: UUID,
        earliest: date | None = None,
    ) -> tuple[Certificate, Stop]:
        """Cancel (CERT-26, CERT-27). ``on`` is the day the reason took effect; it may lie in the past.

        ``earliest``: the first day a reason that is about time may be used (CERT-25, CERT-28).
        """
        self.must_allow(Step.CANCEL)
        proof.must_show(reason)
        self.must_date("effective_date", on, today=today)
        if earliest is not None and today < earliest:
            raise StepIsTooEarly(reason=reason.value, **{"from": earliest.isoformat()})
        return self._stopped(CANCELLED, StopKind.CANCELLED, reason.value, on, version, stop_id)

    def freeze(
        self,
        *,
        reason: FreezeReason,
        on: date,
        today: date,
        version: int,
        stop_id: UUID,
        earliest: date | None = None,
    ) -> tuple[Certificate, Stop]:
        """Freeze (CERT-24, CERT-28). ``earliest``: as for a cancellation."""
        self.must_allow(Step.FREEZE)
        self.must_date("effective_date", on, today=today)
        if earliest is not None and today < earliest:
            raise StepIsTooEarly(reason=reason.value, **{"from": earliest.isoformat()})
        return self._stopped(FROZEN, StopKind.FROZEN, reason.value, on, version, stop_id)

    def unfreeze(self, stop: Stop, *, today: date, version: int) -> tuple[Certificate, Stop]:
        """The cause is removed: VALID or EXPIRED by date; the freeze stays a fact (SUB-47)."""
        self.must_allow(Step.UNFREEZE)
        status = VALID if today <= self.expires_on else EXPIRED
        unfrozen = replace(self, status=status, version=version, effective_on=today)
        return unfrozen, stop.end(on=today, version=version)

    def expire(self, *, today: date, version: int, stop_id: UUID) -> tuple[Certificate, Stop]:
        """The last valid day has passed (CERT-12, READ-20); the fact is dated that day (SUB-40).

        Raises `DateInFuture` while the certificate still runs.
        """
        self.must_allow(Step.EXPIRE)
        if today <= self.expires_on:
            raise DateInFuture(field="expires_on", given=self.expires_on.isoformat(), today=today.isoformat())
        expired, stop = self._stopped(EXPIRED, StopKind.EXPIRED, None, self.expires_on, version, stop_id)
        return replace(expired, effective_on=self.expires_on + ONE_DAY), stop

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
        back = replace(self, status=status, version=version, effective_on=stop.event_date)
        return back, stop.withdraw(version=version)

    def declare_lost(self, *, on: date, today: date, version: int) -> Certificate:
        """The holder says it is lost; entitlements go on (CERT-18, SUB-46)."""
        self.must_allow(Step.DECLARE_LOSS)
        self.must_date("event_date", on, today=today)
        return replace(self, status=LOST, version=version, effective_on=on)

    def supersede(self, step: Step, *, on: date, version: int) -> Certificate:
        """The old row when a renewal, change or replacement takes its place."""
        self.must_allow(step)
        return replace(self, status=SUPERSEDED, version=version, effective_on=on)

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
        return replace(self, status=status, version=version, effective_on=on), stop
