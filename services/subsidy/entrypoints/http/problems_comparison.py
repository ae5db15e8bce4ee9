"""Refusals and code lists of comparison and suspects, as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.subsidy.domain.comparison import lists
from services.subsidy.domain.comparison import suspect as errors
from services.subsidy.domain.comparison.checks import CHECKS, Action
from services.subsidy.domain.comparison.lists import SHAPES
from services.subsidy.domain.comparison.suspect import SuspectState, SuspectStep
from shared.kit.codelists import Code, codes
from shared.kit.problems import ProblemText
from shared.values.refusal import Refusal

COMPARISON_TEXTS: Final[Mapping[type[Refusal], ProblemText]] = {
    errors.SuspectNotFound: ProblemText(
        404, "疑点不存在", "Suspect not found", "在您的管辖范围内没有该疑点", "no such suspect within your divisions"
    ),
    errors.SuspectStepNotAllowed: ProblemText(
        409,
        "疑点当前状态不能进行该操作",
        "Step not allowed",
        "疑点当前为 {state}，不能 {step}；可以进行的操作：{allowed}",
        "the suspect is {state} and {step} is not allowed; allowed are {allowed}",
    ),
    errors.SuspectNeedsEvidence: ProblemText(
        422,
        "缺少佐证材料",
        "A paper is needed",
        "核查结论、处理和结果须附佐证材料：请先上传，再在 paper_ids 中引用（{step}）",
        "what is found, done or reported stands on a paper: upload it, then name it in paper_ids ({step})",
    ),
    errors.PaperIsNotOfSuspect: ProblemText(
        422,
        "材料不属于该疑点",
        "Not a paper of this suspect",
        "下列材料不属于该疑点：{papers}",
        "these papers do not lie with the suspect: {papers}",
    ),
    errors.PaperIsAnother: ProblemText(
        409,
        "材料编号已使用",
        "The id is taken",
        "该编号已用于另一份材料，请换一个编号上传",
        "the id is that of another paper; upload under another one",
    ),
    errors.ActionDoesNotAnswer: ProblemText(
        422,
        "处理方式不适用",
        "The action does not answer the check",
        "{check} 不适用处理方式 {action}；可选：{allowed}",
        "{action} does not answer {check}; allowed are {allowed}",
    ),
    errors.NotBelow: ProblemText(
        422,
        "只能向下分发",
        "It goes down only",
        "疑点由 {division} 持有，只能分发至其辖区之内，不能分发至 {given}",
        "{division} has it: it can be handed to a division inside, not to {given}",
    ),
    errors.AwardStillRuns: ProblemText(
        409,
        "补贴仍在发放",
        "The award still runs",
        "{check} 登记为停发，但下列补贴仍在发放：{schemes}；死亡请经残联登记，其他停发事实请先登记",
        "a stop is reported for {check}, yet these awards run: {schemes}; let the register record a death, or record "
        "the fact that stops them first",
    ),
    lists.RowHasNoDay: ProblemText(
        422,
        "缺少日期",
        "A day is missing",
        "该名单的每一行都应写明日期",
        "every row of such a list tells its day ({fields})",
    ),
    lists.DayLiesAhead: ProblemText(
        422, "日期晚于今天", "The day lies ahead", "日期 {given} 晚于 {latest}", "the day {given} is after {latest}"
    ),
}

_STATES: Final = {
    SuspectState.NEW: ("待分发", "new"),
    SuspectState.DISTRIBUTED: ("已分发", "handed down"),
    SuspectState.IN_VERIFICATION: ("核查中", "being verified"),
    SuspectState.NEEDS_MORE: ("需补充核查", "needs more"),
    SuspectState.CONFIRMED: ("属实", "confirmed"),
    SuspectState.FALSE_POSITIVE: ("不属实", "not so"),
    SuspectState.ACTION_TAKEN: ("已处理", "acted upon"),
    SuspectState.RESULT_REPORTED: ("已报结果", "reported"),
    SuspectState.CLOSED: ("已办结", "closed"),
}
_STEPS: Final = {
    SuspectStep.DISTRIBUTE: ("分发", "hand down"),
    SuspectStep.VERIFY: ("开始核查", "begin to verify"),
    SuspectStep.ASK_MORE: ("要求补充", "ask for more"),
    SuspectStep.CONFIRM: ("认定属实", "confirm"),
    SuspectStep.CLEAR: ("排除", "clear"),
    SuspectStep.ACT: ("处理", "act"),
    SuspectStep.REPORT: ("报告结果", "report"),
    SuspectStep.CLOSE: ("办结", "close"),
    SuspectStep.REOPEN: ("重新打开", "reopen"),
}
_ACTIONS: Final = {
    Action.STOP: ("停发", "stop"),
    Action.ADJUST: ("调整", "adjust"),
    Action.CANCEL_CERTIFICATE: ("注销残疾人证", "cancel the certificate"),
    Action.MEND_CERTIFICATE: ("更正证件状态", "mend the certificate's state"),
    Action.TRANSFER_CERTIFICATE: ("迁移残疾人证", "transfer the certificate"),
    Action.REMIND: ("提醒", "remind"),
    Action.START: ("受理申请", "take in an application"),
    Action.RECOVER: ("追回", "recover"),
    Action.CORRECT_ACCOUNT: ("更正账户", "correct the account"),
    Action.TRANSFER_CASE: ("移送", "hand the case on"),
}

COMPARISON_CODES: Final[Mapping[str, tuple[Code, ...]]] = {
    "suspect_check": codes(*((check.id, check.zh, check.en) for check in CHECKS)),
    "suspect_state": codes(*((state.value, zh, en) for state, (zh, en) in _STATES.items())),
    "suspect_step": codes(("find", "比对发现", "found"), *((step.value, zh, en) for step, (zh, en) in _STEPS.items())),
    "suspect_action": codes(*((action.value, zh, en) for action, (zh, en) in _ACTIONS.items())),
    "suspect_paper": codes(
        ("VISIT_RECORD", "入户核查记录", "record of a visit"),
        ("DEATH_PROOF", "死亡证明材料", "proof of a death"),
        ("JUDGMENT", "判决文书", "judgment"),
        ("ALIVE_PROOF", "健在证明材料", "proof that somebody lives"),
        ("OFFICE_REPLY", "有关部门复函", "reply of another office"),
        ("DECISION", "处理决定", "decision"),
        ("OTHER", "其他", "other"),
    ),
    "bureau_list": codes(*((kind.value, shape.zh, shape.en) for kind, shape in SHAPES.items())),
}
