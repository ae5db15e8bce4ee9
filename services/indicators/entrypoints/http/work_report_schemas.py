"""The work report as the level above reads it."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.indicators.entrypoints.http.report_words import found
from services.indicators.entrypoints.http.schemas import AsOfOut, NameOf
from services.indicators.use_cases.check_figures import CheckRule, Finding
from services.indicators.use_cases.editions import Edition
from services.indicators.use_cases.read_board import Told
from services.indicators.use_cases.read_figures import FigureState
from services.indicators.use_cases.write_report import WorkReport


class EditionOut(BaseModel):
    """Where the numbers of a period come from. ``snapshot_id`` null: as known at ``data_time``, approved by nobody."""

    model_config = ConfigDict(frozen=True)

    period: str
    reference_date: date
    data_time: datetime
    as_of: tuple[AsOfOut, ...]
    snapshot_id: UUID | None
    snapshot_version: int | None
    snapshot_digest: str | None
    approved_at: datetime | None

    @classmethod
    def of(cls, edition: Edition) -> EditionOut:
        """From the report."""
        frozen = edition.frozen
        return cls(
            period=str(edition.period.span),
            reference_date=edition.period.reference_date,
            data_time=edition.data_time,
            as_of=tuple(AsOfOut.of(each) for each in edition.as_of),
            snapshot_id=None if frozen is None else frozen.snapshot_id,
            snapshot_version=None if frozen is None else frozen.version,
            snapshot_digest=None if frozen is None else frozen.digest,
            approved_at=None if frozen is None else frozen.approved_at,
        )


class ReportedLineOut(BaseModel):
    """One number with what it is compared to; values of rates in basis points. ``met`` null: that cannot be said."""

    model_config = ConfigDict(frozen=True)

    indicator: str
    definition_version: int
    division: str
    division_name: str | None
    state: FigureState
    value: int | None
    numerator: int | None
    denominator: int | None
    before: int | None
    a_year_before: int | None
    target: int | None
    met: bool | None

    @classmethod
    def of(cls, report: WorkReport, told: Told, name_of: NameOf) -> ReportedLineOut:
        """From the report."""
        before, a_year_before = report.then(told)
        return cls(
            indicator=told.definition.code,
            definition_version=told.definition.version,
            division=told.division,
            division_name=name_of(told.division),
            state=told.number.state,
            value=told.number.value,
            numerator=told.number.numerator,
            denominator=told.number.denominator,
            before=before,
            a_year_before=a_year_before,
            target=told.target,
            met=told.met,
        )


class FindingOut(BaseModel):
    """One thing to look at: ``value`` was held ``against`` another number, of the indicator ``other`` if of another."""

    model_config = ConfigDict(frozen=True)

    rule: CheckRule
    indicator: str
    division: str
    division_name: str | None
    value: int
    against: int
    other: str | None
    zh: str

    @classmethod
    def of(cls, finding: Finding, name_of: NameOf) -> FindingOut:
        """From the checks."""
        return cls(
            rule=finding.rule,
            indicator=finding.definition.code,
            division=finding.division,
            division_name=name_of(finding.division),
            value=finding.value,
            against=finding.against,
            other=None if finding.other is None else finding.other.code,
            zh=found(finding, name_of),
        )


class WorkReportOut(BaseModel):
    """Every number of a division and of those directly below, for one period."""

    model_config = ConfigDict(frozen=True)

    title: str
    division: str
    this: EditionOut
    before: EditionOut
    a_year_before: EditionOut
    items: tuple[ReportedLineOut, ...]
    findings: tuple[FindingOut, ...]

    @classmethod
    def of(cls, report: WorkReport, title: str, name_of: NameOf) -> WorkReportOut:
        """From the report."""
        return cls(
            title=title,
            division=report.division,
            this=EditionOut.of(report.this),
            before=EditionOut.of(report.before),
            a_year_before=EditionOut.of(report.a_year_before),
            items=tuple(ReportedLineOut.of(report, told, name_of) for told in report.table),
            findings=tuple(FindingOut.of(each, name_of) for each in report.findings),
        )
