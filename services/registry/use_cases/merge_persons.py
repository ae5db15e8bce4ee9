"""Two records are found to be one person's, or two persons' after all. Both histories stay."""

from __future__ import annotations

from uuid import UUID

from services.registry.domain.errors import PersonNotFound
from services.registry.domain.facts import PersonsWereMerged, PersonsWereUnmerged
from services.registry.domain.person import Person
from services.registry.domain.person_errors import MergeNotFound
from services.registry.domain.person_merge import Merge, merge
from services.registry.use_cases.person_ports import PersonWork
from shared.values.division import Scope


async def merge_persons(survivor_id: UUID, absorbed_id: UUID, work: PersonWork, *, within: Scope) -> Merge:
    """Raises `PersonNotFound`, and what `merge` refuses with."""
    survivor, absorbed = await _both(survivor_id, absorbed_id, work, within)
    survivor, absorbed, merged = merge(
        survivor,
        absorbed,
        living_certificate=await work.merges.living_certificate(absorbed_id, within=Scope.everywhere()),
        merge_id=work.new_id(),
        today=work.today(),
    )
    await work.persons.save(survivor)
    await work.persons.save(absorbed)
    await work.merges.add(merged)
    work.tell(PersonsWereMerged(event_id=work.new_id(), occurred_at=work.now(), person=survivor, merge=merged))
    return merged


async def undo_merge(merge_id: UUID, work: PersonWork, *, within: Scope) -> Merge:
    """Raises `MergeNotFound`, `MergeIsUndone`."""
    merged = await work.merges.get(merge_id, within=within)
    if merged is None:
        raise MergeNotFound
    survivor, absorbed = await _both(merged.person_id, merged.absorbed_id, work, Scope.everywhere())
    survivor, absorbed, merged = merged.undo(survivor, absorbed)
    await work.persons.save(survivor)
    await work.persons.save(absorbed)
    await work.merges.save(merged)
    work.tell(PersonsWereUnmerged(event_id=work.new_id(), occurred_at=work.now(), person=survivor, merge=merged))
    return merged


async def _both(one: UUID, other: UUID, work: PersonWork, within: Scope) -> tuple[Person, Person]:
    """Locked in the order of their ids, so that two merges of the same pair queue instead of blocking each other."""
    locked = {each: await work.persons.get(each, within=within) for each in sorted({one, other})}
    first, second = locked[one], locked[other]
    if first is None or second is None:
        raise PersonNotFound
    return first, second
