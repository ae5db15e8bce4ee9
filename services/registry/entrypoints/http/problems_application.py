"""Refusals about applications as people read them, and their code lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.registry.domain import application_errors as errors
from services.registry.domain.application import Channel, RejectionReason
from services.registry.domain.application_state import ApplicationState, ApplicationStep, Matter
from services.registry.domain.assessment import AssessmentMode, Measure
from services.registry.domain.booking import BookingState
from services.registry.domain.certificate import ProofKind
from services.registry.domain.objection import ObjectionState
from services.registry.domain.papers import Paper
from shared.kit.blobs import BLOB_TEXTS
from shared.kit.codelists import Code, codes
from shared.kit.problems import ProblemText
from shared.values.refusal import Refusal


def _unknown(zh: str, en: str) -> ProblemText:
    return ProblemText(
        404,
        f"{zh}不存在",
        f"{en} not found",
        f"在您的管辖范围内没有该{zh}",
        f"no such {en.lower()} within your divisions",
    )


APPLICATION_TEXTS: Final[Mapping[type[Refusal], ProblemText]] = {
    **BLOB_TEXTS,
    errors.ApplicationNotFound: _unknown("申请", "Application"),
    errors.InstitutionNotFound: _unknown("评定机构", "Assessment institution"),
    errors.SlotNotFound: _unknown("预约号源", "Slot"),
    errors.BookingNotFound: _unknown("有效预约", "Booking"),
    errors.ObjectionNotFound: _unknown("待处理异议", "Objection"),
    errors.CampaignNotFound: _unknown("审验活动", "Campaign"),
    errors.CampaignItemNotFound: _unknown("审验对象", "Campaign item"),
    errors.LocalRuleNotFound: _unknown("地方规定", "Local rule"),
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
        "该人员已有在办申请，请先办结或撤回",
        "the person has an open application; finish or withdraw it first",
    ),
    errors.ApplicantDoesNotMatch: ProblemText(
        409,
        "姓名与号码不符",
        "Applicant does not match",
        "该公民身份号码登记的姓名与所填不一致，请核对证件",
        "the number is registered with another name; look at the papers again",
    ),
    errors.PersonIsBarred: ProblemText(
        409,
        "注销未满一年",
        "Person is barred",
        "残疾人证注销后一年内不再受理申请，{until} 起可重新申请",
        "no new application within a year of the cancellation; from {until} on",
    ),
    errors.MatterNeedsCertificate: ProblemText(
        409,
        "没有可办理的残疾人证",
        "No certificate",
        "该人员没有未注销的残疾人证，不能办理“{matter}”",
        "the person holds no certificate; {matter} needs one",
    ),
    errors.MatterDoesNotFit: ProblemText(
        409,
        "证件状态不能办理该事项",
        "Matter does not fit",
        "残疾人证状态为 {status}，不能办理“{matter}”；可以办理：{allowed}",
        "the certificate is {status}: {matter} is not possible, possible are: {allowed}",
    ),
    errors.MatterStaysAtHome: ProblemText(
        409,
        "该事项须在户籍地办理",
        "Matter stays at home",
        "“{matter}”不在跨省通办范围内，请到户籍地残联办理",
        "{matter} is not handled away from the home county",
    ),
    errors.MatterNeedsMore: ProblemText(
        422, "缺少必要信息", "Something is missing", "办理“{matter}”须填写 {field}", "{matter} needs the field {field}"
    ),
    errors.RenewalIsTooEarly: ProblemText(
        409,
        "未到换领时间",
        "Renewal is too early",
        "{opens} 起可申请换领",
        "renewals begin on {opens}",
    ),
    errors.ChangeIsTooEarly: ProblemText(
        409,
        "距上次评定时间过短",
        "Change is too early",
        "{from} 起可申请变更类别或等级",
        "a change may be asked for from {from} on",
    ),
    errors.LossPostingRuns: ProblemText(
        409,
        "遗失声明公示中",
        "Loss is posted",
        "遗失声明公示至 {until}，期满后方可制证",
        "the declaration of loss is posted until {until}",
    ),
    errors.PapersAreMissing: ProblemText(
        409, "材料不齐", "Papers are missing", "缺少材料：{missing}", "these papers are missing: {missing}"
    ),
    errors.PapersAreComplete: ProblemText(
        409, "材料已齐", "Papers are complete", "材料齐全，无需补正", "the papers are complete"
    ),
    errors.CompletionWasAsked: ProblemText(
        409,
        "已一次性告知",
        "Completion was asked for",
        "补正内容只能一次性告知，不能再次退回",
        "everything missing is listed once; it cannot be asked for again",
    ),
    errors.CompletionWasNotAsked: ProblemText(
        409,
        "尚未告知补正",
        "Completion was not asked for",
        "须先一次性告知所缺材料，补正后仍不齐的方可不予受理",
        "list what is missing first; a case is refused when it is still incomplete after that",
    ),
    errors.AssessmentIsNeeded: ProblemText(
        409, "须经残疾评定", "Assessment is needed", "“{matter}”须经残疾评定", "{matter} needs an assessment here"
    ),
    errors.AssessmentIsNotNeeded: ProblemText(
        409, "无需残疾评定", "No assessment is needed", "“{matter}”无需残疾评定", "{matter} needs no assessment here"
    ),
    errors.InstitutionIsNotDesignated: ProblemText(
        409,
        "机构未被指定",
        "Institution is not designated",
        "该机构在 {on} 未被指定评定类别 {category}",
        "the institution is not designated for category {category} on {on}",
    ),
    errors.PhysiciansAreNotTwo: ProblemText(
        422, "须两名医师签字", "Two physicians sign", "评定结论须由两名不同的医师签字", "two different physicians sign"
    ),
    errors.MeasuresAreMissing: ProblemText(
        422,
        "缺少检查数值",
        "Measures are missing",
        "类别 {category} 须填写检查数值之一：{measures}",
        "category {category} needs one of these measures: {measures}",
    ),
    errors.GradeDisagreesWithMeasures: ProblemText(
        422,
        "等级与检查数值不符",
        "Grade disagrees with measures",
        "类别 {category} 所填等级为 {given}，按 GB/T 26341 检查数值对应等级为 {measured}",
        "category {category}: grade {given} was given, the measures make {measured} by GB/T 26341",
    ),
    errors.StandardIsMet: ProblemText(
        409, "评定结论符合标准", "The standard is met", "评定结论符合标准，不能以不符合标准退回", "the standard is met"
    ),
    errors.StandardIsNotMet: ProblemText(
        409, "评定结论不符合标准", "The standard is not met", "评定结论不符合标准，不能公示", "the standard is not met"
    ),
    errors.NoticeRuns: ProblemText(
        409, "公示未满", "Notice runs", "公示至 {until}，期满次日起方可进入审核", "the notice runs through {until}"
    ),
    errors.ObjectionIsOpen: ProblemText(
        409, "异议未处理", "Objection is open", "尚有 {open} 条异议未处理", "{open} objections wait for an answer"
    ),
    errors.MatterMakesNoCard: ProblemText(
        409, "无需制证", "No card is made", "“{matter}”无需制证，请直接办结", "{matter} makes no card: finish it"
    ),
    errors.MatterMakesACard: ProblemText(
        409, "须制证发证", "A card is made", "“{matter}”须制证并发证后办结", "{matter} ends with a card handed over"
    ),
    errors.NothingToDispute: ProblemText(
        409, "没有可复核的评定", "Nothing to dispute", "本申请没有评定结论，不能申请复核", "no assessment was made"
    ),
    errors.DisputeIsLate: ProblemText(
        409, "已超过复核期限", "Dispute is late", "复核申请期限已于 {until} 届满", "the time ended on {until}"
    ),
    errors.DisputeIsDecided: ProblemText(
        409, "已有复核结论", "Dispute is decided", "市级已作出复核结论", "the prefecture has decided"
    ),
    errors.DisputeIsNotDecided: ProblemText(
        409, "尚无复核结论", "Dispute is not decided", "市级尚未作出复核结论", "the prefecture has not decided yet"
    ),
    errors.DisputeTimeRuns: ProblemText(
        409,
        "复核期限未满",
        "Dispute time runs",
        "申请人可在 {until} 前向省级申请复核；本人接受结论的，请注明",
        "the applicant may go to the province until {until}; say so if they accept",
    ),
    errors.SlotIsFull: ProblemText(409, "号源已满", "Slot is full", "该时段已约满", "every place is taken"),
    errors.PeriodIsTurned: ProblemText(
        422,
        "起止日期颠倒",
        "The period is turned round",
        "结束日期 {ends} 早于开始日期 {begins}",
        "the period ends ({ends}) before it begins ({begins})",
    ),
    errors.SlotTimesAreWrong: ProblemText(
        422,
        "时段起止时间不正确",
        "Times of the slot are wrong",
        "时段结束时间 {ends} 须晚于开始时间 {begins}，且在同一天内",
        "the slot must end ({ends}) after it begins ({begins}), on the same day",
    ),
    errors.SlotIsPast: ProblemText(409, "时段已过", "Slot is past", "该时段（{day}）已过", "the slot of {day} is past"),
    errors.SlotDoesNotFit: ProblemText(
        409,
        "时段不适用",
        "Slot does not fit",
        "该时段不属于所指定的评定机构，或不含所申请的类别",
        "the slot belongs to another institution, or is not for these categories",
    ),
    errors.CancellationNeedsProof: ProblemText(
        422,
        "注销依据不符",
        "Proof is missing",
        "以“{reason}”注销须提供 {needed}",
        "{reason} is shown by {needed}",
    ),
    errors.StepIsTooEarly: ProblemText(
        409, "未到可办理之日", "Too early", "以“{reason}”办理须自 {from} 起", "{reason} may be used from {from} on"
    ),
    errors.RatingIsNotDue: ProblemText(
        409, "尚未办结", "Not finished", "办结后方可评价", "a case is rated when it is decided"
    ),
    errors.CampaignIsClosed: ProblemText(
        409, "审验活动已结束", "Campaign is closed", "审验活动已结束", "the campaign is closed"
    ),
    errors.LocalRuleIsUnknown: ProblemText(
        422,
        "没有该事项",
        "Unknown parameter",
        "没有“{name}”这一事项；可用：{known}",
        "{name}: none of {known}",
    ),
    errors.LocalRuleValueIsWrong: ProblemText(
        422, "取值不正确", "Wrong value", "“{name}”的取值不正确，应为：{reason}", "{name} must be {reason}"
    ),
}

_MATTERS: Final = (
    (Matter.NEW.value, "新办", "new certificate"),
    (Matter.RENEWAL.value, "换领", "renewal"),
    (Matter.REPLACEMENT.value, "挂失补办", "replacement after loss"),
    (Matter.CHANGE.value, "类别等级变更", "change of category or grade"),
    (Matter.TRANSFER.value, "迁移", "transfer"),
    (Matter.CANCELLATION.value, "注销", "cancellation"),
    (Matter.EXCHANGE.value, "残损换新", "exchange of a damaged card"),
)

APPLICATION_CODES: Final[Mapping[str, tuple[Code, ...]]] = {
    "matter": codes(*_MATTERS),
    "application_state": codes(
        (ApplicationState.SUBMITTED.value, "已提交", "submitted"),
        (ApplicationState.RETURNED.value, "退回补正", "returned for completion"),
        (ApplicationState.ACCEPTED.value, "已受理", "accepted"),
        (ApplicationState.ASSESSMENT_PENDING.value, "待评定", "assessment pending"),
        (ApplicationState.ASSESSED.value, "已评定", "assessed"),
        (ApplicationState.IN_NOTICE.value, "公示中", "in public notice"),
        (ApplicationState.UNDER_REVIEW.value, "审核中", "under review"),
        (ApplicationState.APPROVED.value, "已批准", "approved"),
        (ApplicationState.PRODUCED.value, "已制证", "card produced"),
        (ApplicationState.COMPLETED.value, "已办结", "completed"),
        (ApplicationState.REJECTED.value, "不予办理", "rejected"),
        (ApplicationState.WITHDRAWN.value, "已撤回", "withdrawn"),
        (ApplicationState.DISPUTE_CITY.value, "市级复核", "dispute at the prefecture"),
        (ApplicationState.DISPUTE_PROVINCE.value, "省级复核", "dispute at the province"),
        (ApplicationState.FINAL.value, "复核终结", "final"),
    ),
    "application_step": codes(
        (ApplicationStep.RETURN.value, "退回补正", "return for completion"),
        (ApplicationStep.RESUBMIT.value, "补正提交", "resubmit"),
        (ApplicationStep.ACCEPT.value, "受理", "accept"),
        (ApplicationStep.REJECT.value, "不予受理", "reject at intake"),
        (ApplicationStep.ASSIGN.value, "指定评定机构", "assign an institution"),
        (ApplicationStep.SKIP_ASSESSMENT.value, "免予评定", "skip the assessment"),
        (ApplicationStep.CONCLUDE.value, "录入结论", "record the conclusion"),
        (ApplicationStep.DECLINE.value, "不符合标准", "decline"),
        (ApplicationStep.START_NOTICE.value, "开始公示", "start the notice"),
        (ApplicationStep.REASSESS.value, "异议成立重新评定", "assess again"),
        (ApplicationStep.UPHOLD.value, "异议成立不予办理", "uphold the objection"),
        (ApplicationStep.END_NOTICE.value, "公示期满", "end the notice"),
        (ApplicationStep.APPROVE.value, "批准", "approve"),
        (ApplicationStep.REFUSE.value, "不予批准", "refuse"),
        (ApplicationStep.PRODUCE.value, "制证", "produce the card"),
        (ApplicationStep.FINISH.value, "办结", "finish without a card"),
        (ApplicationStep.HAND_OVER.value, "发证", "hand over"),
        (ApplicationStep.WITHDRAW.value, "撤回", "withdraw"),
        (ApplicationStep.DISPUTE.value, "申请复核", "dispute"),
        (ApplicationStep.DECIDE.value, "复核结论", "decide the dispute"),
        (ApplicationStep.ESCALATE.value, "申请省级复核", "go on to the province"),
        (ApplicationStep.CLOSE.value, "复核终结", "close the dispute"),
    ),
    "application_channel": codes(
        (Channel.COUNTER.value, "窗口", "counter"),
        (Channel.ONLINE.value, "网上", "online"),
        (Channel.PORTAL.value, "政务服务平台", "government portal"),
        (Channel.HOUSE.value, "系统发起", "opened by the house"),
    ),
    "rejection_reason": codes(
        (RejectionReason.FALSE_INFORMATION.value, "提供虚假材料", "false information"),
        (RejectionReason.STILL_INCOMPLETE.value, "补正后仍不齐", "still incomplete"),
        (RejectionReason.STANDARD_NOT_MET.value, "不符合残疾标准", "the standard is not met"),
        (RejectionReason.OBJECTION_UPHELD.value, "公示异议成立", "an objection was upheld"),
        (RejectionReason.REVIEW_REFUSED.value, "审核不予批准", "refused in review"),
    ),
    "paper": codes(
        (Paper.IDENTITY_CARD.value, "身份证", "identity card"),
        (Paper.HOUSEHOLD_BOOK.value, "户口簿", "household book"),
        (Paper.PHOTOGRAPHS.value, "两寸白底照片三张", "three photographs"),
        (Paper.APPLICATION_FORM.value, "残疾人证申请表", "application form"),
        (Paper.ASSESSMENT_FORM.value, "残疾评定表", "assessment form"),
        (Paper.GUARDIAN_PROOF.value, "法定监护人证明", "proof of the legal guardian"),
        (Paper.OLD_CARD.value, "原残疾人证", "the old card"),
        (Paper.LOSS_DECLARATION.value, "遗失声明", "declaration of loss"),
        (Paper.RESIDENCE_PERMIT.value, "居住证", "residence permit"),
        (Paper.WRITTEN_WISH.value, "本人书面申请", "written wish"),
        (Paper.DEATH_PROOF.value, "死亡证明", "proof of death"),
        (Paper.COURT_JUDGMENT.value, "法院判决书", "court judgment"),
    ),
    "assessment_mode": codes(
        (AssessmentMode.AT_INSTITUTION.value, "到机构评定", "at the institution"),
        (AssessmentMode.ON_SITE.value, "下乡集中评定", "on site"),
        (AssessmentMode.TELE.value, "线上评定", "by video"),
        (AssessmentMode.HOME.value, "上门评定", "at home"),
    ),
    "assessment_measure": codes(
        (Measure.VISUAL_ACUITY.value, "优眼最佳矫正视力", "acuity of the better eye"),
        (Measure.FIELD_RADIUS_DEGREES.value, "优眼视野半径（度）", "field radius of the better eye, degrees"),
        (Measure.HEARING_LOSS_DB.value, "优耳平均听力损失（dB HL）", "loss of the better ear, dB HL"),
        (Measure.WHO_DAS.value, "WHO-DAS Ⅱ 分值", "WHO-DAS II score"),
    ),
    "booking_state": codes(
        (BookingState.BOOKED.value, "已预约", "booked"),
        (BookingState.CANCELLED.value, "已取消", "cancelled"),
        (BookingState.ATTENDED.value, "已到场", "attended"),
        (BookingState.MISSED.value, "未到场", "missed"),
    ),
    "objection_state": codes(
        (ObjectionState.OPEN.value, "待处理", "open"),
        (ObjectionState.UPHELD.value, "成立", "upheld"),
        (ObjectionState.DISMISSED.value, "不成立", "dismissed"),
    ),
    "proof_kind": codes(
        (ProofKind.DEATH_RECORD.value, "死亡证明材料", "record of death"),
        (ProofKind.CONCLUSION.value, "评定机构结论", "conclusion of an institution"),
        (ProofKind.WRITTEN_WISH.value, "本人书面申请", "written wish"),
        (ProofKind.FINDING.value, "调查认定材料", "finding"),
        (ProofKind.HOUSEHOLD_MOVE.value, "户籍迁移记录", "record of the household move"),
        (ProofKind.EXPIRY_NOTICE.value, "到期告知记录", "notice of expiry"),
        (ProofKind.COURT_JUDGMENT.value, "法院判决书", "court judgment"),
    ),
}
