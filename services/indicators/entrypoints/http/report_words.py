"""The work report in Chinese sentences, the same for the page and for Word: figure, comparison, rank, red items.

A paragraph is a row of pieces: text, or the number of the note that tells where the figure before it comes from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlencode

from services.indicators.domain.definition import Definition, Direction, Nature, PeriodType, Source
from services.indicators.domain.period import Period
from services.indicators.entrypoints.http.wording import (
    PUBLISHERS,
    WHY_NOT,
    NameOf,
    amount,
    amount_or_sign,
    difference,
    moment,
    much,
    place_name,
    unit,
)
from services.indicators.use_cases.check_figures import CheckRule, Finding
from services.indicators.use_cases.editions import Edition
from services.indicators.use_cases.read_board import Told
from services.indicators.use_cases.read_figures import FigureState
from services.indicators.use_cases.write_report import Line, WorkReport
from shared.values.division import EVERYWHERE

Paragraph = Sequence[str | int]
NAMED: Final = 3
"""So many are named at each end of an order."""
COLUMNS: Final = ("指标", "单位", "本期", "上期", "上年同期", "目标", "结果")
RANKS: Final = ("名次", "区划", "数值")
_CHAPTERS: Final = {
    Source.REGISTRY: "残疾人证管理",
    Source.SUBSIDY: "残疾人两项补贴",
    Source.REHAB: "残疾人康复",
    None: "各地上报的指标",
}
_DIGITS: Final = "零一二三四五六七八九十"


def title(report: WorkReport, name_of: NameOf) -> str:
    """``六安市 2026 年上半年残疾人工作情况报告``."""
    return f"{place_name(report.division, name_of)} {period_words(report.this.period)}残疾人工作情况报告"


def numbered() -> Iterator[str]:
    """``一、``, ``二、`` … for the headings."""
    return (f"{digit}、" for digit in _DIGITS[1:])


def period_words(period: Period) -> str:
    """A period as it is spoken of."""
    first = period.span.first
    match period.span.kind:
        case PeriodType.MONTH:
            return f"{first.year} 年 {first.month} 月"
        case PeriodType.QUARTER:
            return f"{first.year} 年第{_DIGITS[(first.month + 2) // 3]}季度"
        case PeriodType.HALF:
            return f"{first.year} 年{'上' if first.month == 1 else '下'}半年"
        case PeriodType.YEAR:
            return f"{first.year} 年度"


def standing(edition: Edition) -> str:
    """Whether an edition is approved, and what it contains."""
    read = "；".join(
        f"{PUBLISHERS.get(each.publisher, each.publisher)} {each.epoch}/{each.position}" for each in edition.as_of
    )
    what = (
        "未经审定的即时数"
        if edition.frozen is None
        else f"已审定快照第 {edition.frozen.version} 版（{edition.frozen.snapshot_id}，摘要 {edition.frozen.digest}，"
        f"{moment(edition.frozen.approved_at)} 审定）"
    )
    return (
        f"{period_words(edition.period)}：{what}；基准日 {edition.period.reference_date}，"
        f"数据时间 {moment(edition.data_time)}，各服务日志读到 {read or '尚未读取'}。"
    )


def chapters(report: WorkReport) -> Iterator[tuple[str, list[Paragraph], Sequence[Line]]]:
    """Title, sentences, and the lines of the table of each chapter: those that have something to show."""
    for chapter in report.chapters:
        told = [line for line in chapter.lines if line.told.number.state is not FigureState.MISSING]
        nothing = [line for line in told if _is_nothing(line)]
        yield (
            _CHAPTERS[chapter.source],
            [
                *_sentences([line for line in told if line not in nothing], report),
                *_list("以下各项为零，与上期、上年同期持平：", nothing),
                *_list("尚未上报的指标：", [line for line in chapter.lines if line not in told]),
            ],
            told,
        )


def _is_nothing(line: Line) -> bool:
    """Zero as before, and no target to be named: said of all such in one sentence."""
    return line.told.target is None and line.told.number.value == 0 == line.before == line.a_year_before


def _sentences(lines: Sequence[Line], report: WorkReport) -> Iterator[Paragraph]:
    """What is counted on a day says on which, once."""
    day, said = report.this.period.reference_date, False
    for line in lines:
        on_a_day = line.told.definition.nature is not Nature.FLOW
        yield _sentence(line, f"截至 {day.month} 月 {day.day} 日，" if on_a_day and not said else "")
        said |= on_a_day


def _sentence(line: Line, opening: str) -> Paragraph:
    definition, number = line.told.definition, line.told.number
    if number.value is None:
        return (f"{opening}{definition.zh}{WHY_NOT.get(number.state, '没有数')}", line.note, "。")
    figure = f"{definition.zh} {amount(definition, number.value)} {unit(definition)}".rstrip()
    pieces: list[str | int] = [f"{opening}{figure}", line.note]
    if definition.nature is Nature.RATE and number.denominator is not None:
        pieces.append(f"（{number.numerator or 0:,} ÷ {number.denominator:,}）")
    for name, then in (("上期", line.before), ("上年同期", line.a_year_before)):
        if (changed := line.changed(then)) is not None:
            pieces.append(f"，{_against(name, definition, changed)}")
    if line.told.target is not None and line.told.met is not None:
        pieces.append(f"，{_reached(line)}")
    return (*pieces, "。")


def _against(name: str, definition: Definition, changed: int) -> str:
    return f"与{name}持平" if changed == 0 else f"比{name}{difference(definition, changed)}"


def _reached(line: Line) -> str:
    definition, target = line.told.definition, line.told.target or 0
    goal = f"目标 {amount(definition, target)}"
    if line.told.met:
        return f"达到{goal}"
    short = target - (line.told.number.value or 0)
    return f"{'未达到' if short > 0 else '超出'}{goal}，{'差' if short > 0 else '多'} {much(definition, short)}"


def _list(opening: str, lines: Sequence[Line]) -> Iterator[Paragraph]:
    if lines:
        pieces: list[str | int] = [opening]
        for index, line in enumerate(lines):
            pieces += ["、" if index else "", line.told.definition.zh, line.note]
        yield (*pieces, "。")


def rankings(report: WorkReport, name_of: NameOf) -> Iterator[tuple[str, Paragraph, list[tuple[str, str, str]]]]:
    """Title, sentence and rows of each order of the divisions below; equal numbers share a rank."""
    for line, told in report.rankings:
        definition = line.told.definition
        best, worst = told[:NAMED], told[NAMED:][-NAMED:]
        pieces: list[str | int] = [f"有数的 {len(told)} 个区划中，居前的是{_named(best, name_of)}"]
        if worst:
            pieces.append(f"；居后的是{_named(worst, name_of)}")
        yield definition.zh, (*pieces, line.note, "。"), _ranked(told, name_of)


def _named(told: Sequence[Told], name_of: NameOf) -> str:
    return "、".join(f"{place_name(each.division, name_of)}（{_value(each)}）" for each in told)


def _ranked(told: Sequence[Told], name_of: NameOf) -> list[tuple[str, str, str]]:
    rows, rank, before = [], 0, None
    for position, each in enumerate(told, start=1):
        if each.number.value != before:
            rank, before = position, each.number.value
        rows.append((str(rank), place_name(each.division, name_of), _value(each)))
    return rows


def red_items(report: WorkReport, name_of: NameOf) -> list[Paragraph]:
    """What is to be cleared and what has not reached its target, by name."""
    notes = {line.told.definition.code: line.note for line in report.lines()}
    told: list[Paragraph] = [
        (
            f"待清零：{place_name(each.division, name_of)}{each.definition.zh} {_value(each)} {unit(each.definition)}",
            notes[each.definition.code],
            "。",
        )
        for each in report.to_clear
    ]
    told += [
        (f"未达标：{line.told.definition.zh} {_value(line.told)}", line.note, f"，{_reached(line)}。")
        for line in report.unmet()
        if line.told.definition.direction is Direction.UP
    ]
    return told or [("本期没有待清零和未达标的事项。",)]


_FOUND: Final = {
    CheckRule.PART: "部分大于整体",
    CheckRule.SUM: "下级之和与本级不符",
    CheckRule.OVER: "超过 100%",
    CheckRule.FALL: "累计数减少",
    CheckRule.JUMP: "与上期相差过大",
    CheckRule.OUTLIER: "与同级区划相差过大",
}


def found(finding: Finding, name_of: NameOf) -> str:
    """What a check has found, in a sentence."""
    definition = finding.definition
    value, against = amount(definition, finding.value), amount(definition, finding.against)
    opening = f"{_FOUND[finding.rule]}：{place_name(finding.division, name_of)}{definition.zh}"
    match finding.rule:
        case CheckRule.PART if finding.other is not None:
            return f"{opening} {value}，大于{finding.other.zh} {amount(finding.other, finding.against)}。"
        case CheckRule.SUM:
            return f"{opening} {value}，下级之和 {against}。"
        case CheckRule.OVER:
            return f"{opening}，分子 {finding.value:,}，分母 {finding.against:,}。"
        case CheckRule.OUTLIER:
            return f"{opening} {value}，同级中位数 {against}。"
        case _:
            return f"{opening} {value}，上期 {against}。"


def checks(report: WorkReport, name_of: NameOf) -> list[Paragraph]:
    """What the checks have found; each with the note of its indicator."""
    numbers = {line.told.definition.code: line.note for line in report.lines()}
    told: list[Paragraph] = [
        (found(each, name_of).removesuffix("。"), numbers[each.definition.code], "。") for each in report.findings
    ]
    return told or [("各数相互核对，未发现问题。",)]


def notes(report: WorkReport) -> Iterator[tuple[int, str, str]]:
    """Number, words and address of the lineage of every figure."""
    for line in report.lines():
        definition = line.told.definition
        basis = f"依据：{definition.basis}。" if definition.basis else ""
        kpi = f"，{definition.kpi}" if definition.kpi else ""
        words = (
            f"{definition.zh}（{definition.code}{kpi}，定义第 {definition.version} 版）：{definition.rule_zh}。{basis}"
        )
        yield line.note, words, lineage(report, definition.code)


def lineage(report: WorkReport, code: str) -> str:
    """Where a figure can be opened: a frozen one in its snapshot, one of now down to the journal's position."""
    if report.this.frozen is not None:
        return f"/api/v1/snapshots/{report.this.frozen.snapshot_id}"
    asked = {"indicator": code, "division": report.division, "period": str(report.this.period.span)}
    return "/api/v1/indicators" if report.division == EVERYWHERE else f"/api/v1/indicators/lineage?{urlencode(asked)}"


def row(line: Line) -> tuple[str, ...]:
    """A line of the table of a chapter, by `COLUMNS`."""
    definition, told = line.told.definition, line.told
    return (
        definition.zh,
        unit(definition) or "—",
        amount_or_sign(definition, told.number),
        *("—" if then is None else amount(definition, then) for then in (line.before, line.a_year_before)),
        "—" if told.target is None else amount(definition, told.target),
        {None: "—", True: "达标", False: "未达标"}[told.met],
    )


def _value(told: Told) -> str:
    return amount_or_sign(told.definition, told.number)
