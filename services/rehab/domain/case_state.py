"""The states of a rehabilitation case and every step RULES 7.6 knows, as one table."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from shared.values.machine import Machine, Move
from shared.values.rehab_case import CaseStatus


class Step(StrEnum):
    """What can happen to a case. `DIE` and `REVIVE` are the register's; everything else is done by people."""

    CHECK = "check"
    REFER = "refer"
    ACCEPT = "accept"
    DECLINE = "decline"
    RECALL = "recall"
    ASSESS_BASELINE = "assess_baseline"
    AGREE_PLAN = "agree_plan"
    LOG_SESSION = "log_session"
    ASSESS_STAGE = "assess_stage"
    ASSESS_FINAL = "assess_final"
    PAUSE = "pause"
    RESUME = "resume"
    CHANGE_INSTITUTION = "change_institution"
    REFER_MEDICAL = "refer_medical"
    RETURN_MEDICAL = "return_medical"
    CLOSE = "close"
    FOLLOW_UP = "follow_up"
    DECIDE_TRANSFER = "decide_transfer"
    DIE = "die"
    REVIVE = "revive"


_S, _E = CaseStatus, Step

PLACED: Final = (
    _S.REFERRED,
    _S.ASSESSING,
    _S.ASSESSED,
    _S.PLAN_ACTIVE,
    _S.PLAN_REVISED,
    _S.PAUSED,
    _S.REFERRED_MEDICAL,
)
"""The case takes a place of its institution."""
OPEN: Final = (_S.NEED_REGISTERED, _S.REGISTERED, *PLACED)
"""A person has at most one case in these states."""
ENDED: Final = (_S.NOT_SUITABLE, _S.CLOSED, _S.FOLLOWED_UP)
PLANNED: Final = (_S.PLAN_ACTIVE, _S.PLAN_REVISED, _S.PAUSED, _S.REFERRED_MEDICAL)
"""A plan runs: what is referred from here changes its institution (REH-24)."""
REGISTERS: Final = frozenset({_E.DIE, _E.REVIVE})


def _move(
    sources: CaseStatus | tuple[CaseStatus, ...],
    event: Step,
    targets: CaseStatus | tuple[CaseStatus, ...],
    guard: str = "",
    effect: str = "",
    *rules: str,
) -> Move[CaseStatus, Step]:
    return Move(
        event,
        sources if isinstance(sources, tuple) else (sources,),
        targets if isinstance(targets, tuple) else (targets,),
        guard,
        effect,
        rules,
    )


CASES: Final[Machine[CaseStatus, Step]] = Machine(
    name="rehab_case",
    states=CaseStatus,
    events=Step,
    begins=(_S.NEED_REGISTERED,),
    moves=(
        _move(
            _S.NEED_REGISTERED,
            _E.CHECK,
            (_S.REGISTERED, _S.NOT_SUITABLE),
            "consent is on record; category and age band named",
            "the clock of the referral begins",
            *("REH-01", "REH-72", "REH-73"),
        ),
        _move(
            _S.REGISTERED,
            _E.REFER,
            _S.REFERRED,
            "the institution is designated, its agreement covers the day and the category, a place is free",
            "a place is taken",
            *("REH-24", "REH-26", "REH-74"),
        ),
        _move(_S.REFERRED, _E.ACCEPT, _S.ASSESSING),
        _move(_S.REFERRED, _E.DECLINE, _S.REGISTERED, "a reason", "the place is free; refer again"),
        _move(_S.REFERRED, _E.RECALL, _S.REGISTERED, "the institution has not answered in time", "refer again"),
        _move(
            (_S.ASSESSING, _S.ASSESSED),
            _E.ASSESS_BASELINE,
            _S.ASSESSED,
            "a named instrument, a score within its range, an assessor of the institution",
            "",
            *("REH-01", "REH-15"),
        ),
        _move(
            (_S.ASSESSED, _S.PLAN_ACTIVE, _S.PLAN_REVISED),
            _E.AGREE_PLAN,
            _S.PLAN_ACTIVE,
            "signed; every item has owner, time, money, measure and effect and is in the catalogue",
            "the revision before stays",
            *("REH-01", "REH-12"),
        ),
        _move(
            _S.PLAN_ACTIVE,
            _E.LOG_SESSION,
            _S.PLAN_ACTIVE,
            "inside the item's period and number; institution and staff valid; at one place at a time",
            "one session more",
            *("REH-16", "REH-26"),
        ),
        _move(
            _S.PLAN_ACTIVE,
            _E.ASSESS_STAGE,
            (_S.PLAN_ACTIVE, _S.PLAN_REVISED),
            "an instrument of the baseline",
            "continue until the next date, or revise the plan",
            "REH-01",
        ),
        _move(
            (_S.PLAN_ACTIVE, _S.PLAN_REVISED),
            _E.ASSESS_FINAL,
            (_S.PLAN_ACTIVE, _S.PLAN_REVISED),
            "an instrument of the baseline",
            "before and after can be told",
            "REH-15",
        ),
        _move(_S.PLAN_ACTIVE, _E.PAUSE, _S.PAUSED, "hospital, illness or the family's wish"),
        _move(_S.PAUSED, _E.RESUME, _S.PLAN_ACTIVE),
        _move(
            (_S.PLAN_ACTIVE, _S.PLAN_REVISED, _S.PAUSED),
            _E.CHANGE_INSTITUTION,
            _S.REFERRED,
            "as for a referral",
            "the place is free, another is taken",
            "REH-24",
        ),
        _move(
            _S.PLAN_ACTIVE,
            _E.REFER_MEDICAL,
            _S.REFERRED_MEDICAL,
            "recurrence, or another medical need",
            "the place is kept",
            "REH-79",
        ),
        _move(_S.REFERRED_MEDICAL, _E.RETURN_MEDICAL, _S.PLAN_ACTIVE, "discharged", "", "REH-79"),
        _move(
            OPEN,
            _E.CLOSE,
            _S.CLOSED,
            "with a plan: assessed at the end as at the beginning, unless the person is out of reach; "
            "dropped while paused: only when the pause was too long",
            "follow-up visits by the plan",
            "REH-15",
        ),
        _move(
            (_S.CLOSED, _S.FOLLOWED_UP),
            _E.FOLLOW_UP,
            (_S.CLOSED, _S.FOLLOWED_UP),
            "not after a death",
            "followed up with the last visit of the plan",
            "REH-72",
        ),
        _move(OPEN, _E.DECIDE_TRANSFER, (*OPEN, _S.CLOSED), "the person moved to another county", "moved, or closed"),
        _move(OPEN, _E.DIE, _S.CLOSED, "the register tells of the death", "reason DIED, on the day of death"),
        _move((_S.CLOSED,), _E.REVIVE, OPEN, "the death that closed it was wrong", "back to where it was"),
    ),
)
