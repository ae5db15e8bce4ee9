"""Proactive reminders (主动提醒): somebody newly in dibao or newly certified could be paid, and has not applied.

SUB-71. One case is one cause: an entry into dibao or a card, whatever number of schemes it opens. A case is open until
somebody was told or nothing is left to tell; its person is told by a message with a receipt, or by a clerk who writes
down how.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.subsidy.domain.errors import ReminderHasEnded, TellingDayNotAllowed

NEW_DAYS: Final = 92
"""A cause is new for so many days; older ones stay on the list of the eligible but unpaid (DX-21, DX-22)."""
WITHIN_DAYS: Final = 10
"""Within how many days a new case should be told, where nobody asks for another number (KPI-22)."""
WITHIN_DAYS_MAX: Final = 366
TEXT: Final = (
    "您好！您可能符合领取残疾人补贴的条件，目前尚未申请。请您或您的监护人携带身份证、户口簿、残疾人证和银行卡，"
    "到就近的乡镇（街道）申请，也可网上申请（免费）。自申请当月起计发。"
)
"""What a message says: nothing about the person but that they may apply (SUB-35)."""


class Cause(StrEnum):
    """Why somebody is new."""

    DIBAO_ENTRY = "DIBAO_ENTRY"
    NEW_CARD = "NEW_CARD"


class ReminderState(StrEnum):
    """OPEN, REMINDED: still to be paid; APPLIED, LAPSED: ended by itself; CLOSED: by a person, with a reason."""

    OPEN = "OPEN"
    REMINDED = "REMINDED"
    APPLIED = "APPLIED"
    LAPSED = "LAPSED"
    CLOSED = "CLOSED"


ACTIVE: Final = (ReminderState.OPEN, ReminderState.REMINDED)


class TellingMedium(StrEnum):
    """How somebody was told: the first three by a message, the others by a clerk."""

    SMS = "SMS"
    LETTER = "LETTER"
    IN_APP = "IN_APP"
    PHONE = "PHONE"
    VISIT = "VISIT"


class TellingState(StrEnum):
    """WAITING for whoever carries it; SENT and FAILED with their words; CANCELLED: nothing was left to tell."""

    WAITING = "WAITING"
    SENT = "SENT"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """One case. ``division_found``: where the person lived when it was found, which is where it counts (RU-05)."""

    reminder_id: UUID
    version: int
    person_id: UUID
    cause: Cause
    cause_id: UUID
    cause_on: date
    schemes: tuple[str, ...]
    amount_fen: int
    division: str
    division_found: str
    found_on: date
    state: ReminderState
    reminded_on: date | None
    ended_on: date | None
    closed_by: str | None
    closing_cipher: bytes | None

    def must_be_active(self) -> None:
        """Nothing is told or closed twice. Raises `ReminderHasEnded`."""
        if self.state not in ACTIVE:
            raise ReminderHasEnded(state=self.state.value, allowed=[])

    def told(self, day: date, *, today: date) -> None:
        """Whether the person may be told on a day. Raises `ReminderHasEnded`, `TellingDayNotAllowed`."""
        self.must_be_active()
        if not self.found_on <= day <= today:
            raise TellingDayNotAllowed(given=day, first=self.found_on, last=today)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One time somebody was to be told, and its evidence."""

    telling_id: UUID
    reminder_id: UUID
    medium: TellingMedium
    state: TellingState
    told_on: date | None
    evidence_cipher: bytes | None
    requested_at: datetime
    requested_by: str
