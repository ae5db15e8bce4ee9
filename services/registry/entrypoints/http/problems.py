"""The registry's refusals as people read them, and its code lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.registry.domain import errors
from services.registry.domain.certificate import CancellationReason, FreezeReason
from services.registry.entrypoints.http.problems_application import APPLICATION_CODES, APPLICATION_TEXTS
from services.registry.entrypoints.http.problems_person import PERSON_CODE_LISTS, PERSON_TEXTS
from services.registry.use_cases.report_death import DeathSource
from shared.kit.codelists import Code, codes
from shared.kit.problems import ProblemText
from shared.kit.trust import REQUEST_CODES, TRUST_TEXTS
from shared.values.certificate import CertificateStatus, StopKind
from shared.values.disability import DisabilityCategory, DisabilityGrade
from shared.values.refusal import Refusal

TEXTS: Final[Mapping[type[Refusal], ProblemText]] = {
    **TRUST_TEXTS,
    **PERSON_TEXTS,
    **APPLICATION_TEXTS,
    errors.PersonNotFound: ProblemText(
        404, "人员不存在", "Person not found", "在您的管辖范围内没有该人员", "no such person within your divisions"
    ),
    errors.CertificateNotFound: ProblemText(
        404,
        "残疾人证不存在",
        "Certificate not found",
        "在您的管辖范围内没有该残疾人证",
        "no such certificate within your divisions",
    ),
    errors.StopNotFound: ProblemText(
        404, "停发事实不存在", "Stop fact not found", "在您的管辖范围内没有该记录", "no such fact within your divisions"
    ),
    errors.GuardianNotFound: ProblemText(
        404, "监护人不存在", "Guardian not found", "没有该监护人", "no such guardian within your divisions"
    ),
    errors.GuardianDatesAreWrong: ProblemText(
        422,
        "监护起止日期不正确",
        "Dates are wrong",
        "监护终止日期 {valid_to} 不能早于起始日期 {valid_from}",
        "the guardianship ends on {valid_to}, before it begins on {valid_from}",
    ),
    errors.PersonIsRegistered: ProblemText(
        409,
        "该人员已登记",
        "Person is registered",
        "该公民身份号码已经登记，不能重复登记；请用“按公民身份号码查找”核对，若不在您的辖区请联系户籍地残联",
        "this identity number is registered already; look it up, or ask the county of registered residence",
    ),
    errors.PersonHasDied: ProblemText(
        409,
        "该人员已登记死亡",
        "Person has died",
        "该人员已于 {died_on} 登记死亡；如登记有误，请先撤回死亡信息",
        "a death on {died_on} is on record; retract it first if it is wrong",
    ),
    errors.PersonIsAlive: ProblemText(
        409, "没有死亡登记", "No death on record", "该人员没有可撤回的死亡登记", "no death is on record to retract"
    ),
    errors.PersonHasCertificate: ProblemText(
        409,
        "已持有残疾人证",
        "Person has a certificate",
        "该人员已持有未注销的残疾人证；换领、变更请在原证上办理",
        "the person holds a certificate that is not cancelled; renew or change that one",
    ),
    errors.CertificateStepNotAllowed: ProblemText(
        409,
        "当前状态不能办理",
        "Step not allowed",
        "残疾人证当前状态为 {status}，不能办理“{step}”；可以办理：{allowed}",
        "the certificate is {status}; {step} is not allowed, allowed are: {allowed}",
    ),
    errors.DateInFuture: ProblemText(
        422,
        "日期晚于今天",
        "Date in the future",
        "{field} 为 {given}，不能晚于今天（{today}）",
        "{field} is {given}, after today ({today})",
    ),
    errors.DateBeforeIssue: ProblemText(
        422,
        "日期早于发证日期",
        "Date before issue",
        "{field} 为 {given}，不能早于发证日期 {issued_on}",
        "{field} is {given}, before the certificate was issued on {issued_on}",
    ),
    errors.TransferGoesNowhere: ProblemText(
        409,
        "迁入地与现属地相同",
        "Transfer goes nowhere",
        "残疾人证已属于 {division}，无需迁移",
        "the certificate belongs to {division} already",
    ),
}

CODE_LISTS: Final[Mapping[str, tuple[Code, ...]]] = {
    **REQUEST_CODES,
    "guardian_relation": codes(
        ("PARENT", "父母", "parent"),
        ("SPOUSE", "配偶", "spouse"),
        ("CHILD", "子女", "child"),
        ("SIBLING", "兄弟姐妹", "sibling"),
        ("RELATIVE", "其他近亲属", "other close relative"),
        ("ORGANISATION", "村（居）民委员会或民政部门", "village or residents' committee, civil affairs"),
        ("OTHER", "其他", "other"),
    ),
    "disability_category": codes(*((str(int(c)), c.zh, c.en) for c in DisabilityCategory)),
    "disability_grade": codes(*((str(int(g)), g.zh, g.en) for g in DisabilityGrade)),
    "certificate_status": codes(
        (CertificateStatus.VALID.value, "有效", "valid"),
        (CertificateStatus.LOST.value, "挂失", "reported lost"),
        (CertificateStatus.FROZEN.value, "冻结", "frozen"),
        (CertificateStatus.EXPIRED.value, "到期", "expired"),
        (CertificateStatus.SUPERSEDED.value, "已换新证", "superseded"),
        (CertificateStatus.CANCELLED.value, "注销", "cancelled"),
    ),
    "cancellation_reason": codes(
        (CancellationReason.DEATH.value, "死亡", "death"),
        (CancellationReason.NO_LONGER_MEETS.value, "不再符合残疾标准", "no longer meets the standard"),
        (CancellationReason.VOLUNTARY.value, "本人自愿", "own wish"),
        (CancellationReason.FRAUD.value, "骗取", "obtained by fraud"),
        (CancellationReason.TRANSFER_OVERDUE_1Y.value, "户籍迁移逾期一年未迁证", "transfer overdue for a year"),
        (CancellationReason.NOT_RENEWED_6M.value, "到期六个月未换领", "not renewed within six months"),
        (CancellationReason.DECLARED_MISSING.value, "宣告失踪", "declared missing"),
    ),
    "freeze_reason": codes(
        (FreezeReason.TRANSFER_OVERDUE_6M.value, "户籍迁移逾期六个月未迁证", "transfer overdue for six months"),
        (FreezeReason.EXPIRED_NOT_RENEWED.value, "到期未换领", "expired, not renewed"),
        (FreezeReason.SUSPECT_FRAUD.value, "涉嫌骗取", "suspected fraud"),
        (FreezeReason.REFUSES_REASSESSMENT.value, "拒绝重新评定", "refuses re-assessment"),
    ),
    "stop_kind": codes(
        (StopKind.DEATH.value, "死亡", "death"),
        (StopKind.CANCELLED.value, "残疾人证注销", "certificate cancelled"),
        (StopKind.FROZEN.value, "残疾人证冻结", "certificate frozen"),
        (StopKind.EXPIRED.value, "残疾人证到期", "certificate expired"),
        (StopKind.TRANSFERRED.value, "户籍迁出", "household moved out"),
    ),
    **PERSON_CODE_LISTS,
    **APPLICATION_CODES,
    "death_source": codes(
        (DeathSource.POLICE.value, "公安户籍注销", "police"),
        (DeathSource.HEALTH.value, "卫健死亡证明", "health"),
        (DeathSource.FUNERAL.value, "殡葬火化", "funeral"),
        (DeathSource.FAMILY.value, "家属报告", "family"),
    ),
}
