"""The life of a payment line (RULES 4.8, item), and the account its money stands in."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from shared.values.machine import Machine, Move


class LineState(StrEnum):
    """Where a line stands. A line that left and was not answered is SENT."""

    PENDING = "PENDING"
    HELD = "HELD"
    SENT = "SENT"
    UNKNOWN = "UNKNOWN"
    SETTLED = "SETTLED"
    RETURNED = "RETURNED"
    CLOSED_UNPAID = "CLOSED_UNPAID"
    CANCELLED = "CANCELLED"


class LineStep(StrEnum):
    """What happens to a line."""

    HOLD = "hold"
    CLEAR = "clear"
    CANCEL = "cancel"
    SEND = "send"
    SETTLE = "settle"
    RETURN = "return"
    LOSE = "lose"
    RENEW = "renew"
    CLOSE = "close"


class HoldReason(StrEnum):
    """Why a line is held by name."""

    NO_LONGER_DUE = "NO_LONGER_DUE"
    EVENTS_WAITING = "EVENTS_WAITING"
    NO_PAYEE = "NO_PAYEE"
    SUSPECT = "SUSPECT"
    """A suspect holds the person's money (READ-22): what is due stays due."""


class LineReason(StrEnum):
    """Why a person takes a step with a line."""

    LOOKED_INTO = "LOOKED_INTO"
    NOT_OWED = "NOT_OWED"
    ACCOUNT_CORRECTED = "ACCOUNT_CORRECTED"
    DIED = "DIED"
    NOT_REACHED = "NOT_REACHED"
    OTHER = "OTHER"


class Cause(StrEnum):
    """Why a line is there: the month itself, a month never paid, or a month that was paid too little."""

    REGULAR = "REGULAR"
    NEVER_PAID = "NEVER_PAID"
    PAID_TOO_LITTLE = "PAID_TOO_LITTLE"


class Account(StrEnum):
    """Where money stands in the ledger."""

    EXPENSE = "EXPENSE"
    """Subsidies charged to the budget (应发补贴); also where a cancelled line goes back to."""
    PAYABLE = "PAYABLE"
    """Owed to persons, not on its way (应付)."""
    IN_TRANSIT = "IN_TRANSIT"
    """Told to the bank, not answered (在途)."""
    TREASURY = "TREASURY"
    """Left the treasury for a person's account (已付)."""


_S, _E = LineState, LineStep

LINE: Final = Machine(
    name="payment_item",
    states=LineState,
    events=LineStep,
    begins=(_S.PENDING, _S.HELD),
    moves=(
        Move(
            _E.HOLD,
            (_S.PENDING,),
            (_S.HELD,),
            guard="no longer owed in full, events of the person wait, or a suspect is open",
            rules=("READ-22",),
        ),
        Move(
            _E.CLEAR,
            (_S.HELD,),
            (_S.PENDING,),
            guard="by name; owed in full now, no event of the person waits, no suspect holds it",
        ),
        Move(
            _E.CANCEL, (_S.PENDING, _S.HELD, _S.RETURNED), (_S.CANCELLED,), guard="reason", effect="owed anew where due"
        ),
        Move(_E.SEND, (_S.PENDING,), (_S.SENT,), guard="an instruction was stored", rules=("SUB-55",)),
        Move(_E.SETTLE, (_S.SENT, _S.UNKNOWN), (_S.SETTLED,), guard="the bank says so"),
        Move(
            _E.RETURN,
            (_S.SENT, _S.UNKNOWN, _S.SETTLED),
            (_S.RETURNED,),
            guard="the bank says so, maybe later than it said paid",
            rules=("SUB-59",),
        ),
        Move(
            _E.LOSE,
            (_S.SENT,),
            (_S.UNKNOWN,),
            guard="the outcome cannot be proven",
            effect="never sent again by itself",
        ),
        Move(_E.RENEW, (_S.RETURNED,), (_S.PENDING,), guard="account corrected; attempt + 1", rules=("SUB-59",)),
        Move(_E.CLOSE, (_S.RETURNED,), (_S.CLOSED_UNPAID,), guard="dead, or unreachable past the limit"),
    ),
)


def account_of(state: LineState) -> Account:
    """Where the money of a line in this state stands; every step of a line moves it from one to another."""
    match state:
        case LineState.PENDING | LineState.HELD | LineState.RETURNED | LineState.CLOSED_UNPAID:
            return Account.PAYABLE
        case LineState.SENT | LineState.UNKNOWN:
            return Account.IN_TRANSIT
        case LineState.SETTLED:
            return Account.TREASURY
        case LineState.CANCELLED:
            return Account.EXPENSE
