"""Refusals about applications as people read them, and their code lists."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

from services.subsidy.domain import application_errors as errors
from services.subsidy.domain.application import Channel, FiledBy, Paper
from services.subsidy.domain.application_state import ApplicationState, ApplicationStep
from services.subsidy.entrypoints.http.applications.refusal_page import REASON_ZH
from shared.kit.codelists import Code, codes
from shared.kit.problems import ProblemText
from shared.values.refusal import Refusal

E = TypeVar("E", bound=StrEnum)

APPLICATION_TEXTS: Final[Mapping[type[Refusal], ProblemText]] = {
    errors.ApplicationNotFound: ProblemText(
        404,
        "申请不存在",
        "Application not found",
        "在您的管辖范围内没有该申请",
        "no such application within your divisions",
    ),
    errors.ObjectionNotFound: ProblemText(
        404,
        "异议不存在",
        "Objection not found",
        "该申请没有这条待处理的异议",
        "no such open objection to the application",
    ),
    errors.FormIsForgotten: ProblemText(
        404,
        "申请表已到期清理",
        "Form is forgotten",
        "该申请已办结满保管期，申请表不再保存",
        "the form is not kept any more",
    ),
    errors.ApplicationStepNotAllowed: ProblemText(
        409,
        "当前环节不能办理",
        "Step not allowed",
        "申请当前状态为 {status}，不能办理“{step}”；可以办理：{allowed}",
        "the application is {status}; {step} is not allowed, allowed are: {allowed}",
    ),
    errors.PersonHasOpenApplication: ProblemText(
        409,
        "已有在办申请",
        "Person has an open application",
        "该人员已有同类补贴（{scheme}）的在办申请，请先办结或撤回",
        "the person has an open application of this scheme ({scheme}); finish or withdraw it first",
    ),
    errors.ApplicantIsNotLinked: ProblemText(
        409,
        "号码与人员不符",
        "Applicant is not linked",
        "登记系统中没有与该公民身份号码对应的人员，请核对证件；未登记的应先申领残疾人证",
        "the register knows nobody else by this number; look at the papers again",
    ),
    errors.PapersAreMissing: ProblemText(
        409, "材料不齐", "Papers are missing", "还缺少：{missing}", "missing: {missing}"
    ),
    errors.PapersAreComplete: ProblemText(
        409, "材料已齐", "Papers are complete", "材料已经齐全，不需要补正", "nothing is missing"
    ),
    errors.CompletionWasAsked: ProblemText(
        409,
        "已经一次性告知",
        "Completion was asked",
        "补正材料只能一次性告知，本申请已经告知过",
        "what is missing is told once, and it was",
    ),
    errors.CaseMustBePushed: ProblemText(
        409,
        "应先推送户籍地",
        "Case must be pushed",
        "异地受理和网上申请应先推送户籍地，由户籍地初审",
        "a case taken in away from home or online is pushed home first",
    ),
    errors.CaseIsAtHome: ProblemText(
        409, "无需推送", "Case is at home", "户籍地窗口受理的申请无需推送", "a case of the home window goes nowhere"
    ),
    errors.ConditionsAreNotMet: ProblemText(
        409,
        "申请当日不符合条件",
        "Conditions are not met",
        "申请当日不符合条件：{zh}（{rules}）；应当书面说明理由，不予通过",
        "on the day of the application: {en} ({rules}); refuse it, with the reason in writing",
    ),
    errors.RateIsMissing: ProblemText(
        409,
        "没有适用的标准",
        "Rate is missing",
        "{month} 没有适用于该申请人的补贴标准，请先完善政策",
        "policy has no rate for the applicant in {month}; mend the policy first",
    ),
    errors.QuotaIsUsedUp: ProblemText(
        409,
        "名额已满",
        "Quota is used up",
        "本县该项补贴名额为 {quota}，已满",
        "the county's quota of {quota} is used up",
    ),
    errors.AnotherPersonMustDecide: ProblemText(
        409,
        "应由他人办理",
        "Another person must decide",
        "您已办理过该申请的前序环节，不能再办理“{step}”",
        "you took an earlier step of this case; {step} is another person's",
    ),
    errors.NoticeRuns: ProblemText(
        409, "公示未满", "Notice runs", "公示至 {until} 止，期满后方可认定", "the notice runs through {until}"
    ),
    errors.ObjectionIsOpen: ProblemText(
        409, "异议未处理", "Objection is open", "还有 {open} 条异议未处理", "{open} objection(s) wait for an answer"
    ),
    errors.NobodyToTell: ProblemText(
        409, "无需告知", "Nobody to tell", "尚无结果，或结果已经告知", "there is no result, or it was told"
    ),
    errors.ApplicantLives: ProblemText(
        409, "未登记死亡", "Applicant lives", "登记系统没有该申请人的死亡信息", "the register tells of no death"
    ),
}

_STATES_ZH: Final = {
    ApplicationState.SUBMITTED: "已提交",
    ApplicationState.INCOMPLETE: "待补正",
    ApplicationState.PUSHED: "已推送户籍地",
    ApplicationState.FIRST_CHECKED: "已初审",
    ApplicationState.REVIEWED: "残联已审核",
    ApplicationState.PRE_DETERMINED: "已核对待公示",
    ApplicationState.IN_NOTICE: "公示中",
    ApplicationState.DETERMINED_ELIGIBLE: "已认定",
    ApplicationState.REFUSED: "不予认定",
    ApplicationState.UNDER_REVIEW_REQUEST: "复核中",
    ApplicationState.WITHDRAWN: "已撤回",
    ApplicationState.CLOSED_DEATH: "因死亡终结",
}
_STEPS_ZH: Final = {
    ApplicationStep.ASK_COMPLETION: "一次性告知补正",
    ApplicationStep.COMPLETE: "补正",
    ApplicationStep.PUSH: "推送户籍地",
    ApplicationStep.FIRST_CHECK: "初审",
    ApplicationStep.REVIEW: "残联审核",
    ApplicationStep.PRE_DETERMINE: "经济状况和重叠核对",
    ApplicationStep.START_NOTICE: "公示",
    ApplicationStep.UPHOLD_OBJECTION: "异议成立",
    ApplicationStep.DETERMINE: "认定",
    ApplicationStep.REFUSE: "不予通过",
    ApplicationStep.ASK_REVIEW: "申请复核",
    ApplicationStep.REOPEN: "撤销不予认定",
    ApplicationStep.CONFIRM_REFUSAL: "维持不予认定",
    ApplicationStep.WITHDRAW: "撤回",
    ApplicationStep.CLOSE_DEATH: "因死亡终结",
}
_CHANNELS_ZH: Final = {
    Channel.WINDOW: "户籍地窗口",
    Channel.ONLINE: "网上申请",
    Channel.CROSS_PROVINCE: "跨省（异地）受理",
    Channel.PROACTIVE: "主动服务",
}
_FILED_BY_ZH: Final = {
    FiledBy.SELF: "本人",
    FiledBy.GUARDIAN: "监护人",
    FiledBy.SUPPORTER: "法定赡养、抚养、扶养义务人",
    FiledBy.COMMITTEE: "村（居）民委员会",
    FiledBy.AGENT: "其他委托代理人",
}
_PAPERS_ZH: Final = {
    Paper.IDENTITY_CARD: "居民身份证",
    Paper.HOUSEHOLD_BOOK: "户口簿",
    Paper.CERTIFICATE: "残疾人证",
    Paper.BANK_CARD: "银行卡（存折）",
    Paper.AGENT_AUTHORITY: "代理人身份和委托材料",
}


def _listed(labels: Mapping[E, str]) -> tuple[Code, ...]:
    return codes(*((code.value, zh, code.value.lower().replace("_", " ")) for code, zh in labels.items()))


APPLICATION_CODES: Final[Mapping[str, tuple[Code, ...]]] = {
    "application_state": _listed(_STATES_ZH),
    "application_step": _listed(_STEPS_ZH),
    "application_channel": _listed(_CHANNELS_ZH),
    "application_filed_by": _listed(_FILED_BY_ZH),
    "application_paper": _listed(_PAPERS_ZH),
    "refusal_reason": _listed(REASON_ZH),
}
