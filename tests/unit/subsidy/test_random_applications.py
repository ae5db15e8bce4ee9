"""Random cases against a small model: days pass, anybody tries any step, and what must always hold does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from uuid_utils.compat import uuid7

from services.subsidy.domain.application import PAPERS, Application, Channel, FiledBy, Paper, RefusalReason, submit
from services.subsidy.domain.application_state import DESKS, ApplicationState
from services.subsidy.domain.application_state import ApplicationStep as E
from services.subsidy.domain.verdict import Verdict
from shared.values.award import Scheme
from shared.values.refusal import Refusal
from tests.builders.subsidy_applications import AWAY, CALENDAR, ELIGIBLE, HOME, a_timing
from tests.unit.subsidy.test_application_life import MOVES

BEGIN, LAST = date(2025, 1, 6), date(2026, 11, 30)
PEOPLE: Final = ("ann", "ben", "cai", "dan")
VERDICTS: Final = (ELIGIBLE, Verdict(("READ-18",), 0), Verdict(("READ-02/income",), 0), Verdict((), None, "NO_RATE"))


@dataclass(frozen=True)
class Trial:
    """What somebody who tries a step brings along."""

    by: str
    verdict: Verdict
    papers: frozenset[Paper]
    objections: int


TAKE: Final[dict[E, Callable[[Application, Trial, date], Application]]] = {
    E.ASK_COMPLETION: lambda one, by, day: one.ask_completion(by.verdict, a_timing(day)),
    E.COMPLETE: lambda one, by, day: one.complete(by.papers, a_timing(day)),
    E.PUSH: lambda one, _, day: one.push(a_timing(day)),
    E.FIRST_CHECK: lambda one, by, day: one.first_check(by.by, a_timing(day)),
    E.REVIEW: lambda one, by, day: one.review(by.verdict, by.by, a_timing(day)),
    E.PRE_DETERMINE: lambda one, by, day: one.pre_determine(by.verdict, by.by, a_timing(day)),
    E.START_NOTICE: lambda one, _, day: one.start_notice(a_timing(day)),
    E.UPHOLD_OBJECTION: lambda one, _, day: one.uphold_objection(a_timing(day)),
    E.DETERMINE: lambda one, by, day: one.determine(uuid7(), by.verdict, by.objections, by.by, a_timing(day)),
    E.REFUSE: lambda one, by, day: one.refuse(RefusalReason.NOT_ELIGIBLE, by.by, a_timing(day)),
    E.ASK_REVIEW: lambda one, _, day: one.ask_review(a_timing(day)),
    E.REOPEN: lambda one, by, day: one.reopen(by.by, a_timing(day)),
    E.CONFIRM_REFUSAL: lambda one, by, day: one.confirm_refusal(by.by, a_timing(day)),
    E.WITHDRAW: lambda one, _, day: one.withdraw(a_timing(day)),
    E.CLOSE_DEATH: lambda one, by, day: one.close_death(None, by.verdict, by.by, a_timing(day)),
}
TRIALS: Final = st.builds(
    Trial,
    by=st.sampled_from(PEOPLE),
    verdict=st.sampled_from((ELIGIBLE, *VERDICTS)),
    papers=st.sampled_from((PAPERS, PAPERS - {Paper.BANK_CARD})),
    objections=st.sampled_from((0, 0, 1)),
)
FORWARD: Final = (E.PUSH, E.FIRST_CHECK, E.REVIEW, E.PRE_DETERMINE, E.START_NOTICE, E.DETERMINE)


class RandomCase(RuleBasedStateMachine):
    """One case, tried by everybody."""

    @initialize(
        channel=st.sampled_from(Channel), away=st.booleans(), papers=st.sampled_from((PAPERS, frozenset[Paper]()))
    )
    def submit(self, channel: Channel, away: bool, papers: frozenset[Paper]) -> None:  # noqa: FBT001 - drawn
        self.day, self.posted_on = BEGIN, BEGIN
        self.one = submit(
            uuid7(),
            uuid7(),
            Scheme.LIVING,
            channel=channel,
            filed_by=FiledBy.SELF,
            home=HOME,
            acceptance=AWAY if away else HOME,
            papers=papers,
            by="ann",
            timing=a_timing(self.day),
        )
        self.was_late = (False, False, False)

    @rule(days=st.integers(1, 30))
    def time_passes(self, days: int) -> None:
        self.day = min(self.day + timedelta(days=days), LAST - timedelta(days=60))

    @rule(step=st.sampled_from((*FORWARD, *E)), trial=TRIALS)
    def somebody_tries(self, step: E, trial: Trial) -> None:
        before = self.one
        try:
            after = TAKE[step](before, trial, self.day)
        except Refusal as refused:
            if refused.code == "application_step_not_allowed":
                assert (before.state, step) not in MOVES
            return
        assert after.state is MOVES[before.state, step]
        assert after.version == before.version + 1
        assert (after.person_id, after.application_date, after.home) == (before.person_id, BEGIN, HOME)
        if step is E.START_NOTICE:
            self.posted_on = self.day
        if step is E.DETERMINE:
            assert trial.verdict == ELIGIBLE
            assert not trial.objections
            assert trial.by not in {before.hands.accepted_by, before.hands.checked_by, before.hands.reviewed_by}
            assert CALENDAR.between(self.posted_on, self.day) > 5
        self.one = after

    @invariant()
    def an_award_means_a_determination(self) -> None:
        assert (self.one.award_id is not None) == (self.one.state is ApplicationState.DETERMINED_ELIGIBLE)

    @invariant()
    def who_waits_for_nobody_has_no_deadline(self) -> None:
        if self.one.state not in DESKS:
            assert self.one.due_on is None

    @invariant()
    def a_notice_stands_only_in_its_state(self) -> None:
        assert (self.one.notice_until is not None) <= (
            self.one.state in {ApplicationState.IN_NOTICE, ApplicationState.DETERMINED_ELIGIBLE}
        )

    @invariant()
    def what_was_late_stays_late_sub_29(self) -> None:
        remote = self.one.remote
        if remote is None:
            return
        late = (remote.pushed_late, remote.decided_late, remote.told_late)
        assert all(now >= before for now, before in zip(late, self.was_late, strict=True))
        self.was_late = late


TestRandomCase = RandomCase.TestCase
