"""An application about a certificate: the guards of RULES 3.1. Each step answers the application after it.

Which step a state knows is in `application_state`; here stands what else must hold. Nothing here reads a clock: days,
local rules and the calendar come in as `Timing`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.registry.domain.application_errors import (
    ApplicationStepNotAllowed,
    AssessmentIsNeeded,
    AssessmentIsNotNeeded,
    CompletionWasAsked,
    CompletionWasNotAsked,
    DisputeIsDecided,
    DisputeIsLate,
    DisputeIsNotDecided,
    DisputeTimeRuns,
    LossPostingRuns,
    MatterMakesACard,
    MatterMakesNoCard,
    NothingToDispute,
    NoticeRuns,
    ObjectionIsOpen,
    PapersAreComplete,
    PapersAreMissing,
    RatingIsNotDue,
    StandardIsMet,
    StandardIsNotMet,
)
from services.registry.domain.application_state import (
    APPLICATIONS,
    STAGES,
    ApplicationState,
    ApplicationStep,
    Desk,
    Matter,
)
from services.registry.domain.assessment import Conclusion, Institution
from services.registry.domain.certificate import CancellationReason
from services.registry.domain.local_rules import (
    DISPUTE_WORKING_DAYS,
    LOSS_POSTING_DAYS,
    NOTICE_WORKING_DAYS,
    RENEWAL_REASSESSMENT,
    RenewalPolicy,
)
from services.registry.domain.papers import Paper
from services.registry.domain.timing import Timing
from shared.values.dates import ONE_DAY
from shared.values.disability import Disability, DisabilityCategory
from shared.values.division import Division, Level

_S, _E = ApplicationState, ApplicationStep


class Channel(StrEnum):
    """Where an application came in (KPI-35)."""

    COUNTER = "COUNTER"
    ONLINE = "ONLINE"
    PORTAL = "PORTAL"
    HOUSE = "HOUSE"
    """Opened by the house itself: a dispute that was won."""


class RejectionReason(StrEnum):
    """Why an application ends without what was asked for."""

    FALSE_INFORMATION = "FALSE_INFORMATION"
    STILL_INCOMPLETE = "STILL_INCOMPLETE"
    STANDARD_NOT_MET = "STANDARD_NOT_MET"
    OBJECTION_UPHELD = "OBJECTION_UPHELD"
    REVIEW_REFUSED = "REVIEW_REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for besides the matter itself. ``event_date``: the day of loss, move, death or judgment."""

    categories: frozenset[DisabilityCategory] = frozenset()
    state_changed: bool = False
    visible_limb_loss: bool = False
    cancellation: CancellationReason | None = None
    event_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an assessment came to. ``disability`` None: the standard is not met."""

    concluded_on: date
    disability: Disability | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """``home`` decides, ``acceptance`` took it in (CERT-31); ``leaving`` is the county a transfer leaves."""

    application_id: UUID
    person_id: UUID
    version: int
    matter: Matter
    channel: Channel
    state: ApplicationState
    home: Division
    acceptance: Division
    leaving: Division | None = None
    certificate_id: UUID | None = None
    wish: Wish = Wish()
    submitted_on: date
    entered_on: date
    due_on: date | None = None
    warn_on: date | None = None
    completion_asked: bool = False
    asked_papers: frozenset[Paper] = frozenset()
    needs_assessment: bool | None = None
    institution_id: UUID | None = None
    outcome: Outcome | None = None
    notice_until: date | None = None
    decided_on: date | None = None
    rejection: RejectionReason | None = None
    produced_on: date | None = None
    dispute: Outcome | None = None
    rating: int | None = None

    # ------------------------------------------------------------------------ who

    @property
    def is_open(self) -> bool:
        """Whether the case still runs (a dispute is another case about the same assessment)."""
        return self.state in STAGES and self.state not in {_S.DISPUTE_CITY, _S.DISPUTE_PROVINCE}

    @property
    def desk(self) -> Division:
        """The division whose turn it is; who acts must answer for all of it."""
        stage = STAGES.get(self.state)
        match stage.desk if stage else Desk.HOME:
            case Desk.ACCEPTANCE:
                return self.acceptance
            case Desk.HOME:
                return self.home
            case Desk.CITY:
                return self.home.prefix(Level.PREFECTURE)
            case Desk.PROVINCE:
                return self.home.prefix(Level.PROVINCE)

    @property
    def counties(self) -> frozenset[Division]:
        """Whoever has a part in the case and sees it."""
        return frozenset(division for division in (self.home, self.acceptance, self.leaving) if division is not None)

    def must_allow(self, step: ApplicationStep) -> None:
        """Raise `ApplicationStepNotAllowed` naming the steps the state knows."""
        if APPLICATIONS.move(self.state, step) is None:
            allowed = [each.value for each in APPLICATIONS.allowed(self.state)]
            raise ApplicationStepNotAllowed(step=step.value, status=self.state.value, allowed=allowed)

    # ------------------------------------------------------------------------ intake

    def return_(self, missing: frozenset[Paper], timing: Timing) -> Application:
        """Ask for everything that is missing, once (CERT-03). Raises `CompletionWasAsked`, `PapersAreComplete`."""
        self.must_allow(_E.RETURN)
        if self.completion_asked:
            raise CompletionWasAsked
        if not missing:
            raise PapersAreComplete
        return self._enters(_S.RETURNED, timing, completion_asked=True, asked_papers=missing)

    def resubmit(self, timing: Timing) -> Application:
        """The applicant brought what there is."""
        self.must_allow(_E.RESUBMIT)
        return self._enters(_S.SUBMITTED, timing)

    def accept(
        self, missing: frozenset[Paper], timing: Timing, *, by_eye: bool, demand_assessment: bool
    ) -> Application:
        """Take the case in (CERT-01). ``by_eye``: the old certificate rests on no proper assessment (CERT-15).

        ``demand_assessment``: the receiving federation disputes the old one (CERT-23). Raises `PapersAreMissing`.
        """
        self.must_allow(_E.ACCEPT)
        if missing:
            raise PapersAreMissing(missing=", ".join(sorted(missing)))
        needs = self._needs_assessment(timing, by_eye=by_eye, demanded=demand_assessment)
        return self._enters(_S.ACCEPTED, timing, needs_assessment=needs)

    def _needs_assessment(self, timing: Timing, *, by_eye: bool, demanded: bool) -> bool:
        match self.matter:
            case Matter.NEW | Matter.CHANGE:
                return True
            case Matter.TRANSFER:
                return demanded
            case Matter.RENEWAL:
                return demanded or self._renewal_needs_assessment(timing, by_eye=by_eye)
            case Matter.REPLACEMENT | Matter.CANCELLATION | Matter.EXCHANGE:
                return False

    def _renewal_needs_assessment(self, timing: Timing, *, by_eye: bool) -> bool:
        match timing.rules.value(RENEWAL_REASSESSMENT, division=self.home, on=timing.today, matter=self.matter):
            case RenewalPolicy.IF_DOUBTFUL:
                return by_eye or self.wish.state_changed
            case RenewalPolicy.EXCEPT_VISIBLE_LOSS:
                return not self.wish.visible_limb_loss or self.wish.state_changed
            case RenewalPolicy.ALWAYS:
                return True

    def reject(self, reason: RejectionReason, missing: frozenset[Paper], timing: Timing) -> Application:
        """Refuse at intake: false information (CERT-04), or incomplete after it was asked for once."""
        self.must_allow(_E.REJECT)
        if reason is RejectionReason.STILL_INCOMPLETE:
            if not missing:
                raise PapersAreComplete
            if not self.completion_asked:
                raise CompletionWasNotAsked
        return self._rejected(reason, timing)

    # ------------------------------------------------------------------------ assessment

    def assign(self, institution: Institution, timing: Timing) -> Application:
        """Name the institution. Raises `AssessmentIsNotNeeded`, `InstitutionIsNotDesignated` (CERT-02)."""
        self.must_allow(_E.ASSIGN)
        if not self.needs_assessment:
            raise AssessmentIsNotNeeded(matter=self.matter.value)
        institution.must_be_designated(*sorted(self.wish.categories), on=timing.today)
        return self._enters(_S.ASSESSMENT_PENDING, timing, institution_id=institution.institution_id)

    def skip_assessment(self, timing: Timing) -> Application:
        """Straight to review. Raises `AssessmentIsNeeded`."""
        self.must_allow(_E.SKIP_ASSESSMENT)
        if self.needs_assessment:
            raise AssessmentIsNeeded(matter=self.matter.value)
        return self._enters(_S.UNDER_REVIEW, timing)

    def conclude(self, conclusion: Conclusion, institution: Institution, timing: Timing) -> Application:
        """Record what two physicians of the institution signed; raises what `Conclusion.must_hold` does."""
        self.must_allow(_E.CONCLUDE)
        conclusion.must_hold(institution, asked=self.wish.categories, today=timing.today)
        outcome = Outcome(concluded_on=timing.today, disability=conclusion.disability)
        return self._enters(_S.ASSESSED, timing, outcome=outcome)

    def decline(self, timing: Timing) -> Application:
        """The standard is not met (CERT-07); the applicant may dispute it (CERT-21). Raises `StandardIsMet`."""
        self.must_allow(_E.DECLINE)
        if self.disability is not None:
            raise StandardIsMet
        return self._rejected(RejectionReason.STANDARD_NOT_MET, timing)

    @property
    def disability(self) -> Disability | None:
        """What the assessment found; None without one, or when the standard is not met."""
        return None if self.outcome is None else self.outcome.disability

    # ------------------------------------------------------------------------ notice

    def start_notice(self, timing: Timing) -> Application:
        """Post it in the village or community for five working days (CERT-05). Raises `StandardIsNotMet`."""
        self.must_allow(_E.START_NOTICE)
        if self.disability is None:
            raise StandardIsNotMet
        until = timing.limit(NOTICE_WORKING_DAYS, since=timing.today, division=self.acceptance, matter=self.matter)
        return self._enters(_S.IN_NOTICE, timing, notice_until=until)

    def uphold_objection(self, timing: Timing, *, reassess: bool) -> Application:
        """Somebody objected and is right: assess again, or reject."""
        self.must_allow(_E.REASSESS if reassess else _E.UPHOLD)
        if reassess:
            return self._enters(_S.ASSESSMENT_PENDING, timing, outcome=None, notice_until=None)
        return self._rejected(RejectionReason.OBJECTION_UPHELD, timing, notice_until=None)

    def end_notice(self, open_objections: int, timing: Timing) -> Application:
        """On to review. Raises `NoticeRuns` through the last of its working days, `ObjectionIsOpen`."""
        self.must_allow(_E.END_NOTICE)
        assert self.notice_until is not None
        if timing.today <= self.notice_until:
            raise NoticeRuns(until=self.notice_until.isoformat())
        if open_objections:
            raise ObjectionIsOpen(open=open_objections)
        return self._enters(_S.UNDER_REVIEW, timing)

    # ------------------------------------------------------------------------ decision

    def approve(self, timing: Timing) -> Application:
        """The home county agrees (CERT-06); whether it did so in time is in the clocks."""
        self.must_allow(_E.APPROVE)
        return self._enters(_S.APPROVED, timing)

    def refuse(self, timing: Timing) -> Application:
        """The home county does not."""
        self.must_allow(_E.REFUSE)
        return self._rejected(RejectionReason.REVIEW_REFUSED, timing)

    def produce(self, timing: Timing) -> Application:
        """Print the card; it bears today's date. Raises `MatterMakesNoCard`, `LossPostingRuns` (CERT-18)."""
        self.must_allow(_E.PRODUCE)
        if not self.matter.makes_a_card:
            raise MatterMakesNoCard(matter=self.matter.value)
        if self.matter is Matter.REPLACEMENT:
            posted = timing.rules.value(LOSS_POSTING_DAYS, division=self.home, on=timing.today, matter=self.matter)
            until = self.submitted_on + posted * ONE_DAY
            if timing.today < until:
                raise LossPostingRuns(until=until.isoformat())
        return self._enters(_S.PRODUCED, timing, produced_on=timing.today)

    def hand_over(self, timing: Timing) -> Application:
        """The holder has the card."""
        self.must_allow(_E.HAND_OVER)
        return self._enters(_S.COMPLETED, timing, decided_on=timing.today)

    def finish(self, timing: Timing) -> Application:
        """Done without a card. Raises `MatterMakesACard`."""
        self.must_allow(_E.FINISH)
        if self.matter.makes_a_card:
            raise MatterMakesACard(matter=self.matter.value)
        return self._enters(_S.COMPLETED, timing, decided_on=timing.today)

    def withdraw(self, timing: Timing) -> Application:
        """Applicant or guardian do not want it any more."""
        self.must_allow(_E.WITHDRAW)
        return self._enters(_S.WITHDRAWN, timing, decided_on=timing.today)

    # ------------------------------------------------------------------------ dispute

    def raise_dispute(self, timing: Timing) -> Application:
        """Take the assessment to the prefecture (CERT-21). Raises `NothingToDispute`, `DisputeIsLate`."""
        self.must_allow(_E.DISPUTE)
        if self.outcome is None or self.decided_on is None:
            raise NothingToDispute
        self._must_be_in_time(self.decided_on, timing)
        return self._enters(_S.DISPUTE_CITY, timing)

    def decide_dispute(self, conclusion: Conclusion, institution: Institution, timing: Timing) -> Application:
        """The prefecture's institution or the provincial panel has concluded; the panel's word is final (CERT-22)."""
        self.must_allow(_E.DECIDE)
        if self.state is _S.DISPUTE_CITY and self.dispute is not None:
            raise DisputeIsDecided
        conclusion.must_hold(institution, asked=frozenset(), today=timing.today)
        dispute = Outcome(concluded_on=timing.today, disability=conclusion.disability)
        return self._enters(_S.FINAL if self.state is _S.DISPUTE_PROVINCE else _S.DISPUTE_CITY, timing, dispute=dispute)

    def escalate(self, timing: Timing) -> Application:
        """On to the province (CERT-22). Raises `DisputeIsNotDecided`, `DisputeIsLate`."""
        self.must_allow(_E.ESCALATE)
        self._must_be_in_time(self._city_decided_on(), timing)
        return self._enters(_S.DISPUTE_PROVINCE, timing)

    def close_dispute(self, timing: Timing, *, accepted: bool) -> Application:
        """The prefecture's word stands: accepted, or undisputed when the time has passed. Raises `DisputeTimeRuns`."""
        self.must_allow(_E.CLOSE)
        until = self._dispute_limit(self._city_decided_on(), timing)
        if not accepted and timing.today <= until:
            raise DisputeTimeRuns(until=until.isoformat())
        return self._enters(_S.FINAL, timing)

    def _city_decided_on(self) -> date:
        if self.dispute is None:
            raise DisputeIsNotDecided
        return self.dispute.concluded_on

    def _must_be_in_time(self, since: date, timing: Timing) -> None:
        until = self._dispute_limit(since, timing)
        if timing.today > until:
            raise DisputeIsLate(until=until.isoformat())

    def _dispute_limit(self, since: date, timing: Timing) -> date:
        return timing.limit(DISPUTE_WORKING_DAYS, since=since, division=self.home, matter=self.matter)

    @property
    def won(self) -> Disability | None:
        """What a finished dispute found, when it is another disability than the one disputed."""
        found = None if self.state is not _S.FINAL or self.dispute is None else self.dispute.disability
        return None if found == self.disability else found

    def follow_up(self, application_id: UUID, certificate_id: UUID | None, timing: Timing) -> Application:
        """The case a won dispute opens: the same wish, or a change of the certificate, ready for review."""
        assert self.won is not None
        fresh = Application(
            application_id=application_id,
            person_id=self.person_id,
            version=0,
            matter=self.matter if self.rejection is not None else Matter.CHANGE,
            channel=Channel.HOUSE,
            state=_S.SUBMITTED,
            home=self.home,
            acceptance=self.home,
            certificate_id=certificate_id,
            wish=replace(self.wish, categories=self.won_categories),
            submitted_on=timing.today,
            entered_on=timing.today,
            needs_assessment=True,
            institution_id=self.institution_id,
            outcome=self.dispute,
        )
        return fresh._enters(_S.UNDER_REVIEW, timing)

    @property
    def won_categories(self) -> frozenset[DisabilityCategory]:
        """The categories of what a dispute found."""
        return frozenset() if self.won is None else frozenset(part.category for part in self.won.components)

    def rated(self, stars: int) -> Application:
        """The applicant says how it was (CERT-31). Raises `RatingIsNotDue` before the case is decided."""
        if self.decided_on is None:
            raise RatingIsNotDue
        return replace(self, rating=stars, version=self.version + 1)

    # ------------------------------------------------------------------------

    def _rejected(self, reason: RejectionReason, timing: Timing, **changes: Any) -> Application:
        return self._enters(_S.REJECTED, timing, decided_on=timing.today, rejection=reason, **changes)

    def _enters(self, state: ApplicationState, timing: Timing, **changes: Any) -> Application:
        there = replace(self, state=state, version=self.version + 1, entered_on=timing.today, **changes)
        deadline = timing.deadline(state, division=there.desk, matter=self.matter)
        return replace(
            there,
            due_on=None if deadline is None else deadline.due_on,
            warn_on=None if deadline is None else deadline.warn_on,
        )
