"""An application for a subsidy: the guards of RULES 4.6. Each step answers the application after it.

Which step a state knows is in `application_state`; here stands what else must hold. Nothing here reads a clock or asks
the rules: days come in as `Timing`, what the rules say as `Verdict`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from services.subsidy.domain.application_errors import (
    AnotherPersonMustDecide,
    ApplicationStepNotAllowed,
    CaseIsAtHome,
    CaseMustBePushed,
    CompletionWasAsked,
    ConditionsAreNotMet,
    NobodyToTell,
    NoticeRuns,
    ObjectionIsOpen,
    PapersAreComplete,
    PapersAreMissing,
    RateIsMissing,
)
from services.subsidy.domain.application_state import (
    APPLICATIONS,
    DESKS,
    IN_PROGRESS,
    OPEN,
    ApplicationState,
    ApplicationStep,
    Desk,
)
from services.subsidy.domain.application_timing import Timing
from services.subsidy.domain.verdict import Verdict
from shared.values.award import Scheme
from shared.values.division import Division
from shared.values.month import Month

_S, _E = ApplicationState, ApplicationStep


class Channel(StrEnum):
    """How an application came in."""

    WINDOW = "WINDOW"
    ONLINE = "ONLINE"
    CROSS_PROVINCE = "CROSS_PROVINCE"
    """At a window away from home, in another province or another county (SUB-25, SUB-28)."""
    PROACTIVE = "PROACTIVE"
    """The administration went to the person (SUB-71)."""


class FiledBy(StrEnum):
    """Who filed it (SUB-21)."""

    SELF = "SELF"
    GUARDIAN = "GUARDIAN"
    SUPPORTER = "SUPPORTER"
    """A person with a duty of support."""
    COMMITTEE = "COMMITTEE"
    """The village or community committee."""
    AGENT = "AGENT"


class Paper(StrEnum):
    """A paper of the checklist."""

    IDENTITY_CARD = "IDENTITY_CARD"
    HOUSEHOLD_BOOK = "HOUSEHOLD_BOOK"
    CERTIFICATE = "CERTIFICATE"
    BANK_CARD = "BANK_CARD"
    AGENT_AUTHORITY = "AGENT_AUTHORITY"


PAPERS: Final = frozenset({Paper.IDENTITY_CARD, Paper.HOUSEHOLD_BOOK, Paper.CERTIFICATE, Paper.BANK_CARD})
"""What every application needs."""


class RefusalReason(StrEnum):
    """Why an application ends in a refusal; the words are written beside it (SUB-24)."""

    NO_VALID_CARD = "NO_VALID_CARD"
    GRADE_OUT_OF_SCOPE = "GRADE_OUT_OF_SCOPE"
    INCOME_OUT_OF_SCOPE = "INCOME_OUT_OF_SCOPE"
    NO_CARE_NEED = "NO_CARE_NEED"
    OTHER_BENEFIT = "OTHER_BENEFIT"
    NOT_AT_HOME_HERE = "NOT_AT_HOME_HERE"
    STILL_INCOMPLETE = "STILL_INCOMPLETE"
    FALSE_INFORMATION = "FALSE_INFORMATION"
    OBJECTION_UPHELD = "OBJECTION_UPHELD"
    QUOTA_USED_UP = "QUOTA_USED_UP"
    NOT_ELIGIBLE = "NOT_ELIGIBLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """The clocks of a case taken in away from home or online: 3 + 10 + 3 working days (SUB-25…30).

    What was late once stays late, whatever happens to the case afterwards (SUB-29).
    """

    push_by: date | None = None
    pushed_on: date | None = None
    decide_by: date | None = None
    tell_by: date | None = None
    pushed_late: bool = False
    decided_late: bool = False
    told_late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """Whose hands it went through: nobody decides what they prepared (four eyes)."""

    accepted_by: str
    checked_by: str | None = None
    reviewed_by: str | None = None
    refused_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """``home`` decides and pays, ``acceptance`` took it in; ``application_date`` fixes the first month (SUB-35, 37)."""

    application_id: UUID
    person_id: UUID
    version: int
    scheme: Scheme
    channel: Channel
    filed_by: FiledBy
    state: ApplicationState
    home: Division
    acceptance: Division
    application_date: date
    entered_on: date
    hands: Hands
    due_on: date | None = None
    remote: Remote | None = None
    papers: frozenset[Paper] = frozenset()
    asked_papers: frozenset[Paper] = frozenset()
    verdict: Verdict | None = None
    notice_until: date | None = None
    decided_on: date | None = None
    told_on: date | None = None
    refusal: RefusalReason | None = None
    award_id: UUID | None = None

    # ------------------------------------------------------------------------ where it stands

    @property
    def is_open(self) -> bool:
        """Whether the case still runs."""
        return self.state in OPEN

    @property
    def desk(self) -> Division:
        """Whose turn it is; the home authority's when nobody's."""
        return self.acceptance if DESKS.get(self.state) is Desk.ACCEPTANCE else self.home

    @property
    def month(self) -> Month:
        """The first month applied for."""
        return Month.of(self.application_date)

    @property
    def missing_papers(self) -> frozenset[Paper]:
        """What the checklist wants and nobody brought."""
        wanted = PAPERS if self.filed_by is FiledBy.SELF else PAPERS | {Paper.AGENT_AUTHORITY}
        return wanted - self.papers

    def must_allow(self, step: ApplicationStep) -> None:
        """Raise `ApplicationStepNotAllowed`, which tells the steps the state takes."""
        if APPLICATIONS.move(self.state, step) is None:
            allowed = [each.value for each in APPLICATIONS.allowed(self.state)]
            raise ApplicationStepNotAllowed(status=self.state.value, step=step.value, allowed=allowed)

    # ------------------------------------------------------------------------ taking in

    def ask_completion(self, verdict: Verdict, timing: Timing) -> Application:
        """Tell once everything that is missing. Who has no valid card is refused, not asked (READ-18)."""
        self.must_allow(_E.ASK_COMPLETION)
        if self.asked_papers:
            raise CompletionWasAsked
        if not self.missing_papers:
            raise PapersAreComplete
        _must_hold(verdict.about_card)
        return self._enters(_S.INCOMPLETE, timing, asked_papers=self.missing_papers, verdict=verdict)

    def complete(self, papers: Collection[Paper], timing: Timing) -> Application:
        """The applicant brought papers; the application date stays."""
        self.must_allow(_E.COMPLETE)
        return replace(self, papers=self.papers | frozenset(papers)).handed_in(timing)

    def handed_in(self, timing: Timing) -> Application:
        """At the desk that takes it in, whose clock begins when the papers are complete."""
        remote = self.remote
        if remote is not None and not self.missing_papers and remote.push_by is None:
            remote = replace(remote, push_by=timing.push_by)
        return self._enters(_S.SUBMITTED, timing, remote=remote)

    def push(self, timing: Timing) -> Application:
        """The complete file goes to the home window, whose ten working days begin (SUB-25, SUB-26)."""
        self.must_allow(_E.PUSH)
        if self.remote is None:
            raise CaseIsAtHome
        self._must_have_papers()
        remote = replace(
            self.remote,
            pushed_on=timing.today,
            decide_by=timing.decide_by,
            pushed_late=self.remote.push_by is not None and timing.today > self.remote.push_by,
        )
        return self._enters(_S.PUSHED, timing, remote=remote)

    def first_check(self, by: str, timing: Timing) -> Application:
        """The home township has looked at it (SUB-20)."""
        self.must_allow(_E.FIRST_CHECK)
        if self.remote is not None and self.state is _S.SUBMITTED:
            raise CaseMustBePushed
        self._must_have_papers()
        return self._enters(_S.FIRST_CHECKED, timing, hands=replace(self.hands, checked_by=by))

    def _must_have_papers(self) -> None:
        if self.missing_papers:
            raise PapersAreMissing(missing=", ".join(sorted(self.missing_papers)))

    # ------------------------------------------------------------------------ deciding

    def review(self, verdict: Verdict, by: str, timing: Timing) -> Application:
        """The federation has looked at card and grade (SUB-18, SUB-20)."""
        self.must_allow(_E.REVIEW)
        _must_be_another(by, _E.REVIEW, self.hands.accepted_by, self.hands.checked_by)
        _must_hold(verdict.about_card)
        return self._enters(_S.REVIEWED, timing, verdict=verdict, hands=replace(self.hands, reviewed_by=by))

    def pre_determine(self, verdict: Verdict, by: str, timing: Timing) -> Application:
        """Income and overlaps are in order (SUB-01…18): every condition held on the day of the application."""
        self.must_allow(_E.PRE_DETERMINE)
        self._must_be_unprepared(by, _E.PRE_DETERMINE)
        self._must_be_eligible(verdict)
        return self._enters(_S.PRE_DETERMINED, timing, verdict=verdict)

    def start_notice(self, timing: Timing) -> Application:
        """Post it (SUB-22, SUB-23)."""
        self.must_allow(_E.START_NOTICE)
        return self._enters(_S.IN_NOTICE, timing, notice_until=timing.notice_until)

    def uphold_objection(self, timing: Timing) -> Application:
        """Somebody objected and may be right: it is checked again."""
        self.must_allow(_E.UPHOLD_OBJECTION)
        return self._enters(_S.REVIEWED, timing, notice_until=None)

    def determine(self, award_id: UUID, verdict: Verdict, open_objections: int, by: str, timing: Timing) -> Application:
        """Grant it. Raises `NoticeRuns` through the last day of the notice, `ObjectionIsOpen`, and as before."""
        self.must_allow(_E.DETERMINE)
        assert self.notice_until is not None
        if timing.today <= self.notice_until:
            raise NoticeRuns(until=self.notice_until.isoformat())
        if open_objections:
            raise ObjectionIsOpen(open=open_objections)
        self._must_be_unprepared(by, _E.DETERMINE)
        self._must_be_eligible(verdict)
        return self._decided(_S.DETERMINED_ELIGIBLE, timing, verdict=verdict, award_id=award_id)

    def refuse(self, reason: RefusalReason, by: str, timing: Timing) -> Application:
        """Refuse at whatever step it stands, with a reason (SUB-24)."""
        self.must_allow(_E.REFUSE)
        hands = replace(self.hands, refused_by=by)
        return self._decided(_S.REFUSED, timing, refusal=reason, hands=hands, notice_until=None)

    def _must_be_unprepared(self, by: str, step: ApplicationStep) -> None:
        hands = self.hands
        _must_be_another(by, step, hands.accepted_by, hands.checked_by, hands.reviewed_by)

    def _must_be_eligible(self, verdict: Verdict) -> None:
        _must_hold(verdict)
        if verdict.no_rate:
            raise RateIsMissing(month=str(self.month))

    # ------------------------------------------------------------------------ afterwards

    def ask_review(self, timing: Timing) -> Application:
        """The applicant does not accept the refusal (SUB-43)."""
        self.must_allow(_E.ASK_REVIEW)
        return self._enters(_S.UNDER_REVIEW_REQUEST, timing, told_on=None)

    def reopen(self, by: str, timing: Timing) -> Application:
        """The refusal was wrong: determined anew, by others than who refused and who reopened it."""
        self.must_allow(_E.REOPEN)
        _must_be_another(by, _E.REOPEN, self.hands.refused_by)
        remote = None if self.remote is None else replace(self.remote, decide_by=timing.decide_by, tell_by=None)
        hands = replace(self.hands, reviewed_by=by)
        return self._enters(_S.REVIEWED, timing, refusal=None, decided_on=None, remote=remote, hands=hands)

    def confirm_refusal(self, by: str, timing: Timing) -> Application:
        """The refusal stands; the applicant is told again."""
        self.must_allow(_E.CONFIRM_REFUSAL)
        _must_be_another(by, _E.CONFIRM_REFUSAL, self.hands.refused_by)
        remote = None if self.remote is None else replace(self.remote, tell_by=timing.tell_by)
        return self._enters(_S.REFUSED, timing, decided_on=timing.today, remote=remote)

    def withdraw(self, timing: Timing) -> Application:
        """The applicant does not want it any more."""
        self.must_allow(_E.WITHDRAW)
        return self._enters(_S.WITHDRAWN, timing, notice_until=None)

    def close_death(self, award_id: UUID | None, verdict: Verdict, by: str, timing: Timing) -> Application:
        """Death ends the case; with ``award_id`` the months before it are granted, by a person who prepared nothing."""
        self.must_allow(_E.CLOSE_DEATH)
        if award_id is not None:
            self._must_be_unprepared(by, _E.CLOSE_DEATH)
        return self._enters(_S.CLOSED_DEATH, timing, notice_until=None, verdict=verdict, award_id=award_id)

    def tell(self, timing: Timing) -> Application:
        """The place of acceptance has told the applicant the result (SUB-27). Raises `NobodyToTell`."""
        if self.state not in {_S.DETERMINED_ELIGIBLE, _S.REFUSED} or self.told_on is not None:
            raise NobodyToTell
        remote = self.remote
        if remote is not None and remote.tell_by is not None:
            remote = replace(remote, told_late=remote.told_late or timing.today > remote.tell_by)
        return replace(self, version=self.version + 1, told_on=timing.today, remote=remote)

    # ------------------------------------------------------------------------

    def _decided(self, state: ApplicationState, timing: Timing, **changes: Any) -> Application:
        remote = self.remote
        if remote is not None:
            late = remote.decide_by is not None and timing.today > remote.decide_by
            remote = replace(remote, tell_by=timing.tell_by, decided_late=remote.decided_late or late)
        return self._enters(state, timing, decided_on=timing.today, told_on=None, remote=remote, **changes)

    def _enters(self, state: ApplicationState, timing: Timing, **changes: Any) -> Application:
        there = replace(self, state=state, version=self.version + 1, entered_on=timing.today, **changes)
        return replace(there, due_on=_due_on(there, timing))


def _due_on(case: Application, timing: Timing) -> date | None:
    """When the case has to leave the state it just entered; None where it waits for nobody's desk."""
    if case.remote is not None and case.state in {*IN_PROGRESS} - {_S.INCOMPLETE}:
        return case.remote.push_by if case.state is _S.SUBMITTED else case.remote.decide_by
    limits = timing.limits
    match case.state:
        case _S.SUBMITTED | _S.PUSHED:
            return timing.at_home_within(limits.first_check_days)
        case _S.FIRST_CHECKED:
            return timing.at_home_within(limits.review_days)
        case _S.REVIEWED:
            return timing.at_home_within(limits.determination_days)
        case _S.PRE_DETERMINED:
            return case.due_on
        case _S.IN_NOTICE:
            return timing.at_home_within(limits.closing_days, case.notice_until)
        case _S.UNDER_REVIEW_REQUEST:
            return timing.at_home_within(limits.review_request_days)
        case _S.INCOMPLETE | _S.DETERMINED_ELIGIBLE | _S.REFUSED | _S.WITHDRAWN | _S.CLOSED_DEATH:
            return None


def _must_be_another(subject: str, step: ApplicationStep, *earlier: str | None) -> None:
    """Whoever took one of the earlier steps cannot take this one."""
    if subject in earlier:
        raise AnotherPersonMustDecide(step=step.value)


def _must_hold(verdict: Verdict) -> None:
    if verdict.failing:
        raise ConditionsAreNotMet(rules=", ".join(verdict.failing), zh=verdict.reasons_zh, en=verdict.reasons_en)


def submit(
    application_id: UUID,
    person_id: UUID,
    scheme: Scheme,
    *,
    channel: Channel,
    filed_by: FiledBy,
    home: Division,
    acceptance: Division,
    papers: Collection[Paper],
    by: str,
    timing: Timing,
) -> Application:
    """A new case; the day it is handed in fixes its first month (SUB-35), wherever that was (SUB-37).

    A window in another county is a cross-province case, whatever it was called (SUB-28).
    """
    away = acceptance.county != home.county
    if channel is Channel.WINDOW and away:
        channel = Channel.CROSS_PROVINCE
    elif channel is Channel.CROSS_PROVINCE and not away:
        channel = Channel.WINDOW
    begun = Application(
        application_id=application_id,
        person_id=person_id,
        version=0,
        scheme=scheme,
        channel=channel,
        filed_by=filed_by,
        state=_S.SUBMITTED,
        home=home,
        acceptance=acceptance,
        application_date=timing.today,
        entered_on=timing.today,
        hands=Hands(accepted_by=by),
        remote=Remote() if away or channel is Channel.ONLINE else None,
        papers=frozenset(papers),
    )
    return begun.handed_in(timing)
