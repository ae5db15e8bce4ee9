"""The states of an application for a subsidy and every step RULES 4.6 knows, as one table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from shared.values.machine import Machine, Move


class ApplicationState(StrEnum):
    """States of RULES 4.6."""

    SUBMITTED = "SUBMITTED"
    INCOMPLETE = "INCOMPLETE"
    PUSHED = "PUSHED"
    FIRST_CHECKED = "FIRST_CHECKED"
    REVIEWED = "REVIEWED"
    PRE_DETERMINED = "PRE_DETERMINED"
    IN_NOTICE = "IN_NOTICE"
    DETERMINED_ELIGIBLE = "DETERMINED_ELIGIBLE"
    REFUSED = "REFUSED"
    UNDER_REVIEW_REQUEST = "UNDER_REVIEW_REQUEST"
    WITHDRAWN = "WITHDRAWN"
    CLOSED_DEATH = "CLOSED_DEATH"


class ApplicationStep(StrEnum):
    """What can be done to an application."""

    ASK_COMPLETION = "ask_completion"
    COMPLETE = "complete"
    PUSH = "push"
    FIRST_CHECK = "first_check"
    REVIEW = "review"
    PRE_DETERMINE = "pre_determine"
    START_NOTICE = "start_notice"
    UPHOLD_OBJECTION = "uphold_objection"
    DETERMINE = "determine"
    REFUSE = "refuse"
    ASK_REVIEW = "ask_review"
    REOPEN = "reopen"
    CONFIRM_REFUSAL = "confirm_refusal"
    WITHDRAW = "withdraw"
    CLOSE_DEATH = "close_death"


_S, _E = ApplicationState, ApplicationStep

IN_PROGRESS: Final = (
    _S.SUBMITTED,
    _S.INCOMPLETE,
    _S.PUSHED,
    _S.FIRST_CHECKED,
    _S.REVIEWED,
    _S.PRE_DETERMINED,
    _S.IN_NOTICE,
)
"""Nothing was decided yet: each of these may end in a refusal."""
OPEN: Final = (*IN_PROGRESS, _S.UNDER_REVIEW_REQUEST)
"""A person has at most one application of a scheme in these states."""


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
    name="subsidy_application",
    states=ApplicationState,
    events=ApplicationStep,
    begins=(_S.SUBMITTED,),
    moves=(
        _move(
            _S.SUBMITTED, _E.ASK_COMPLETION, _S.INCOMPLETE, "papers missing; one list; the card is valid", "", "READ-18"
        ),
        _move(_S.INCOMPLETE, _E.COMPLETE, _S.SUBMITTED, "", "the application date stays"),
        _move(
            _S.SUBMITTED,
            _E.PUSH,
            _S.PUSHED,
            "taken in away from home or online; papers complete",
            "the home county's clock begins",
            *("SUB-25", "SUB-28", "SUB-30"),
        ),
        _move(
            (_S.SUBMITTED, _S.PUSHED),
            _E.FIRST_CHECK,
            _S.FIRST_CHECKED,
            "at home; papers complete",
            "",
            *("SUB-20", "SUB-22"),
        ),
        _move(
            _S.FIRST_CHECKED,
            _E.REVIEW,
            _S.REVIEWED,
            "the card is valid and in scope; another person than who checked",
            "the answer of the rules is kept",
            *("SUB-18", "SUB-20", "READ-18"),
        ),
        _move(
            _S.REVIEWED,
            _E.PRE_DETERMINE,
            _S.PRE_DETERMINED,
            "every condition held on the day of the application; there is a rate",
            "the answer of the rules is kept",
            *("SUB-01", "READ-02", "READ-14"),
        ),
        _move(_S.PRE_DETERMINED, _E.START_NOTICE, _S.IN_NOTICE, "", "a notice with minimal fields", "SUB-22", "SUB-23"),
        _move(
            _S.IN_NOTICE,
            _E.DETERMINE,
            _S.DETERMINED_ELIGIBLE,
            "the notice has run, nobody objects; a person who neither accepted nor reviewed it",
            "an award from the month of the application",
            *("SUB-20", "SUB-35", "SUB-37"),
        ),
        _move(_S.IN_NOTICE, _E.UPHOLD_OBJECTION, _S.REVIEWED, "a valid objection", "the notice ends; checked again"),
        _move(IN_PROGRESS, _E.REFUSE, _S.REFUSED, "a reason code", "a written notice with the reason", "SUB-24"),
        _move(_S.REFUSED, _E.ASK_REVIEW, _S.UNDER_REVIEW_REQUEST, "no other application is open", "", "SUB-43"),
        _move(_S.UNDER_REVIEW_REQUEST, _E.REOPEN, _S.REVIEWED, "another person than who refused", "", "SUB-43"),
        _move(_S.UNDER_REVIEW_REQUEST, _E.CONFIRM_REFUSAL, _S.REFUSED, "another person than who refused", "", "SUB-24"),
        _move(OPEN, _E.WITHDRAW, _S.WITHDRAWN, "by the applicant"),
        _move(
            OPEN,
            _E.CLOSE_DEATH,
            _S.CLOSED_DEATH,
            "the register tells of the death",
            "months before the death stay owed if otherwise eligible",
        ),
    ),
)


class Desk(StrEnum):
    """Whose turn it is: the place that took the case in, or the home authority (SUB-25, SUB-26)."""

    ACCEPTANCE = "ACCEPTANCE"
    HOME = "HOME"


DESKS: Final[Mapping[ApplicationState, Desk]] = {
    _S.SUBMITTED: Desk.ACCEPTANCE,
    _S.INCOMPLETE: Desk.ACCEPTANCE,
    **dict.fromkeys((*IN_PROGRESS[2:], _S.UNDER_REVIEW_REQUEST), Desk.HOME),
}
"""States without an entry wait for nobody."""
