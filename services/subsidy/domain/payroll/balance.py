"""Where the money of one person, scheme and month is: every fen that is due stands in exactly one named bucket.

due = settled + in flight + held + returned + not yet run - overpaid (ARCHITECTURE 4; RULES 12, invariant 2). The left
side and the last two are what the rules say; the four between are counted from the lines themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.subsidy.domain.payroll.line import LineState
from shared.values.month import Month


class Share(StrEnum):
    """A bucket that is counted from lines."""

    SETTLED = "SETTLED"
    IN_FLIGHT = "IN_FLIGHT"
    HELD = "HELD"
    RETURNED = "RETURNED"


SHARE_OF: Final[dict[LineState, Share]] = {
    LineState.SETTLED: Share.SETTLED,
    LineState.PENDING: Share.IN_FLIGHT,
    LineState.SENT: Share.IN_FLIGHT,
    LineState.UNKNOWN: Share.IN_FLIGHT,
    LineState.HELD: Share.HELD,
    LineState.RETURNED: Share.RETURNED,
    LineState.CLOSED_UNPAID: Share.RETURNED,
}
"""A cancelled line is in none: its money is owed anew where it is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """One person, scheme and month. Amounts in fen; None where the month has no rate (READ-14)."""

    person_id: UUID
    scheme: str
    month: Month
    due_fen: int | None
    payable_fen: int | None
    settled_fen: int = 0
    in_flight_fen: int = 0
    held_fen: int = 0
    returned_fen: int = 0

    @classmethod
    def of(
        cls,
        person_id: UUID,
        scheme: str,
        month: Month,
        *,
        owed: tuple[int | None, int | None],
        lines: Iterable[tuple[LineState, int]],
    ) -> Balance:
        """From what the rules say (due, payable) and the lines: states and amounts."""
        counted = dict.fromkeys(Share, 0)
        for state, fen in lines:
            if state in SHARE_OF:
                counted[SHARE_OF[state]] += fen
        return cls(
            person_id=person_id,
            scheme=scheme,
            month=month,
            due_fen=owed[0],
            payable_fen=owed[1],
            settled_fen=counted[Share.SETTLED],
            in_flight_fen=counted[Share.IN_FLIGHT],
            held_fen=counted[Share.HELD],
            returned_fen=counted[Share.RETURNED],
        )

    @property
    def not_yet_run_fen(self) -> int | None:
        """Due, and on no line: the next run that looks at the month takes it."""
        return None if self.payable_fen is None else max(self.payable_fen, 0)

    @property
    def overpaid_fen(self) -> int | None:
        """Paid or on its way beyond what is due."""
        return None if self.payable_fen is None else max(-self.payable_fen, 0)

    @property
    def agrees(self) -> bool | None:
        """Whether the identity holds; None where nobody can say what is due."""
        if self.due_fen is None or self.payable_fen is None:
            return None
        return self.due_fen == (
            self.settled_fen + self.in_flight_fen + self.held_fen + self.returned_fen + self.payable_fen
        )
