"""The subsidy service's refusals as people read them, and its code lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.subsidy.domain import errors
from shared.kit.codelists import Code, codes
from shared.kit.disclosure import PURPOSE_CODES
from shared.kit.imports import IMPORT_TEXTS
from shared.kit.job_routes import JOB_TEXTS
from shared.kit.person_requests import REQUEST_KIND_CODES, REQUEST_STATE_CODES, REQUEST_TEXTS
from shared.kit.problems import ProblemText
from shared.kit.rotation import ROTATION_TEXTS
from shared.values.award import AwardStatus, Scheme
from shared.values.refusal import Refusal

TEXTS: Final[Mapping[type[Refusal], ProblemText]] = {
    **JOB_TEXTS,
    **IMPORT_TEXTS,
    **REQUEST_TEXTS,
    **ROTATION_TEXTS,
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
    errors.FactDoesNotFit: ProblemText(
        422, "事实内容与种类不符", "The fact does not fit its kind", "{field}：{zh}", "{field}: {en}"
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
    errors.AuthorCannotApprove: ProblemText(
        409,
        "起草人不能复核",
        "The author cannot approve",
        "政策文件的起草人不能是复核人",
        "who wrote the policy cannot be the one who approved it",
    ),
}

SCHEME_ZH: Final = {Scheme.LIVING: "困难残疾人生活补贴", Scheme.NURSING: "重度残疾人护理补贴"}

CODE_LISTS: Final[Mapping[str, tuple[Code, ...]]] = {
    "purpose": PURPOSE_CODES,
    "person_request_kind": REQUEST_KIND_CODES,
    "person_request_state": REQUEST_STATE_CODES,
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
