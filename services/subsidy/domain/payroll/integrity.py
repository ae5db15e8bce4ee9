"""What an integrity audit finds: money that was paid for a month, or is on its way, beyond what is due by today's
knowledge; why; and what is to be done about it (RULES 9; ARCHITECTURE 1)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from services.subsidy.domain.entitlement.rules import RULES


class AuditRule(StrEnum):
    """Why it was not due; the first that fits, in this order."""

    DEAD = "DEAD"
    CANCELLED = "CANCELLED"
    FROZEN = "FROZEN"
    PRISON = "PRISON"
    OVERLAP = "OVERLAP"
    """Another benefit that excludes it, or a higher payment of the kind."""
    EXPIRED = "EXPIRED"
    MOVED = "MOVED"
    INCOME = "INCOME"
    WRONG_GRADE = "WRONG_GRADE"
    """Category and grade are not in scope, or have become others since it was paid."""
    DUPLICATE = "DUPLICATE"
    """Due once, and paid by two counties, or to two records of one person."""
    WRONG_RATE = "WRONG_RATE"
    """Due, but less."""
    NO_DECISION = "NO_DECISION"
    """No award stands of this person and scheme."""
    OTHER = "OTHER"


class Standing(StrEnum):
    """Beside the audit before of the same division: first found now, found again, found no more."""

    NEW = "NEW"
    STILL = "STILL"
    GONE = "GONE"


class AuditAction(StrEnum):
    """What is suggested; whoever decides looks at the facts first."""

    STOP_AND_RECOVER = "STOP_AND_RECOVER"
    VERIFY_AND_RECOVER = "VERIFY_AND_RECOVER"
    ADJUST_AND_RECOVER = "ADJUST_AND_RECOVER"
    BLOCK_LATER_AND_RECOVER = "BLOCK_LATER_AND_RECOVER"


ACTIONS: Final[dict[AuditRule, AuditAction]] = {
    AuditRule.DEAD: AuditAction.STOP_AND_RECOVER,
    AuditRule.CANCELLED: AuditAction.STOP_AND_RECOVER,
    AuditRule.FROZEN: AuditAction.STOP_AND_RECOVER,
    AuditRule.PRISON: AuditAction.VERIFY_AND_RECOVER,
    AuditRule.OVERLAP: AuditAction.VERIFY_AND_RECOVER,
    AuditRule.EXPIRED: AuditAction.STOP_AND_RECOVER,
    AuditRule.MOVED: AuditAction.STOP_AND_RECOVER,
    AuditRule.INCOME: AuditAction.STOP_AND_RECOVER,
    AuditRule.WRONG_GRADE: AuditAction.ADJUST_AND_RECOVER,
    AuditRule.DUPLICATE: AuditAction.BLOCK_LATER_AND_RECOVER,
    AuditRule.WRONG_RATE: AuditAction.ADJUST_AND_RECOVER,
    AuditRule.NO_DECISION: AuditAction.VERIFY_AND_RECOVER,
    AuditRule.OTHER: AuditAction.VERIFY_AND_RECOVER,
}

_NAMED: Final[tuple[tuple[AuditRule, tuple[str, ...]], ...]] = (
    (AuditRule.DEAD, ("SUB-38/death", "SUB-38/dead")),
    (AuditRule.CANCELLED, ("SUB-38/cancelled", "SUB-38/cancel")),
    (AuditRule.FROZEN, ("SUB-38/frozen", "SUB-38/froze")),
    (AuditRule.PRISON, ("SUB-41", "SUB-41/stop")),
    (
        AuditRule.OVERLAP,
        (
            *("SUB-07", "SUB-08", "SUB-09", "SUB-10", "SUB-16", "SUB-11", "READ-02/benefit"),
            *("SUB-07/stop", "SUB-08/stop", "SUB-09/stop", "SUB-10/stop", "SUB-16/stop"),
        ),
    ),
    # Before the dates of the card: who holds none in scope has no card on any day of the month by some of these.
    (AuditRule.WRONG_GRADE, ("SUB-45", "READ-02/grade")),
    (AuditRule.EXPIRED, ("SUB-18", "SUB-40", "READ-18")),
    (AuditRule.MOVED, ("SUB-38/moved",)),
    (AuditRule.INCOME, ("SUB-01", "SUB-39", "READ-02/income")),
    (AuditRule.WRONG_GRADE, ("SUB-02",)),
)


def masks() -> tuple[tuple[AuditRule, int], ...]:
    """Which rules of the one expression, as bits of its answers, mean which finding; the first that fits counts."""
    bits = {rule.id: 1 << rule.number for rule in RULES}
    return tuple((rule, sum(bits[each] for each in named)) for rule, named in _NAMED)
