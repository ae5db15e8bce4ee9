"""Bodies and answers of comparison and suspects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.subsidy.adapters.comparison.suspects import Filed, SuspectWords
from services.subsidy.domain.comparison.checks import BY_ID, CHECKS, Action
from services.subsidy.domain.comparison.suspect import SuspectState, SuspectStep
from shared.kit.routing import RequestModel

CheckId = StrEnum("CheckId", {check.id: check.id for check in CHECKS})  # type: ignore[misc]
MonthText = Annotated[str, StringConstraints(pattern=r"^(19|20|21)\d{2}-(0[1-9]|1[0-2])$")]
DivisionText = Annotated[str, StringConstraints(pattern=r"^(\d{2}|\d{4}|\d{6}|\d{9}|\d{12})$")]
WordsText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=1000)]
PaperKind = Literal["VISIT_RECORD", "DEATH_PROOF", "JUDGMENT", "ALIVE_PROOF", "OFFICE_REPLY", "DECISION", "OTHER"]
PAPERS_MAX: Final = 20

Verifying = Literal[SuspectStep.VERIFY, SuspectStep.ASK_MORE, SuspectStep.CONFIRM, SuspectStep.REPORT]
Deciding = Literal[SuspectStep.DISTRIBUTE, SuspectStep.CLEAR, SuspectStep.ACT, SuspectStep.CLOSE]
VERIFYING: Final = frozenset(get_args(Verifying))


class ComparisonIn(RequestModel):
    """Compare a division (default: everywhere) for a month (default: this one)."""

    month: MonthText | None = None
    division: DivisionText | None = None


class DistributionIn(RequestModel):
    """Hand what is new in a division down to the townships where people live."""

    division: DivisionText


class DistributedOut(BaseModel):
    """How much was handed down."""

    distributed: int


class VerifyingIn(RequestModel):
    """A step of whoever verifies. ``paper_ids``: papers that lie with the suspect; what is found stands on one."""

    step: Verifying
    paper_ids: list[UUID] = Field(default_factory=list, max_length=PAPERS_MAX)
    words: WordsText | None = Field(default=None, description="核查情况")


class DecidingIn(RequestModel):
    """A step of the county. ``division``: to whom it is handed down; ``action``: what was done."""

    step: Deciding
    division: DivisionText | None = None
    action: Action | None = None
    paper_ids: list[UUID] = Field(default_factory=list, max_length=PAPERS_MAX)
    words: WordsText | None = Field(default=None, description="处理情况")


class PaperOut(BaseModel):
    """A paper that lies with a suspect."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    paper_id: UUID
    kind: PaperKind
    at: datetime
    recorded_by: str


class StepOut(BaseModel):
    """A step that was taken. ``words`` may name persons."""

    model_config = ConfigDict(frozen=True)

    version: int
    step: str
    state_before: SuspectState | None
    state: SuspectState
    division: str
    action: Action | None
    due_on: date | None
    paper_ids: list[UUID]
    words: str | None
    at: datetime
    recorded_by: str

    @classmethod
    def of(cls, row: Any, words: SuspectWords) -> StepOut:
        """From a row."""
        told = {name: getattr(row, name) for name in cls.model_fields if name not in {"paper_ids", "words"}}
        return cls(**told, paper_ids=list(row.papers), words=words.opened(row))


class SuspectOut(BaseModel):
    """A suspect of the work list. ``evidence``: what it rests on and what is at stake, without names or numbers."""

    model_config = ConfigDict(frozen=True)

    suspect_id: UUID
    version: int
    check: CheckId
    person_id: UUID
    division: str
    month: str
    state: SuspectState
    due_on: date | None
    overdue: bool
    holds_payment: bool
    action: Action | None
    actions: list[Action] = Field(description="该项疑点可用的处理方式")
    reopened: int
    found_at: datetime
    evidence: dict[str, Any]
    other_records: list[UUID] = Field(description="同一人的其他登记（已合并）")
    steps: list[StepOut] | None = Field(default=None, description="办理过程，仅在详情中给出")
    papers: list[PaperOut] | None = Field(default=None, description="佐证材料，仅在详情中给出")

    @classmethod
    def of(
        cls,
        filed: Filed,
        today: date,
        others: Sequence[UUID] = (),
        *,
        steps: list[StepOut] | None = None,
        papers: list[PaperOut] | None = None,
    ) -> SuspectOut:
        """From a suspect as it stands."""
        one = filed.suspect
        return cls(
            suspect_id=one.suspect_id,
            version=filed.version,
            check=CheckId(one.check),
            person_id=one.person_id,
            division=one.division,
            month=str(one.month),
            state=one.state,
            due_on=one.due_on,
            overdue=one.overdue(today),
            holds_payment=one.holds_payment,
            action=one.action,
            actions=list(BY_ID[one.check].actions),
            reopened=one.reopened,
            found_at=filed.found_at,
            evidence=filed.evidence,
            other_records=list(others),
            steps=steps,
            papers=papers,
        )
