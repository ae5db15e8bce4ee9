"""The indicators service's refusals as people read them, and its code lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.indicators.adapters.catalogue import CATALOGUE
from services.indicators.domain import errors
from services.indicators.domain.definition import Counting, Direction, Nature, PeriodType
from services.indicators.domain.report import Aspect, ReportStatus
from services.indicators.use_cases.check_figures import CheckRule
from services.indicators.use_cases.read_figures import FigureState
from shared.kit.codelists import Code, codes
from shared.kit.imports import IMPORT_TEXTS
from shared.kit.problems import ProblemText
from shared.kit.trust import TRUST_TEXTS
from shared.values.refusal import Refusal

TEXTS: Final[Mapping[type[Refusal], ProblemText]] = {
    **TRUST_TEXTS,
    **IMPORT_TEXTS,
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
        "统计期尚未开始",
        "Period not reached",
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
    errors.ReportNotFound: ProblemText(
        404, "上报数不存在", "Report not found", "没有该上报数", "there is no such report"
    ),
    errors.ReportDoesNotFit: ProblemText(
        422,
        "上报数与口径不符",
        "The report does not fit its definition",
        "{zh}；该指标的统计期：{allowed}",
        "{en}; the periods of the indicator: {allowed}",
    ),
    errors.ReportNotAllowed: ProblemText(
        409,
        "当前状态不能这样办理",
        "Not allowed in this status",
        "上报数状态为 {status}，不能 {step}；可以：{allowed}",
        "the report is {status}: {step} is not possible, allowed: {allowed}",
    ),
    errors.MakerCannotAccept: ProblemText(
        409,
        "编制人不能审定",
        "The maker cannot approve",
        "上报数、快照的编制人不能是审定人",
        "who made it cannot be the one who approved it",
    ),
    errors.SnapshotNotFound: ProblemText(
        404, "快照不存在", "Snapshot not found", "没有该快照", "there is no such snapshot"
    ),
    errors.SnapshotExists: ProblemText(
        409,
        "快照已存在",
        "Snapshot exists",
        "该区划该期已有第 {version} 版快照；更正须给出依据文号（correction），形成新版本",
        "there is version {version} of it; a correction names its paper (correction) and becomes a new version",
    ),
    errors.PeriodNotOver: ProblemText(
        409,
        "统计期尚未结束",
        "The period is not over",
        "{period} 到 {ends} 才结束，之后方可固化",
        "{period} ends on {ends}; it can be frozen after that",
    ),
    errors.SnapshotIsApproved: ProblemText(
        409,
        "快照已审定",
        "Snapshot is approved",
        "快照只审定一次；可以：{allowed}",
        "it is approved once; allowed: {allowed}",
    ),
}

CODE_LISTS: Final[Mapping[str, tuple[Code, ...]]] = {
    "indicator": codes(*((definition.code, definition.zh, definition.en) for definition in CATALOGUE)),
    "counting": codes(
        (Counting.STOCK.value, "时点数（基准日存量）", "stock on the reference date"),
        (Counting.BEGAN.value, "时期数（当期开始）", "began in the period"),
        (Counting.ENDED.value, "时期数（当期结束）", "ended in the period"),
        (Counting.DURING.value, "时期数（当期曾有）", "at some time in the period"),
        (Counting.EVER.value, "累计数（截至基准日）", "cumulative, by the reference date"),
    ),
    "indicator_nature": codes(
        (Nature.STOCK.value, "时点数", "stock"),
        (Nature.FLOW.value, "时期数", "flow"),
        (Nature.CUMULATIVE.value, "累计数", "cumulative"),
        (Nature.RATE.value, "比率", "rate"),
    ),
    "period_type": codes(
        (PeriodType.MONTH.value, "月", "month"),
        (PeriodType.QUARTER.value, "季度", "quarter"),
        (PeriodType.HALF.value, "半年", "half-year"),
        (PeriodType.YEAR.value, "年", "year"),
    ),
    "indicator_direction": codes(
        (Direction.UP.value, "越高越好", "higher is better"),
        (Direction.DOWN.value, "越低越好", "lower is better"),
    ),
    "report_aspect": codes((Aspect.ACTUAL.value, "完成数", "reached"), (Aspect.TARGET.value, "目标数", "target")),
    "report_status": codes(
        (ReportStatus.DRAFT.value, "待审定", "draft"),
        (ReportStatus.ACCEPTED.value, "已审定", "accepted"),
        (ReportStatus.DISCARDED.value, "已作废", "discarded"),
    ),
    "check_rule": codes(
        (CheckRule.PART.value, "部分大于整体", "a part is more than its whole"),
        (CheckRule.SUM.value, "下级之和与本级不符", "the divisions below do not add up"),
        (CheckRule.OVER.value, "比率超过 100%", "a reported rate is over 100 per cent"),
        (CheckRule.FALL.value, "累计数减少", "what can only grow has become less"),
        (CheckRule.JUMP.value, "与上期相差过大", "far from the period before"),
        (CheckRule.OUTLIER.value, "与同级区划相差过大", "far from the divisions beside it"),
    ),
    "figure_state": codes(
        (FigureState.COMPUTED.value, "由事件计算", "computed from events"),
        (FigureState.REPORTED.value, "由区划上报", "reported by the division"),
        (FigureState.MISSING.value, "未上报", "not reported"),
        (FigureState.NOT_APPLICABLE.value, "不适用（分母为零）", "not applicable: the denominator is zero"),
        (FigureState.SUPPRESSED.value, "人数过少，不予显示", "not shown: it would tell of few people"),
    ),
}
