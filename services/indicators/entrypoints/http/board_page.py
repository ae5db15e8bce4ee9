"""The board as a page, in Chinese: read by eye, by ear, by keyboard and on paper."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final
from urllib.parse import urlencode

from services.indicators.domain.definition import FULL, Definition, Nature
from services.indicators.domain.period import PERIOD_PATTERN
from services.indicators.entrypoints.http.board_charts import bar, trend
from services.indicators.entrypoints.http.page_parts import HEAD, page, section, table
from services.indicators.entrypoints.http.wording import (
    PUBLISHERS,
    WHY_NOT,
    NameOf,
    amount,
    amount_or_sign,
    difference,
    moment,
    place_name,
    unit,
)
from services.indicators.use_cases.read_board import Board, Headline, Told
from services.indicators.use_cases.read_figures import FigureState, Number
from shared.values.division import EVERYWHERE, Level

SHELL: Final = f"""<!doctype html>
<html lang="zh-CN"><head>{HEAD}<title>指标看板 · 量服</title>
<script src="/board/assets/board.js" defer></script></head>
<body><a class="skip" href="#board">跳到正文</a>
<header class="no-print"><form id="entry">
<label>访问令牌<input name="token" type="password" autocomplete="off" required></label>
<button>打开看板</button></form><p id="status" role="status"></p></header>
<main id="board"><h1>指标看板</h1>
<p>看板显示本人负责区划的指标，凭访问令牌打开；令牌只留在本页内存中，关闭页面即失效。</p></main>
</body></html>
"""
"""Before there is a token: nothing in it is anybody's, so anybody may have it."""


def page_of(board: Board, name_of: NameOf) -> str:
    """The whole page."""
    place = place_name(board.division, name_of)
    title = f"{place} {board.period.span} 指标看板"
    sections = (
        f"<h1>{escape(title)}</h1>",
        _path(board, name_of),
        _question(board),
        section("主要指标", f'<ul class="tiles">{"".join(map(_tile, board.headlines))}</ul>'),
        section("清零清单", _to_clear(board, name_of)),
        section("区划排名", _ranking(board, name_of)),
        section("完成情况", _completion(board.completion)),
        section("下级区划", _below(board, name_of)),
        section("近十二个月", _months(board.headlines)),
        _source(board),
    )
    return page(title, sections)


def _link(board: Board, division: str, words: str) -> str:
    query = urlencode({"division": division, "period": str(board.period.span), "ranked_by": board.ranked_by.code})
    return f'<a href="?{escape(query)}">{escape(words)}</a>'


def _path(board: Board, name_of: NameOf) -> str:
    """What the division lies in; whether its figures may be seen is decided when they are asked for."""
    if board.division == EVERYWHERE:
        return ""
    above = [board.division[:level] for level in Level if level < len(board.division)]
    steps = [f"<li>{_link(board, code, place_name(code, name_of))}</li>" for code in above if name_of(code)]
    here = f'<li aria-current="page">{escape(place_name(board.division, name_of))}</li>'
    return f'<nav aria-label="上级区划"><ol class="path">{"".join(steps)}{here}</ol></nav>'


def _question(board: Board) -> str:
    hidden = "" if board.division == EVERYWHERE else f'<input type="hidden" name="division" value="{board.division}">'
    options = "".join(
        f'<option value="{each.code}"{" selected" if each is board.ranked_by else ""}>{escape(each.zh)}</option>'
        for each in board.rankable
    )
    pattern = escape(PERIOD_PATTERN.strip("^$"))
    return (
        f'<form class="no-print" method="get">{hidden}<label>统计期（2026-05、2026-Q2、2026-H1、2026）'
        f'<input name="period" value="{board.period.span}" pattern="{pattern}" required></label>'
        f'<label>排名指标<select name="ranked_by">{options}</select></label><button>查看</button></form>'
    )


def _tile(headline: Headline) -> str:
    told = headline.told
    definition = told.definition
    values = [value for _, value in headline.trend]
    changed = None if len(values) < 2 or None in values[-2:] else (values[-1] or 0) - (values[-2] or 0)  # noqa: PLR2004
    words = "" if changed is None else f"，比上月{difference(definition, changed)}"
    chart = trend(f"{definition.zh}近十二个月走势{words}", headline.trend)
    against = "" if told.target is None else f"<p>目标 {amount(definition, told.target)}　{_verdict(told)}</p>"
    note = "" if changed is None else f'<p class="note">比上月{difference(definition, changed)}</p>'
    return (
        f'<li class="tile"><h3>{escape(definition.zh)}</h3><p><span class="number">{_number(definition, told.number)}'
        f"</span> {_unit(definition)}</p>{against}{chart}{note}</li>"
    )


def _to_clear(board: Board, name_of: NameOf) -> str:
    if not board.to_clear:
        return '<p class="good">✓ 已全部清零</p>'
    rows = (
        (_link(board, each.division, place_name(each.division, name_of)), escape(each.definition.zh), _figure(each))
        for each in board.to_clear
    )
    return table("尚未清零的事项", ("区划", "事项", "数量"), rows)


def _ranking(board: Board, name_of: NameOf) -> str:
    if not board.ranking:
        return "<p>没有下级区划。</p>"
    most = max([each.number.value or 0 for each in board.ranking] + [1])
    whole = FULL if board.ranked_by.nature is Nature.RATE else most
    rows = []
    rank, before = 0, None
    for position, each in enumerate(board.ranking, start=1):
        value = each.number.value
        if value is not None and value != before:
            rank, before = position, value
        share = 0.0 if value is None else value / max(whole, most)
        chart = (
            ""
            if value is None
            else bar(f"{place_name(each.division, name_of)} {amount(each.definition, value)}", share)
        )
        place = _link(board, each.division, place_name(each.division, name_of))
        rows.append(("—" if value is None else str(rank), place, _figure(each), chart))
    return table(f"按“{escape(board.ranked_by.zh)}”排名", ("名次", "区划", "数值", "图示"), rows)


def _completion(told: Sequence[Told]) -> str:
    if not told:
        return "<p>本期没有设目标的比率。</p>"
    rows = []
    for each in told:
        value, goal = each.number.value or 0, each.target or 0
        words = f"{each.definition.zh} {amount(each.definition, value)}，目标 {amount(each.definition, goal)}"
        chart = bar(words, value / FULL, goal / FULL)
        parts = (escape(each.definition.zh), _figure(each), amount(each.definition, goal), chart, _verdict(each))
        rows.append(parts)
    return table("比率与目标", ("指标", "完成", "目标", "图示", "结果"), rows)


def _below(board: Board, name_of: NameOf) -> str:
    if not board.places:
        return "<p>没有下级区划。</p>"
    shown = [each.told.definition for each in board.headlines]
    rows = (
        (
            _link(board, place, place_name(place, name_of)),
            *(amount_or_sign(definition, board.table[place, definition.code]) for definition in shown),
        )
        for place in board.places
    )
    return table("下级区划主要指标", ("区划", *(escape(each.zh) for each in shown)), rows)


def _months(headlines: Sequence[Headline]) -> str:
    months = [month for month, _ in headlines[0].trend]
    rows = (
        (escape(each.told.definition.zh), *(_cell_value(each.told.definition, value) for _, value in each.trend))
        for each in headlines
    )
    return table("主要指标逐月", ("指标", *months), rows)


def _source(board: Board) -> str:
    read = "；".join(
        f"{PUBLISHERS.get(each.publisher, each.publisher)} {each.epoch}/{each.position}" for each in board.as_of
    )
    return (
        f'<footer><p class="note">数据时间 {moment(board.data_time)}，基准日 {board.period.reference_date}；'
        f"各服务日志读到：{escape(read) or '尚未读取'}。“＊”表示人数过少，或可由其他数推算，不予显示。</p></footer>"
    )


def _number(definition: Definition, number: Number) -> str:
    if number.value is not None:
        return amount(definition, number.value)
    why = WHY_NOT.get(number.state, "没有数")
    return f'＊<span class="note">（{why}）</span>' if number.state is FigureState.SUPPRESSED else why


def _unit(definition: Definition) -> str:
    return f'<span class="unit">{escape(words)}</span>' if (words := unit(definition)) else ""


def _figure(told: Told) -> str:
    return f"{_number(told.definition, told.number)} {_unit(told.definition)}"


def _cell_value(definition: Definition, value: int | None) -> str:
    return "—" if value is None else amount(definition, value)


def _verdict(told: Told) -> str:
    if told.met is None:
        return ""
    return '<span class="good">✓ 达标</span>' if told.met else '<span class="bad">✗ 未达标</span>'
