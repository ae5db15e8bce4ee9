"""Words of a rehabilitation case that more than one service spells (RULES 7.6)."""

from enum import StrEnum


class CaseStatus(StrEnum):
    """States of RULES 7.6 that this release reaches."""

    NEED_REGISTERED = "NEED_REGISTERED"
    CLOSED = "CLOSED"
