"""The rehab service's refusals as people read them, and its code lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.rehab.domain import errors
from services.rehab.domain.case import CaseFlag, ClosingReason, Happened, TransferDecision
from shared.kit.codelists import Code, codes
from shared.kit.problems import ProblemText
from shared.kit.trust import REQUEST_CODES, TRUST_TEXTS
from shared.values.refusal import Refusal
from shared.values.rehab_case import CaseStatus

TEXTS: Final[Mapping[type[Refusal], ProblemText]] = {
    **TRUST_TEXTS,
    errors.CaseNotFound: ProblemText(
        404, "康复个案不存在", "Case not found", "在您的管辖范围内没有该康复个案", "no such case within your divisions"
    ),
    errors.PersonNotKnown: ProblemText(
        404,
        "人员不存在",
        "Person not known",
        "在您的管辖范围内没有已登记的该人员；刚登记的请稍候数秒再试",
        "the register has announced no such person within your divisions; just registered ones take a few seconds",
    ),
    errors.PersonHasDied: ProblemText(
        409, "该人员已登记死亡", "Person has died", "该人员已于 {died_on} 登记死亡", "a death on {died_on} is on record"
    ),
    errors.CaseExists: ProblemText(
        409,
        "已有未结案的康复个案",
        "Case exists",
        "该人员已有未结案的康复个案，新的需求请记入该个案",
        "the person has an open case; a further need belongs into it",
    ),
    errors.CaseStepNotAllowed: ProblemText(
        409,
        "当前状态不能进行该操作",
        "Step not allowed",
        "个案状态为 {status}，不能进行“{step}”；可进行：{allowed}",
        "the case is {status}; '{step}' is not allowed, only {allowed}",
    ),
    errors.DeathIsTheRegisters: ProblemText(
        422,
        "死亡结案由登记系统触发",
        "Deaths are recorded at the registry",
        "请在残疾人登记系统登记死亡信息，个案会随即自动结案，误报撤回后自动恢复",
        "record the death at the registry: it closes the case, and reopens it if the report proves wrong",
    ),
    errors.DateInFuture: ProblemText(
        422,
        "日期晚于今天",
        "Date lies ahead",
        "{field} 为 {given}，不能晚于今天（{today}）",
        "{field} is {given}; it cannot be after today ({today})",
    ),
    errors.ClosedBeforeOpened: ProblemText(
        422,
        "结案日期早于建档日期",
        "Closed before opened",
        "结案日期 {given} 早于建档日期 {opened_on}",
        "the case was opened on {opened_on} and cannot end on {given}",
    ),
}

CODE_LISTS: Final[Mapping[str, tuple[Code, ...]]] = {
    **REQUEST_CODES,
    "case_status": codes(
        (CaseStatus.NEED_REGISTERED.value, "已登记需求", "need registered"),
        (CaseStatus.CLOSED.value, "已结案", "closed"),
    ),
    "closing_reason": codes(
        (ClosingReason.GOAL_REACHED.value, "达到康复目标", "goal reached"),
        (ClosingReason.AGED_OUT.value, "超过年龄", "aged out"),
        (ClosingReason.MOVED.value, "迁出", "moved away"),
        (ClosingReason.DIED.value, "死亡", "died"),
        (ClosingReason.REFUSED.value, "本人或监护人拒绝", "refused"),
        (ClosingReason.DROPPED.value, "中途退出", "dropped out"),
        (ClosingReason.PERIOD_END.value, "服务期满", "period ended"),
    ),
    "case_flag": codes((CaseFlag.TRANSFERRED.value, "人员已迁往其他县区，待处理", "person moved to another county")),
    "transfer_decision": codes(
        (TransferDecision.MOVE.value, "随人迁移", "hand over to the new county"),
        (TransferDecision.CLOSE.value, "原地结案", "close here"),
    ),
    "case_step": codes(
        (Happened.OPENED.value, "建档", "opened"),
        (Happened.FLAGGED.value, "提示迁移", "flagged"),
        (Happened.UNFLAGGED.value, "取消提示", "flag lifted"),
        (Happened.MOVED.value, "迁入新县区", "handed over"),
        (Happened.CLOSED.value, "结案", "closed"),
        (Happened.REOPENED.value, "恢复", "reopened"),
    ),
}
