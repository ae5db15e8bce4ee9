"""Values a division tells, and targets it sets: drafted by one person, accepted by another, corrected by a new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.indicators.domain.definition import Definition, Measure, PeriodType, Reported
from services.indicators.domain.errors import ReportDoesNotFit, ReportNotAllowed
from services.indicators.domain.period import Period, Span

DOCUMENT_NO: Final = r"^[\u4e00-\u9fff]{1,8}〔[0-9]{4}〕[0-9]{1,5}号$"
"""The number of an official paper: evidence, and no room for anything about a person."""
NUMBER_MAX: Final = 10**12


class Aspect(StrEnum):
    """What was reached, or what is to be."""

    ACTUAL = "ACTUAL"
    TARGET = "TARGET"


class ReportStatus(StrEnum):
    """DRAFT until another person accepts it; what was accepted stays, and is shown until a newer one is."""

    DRAFT = "DRAFT"
    ACCEPTED = "ACCEPTED"
    DISCARDED = "DISCARDED"


class ReportStep(StrEnum):
    """What can be done with a report."""

    ACCEPT = "ACCEPT"
    DISCARD = "DISCARD"


ALLOWED: Final[Mapping[ReportStatus, tuple[ReportStep, ...]]] = {
    ReportStatus.DRAFT: (ReportStep.ACCEPT, ReportStep.DISCARD),
    ReportStatus.ACCEPTED: (),
    ReportStatus.DISCARDED: (),
}


class Misfit(StrEnum):
    """Why a report does not fit its definition."""

    COMPUTED = "COMPUTED"
    PERIOD = "PERIOD"
    TARGET_PERIOD = "TARGET_PERIOD"
    DENOMINATOR_MISSING = "DENOMINATOR_MISSING"
    DENOMINATOR_SENSELESS = "DENOMINATOR_SENSELESS"


MISFITS: Final[Mapping[Misfit, tuple[str, str]]] = {
    Misfit.COMPUTED: ("该指标由事件计算，不能上报", "the indicator is computed from events and cannot be reported"),
    Misfit.PERIOD: ("该指标不按这种统计期上报", "the indicator is not reported for periods of that kind"),
    Misfit.TARGET_PERIOD: ("目标按年设定", "targets are set by year"),
    Misfit.DENOMINATOR_MISSING: ("比率须同时上报分子和分母", "a rate is reported with its denominator"),
    Misfit.DENOMINATOR_SENSELESS: ("该值不是比率，没有分母", "it is no rate and has no denominator"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is told. ``denominator`` None: no rate. A target is one number in the unit of the definition."""

    indicator: str
    division: str
    span: Span
    aspect: Aspect
    numerator: int
    denominator: int | None
    document_no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report and its life."""

    report_id: UUID
    definition_version: int
    content: Content
    status: ReportStatus
    made_by: str
    made_at: datetime
    accepted_by: str | None
    accepted_at: datetime | None
    batch_id: UUID | None

    def must_allow(self, step: ReportStep) -> None:
        """Raises `ReportNotAllowed`."""
        allowed = ALLOWED[self.status]
        if step not in allowed:
            raise ReportNotAllowed(step=step.value, status=self.status.value, allowed=[each.value for each in allowed])


def must_fit(content: Content, definition: Definition, *, today: date) -> None:
    """Raises `ReportDoesNotFit`; `MonthNotReached` for what was reached in a period that has not begun."""
    misfit = _target_misfit(content) if content.aspect is Aspect.TARGET else _actual_misfit(content, definition)
    if misfit is not None:
        zh, en = MISFITS[misfit]
        raise ReportDoesNotFit(misfit=misfit.value, zh=zh, en=en, allowed=[each.value for each in definition.periods])
    if content.aspect is Aspect.ACTUAL:
        Period.of(content.span, today=today)


def _target_misfit(content: Content) -> Misfit | None:
    if content.span.kind is not PeriodType.YEAR:
        return Misfit.TARGET_PERIOD
    return Misfit.DENOMINATOR_SENSELESS if content.denominator is not None else None


def _actual_misfit(content: Content, definition: Definition) -> Misfit | None:
    form = definition.form
    if not isinstance(form, Reported):
        return Misfit.COMPUTED
    if content.span.kind not in form.periods:
        return Misfit.PERIOD
    if form.measure is Measure.RATE and content.denominator is None:
        return Misfit.DENOMINATOR_MISSING
    if form.measure is Measure.COUNT and content.denominator is not None:
        return Misfit.DENOMINATOR_SENSELESS
    return None
