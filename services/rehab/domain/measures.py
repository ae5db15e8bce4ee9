"""Words of what is done for a client, and the instruments a result is measured with (REH-01, REH-12, REH-15)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.rehab.domain.plan_errors import ScoreOutOfRange


class Programme(StrEnum):
    """Under which rules a case runs (RULES 7.1, 7.2, 7.4)."""

    GENERAL = "GENERAL"
    CHILD = "CHILD"
    MENTAL = "MENTAL"

    @property
    def confidential(self) -> bool:
        """Seen only by who answers for it and by who treats (REH-60)."""
        return self is Programme.MENTAL


class AgeBand(StrEnum):
    """The bands of the catalogue (REH-12). The register's copy knows no birthday: whoever checks names the band."""

    AGED_0_TO_6 = "AGED_0_TO_6"
    AGED_7_TO_17 = "AGED_7_TO_17"
    ADULT = "ADULT"


class Mode(StrEnum):
    """Where a session takes place (REH-16)."""

    CENTRE = "CENTRE"
    HOME = "HOME"
    REMOTE = "REMOTE"


class Payer(StrEnum):
    """Who pays for an item."""

    FEDERATION = "FEDERATION"
    FINANCE = "FINANCE"
    MEDICAL_INSURANCE = "MEDICAL_INSURANCE"
    CHARITY = "CHARITY"
    SELF = "SELF"


class Signer(StrEnum):
    """Who consents and signs."""

    SELF = "SELF"
    GUARDIAN = "GUARDIAN"


class Instrument(StrEnum):
    """Named instruments of assessment."""

    BARTHEL = "BARTHEL"
    FIM = "FIM"
    GMFM_88 = "GMFM_88"
    BERG = "BERG"
    MMSE = "MMSE"
    GESELL = "GESELL"
    CARS = "CARS"
    WHODAS_2 = "WHODAS_2"
    SDSS = "SDSS"
    IPROS = "IPROS"


@dataclass(frozen=True, slots=True)
class Scale:
    """The scores an instrument knows; ``rising``: more is better."""

    least: int
    most: int
    rising: bool = True


SCALES: Final[dict[Instrument, Scale]] = {
    Instrument.BARTHEL: Scale(0, 100),
    Instrument.FIM: Scale(18, 126),
    Instrument.GMFM_88: Scale(0, 264),
    Instrument.BERG: Scale(0, 56),
    Instrument.MMSE: Scale(0, 30),
    Instrument.GESELL: Scale(0, 200),
    Instrument.CARS: Scale(15, 60, rising=False),
    Instrument.WHODAS_2: Scale(0, 100, rising=False),
    Instrument.SDSS: Scale(0, 20, rising=False),
    Instrument.IPROS: Scale(0, 170, rising=False),
}


class AssessmentKind(StrEnum):
    """When in a case it is done."""

    BASELINE = "BASELINE"
    STAGE = "STAGE"
    FINAL = "FINAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What an assessor of the institution found, with one instrument, on one day."""

    assessment_id: UUID
    kind: AssessmentKind
    instrument: Instrument
    score: int
    staff_id: UUID
    assessed_on: date

    def __post_init__(self) -> None:
        must_be_on_scale(self.instrument, self.score)


def must_be_on_scale(instrument: Instrument, score: int) -> None:
    """Raise `ScoreOutOfRange`."""
    scale = SCALES[instrument]
    if not scale.least <= score <= scale.most:
        raise ScoreOutOfRange(instrument=instrument.value, given=score, least=scale.least, most=scale.most)


def reached(instrument: Instrument, target: int, score: int) -> bool:
    """Whether a score is at least as good as what was aimed at."""
    return score >= target if SCALES[instrument].rising else score <= target


@dataclass(frozen=True, slots=True)
class Effect:
    """Before and after with one instrument; ``change`` is how much better (negative: worse)."""

    instrument: Instrument
    before: int
    after: int

    @property
    def change(self) -> int:
        """In points of the instrument, better is positive."""
        difference = self.after - self.before
        return difference if SCALES[self.instrument].rising else -difference


def effects(assessments: tuple[Assessment, ...]) -> tuple[Effect, ...]:
    """Per instrument: the first baseline against the last assessment after it (REH-15)."""
    found = []
    for instrument in Instrument:
        theirs = sorted(
            (one for one in assessments if one.instrument is instrument),
            key=lambda one: (one.assessed_on, one.assessment_id),
        )
        before = next((one for one in theirs if one.kind is AssessmentKind.BASELINE), None)
        after = [one for one in theirs if one.kind is not AssessmentKind.BASELINE]
        if before is not None and after:
            found.append(Effect(instrument, before.score, after[-1].score))
    return tuple(found)
