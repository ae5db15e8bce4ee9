"""Refusals about assessments, plans and sessions as people read them, and the words of care."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.rehab.domain import plan_errors as errors
from services.rehab.domain.measures import AgeBand, AssessmentKind, Instrument, Mode, Payer, Programme, Signer
from services.rehab.domain.plan import Attendance
from shared.kit.codelists import Code, codes
from shared.kit.problems import ProblemText
from shared.values.refusal import Refusal

CARE_TEXTS: Final[Mapping[type[Refusal], ProblemText]] = {
    errors.ScoreOutOfRange: ProblemText(
        422,
        "分值超出量表范围",
        "Score out of range",
        "{instrument} 的分值为 {least} 至 {most}，所给为 {given}",
        "{instrument} knows scores from {least} to {most}, not {given}",
    ),
    errors.InstrumentHasNoBaseline: ProblemText(
        409,
        "缺少同一量表的初始评估",
        "No baseline with this instrument",
        "{instrument} 没有初始评估，前后无法比较；可用：{allowed}",
        "there is no baseline with {instrument}, so nothing to compare with; there is one with {allowed}",
    ),
    errors.FinalAssessmentIsMissing: ProblemText(
        409,
        "缺少末次评估",
        "Final assessment is missing",
        "结案前须用同一量表做末次评估：{instruments}",
        "assess once more with the same instruments before closing: {instruments}",
    ),
    errors.PlanPeriodIsInvalid: ProblemText(
        422,
        "方案期限不正确",
        "Period is invalid",
        "{field} 的日期须在 {begins_on} 至 {ends_on} 之内，且结束不早于开始",
        "{field} must lie within {begins_on} and {ends_on} and not end before it begins",
    ),
    errors.PlanItemDoesNotFit: ProblemText(
        422,
        "方案项目不符合目录",
        "Item does not fit the catalogue",
        "第 {item_no} 项的 {why} 不符合康复服务目录，可为：{allowed}",
        "item {item_no}: {why} is not what the catalogue offers, which is {allowed}",
    ),
    errors.PlanItemNotFound: ProblemText(
        404, "方案项目不存在", "Item not found", "现行方案没有第 {given} 项", "the plan in force has no item {given}"
    ),
    errors.SignatureIsTooEarly: ProblemText(
        422,
        "签字早于评估",
        "Signed too early",
        "签字日期 {signed_on} 早于所依据的评估（{assessed_on}）",
        "signed on {signed_on}, before the assessment of {assessed_on} it rests on",
    ),
    errors.SessionOutsidePlan: ProblemText(
        409,
        "服务日期不在方案期内",
        "Session outside the plan",
        "服务日期 {day} 不在该项目的期限 {begins_on} 至 {ends_on} 之内",
        "{day} is outside the item's period, {begins_on} to {ends_on}",
    ),
    errors.SessionIsInvalid: ProblemText(
        422,
        "服务时间不正确",
        "Session times are invalid",
        "服务须在同一天内先开始后结束，且不能晚于今天（所给：{begins_at} 至 {ends_at}）",
        "a session ends after it begins, on the same day, not after today; given {begins_at} to {ends_at}",
    ),
    errors.SessionOverlaps: ProblemText(
        409,
        "服务时间重叠",
        "Session overlaps",
        "该时段服务对象或上门人员已有另一条服务记录，同一时间不能在两处",
        "the client, or who visits, has another session at that time; nobody is at two places at one time",
    ),
    errors.SessionNotFound: ProblemText(
        404, "服务记录不存在", "Session not found", "该个案没有此服务记录", "the case has no such session"
    ),
    errors.SessionIsVoid: ProblemText(
        409, "服务记录已作废", "Session is void", "该服务记录已经作废", "the session was declared void already"
    ),
    errors.PlanItemIsUsedUp: ProblemText(
        409,
        "项目次数已用完",
        "Item is used up",
        "该项目共 {sessions} 次，已全部完成；如需增加请修订方案",
        "all {sessions} sessions of the item were attended; revise the plan for more",
    ),
}

CARE_CODES: Final[Mapping[str, tuple[Code, ...]]] = {
    "programme": codes(
        (Programme.GENERAL.value, "精准康复服务", "targeted rehabilitation"),
        (Programme.CHILD.value, "残疾儿童康复救助", "rehabilitation aid for children"),
        (Programme.MENTAL.value, "精神障碍社区康复", "community mental rehabilitation"),
    ),
    "age_band": codes(
        (AgeBand.AGED_0_TO_6.value, "0—6 岁", "aged 0 to 6"),
        (AgeBand.AGED_7_TO_17.value, "7—17 岁", "aged 7 to 17"),
        (AgeBand.ADULT.value, "成年", "adult"),
    ),
    "service_mode": codes(
        (Mode.CENTRE.value, "机构", "at the centre"),
        (Mode.HOME.value, "上门", "at home"),
        (Mode.REMOTE.value, "远程（家庭病房）", "remote"),
    ),
    "payer": codes(
        (Payer.FEDERATION.value, "残联", "federation"),
        (Payer.FINANCE.value, "财政", "finance"),
        (Payer.MEDICAL_INSURANCE.value, "医保", "medical insurance"),
        (Payer.CHARITY.value, "慈善", "charity"),
        (Payer.SELF.value, "自费", "the client"),
    ),
    "signer": codes((Signer.SELF.value, "本人", "the client"), (Signer.GUARDIAN.value, "监护人", "the guardian")),
    "assessment_kind": codes(
        (AssessmentKind.BASELINE.value, "初始评估", "baseline"),
        (AssessmentKind.STAGE.value, "阶段评估", "stage"),
        (AssessmentKind.FINAL.value, "末次评估", "final"),
    ),
    "instrument": codes(
        (Instrument.BARTHEL.value, "Barthel 指数（日常生活活动）", "Barthel index, daily living"),
        (Instrument.FIM.value, "功能独立性评定", "functional independence measure"),
        (Instrument.GMFM_88.value, "粗大运动功能 GMFM-88", "gross motor function, GMFM-88"),
        (Instrument.BERG.value, "Berg 平衡量表", "Berg balance scale"),
        (Instrument.MMSE.value, "简易精神状态检查", "mini-mental state examination"),
        (Instrument.GESELL.value, "Gesell 发育商", "Gesell developmental quotient"),
        (Instrument.CARS.value, "儿童孤独症评定量表", "childhood autism rating scale"),
        (Instrument.WHODAS_2.value, "世卫组织残疾评定量表 2.0", "WHO disability assessment schedule 2.0"),
        (Instrument.SDSS.value, "社会功能缺陷筛选量表", "social disability screening schedule"),
        (Instrument.IPROS.value, "住院精神病人康复疗效评定量表", "inpatient psychiatric rehabilitation outcome scale"),
    ),
    "attendance": codes(
        (Attendance.ATTENDED.value, "到场", "attended"),
        (Attendance.ABSENT.value, "缺席", "absent"),
        (Attendance.VOID.value, "作废", "void"),
    ),
}
