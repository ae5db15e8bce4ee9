"""The subsidy service's refusals as people read them, and its code lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.subsidy.domain import errors
from services.subsidy.domain.banking.cells import WORDS
from services.subsidy.domain.banking.matching import READING_WORDS
from services.subsidy.domain.banking.reading import FILE_WORDS
from services.subsidy.domain.banking.reasons import MEANINGS
from services.subsidy.domain.entitlement.rules import RULES
from services.subsidy.domain.explanation import KIND_ZH, LEVEL_ZH
from services.subsidy.domain.person_facts import FactKind
from services.subsidy.entrypoints.http.explanation_page import SOURCE_ZH
from services.subsidy.entrypoints.http.problems_application import APPLICATION_CODES, APPLICATION_TEXTS
from services.subsidy.entrypoints.http.problems_comparison import COMPARISON_CODES, COMPARISON_TEXTS
from services.subsidy.entrypoints.http.problems_payroll import PAYROLL_CODES, PAYROLL_TEXTS
from shared.kit.codelists import Code, codes
from shared.kit.imports import IMPORT_TEXTS
from shared.kit.problems import ProblemText
from shared.kit.trust import REQUEST_CODES, TRUST_TEXTS
from shared.values.award import AwardStatus, Scheme
from shared.values.refusal import Refusal

TEXTS: Final[Mapping[type[Refusal], ProblemText]] = {
    **IMPORT_TEXTS,
    **TRUST_TEXTS,
    **APPLICATION_TEXTS,
    **PAYROLL_TEXTS,
    **COMPARISON_TEXTS,
    errors.AwardNotFound: ProblemText(
        404,
        "补贴资格不存在",
        "Award not found",
        "在您的管辖范围内没有该补贴资格",
        "no such award within your divisions",
    ),
    errors.PayeeNotFound: ProblemText(
        404, "尚未登记收款人", "No payee", "该补贴资格尚未登记收款人", "no payee was recorded for this award"
    ),
    errors.PersonNotKnown: ProblemText(
        404,
        "人员不存在",
        "Person not known",
        "在您的管辖范围内没有已登记的该人员；刚登记的请稍候数秒再试",
        "the register has announced no such person within your divisions; just registered ones take a few seconds",
    ),
    errors.SchemeNotKnown: ProblemText(
        422,
        "没有这项补贴",
        "No such scheme",
        "现行政策中没有补贴种类“{scheme}”；可用的有：{allowed}",
        "no policy in force has the scheme '{scheme}'; there are: {allowed}",
    ),
    errors.CertificateNotValid: ProblemText(
        409,
        "没有有效的残疾人证",
        "No valid certificate",
        "该人员在 {on} 没有有效的残疾人证（当前状态：{status}），不能认定补贴资格",
        "no certificate is valid on {on} (status: {status}); no award can be granted",
    ),
    errors.PersonHasDied: ProblemText(
        409, "该人员已登记死亡", "Person has died", "该人员已于 {died_on} 登记死亡", "a death on {died_on} is on record"
    ),
    errors.AwardExists: ProblemText(
        409,
        "已有同类补贴资格",
        "Award exists",
        "该人员已有正在执行或停发中的同类补贴（{scheme}）",
        "the person has a running or suspended award of this scheme ({scheme})",
    ),
    errors.StartMonthNotAllowed: ProblemText(
        422,
        "申请日期晚于今天",
        "Application date lies ahead",
        "申请月份为 {given}，不能晚于 {latest}",
        "the application month is {given}; it cannot be after {latest}",
    ),
    errors.AwardStepNotAllowed: ProblemText(
        409,
        "补贴资格当前状态不能进行该操作",
        "Step not allowed",
        "补贴资格当前为 {status}，可以进行的操作：{allowed}",
        "the award is {status}; allowed are {allowed}",
    ),
    errors.DecisionMonthNotAllowed: ProblemText(
        422,
        "月份不在允许范围",
        "Month not allowed",
        "月份 {given} 应在 {first} 至 {last} 之间",
        "the month {given} must lie between {first} and {last}",
    ),
    errors.TerminationNeedsCause: ProblemText(
        409,
        "终结需有死亡或骗取事实",
        "Termination needs a cause",
        "只有因死亡或查实骗取停发的补贴资格可以终结",
        "only an award stopped by a death or by fraud can be terminated",
    ),
    errors.BackPaymentExists: ProblemText(
        409, "已准予补发", "Back-payment exists", "该补贴资格已准予补发", "the back-payment was granted already"
    ),
    errors.FactNotFound: ProblemText(
        404, "事实不存在", "Fact not found", "在您的管辖范围内没有该事实", "no such fact within your divisions"
    ),
    errors.FactIsWithdrawn: ProblemText(
        409, "事实已撤回", "Fact is withdrawn", "该事实已被撤回，请另行登记", "the fact was withdrawn; record a new one"
    ),
    errors.FactIsTheRegisters: ProblemText(
        409,
        "该事实由残联登记系统提供",
        "The register tells of this",
        "死亡、残疾人证冻结和注销由登记系统提供，不能在此登记（{kind}）",
        "deaths, freezes and cancellations come from the register and are not recorded here ({kind})",
    ),
    errors.FactToldTwice: ProblemText(
        422,
        "同一事实重复",
        "Told twice",
        "同一人员、事项、来源和起始日期在名单中重复出现",
        "person, kind, source and first day occur twice in one list",
    ),
    errors.FactDoesNotFit: ProblemText(
        422, "事实内容与种类不符", "The fact does not fit its kind", "{field}：{zh}", "{field}: {en}"
    ),
    errors.FindingNotFound: ProblemText(
        404, "线索不存在", "Finding not found", "在您的管辖范围内没有该线索", "no such finding within your divisions"
    ),
    errors.FindingIsClosed: ProblemText(
        409,
        "线索已办结",
        "Finding is closed",
        "该线索已办结（{state}），不能再办理",
        "the finding is {state}; nothing is left to do",
    ),
    errors.ReminderNotFound: ProblemText(
        404, "提醒不存在", "Reminder not found", "在您的管辖范围内没有该提醒", "no such reminder within your divisions"
    ),
    errors.ReminderHasEnded: ProblemText(
        409,
        "提醒已办结",
        "Reminder has ended",
        "该提醒已办结（{state}），不能再告知或办结",
        "the reminder is {state}; nothing is left to tell or to close",
    ),
    errors.TellingDayNotAllowed: ProblemText(
        422,
        "告知日期不在允许范围",
        "Day not allowed",
        "告知日期 {given} 应在 {first} 至 {last} 之间",
        "the day {given} must lie between {first} and {last}",
    ),
    errors.PolicyNotFound: ProblemText(
        404, "政策不存在", "Policy not found", "没有该政策文件", "no such policy document"
    ),
    errors.PolicyStepNotAllowed: ProblemText(
        409,
        "政策当前状态不能进行该操作",
        "Step not allowed",
        "政策文件当前为 {status}，可以进行的操作：{allowed}",
        "the policy is {status}; allowed are {allowed}",
    ),
    errors.DeclarationNotFound: ProblemText(
        404,
        "银行文件约定不存在",
        "Declaration not found",
        "没有该银行文件约定",
        "no such declaration of a bank's files",
    ),
    errors.DeclarationStepNotAllowed: ProblemText(
        409,
        "银行文件约定当前状态不能进行该操作",
        "Step not allowed",
        "银行文件约定当前为 {status}，可以进行的操作：{allowed}",
        "the declaration is {status}; allowed are {allowed}",
    ),
    errors.DeclarationInForce: ProblemText(
        409,
        "同名约定正在使用",
        "Another one is in force",
        "该地区同一代号的约定（{declaration_id}）正在使用，请先废止",
        "a declaration of this division and code ({declaration_id}) is in force; withdraw it first",
    ),
    errors.TrialDoesNotFit: ProblemText(
        422, "首行或末行写不下", "No room in header or trailer", "{holds}：{zh}", "{holds}: {en}"
    ),
    errors.TrialPartNotFound: ProblemText(
        422, "没有这个分文件", "No such part", "试生成的文件共 {parts} 个", "the trial makes {parts} files"
    ),
    errors.AuthorCannotApprove: ProblemText(
        409,
        "起草人不能复核",
        "The author cannot approve",
        "文件的起草人不能是复核人",
        "who wrote the document cannot be the one who approved it",
    ),
}

SCHEME_ZH: Final = {Scheme.LIVING: "困难残疾人生活补贴", Scheme.NURSING: "重度残疾人护理补贴"}

CODE_LISTS: Final[Mapping[str, tuple[Code, ...]]] = {
    **REQUEST_CODES,
    **APPLICATION_CODES,
    **PAYROLL_CODES,
    **COMPARISON_CODES,
    "scheme": codes(
        (Scheme.LIVING.value, SCHEME_ZH[Scheme.LIVING], "living subsidy"),
        (Scheme.NURSING.value, SCHEME_ZH[Scheme.NURSING], "nursing subsidy"),
    ),
    "fact_kind": codes(*((kind.value, KIND_ZH[kind], kind.value.lower().replace("_", " ")) for kind in FactKind)),
    "fact_value": codes(*((value.value, zh, value.value.lower().replace("_", " ")) for value, zh in LEVEL_ZH.items())),
    "fact_source": codes(*((code, zh, code.lower().replace("_", " ")) for code, zh in SOURCE_ZH.items())),
    "entitlement_rule": codes(*((rule.id, rule.reason_zh, rule.reason_en) for rule in RULES)),
    "finding_kind": codes(
        ("ELIGIBLE_UNPAID", "应享未享", "eligible but unpaid"),
        ("STOP_MISSED", "应停未停", "should have stopped"),
    ),
    "finding_state": codes(
        ("OPEN", "待办理", "open"),
        ("SETTLED", "已自然消除", "settled by itself"),
        ("CLOSED", "已办结", "closed by a person"),
    ),
    "reminder_cause": codes(
        ("DIBAO_ENTRY", "持证人新纳入低保", "a holder is newly in dibao"),
        ("NEW_CARD", "新办残疾人证", "a card was newly issued"),
    ),
    "reminder_state": codes(
        ("OPEN", "待提醒", "nobody was told yet"),
        ("REMINDED", "已提醒", "told"),
        ("APPLIED", "已申请", "applied"),
        ("LAPSED", "不再符合条件", "no longer eligible"),
        ("CLOSED", "已办结", "closed by a person"),
    ),
    "telling_medium": codes(
        ("SMS", "短信", "text message"),
        ("LETTER", "信函", "letter"),
        ("IN_APP", "站内消息", "message in the application"),
        ("PHONE", "电话", "telephone call"),
        ("VISIT", "上门", "visit"),
    ),
    "telling_state": codes(
        ("WAITING", "待发送", "waiting"),
        ("SENT", "已送出", "sent"),
        ("FAILED", "未送达", "not delivered"),
        ("CANCELLED", "已取消", "cancelled"),
    ),
    "telling_left_out": codes(
        ("NOT_FOUND", "不存在、不在管辖范围或已办结", "not there, outside the divisions, or ended"),
        (
            "RECIPIENT_NOT_USABLE",
            "号码或地址不可用：短信需要电话号码，信函需要地址，站内消息不填",
            "no such recipient for the medium",
        ),
        ("ALREADY_WAITING", "已有一条在等待发送", "one waits to be sent already"),
    ),
    "reminder_count": codes(
        ("IN_TIME", "按时提醒", "reminded in time"),
        ("LATE", "逾期提醒", "reminded late"),
        ("NOT_REMINDED", "到期未提醒", "not reminded in time"),
        ("PENDING", "期限未到", "there is time left"),
        ("LEFT_OUT", "期限内已申请或不再符合条件，无需提醒", "nothing was left to tell in time"),
    ),
    "policy_status": codes(
        ("DRAFT", "草案", "draft"),
        ("IN_FORCE", "施行", "in force"),
        ("WITHDRAWN", "废止", "withdrawn"),
        ("DISCARDED", "作废", "discarded"),
    ),
    "bank_return_reason": codes(*((each.value, said.zh, said.en) for each, said in MEANINGS.items())),
    "bank_return_next": codes(
        ("NOTHING", "无需处理", "nothing to do"),
        ("WAIT", "等待银行", "wait for the bank"),
        ("RETRY", "可原样重发", "pay again as it stands"),
        ("HOLD", "更正后重发", "hold until corrected"),
    ),
    "bank_answer_reading": codes(*((each.value, zh, en) for each, (zh, en) in READING_WORDS.items())),
    "bank_answer_fault": codes(*((each.value, zh, en) for each, (zh, en) in FILE_WORDS.items())),
    "bank_cell_misfit": codes(*((each.value, zh, en) for each, (zh, en) in WORDS.items())),
    "award_status": codes(
        (AwardStatus.ACTIVE.value, "正常发放", "active"),
        (AwardStatus.SUSPENDED.value, "停发（次月起）", "suspended"),
        (AwardStatus.STOPPED.value, "已终止", "stopped"),
        (AwardStatus.PAUSED.value, "人工暂停", "paused by a person"),
        (AwardStatus.TERMINATED.value, "已终结", "terminated"),
    ),
}
