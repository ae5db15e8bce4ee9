"""What the rehabilitation service tells the world: cases, how they go on and end, and that sessions took place."""

from __future__ import annotations

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event
from shared.contracts.state import CODE, State
from shared.values.rehab_case import CaseStatus


class CaseState(State):
    """A rehabilitation case. ``closing_reason`` DIED, MOVED, …; ``flag`` asks a person to look (TRANSFERRED)."""

    relation: ClassVar[str] = "rehab.case"
    key: ClassVar[str] = "case_id"

    case_id: UUID
    status: CaseStatus
    opened_on: date
    closed_on: date | None = None
    closing_reason: str | None = Field(default=None, pattern=CODE)
    flag: str | None = Field(default=None, pattern=CODE)


class SessionState(State):
    """A session of a case, after it happened. Never what was done, nor by whom."""

    relation: ClassVar[str] = "rehab.session"
    key: ClassVar[str] = "session_id"

    session_id: UUID
    case_id: UUID
    day: date
    mode: str = Field(pattern=CODE)
    attendance: str = Field(pattern=CODE)


class CaseOpened(Event):
    """A need was registered and a case opened."""

    type: ClassVar[str] = "rehab.case.opened.v1"
    title_zh: ClassVar[str] = "康复个案建档"
    case: CaseState


class CaseFlagged(Event):
    """The flag changed: TRANSFERRED asks for a decision (the person moved: hand over or close), None lifts it."""

    type: ClassVar[str] = "rehab.case.flagged.v1"
    title_zh: ClassVar[str] = "康复个案提示"
    case: CaseState


class CaseClosed(Event):
    """A case ended."""

    type: ClassVar[str] = "rehab.case.closed.v1"
    title_zh: ClassVar[str] = "康复个案结案"
    case: CaseState


class CaseReopened(Event):
    """The fact that closed the case was wrong (death retracted)."""

    type: ClassVar[str] = "rehab.case.reopened.v1"
    title_zh: ClassVar[str] = "康复个案恢复"
    case: CaseState


class CaseAdvanced(Event):
    """The case entered another state of RULES 7.6, or goes on in the same."""

    type: ClassVar[str] = "rehab.case.advanced.v1"
    title_zh: ClassVar[str] = "康复个案推进"
    case: CaseState


class PlanAgreed(Event):
    """A person plan, or its revision, was agreed and signed."""

    type: ClassVar[str] = "rehab.plan.agreed.v1"
    title_zh: ClassVar[str] = "一人一策方案签订"
    case: CaseState


class SessionLogged(Event):
    """A session was logged, attended or not."""

    type: ClassVar[str] = "rehab.session.logged.v1"
    title_zh: ClassVar[str] = "康复服务记录"
    session: SessionState


class SessionVoided(Event):
    """A session that was logged by mistake does not count."""

    type: ClassVar[str] = "rehab.session.voided.v1"
    title_zh: ClassVar[str] = "康复服务记录作废"
    session: SessionState
