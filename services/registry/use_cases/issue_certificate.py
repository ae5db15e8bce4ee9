"""Issue a certificate (ID-06, CERT-11): number from identity number, category and grade; ten years."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.registry.domain.certificate import Certificate
from services.registry.domain.errors import DateInFuture, PersonHasCertificate, PersonNotFound
from services.registry.domain.facts import CertificateWasIssued
from services.registry.use_cases.ports import Work
from shared.values.certificate import CertificateStatus
from shared.values.certificate_number import CertificateNumber
from shared.values.dates import last_valid_day
from shared.values.disability import Disability
from shared.values.division import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueCertificate:
    """``issued_on`` may lie in the past when papers are entered later, never in the future."""

    person_id: UUID
    disability: Disability
    issued_on: date


async def issue_certificate(command: IssueCertificate, work: Work, *, within: Scope) -> Certificate:
    """Raises `PersonNotFound`, `PersonHasDied`, `PersonHasCertificate`, `DateInFuture`."""
    person = await work.persons.get(command.person_id, within=within)
    identity = await work.persons.identity(command.person_id, within=within)
    if person is None or identity is None:
        raise PersonNotFound
    person.must_live()
    if command.issued_on > work.today():
        raise DateInFuture(field="issued_on", given=command.issued_on.isoformat(), today=work.today().isoformat())
    person = person.moved_on()
    certificate = Certificate(
        certificate_id=work.new_id(),
        person_id=person.person_id,
        version=person.last_version,
        division=person.division,
        status=CertificateStatus.VALID,
        disability=command.disability,
        issued_on=command.issued_on,
        expires_on=last_valid_day(command.issued_on),
    )
    number = CertificateNumber.of(identity.citizen_id_no, command.disability.category, command.disability.grade)
    if not await work.certificates.add(certificate, number):
        raise PersonHasCertificate
    await work.persons.save(person)
    work.tell(
        CertificateWasIssued(event_id=work.new_id(), occurred_at=work.now(), person=person, certificate=certificate)
    )
    return certificate
