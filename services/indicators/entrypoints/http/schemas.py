"""Answers of the indicators service's API. Months are ``YYYY-MM``; no answer holds anything about one person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from services.indicators.domain.definition import Counting, Definition
from services.indicators.use_cases.ports import AsOf
from services.indicators.use_cases.read_figures import Answer
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


class DefinitionOut(BaseModel):
    """What an indicator counts and by which rule."""

    model_config = ConfigDict(frozen=True)

    code: str
    version: int
    counting: Counting
    zh: str
    en: str
    unit_zh: str
    unit_en: str
    rule_zh: str
    rule_en: str

    @classmethod
    def of(cls, definition: Definition) -> DefinitionOut:
        """From the domain."""
        return cls(**{name: getattr(definition, name) for name in cls.model_fields})


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
    """One number. ``reference_date`` is the last day of the month, or today while it runs."""

    model_config = ConfigDict(frozen=True)

    indicator: str
    division: str
    division_name: str | None
    month: str
    reference_date: date
    value: int


class FiguresOut(BaseModel):
    """Numbers of one snapshot (RU-04): as known at ``data_time``, from the events told in ``as_of``."""

    model_config = ConfigDict(frozen=True)

    items: tuple[FigureOut, ...]
    data_time: datetime
    as_of: tuple[AsOfOut, ...]

    @classmethod
    def of(cls, answer: Answer, name_of: NameOf) -> FiguresOut:
        """From the reading."""
        return cls(
            items=tuple(
                FigureOut(
                    indicator=figure.definition.code,
                    division=figure.division,
                    division_name=name_of(figure.division),
                    month=str(figure.period.month),
                    reference_date=figure.period.reference_date,
                    value=figure.value,
                )
                for figure in answer.figures
            ),
            data_time=answer.data_time,
            as_of=tuple(AsOfOut.of(each) for each in answer.as_of),
        )
