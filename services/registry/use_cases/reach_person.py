"""Where a person is reached changes: nothing is announced, because nobody else may know."""

from __future__ import annotations

from uuid import UUID

from services.registry.domain.errors import PersonNotFound
from services.registry.use_cases.ports import Work
from shared.values.division import Scope
from shared.values.personal import AddressDetail, Phone


async def reach_person(
    person_id: UUID, work: Work, *, phone: Phone | None, address: AddressDetail | None, within: Scope
) -> None:
    """Replace telephone and address; who saw the version before must look again. Raises `PersonNotFound`."""
    person = await work.persons.get(person_id, within=within)
    before = await work.persons.identity(person_id, within=within)
    if person is None or before is None:
        raise PersonNotFound
    await work.persons.reach(person.moved_on(), phone, address)
    work.contact_changed(person_id, before, phone, address)
