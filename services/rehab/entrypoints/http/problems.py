"""The rehab service's refusals as people read them, and its code lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.rehab.domain import errors
from services.rehab.domain.case import (
    CaseFlag,
    ClosingReason,
    DeclineReason,
    FollowUpOutcome,
    Happened,
    MedicalReason,
    PauseReason,
    TransferDecision,
)
from services.rehab.entrypoints.http.problems_aid import AID_CODES, AID_TEXTS
from services.rehab.entrypoints.http.problems_care import CARE_CODES, CARE_TEXTS
from services.rehab.entrypoints.http.problems_institution import INSTITUTION_CODES, INSTITUTION_TEXTS
from shared.kit.codelists import Code, codes
from shared.kit.problems import ProblemText
from shared.kit.trust import REQUEST_CODES, TRUST_TEXTS
from shared.values.refusal import Refusal
from shared.values.rehab_case import CaseStatus

TEXTS: Final[Mapping[type[Refusal], ProblemText]] = {
    **TRUST_TEXTS,
    **AID_TEXTS,
    **CARE_TEXTS,
    **INSTITUTION_TEXTS,
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
    errors.BeforeOpening: ProblemText(
        422,
        "日期早于建档日期",
        "Before the opening",
        "{field} 为 {given}，早于建档日期 {opened_on}",
        "{field} is {given}; the case was opened on {opened_on}",
    ),
    errors.ConsentIsMissing: ProblemText(
        409,
        "缺少知情同意",
        "Consent is missing",
        "须先登记本人或监护人的知情同意（consent）",
        "record the consent of the client or the guardian first (consent)",
    ),
    errors.AnswerIsNotDue: ProblemText(
        409,
        "机构答复期限未到",
        "The answer is not due",
        "机构可在 {due_on} 前答复，期满未答复方可收回转介",
        "the institution may answer until {due_on}; a referral is recalled after that",
    ),
    errors.PauseIsNotTooLong: ProblemText(
        409,
        "暂停期限未满",
        "The pause is not too long",
        "暂停至 {due_on}，期满后方可按中途退出结案；本人或监护人拒绝的请选择相应原因",
        "the pause may last until {due_on}; after that the case may be closed as dropped",
    ),
    errors.LimitExists: ProblemText(
        409,
        "该时限已登记",
        "The limit exists",
        "该区划自 {valid_from} 起已有此项时限，请登记新的生效日期",
        "this limit stands from {valid_from} on; set another day",
    ),
}

CODE_LISTS: Final[Mapping[str, tuple[Code, ...]]] = {
    **REQUEST_CODES,
    **AID_CODES,
    **CARE_CODES,
    **INSTITUTION_CODES,
    "case_status": codes(
        (CaseStatus.NEED_REGISTERED.value, "已登记需求", "need registered"),
        (CaseStatus.REGISTERED.value, "初审通过，待转介", "registered"),
        (CaseStatus.NOT_SUITABLE.value, "不适合", "not suitable"),
        (CaseStatus.REFERRED.value, "已转介，待机构答复", "referred"),
        (CaseStatus.ASSESSING.value, "机构已接收，待评估", "assessing"),
        (CaseStatus.ASSESSED.value, "已评估，待签方案", "assessed"),
        (CaseStatus.PLAN_ACTIVE.value, "方案执行中", "plan active"),
        (CaseStatus.PLAN_REVISED.value, "方案待修订", "plan to be revised"),
        (CaseStatus.PAUSED.value, "暂停服务", "paused"),
        (CaseStatus.REFERRED_MEDICAL.value, "医疗转诊中", "referred to a hospital"),
        (CaseStatus.CLOSED.value, "已结案", "closed"),
        (CaseStatus.FOLLOWED_UP.value, "已回访", "followed up"),
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
    "case_flag": codes(
        (CaseFlag.TRANSFERRED.value, "人员已迁往其他县区，待处理", "person moved to another county"),
        (CaseFlag.CERTIFICATE_CHANGED.value, "残疾人证已变化，请复核方案", "certificate changed, look at the plan"),
    ),
    "decline_reason": codes(
        (DeclineReason.NO_PLACE.value, "无空余名额", "no place"),
        (DeclineReason.NOT_SUITABLE_HERE.value, "本机构不适合", "not suitable here"),
        (DeclineReason.CLIENT_DECLINED.value, "本人或监护人不愿前来", "client declined"),
    ),
    "pause_reason": codes(
        (PauseReason.HOSPITAL.value, "住院", "hospital"),
        (PauseReason.ILLNESS.value, "患病", "illness"),
        (PauseReason.FAMILY_WISH.value, "家庭意愿", "the family's wish"),
    ),
    "medical_reason": codes(
        (MedicalReason.RECURRENCE.value, "病情复发", "recurrence"),
        (MedicalReason.OTHER_MEDICAL_NEED.value, "其他医疗需要", "another medical need"),
    ),
    "follow_up_outcome": codes(
        (FollowUpOutcome.STABLE.value, "稳定", "stable"),
        (FollowUpOutcome.IMPROVED.value, "好转", "improved"),
        (FollowUpOutcome.WORSE.value, "退步", "worse"),
        (FollowUpOutcome.NEW_NEED.value, "有新的需求", "a new need"),
        (FollowUpOutcome.NOT_REACHED.value, "未能联系", "not reached"),
    ),
    "transfer_decision": codes(
        (TransferDecision.MOVE.value, "随人迁移", "hand over to the new county"),
        (TransferDecision.CLOSE.value, "原地结案", "close here"),
    ),
    "case_step": codes(
        (Happened.OPENED.value, "建档", "opened"),
        (Happened.FLAGGED.value, "提示待处理", "flagged"),
        (Happened.UNFLAGGED.value, "取消提示", "flag lifted"),
        (Happened.MOVED.value, "迁入新县区", "handed over"),
        (Happened.CLOSED.value, "结案", "closed"),
        (Happened.REOPENED.value, "恢复", "reopened"),
        (Happened.CHECKED.value, "初审", "checked"),
        (Happened.REFERRED.value, "转介", "referred"),
        (Happened.ACCEPTED.value, "机构接收", "accepted"),
        (Happened.DECLINED.value, "机构不予接收", "declined"),
        (Happened.RECALLED.value, "收回转介", "recalled"),
        (Happened.ASSESSED.value, "初始评估", "baseline assessment"),
        (Happened.PLAN_AGREED.value, "签订方案", "plan agreed"),
        (Happened.STAGE_ASSESSED.value, "阶段评估", "stage assessment"),
        (Happened.FINALLY_ASSESSED.value, "末次评估", "final assessment"),
        (Happened.PAUSED.value, "暂停", "paused"),
        (Happened.RESUMED.value, "恢复服务", "resumed"),
        (Happened.REFERRED_MEDICAL.value, "医疗转诊", "referred to a hospital"),
        (Happened.RETURNED_MEDICAL.value, "出院转回", "returned from hospital"),
        (Happened.FOLLOWED_UP.value, "回访", "visited"),
    ),
}
