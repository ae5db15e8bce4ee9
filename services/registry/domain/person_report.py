"""News from outside about a person: what it says, how surely it is theirs, what may be done with it (DX-05)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final, assert_never
from uuid import UUID

from services.registry.domain.match_tier import Tier
from services.registry.domain.person_report_errors import ReportStepNotAllowed
from shared.values.division import Division

DAYS_APART_MAX: Final = 31
"""Registers of one death differ by days; dates further apart are two stories, and a person must decide."""


class ReportKind(StrEnum):
    """What is reported."""

    DEATH = "DEATH"
    MOVE = "MOVE"


class ReportSource(StrEnum):
    """Who says so (DX-05, DX-20)."""

    POLICE = "POLICE"
    HEALTH = "HEALTH"
    FUNERAL = "FUNERAL"
    FAMILY = "FAMILY"
    COMMUNITY = "COMMUNITY"


class ReportState(StrEnum):
    """Where a report stands."""

    UNMATCHED = "UNMATCHED"
    """Nobody of the register was found."""
    CANDIDATE = "CANDIDATE"
    """Somebody was found who must be confirmed."""
    READY = "READY"
    """To be applied."""
    CONFLICT = "CONFLICT"
    """It contradicts what is known; ``reason`` says how."""
    APPLIED = "APPLIED"
    CONFIRMING = "CONFIRMING"
    """It says what was known already: kept, without effect."""
    AWAITING_TRANSFER = "AWAITING_TRANSFER"
    """The household moved and the certificate has yet to follow (CERT-23)."""
    DONE = "DONE"
    """The certificate has followed."""
    REJECTED = "REJECTED"
    RETRACTED = "RETRACTED"


class ReportStep(StrEnum):
    """What can be done with a report."""

    MATCH = "match"
    CONFIRM = "confirm"
    APPLY = "apply"
    REJECT = "reject"
    RETRACT = "retract"


class Objection(StrEnum):
    """Why a report waits for a person."""

    NAME_DIFFERS = "NAME_DIFFERS"
    SEVERAL_PERSONS = "SEVERAL_PERSONS"
    NOT_CERTAIN = "NOT_CERTAIN"
    BEFORE_BIRTH = "BEFORE_BIRTH"
    AFTER_RECEIPT = "AFTER_RECEIPT"
    ALIVE_SINCE = "ALIVE_SINCE"
    OTHER_DATE = "OTHER_DATE"
    HAS_DIED = "HAS_DIED"
    NOT_THE_LATEST = "NOT_THE_LATEST"
    REFUSED = "REFUSED"
    """Applying it was refused; applied alone, it says why."""


def allowed_steps(state: ReportState) -> tuple[ReportStep, ...]:
    """What may be done with a report in a state."""
    match state:
        case ReportState.UNMATCHED:
            return (ReportStep.MATCH, ReportStep.REJECT)
        case ReportState.CANDIDATE | ReportState.CONFLICT:
            return (ReportStep.MATCH, ReportStep.CONFIRM, ReportStep.REJECT)
        case ReportState.READY:
            return (ReportStep.APPLY, ReportStep.REJECT)
        case ReportState.APPLIED | ReportState.AWAITING_TRANSFER | ReportState.CONFIRMING:
            return (ReportStep.RETRACT,)
        case ReportState.DONE | ReportState.REJECTED | ReportState.RETRACTED:
            return ()
    assert_never(state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report. ``stop_id`` and ``certificate_stop_id`` are the facts it made."""

    report_id: UUID
    kind: ReportKind
    source: ReportSource
    event_date: date
    received_on: date
    division: Division
    state: ReportState = ReportState.UNMATCHED
    version: int = 1
    to_division: Division | None = None
    batch_id: UUID | None = None
    tier: Tier | None = None
    reason: Objection | None = None
    person_id: UUID | None = None
    stop_id: UUID | None = None
    certificate_stop_id: UUID | None = None

    @property
    def is_decided(self) -> bool:
        """Somebody weighed it against another date and chose it."""
        return self.state is ReportState.READY and self.reason is Objection.OTHER_DATE

    def must_allow(self, step: ReportStep) -> None:
        """Raise `ReportStepNotAllowed` naming what is allowed."""
        allowed = allowed_steps(self.state)
        if step not in allowed:
            raise ReportStepNotAllowed(
                step=step.value, state=self.state.value, allowed=[each.value for each in allowed]
            )

    def matched(self, person_id: UUID, division: Division, tier: Tier, objection: Objection | None) -> Report:
        """It is about this person: ready when nothing speaks against it."""
        self.must_allow(ReportStep.MATCH)
        if tier is Tier.ID_OTHER_NAME:
            state, reason = ReportState.CONFLICT, objection or Objection.NAME_DIFFERS
        elif objection is not None:
            state, reason = ReportState.CONFLICT, objection
        elif not tier.is_sure:
            state, reason = ReportState.CANDIDATE, Objection.NOT_CERTAIN
        else:
            state, reason = ReportState.READY, None
        return self._next(state, person_id=person_id, division=division, tier=tier, reason=reason)

    def confirmed(self) -> Report:
        """A person looked, and it is so."""
        self.must_allow(ReportStep.CONFIRM)
        return self._next(ReportState.READY)

    def rejected(self) -> Report:
        """It is not so, or about nobody of ours."""
        self.must_allow(ReportStep.REJECT)
        return self._next(ReportState.REJECTED)

    def applied(self, state: ReportState, *, stop_id: UUID | None, certificate_stop_id: UUID | None) -> Report:
        """It took effect: ``state`` says which."""
        self.must_allow(ReportStep.APPLY)
        return self._next(state, stop_id=stop_id, certificate_stop_id=certificate_stop_id)

    def sent_back(self) -> Report:
        """Applying it was refused: a person must look."""
        self.must_allow(ReportStep.APPLY)
        return self._next(ReportState.CONFLICT, reason=Objection.REFUSED)

    def outweighed(self) -> Report:
        """Another report's date counts now; this one confirms that it happened."""
        return self._next(ReportState.CONFIRMING)

    def retracted(self) -> Report:
        """It was wrong."""
        self.must_allow(ReportStep.RETRACT)
        return self._next(ReportState.RETRACTED)

    def _next(self, state: ReportState, **changed: object) -> Report:
        return replace(self, state=state, version=self.version + 1, **changed)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the register knows of the person, to weigh a report against.

    ``alive_on``: the latest day somebody saw the person alive (a visit that was answered, an issue).
    """

    born: date
    died_on: date | None
    alive_on: date | None
    moved_on: date | None = None


def objection_to(report: Report, known: Known) -> Objection | None:
    """What speaks against a report; None when it may be applied unseen."""
    if report.event_date > report.received_on:
        return Objection.AFTER_RECEIPT
    match report.kind:
        case ReportKind.DEATH:
            return _objection_to_death(report.event_date, known)
        case ReportKind.MOVE:
            return _objection_to_move(report.event_date, known)
    assert_never(report.kind)


def _objection_to_death(died_on: date, known: Known) -> Objection | None:
    if died_on < known.born:
        return Objection.BEFORE_BIRTH
    if known.died_on is not None:
        apart = abs((died_on - known.died_on).days)
        return Objection.OTHER_DATE if apart > DAYS_APART_MAX else None
    if known.alive_on is not None and died_on < known.alive_on:
        return Objection.ALIVE_SINCE
    return None


def _objection_to_move(moved_on: date, known: Known) -> Objection | None:
    if known.died_on is not None:
        return Objection.HAS_DIED
    if known.moved_on is not None and moved_on < known.moved_on:
        return Objection.NOT_THE_LATEST
    return None


class DeathEffect(StrEnum):
    """What applying a death does."""

    DIES = "DIES"
    REDATED = "REDATED"
    """Known to be dead; this is the day that counts from now on."""
    CONFIRMS = "CONFIRMS"


def effect_of_death(died_on: date, known_died_on: date | None, *, decided: bool) -> DeathEffect:
    """The earliest credible date wins (DX-05); within one month the day makes no difference to anybody and stays.

    ``decided``: somebody weighed two dates that are far apart and chose this one.
    """
    if known_died_on is None:
        return DeathEffect.DIES
    if decided and died_on != known_died_on:
        return DeathEffect.REDATED
    earlier = (died_on.year, died_on.month) < (known_died_on.year, known_died_on.month)
    return DeathEffect.REDATED if earlier else DeathEffect.CONFIRMS
