"""Random cases against a small model: days pass, somebody tries any step, and the invariants of RULES 12 hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from uuid_utils.compat import uuid7

from services.registry.domain.application import Application, RejectionReason
from services.registry.domain.application_state import OPEN, ApplicationState, ApplicationStep, Matter
from services.registry.domain.application_state import ApplicationStep as E
from services.registry.domain.assessment import Conclusion, Finding, Institution
from services.registry.domain.certificate import Certificate
from services.registry.domain.certificate_state import Step
from services.registry.domain.papers import Paper
from services.registry.domain.timing import Timing
from shared.values.certificate import CertificateStatus
from shared.values.dates import last_valid_day
from shared.values.disability import Disability, DisabilityCategory
from shared.values.refusal import Refusal
from tests.builders.applications import (
    CALENDAR,
    a_conclusion,
    a_finding,
    a_timing,
    an_application,
    an_institution,
)
from tests.builders.registry import a_certificate
from tests.unit.registry.test_application_life import MOVES

BEGIN, LAST = date(2023, 1, 3), date(2026, 10, 31)
LIMB: Final = frozenset({DisabilityCategory.LIMB})
SUCCESSION: Final = {Matter.RENEWAL: Step.RENEW, Matter.CHANGE: Step.CHANGE, Matter.REPLACEMENT: Step.REPLACE}


@dataclass(frozen=True)
class Trial:
    """What somebody who tries a step brings along."""

    now: Timing
    conclusion: Conclusion
    hospital: Institution
    papers: frozenset[Paper]
    objections: int
    demanded: bool
    accepted: bool


TAKES: Final[dict[ApplicationStep, Callable[[Application, Trial], Application]]] = {
    E.RETURN: lambda one, by: one.return_(by.papers, by.now),
    E.RESUBMIT: lambda one, by: one.resubmit(by.now),
    E.ACCEPT: lambda one, by: one.accept(by.papers, by.now, by_eye=False, demand_assessment=by.demanded),
    E.REJECT: lambda one, by: one.reject(RejectionReason.STILL_INCOMPLETE, by.papers, by.now),
    E.ASSIGN: lambda one, by: one.assign(by.hospital, by.now),
    E.SKIP_ASSESSMENT: lambda one, by: one.skip_assessment(by.now),
    E.CONCLUDE: lambda one, by: one.conclude(by.conclusion, by.hospital, by.now),
    E.DECLINE: lambda one, by: one.decline(by.now),
    E.START_NOTICE: lambda one, by: one.start_notice(by.now),
    E.REASSESS: lambda one, by: one.uphold_objection(by.now, reassess=True),
    E.UPHOLD: lambda one, by: one.uphold_objection(by.now, reassess=False),
    E.END_NOTICE: lambda one, by: one.end_notice(by.objections, by.now),
    E.APPROVE: lambda one, by: one.approve(by.now),
    E.REFUSE: lambda one, by: one.refuse(by.now),
    E.PRODUCE: lambda one, by: one.produce(by.now),
    E.FINISH: lambda one, by: one.finish(by.now),
    E.HAND_OVER: lambda one, by: one.hand_over(by.now),
    E.WITHDRAW: lambda one, by: one.withdraw(by.now),
    E.DISPUTE: lambda one, by: one.raise_dispute(by.now),
    E.DECIDE: lambda one, by: one.decide_dispute(by.conclusion, by.hospital, by.now),
    E.ESCALATE: lambda one, by: one.escalate(by.now),
    E.CLOSE: lambda one, by: one.close_dispute(by.now, accepted=by.accepted),
}


def tried(step: ApplicationStep, one: Application, by: Trial) -> Application | Refusal:
    """The case after the step, or why not."""
    try:
        return TAKES[step](one, by)
    except Refusal as refusal:
        return refusal


class Cases(RuleBasedStateMachine):
    """One person, one case after the other. The model: the table as the test of the life tells it, and a diary."""

    def __init__(self) -> None:
        super().__init__()
        self.today = BEGIN
        self.hospital: Institution = an_institution()
        self.objections = 0
        self.diary: list[tuple[ApplicationStep, ApplicationState, date]] = []
        self.card: Certificate | None = None
        self.made_by: list[tuple[ApplicationStep, ApplicationState, date]] = []

    @initialize(matter=st.sampled_from(Matter))
    def begin(self, matter: Matter) -> None:
        self.open(matter)

    def open(self, matter: Matter) -> None:
        """A case is taken in; who asks about a card has one that fits."""
        self.diary, self.objections = [], 0
        if matter is Matter.NEW:
            self.card = None
        elif self.card is None or self.card.status is not CertificateStatus.VALID:
            self.card = a_certificate(issued_on=date(2018, 1, 1), expires_on=date(2028, 1, 1))
        if matter is Matter.REPLACEMENT and self.card is not None:
            self.card = self.card.declare_lost(on=self.today, today=self.today, version=self.card.version + 1)
        self.case: Application = an_application(
            matter=matter,
            submitted_on=self.today,
            entered_on=self.today,
            certificate_id=None if self.card is None else self.card.certificate_id,
        )
        deadline = self.timing.deadline(self.case.state, division=self.case.desk, matter=matter)
        assert deadline is not None
        self.case = replace(self.case, due_on=deadline.due_on, warn_on=deadline.warn_on)

    @property
    def timing(self) -> Timing:
        return a_timing(self.today)

    @rule(days=st.integers(min_value=1, max_value=12))
    def time_passes(self, days: int) -> None:
        self.today = min(self.today + timedelta(days=days), LAST)

    @rule()
    def somebody_objects(self) -> None:
        if self.case.state is ApplicationState.IN_NOTICE:
            self.objections += 1

    @rule(matter=st.sampled_from(Matter))
    def another_case_begins(self, matter: Matter) -> None:
        if self.case.state not in OPEN:
            self.open(matter)

    @rule(
        step=st.sampled_from(ApplicationStep),
        met=st.booleans(),
        missing=st.booleans(),
        demanded=st.booleans(),
        accepted=st.booleans(),
    )
    def somebody_tries(
        self, *, step: ApplicationStep, met: bool, missing: bool, demanded: bool, accepted: bool
    ) -> None:
        """Refused steps change nothing; taken ones lead where the table says."""
        before = self.case
        papers = frozenset({Paper.PHOTOGRAPHS}) if missing else frozenset()
        findings: tuple[Finding, ...] = (a_finding(),) if met else ()
        trial = Trial(
            now=self.timing,
            conclusion=a_conclusion(*findings, assessed_on=self.today),
            hospital=self.hospital,
            papers=papers,
            objections=self.objections,
            demanded=demanded,
            accepted=accepted,
        )
        outcome = tried(step, before, trial)
        known = (before.state, step) in MOVES
        if isinstance(outcome, Refusal):
            assert known or outcome.code == "application_step_not_allowed"
            return
        assert known, f"{step} in {before.state} is not in the table"
        assert outcome.state is MOVES[before.state, step]
        assert outcome.version == before.version + 1
        self.case = outcome
        self.diary.append((step, self.case.state, self.today))
        if step in {E.REASSESS, E.UPHOLD}:
            self.objections = 0
        if self.case.state is ApplicationState.COMPLETED:
            self._complete()

    def _complete(self) -> None:
        """What the completed case makes of the card, as the use case does it."""
        case, old = self.case, self.card
        self.made_by = list(self.diary)
        if case.matter is Matter.CANCELLATION:
            assert old is not None
            self.card = after_status(old, CertificateStatus.CANCELLED)
        if not case.matter.makes_a_card or case.matter is Matter.EXCHANGE:
            return
        assert case.produced_on is not None
        if old is not None:
            assert (
                old.supersede(SUCCESSION[case.matter], on=self.today, version=9).status is CertificateStatus.SUPERSEDED
            )
        found = case.disability or (old.disability if old is not None else None)
        assert isinstance(found, Disability), "a card always says what was assessed"
        self.card = Certificate(
            certificate_id=uuid7(),
            person_id=case.person_id,
            version=1,
            division=case.home,
            status=CertificateStatus.VALID,
            disability=found,
            issued_on=case.produced_on,
            expires_on=last_valid_day(case.produced_on),
        )

    # ------------------------------------------------------------------------ RULES 12

    @invariant()
    def a_card_is_made_only_by_a_case_that_was_approved_and_produced_12_3(self) -> None:
        steps = [step for step, _, _ in self.made_by]
        if E.HAND_OVER in steps:
            assert steps.index(E.APPROVE) < steps.index(E.PRODUCE) < steps.index(E.HAND_OVER)
            assert steps.count(E.HAND_OVER) == 1

    @invariant()
    def nobody_is_reviewed_without_assessment_unless_none_was_needed_cert_15(self) -> None:
        case = getattr(self, "case", None)
        if case is not None and case.state in {ApplicationState.UNDER_REVIEW, ApplicationState.APPROVED}:
            assert case.needs_assessment is not None
            assert (case.disability is not None) == case.needs_assessment

    @invariant()
    def a_notice_ran_its_five_working_days_before_the_review_cert_05(self) -> None:
        posted = [day for step, _, day in self.diary if step is E.START_NOTICE]
        ended = [day for step, _, day in self.diary if step is E.END_NOTICE]
        if ended:
            assert CALENDAR.between(posted[-1], ended[-1]) >= 5
            assert ended[-1] > CALENDAR.after(posted[-1], 5)

    @invariant()
    def completion_is_asked_for_at_most_once_cert_03(self) -> None:
        assert sum(step is E.RETURN for step, _, _ in self.diary) <= 1

    @invariant()
    def a_case_somebody_waits_for_has_a_deadline_on_a_working_day_12_10(self) -> None:
        case = getattr(self, "case", None)
        if case is None:
            return
        assert (case.due_on is None) == (not case.is_open and not case.state.startswith("DISPUTE"))
        if case.due_on is not None:
            assert CALENDAR.is_working(case.due_on)
            assert case.entered_on < case.due_on

    @invariant()
    def a_rejected_case_says_why_and_a_decided_one_says_when(self) -> None:
        case = getattr(self, "case", None)
        if case is None:
            return
        if case.state is ApplicationState.REJECTED:
            assert case.rejection is not None
        if case.state in {ApplicationState.REJECTED, ApplicationState.COMPLETED, ApplicationState.WITHDRAWN}:
            assert case.decided_on is not None


def after_status(card: Certificate, status: CertificateStatus) -> Certificate:
    """The card in another state."""
    return replace(card, status=status)


TestCases = Cases.TestCase
