"""Bodies and answers about reported values and snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.indicators.adapters.snapshots import Snapshot
from services.indicators.adapters.submissions import Submission
from services.indicators.domain.definition import Direction
from services.indicators.domain.period import PERIOD_PATTERN, Span
from services.indicators.domain.report import (
    ALLOWED,
    DOCUMENT_NO,
    NUMBER_MAX,
    Aspect,
    Content,
    Report,
    ReportStatus,
    ReportStep,
)
from services.indicators.entrypoints.http.schemas import AsOfOut
from services.indicators.use_cases.read_figures import FigureState, Number
from shared.kit.routing import RequestModel

DivisionText = Annotated[str, StringConstraints(pattern=r"^(\d{2}|\d{4}|\d{6}|\d{9}|\d{12})$")]
PeriodText = Annotated[str, StringConstraints(pattern=PERIOD_PATTERN)]
DocumentNo = Annotated[str, StringConstraints(pattern=DOCUMENT_NO)]


class ReportIn(RequestModel):
    """A value or a target. ``numerator``: the number itself where it is no rate; a target is in the unit, by year.

    ``document_no``: of the paper it is taken from, as 六残联〔2026〕12号.
    """

    indicator: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,64}$")]
    division: DivisionText
    period: PeriodText
    aspect: Aspect = Aspect.ACTUAL
    numerator: Annotated[int, Field(ge=0, le=NUMBER_MAX)]
    denominator: Annotated[int, Field(ge=0, le=NUMBER_MAX)] | None = None
    document_no: DocumentNo

    def content(self) -> Content:
        """As the domain has it."""
        told = self.model_dump(exclude={"period"})
        return Content(**told, span=Span.parse(self.period))


class ApprovedIn(RequestModel):
    """Act with the approval another person gave."""

    approval_id: UUID


class ReportOut(BaseModel):
    """A report and its life; ``allowed`` are the steps it can take. ``batch_id``: the import it came with."""

    model_config = ConfigDict(frozen=True)

    report_id: UUID
    indicator: str
    definition_version: int
    division: str
    period: str
    aspect: Aspect
    numerator: int
    denominator: int | None
    document_no: str
    status: ReportStatus
    allowed: tuple[ReportStep, ...]
    made_by: str
    made_at: datetime
    accepted_by: str | None
    accepted_at: datetime | None
    batch_id: UUID | None

    @classmethod
    def of(cls, report: Report) -> ReportOut:
        """From the domain."""
        content = report.content
        same = (
            "report_id",
            "definition_version",
            "status",
            "made_by",
            "made_at",
            "accepted_by",
            "accepted_at",
            "batch_id",
        )
        told = ("indicator", "division", "aspect", "numerator", "denominator", "document_no")
        return cls(
            **{name: getattr(report, name) for name in same},
            **{name: getattr(content, name) for name in told},
            period=str(content.span),
            allowed=ALLOWED[report.status],
        )


class AcceptedOut(BaseModel):
    """How many values of a file are shown from now on."""

    model_config = ConfigDict(frozen=True)

    accepted: int


class MissingOut(BaseModel):
    """A value nobody has reported. ``due_on`` null: no day is set for it."""

    model_config = ConfigDict(frozen=True)

    indicator: str
    division: str
    division_name: str | None
    period: str
    due_on: date | None
    overdue: bool


class SnapshotIn(RequestModel):
    """Freeze a division with what lies directly below it. ``correction``: the paper that asks for a new version."""

    division: DivisionText
    period: PeriodText
    correction: DocumentNo | None = None


class SnapshotOut(BaseModel):
    """A frozen set of figures. ``definitions``: code and version of each it was made by."""

    model_config = ConfigDict(frozen=True)

    snapshot_id: UUID
    division: str
    period: str
    version: int
    reference_date: date
    data_time: datetime
    as_of: tuple[AsOfOut, ...]
    definitions: dict[str, int]
    digest: str = Field(description="SHA-256 of definitions and figures, hexadecimal")
    correction: str | None
    made_by: str
    made_at: datetime
    approved_by: str | None
    approved_at: datetime | None

    @classmethod
    def of(cls, kept: Snapshot) -> SnapshotOut:
        """From its row."""
        same = ("snapshot_id", "division", "version", "reference_date", "data_time", "correction")
        life = ("made_by", "made_at", "approved_by", "approved_at")
        return cls(
            **{name: getattr(kept, name) for name in (*same, *life)},
            period=str(kept.span),
            as_of=tuple(AsOfOut(**each) for each in kept.as_of),
            definitions={each["code"]: each["version"] for each in kept.definitions},
            digest=kept.digest.hex(),
        )


class SubmissionOut(BaseModel):
    """How handing a snapshot up has gone. ``refusal``: status of the last answer, or why there was none."""

    model_config = ConfigDict(frozen=True)

    tries: int
    tried_at: datetime
    refusal: str | None
    taken_at: datetime | None

    @classmethod
    def of(cls, told: Submission) -> SubmissionOut:
        """From its row."""
        return cls(tries=told.tries, tried_at=told.tried_at, refusal=told.refusal, taken_at=told.taken_at)


class NumberOut(BaseModel):
    """A number, or why there is none."""

    model_config = ConfigDict(frozen=True)

    state: FigureState
    value: int | None
    numerator: int | None
    denominator: int | None

    @classmethod
    def of(cls, number: Number) -> NumberOut:
        """From the domain."""
        return cls(**{name: getattr(number, name) for name in cls.model_fields})


class FrozenFigureOut(NumberOut):
    """One frozen number."""

    indicator: str
    division: str
    division_name: str | None


class SnapshotFiguresOut(BaseModel):
    """A snapshot with its figures. ``intact``: what is stored still has the digest it was frozen with.

    ``submission``: how handing it up to the level above has gone; null where nothing was tried.
    """

    model_config = ConfigDict(frozen=True)

    snapshot: SnapshotOut
    intact: bool
    submission: SubmissionOut | None
    items: tuple[FrozenFigureOut, ...]


class ComparedOut(BaseModel):
    """A frozen number beside others: the approved one of the period before and of the year before, the target of the
    year (the division's own where it has one), and its rank among the divisions beside it (1 is best; null at the top,
    without a direction, or without a value)."""

    model_config = ConfigDict(frozen=True)

    indicator: str
    division: str
    division_name: str | None
    value: int | None
    before: int | None
    a_year_before: int | None
    target: int | None
    met: bool | None
    rank: int | None


class ComparisonOut(BaseModel):
    """A snapshot compared; ids of what it was compared with, null where nothing was approved."""

    model_config = ConfigDict(frozen=True)

    snapshot: SnapshotOut
    before_id: UUID | None
    a_year_before_id: UUID | None
    items: tuple[ComparedOut, ...]


def ranks(values: Sequence[int | None], direction: Direction | None) -> list[int | None]:
    """1 is best; equal values share a rank; None without a direction or a value."""
    if direction is None:
        return [None] * len(values)
    present = [value for value in values if value is not None]
    return [
        None
        if value is None
        else 1 + sum(1 for other in present if (other > value if direction is Direction.UP else other < value))
        for value in values
    ]
