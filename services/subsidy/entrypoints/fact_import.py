"""Import of facts: lists of other bureaus (dibao, 特困, work injury, courts …), every month anew.

A fact is named by person, kind, source, scheme and first day. The same list again changes nothing; a row with another
end or value is the next revision of its fact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID, uuid5

from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.errors import FactDoesNotFit, PersonNotKnown
from services.subsidy.domain.explanation import KIND_ZH, LEVEL_ZH
from services.subsidy.domain.person_facts import VALUES, Fact, FactKind, Source
from services.subsidy.entrypoints.http.explanation_page import SOURCE_ZH
from services.subsidy.entrypoints.http.problems import SCHEME_ZH, TEXTS
from services.subsidy.use_cases.record_facts import record_facts
from shared.kit.imports import Applied, Import, Parsed
from shared.kit.spreadsheets import CellFault, Column, Row
from shared.values.dates import parse_day
from shared.values.division import Scope
from shared.values.money import Money
from shared.values.refusal import Refusal

T = TypeVar("T")
COLUMNS: Final = (
    Column("person_id", "人员编号"),
    Column("kind", "事项"),
    Column("value", "内容", required=False),
    Column("valid_from", "起始日期"),
    Column("valid_to", "终止日期（不含当日）", required=False),
    Column("amount", "每月金额（元）", required=False),
    Column("dibao_class", "低保类别", required=False),
    Column("income_percent", "收入占低保标准百分比", required=False),
    Column("scheme", "限定补贴种类", required=False),
    Column("source", "来源"),
)
_TITLE: Final = {column.field: column.title for column in COLUMNS}
_KINDS: Final = {kind.value: kind for kind in FactKind} | {zh: kind for kind, zh in KIND_ZH.items()}
_SOURCES: Final = {source.value: source for source in Source} | {zh: Source(code) for code, zh in SOURCE_ZH.items()}
_SCHEMES: Final = {zh: scheme.value for scheme, zh in SCHEME_ZH.items()}
_VALUES: Final = {each.value: each.value for values in VALUES.values() for each in values} | {
    zh: each.value for each, zh in LEVEL_ZH.items()
}
_FACTS: Final = UUID("6f0c6f2e-5d0f-5b0a-9a53-0f6f3a4f8a11")
"""The namespace of the ids of imported facts."""


class _Cells:
    """The cells of a row, with everything that is wrong about them."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self.faults: list[CellFault] = []

    def read(self, field: str, parse: Callable[[str], T], reason: str) -> T | None:
        """A cell; None where it is empty or wrong."""
        text = self._row.values.get(field, "").strip()
        if not text:
            return None
        try:
            return parse(text)
        except (KeyError, ValueError):
            self.faults.append(CellFault(self._row.number, _TITLE[field], reason))
            return None

    def require(self, field: str, parse: Callable[[str], T], reason: str) -> T | None:
        """A cell that must be there."""
        value = self.read(field, parse, reason)
        if value is None and not any(fault.column == _TITLE[field] for fault in self.faults):
            self.faults.append(CellFault(self._row.number, _TITLE[field], reason))
        return value


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(text)
    return int(text)


def _column(refusal: Refusal) -> str:
    """The title of the column a refusal is about."""
    if isinstance(refusal, PersonNotKnown):
        return _TITLE["person_id"]
    field = str(refusal.facts.get("field", "kind"))
    return _TITLE[field.removesuffix("_fen")]


def _reason(refusal: Refusal) -> str:
    """In Chinese; the column is named already, and a clerk does not know what the API calls it."""
    if isinstance(refusal, FactDoesNotFit):
        return str(refusal.facts["zh"])
    return TEXTS[type(refusal)].detail_zh.format(**refusal.facts)


def parse_fact(row: Row) -> Fact | list[CellFault]:
    """One fact of one person."""
    cells = _Cells(row)
    person_id = cells.require("person_id", UUID, "人员编号应为登记系统给出的 36 位编号")
    kind = cells.require("kind", _KINDS.__getitem__, f"应为：{'、'.join(KIND_ZH.values())}")
    valid_from = cells.require("valid_from", parse_day, "日期应写作 2026-05-31 的形式")
    source = cells.require("source", _SOURCES.__getitem__, f"应为：{'、'.join(SOURCE_ZH.values())}")
    told: dict[str, Any] = {
        "valid_to": cells.read("valid_to", parse_day, "日期应写作 2026-05-31 的形式"),
        "value": cells.read("value", _VALUES.__getitem__, f"应为：{'、'.join(LEVEL_ZH.values())}"),
        "amount_fen": cells.read("amount", lambda text: Money.parse(text).fen, "金额以元为单位，最多两位小数"),
        "dibao_class": cells.read("dibao_class", _number, "应为 1 至 4 的数字"),
        "income_percent": cells.read("income_percent", _number, "应为 0 至 1000 的整数"),
        "scheme": cells.read("scheme", lambda text: _SCHEMES.get(text, text), "补贴种类不正确"),
    }
    if cells.faults or person_id is None or kind is None or valid_from is None or source is None:
        return cells.faults
    name = f"{person_id}/{kind}/{source}/{told['scheme'] or ''}/{valid_from}"
    return Fact(
        fact_id=uuid5(_FACTS, name), person_id=person_id, kind=kind, valid_from=valid_from, source=source, **told
    )


async def apply_facts(chunk: Sequence[Parsed[Fact]], work: SubsidyWork) -> Applied:
    """Record a chunk; a fact that says what is on record counts as unchanged."""
    within = Scope.everywhere() if work.caller is None else work.caller.scope
    outcomes = await record_facts([parsed.value for parsed in chunk], work, within=within)
    faults: list[CellFault] = []
    unchanged = 0
    for parsed, outcome in zip(chunk, outcomes, strict=True):
        if isinstance(outcome, Refusal):
            faults.append(CellFault(parsed.number, _column(outcome), _reason(outcome)))
        elif outcome.recorded_at is not None:
            unchanged += 1
    return Applied(applied=len(chunk) - unchanged - len(faults), unchanged=unchanged, faults=faults)


FACT_IMPORT: Final[Import[Fact, SubsidyWork]] = Import(
    kind="fact.import", columns=COLUMNS, parse=parse_fact, apply=apply_facts
)
