"""What a bank is told and what it answers: the port between runs and bank files (RULES 4.4, SUB-55, SUB-58, SUB-59).

An instruction is one line and one attempt to pay it. Its key is stored before anything leaves, so that an answer that
comes late, twice or in part finds the line it speaks of; "nobody knows" is an outcome of its own and never a reason to
send again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.values.month import Month


class Outcome(StrEnum):
    """What the bank says became of an instruction."""

    SETTLED = "SETTLED"
    RETURNED = "RETURNED"
    UNKNOWN = "UNKNOWN"
    """Sent, and neither paid nor returned can be proven: only an answer of the bank ends this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """Pay this once. ``amount_fen`` > 0 is what leaves: the amount of the line less what is set off against it.

    ``instruction_key`` names line and attempt and stands in the bank file; ``award_id`` leads to the payee.
    """

    instruction_key: UUID
    run_id: UUID
    month: Month
    person_id: UUID
    scheme: str
    seq: int
    attempt: int
    award_id: UUID
    county: str
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One answer. ``code`` is the bank's own, empty where it gave none; ``at`` the instant it names."""

    instruction_key: UUID
    outcome: Outcome
    code: str
    amount_fen: int
    at: datetime
