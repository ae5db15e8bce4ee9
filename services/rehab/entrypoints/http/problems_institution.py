"""Refusals about institutions and the catalogue as people read them, and their words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.rehab.domain import institution_errors as errors
from services.rehab.domain.catalogue import Cycle, ItemKind
from services.rehab.domain.institution import InstitutionStatus
from services.rehab.domain.limits import Stage
from services.rehab.entrypoints.http.schemas_institution import ChangeReason, Qualification
from shared.kit.codelists import Code, codes
from shared.kit.problems import ProblemText
from shared.values.refusal import Refusal

INSTITUTION_TEXTS: Final[Mapping[type[Refusal], ProblemText]] = {
    errors.InstitutionNotFound: ProblemText(
        404, "定点机构不存在", "Institution not found", "没有该定点机构，或不在您的管辖范围内", "no such institution"
    ),
    errors.InstitutionStepNotAllowed: ProblemText(
        409,
        "当前状态不能进行该操作",
        "Step not allowed",
        "机构状态为 {status}，不能进行“{step}”；可进行：{allowed}",
        "the institution is {status}; '{step}' is not allowed, only {allowed}",
    ),
    errors.AnotherPersonMustDecide: ProblemText(
        403,
        "须由他人办理",
        "Another person must decide",
        "提出该事项的人不能自己作出决定",
        "who brought the matter forward cannot decide it",
    ),
    errors.DefenceRuns: ProblemText(
        409,
        "申辩期未满",
        "The defence is not over",
        "机构可在 {until} 前（含当日）陈述申辩，期满后方可列入黑名单",
        "the institution may state its defence until {until}",
    ),
    errors.InstitutionIsNotValid: ProblemText(
        409,
        "机构不能提供该服务",
        "Institution is not valid",
        "该机构在 {day} 不能为类别 {category} 的服务对象提供服务（{status}）",
        "on {day} the institution may not serve a client of category {category} ({status})",
    ),
    errors.InstitutionIsFull: ProblemText(
        409,
        "机构名额已满",
        "Institution is full",
        "协议名额 {capacity} 个，已全部占用",
        "all {capacity} places of its agreement are taken",
    ),
    errors.AgreementOverlaps: ProblemText(
        409,
        "协议期限重叠",
        "Agreement overlaps",
        "该机构在此期间已有协议，同一天只能有一份",
        "another agreement covers one of these days",
    ),
    errors.PeriodIsInvalid: ProblemText(
        422,
        "期限不正确",
        "Period is invalid",
        "结束日期 {ends_on} 不能早于 {begins_on}，已定的终止日期只能提前",
        "{ends_on} must not lie before {begins_on}; a last day can only become an earlier one",
    ),
    errors.StaffNotFound: ProblemText(
        404, "专业人员不存在", "Staff not found", "没有专业人员 {given}", "there is nobody with id {given}"
    ),
    errors.StaffExists: ProblemText(
        409, "工号已登记", "Staff number exists", "工号 {staff_no} 已登记", "staff number {staff_no} is taken"
    ),
    errors.StaffIsNotValid: ProblemText(
        409,
        "专业人员不符合要求",
        "Staff is not valid",
        "专业人员 {staff_id} 不属于承接机构，或在 {day} 资质无效",
        "{staff_id} is not of the institution, or not qualified on {day}",
    ),
    errors.CheckExists: ProblemText(
        409,
        "该季度已登记",
        "The check exists",
        "{year} 年第 {quarter} 季度的安全检查已登记",
        "the safety check of quarter {quarter} of {year} is on record",
    ),
    errors.CatalogueItemNotFound: ProblemText(
        404, "目录项目不存在", "Item not found", "没有目录项目 {given}", "there is no item {given}"
    ),
    errors.CatalogueItemExists: ProblemText(
        409,
        "目录项目已存在",
        "Item exists",
        "该区划在此期间已有代码为 {item_code} 的项目，请先停用",
        "an item {item_code} is in force there in that time; end it first",
    ),
}

INSTITUTION_CODES: Final[Mapping[str, tuple[Code, ...]]] = {
    "institution_status": codes(
        (InstitutionStatus.APPLIED.value, "待市级确认", "applied"),
        (InstitutionStatus.DESIGNATED.value, "定点", "designated"),
        (InstitutionStatus.REFUSED.value, "不予确认", "refused"),
        (InstitutionStatus.SUSPENDED.value, "暂停", "suspended"),
        (InstitutionStatus.WARNED.value, "拟列入黑名单，申辩中", "warned"),
        (InstitutionStatus.BLACKLISTED.value, "黑名单", "black-listed"),
        (InstitutionStatus.EXITED.value, "已退出", "exited"),
    ),
    "institution_change_reason": codes(
        (ChangeReason.CONDITIONS_NOT_MET.value, "不符合条件", "conditions not met"),
        (ChangeReason.SAFETY.value, "安全问题", "safety"),
        (ChangeReason.FALSE_RECORDS.value, "弄虚作假", "false records"),
        (ChangeReason.MISUSE_OF_FUNDS.value, "挪用资金", "misuse of funds"),
        (ChangeReason.POOR_SERVICE.value, "服务质量差", "poor service"),
        (ChangeReason.OWN_WISH.value, "自愿", "own wish"),
        (ChangeReason.AGREEMENT_ENDED.value, "协议到期", "agreement ended"),
    ),
    "qualification": codes(
        (Qualification.PHYSICIAN.value, "医师", "physician"),
        (Qualification.PSYCHIATRIST.value, "精神科医师", "psychiatrist"),
        (Qualification.THERAPIST.value, "康复治疗师", "therapist"),
        (Qualification.SPECIAL_TEACHER.value, "特教教师", "special teacher"),
        (Qualification.SOCIAL_WORKER.value, "社会工作者", "social worker"),
        (Qualification.NURSE.value, "护士", "nurse"),
        (Qualification.DEVICE_FITTER.value, "辅具适配人员", "device fitter"),
    ),
    "catalogue_kind": codes(
        (ItemKind.ASSESSMENT.value, "评估", "assessment"),
        (ItemKind.SURGERY.value, "手术", "surgery"),
        (ItemKind.MEDICINE.value, "药物", "medicine"),
        (ItemKind.TRAINING.value, "训练", "training"),
        (ItemKind.DEVICE.value, "辅具", "device"),
        (ItemKind.SUPPORT.value, "支持性服务", "support"),
    ),
    "catalogue_cycle": codes(
        (Cycle.ONCE.value, "一次性", "once"),
        (Cycle.SESSION.value, "每次", "a session"),
        (Cycle.MONTH.value, "每月", "a month"),
        (Cycle.YEAR.value, "每年", "a year"),
    ),
    "case_limit_stage": codes(
        (Stage.CHECK.value, "初审登记（工作日）", "initial check, working days"),
        (Stage.REFERRAL.value, "转介（工作日）", "referral, working days"),
        (Stage.ANSWER.value, "机构答复（工作日）", "answer of the institution, working days"),
        (Stage.PAUSE.value, "暂停（自然日）", "pause, days of the calendar"),
    ),
}
