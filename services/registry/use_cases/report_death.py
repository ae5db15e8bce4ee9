"""A death becomes known (DX-05), or turns out to be a mistake (RULES 4.7)."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID

from services.registry.domain.errors import PersonNotFound
from services.registry.domain.facts import DeathWasReported, DeathWasRetracted
from services.registry.domain.person import Person
from services.registry.domain.stop import Stop
from services.registry.use_cases.ports import Work
from shared.values.certificate import StopKind
from shared.values.division import Scope


class DeathSource(StrEnum):
    """Who says so (DX-05)."""

    POLICE = "POLICE"
    HEALTH = "HEALTH"
    FUNERAL = "FUNERAL"
    FAMILY = "FAMILY"


async def report_death(
    person_id: UUID, work: Work, *, died_on: date, source: DeathSource, within: Scope
) -> tuple[Person, Stop]:
    """Raises `PersonNotFound`, `PersonHasDied`, `DateInFuture`."""
    person = await work.persons.get(person_id, within=within)
    if person is None:
        raise PersonNotFound
    event_id = work.new_id()
    person, stop = person.dies(on=died_on, today=work.today(), stop_id=event_id, reason=source.value)
    await work.persons.save(person)
    await work.stops.add(stop)
    work.tell(DeathWasReported(event_id=event_id, occurred_at=work.now(), person=person, stop=stop))
    return person, stop


async def retract_death(person_id: UUID, work: Work, *, within: Scope) -> tuple[Person, Stop]:
    """Raises `PersonNotFound`, `PersonIsAlive`."""
    person = await work.persons.get(person_id, within=within)
    if person is None:
        raise PersonNotFound
    standing = await work.stops.standing(person_id, StopKind.DEATH, certificate_id=None, within=Scope.everywhere())
    person, stop = person.lives_after_all(standing)
    await work.persons.save(person)
    await work.stops.save(stop)
    work.tell(DeathWasRetracted(event_id=work.new_id(), occurred_at=work.now(), person=person, stop=stop))
    return person, stop
