"""The life of a payroll run as one table (RULES 4.8), and what its guards ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.subsidy.domain.payroll.errors import RunStepNotAllowed
from shared.values.machine import Machine, Move
from shared.values.month import Month


class RunState(StrEnum):
    """Where a run stands."""

    DRAFT = "DRAFT"
    LOCKED = "LOCKED"
    APPROVED = "APPROVED"
    FUNDED = "FUNDED"
    SENT = "SENT"
    PARTIALLY_SETTLED = "PARTIALLY_SETTLED"
    SETTLED = "SETTLED"
    ABORTED = "ABORTED"


class RunStep(StrEnum):
    """What happens to a run."""

    DRAW_UP = "draw_up"
    LOCK = "lock"
    REJECT = "reject"
    APPROVE = "approve"
    FUND = "fund"
    SEND = "send"
    ANSWER = "answer"
    ABORT = "abort"
    REOPEN = "reopen"


class RunReason(StrEnum):
    """Why a run is given up or taken up again; words of their own could name somebody."""

    WRONG_TOTALS = "WRONG_TOTALS"
    WRONG_PERSONS = "WRONG_PERSONS"
    POLICY_CHANGED = "POLICY_CHANGED"
    OUT_OF_DATE = "OUT_OF_DATE"
    BUDGET_NOT_READY = "BUDGET_NOT_READY"
    BY_MISTAKE = "BY_MISTAKE"
    OTHER = "OTHER"


class WaiverReason(StrEnum):
    """Why a red check does not stop a run."""

    EXPLAINED_BY_POLICY = "EXPLAINED_BY_POLICY"
    LOOKED_AT_ONE_BY_ONE = "LOOKED_AT_ONE_BY_ONE"
    FAMILY_OR_INSTITUTION = "FAMILY_OR_INSTITUTION"
    HELD_ANYWAY = "HELD_ANYWAY"
    OTHER = "OTHER"


BY_PEOPLE: Final = tuple(step for step in RunStep if step is not RunStep.ANSWER)
"""The bank takes the other one."""
UNSENT: Final = (RunState.DRAFT, RunState.LOCKED, RunState.APPROVED, RunState.FUNDED)
LEFT: Final = (RunState.SENT, RunState.PARTIALLY_SETTLED, RunState.SETTLED)
"""Money has left: nothing takes these back but answers of the bank and cases of recovery."""
ENDED: Final = (RunState.SETTLED, RunState.ABORTED)

DIGEST_VERSION: Final = 2
"""1: amounts, persons, causes and who is held in the draft: it cannot be taken of entered lines, of which locking may
hold more. 2: amounts, persons, causes and rules: it is that of the entered lines for ever."""

_S, _E = RunState, RunStep

PAYROLL_RUN: Final = Machine(
    name="payroll_run",
    states=RunState,
    events=RunStep,
    begins=(_S.DRAFT,),
    moves=(
        Move(
            _E.DRAW_UP,
            (_S.DRAFT,),
            (_S.DRAFT,),
            guard="the fence: everything the register had announced is known here",
            effect="lines, checks, differences, digest; whatever was drawn up before is gone",
            rules=("SUB-56", "SUB-61"),
        ),
        Move(
            _E.LOCK,
            (_S.DRAFT,),
            (_S.LOCKED,),
            guard="drawn up, no red check without a waiver, no other run holds a line; the fence anew",
            effect="the lines are entered; whoever is no longer owed them is held by name",
            rules=("SUB-61", "SUB-63"),
        ),
        Move(
            _E.REJECT,
            (_S.DRAFT, _S.LOCKED, _S.APPROVED, _S.FUNDED),
            (_S.DRAFT,),
            guard="reason",
            effect="the lines are given free; to be drawn up anew",
        ),
        Move(_E.APPROVE, (_S.LOCKED,), (_S.APPROVED,), guard="two persons, over the digest", rules=("SUB-58",)),
        Move(
            _E.FUND,
            (_S.APPROVED,),
            (_S.FUNDED,),
            guard="finance: budget code and totals; none of the two who approved",
            rules=("SUB-58",),
        ),
        Move(
            _E.SEND,
            (_S.FUNDED, _S.SENT, _S.PARTIALLY_SETTLED),
            (_S.SENT, _S.PARTIALLY_SETTLED),
            guard="the fence anew; something is pending",
            effect="instructions are stored; later ones pay what was held or came back",
            rules=("SUB-55", "SUB-59"),
        ),
        Move(
            _E.ANSWER,
            (_S.SENT, _S.PARTIALLY_SETTLED, _S.SETTLED),
            (_S.SENT, _S.PARTIALLY_SETTLED, _S.SETTLED),
            guard="settled when every line is paid or closed; partially when all are answered and some came back",
            rules=("SUB-59",),
        ),
        Move(
            _E.ABORT,
            (_S.DRAFT, _S.LOCKED, _S.APPROVED, _S.FUNDED),
            (_S.ABORTED,),
            guard="reason",
            effect="the lines are given free",
        ),
        Move(_E.REOPEN, (_S.ABORTED,), (_S.DRAFT,), guard="as for a new run; reason", effect="to be drawn up anew"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """How far the register's journal was applied here (ARCHITECTURE 1.4): ``at`` is when the register said so."""

    epoch: int
    position: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What was drawn up. ``news_since``: whatever came to stand later is not in it. Amounts in fen.

    ``lines`` are paid or held, ``left_out`` could not be priced (READ-14); ``digest`` covers every line in order, in
    the way of ``digest_version``.
    """

    known_at: datetime
    news_since: datetime
    proven: Proven
    policy_digest: str
    digest: str
    digest_version: int
    lines: int
    amount_fen: int
    held: int
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run: one division, one month, some schemes (RULES 4.8). ``arrears_from``: how far back months are looked at."""

    run_id: UUID
    version: int
    division: str
    month: Month
    schemes: tuple[str, ...]
    arrears_from: Month
    state: RunState
    draft: Draft | None
    created_at: datetime
    created_by: str

    def allowed(self) -> Sequence[RunStep]:
        """The steps people may take now."""
        steps = [step for step in PAYROLL_RUN.allowed(self.state) if step in BY_PEOPLE]
        return [step for step in steps if step is not RunStep.LOCK or self.draft is not None]

    def must_allow(self, step: RunStep) -> None:
        """Raises `RunStepNotAllowed`."""
        if step is not RunStep.ANSWER and step not in self.allowed():
            raise RunStepNotAllowed(
                step=step.value, state=self.state.value, allowed=[each.value for each in self.allowed()]
            )
        if PAYROLL_RUN.move(self.state, step) is None:
            raise RunStepNotAllowed(
                step=step.value, state=self.state.value, allowed=[each.value for each in self.allowed()]
            )


@dataclass(frozen=True, slots=True)
class Tally:
    """Lines of a run that left, by what became of them."""

    unanswered: int
    waiting: int
    """Held, pending again or returned: somebody has to do something."""


def answered(tally: Tally) -> RunState:
    """Where the answers so far lead (RULES 4.8)."""
    match tally:
        case Tally(unanswered=0, waiting=0):
            return RunState.SETTLED
        case Tally(unanswered=0):
            return RunState.PARTIALLY_SETTLED
        case _:
            return RunState.SENT
