"""A place for an assessment is taken, moved, given back; somebody came or did not (CERT-33)."""

from __future__ import annotations

from uuid import UUID

from services.registry.domain.application import Application, Channel
from services.registry.domain.application_errors import BookingNotFound, SlotIsFull, SlotNotFound
from services.registry.domain.booking import Booking, BookingState, book
from services.registry.use_cases.application_ports import CaseWork
from shared.values.division import Scope

EVERYWHERE = Scope.everywhere()


async def book_assessment(application: Application, work: CaseWork, *, slot_id: UUID, channel: Channel) -> Booking:
    """Take a place; one booked before is given back. Raises `SlotNotFound`, `SlotIsFull`, and what `book` does."""
    slot = await work.institutions.slot(slot_id, within=EVERYWHERE)
    if slot is None:
        raise SlotNotFound
    booking = book(slot, application, booking_id=work.new_id(), channel=channel, today=work.today())
    if (standing := await work.institutions.standing(application, within=EVERYWHERE)) is not None:
        await work.institutions.end_booking(standing.end(BookingState.CANCELLED, on=work.today()), within=EVERYWHERE)
    if not await work.institutions.take(slot, within=EVERYWHERE):
        raise SlotIsFull
    await work.institutions.book(booking, within=EVERYWHERE)
    return booking


async def end_booking(application: Application, work: CaseWork, state: BookingState) -> Booking:
    """Given back, attended or missed. Raises `BookingNotFound`."""
    standing = await work.institutions.standing(application, within=EVERYWHERE)
    if standing is None:
        raise BookingNotFound
    ended = standing.end(state, on=work.today())
    await work.institutions.end_booking(ended, within=EVERYWHERE)
    return ended
