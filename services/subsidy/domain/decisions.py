"""Dated decisions of the administration, and the answer for a person, a scheme and a month.

`due` is what `entitled` gives in the months decisions cover; it never reads the status of an award (ARCHITECTURE 1.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.values.month import Month


@dataclass(frozen=True, slots=True, kw_only=True)
class Determination:
    """An award was determined for a person and a scheme, applied for on a day (SUB-35), paid by a county."""

    award_id: UUID
    person_id: UUID
    scheme: str
    division: str
    application_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A person decided that an award pauses: from ``first`` on, up to but without ``until`` (None: until further)."""

    pause_id: UUID
    award_id: UUID
    first: Month
    until: Month | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackPayment:
    """Back-payment of the gap before an award that restarted after an expiry was granted (SUB-48, READ-11)."""

    decision_id: UUID
    award_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A certificate as far as money is concerned; ``components`` as ``4:2;6:3``, ``expires_on`` as printed."""

    certificate_id: UUID
    person_id: UUID
    components: str
    issued_on: date
    expires_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where a household belongs: from ``valid_from`` to the day of the move (exclusive; None: still)."""

    person_id: UUID
    division: str
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One person, scheme and month. Amounts in fen.

    ``rules``: bit *i* is set when rule number *i* of the list stopped it. ``problem``: the code of an error a clerk
    must look at (a month without a rate, READ-14); the amounts it concerns are then None. ``entitled_fen`` is judged
    for the award where one covers the month (its county, its first month), for the person at home where none does: a
    month that is paid back for want of a card is due and not entitled.
    """

    person_id: UUID
    scheme: str
    month: Month
    award_id: UUID | None
    entitled_fen: int | None
    due_fen: int | None
    settled_fen: int
    open_fen: int
    payable_fen: int | None
    rules: int
    problem: str | None
