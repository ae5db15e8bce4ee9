"""Places for an assessment: an institution offers slots, a case takes one place at a time (CERT-08, CERT-33)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, time
from enum import StrEnum
from uuid import UUID

from services.registry.domain.application import Application, Channel
from services.registry.domain.application_errors import ApplicationStepNotAllowed, SlotDoesNotFit, SlotIsPast
from services.registry.domain.application_state import APPLICATIONS, ApplicationState, ApplicationStep
from services.registry.domain.assessment import AssessmentMode
from shared.values.disability import DisabilityCategory


class BookingState(StrEnum):
    """What became of a place."""

    BOOKED = "BOOKED"
    CANCELLED = "CANCELLED"
    ATTENDED = "ATTENDED"
    MISSED = "MISSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """``capacity`` places from ``begins`` to ``ends``, for some categories, in one way of assessing."""

    slot_id: UUID
    institution_id: UUID
    day: date
    begins: time
    ends: time
    mode: AssessmentMode
    categories: frozenset[DisabilityCategory]
    capacity: int
    booked: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A place of a case."""

    booking_id: UUID
    slot_id: UUID
    application_id: UUID
    channel: Channel
    state: BookingState
    booked_on: date
    ended_on: date | None = None

    def end(self, state: BookingState, *, on: date) -> Booking:
        """Somebody came, did not, or gave the place back."""
        return replace(self, state=state, ended_on=on)


def book(slot: Slot, application: Application, *, booking_id: UUID, channel: Channel, today: date) -> Booking:
    """Raises `ApplicationStepNotAllowed` unless an assessment is pending, `SlotDoesNotFit`, `SlotIsPast`."""
    if application.state is not ApplicationState.ASSESSMENT_PENDING:
        allowed = [step.value for step in APPLICATIONS.allowed(application.state)]
        raise ApplicationStepNotAllowed(
            step=ApplicationStep.CONCLUDE.value, status=application.state.value, allowed=allowed
        )
    if slot.institution_id != application.institution_id or not application.wish.categories <= slot.categories:
        raise SlotDoesNotFit
    if slot.day < today:
        raise SlotIsPast(day=slot.day.isoformat())
    return Booking(
        booking_id=booking_id,
        slot_id=slot.slot_id,
        application_id=application.application_id,
        channel=channel,
        state=BookingState.BOOKED,
        booked_on=today,
    )
