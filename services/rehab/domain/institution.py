"""Designated institutions (定点康复机构): entry, agreements, staff, black list, exit (REH-24, REH-26, REH-76)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.rehab.domain.institution_errors import (
    AnotherPersonMustDecide,
    DefenceRuns,
    InstitutionIsNotValid,
    InstitutionStepNotAllowed,
    StaffIsNotValid,
)
from shared.values.dates import ONE_DAY
from shared.values.disability import DisabilityCategory
from shared.values.division import Division
from shared.values.machine import Machine, Move

DEFENCE_DAYS: Final = 10
"""An institution may state its defence so long before it is black-listed (REH-76: the right; the days are ours)."""


class InstitutionStatus(StrEnum):
    """States of a designated institution."""

    APPLIED = "APPLIED"
    DESIGNATED = "DESIGNATED"
    REFUSED = "REFUSED"
    SUSPENDED = "SUSPENDED"
    WARNED = "WARNED"
    BLACKLISTED = "BLACKLISTED"
    EXITED = "EXITED"


class InstitutionStep(StrEnum):
    """What can be done to one."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    WARN = "warn"
    CLEAR = "clear"
    BLACKLIST = "blacklist"
    EXIT = "exit"


_S, _E = InstitutionStatus, InstitutionStep

INSTITUTIONS: Final[Machine[InstitutionStatus, InstitutionStep]] = Machine(
    name="designated_institution",
    states=InstitutionStatus,
    events=InstitutionStep,
    begins=(_S.APPLIED,),
    moves=(
        Move(
            _E.CONFIRM,
            (_S.APPLIED,),
            (_S.DESIGNATED,),
            "the prefecture, another person than the county's",
            "",
            ("REH-26", "REH-76"),
        ),
        Move(_E.REFUSE, (_S.APPLIED,), (_S.REFUSED,), "the prefecture, another person", "", ("REH-76",)),
        Move(_E.SUSPEND, (_S.DESIGNATED,), (_S.SUSPENDED,), "", "no new referrals, no sessions", ("REH-26",)),
        Move(_E.REINSTATE, (_S.SUSPENDED,), (_S.DESIGNATED,), "", "", ("REH-26",)),
        Move(
            _E.WARN,
            (_S.DESIGNATED, _S.SUSPENDED),
            (_S.WARNED,),
            "",
            "it may state its defence; no new referrals, no sessions",
            ("REH-76",),
        ),
        Move(_E.CLEAR, (_S.WARNED,), (_S.DESIGNATED,), "the defence holds", "", ("REH-76",)),
        Move(
            _E.BLACKLIST,
            (_S.WARNED,),
            (_S.BLACKLISTED,),
            "the time of the defence is over; another person than who warned",
            "",
            ("REH-26", "REH-76"),
        ),
        Move(_E.EXIT, (_S.DESIGNATED, _S.SUSPENDED), (_S.EXITED,), "", "", ("REH-26",)),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What an institution agreed to: categories and places, for a time (协议管理). The last day counts."""

    agreement_id: UUID
    begins_on: date
    ends_on: date
    categories: frozenset[DisabilityCategory]
    capacity: int

    def covers(self, category: DisabilityCategory, day: date) -> bool:
        """Whether a client of the category may be served on the day."""
        return self.begins_on <= day <= self.ends_on and category in self.categories


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """Somebody qualified to assess and treat there, from a day until the qualification ends (the day counts)."""

    staff_id: UUID
    institution_id: UUID
    qualified_from: date
    qualified_until: date

    def must_be_valid(self, institution_id: UUID | None, day: date) -> None:
        """Raise `StaffIsNotValid`."""
        if self.institution_id != institution_id or not self.qualified_from <= day <= self.qualified_until:
            raise StaffIsNotValid(staff_id=str(self.staff_id), day=day.isoformat())


@dataclass(frozen=True, slots=True, kw_only=True)
class Institution:
    """``changed_by``: who brought it where it is; the next decisive step is somebody else's."""

    institution_id: UUID
    version: int
    division: Division
    status: InstitutionStatus
    changed_by: str
    account: str | None = None
    defence_until: date | None = None
    agreements: tuple[Agreement, ...] = ()

    def must_allow(self, step: InstitutionStep) -> None:
        """Raise `InstitutionStepNotAllowed` naming the steps that are allowed."""
        if INSTITUTIONS.move(self.status, step) is None:
            allowed = [each.value for each in INSTITUTIONS.allowed(self.status)]
            raise InstitutionStepNotAllowed(step=step.value, status=self.status.value, allowed=allowed)

    def take(self, step: InstitutionStep, *, by: str, today: date) -> Institution:
        """The institution after a step. Raises `AnotherPersonMustDecide`, `DefenceRuns`."""
        self.must_allow(step)
        move = INSTITUTIONS.move(self.status, step)
        assert move is not None
        if step in {_E.CONFIRM, _E.REFUSE, _E.BLACKLIST} and by == self.changed_by:
            raise AnotherPersonMustDecide
        if step is _E.BLACKLIST and self.defence_until is not None and today <= self.defence_until:
            raise DefenceRuns(until=self.defence_until.isoformat())
        return replace(
            self,
            status=move.targets[0],
            version=self.version + 1,
            changed_by=by,
            defence_until=today + DEFENCE_DAYS * ONE_DAY if step is _E.WARN else None,
        )

    def must_serve(self, category: DisabilityCategory, day: date) -> Agreement:
        """The agreement a client is served under. Raises `InstitutionIsNotValid` naming what is there (REH-26)."""
        if self.status is not _S.DESIGNATED:
            raise InstitutionIsNotValid(status=self.status.value, day=day.isoformat(), category=int(category))
        found = next((each for each in self.agreements if each.covers(category, day)), None)
        if found is None:
            raise InstitutionIsNotValid(status="NO_AGREEMENT", day=day.isoformat(), category=int(category))
        return found
