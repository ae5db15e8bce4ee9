"""Answers about figures. Periods are ``2026-05``, ``2026-Q2``, ``2026-H1`` or ``2026``; nothing is about one person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.indicators.domain.definition import (
    Count,
    Counting,
    Definition,
    Direction,
    Nature,
    PeriodType,
    Rate,
    Reported,
    Source,
)
from services.indicators.use_cases.ports import AsOf
from services.indicators.use_cases.read_figures import Answer, Figure, FigureState
from shared.values.division import Level

NameOf = Callable[[str], str | None]


class LevelName(StrEnum):
    """The levels of divisions as a request names them."""

    PROVINCE = "province"
    PREFECTURE = "prefecture"
    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"

    @property
    def level(self) -> Level:
        """The level."""
        return Level[self.name]


class Origin(StrEnum):
    """Whether an indicator is made from events or told by divisions."""

    COMPUTED = "COMPUTED"
    REPORTED = "REPORTED"


class DefinitionOut(BaseModel):
    """What an indicator counts and by which rule.

    ``value`` of a rate is in basis points (万分比): 10000 is all. ``target`` is the national one, in the unit.
    ``numerator``, ``denominator``: the indicators a rate divides. ``due_day``: of the month after the period.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    kpi: str | None
    version: int
    nature: Nature
    origin: Origin
    counting: Counting | None
    distinct: bool
    source: Source | None
    numerator: str | None
    denominator: str | None
    periods: tuple[PeriodType, ...]
    due_day: int | None
    direction: Direction | None
    target: int | None
    zh: str
    en: str
    unit_zh: str
    unit_en: str
    rule_zh: str
    rule_en: str
    basis: str | None

    @classmethod
    def of(cls, definition: Definition) -> DefinitionOut:
        """From the domain."""
        form = definition.form
        same = ("code", "kpi", "version", "nature", "periods", "direction", "target", "basis")
        words = ("zh", "en", "unit_zh", "unit_en", "rule_zh", "rule_en")
        return cls(
            **{name: getattr(definition, name) for name in (*same, *words)},
            origin=Origin.REPORTED if isinstance(form, Reported) else Origin.COMPUTED,
            counting=form.counting if isinstance(form, Count) else None,
            distinct=not isinstance(form, Rate) and form.distinct,
            source=form.kind.source if isinstance(form, Count) else None,
            numerator=form.numerator if isinstance(form, Rate) else None,
            denominator=form.denominator if isinstance(form, Rate) else None,
            due_day=form.due_day if isinstance(form, Reported) else None,
        )


class AsOfOut(BaseModel):
    """How much of a publisher's journal the figures contain: everything up to ``position`` of ``epoch``."""

    model_config = ConfigDict(frozen=True)

    publisher: str
    epoch: int
    position: int
    moved_at: datetime

    @classmethod
    def of(cls, as_of: AsOf) -> AsOfOut:
        """From the reading."""
        return cls(**{name: getattr(as_of, name) for name in cls.model_fields})


class FigureOut(BaseModel):
    """One number. ``reference_date`` is the last day of the period, or today while it runs.

    ``value`` null: nobody reported it (MISSING), a rate over nothing (NOT_APPLICABLE, RU-06), or few people are behind
    it, or behind what could be subtracted from it (SUPPRESSED).
    """

    model_config = ConfigDict(frozen=True)

    indicator: str
    division: str
    division_name: str | None
    period: str
    reference_date: date
    state: FigureState
    value: int | None
    numerator: int | None
    denominator: int | None

    @classmethod
    def of(cls, figure: Figure, name_of: NameOf) -> FigureOut:
        """From the reading."""
        return cls(
            indicator=figure.definition.code,
            division=figure.division,
            division_name=name_of(figure.division),
            period=str(figure.period.span),
            reference_date=figure.period.reference_date,
            state=figure.number.state,
            value=figure.number.value,
            numerator=figure.number.numerator,
            denominator=figure.number.denominator,
        )


class FiguresOut(BaseModel):
    """Numbers of one snapshot of the database: as known at ``data_time``, from the events told in ``as_of``."""

    model_config = ConfigDict(frozen=True)

    items: tuple[FigureOut, ...]
    data_time: datetime
    as_of: tuple[AsOfOut, ...]

    @classmethod
    def of(cls, answer: Answer, name_of: NameOf) -> FiguresOut:
        """From the reading."""
        return cls(
            items=tuple(FigureOut.of(figure, name_of) for figure in answer.figures),
            data_time=answer.data_time,
            as_of=tuple(AsOfOut.of(each) for each in answer.as_of),
        )


class PartOut(BaseModel):
    """A number behind a number: its definition, the figure, and the digest of the statement that counted it.

    ``query_sha256`` null: nothing was counted. ``report_id``: the reported value that is shown.
    """

    model_config = ConfigDict(frozen=True)

    definition: DefinitionOut
    figure: FigureOut
    query_sha256: str | None
    report_id: UUID | None


class LineageOut(BaseModel):
    """How a number came about: the parts it is made of, itself first; when, and from how much of which journal."""

    model_config = ConfigDict(frozen=True)

    parts: tuple[PartOut, ...]
    data_time: datetime
    as_of: tuple[AsOfOut, ...]
