"""What the subsidy service tells the world: awards of the two subsidies (残疾人两项补贴) and of other schemes."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event
from shared.contracts.state import CODE, MONTH, SchemeCode, State
from shared.values.award import AwardStatus


class AwardState(State):
    """An award. Months are ``YYYY-MM``; ``effective_month`` is the first month no longer due (SUB-38)."""

    relation: ClassVar[str] = "subsidy.award"
    key: ClassVar[str] = "award_id"

    award_id: UUID
    scheme: SchemeCode
    status: AwardStatus
    start_month: str = Field(pattern=MONTH)
    effective_month: str | None = Field(default=None, pattern=MONTH)
    cause_id: UUID | None = None


class AwardGranted(Event):
    """An award was determined and runs from ``start_month`` (SUB-35)."""

    type: ClassVar[str] = "subsidy.award.granted.v1"
    title_zh: ClassVar[str] = "补贴资格认定"
    award: AwardState


class AwardSuspended(Event):
    """A stop event reached the award; ``award.cause_id`` is the causing fact, ``cause_kind`` its kind."""

    type: ClassVar[str] = "subsidy.award.suspended.v1"
    title_zh: ClassVar[str] = "补贴停发"
    award: AwardState
    cause_kind: str = Field(pattern=CODE)


class AwardResumed(Event):
    """The causing fact was withdrawn as wrong; the wrongly stopped months are owed (RULES 4.7)."""

    type: ClassVar[str] = "subsidy.award.resumed.v1"
    title_zh: ClassVar[str] = "补贴恢复"
    award: AwardState
    cause_kind: str = Field(pattern=CODE)


class AwardStopped(Event):
    """The month turned past ``effective_month`` while the fact stands (RULES 4.7)."""

    type: ClassVar[str] = "subsidy.award.stopped.v1"
    title_zh: ClassVar[str] = "补贴终止发放"
    award: AwardState


class AwardChanged(Event):
    """A person paused or resumed the award, or what stands against a paused one has changed (RULES 4.7)."""

    type: ClassVar[str] = "subsidy.award.changed.v1"
    title_zh: ClassVar[str] = "补贴资格变更"
    award: AwardState


class AwardTerminated(Event):
    """The award ended for good: death, or cancellation for fraud (RULES 4.7)."""

    type: ClassVar[str] = "subsidy.award.terminated.v1"
    title_zh: ClassVar[str] = "补贴资格终结"
    award: AwardState
