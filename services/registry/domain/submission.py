"""Opening a case: what must hold before anybody looks at papers (RULES 3.1, CERT-13, 20, 29, 30)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from services.registry.domain.application import Application, Channel, Wish
from services.registry.domain.application_errors import (
    ChangeIsTooEarly,
    MatterDoesNotFit,
    MatterNeedsCertificate,
    MatterNeedsMore,
    MatterStaysAtHome,
    PersonIsBarred,
    RenewalIsTooEarly,
)
from services.registry.domain.application_state import ApplicationState, Matter
from services.registry.domain.certificate import CancellationReason, Certificate
from services.registry.domain.certificate_state import CERTIFICATES, Step
from services.registry.domain.errors import DateInFuture, PersonHasCertificate, TransferGoesNowhere
from services.registry.domain.local_rules import BAR_REASONS, CHANGE_AFTER_MONTHS, RENEWAL_OPENS_MONTHS, LocalRules
from services.registry.domain.papers import ASKED_FOR
from services.registry.domain.person import Person
from services.registry.domain.stop import Stop
from services.registry.domain.timing import Timing
from shared.values.certificate import CertificateStatus
from shared.values.dates import add_months, add_years
from shared.values.division import Division

STEPS_OF: Final[Mapping[Matter, tuple[Step, ...]]] = {
    Matter.NEW: (),
    Matter.RENEWAL: (Step.RENEW,),
    Matter.REPLACEMENT: (Step.REPLACE, Step.DECLARE_LOSS),
    Matter.CHANGE: (Step.CHANGE,),
    Matter.TRANSFER: (Step.TRANSFER,),
    Matter.CANCELLATION: (Step.CANCEL,),
    Matter.EXCHANGE: (Step.EXCHANGE,),
}
"""What a matter will do to the certificate; its state must know one of these."""


def free_again_on(cancelled: Stop, rules: LocalRules) -> date | None:
    """From when somebody whose certificate was cancelled may apply anew (CERT-29: one year, by reason)."""
    barring = rules.value(BAR_REASONS, division=cancelled.division, on=cancelled.event_date)
    return add_years(cancelled.event_date, 1) if cancelled.reason in barring else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What somebody asks for. ``acceptance``: the county it is asked of; ``to``: where a transfer leads."""

    application_id: UUID
    matter: Matter
    channel: Channel
    acceptance: Division
    wish: Wish
    to: Division | None = None


def submit(
    asked: Submission,
    person: Person,
    certificate: Certificate | None,
    *,
    barred_until: date | None,
    timing: Timing,
) -> Application:
    """The case, or a refusal by name. ``certificate``: the living one; ``barred_until``: first free day (CERT-29)."""
    if asked.wish.cancellation is not CancellationReason.DEATH:
        person.must_live()
    if asked.matter is Matter.NEW:
        _must_be_free(certificate, barred_until, timing.today)
    else:
        certificate = _fitting(asked, certificate, timing)
    _must_be_whole(asked, timing.today)
    home = _home(asked, person, certificate)
    away = asked.acceptance.county != home.county
    if away and not asked.matter.away_from_home:
        raise MatterStaysAtHome(matter=asked.matter.value)
    stage = ApplicationState.SUBMITTED
    deadline = timing.deadline(stage, division=asked.acceptance, matter=asked.matter)
    assert deadline is not None
    return Application(
        application_id=asked.application_id,
        person_id=person.person_id,
        version=1,
        matter=asked.matter,
        channel=asked.channel,
        state=stage,
        home=home,
        acceptance=asked.acceptance if away else home,
        leaving=certificate.division if certificate is not None and asked.matter is Matter.TRANSFER else None,
        certificate_id=None if certificate is None else certificate.certificate_id,
        wish=asked.wish,
        submitted_on=timing.today,
        entered_on=timing.today,
        due_on=deadline.due_on,
        warn_on=deadline.warn_on,
    )


def _must_be_free(certificate: Certificate | None, barred_until: date | None, today: date) -> None:
    if certificate is not None:
        raise PersonHasCertificate
    if barred_until is not None and today < barred_until:
        raise PersonIsBarred(until=barred_until.isoformat())


def _fitting(asked: Submission, certificate: Certificate | None, timing: Timing) -> Certificate:
    if certificate is None:
        raise MatterNeedsCertificate(matter=asked.matter.value)
    status = certificate.status_on(timing.today)
    if not any(CERTIFICATES.move(status, step) for step in STEPS_OF[asked.matter]):
        allowed = [
            matter.value for matter, steps in STEPS_OF.items() if any(CERTIFICATES.move(status, step) for step in steps)
        ]
        raise MatterDoesNotFit(matter=asked.matter.value, status=status.value, allowed=allowed)
    match asked.matter:
        case Matter.RENEWAL if status is CertificateStatus.VALID:
            _must_be_near_expiry(certificate, timing)
        case Matter.CHANGE:
            _must_be_long_assessed(certificate, timing)
        case _:
            pass
    return certificate


def _must_be_near_expiry(certificate: Certificate, timing: Timing) -> None:
    months = timing.rules.value(
        RENEWAL_OPENS_MONTHS, division=certificate.division, on=timing.today, matter=Matter.RENEWAL
    )
    opens = add_months(certificate.expires_on, -months)
    if timing.today < opens:
        raise RenewalIsTooEarly(opens=opens.isoformat())


def _must_be_long_assessed(certificate: Certificate, timing: Timing) -> None:
    months = timing.rules.value(
        CHANGE_AFTER_MONTHS, division=certificate.division, on=timing.today, matter=Matter.CHANGE
    )
    begins = add_months(certificate.assessed_on or certificate.issued_on, months)
    if months and timing.today < begins:
        raise ChangeIsTooEarly(**{"from": begins.isoformat()})


def _must_be_whole(asked: Submission, today: date) -> None:
    """Each matter says what it needs to know."""
    wish, matter = asked.wish, asked.matter.value
    if asked.matter in {Matter.NEW, Matter.CHANGE} and not wish.categories:
        raise MatterNeedsMore(matter=matter, field="categories")
    if asked.matter is Matter.CANCELLATION and wish.cancellation not in ASKED_FOR:
        raise MatterNeedsMore(matter=matter, field="cancellation")
    if asked.matter is Matter.TRANSFER and asked.to is None:
        raise MatterNeedsMore(matter=matter, field="to")
    dated = asked.matter in {Matter.REPLACEMENT, Matter.TRANSFER} or wish.cancellation is not None
    if dated and wish.event_date is None:
        raise MatterNeedsMore(matter=matter, field="event_date")
    if wish.event_date is not None and wish.event_date > today:
        raise DateInFuture(field="event_date", given=wish.event_date.isoformat(), today=today.isoformat())


def _home(asked: Submission, person: Person, certificate: Certificate | None) -> Division:
    """Who decides: where a transfer leads, else where the certificate is, else the registered residence (CERT-01)."""
    if asked.to is not None and asked.matter is Matter.TRANSFER and certificate is not None:
        if asked.to.county == certificate.division.county:
            raise TransferGoesNowhere(division=asked.to.county.code)
        return asked.to
    return person.division if certificate is None else certificate.division
