"""Words of a rehabilitation case that more than one service spells (RULES 7.6)."""

from enum import StrEnum


class CaseStatus(StrEnum):
    """States of RULES 7.6."""

    NEED_REGISTERED = "NEED_REGISTERED"
    CLOSED = "CLOSED"
    NOT_SUITABLE = "NOT_SUITABLE"
    REGISTERED = "REGISTERED"
    REFERRED = "REFERRED"
    ASSESSING = "ASSESSING"
    ASSESSED = "ASSESSED"
    PLAN_ACTIVE = "PLAN_ACTIVE"
    PLAN_REVISED = "PLAN_REVISED"
    PAUSED = "PAUSED"
    REFERRED_MEDICAL = "REFERRED_MEDICAL"
    FOLLOWED_UP = "FOLLOWED_UP"
