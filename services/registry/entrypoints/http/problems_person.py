"""Refusals about persons' lives as people read them, and their code lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.registry.adapters.names import NameKind
from services.registry.domain import person_errors as errors
from services.registry.domain import person_report_errors as report_errors
from services.registry.domain.match_score import Likeness
from services.registry.domain.match_tier import Tier
from services.registry.domain.person_report import Objection, ReportKind, ReportSource, ReportState
from services.registry.entrypoints.http.problems_survey import SURVEY_CODE_LISTS, SURVEY_TEXTS
from shared.kit.codelists import Code, codes
from shared.kit.problems import ProblemText
from shared.values.person import ClientGround
from shared.values.refusal import Refusal

PERSON_TEXTS: Final[Mapping[type[Refusal], ProblemText]] = {
    errors.NameIsTooShort: ProblemText(
        422,
        "姓名太短",
        "Name too short",
        "只给出一个字（或一个音节）时，请限定县级区划（不超过 {counties_max} 个县）",
        "one character or syllable is looked for in at most {counties_max} counties; give a division, or more of it",
    ),
    errors.PersonIsMerged: ProblemText(
        409,
        "该记录已并入他人",
        "Record is merged",
        "该记录与 {survivor_id} 为同一人且已合并，请在该记录上办理",
        "this record is the same person as {survivor_id}; work on that one",
    ),
    errors.MergeOfOne: ProblemText(
        409, "无需合并", "Nothing to merge", "两条记录相同或已合并", "the records are one already"
    ),
    errors.AbsorbedHoldsCertificate: ProblemText(
        409,
        "被并入的记录持有有效证件",
        "The absorbed record holds a certificate",
        "被并入的记录持有未注销的残疾人证 {certificate_id}；请改以该记录为保留记录，或先注销该证",
        "the absorbed record holds certificate {certificate_id}; let it survive, or cancel that certificate first",
    ),
    errors.DeathsDisagree: ProblemText(
        409,
        "死亡信息不一致",
        "Deaths disagree",
        "保留记录的死亡日期为 {survivor}，被并入记录为 {absorbed}；请先核实",
        "the surviving record says {survivor}, the other {absorbed}; settle that first",
    ),
    errors.MergeNotFound: ProblemText(
        404, "合并记录不存在", "Merge not found", "在您的管辖范围内没有该合并", "no such merge within your divisions"
    ),
    errors.MergeIsUndone: ProblemText(
        409, "合并已撤销", "Merge is undone", "该合并已经撤销", "the merge was undone already"
    ),
    errors.DuplicateNotFound: ProblemText(
        404,
        "疑似重复不存在",
        "Duplicate not found",
        "没有该疑似重复，或两人不都在您的管辖范围内",
        "no such pair, or not both within your divisions",
    ),
    errors.DuplicateIsDecided: ProblemText(
        409,
        "疑似重复已处理",
        "Pair is decided",
        "该疑似重复已处理（{state}）；可以办理：{allowed}",
        "the pair was decided ({state}); allowed are: {allowed}",
    ),
    errors.HouseholdNotFound: ProblemText(
        404, "户不存在", "Household not found", "在您的管辖范围内没有该户", "no such household within your divisions"
    ),
    errors.HouseholdIsKnown: ProblemText(
        409, "户号已登记", "Household is known", "该户号已经登记", "the number of the household book is taken"
    ),
    errors.PersonHasHousehold: ProblemText(
        409,
        "已在其他户中",
        "Person has a household",
        "该人员仍在户 {household_id} 中，请先办理出户",
        "the person still belongs to household {household_id}; end that first",
    ),
    errors.MembershipNotFound: ProblemText(
        404, "不在该户中", "Not a member", "该人员目前不在该户中", "the person is no member of the household now"
    ),
    errors.NameNotFound: ProblemText(404, "没有该姓名", "Name not found", "没有该曾用名或异写", "no such other name"),
    errors.PlaceGoesNowhere: ProblemText(
        409, "所在地未变", "Nothing changes", "人员已属于 {division}", "the person belongs to {division} already"
    ),
    errors.ClientNotFound: ProblemText(
        404,
        "服务对象不存在",
        "Client not found",
        "在您的管辖范围内没有该登记",
        "no such admission within your divisions",
    ),
    errors.ClientHasEnded: ProblemText(
        409, "服务已终止", "Admission has ended", "该登记已于 {valid_to} 终止", "the admission ended on {valid_to}"
    ),
    errors.ClientGroundNotMet: ProblemText(
        409,
        "不符合无证服务条件",
        "Ground not met",
        "不符合 {rule} 的条件，缺少：{missing}",
        "{rule} is not met, missing: {missing}",
    ),
    report_errors.ReportNotFound: ProblemText(
        404, "外部信息不存在", "Report not found", "在您的管辖范围内没有该信息", "no such report within your divisions"
    ),
    report_errors.ReportStepNotAllowed: ProblemText(
        409,
        "当前状态不能办理",
        "Step not allowed",
        "该信息当前状态为 {state}，不能办理“{step}”；可以办理：{allowed}",
        "the report is {state}; {step} is not allowed, allowed are: {allowed}",
    ),
    report_errors.ReportHasNoPerson: ProblemText(
        409,
        "尚未对应到人员",
        "Nobody is matched",
        "请先指定该信息对应的人员；可以办理：{allowed}",
        "say first whom the report is about; allowed are: {allowed}",
    ),
    report_errors.ReportPlaceIsWrong: ProblemText(
        422,
        "迁入地不正确",
        "Wrong destination",
        "户籍迁移（MOVE）必须填写迁入地区划代码 to_division，其他信息不得填写；本次为 {kind}",
        "a MOVE needs to_division, anything else must not have it; this is {kind}",
    ),
    report_errors.ReportIsKnown: ProblemText(
        409,
        "该信息此前已收到",
        "Report is known",
        "来源此前以同一编号报送过 {report_id}，且内容不同",
        "the source sent {report_id} under this reference before, with another content",
    ),
    **SURVEY_TEXTS,
}

PERSON_CODE_LISTS: Final[Mapping[str, tuple[Code, ...]]] = {
    "name_kind": codes(
        (NameKind.FORMER.value, "曾用名", "former name"),
        (NameKind.VARIANT.value, "异写", "another writing"),
        (NameKind.ALIAS.value, "别名", "alias"),
    ),
    "client_ground": codes(
        (ClientGround.CHILD_DIAGNOSED.value, "未满七周岁凭诊断", "child under seven with a diagnosis"),
        (ClientGround.SEVERE_MENTAL.value, "严重精神障碍三级以上未办证", "severe mental disorder, level 3 or more"),
    ),
    "likeness": codes(
        (Likeness.SAME_NAME.value, "姓名相同", "same name"),
        (Likeness.SAME_SOUND.value, "姓名同音", "names sound the same"),
        (Likeness.SAME_BIRTH_DATE.value, "出生日期相同", "same birth date"),
        (Likeness.NUMBER_ONE_DIGIT.value, "号码仅一位不同", "numbers differ in one digit"),
        (Likeness.NUMBER_SWAPPED.value, "号码相邻两位颠倒", "two neighbouring digits swapped"),
        (Likeness.SAME_PHONE.value, "联系电话相同", "same telephone"),
        (Likeness.SAME_VILLAGE.value, "同一村（社区）", "same village"),
        (Likeness.SAME_ADDRESS.value, "详细地址相同", "same address"),
        (Likeness.OTHER_SEX.value, "性别不同", "other sex"),
    ),
    "report_kind": codes(
        (ReportKind.DEATH.value, "死亡", "death"), (ReportKind.MOVE.value, "户籍迁移", "household move")
    ),
    "report_source": codes(
        (ReportSource.POLICE.value, "公安", "police"),
        (ReportSource.HEALTH.value, "卫健", "health"),
        (ReportSource.FUNERAL.value, "殡葬", "funeral"),
        (ReportSource.FAMILY.value, "家属", "family"),
        (ReportSource.COMMUNITY.value, "社区", "community"),
    ),
    "report_state": codes(
        (ReportState.UNMATCHED.value, "未匹配", "nobody found"),
        (ReportState.CANDIDATE.value, "待核实", "to be confirmed"),
        (ReportState.READY.value, "可采用", "ready"),
        (ReportState.CONFLICT.value, "有冲突", "conflict"),
        (ReportState.APPLIED.value, "已采用", "applied"),
        (ReportState.CONFIRMING.value, "佐证", "confirms what was known"),
        (ReportState.AWAITING_TRANSFER.value, "待迁移残疾人证", "certificate to be transferred"),
        (ReportState.DONE.value, "已办结", "done"),
        (ReportState.REJECTED.value, "不予采用", "rejected"),
        (ReportState.RETRACTED.value, "已撤回", "retracted"),
    ),
    "match_tier": codes(
        (Tier.EXACT_ID.value, "号码与姓名一致", "number and name"),
        (Tier.ID_NAME_VARIANT.value, "号码一致、姓名异写", "number, name in another writing"),
        (Tier.NAME_BIRTH_PLACE.value, "姓名、出生日期、县一致", "name, birth date and county"),
        (Tier.ID_OTHER_NAME.value, "号码一致、姓名不同", "number, another name"),
        (Tier.CLERK.value, "人工指定", "named by a clerk"),
    ),
    "report_objection": codes(
        (Objection.NAME_DIFFERS.value, "姓名不符", "name differs"),
        (Objection.SEVERAL_PERSONS.value, "对应多人", "several persons"),
        (Objection.NOT_CERTAIN.value, "须人工核实", "not certain"),
        (Objection.BEFORE_BIRTH.value, "早于出生日期", "before birth"),
        (Objection.AFTER_RECEIPT.value, "晚于收到日期", "after it was received"),
        (Objection.ALIVE_SINCE.value, "其后仍有在世证据", "seen alive since"),
        (Objection.OTHER_DATE.value, "与已登记日期相差过大", "far from the date on record"),
        (Objection.HAS_DIED.value, "已登记死亡", "has died"),
        (Objection.NOT_THE_LATEST.value, "早于最近一次迁移", "older than the last move"),
        (Objection.REFUSED.value, "采用时被拒绝", "applying it was refused"),
    ),
    **SURVEY_CODE_LISTS,
}
