"""Import of reported values and targets: a table of a division's numbers, each a draft until the file is accepted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar
from uuid import UUID

from services.indicators.adapters import reports
from services.indicators.adapters.catalogue import CATALOGUE
from services.indicators.adapters.work import IndicatorsWork
from services.indicators.domain.definition import Definition
from services.indicators.domain.errors import MonthNotReached, ReportDoesNotFit
from services.indicators.domain.period import Span
from services.indicators.domain.report import DOCUMENT_NO, NUMBER_MAX, Aspect, Content, must_fit
from shared.kit.audit import Change
from shared.kit.imports import Applied, Import, Parsed
from shared.kit.spreadsheets import CellFault, Column, Row
from shared.values.division import Division
from shared.values.invalid import InvalidValue

T = TypeVar("T")
COLUMNS: Final = (
    Column("indicator", "指标", ("指标代码", "指标名称")),
    Column("division", "区划代码", ("区划", "行政区划代码")),
    Column("period", "统计期", ("期间",)),
    Column("aspect", "类型", ("完成或目标",), required=False),
    Column("numerator", "数值", ("本期值", "分子", "完成数")),
    Column("denominator", "分母", required=False),
    Column("document_no", "依据文号", ("文号",)),
)
_TITLES: Final = {column.field: column.title for column in COLUMNS}
_ASPECTS: Final = {
    "": Aspect.ACTUAL,
    "完成": Aspect.ACTUAL,
    "目标": Aspect.TARGET,
    **{each.value: each for each in Aspect},
}
_NAMES: Final = {name: each.code for each in CATALOGUE for name in (each.zh, each.code)}
_NUMBER: Final = re.compile(r"\d{1,13}(\.0+)?", re.ASCII)


def parse(row: Row) -> Content | list[CellFault]:
    """One value; whether it fits its definition is known when it is applied."""
    cells = _Cells(row)
    code = cells.one_of("indicator", _NAMES, "没有该指标；应为指标目录中的名称或代码")
    aspect = cells.one_of("aspect", _ASPECTS, "应为“完成”或“目标”，空白为“完成”")
    division, span = cells.read("division", Division.parse), cells.read("period", Span.parse)
    numerator = cells.number("numerator")
    denominator = cells.number("denominator") if cells.of("denominator") else None
    document_no = cells.of("document_no")
    if re.fullmatch(DOCUMENT_NO, document_no, re.ASCII) is None:
        cells.wrong("document_no", "应为公文文号，如 六残联〔2026〕12号")
    if cells.faults or code is None or aspect is None or division is None or span is None or numerator is None:
        return cells.faults
    return Content(
        indicator=code,
        division=division.code,
        span=span,
        aspect=aspect,
        numerator=numerator,
        denominator=denominator,
        document_no=document_no,
    )


class _Cells:
    """Reads the cells of a row and collects what is wrong with them."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self.faults: list[CellFault] = []

    def of(self, field: str) -> str:
        return self._row.values.get(field, "").strip()

    def wrong(self, field: str, reason: str) -> None:
        self.faults.append(CellFault(self._row.number, _TITLES[field], reason))

    def one_of(self, field: str, known: Mapping[str, T], reason: str) -> T | None:
        if (found := known.get(self.of(field))) is None:
            self.wrong(field, reason)
        return found

    def read(self, field: str, parsed: Callable[[str], T]) -> T | None:
        try:
            return parsed(self.of(field))
        except InvalidValue as refusal:
            self.wrong(field, refusal.zh_of_cell)
            return None

    def number(self, field: str) -> int | None:
        words = self.of(field).replace(",", "")
        value = int(words.partition(".")[0]) if _NUMBER.fullmatch(words) else NUMBER_MAX + 1
        if value > NUMBER_MAX:
            self.wrong(field, f"须为 0 至 {NUMBER_MAX:,} 的整数")
            return None
        return value


async def apply(chunk: Sequence[Parsed[Content]], work: IndicatorsWork) -> Applied:
    """Keep what fits as drafts of this file. What stands already, word for word, is unchanged."""
    assert work.caller is not None, "an import is somebody's"
    batch_id = UUID(str(work.asked["job_id"]))
    standing = await reports.standing(work.connection, [parsed.value for parsed in chunk])
    seen = {_key(each.content) for each in await reports.drafts_of(work.connection, batch_id)}
    faults: list[CellFault] = []
    fresh: list[tuple[Content, int]] = []
    unchanged = 0
    for parsed in chunk:
        content, definition = parsed.value, CATALOGUE.get(parsed.value.indicator)
        fault = _fault(content, definition, work, repeated=_key(content) in seen)
        seen.add(_key(content))
        if fault is not None:
            faults.append(CellFault(parsed.number, *fault))
        elif content in standing:
            unchanged += 1
        else:
            fresh.append((content, definition.version))
    await reports.insert_many(work, fresh, batch_id=batch_id, by=work.caller.subject)
    if fresh:
        division = reports.common_division([content.division for content, _ in fresh])
        after = {"batch_id": batch_id, "count": len(fresh)}
        work.audit(Change(None, "reports.drafted", after=after, division=division))
    return Applied(applied=len(fresh), unchanged=unchanged, faults=faults)


def _key(content: Content) -> tuple[str, str, Span, Aspect]:
    return content.indicator, content.division, content.span, content.aspect


def _fault(content: Content, definition: Definition, work: IndicatorsWork, *, repeated: bool) -> tuple[str, str] | None:
    """The column and the reason, where the row cannot be taken."""
    if work.caller is None or not work.caller.scope.covers(Division.parse(content.division)):
        return _TITLES["division"], "不在您的管辖区划范围内"
    if repeated:
        return _TITLES["indicator"], "同一区划、同一统计期的这个指标在文件中重复"
    try:
        must_fit(content, definition, today=work.today())
    except ReportDoesNotFit as misfit:
        return _TITLES["indicator"], str(misfit.facts["zh"])
    except MonthNotReached:
        return _TITLES["period"], "统计期尚未开始"
    return None


REPORT_IMPORT: Final[Import[Content, IndicatorsWork]] = Import(
    kind="reported_value.import", columns=COLUMNS, parse=parse, apply=apply
)
