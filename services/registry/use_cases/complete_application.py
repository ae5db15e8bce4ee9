"""The end of a case: the card is printed and handed over, and the certificate becomes what was decided (RULES 3.1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from services.registry.domain.application import Application
from services.registry.domain.application_state import ApplicationStep, Matter
from services.registry.domain.certificate import PROOF_OF, Certificate, Proof
from services.registry.domain.certificate_state import Step
from services.registry.domain.errors import PersonHasCertificate, PersonNotFound
from services.registry.domain.facts import CertificateWasIssued
from services.registry.domain.local_rules import EXPIRY_INCLUSIVE
from services.registry.domain.timing import Timing
from services.registry.use_cases import change_certificate
from services.registry.use_cases.application_ports import CaseWork
from services.registry.use_cases.ports import Subject
from shared.values.certificate import CertificateStatus
from shared.values.certificate_number import CertificateNumber
from shared.values.dates import last_valid_day
from shared.values.disability import Disability
from shared.values.division import Scope

EVERYWHERE = Scope.everywhere()


async def produce_card(application: Application, work: CaseWork) -> Application:
    """Print the card with its number (ID-06, ID-09, ID-11)."""
    produced = application.produce(await work.timing(application.desk))
    subject = await _subject(application, work)
    await work.applications.print_number(application, await _number(application, subject, work), within=EVERYWHERE)
    await work.applications.save(application, produced, ApplicationStep.PRODUCE, None)
    return produced


async def hand_over_card(application: Application, work: CaseWork) -> Application:
    """The holder has it: the certificate is issued, renewed, changed, replaced or exchanged."""
    timing = await work.timing(application.desk)
    completed = application.hand_over(timing)
    subject = await _subject(application, work)
    if subject is None:
        await _issue(application, timing, work)
    elif application.matter is Matter.EXCHANGE:
        subject.certificate.must_allow(Step.EXCHANGE)
    else:
        await _succeed(application, subject, timing, work)
    await work.applications.save(application, completed, ApplicationStep.HAND_OVER, None)
    return completed


async def finish_application(application: Application, work: CaseWork) -> Application:
    """Done without a card: the certificate is transferred or cancelled."""
    finished = application.finish(await work.timing(application.desk))
    subject = await _subject(application, work)
    assert subject is not None
    assert application.wish.event_date is not None
    if application.matter is Matter.TRANSFER:
        await change_certificate.transfer_certificate(
            subject, work, to=application.home, moved_on=application.wish.event_date
        )
    else:
        reason = application.wish.cancellation
        assert reason is not None
        await change_certificate.cancel_certificate(
            subject,
            work,
            reason=reason,
            effective_date=application.wish.event_date,
            proof=Proof(kind=PROOF_OF[reason], reference=str(application.application_id)),
        )
    await work.applications.save(application, finished, ApplicationStep.FINISH, None)
    return finished


async def _subject(application: Application, work: CaseWork) -> Subject | None:
    if application.certificate_id is None:
        return None
    return await change_certificate.load(application.certificate_id, work, within=EVERYWHERE)


def _disability(application: Application, subject: Subject | None) -> Disability:
    """What was assessed for this case, else what the certificate says."""
    found = application.disability or (None if subject is None else subject.certificate.disability)
    assert found is not None, "without a certificate there was an assessment"
    return found


async def _number(application: Application, subject: Subject | None, work: CaseWork) -> CertificateNumber:
    disability = _disability(application, subject)
    identity = await work.persons.identity(application.person_id, within=EVERYWHERE)
    if identity is None:
        raise PersonNotFound
    return CertificateNumber.of(
        identity.citizen_id_no,
        disability.category,
        disability.grade,
        replacements=await _replacements(application, disability, work),
    )


async def _replacements(application: Application, disability: Disability, work: CaseWork) -> int:
    """A number declared void never comes back: whoever lost it once goes on with its suffix (ID-09)."""
    last = await work.certificates.last_replacement(application.person_id, disability, within=EVERYWHERE)
    return last + (application.matter is Matter.REPLACEMENT)


async def _issue(application: Application, timing: Timing, work: CaseWork) -> None:
    person = await work.persons.get(application.person_id, within=EVERYWHERE)
    if person is None:
        raise PersonNotFound
    person.must_live()
    person = person.moved_on()
    number = await work.applications.printed_number(application, within=EVERYWHERE)
    certificate = replace(_fresh(application, None, timing, work), version=person.last_version)
    certificate = replace(certificate, replacements=number.replacements)
    if not await work.certificates.add(certificate, number, application_id=application.application_id):
        raise PersonHasCertificate
    await work.persons.save(person)
    work.tell(
        CertificateWasIssued(event_id=work.new_id(), occurred_at=work.now(), person=person, certificate=certificate)
    )


_STEPS = {Matter.RENEWAL: Step.RENEW, Matter.CHANGE: Step.CHANGE, Matter.REPLACEMENT: Step.REPLACE}


async def _succeed(application: Application, subject: Subject, timing: Timing, work: CaseWork) -> None:
    subject.person.must_live()
    number = await work.applications.printed_number(application, within=EVERYWHERE)
    fresh = replace(_fresh(application, subject, timing, work), replacements=number.replacements)
    await change_certificate.succeed_certificate(
        subject,
        work,
        _STEPS[application.matter],
        fresh,
        number,
        application_id=application.application_id,
        asked_on=application.submitted_on,
    )


def _fresh(application: Application, subject: Subject | None, timing: Timing, work: CaseWork) -> Certificate:
    """The certificate a case leads to. A replacement keeps the days of what it replaces (READ-20); all others run anew.

    They run from the day on the card, for ten years (CERT-11, CERT-16).
    """
    assert application.produced_on is not None
    issued_on = application.produced_on
    inclusive = timing.rules.value(EXPIRY_INCLUSIVE, division=application.home, on=issued_on, matter=application.matter)
    fresh = Certificate(
        certificate_id=work.new_id(),
        person_id=application.person_id,
        version=0,
        division=application.home if subject is None else subject.certificate.division,
        status=CertificateStatus.VALID,
        disability=_disability(application, subject),
        issued_on=issued_on,
        expires_on=last_valid_day(issued_on, inclusive=inclusive),
        effective_on=issued_on,
        assessed_on=application.outcome.concluded_on if application.outcome else _assessed_on(subject),
    )
    if subject is None or application.outcome is not None:
        return fresh
    old = subject.certificate
    fresh = replace(fresh, by_eye=old.by_eye)
    if application.matter is Matter.REPLACEMENT:
        return replace(fresh, issued_on=old.issued_on, expires_on=old.expires_on)
    return fresh


def _assessed_on(subject: Subject | None) -> date | None:
    return None if subject is None else subject.certificate.assessed_on
