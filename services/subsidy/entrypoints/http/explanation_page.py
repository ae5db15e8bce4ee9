"""An explanation on one page, in Chinese, to print and hand over. No name: whoever prints it knows whom it is about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import Final

from services.subsidy.domain.entitlement.rules import Effect
from services.subsidy.domain.explanation import Explanation, Known
from shared.kit.clock import SHANGHAI
from shared.kit.divisions import DivisionIsUnknown, bundled
from shared.values.money import Money

SOURCE_ZH: Final = {
    "REGISTRY": "残联登记系统",
    "COURT": "法院",
    "PUBLIC_SECURITY": "公安",
    "CIVIL_AFFAIRS": "民政",
    "HUMAN_RESOURCES": "人力资源社会保障",
    "HEALTH": "卫生健康",
    "VETERANS": "退役军人事务",
    "FEDERATION": "残联",
    "TOWNSHIP": "乡镇（街道）",
    "APPLICANT": "本人申报",
}
_STYLE: Final = (
    "body{font:14px/1.6 'Noto Serif CJK SC','SimSun',serif;max-width:48em;margin:2em auto;color:#000}"
    "h1{font-size:1.4em;text-align:center}h2{font-size:1.1em;border-bottom:1px solid #999;margin-top:1.4em}"
    "table{border-collapse:collapse;width:100%}td,th{border:1px solid #999;padding:.2em .5em;text-align:left}"
    "th{background:#eee}.sum{font-size:1.2em}.id{font-size:.7em;word-break:break-all}@media print{body{margin:0}}"
)


def page_of(explanation: Explanation) -> str:
    """The page."""
    title = f"{explanation.title}发放依据"
    return sheet(title, sections_of(explanation))


def sheet(title: str, sections: Iterable[str]) -> str:
    """A page to print, of sections that are written already."""
    return (
        f"<!doctype html><html lang=zh-CN><head><meta charset=utf-8><title>{escape(title)}</title>"
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>{''.join(sections)}</body></html>"
    )


def sections_of(explanation: Explanation) -> tuple[str, ...]:
    """What was due, by which rules, how it was computed, from which facts and policy."""
    answer = explanation.answer
    due = "待人工处理" if answer.due_fen is None else f"{Money(answer.due_fen)} 元"
    paid = f"已发放：{Money(answer.settled_fen)} 元　在途：{Money(answer.open_fen)} 元"
    return (
        f"<p class=sum>{_place(explanation.county)}　{answer.month}　应发：<strong>{due}</strong>　{paid}</p>",
        section("不予发放的依据" if answer.due_fen == 0 else "审查结果", _reasons(explanation)),
        section("计算过程", _list(explanation.arithmetic or ("本月不计发",))),
        section("所依据的情况", _facts(explanation.known)),
        section(
            "所依据的政策",
            _list(f"{each.title}（{each.legal_basis}，{each.since} 起施行）" for each in explanation.documents),
        ),
        _records(explanation),
        f"<p>按 {moment(explanation.known_at)} 掌握的情况计算。</p>",
    )


def _records(explanation: Explanation) -> str:
    """What else is read together: records merged into this one, counties this one came in the place of."""
    told = [f"同一人的登记 {each} 已并入，其情况一并计算" for each in explanation.other_records]
    if len(explanation.succeeded) > 1:
        told.append(f"区划变更：{' → '.join(map(_place, explanation.succeeded))}，变更前各月按原县政策计算")
    return section("合并与承接", _list(told)) if told else ""


def section(title: str, body: str) -> str:
    """A heading and what stands under it."""
    return f"<h2>{escape(title)}</h2>{body}"


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def _reasons(explanation: Explanation) -> str:
    told = [
        f"{outcome.rule.reason_zh}（{outcome.rule.clause}；规则 {outcome.rule.id}）"
        for outcome in explanation.reasons
        if outcome.rule.effect is not Effect.NOT_COVERED or not explanation.answer.due_fen
    ]
    return _list(told or ["各项条件均符合"])


def _facts(known: Iterable[Known]) -> str:
    rows = "".join(
        f"<tr><td>{escape(each.what)}</td><td>{escape(each.told)}</td><td>{each.valid_from or '—'}</td>"
        f"<td>{each.valid_to or '—'}</td><td>{SOURCE_ZH[each.source]}</td><td>{moment(each.known_from)}</td>"
        f"<td class=id>{each.id or '—'}</td></tr>"
        for each in known
    )
    return _framed(("事项", "内容", "起", "止（不含当日）", "来源", "得知时间", "事件或事实编号"), rows)


def table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Rows of plain values under their heads."""
    told = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return _framed(heads, told)


def _framed(heads: Iterable[str], rows: str) -> str:
    return (
        f"<table><thead><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _place(county: str | None) -> str:
    if county is None:
        return ""
    try:
        return escape(bundled().full_name(county))
    except DivisionIsUnknown:
        return escape(county)


def moment(at: datetime | None) -> str:
    """As a clerk writes it; None is now."""
    return "现在" if at is None else f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
