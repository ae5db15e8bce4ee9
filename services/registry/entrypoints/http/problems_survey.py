"""Refusals of the survey, of portals and of changes of divisions as people read them, and their code lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.registry.domain import division_change, portal, survey
from services.registry.domain.division_change import ChangeState
from services.registry.domain.survey import AnswerType, ItemKind
from shared.kit.codelists import Code, codes
from shared.kit.problems import ProblemText
from shared.values.person import DivisionChangeKind, VisitOutcome
from shared.values.refusal import Refusal

SURVEY_TEXTS: Final[Mapping[type[Refusal], ProblemText]] = {
    survey.FormNotFound: ProblemText(
        404,
        "调查表不存在",
        "Form not found",
        "没有该调查表，或该日期没有可用的调查表",
        "no such form, or none that day",
    ),
    survey.FormIsPublished: ProblemText(
        409,
        "调查表已发布",
        "Form is published",
        "该调查表已经发布，不能再改；请编制新版本",
        "the form is in use already; draw up the next revision",
    ),
    survey.FormIsWrong: ProblemText(
        422,
        "调查表不正确",
        "Form is wrong",
        "调查表不符合“{rule}”：{items}",
        "the form breaks {rule}: {items}",
    ),
    survey.AnswersDoNotFit: ProblemText(
        422,
        "答案与调查表不符",
        "Answers do not fit",
        "缺少：{missing}；调查表中没有：{unknown}；填写不正确：{wrong}",
        "missing: {missing}; not asked: {unknown}; no such answer: {wrong}",
    ),
    survey.NobodyAnswered: ProblemText(
        422,
        "没有人作答",
        "Nobody answered",
        "调查结果为 {outcome} 时不能填写答案",
        "there are no answers when the visit ended as {outcome}",
    ),
    survey.VisitNotFound: ProblemText(
        404,
        "调查记录不存在",
        "Visit not found",
        "在您的管辖范围内没有该调查记录",
        "no such visit within your divisions",
    ),
    survey.VisitIsKnown: ProblemText(
        409,
        "该年度已登记调查",
        "Visited this year",
        "该人员 {year} 年度的调查已登记（{visit_id}），如有错误请更正该记录",
        "the survey of {year} has visit {visit_id} of this person; correct that one",
    ),
    survey.YearIsNotSurveyed: ProblemText(
        422, "该年度没有调查", "No survey that year", "调查自 {first} 年起", "the survey began in {first}"
    ),
    portal.PortalCaseNotFound: ProblemText(
        404, "平台办件不存在", "Case not found", "本平台没有推送过该编号的办件", "this portal handed in no such case"
    ),
    portal.PortalCaseDiffers: ProblemText(
        409,
        "平台办件内容不一致",
        "Case differs",
        "编号 {case_no} 此前已推送，且内容不同：{differs}",
        "{case_no} was handed in before, with another {differs}",
    ),
    portal.CountIsRepeated: ProblemText(
        422,
        "办件数重复",
        "Counted twice",
        "县区 {county} 的事项 {matter} 出现了不止一次；每个县区每个事项只报一个数，乡镇、街道计入所属县区",
        "{matter} of county {county} stands there more than once; places below a county count for it",
    ),
    portal.PeriodIsWrong: ProblemText(
        422,
        "起止日期不正确",
        "Period is wrong",
        "止日不能早于起日，且不超过 {days_max} 天",
        "it must not end before it begins, nor last more than {days_max} days",
    ),
    division_change.DivisionChangeNotFound: ProblemText(
        404,
        "区划变更不存在",
        "Change not found",
        "在您的管辖范围内没有该区划变更",
        "no such change within your divisions",
    ),
    division_change.SuccessionsAreWrong: ProblemText(
        422,
        "区划变更内容不正确",
        "Steps are wrong",
        "类型为 {kind} 的变更不符合“{rule}”",
        "a change of kind {kind} breaks {rule}",
    ),
    division_change.ChangeStepNotAllowed: ProblemText(
        409,
        "当前不能办理",
        "Step not allowed",
        "该区划变更当前状态为 {state}，不能办理“{step}”；可以办理：{allowed}",
        "the change is {state}; {step} is not allowed, allowed are: {allowed}",
    ),
}

SURVEY_CODE_LISTS: Final[Mapping[str, tuple[Code, ...]]] = {
    "visit_outcome": codes(
        (VisitOutcome.ANSWERED.value, "已入户调查", "answered"),
        (VisitOutcome.NOT_FOUND.value, "查无此人", "not found"),
        (VisitOutcome.MOVED_AWAY.value, "已迁出", "moved away"),
        (VisitOutcome.DIED.value, "已死亡", "died"),
        (VisitOutcome.REFUSED.value, "拒绝接受", "refused"),
    ),
    "survey_item_kind": codes(
        (ItemKind.BASIC.value, "基本状况", "basic status"), (ItemKind.NEED.value, "需求", "need")
    ),
    "survey_answer_type": codes(
        (AnswerType.CODE.value, "选项", "choice"),
        (AnswerType.BOOL.value, "是否", "yes or no"),
        (AnswerType.NUMBER.value, "数值", "number"),
    ),
    "division_change_kind": codes(
        (DivisionChangeKind.MERGE.value, "合并", "merger"),
        (DivisionChangeKind.SPLIT.value, "拆分", "split"),
        (DivisionChangeKind.RENAME.value, "更名", "new name"),
        (DivisionChangeKind.RECODE.value, "代码变更", "new code"),
    ),
    "division_change_state": codes(
        (ChangeState.PLANNED.value, "待执行", "planned"),
        (ChangeState.APPLYING.value, "执行中", "being carried out"),
        (ChangeState.APPLIED.value, "已执行", "carried out"),
        (ChangeState.CANCELLED.value, "已取消", "cancelled"),
    ),
}
