"""Which papers a matter needs (CERT-03, CERT-30): a checklist that is complete or says what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from services.registry.domain.application_state import Matter
from services.registry.domain.certificate import CancellationReason
from shared.values.disability import DisabilityCategory

PHOTOGRAPHS: Final = 3
"""Two-inch photographs on white (CERT-03)."""
ADULT_YEARS: Final = 18


class Paper(StrEnum):
    """A paper, or a scan of it."""

    IDENTITY_CARD = "IDENTITY_CARD"
    HOUSEHOLD_BOOK = "HOUSEHOLD_BOOK"
    PHOTOGRAPHS = "PHOTOGRAPHS"
    APPLICATION_FORM = "APPLICATION_FORM"
    ASSESSMENT_FORM = "ASSESSMENT_FORM"
    GUARDIAN_PROOF = "GUARDIAN_PROOF"
    OLD_CARD = "OLD_CARD"
    LOSS_DECLARATION = "LOSS_DECLARATION"
    RESIDENCE_PERMIT = "RESIDENCE_PERMIT"
    WRITTEN_WISH = "WRITTEN_WISH"
    DEATH_PROOF = "DEATH_PROOF"
    COURT_JUDGMENT = "COURT_JUDGMENT"


_P = Paper
_ALWAYS: Final[Mapping[Matter, frozenset[Paper]]] = {
    Matter.NEW: frozenset(
        {_P.IDENTITY_CARD, _P.HOUSEHOLD_BOOK, _P.PHOTOGRAPHS, _P.APPLICATION_FORM, _P.ASSESSMENT_FORM}
    ),
    Matter.RENEWAL: frozenset({_P.IDENTITY_CARD, _P.PHOTOGRAPHS, _P.APPLICATION_FORM, _P.OLD_CARD}),
    Matter.REPLACEMENT: frozenset({_P.IDENTITY_CARD, _P.PHOTOGRAPHS, _P.APPLICATION_FORM, _P.LOSS_DECLARATION}),
    Matter.CHANGE: frozenset({_P.IDENTITY_CARD, _P.PHOTOGRAPHS, _P.APPLICATION_FORM, _P.ASSESSMENT_FORM, _P.OLD_CARD}),
    Matter.TRANSFER: frozenset({_P.IDENTITY_CARD, _P.HOUSEHOLD_BOOK, _P.OLD_CARD}),
    Matter.CANCELLATION: frozenset({_P.IDENTITY_CARD}),
    Matter.EXCHANGE: frozenset({_P.IDENTITY_CARD, _P.PHOTOGRAPHS, _P.OLD_CARD}),
}
_BY_REASON: Final[Mapping[CancellationReason, Paper]] = {
    CancellationReason.VOLUNTARY: Paper.WRITTEN_WISH,
    CancellationReason.DEATH: Paper.DEATH_PROOF,
    CancellationReason.DECLARED_MISSING: Paper.COURT_JUDGMENT,
}
ASKED_FOR: Final = frozenset(_BY_REASON)
"""Cancellations somebody asks for; the others the federation decides by itself (CERT-25…28)."""

_NEEDS_GUARDIAN: Final = frozenset({DisabilityCategory.INTELLECTUAL, DisabilityCategory.MENTAL})


def required(
    matter: Matter,
    *,
    categories: Iterable[DisabilityCategory] = (),
    age: int,
    away_from_home: bool,
    cancellation: CancellationReason | None = None,
) -> frozenset[Paper]:
    """The whole checklist of a case. ``age`` in completed years on the day of application."""
    papers = set(_ALWAYS[matter])
    if cancellation in ASKED_FOR:
        papers.add(_BY_REASON[cancellation])
    if away_from_home:
        papers.add(Paper.RESIDENCE_PERMIT)
    if age < ADULT_YEARS or not _NEEDS_GUARDIAN.isdisjoint(categories):
        papers.add(Paper.GUARDIAN_PROOF)
    return frozenset(papers)
