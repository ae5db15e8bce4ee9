"""What the rehabilitation service tells the world: cases and how they end."""

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
