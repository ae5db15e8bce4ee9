"""Needs: what somebody lacks, told by anybody, kept once a person and item, and served in order (REH-09, REH-31)."""

from __future__ import annotations

from enum import StrEnum


class NeedSource(StrEnum):
    """Who told of it (REH-09)."""

    SURVEY = "SURVEY"
    FAMILY_DOCTOR = "FAMILY_DOCTOR"
    APPLICATION = "APPLICATION"
    REFERRAL = "REFERRAL"
    SCREENING = "SCREENING"


class NeedPriority(StrEnum):
    """The order of approval: dibao, then poor, then general (REH-31)."""

    DIBAO = "DIBAO"
    POOR = "POOR"
    GENERAL = "GENERAL"

    @property
    def rank(self) -> int:
        """Lower is served first."""
        return list(NeedPriority).index(self)


class NeedStatus(StrEnum):
    """The life of a need."""

    OPEN = "OPEN"
    MET = "MET"
    WITHDRAWN = "WITHDRAWN"


class NeedOutcome(StrEnum):
    """What came of telling one. MERGED: it was known; told once more, more urgent or earlier, that counts."""

    REGISTERED = "REGISTERED"
    MERGED = "MERGED"
    PERSON_NOT_KNOWN = "PERSON_NOT_KNOWN"
    PERSON_HAS_DIED = "PERSON_HAS_DIED"
