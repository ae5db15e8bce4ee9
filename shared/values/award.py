"""Words of an award's life that more than one service spells (RULES 4.7)."""

from enum import StrEnum


class Scheme(StrEnum):
    """The two subsidies (残疾人两项补贴) of 国发〔2015〕52号."""

    LIVING = "living_subsidy"
    NURSING = "nursing_subsidy"


class AwardStatus(StrEnum):
    """What people see of an award; money never reads it (RULES 4.7)."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    STOPPED = "STOPPED"
