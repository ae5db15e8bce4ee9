"""Somebody without a certificate is served: a child under seven (CERT-37), a severe mental disorder (CERT-36)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.registry.domain.errors import PersonNotFound
from services.registry.domain.facts import ClientWasAdmitted, ClientWasEnded
from services.registry.domain.person_client import Client, Ground
from services.registry.domain.person_errors import ClientNotFound
from services.registry.use_cases.person_ports import PersonWork
from shared.values.division import Scope
from shared.values.personal import Diagnosis


async def admit_client(
    person_id: UUID, ground: Ground, work: PersonWork, *, diagnosis: Diagnosis | None, within: Scope
) -> Client:
    """Raises `PersonNotFound`, `PersonHasDied`, `ClientGroundNotMet`, `DateInFuture`."""
    person = await work.persons.get(person_id, within=within)
    identity = await work.persons.identity(person_id, within=within)
    if person is None or identity is None:
        raise PersonNotFound
    person.must_live()
    last_day = ground.last_day(born=identity.citizen_id_no.birth_date, today=work.today())
    person = person.moved_on()
    admitted = Client(
        client_id=work.new_id(),
        person_id=person_id,
        version=person.last_version,
        division=person.division,
        ground=ground.ground,
        valid_from=work.today(),
        valid_to=last_day,
    )
    await work.persons.save(person)
    await work.clients.add(admitted, ground, diagnosis)
    work.tell(ClientWasAdmitted(event_id=work.new_id(), occurred_at=work.now(), person=person, client=admitted))
    return admitted


async def end_client(client_id: UUID, work: PersonWork, *, on: date, within: Scope) -> Client:
    """Raises `ClientNotFound`, `ClientHasEnded`."""
    known = await work.clients.get(client_id, within=within)
    person = None if known is None else await work.persons.get(known.person_id, within=Scope.everywhere())
    if known is None or person is None:
        raise ClientNotFound
    person = person.moved_on()
    ended = known.end(on=on, version=person.last_version)
    await work.persons.save(person)
    await work.clients.save(ended)
    work.tell(ClientWasEnded(event_id=work.new_id(), occurred_at=work.now(), person=person, client=ended))
    return ended
