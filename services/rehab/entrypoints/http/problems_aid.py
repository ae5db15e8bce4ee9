"""Refusals about aid programmes as people read them, and their words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.rehab.domain import aid_errors as errors
from services.rehab.domain.aid import Counting, Every, Funding, Purchase
from services.rehab.domain.aid_delivery import (
    DeliveryEffect,
    DeliveryFault,
    DeliveryStatus,
    PlaceStatus,
    ReleaseReason,
    SettlementStatus,
)
from services.rehab.domain.need import NeedOutcome, NeedPriority, NeedSource, NeedStatus
from services.rehab.use_cases.aid_ports import Outcome
from shared.kit.codelists import Code, codes
from shared.kit.problems import ProblemText
from shared.values.refusal import Refusal

AID_TEXTS: Final[Mapping[type[Refusal], ProblemText]] = {
    errors.ProgrammeNotFound: ProblemText(
        404, "救助项目不存在", "Programme not found", "没有该救助项目，或不涉及您的管辖范围", "no such programme"
    ),
    errors.ProgrammeStepNotAllowed: ProblemText(
        409,
        "当前状态不能进行该操作",
        "Step not allowed",
        "项目状态为 {status}，不能进行“{step}”；可进行：{allowed}",
        "the programme is {status}; '{step}' is not allowed, only {allowed}",
    ),
    errors.ProgrammeInForce: ProblemText(
        409,
        "同一代号的项目正在执行",
        "Programme is in force",
        "该地区同一代号的项目（{programme_id}）正在执行，请先终止",
        "a programme of this division and code ({programme_id}) is in force; withdraw it first",
    ),
    errors.ProgrammeAuthorCannotApprove: ProblemText(
        403,
        "须由他人复核",
        "Another person must approve",
        "起草人不能复核自己起草的项目",
        "whoever changed it last cannot approve it",
    ),
    errors.ProgrammeIsNotInForce: ProblemText(
        409,
        "项目未在执行",
        "Programme is not in force",
        "项目尚未启动或已终止，不能纳入人员或登记发放",
        "nothing is given under a draft, nor under what was withdrawn",
    ),
    errors.AgeBandIsMissing: ProblemText(
        422,
        "须注明年龄段",
        "Age band is missing",
        "该项目限定年龄段：{allowed}",
        "the programme is for these ages only: {allowed}",
    ),
    errors.PlaceNotFound: ProblemText(
        404, "名额不存在", "Place not found", "在您的管辖范围内没有该名额", "no such place within your divisions"
    ),
    errors.PlaceIsUsed: ProblemText(
        409,
        "已发放，不能释放名额",
        "Place is used",
        "该人员已享受项目，名额按人数计算，不能释放",
        "something was given on it, and the quota counts persons",
    ),
    errors.PlaceIsReleased: ProblemText(
        409, "名额已释放", "Place was released", "该名额已释放，请重新纳入", "it was given up; enrol the person again"
    ),
    errors.AidItemUnknown: ProblemText(
        422, "项目不含该内容", "Item unknown", "该项目不提供 {given}", "the programme does not give {given}"
    ),
    errors.AidOutsidePeriod: ProblemText(
        422,
        "不在项目期内",
        "Outside the period",
        "{day} 不在项目期 {begins_on} 至 {ends_on} 内",
        "{day} is not within {begins_on} to {ends_on}",
    ),
    errors.AidTooExpensive: ProblemText(
        422,
        "超过单项限额",
        "Too expensive",
        "金额 {given} 分超过该内容的最高限额 {most} 分",
        "{given} fen is more than the item may cost ({most} fen)",
    ),
    errors.AidBudgetSpent: ProblemText(
        409, "项目资金不足", "Budget is spent", "项目资金剩余 {left} 分", "{left} fen of the budget are left"
    ),
    errors.AidPersonLimitReached: ProblemText(
        409,
        "超过个人限额",
        "Limit of the person reached",
        "该人员在本项目内剩余限额 {left} 分",
        "{left} fen are left for this person",
    ),
    errors.AidGivenAlready: ProblemText(
        409,
        "使用年限（周期）内已享受",
        "Given already",
        "该人员在使用年限或周期内已享受同一内容，不能重复发放",
        "the person has the same thing still; it is not given twice while it lasts",
    ),
    errors.AidStageOutOfOrder: ProblemText(
        409,
        "阶段顺序不正确",
        "Stage out of order",
        "不能登记阶段 {given}，下一阶段为 {expected}",
        "{given} cannot be recorded; the next stage is {expected}",
    ),
    errors.AidStagesMissing: ProblemText(
        409,
        "阶段未完成",
        "Stages are missing",
        "尚未完成的阶段：{missing}",
        "these stages are not on record: {missing}",
    ),
    errors.AidSerialMissing: ProblemText(
        422, "缺少产品编号", "Serial number is missing", "该内容须登记产品编号", "the item has a number of its own"
    ),
    errors.AidSerialTaken: ProblemText(
        409,
        "产品编号已登记",
        "Serial number is taken",
        "该产品编号已发放给他人",
        "that very thing was given to somebody",
    ),
    errors.DeliveryNotFound: ProblemText(
        404, "发放记录不存在", "Delivery not found", "在您的管辖范围内没有该发放记录", "no such delivery"
    ),
    errors.DeliveryStepNotAllowed: ProblemText(
        409,
        "当前状态不能进行该操作",
        "Step not allowed",
        "发放记录状态为 {status}，不能进行“{step}”；可进行：{allowed}",
        "the delivery is {status}; '{step}' is not allowed, only {allowed}",
    ),
    errors.AnotherPersonMustAccept: ProblemText(
        403,
        "须由他人验收",
        "Another person must accept",
        "登记发放的人不能自己验收",
        "who recorded the delivery cannot accept or refuse it",
    ),
    errors.EffectIsMissing: ProblemText(
        422, "缺少效果评价", "Effect is missing", "该内容验收时须填写效果", "say what it brought"
    ),
    errors.NothingToSettle: ProblemText(
        409,
        "没有可结算的记录",
        "Nothing to settle",
        "没有已验收且未结算的发放记录",
        "nothing was delivered and accepted that is not settled",
    ),
    errors.SettlementNotFound: ProblemText(
        404, "结算单不存在", "Settlement not found", "在您的管辖范围内没有该结算单", "no such settlement"
    ),
    errors.SettlementStepNotAllowed: ProblemText(
        409,
        "当前状态不能进行该操作",
        "Step not allowed",
        "结算单状态为 {status}，不能进行“{step}”；可进行：{allowed}",
        "the settlement is {status}; '{step}' is not allowed, only {allowed}",
    ),
    errors.NeedNotFound: ProblemText(
        404, "需求不存在", "Need not found", "在您的管辖范围内没有该未满足的需求", "no such open need"
    ),
}

AID_CODES: Final[Mapping[str, tuple[Code, ...]]] = {
    "programme_funding": codes(
        (Funding.CENTRAL.value, "中央资金", "central government"),
        (Funding.PROVINCIAL.value, "省级资金", "province"),
        (Funding.LOCAL.value, "市县资金", "prefecture or county"),
        (Funding.LOTTERY.value, "彩票公益金", "lottery"),
        (Funding.EMPLOYMENT_LEVY.value, "残疾人就业保障金", "employment levy"),
        (Funding.MEDICAL_INSURANCE.value, "医疗保险", "medical insurance"),
        (Funding.CHARITY.value, "社会捐助", "charity"),
    ),
    "programme_purchase": codes(
        (Purchase.TENDER.value, "公开招标", "tender"),
        (Purchase.CONTRACT.value, "政府购买服务合同", "contract"),
        (Purchase.GRANT.value, "补助到人", "grant to the person"),
        (Purchase.OWN.value, "自行组织", "own deed"),
    ),
    "programme_counting": codes(
        (Counting.PERSONS.value, "按人数", "persons"), (Counting.PLACES.value, "按在册名额", "places at a time")
    ),
    "programme_every": codes(
        (Every.ONCE.value, "一次性", "once"),
        (Every.LIFE.value, "使用年限内一次", "once in a service life"),
        (Every.YEAR.value, "每年一次", "once a year"),
        (Every.MONTH.value, "每月一次", "once a month"),
        (Every.DAY.value, "每日一次", "once a day"),
    ),
    "need_source": codes(
        (NeedSource.SURVEY.value, "基本状况调查", "survey"),
        (NeedSource.FAMILY_DOCTOR.value, "家庭医生", "family doctor"),
        (NeedSource.APPLICATION.value, "本人申请", "application"),
        (NeedSource.REFERRAL.value, "转介", "referral"),
        (NeedSource.SCREENING.value, "筛查", "screening"),
    ),
    "need_priority": codes(
        (NeedPriority.DIBAO.value, "低保", "dibao"),
        (NeedPriority.POOR.value, "困难", "poor"),
        (NeedPriority.GENERAL.value, "一般", "general"),
    ),
    "need_status": codes(
        (NeedStatus.OPEN.value, "轮候中", "open"),
        (NeedStatus.MET.value, "已满足", "met"),
        (NeedStatus.WITHDRAWN.value, "已撤回", "withdrawn"),
    ),
    "need_outcome": codes(
        (NeedOutcome.REGISTERED.value, "已登记", "registered"),
        (NeedOutcome.MERGED.value, "已合并", "merged"),
        (NeedOutcome.PERSON_NOT_KNOWN.value, "管辖范围内没有该人员", "not known"),
        (NeedOutcome.PERSON_HAS_DIED.value, "已登记死亡", "has died"),
    ),
    "enrolment_outcome": codes(
        (Outcome.ENROLLED.value, "已纳入", "enrolled"),
        (Outcome.UNCHANGED.value, "已在册", "enrolled before"),
        (Outcome.PERSON_NOT_KNOWN.value, "管辖范围内没有该人员", "not known"),
        (Outcome.PERSON_HAS_DIED.value, "已登记死亡", "has died"),
        (Outcome.OUTSIDE_PROGRAMME.value, "不在项目地区", "outside the programme's division"),
        (Outcome.NOT_QUALIFIED.value, "不符合条件", "does not qualify"),
        (Outcome.QUOTA_IS_TAKEN.value, "名额已满", "no place left"),
    ),
    "place_status": codes((PlaceStatus.HELD.value, "在册", "held"), (PlaceStatus.RELEASED.value, "已释放", "released")),
    "place_release_reason": codes(
        (ReleaseReason.DECLINED.value, "本人放弃", "declined"),
        (ReleaseReason.MOVED.value, "迁出", "moved away"),
        (ReleaseReason.DIED.value, "死亡", "died"),
        (ReleaseReason.NOT_QUALIFIED.value, "不符合条件", "does not qualify"),
        (ReleaseReason.DROPPED.value, "中途退出", "dropped out"),
    ),
    "delivery_status": codes(
        (DeliveryStatus.DELIVERED.value, "已发放，待验收", "delivered"),
        (DeliveryStatus.ACCEPTED.value, "已验收", "accepted"),
        (DeliveryStatus.REFUSED.value, "验收不合格", "refused"),
        (DeliveryStatus.SETTLED.value, "已结算", "settled"),
        (DeliveryStatus.VOID.value, "已作废", "void"),
    ),
    "delivery_effect": codes(
        (DeliveryEffect.EFFECTIVE.value, "有效", "effective"),
        (DeliveryEffect.PARTLY.value, "部分有效", "partly"),
        (DeliveryEffect.NONE.value, "无效", "none"),
    ),
    "delivery_fault": codes(
        (DeliveryFault.NOT_RECEIVED.value, "本人未收到", "not received"),
        (DeliveryFault.DEFECTIVE.value, "质量问题", "defective"),
        (DeliveryFault.DOES_NOT_FIT.value, "不适配", "does not fit"),
        (DeliveryFault.NOT_AS_DESIGNED.value, "与设计不符", "not as designed"),
    ),
    "settlement_status": codes(
        (SettlementStatus.DRAFT.value, "待复核", "draft"),
        (SettlementStatus.APPROVED.value, "已复核，待支付", "approved"),
        (SettlementStatus.PAID.value, "已支付", "paid"),
        (SettlementStatus.ABANDONED.value, "已作废", "abandoned"),
    ),
}
