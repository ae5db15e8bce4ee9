"""The subsidy service's refusals as people read them, and its code lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.subsidy.domain import errors
from shared.kit.codelists import Code, codes
from shared.kit.imports import IMPORT_TEXTS
from shared.kit.problems import ProblemText
from shared.kit.trust import REQUEST_CODES, TRUST_TEXTS
from shared.values.award import AwardStatus, Scheme
from shared.values.refusal import Refusal

TEXTS: Final[Mapping[type[Refusal], ProblemText]] = {
    **IMPORT_TEXTS,
    **TRUST_TEXTS,
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
}

SCHEME_ZH: Final = {Scheme.LIVING: "困难残疾人生活补贴", Scheme.NURSING: "重度残疾人护理补贴"}

CODE_LISTS: Final[Mapping[str, tuple[Code, ...]]] = {
    **REQUEST_CODES,
    "scheme": codes(
        (Scheme.LIVING.value, SCHEME_ZH[Scheme.LIVING], "living subsidy"),
        (Scheme.NURSING.value, SCHEME_ZH[Scheme.NURSING], "nursing subsidy"),
    ),
    "award_status": codes(
        (AwardStatus.ACTIVE.value, "正常发放", "active"),
        (AwardStatus.SUSPENDED.value, "停发（次月起）", "suspended"),
        (AwardStatus.STOPPED.value, "已终止", "stopped"),
    ),
}
