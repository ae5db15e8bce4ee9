"""The states of an application and every step RULES 3.1 knows, as one table for all seven matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.values.machine import Machine, Move


class Matter(StrEnum):
    """What somebody asks for (RULES 3.1, CERT-17, CERT-30)."""

    NEW = "NEW"
    RENEWAL = "RENEWAL"
    REPLACEMENT = "REPLACEMENT"
    CHANGE = "CHANGE"
    TRANSFER = "TRANSFER"
    CANCELLATION = "CANCELLATION"
    EXCHANGE = "EXCHANGE"

    @property
    def makes_a_card(self) -> bool:
        """Whether something is printed and handed over."""
        return self is not Matter.CANCELLATION and self is not Matter.TRANSFER

    @property
    def away_from_home(self) -> bool:
        """Whether another county may take it in (CERT-30: six matters; a damaged card is exchanged at home)."""
        return self is not Matter.EXCHANGE


class ApplicationState(StrEnum):
    """States of RULES 3.1."""

    SUBMITTED = "SUBMITTED"
    RETURNED = "RETURNED"
    ACCEPTED = "ACCEPTED"
    ASSESSMENT_PENDING = "ASSESSMENT_PENDING"
    ASSESSED = "ASSESSED"
    IN_NOTICE = "IN_NOTICE"
    UNDER_REVIEW = "UNDER_REVIEW"
    APPROVED = "APPROVED"
    PRODUCED = "PRODUCED"
    COMPLETED = "COMPLETED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    DISPUTE_CITY = "DISPUTE_CITY"
    DISPUTE_PROVINCE = "DISPUTE_PROVINCE"
    FINAL = "FINAL"


class ApplicationStep(StrEnum):
    """What can be done to an application."""

    RETURN = "return"
    RESUBMIT = "resubmit"
    ACCEPT = "accept"
    REJECT = "reject"
    ASSIGN = "assign"
    SKIP_ASSESSMENT = "skip_assessment"
    CONCLUDE = "conclude"
    DECLINE = "decline"
    START_NOTICE = "start_notice"
    REASSESS = "reassess"
    UPHOLD = "uphold"
    END_NOTICE = "end_notice"
    APPROVE = "approve"
    REFUSE = "refuse"
    PRODUCE = "produce"
    FINISH = "finish"
    HAND_OVER = "hand_over"
    WITHDRAW = "withdraw"
    DISPUTE = "dispute"
    DECIDE = "decide"
    ESCALATE = "escalate"
    CLOSE = "close"


_S, _E = ApplicationState, ApplicationStep

OPEN: Final = (
    _S.SUBMITTED,
    _S.RETURNED,
    _S.ACCEPTED,
    _S.ASSESSMENT_PENDING,
    _S.ASSESSED,
    _S.IN_NOTICE,
    _S.UNDER_REVIEW,
    _S.APPROVED,
    _S.PRODUCED,
)
"""A person has at most one application in these states."""


def _move(
    source: ApplicationState | tuple[ApplicationState, ...],
    event: ApplicationStep,
    target: ApplicationState,
    guard: str = "",
    effect: str = "",
    *rules: str,
) -> Move[ApplicationState, ApplicationStep]:
    sources = source if isinstance(source, tuple) else (source,)
    return Move(event, sources, (target,), guard, effect, rules)


APPLICATIONS: Final[Machine[ApplicationState, ApplicationStep]] = Machine(
    name="certificate_application",
    states=ApplicationState,
    events=ApplicationStep,
    begins=(_S.SUBMITTED,),
    moves=(
        _move(_S.SUBMITTED, _E.RETURN, _S.RETURNED, "papers missing; asked once", "the list is kept", "CERT-03"),
        _move(_S.RETURNED, _E.RESUBMIT, _S.SUBMITTED),
        _move(
            _S.SUBMITTED,
            _E.ACCEPT,
            _S.ACCEPTED,
            "papers complete; county in scope or CERT-30",
            "a loss is declared; the need of an assessment is decided",
            *("CERT-01", "CERT-02", "CERT-03", "CERT-18", "CERT-30", "CERT-31"),
        ),
        _move(_S.SUBMITTED, _E.REJECT, _S.REJECTED, "false information, or still incomplete", "reason kept", "CERT-04"),
        _move(
            _S.ACCEPTED,
            _E.ASSIGN,
            _S.ASSESSMENT_PENDING,
            "the matter needs an assessment; institution designated for the category",
            "a place can be booked",
            *("CERT-02", "CERT-08", "CERT-15", "CERT-19", "CERT-20"),
        ),
        _move(
            _S.ACCEPTED,
            _E.SKIP_ASSESSMENT,
            _S.UNDER_REVIEW,
            "the matter needs no assessment",
            "",
            *("CERT-15", "CERT-17", "CERT-18", "CERT-23"),
        ),
        _move(
            _S.ASSESSMENT_PENDING,
            _E.CONCLUDE,
            _S.ASSESSED,
            "two physicians; institution designated for that category; thresholds agree with the grade",
            "component impairments recorded",
            *("CERT-02", "ID-12", "ID-13", "ID-16", "ID-17", "ID-18"),
        ),
        _move(_S.ASSESSED, _E.DECLINE, _S.REJECTED, "does not meet the standard", "reason told", "CERT-07", "CERT-21"),
        _move(_S.ASSESSED, _E.START_NOTICE, _S.IN_NOTICE, "meets the standard", "a public notice", "CERT-05", "PI-03"),
        _move(_S.IN_NOTICE, _E.REASSESS, _S.ASSESSMENT_PENDING, "objection upheld, evidence kept", "notice ends"),
        _move(_S.IN_NOTICE, _E.UPHOLD, _S.REJECTED, "objection upheld, evidence kept", "notice ends"),
        _move(
            _S.IN_NOTICE,
            _E.END_NOTICE,
            _S.UNDER_REVIEW,
            "5 working days have passed, no objection is open",
            "",
            "CERT-05",
        ),
        _move(
            _S.UNDER_REVIEW,
            _E.APPROVE,
            _S.APPROVED,
            "",
            "overdue after 10 working days",
            "CERT-02",
            "CERT-06",
            "CERT-31",
        ),
        _move(_S.UNDER_REVIEW, _E.REFUSE, _S.REJECTED, "a reason", "reason told", "CERT-06", "CERT-07"),
        _move(
            _S.APPROVED,
            _E.PRODUCE,
            _S.PRODUCED,
            "the matter makes a card",
            "number by ID-06, ID-09, ID-11",
            *("ID-06", "ID-09", "ID-11", "CERT-09"),
        ),
        _move(
            _S.APPROVED,
            _E.FINISH,
            _S.COMPLETED,
            "the matter makes no card",
            "certificate cancelled or transferred",
            *("CERT-23", "CERT-26", "CERT-27"),
        ),
        _move(
            _S.PRODUCED,
            _E.HAND_OVER,
            _S.COMPLETED,
            "a receipt",
            "certificate issued, renewed, replaced, changed or exchanged",
            *("CERT-10", "CERT-11", "CERT-12", "CERT-16", "CERT-17", "CERT-19"),
        ),
        _move(OPEN, _E.WITHDRAW, _S.WITHDRAWN, "by applicant or guardian"),
        _move(
            (_S.REJECTED, _S.COMPLETED),
            _E.DISPUTE,
            _S.DISPUTE_CITY,
            "an assessment is disputed, within 10 working days",
            "the prefecture names an institution",
            "CERT-21",
        ),
        _move(_S.DISPUTE_CITY, _E.DECIDE, _S.DISPUTE_CITY, "not decided yet", "the prefecture's conclusion", "CERT-21"),
        _move(
            _S.DISPUTE_CITY,
            _E.ESCALATE,
            _S.DISPUTE_PROVINCE,
            "decided, within 10 working days of the decision",
            "",
            "CERT-22",
        ),
        _move(_S.DISPUTE_CITY, _E.CLOSE, _S.FINAL, "decided; accepted, or 10 working days have passed", "", "CERT-21"),
        _move(_S.DISPUTE_PROVINCE, _E.DECIDE, _S.FINAL, "", "the provincial panel's conclusion, final", "CERT-22"),
    ),
)


class Desk(StrEnum):
    """Whose turn it is (CERT-31): the county that took the case in, the home county, or those above it in a dispute."""

    ACCEPTANCE = "ACCEPTANCE"
    HOME = "HOME"
    CITY = "CITY"
    PROVINCE = "PROVINCE"


class Awaited(StrEnum):
    """Who has to act for the case to go on."""

    OFFICE = "OFFICE"
    APPLICANT = "APPLICANT"
    INSTITUTION = "INSTITUTION"


@dataclass(frozen=True, slots=True)
class Stage:
    """What a state waits for: at which desk, for whom, and how many working days by default (CERT-32)."""

    desk: Desk
    awaited: Awaited
    working_days: int


STAGES: Final[Mapping[ApplicationState, Stage]] = {
    _S.SUBMITTED: Stage(Desk.ACCEPTANCE, Awaited.OFFICE, 5),
    _S.RETURNED: Stage(Desk.ACCEPTANCE, Awaited.APPLICANT, 15),
    _S.ACCEPTED: Stage(Desk.ACCEPTANCE, Awaited.OFFICE, 3),
    _S.ASSESSMENT_PENDING: Stage(Desk.ACCEPTANCE, Awaited.INSTITUTION, 30),
    _S.ASSESSED: Stage(Desk.ACCEPTANCE, Awaited.OFFICE, 3),
    _S.IN_NOTICE: Stage(Desk.ACCEPTANCE, Awaited.OFFICE, 7),
    _S.UNDER_REVIEW: Stage(Desk.HOME, Awaited.OFFICE, 10),
    _S.APPROVED: Stage(Desk.HOME, Awaited.OFFICE, 5),
    _S.PRODUCED: Stage(Desk.HOME, Awaited.OFFICE, 10),
    _S.DISPUTE_CITY: Stage(Desk.CITY, Awaited.OFFICE, 30),
    _S.DISPUTE_PROVINCE: Stage(Desk.PROVINCE, Awaited.OFFICE, 30),
}
"""States without an entry wait for nobody."""
