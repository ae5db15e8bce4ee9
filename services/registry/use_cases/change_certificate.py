"""The steps of a certificate's life: each loads certificate and person, lets the domain decide, saves, announces.

One file, because they differ in one line each; the rules themselves are in `domain.certificate`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

from services.registry.domain.certificate import CancellationReason, Certificate, FreezeReason, Proof
from services.registry.domain.certificate_state import Step
from services.registry.domain.errors import CertificateNotFound, PersonHasCertificate
from services.registry.domain.facts import (
    CertificateWasLost,
    CertificateWasReinstated,
    CertificateWasStopped,
    CertificateWasSucceeded,
    CertificateWasUnfrozen,
    DeathWasReported,
)
from services.registry.domain.person import Person
from services.registry.domain.stop import Stop
from services.registry.use_cases.ports import Subject, Work
from shared.values.certificate import StopKind
from shared.values.certificate_number import CertificateNumber
from shared.values.division import Division, Scope


async def load(certificate_id: UUID, work: Work, *, within: Scope) -> Subject:
    """Raises `CertificateNotFound` outside the scope."""
    subject = await work.certificates.with_holder(certificate_id, within=within)
    if subject is None:
        raise CertificateNotFound
    return subject


async def cancel_certificate(
    subject: Subject,
    work: Work,
    *,
    reason: CancellationReason,
    effective_date: date,
    proof: Proof,
    earliest: date | None = None,
) -> tuple[Certificate, Stop]:
    """Cancel (CERT-26, CERT-27). Reason DEATH also records the death, when none is on record."""
    person = subject.person
    if reason is CancellationReason.DEATH and person.died_on is None:
        subject.certificate.must_allow(Step.CANCEL)
        proof.must_show(reason)
        event_id = work.new_id()
        person, death = person.dies(on=effective_date, today=work.today(), stop_id=event_id, reason="CANCELLATION")
        await work.stops.add(death)
        work.tell(DeathWasReported(event_id=event_id, occurred_at=work.now(), person=person, stop=death))
    certificate, stop = subject.certificate.cancel(
        reason=reason,
        proof=proof,
        on=effective_date,
        today=work.today(),
        version=person.last_version + 1,
        stop_id=work.new_id(),
        earliest=earliest,
    )
    await _record_stop(work, person.moved_on(), certificate, stop, proof)
    return certificate, stop


async def freeze_certificate(
    subject: Subject, work: Work, *, reason: FreezeReason, effective_date: date, earliest: date | None = None
) -> tuple[Certificate, Stop]:
    """Freeze (CERT-24, CERT-28)."""
    certificate, stop = subject.certificate.freeze(
        reason=reason,
        on=effective_date,
        today=work.today(),
        version=subject.person.last_version + 1,
        stop_id=work.new_id(),
        earliest=earliest,
    )
    await _record_stop(work, subject.person.moved_on(), certificate, stop)
    return certificate, stop


async def transfer_certificate(
    subject: Subject, work: Work, *, to: Division, moved_on: date
) -> tuple[Certificate, Stop]:
    """Follow the household to another county (CERT-23, READ-09)."""
    person = subject.person.changed(died_on=subject.person.died_on, division=to)
    certificate, stop = subject.certificate.transfer(
        to=to, on=moved_on, today=work.today(), version=person.last_version, stop_id=work.new_id()
    )
    await _record_stop(work, person, certificate, stop)
    return certificate, stop


async def unfreeze_certificate(subject: Subject, work: Work) -> tuple[Certificate, Stop]:
    """The cause is removed (SUB-47: no automatic back-payment)."""
    person = subject.person.moved_on()
    subject.certificate.must_allow(Step.UNFREEZE)
    frozen = await _standing(work, subject, StopKind.FROZEN)
    certificate, stop = subject.certificate.unfreeze(frozen, today=work.today(), version=person.last_version)
    await _save(work, person, certificate)
    await work.stops.save(stop)
    work.tell(
        CertificateWasUnfrozen(
            event_id=work.new_id(), occurred_at=work.now(), person=person, certificate=certificate, stop=stop
        )
    )
    return certificate, stop


async def reinstate_certificate(subject: Subject, work: Work) -> tuple[Certificate, Stop]:
    """The cancellation was wrong (RULES 3.2, reversal); stopped months are owed.

    Raises `PersonHasDied` when it was for a death that is still on record, `PersonHasCertificate` when another
    certificate was issued meanwhile.
    """
    subject.certificate.must_allow(Step.REINSTATE)
    cancelled = await _standing(work, subject, StopKind.CANCELLED)
    if cancelled.reason == CancellationReason.DEATH:
        subject.person.must_live()
    if await work.certificates.living_of(subject.person.person_id, within=Scope.everywhere()) is not None:
        raise PersonHasCertificate
    person = subject.person.moved_on()
    certificate, stop = subject.certificate.reinstate(cancelled, today=work.today(), version=person.last_version)
    await _save(work, person, certificate)
    await work.stops.save(stop)
    work.tell(
        CertificateWasReinstated(
            event_id=work.new_id(), occurred_at=work.now(), person=person, certificate=certificate, stop=stop
        )
    )
    return certificate, stop


async def _standing(work: Work, subject: Subject, kind: StopKind) -> Stop:
    stop = await work.stops.standing(
        subject.person.person_id,
        kind,
        certificate_id=subject.certificate.certificate_id,
        within=Scope.everywhere(),
    )
    assert stop is not None, "a frozen or cancelled certificate has the fact that made it so"
    return stop


async def lose_certificate(subject: Subject, work: Work, *, lost_on: date) -> Certificate:
    """The holder declares the loss; entitlements go on (CERT-18, SUB-46)."""
    person = subject.person.moved_on()
    certificate = subject.certificate.declare_lost(on=lost_on, today=work.today(), version=person.last_version)
    await _save(work, person, certificate)
    work.tell(
        CertificateWasLost(event_id=work.new_id(), occurred_at=work.now(), person=person, certificate=certificate)
    )
    return certificate


async def succeed_certificate(
    subject: Subject,
    work: Work,
    step: Step,
    fresh: Certificate,
    number: CertificateNumber,
    *,
    application_id: UUID,
    asked_on: date,
) -> Certificate:
    """``fresh`` takes the place of the certificate: renewed, changed or replaced.

    Two versions of the person pass, so that whoever looks for the newest certificate by version finds the new one.
    """
    person = subject.person.moved_on().moved_on()
    superseded = subject.certificate.supersede(
        step, on=fresh.effective_on or work.today(), version=person.last_version - 1
    )
    fresh = replace(fresh, version=person.last_version)
    await _save(work, person, superseded)
    if not await work.certificates.add(fresh, number, application_id=application_id):
        raise PersonHasCertificate
    work.tell(
        CertificateWasSucceeded(
            event_id=work.new_id(),
            occurred_at=work.now(),
            person=person,
            step=step,
            certificate=fresh,
            superseded=superseded,
            asked_on=asked_on,
        )
    )
    return fresh


async def _record_stop(
    work: Work, person: Person, certificate: Certificate, stop: Stop, proof: Proof | None = None
) -> None:
    await _save(work, person, certificate)
    await work.stops.add(stop, proof)
    work.tell(
        CertificateWasStopped(
            event_id=stop.stop_id, occurred_at=work.now(), person=person, certificate=certificate, stop=stop
        )
    )


async def _save(work: Work, person: Person, certificate: Certificate) -> None:
    await work.persons.save(person)
    await work.certificates.save(certificate)
