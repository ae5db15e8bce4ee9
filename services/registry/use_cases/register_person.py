"""Register a person (CERT-01): the county of registered residence is responsible, whatever the number says (ID-04)."""

from __future__ import annotations

from dataclasses import dataclass

from services.registry.domain.errors import PersonIsRegistered
from services.registry.domain.facts import PersonWasRegistered
from services.registry.domain.person import Person
from services.registry.use_cases.ports import Identity, Work
from shared.values.division import Division


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPerson:
    """``division``: registered residence, county or below."""

    identity: Identity
    division: Division


async def register_person(command: RegisterPerson, work: Work) -> Person:
    """Raises `PersonIsRegistered` when the identity number is taken, anywhere in the province."""
    person = Person(
        person_id=work.new_id(),
        version=1,
        last_version=1,
        division=command.division,
        registered_on=work.today(),
    )
    if not await work.persons.add(person, command.identity):
        raise PersonIsRegistered
    work.tell(PersonWasRegistered(event_id=work.new_id(), occurred_at=work.now(), person=person))
    return person
