"""Assessment institutions, slots and bookings: rows ↔ domain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.applications import categories_of, digits
from services.registry.adapters.tables import booking, institution, slot
from services.registry.domain.application import Application, Channel
from services.registry.domain.assessment import AssessmentMode, Institution
from services.registry.domain.booking import Booking, BookingState, Slot
from shared.kit.scoping import inside
from shared.values.division import Division, Scope


def to_institution(row: Row[Any]) -> Institution:
    """A row of ``assessment_institution``."""
    return Institution(
        institution_id=row.institution_id,
        version=row.version,
        division=Division(row.division),
        name=row.name,
        categories=categories_of(row.categories),
        modes=frozenset(AssessmentMode(word) for word in row.modes.split()),
        designated_from=row.designated_from,
        designated_to=row.designated_to,
        account=row.account,
    )


def to_slot(row: Row[Any]) -> Slot:
    """A row of ``assessment_slot``."""
    return Slot(
        slot_id=row.slot_id,
        institution_id=row.institution_id,
        day=row.day,
        begins=row.begins,
        ends=row.ends,
        mode=AssessmentMode(row.mode),
        categories=categories_of(row.categories),
        capacity=row.capacity,
        booked=row.booked,
    )


def to_booking(row: Row[Any]) -> Booking:
    """A row of ``assessment_booking``."""
    return Booking(
        booking_id=row.booking_id,
        slot_id=row.slot_id,
        application_id=row.application_id,
        channel=Channel(row.channel),
        state=BookingState(row.state),
        booked_on=row.booked_on,
        ended_on=row.ended_on,
    )


class SqlInstitutions:
    """`Institutions` on PostgreSQL."""

    def __init__(self, connection: AsyncConnection, *, recorded_by: str) -> None:
        self._connection = connection
        self._by = recorded_by

    async def get(self, institution_id: UUID, *, within: Scope) -> Institution | None:
        """One institution."""
        row = (
            await self._connection.execute(
                select(institution).where(
                    institution.c.institution_id == institution_id, inside(institution.c.division, within)
                )
            )
        ).one_or_none()
        return None if row is None else to_institution(row)

    async def add(self, one: Institution) -> None:
        """Designate an institution."""
        await self._connection.execute(insert(institution).values(**_values(one), recorded_by=self._by))

    async def save(self, one: Institution) -> None:
        """Store a changed designation."""
        await self._connection.execute(
            update(institution)
            .where(institution.c.institution_id == one.institution_id)
            .values(**_values(one), recorded_by=self._by)
        )

    async def offer(self, slots: Iterable[Slot], division: Division) -> Sequence[UUID]:
        """Offer slots in one statement; those that stand already stay as they are. The ids of the new ones."""
        rows = [
            {
                "slot_id": one.slot_id,
                "institution_id": one.institution_id,
                "division": division.code,
                "day": one.day,
                "begins": one.begins,
                "ends": one.ends,
                "mode": one.mode.value,
                "categories": digits(one.categories),
                "capacity": one.capacity,
                "recorded_by": self._by,
            }
            for one in slots
        ]
        offered = await self._connection.scalars(
            postgresql.insert(slot).values(rows).on_conflict_do_nothing().returning(slot.c.slot_id)
        )
        return offered.all()

    async def slot(self, slot_id: UUID, *, within: Scope) -> Slot | None:
        """One slot."""
        row = (
            await self._connection.execute(
                select(slot).where(slot.c.slot_id == slot_id, inside(slot.c.division, within))
            )
        ).one_or_none()
        return None if row is None else to_slot(row)

    async def take(self, one: Slot, *, within: Scope) -> bool:
        """Take a place; False when none is left. Two who want the last place queue behind each other's row lock."""
        taken = await self._connection.scalar(
            update(slot)
            .where(slot.c.slot_id == one.slot_id, slot.c.booked < slot.c.capacity, inside(slot.c.division, within))
            .values(booked=slot.c.booked + 1)
            .returning(slot.c.slot_id)
        )
        return taken is not None

    async def book(self, one: Booking, *, within: Scope) -> None:
        """Store a booking."""
        assert within.is_everywhere
        await self._connection.execute(
            insert(booking).values(
                booking_id=one.booking_id,
                slot_id=one.slot_id,
                application_id=one.application_id,
                channel=one.channel.value,
                state=one.state.value,
                booked_on=one.booked_on,
                recorded_by=self._by,
            )
        )

    async def standing(self, application: Application, *, within: Scope) -> Booking | None:
        """Lock and load the booking that stands."""
        assert within.is_everywhere
        row = (
            await self._connection.execute(
                select(booking)
                .where(
                    booking.c.application_id == application.application_id,
                    booking.c.state == BookingState.BOOKED.value,
                )
                .with_for_update()
            )
        ).one_or_none()
        return None if row is None else to_booking(row)

    async def end_booking(self, one: Booking, *, within: Scope) -> None:
        """Store how it ended; a cancelled one gives its place back."""
        assert within.is_everywhere
        await self._connection.execute(
            update(booking)
            .where(booking.c.booking_id == one.booking_id)
            .values(state=one.state.value, ended_on=one.ended_on)
        )
        if one.state is BookingState.CANCELLED:
            await self._connection.execute(
                update(slot).where(slot.c.slot_id == one.slot_id).values(booked=slot.c.booked - 1)
            )


def _values(one: Institution) -> dict[str, Any]:
    return {
        "institution_id": one.institution_id,
        "version": one.version,
        "division": one.division.code,
        "name": one.name,
        "categories": digits(one.categories),
        "modes": " ".join(sorted(one.modes)),
        "designated_from": one.designated_from,
        "designated_to": one.designated_to,
        "account": one.account,
    }
