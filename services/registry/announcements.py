"""The privacy review point: everything the registry ever tells the world, fact by fact.

No names, no identity or certificate numbers, no birth dates: opaque ids, divisions, codes and dates only.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never
from uuid import UUID

from services.registry.domain.certificate import Certificate
from services.registry.domain.certificate_state import Step
from services.registry.domain.division_change import DivisionChange, Succession
from services.registry.domain.facts import (
    CertificateWasIssued,
    CertificateWasLost,
    CertificateWasReinstated,
    CertificateWasStopped,
    CertificateWasSucceeded,
    CertificateWasUnfrozen,
    ClientWasAdmitted,
    ClientWasEnded,
    DeathWasReported,
    DeathWasRetracted,
    Fact,
    PersonsWereMerged,
    PersonsWereUnmerged,
    PersonWasChanged,
    PersonWasRegistered,
    SurveyWasRecorded,
)
from services.registry.domain.person import Person
from services.registry.domain.person_client import Client
from services.registry.domain.person_merge import Merge
from services.registry.domain.stop import Stop
from services.registry.domain.survey_visit import Visit
from shared.contracts import registry as contract
from shared.contracts.event import Announcement, Event
from shared.values.certificate import StopKind


def announce(fact: Fact) -> Announcement:
    """The public form of a fact."""
    return Announcement(
        event_id=fact.event_id,
        event=_event(fact),
        person_id=fact.person.person_id,
        version=fact.person.last_version,
        division=_division(fact),
        occurred_at=fact.occurred_at,
    )


def announce_succession(
    change: DivisionChange, step: Succession, *, number: int, event_id: UUID, occurred_at: datetime
) -> Announcement:
    """One step of a change of divisions, the ``number``-th: about places, so no person stands in it."""
    return Announcement(
        event_id=event_id,
        event=contract.DivisionSucceeded(
            change_id=change.change_id,
            kind=change.kind,
            predecessor=step.predecessor.code,
            successor=step.successor.code,
            effective_on=change.effective_on,
        ),
        person_id=change.change_id,
        version=number,
        division=step.successor.code,
        occurred_at=occurred_at,
    )


def _division(fact: Fact) -> str:
    """Where the event belongs: the certificate's county after the change, else the person's."""
    certificate = getattr(fact, "certificate", None)
    return certificate.division.code if isinstance(certificate, Certificate) else fact.person.division.code


def _event(fact: Fact) -> Event:
    match fact:
        case PersonWasRegistered():
            return contract.PersonRegistered(person=person_state(fact.person))
        case DeathWasReported():
            return contract.PersonDeathReported(person=person_state(fact.person), stop=stop_state(fact.stop))
        case DeathWasRetracted():
            return contract.PersonDeathRetracted(person=person_state(fact.person), stop=stop_state(fact.stop))
        case CertificateWasIssued():
            return contract.CertificateIssued(certificate=certificate_state(fact.certificate))
        case CertificateWasStopped():
            return _stopped(fact)
        case CertificateWasSucceeded():
            return _succeeded(fact)
        case CertificateWasLost():
            return contract.CertificateLost(certificate=certificate_state(fact.certificate))
        case CertificateWasUnfrozen():
            return contract.CertificateUnfrozen(
                certificate=certificate_state(fact.certificate), stop=stop_state(fact.stop)
            )
        case CertificateWasReinstated():
            return contract.CertificateReinstated(
                certificate=certificate_state(fact.certificate), stop=stop_state(fact.stop)
            )
        case _:
            return _person_event(fact)


def _person_event(fact: Fact) -> Event:
    match fact:
        case PersonWasChanged():
            card = None if fact.certificate is None else certificate_state(fact.certificate)
            return contract.PersonChanged(person=person_state(fact.person), certificate=card)
        case PersonsWereMerged():
            return contract.PersonMerged(person=person_state(fact.person), merge=merge_state(fact.merge))
        case PersonsWereUnmerged():
            return contract.PersonUnmerged(person=person_state(fact.person), merge=merge_state(fact.merge))
        case ClientWasAdmitted():
            return contract.ClientAdmitted(client=client_state(fact.client))
        case ClientWasEnded():
            return contract.ClientEnded(client=client_state(fact.client))
        case SurveyWasRecorded():
            return contract.SurveyRecorded(visit=visit_state(fact.visit))
        case _:
            message = f"{type(fact).__name__} is neither announced nor private"
            raise TypeError(message)


def _stopped(fact: CertificateWasStopped) -> Event:
    certificate, stop = certificate_state(fact.certificate), stop_state(fact.stop)
    match fact.stop.kind:
        case StopKind.CANCELLED:
            return contract.CertificateCancelled(certificate=certificate, stop=stop)
        case StopKind.FROZEN:
            return contract.CertificateFrozen(certificate=certificate, stop=stop)
        case StopKind.EXPIRED:
            return contract.CertificateExpired(certificate=certificate, stop=stop)
        case StopKind.TRANSFERRED:
            return contract.CertificateTransferred(person=person_state(fact.person), certificate=certificate, stop=stop)
        case StopKind.DEATH:
            message = "a death is announced of a person, not of a certificate"
            raise TypeError(message)
    assert_never(fact.stop.kind)


def _succeeded(fact: CertificateWasSucceeded) -> Event:
    certificate, superseded = certificate_state(fact.certificate), certificate_state(fact.superseded)
    match fact.step:
        case Step.RENEW:
            return contract.CertificateRenewed(certificate=certificate, superseded=superseded)
        case Step.CHANGE:
            return contract.CertificateChanged(certificate=certificate, superseded=superseded, asked_on=fact.asked_on)
        case Step.REPLACE:
            return contract.CertificateReplaced(certificate=certificate, superseded=superseded)
        case _:
            message = f"{fact.step} puts nothing in a certificate's place"
            raise TypeError(message)


def person_state(person: Person) -> contract.PersonState:
    """A person as published."""
    return contract.PersonState.trusted(
        {
            "person_id": person.person_id,
            "division": person.division.code,
            "version": person.version,
            "registered_on": person.registered_on,
            "died_on": person.died_on,
        }
    )


def certificate_state(certificate: Certificate) -> contract.CertificateState:
    """A certificate as published: without its number."""
    return contract.CertificateState.trusted(
        {
            "certificate_id": certificate.certificate_id,
            "person_id": certificate.person_id,
            "division": certificate.division.code,
            "version": certificate.version,
            "status": certificate.status,
            "category": int(certificate.disability.category),
            "grade": int(certificate.disability.grade),
            "components": certificate.disability.components_text,
            "issued_on": certificate.issued_on,
            "expires_on": certificate.expires_on,
        }
    )


def stop_state(stop: Stop) -> contract.StopState:
    """A stop fact as published."""
    return contract.StopState(
        stop_id=stop.stop_id,
        person_id=stop.person_id,
        division=stop.division.code,
        version=stop.version,
        certificate_id=stop.certificate_id,
        kind=stop.kind,
        reason=stop.reason,
        event_date=stop.event_date,
        ended_on=stop.ended_on,
        withdrawn=stop.withdrawn,
    )


def merge_state(merge: Merge) -> contract.MergeState:
    """A merge as published."""
    return contract.MergeState(
        merge_id=merge.merge_id,
        person_id=merge.person_id,
        division=merge.division.code,
        version=merge.version,
        absorbed_id=merge.absorbed_id,
        merged_on=merge.merged_on,
        undone=merge.undone,
    )


def client_state(client: Client) -> contract.ClientState:
    """Who is served without a certificate, as published: without the diagnosis."""
    return contract.ClientState(
        client_id=client.client_id,
        person_id=client.person_id,
        division=client.division.code,
        version=client.version,
        ground=client.ground,
        valid_from=client.valid_from,
        valid_to=client.valid_to,
    )


def visit_state(visit: Visit) -> contract.VisitState:
    """A visit as published: needs as codes, no answers."""
    return contract.VisitState(
        visit_id=visit.visit_id,
        person_id=visit.person_id,
        division=visit.division.code,
        version=visit.version,
        year=visit.year,
        outcome=visit.outcome,
        visited_on=visit.visited_on,
        needs=visit.needs_text,
    )
