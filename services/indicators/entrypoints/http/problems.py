"""The indicators service's refusals as people read them, and its code lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.indicators.domain import errors
from services.indicators.domain.definition import DEFINITIONS, Counting
from shared.kit.codelists import Code, codes
from shared.kit.problems import ProblemText
from shared.kit.trust import TRUST_TEXTS
from shared.values.refusal import Refusal

TEXTS: Final[Mapping[type[Refusal], ProblemText]] = {
    **TRUST_TEXTS,
    errors.DivisionNotFound: ProblemText(
        404,
        "区划不存在",
        "Division not found",
        "没有区划 {division}，或它不全在您的管辖范围内",
        "there is no division {division}, or it does not lie wholly within your divisions",
    ),
    errors.IndicatorNotFound: ProblemText(
        404,
        "指标不存在",
        "Indicator not found",
        "没有指标“{indicator}”，可用：{allowed}",
        "there is no indicator {indicator}; there are {allowed}",
    ),
    errors.MonthNotReached: ProblemText(
        422,
        "月份尚未开始",
        "Month not reached",
        "{month} 尚未开始，最晚可查 {latest}",
        "{month} has not begun; the latest month is {latest}",
    ),
    errors.PeriodNotAllowed: ProblemText(
        422,
        "查询期间不正确",
        "Period not allowed",
        "起止月份 {first} 至 {last} 不正确：应由早到晚，且不超过 {months_max} 个月",
        "{first} to {last} must run forward over at most {months_max} months",
    ),
    errors.BreakdownNotPossible: ProblemText(
        422,
        "不能这样细分",
        "Breakdown not possible",
        "区划 {division} 不能按该级别细分；level 与 children 不能同时使用",
        "division {division} cannot be broken down by that level; level and children exclude each other",
    ),
    errors.TooManyPlaces: ProblemText(
        422,
        "区划过多",
        "Too many divisions",
        "共有 {places} 个区划，超过 {places_max} 个，请缩小范围或提高级别",
        "the answer would list {places} divisions, more than {places_max}; ask for less or for a higher level",
    ),
}

CODE_LISTS: Final[Mapping[str, tuple[Code, ...]]] = {
    "indicator": codes(*((definition.code, definition.zh, definition.en) for definition in DEFINITIONS)),
    "counting": codes(
        (Counting.STOCK.value, "时点数（基准日存量）", "stock on the reference date"),
        (Counting.ENDED.value, "时期数（当月结束）", "ended in the month"),
    ),
}
