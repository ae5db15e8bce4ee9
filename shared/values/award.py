"""Words of an award's life that more than one service spells (RULES 4.7)."""

from enum import StrEnum
from typing import Final


class Scheme(StrEnum):
    """The two subsidies (残疾人两项补贴) of 国发〔2015〕52号."""

    LIVING = "living_subsidy"
    NURSING = "nursing_subsidy"


class AwardStatus(StrEnum):
    """What people see of an award; money never reads it (RULES 4.7)."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    STOPPED = "STOPPED"
    PAUSED = "PAUSED"
    TERMINATED = "TERMINATED"


RUNNING: Final = (AwardStatus.ACTIVE, AwardStatus.SUSPENDED, AwardStatus.PAUSED)
"""A person has at most one award of a scheme in these."""
