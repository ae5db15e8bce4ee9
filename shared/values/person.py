"""Words about persons that more than one service spells."""

from enum import StrEnum


class ClientGround(StrEnum):
    """Why somebody without a certificate is served all the same."""

    CHILD_DIAGNOSED = "CHILD_DIAGNOSED"
    """A child under seven whose disability a diagnosis proves (CERT-37)."""
    SEVERE_MENTAL = "SEVERE_MENTAL"
    """A patient of risk level 3 or more who does not want a certificate (CERT-36)."""


class VisitOutcome(StrEnum):
    """How a visit of the basic-status survey ended."""

    ANSWERED = "ANSWERED"
    NOT_FOUND = "NOT_FOUND"
    MOVED_AWAY = "MOVED_AWAY"
    DIED = "DIED"
    REFUSED = "REFUSED"


class DivisionChangeKind(StrEnum):
    """What happened to a division (ID-21)."""

    MERGE = "MERGE"
    SPLIT = "SPLIT"
    RENAME = "RENAME"
    RECODE = "RECODE"
