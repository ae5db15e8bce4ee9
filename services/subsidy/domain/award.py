"""An award (subsidy_award, RULES 4.7) and the month a stop takes effect (SUB-38)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.subsidy.domain.errors import CertificateNotValid, PersonHasDied
from shared.values.award import AwardStatus, Scheme
from shared.values.certificate import CertificateStatus
from shared.values.division import Division
from shared.values.month import Month


def effective_month(event_date: date) -> Month:
    """The first month no longer due: the one after the event; the event's own month stays due (SUB-38, READ-04)."""
    return Month.of(event_date).next()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """The fact that stopped an award.

    Of the register: ``cause_id`` is the id of its event, ``kind`` a `StopKind`. Of others: the id and kind of the fact.
    """

    cause_id: UUID
    kind: str
    reason: str | None
    event_date: date
    trace_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Award:
    """``start_month`` first month due (SUB-35); ``effective_month`` first month no longer due, None while it runs."""

    award_id: UUID
    person_id: UUID
    certificate_id: UUID
    version: int
    division: Division
    scheme: Scheme
    status: AwardStatus
    application_date: date
    start_month: Month
    effective_month: Month | None = None
    cause: Cause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """What our copy of the register knows about an applicant."""

    person_id: UUID
    division: Division
    died_on: date | None
    certificate_id: UUID | None
    status: CertificateStatus | None
    issued_on: date | None
    expires_on: date | None

    def certificate_valid_on(self, day: date) -> UUID:
        """The certificate an award may be drawn on.

        Valid means VALID or LOST, within its dates (READ-09, READ-18). Raises `PersonHasDied`, `CertificateNotValid`.
        """
        if self.died_on is not None:
            raise PersonHasDied(died_on=self.died_on.isoformat())
        running = self.status in {CertificateStatus.VALID, CertificateStatus.LOST}
        if (
            not running
            or self.certificate_id is None
            or self.issued_on is None
            or self.expires_on is None
            or not self.issued_on <= day <= self.expires_on
        ):
            raise CertificateNotValid(on=day.isoformat(), status="NONE" if self.status is None else self.status.value)
        return self.certificate_id
