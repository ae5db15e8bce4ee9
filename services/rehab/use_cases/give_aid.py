"""From the quota to what a person has signed for: enrol, release, pass stages, deliver, accept (RULES 10, REH-45)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.rehab.domain.aid import AidItem, Counting
from services.rehab.domain.aid_delivery import Delivery, DeliveryEffect, Place, ReleaseReason
from services.rehab.domain.aid_errors import (
    AgeBandIsMissing,
    AidBudgetSpent,
    AidGivenAlready,
    AidPersonLimitReached,
    AidSerialMissing,
    AidSerialTaken,
    AidStageOutOfOrder,
    AidStagesMissing,
    DeliveryNotFound,
    PlaceIsUsed,
    PlaceNotFound,
    ProgrammeIsNotInForce,
    ProgrammeNotFound,
)
from services.rehab.domain.case import must_not_lie_ahead
from services.rehab.domain.errors import DeathIsTheRegisters, PersonHasDied
from services.rehab.domain.institution import InstitutionStatus
from services.rehab.domain.institution_errors import InstitutionIsNotValid, InstitutionNotFound
from services.rehab.domain.measures import Mode, Signer
from services.rehab.use_cases.aid_ports import AidWork, Enrolled, Enrolment, Running
from services.rehab.use_cases.ports import Sight
from shared.values.division import Scope


async def running(programme_id: UUID, work: AidWork, *, within: Scope, lock: bool) -> Running:
    """A programme in force. Raises `ProgrammeNotFound`, `ProgrammeIsNotInForce`."""
    found = await work.aid.programme(programme_id, within=within, lock=lock)
    if found is None:
        raise ProgrammeNotFound
    if not found.in_force:
        raise ProgrammeIsNotInForce
    return found


async def enrol(programme_id: UUID, asked: Enrolment, work: AidWork, *, within: Scope) -> list[Enrolled]:
    """Places for those who qualify, as long as there are any.

    Raises `ProgrammeNotFound`, `ProgrammeIsNotInForce`, `AgeBandIsMissing`, `InstitutionNotFound`,
    `InstitutionIsNotValid`.
    """
    found = await running(programme_id, work, within=within, lock=True)
    bands = found.document.qualifies.age_bands
    if bands and asked.age_band not in bands:
        raise AgeBandIsMissing(allowed=[each.value for each in bands])
    if asked.institution_id is not None:
        await _must_serve(asked.institution_id, work)
    return await work.aid.enrol(found, asked, within=within, today=work.today())


async def _must_serve(institution_id: UUID, work: AidWork) -> None:
    one = await work.institutions.get(institution_id, within=Scope.everywhere())
    if one is None:
        raise InstitutionNotFound
    if one.status is not InstitutionStatus.DESIGNATED:
        raise InstitutionIsNotValid(status=one.status.value, day=work.today().isoformat(), category="*")


async def place_of(place_id: UUID, work: AidWork, *, within: Scope, sight: Sight) -> Place:
    """A place that is held. Raises `PlaceNotFound`, `PlaceIsReleased`."""
    found = await work.aid.place(place_id, within=within, sight=sight)
    if found is None:
        raise PlaceNotFound
    found.must_be_held()
    return found


async def release(place: Place, reason: ReleaseReason, work: AidWork) -> None:
    """Somebody else can have it: never after something was given, where persons are counted.

    Raises `DeathIsTheRegisters`, `PlaceIsUsed`.
    """
    if reason is ReleaseReason.DIED:
        raise DeathIsTheRegisters
    found = await work.aid.programme(place.programme_id, within=Scope.everywhere())
    assert found is not None
    if found.document.counting is Counting.PERSONS and await work.aid.used(place.place_id):
        raise PlaceIsUsed
    await work.aid.release(place, reason, on=work.today())
    if found.in_force:
        await refill(place.programme_id, work, within=Scope.everywhere())


async def refill(programme_id: UUID, work: AidWork, *, within: Scope) -> list[Enrolled]:
    """Free places go to who waits, in the order of REH-31; what came of each.

    Where a programme is for some ages nobody is taken unasked: who enrols names the age. Raises what `running` does.
    """
    found = await running(programme_id, work, within=within, lock=True)
    free = await work.aid.free(programme_id, found.document.quota)
    if free < 1 or found.document.qualifies.age_bands or work.today() > found.document.ends_on:
        return []
    persons = await work.needs.next(programme_id, found.document, free, today=work.today())
    if not persons:
        return []
    return await work.aid.enrol(found, Enrolment(persons=tuple(persons)), within=Scope.everywhere(), today=work.today())


async def release_dead(persons: Collection[UUID] | None, work: AidWork) -> int:
    """Places of the dead are free, and who waits has them; how many. None: a second look at everybody."""
    freed = await work.aid.release_dead(persons)
    for programme_id in sorted(set(freed)):
        found = await work.aid.programme(programme_id, within=Scope.everywhere())
        if found is not None and found.in_force:
            await refill(programme_id, work, within=Scope.everywhere())
    return len(freed)


async def pass_stage(place: Place, item_code: str, name: str, work: AidWork, *, on: date) -> None:
    """The next stage of an item, in the order of the programme.

    Raises `ProgrammeIsNotInForce`, `AidItemUnknown`, `AidOutsidePeriod`, `DateInFuture`, `AidStageOutOfOrder`.
    """
    found = await running(place.programme_id, work, within=Scope.everywhere(), lock=False)
    must_not_lie_ahead("done_on", on, today=work.today())
    item = found.document.must_give(item_code, 0, on)
    done = await work.aid.stages(place.place_id, item_code)
    expected = next((each for each in item.stages if each not in done), None)
    if name != expected:
        raise AidStageOutOfOrder(given=name, expected=expected or "-")
    await work.aid.pass_stage(place, item_code, name, on=on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Giving:
    """What is given, when, where and for how much."""

    item_code: str
    delivered_on: date
    amount_fen: int
    mode: Mode
    serial: str | None = None


async def deliver(place: Place, giving: Giving, work: AidWork, *, by: str) -> Delivery:
    """Keep a delivery.

    Raises `ProgrammeIsNotInForce`, `DateInFuture`, `AidItemUnknown`, `AidOutsidePeriod`, `AidTooExpensive`,
    `PersonHasDied`, `AidSerialMissing`, `AidSerialTaken`, `AidStagesMissing`, `AidBudgetSpent`,
    `AidPersonLimitReached`, `AidGivenAlready`.
    """
    found = await running(place.programme_id, work, within=Scope.everywhere(), lock=True)
    must_not_lie_ahead("delivered_on", giving.delivered_on, today=work.today())
    item = found.document.must_give(giving.item_code, giving.amount_fen, giving.delivered_on)
    await _must_live(place.person_id, giving.delivered_on, work)
    await _must_be_ready(place, item, giving, work)
    await _must_afford(place, found, giving.amount_fen, work)
    one = Delivery(
        delivery_id=work.new_id(),
        place_id=place.place_id,
        programme_id=place.programme_id,
        person_id=place.person_id,
        division=place.division,
        item_code=giving.item_code,
        delivered_on=giving.delivered_on,
        amount_fen=giving.amount_fen,
        recorded_by=by,
        serial=giving.serial,
    )
    if not await work.aid.deliver(place, one, item.covers(giving.delivered_on), giving.mode):
        raise AidGivenAlready
    await work.needs.meet(one.person_id, one.item_code, one.delivery_id)
    return one


async def _must_live(person_id: UUID, day: date, work: AidWork) -> None:
    client = await work.clients.get(person_id, within=Scope.everywhere())
    if client is not None and client.died_on is not None and client.died_on < day:
        raise PersonHasDied(died_on=client.died_on.isoformat())


async def _must_be_ready(place: Place, item: AidItem, giving: Giving, work: AidWork) -> None:
    if item.serial and giving.serial is None:
        raise AidSerialMissing
    if giving.serial is not None and await work.aid.serial_taken(item.code, giving.serial):
        raise AidSerialTaken
    done = await work.aid.stages(place.place_id, item.code)
    missing = [each for each in item.stages if each not in done]
    if missing:
        raise AidStagesMissing(missing=missing)


async def _must_afford(place: Place, found: Running, amount_fen: int, work: AidWork) -> None:
    left = found.document.budget_fen - await work.aid.spent(found.programme_id)
    if amount_fen > left:
        raise AidBudgetSpent(left=left)
    if (most := found.document.most_per_person_fen) is not None:
        left = most - await work.aid.spent(found.programme_id, place.person_id)
        if amount_fen > left:
            raise AidPersonLimitReached(left=left)


async def delivery_of(delivery_id: UUID, work: AidWork, *, within: Scope, sight: Sight) -> Delivery:
    """Raise `DeliveryNotFound`."""
    found = await work.aid.delivery(delivery_id, within=within, sight=sight)
    if found is None:
        raise DeliveryNotFound
    return found


async def turn_back(one: Delivery, work: AidWork, what: str) -> None:
    """A delivery that was refused or void: what it was for is waited for again."""
    await work.aid.save(one, what)
    await work.needs.reopen(one.delivery_id)


async def accept(
    one: Delivery, work: AidWork, *, by: str, confirmed_by: Signer, effect: DeliveryEffect | None
) -> Delivery:
    """The person has it, and signed. Raises `DeliveryStepNotAllowed`, `AnotherPersonMustAccept`, `EffectIsMissing`."""
    found = await work.aid.programme(one.programme_id, within=Scope.everywhere())
    assert found is not None
    measured = found.document.item(one.item_code).measured
    accepted = one.accept(by=by, today=work.today(), confirmed_by=confirmed_by, effect=effect, measured=measured)
    await work.aid.save(accepted, "accepted")
    return accepted
