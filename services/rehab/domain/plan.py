"""A person plan (一人一策): items that name owner, time, money, measure and effect, agreed by signature.

A revision is a new plan with the next number; the one before stays as it was agreed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.rehab.domain.catalogue import CatalogueItem
from services.rehab.domain.institution import Staff
from services.rehab.domain.institution_errors import CatalogueItemNotFound, StaffNotFound
from services.rehab.domain.measures import AgeBand, Instrument, Mode, Payer, Signer, must_be_on_scale
from services.rehab.domain.plan_errors import (
    InstrumentHasNoBaseline,
    PlanItemDoesNotFit,
    PlanItemIsUsedUp,
    PlanPeriodIsInvalid,
    SessionIsInvalid,
    SessionOutsidePlan,
)
from shared.values.dates import SHANGHAI
from shared.values.disability import DisabilityCategory
from shared.values.division import Division


class Attendance(StrEnum):
    """What became of a session; only an attended one counts."""

    ATTENDED = "ATTENDED"
    ABSENT = "ABSENT"
    VOID = "VOID"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanItem:
    """Owner: ``staff_id``. Time: from, to, how many sessions. Money: payer and ``amount_fen``, of all sessions.

    Measure: the catalogue's item and the mode. Effect: the score aimed at with an instrument of the baseline.
    """

    item_no: int
    item_id: UUID
    staff_id: UUID
    begins_on: date
    ends_on: date
    sessions: int
    mode: Mode
    payer: Payer
    amount_fen: int
    instrument: Instrument
    target: int

    def must_take(self, session: Session, attended: int) -> None:
        """Raise `SessionOutsidePlan`, `PlanItemIsUsedUp`."""
        if not self.begins_on <= session.day <= self.ends_on:
            raise SessionOutsidePlan(
                day=session.day.isoformat(), begins_on=self.begins_on.isoformat(), ends_on=self.ends_on.isoformat()
            )
        if session.attendance is Attendance.ATTENDED and attended >= self.sessions:
            raise PlanItemIsUsedUp(sessions=self.sessions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a plan stands on: the client as checked, what the division's catalogue offers, and who works there."""

    division: Division
    category: DisabilityCategory
    age_band: AgeBand
    institution_id: UUID
    catalogue: Mapping[UUID, CatalogueItem]
    staff: Mapping[UUID, Staff]
    instruments: Collection[Instrument]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``assess_on`` is the day of the next stage assessment; ``follow_up_days`` count from the closing."""

    plan_no: int
    begins_on: date
    ends_on: date
    assess_on: date
    signed_by: Signer
    signed_on: date
    follow_up_days: tuple[int, ...]
    items: tuple[PlanItem, ...]

    def must_hold(self, ground: Ground) -> None:
        """Every one of the five elements of every item (REH-01, REH-12).

        Raises `PlanPeriodIsInvalid`, `CatalogueItemNotFound`, `PlanItemDoesNotFit`, `StaffNotFound`,
        `StaffIsNotValid`, `InstrumentHasNoBaseline`, `ScoreOutOfRange`.
        """
        _must_run("plan", self.begins_on, self.ends_on)
        self.must_contain("assess_on", self.assess_on, self.assess_on)
        for item in self.items:
            _must_run(f"items[{item.item_no}]", item.begins_on, item.ends_on)
            self.must_contain(f"items[{item.item_no}]", item.begins_on, item.ends_on)
            self._must_be_offered(item, ground)
            self._must_have_owner(item, ground)
            must_have_baseline(item.instrument, ground.instruments)
            must_be_on_scale(item.instrument, item.target)

    def must_contain(self, field: str, begins_on: date, ends_on: date) -> None:
        """Raise `PlanPeriodIsInvalid`, telling the period of the plan."""
        if begins_on < self.begins_on or ends_on > self.ends_on:
            period = {"begins_on": self.begins_on.isoformat(), "ends_on": self.ends_on.isoformat()}
            raise PlanPeriodIsInvalid(field=field, **period)

    def _must_be_offered(self, item: PlanItem, ground: Ground) -> None:
        offered = ground.catalogue.get(item.item_id)
        if offered is None:
            raise CatalogueItemNotFound(given=str(item.item_id))
        for why, fits, allowed in (
            ("valid_from", offered.in_force(ground.division, item.begins_on), (offered.valid_from.isoformat(),)),
            ("category", ground.category in offered.categories, sorted(int(each) for each in offered.categories)),
            ("age_band", ground.age_band in offered.age_bands, sorted(offered.age_bands)),
            ("mode", item.mode in offered.modes, sorted(offered.modes)),
            ("payer", item.payer in offered.payers, sorted(offered.payers)),
            ("amount_fen", item.amount_fen <= offered.price_fen * item.sessions, (offered.price_fen * item.sessions,)),
        ):
            if not fits:
                raise PlanItemDoesNotFit(item_no=item.item_no, why=why, allowed=[str(each) for each in allowed])

    @staticmethod
    def _must_have_owner(item: PlanItem, ground: Ground) -> None:
        owner = ground.staff.get(item.staff_id)
        if owner is None:
            raise StaffNotFound(given=str(item.staff_id))
        owner.must_be_valid(ground.institution_id, item.begins_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One meeting of client and therapist, after it happened. Moments have their time zone."""

    session_id: UUID
    item_no: int
    staff_id: UUID
    mode: Mode
    begins_at: datetime
    ends_at: datetime
    attendance: Attendance

    @property
    def day(self) -> date:
        """The civil date it counts for."""
        return self.begins_at.astimezone(SHANGHAI).date()

    def must_have_been(self, today: date) -> None:
        """Raise `SessionIsInvalid` unless it ended after it began, on the same day, and that is not ahead."""
        try:
            same_day = self.ends_at.astimezone(SHANGHAI).date() == self.day <= today
        except OverflowError:  # the first and the last day of all time have no civil date here
            same_day = False
        if not (self.begins_at < self.ends_at and same_day):
            raise SessionIsInvalid(begins_at=self.begins_at.isoformat(), ends_at=self.ends_at.isoformat())


def must_have_baseline(instrument: Instrument, measured: Collection[Instrument]) -> None:
    """Raise `InstrumentHasNoBaseline` (REH-15)."""
    if instrument not in measured:
        raise InstrumentHasNoBaseline(instrument=instrument.value, allowed=sorted(measured))


def _must_run(field: str, begins_on: date, ends_on: date) -> None:
    if ends_on < begins_on:
        raise PlanPeriodIsInvalid(field=field, begins_on=begins_on.isoformat(), ends_on=ends_on.isoformat())


ITEMS_MAX: Final = 30
"""Of one plan."""
