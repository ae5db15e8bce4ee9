"""Words of a certificate's life that more than one service spells (RULES 3.2)."""

from enum import StrEnum


class CertificateStatus(StrEnum):
    """States of RULES 3.2. ``EXPIRED`` is also implied by the expiry date: readers compare the date themselves."""

    VALID = "VALID"
    LOST = "LOST"
    FROZEN = "FROZEN"
    EXPIRED = "EXPIRED"
    SUPERSEDED = "SUPERSEDED"
    CANCELLED = "CANCELLED"


class StopKind(StrEnum):
    """Why money stops from the following month (SUB-38)."""

    DEATH = "DEATH"
    CANCELLED = "CANCELLED"
    FROZEN = "FROZEN"
    EXPIRED = "EXPIRED"
    TRANSFERRED = "TRANSFERRED"
