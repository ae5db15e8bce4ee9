"""Refusals about payroll as people read them, and its code lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.subsidy.domain.payroll import errors
from shared.kit.codelists import Code, codes
from shared.kit.problems import ProblemText
from shared.values.refusal import Refusal

PAYROLL_TEXTS: Final[Mapping[type[Refusal], ProblemText]] = {
    errors.RunNotFound: ProblemText(
        404, "发放批次不存在", "Run not found", "在您的管辖范围内没有该发放批次", "no such run within your divisions"
    ),
    errors.RunStepNotAllowed: ProblemText(
        409,
        "批次当前状态不能进行该操作",
        "Step not allowed",
        "批次当前为 {state}，可以进行的操作：{allowed}",
        "the run is {state}; allowed are {allowed}",
    ),
    errors.RunOverlaps: ProblemText(
        409,
        "已有未办结的批次",
        "Another run is open",
        "同月同类补贴在重叠的区划内已有未办结的批次（{run_id}）",
        "a run of this month and scheme is open on an overlapping division ({run_id})",
    ),
    errors.RunMonthNotAllowed: ProblemText(
        422,
        "月份不在允许范围",
        "Month not allowed",
        "月份 {given} 应在 {first} 至 {last} 之间",
        "the month {given} must lie between {first} and {last}",
    ),
    errors.DraftIsOld: ProblemText(
        409,
        "名单已重新生成",
        "The draft is another one",
        "名单已重新生成，请重新查看后再锁定",
        "the run was drawn up anew; look at it again",
    ),
    errors.RegisterIsAhead: ProblemText(
        409,
        "登记数据尚未同步完毕",
        "The register is ahead",
        "登记系统的事件（纪元 {epoch}，第 {first} 至 {last} 号）尚未在本系统生效，请待同步完毕后再办理",
        "events {first} to {last} of the register (epoch {epoch}) are not applied here yet; wait until they are",
    ),
    errors.RegisterStartedAnew: ProblemText(
        409,
        "登记数据已更换纪元",
        "The register started anew",
        "登记系统的事件纪元为 {epoch}，本系统为 {known}，请待重新同步后再办理",
        "the register's epoch is {epoch}, here it is {known}; wait for the resync",
    ),
    errors.RegisterSilent: ProblemText(
        409,
        "登记系统无应答",
        "The register is silent",
        "登记系统无应答，最近一次证明为 {proven_at}；超过 {hours} 小时须经双人复核（payroll.silent_register）方可办理",
        "the register does not answer; the last proof is of {proven_at}. After {hours} hours it takes two persons "
        "(payroll.silent_register)",
    ),
    errors.GateIsClosed: ProblemText(
        409,
        "检查未通过",
        "Red checks stand",
        "以下检查未通过且未放行：{checks}",
        "these checks are red and were not waived: {checks}",
    ),
    errors.DispatchNotFound: ProblemText(
        404,
        "下达不存在",
        "Dispatch not found",
        "该批次没有第 {dispatch_no} 次下达",
        "the run has no dispatch {dispatch_no}",
    ),
    errors.DeclarationNotUsable: ProblemText(
        409,
        "银行文件约定不能用于该批次",
        "Declaration not usable",
        "该约定不能用于本批次：{reason}（NOT_IN_FORCE 未启用；OTHER_DIVISION 不适用于该区划；"
        "ASKS_FOR_IDENTITY_NUMBER 要求公民身份号码，本系统不保存）",
        "this declaration cannot be used for the run: {reason}",
    ),
    errors.NothingToWrite: ProblemText(
        409,
        "没有待写入文件的指令",
        "Nothing to write",
        "该次下达中，此约定所服务银行的指令均已写入文件或已有回盘",
        "every instruction of the dispatch that this declaration serves is in a file, or answered",
    ),
    errors.FilesAreBeingWritten: ProblemText(
        409,
        "正在生成银行文件",
        "Files are being written",
        "另一任务正在为该批次生成银行文件，请待其完成",
        "another job writes files of this run; wait for it",
    ),
    errors.BankFileNotFound: ProblemText(
        404, "银行文件不存在", "Bank file not found", "该批次没有此银行文件", "the run has no such bank file"
    ),
    errors.BankAnswerNotFound: ProblemText(
        404, "回盘文件不存在", "Answer not found", "该批次没有此回盘文件", "the run has no such answer"
    ),
    errors.AuditNotFound: ProblemText(
        404,
        "复核不存在",
        "Audit not found",
        "在您的管辖范围内没有该次全面复核",
        "no such integrity audit within your divisions",
    ),
    errors.NothingPaidYet: ProblemText(
        409,
        "尚无发放记录",
        "Nothing paid yet",
        "还没有任何发放明细，没有可复核的内容",
        "there are no payment lines to judge",
    ),
    errors.SealNotFound: ProblemText(
        404, "封存不存在", "Seal not found", "在您的管辖范围内没有该封存", "no such seal within your divisions"
    ),
    errors.AnswerNeedsItsFile: ProblemText(
        422,
        "须指明所答复的银行文件",
        "Which file it answers is missing",
        "此约定按序号回盘，须在 file_id 中指明所答复的银行文件",
        "this declaration numbers its lines; name the file it answers in file_id",
    ),
    errors.CheckNotRed: ProblemText(
        409,
        "该检查无须放行",
        "Nothing to waive",
        "检查 {check} 不在待放行之列；待放行的检查：{red}",
        "{check} is not red; red are {red}",
    ),
    errors.LineIsAnothers: ProblemText(
        409,
        "明细已被其他批次占用",
        "Lines are another run's",
        "批次 {run_id} 已占用其中 {lines} 条明细，请重新生成名单",
        "run {run_id} has entered {lines} of these lines; draw up anew",
    ),
    errors.LineNotFound: ProblemText(
        404, "明细不存在", "Line not found", "该批次中没有该明细", "the run has no such line"
    ),
    errors.LineStepNotAllowed: ProblemText(
        409,
        "明细当前状态不能进行该操作",
        "Step not allowed",
        "明细当前为 {state}，可以进行的操作：{allowed}",
        "the line is {state}; allowed are {allowed}",
    ),
    errors.LineStillNotDue: ProblemText(
        409,
        "暂缓原因仍在",
        "The hold still stands",
        "该明细仍不能放行（{reason}）",
        "the line cannot be cleared yet ({reason})",
    ),
    errors.NothingIsPending: ProblemText(
        409, "没有待下达的明细", "Nothing is pending", "该批次没有待下达的明细", "no line of the run is pending"
    ),
    errors.TotalsDiffer: ProblemText(
        409,
        "总数不符",
        "Totals differ",
        "批次共 {lines} 条、{amount_fen} 分，与所核总数不符",
        "the run has {lines} lines and {amount_fen} fen",
    ),
    errors.ApproverCannotFund: ProblemText(
        403,
        "财政审查须由第三人办理",
        "A third person must check",
        "提请或复核该批次的人不能办理财政形式审查",
        "who proposed or approved the run cannot check it for finance",
    ),
}

PAYROLL_CODES: Final[Mapping[str, tuple[Code, ...]]] = {
    "payroll_run_state": codes(
        ("DRAFT", "草稿", "draft"),
        ("LOCKED", "已锁定", "locked"),
        ("APPROVED", "已批准", "approved"),
        ("FUNDED", "财政已审查", "funded"),
        ("SENT", "已下达", "sent"),
        ("PARTIALLY_SETTLED", "部分到账", "partially settled"),
        ("SETTLED", "已办结", "settled"),
        ("ABORTED", "已作废", "abandoned"),
    ),
    "payroll_run_reason": codes(
        ("WRONG_TOTALS", "总数有误", "wrong totals"),
        ("WRONG_PERSONS", "人员有误", "wrong persons"),
        ("POLICY_CHANGED", "政策变动", "policy changed"),
        ("OUT_OF_DATE", "数据已过时", "out of date"),
        ("BUDGET_NOT_READY", "资金未落实", "budget not ready"),
        ("BY_MISTAKE", "误操作", "by mistake"),
        ("OTHER", "其他", "other"),
    ),
    "integrity_rule": codes(
        ("DEAD", "死亡后仍发放", "paid after death"),
        ("CANCELLED", "残疾人证注销后仍发放", "paid although the certificate was cancelled"),
        ("FROZEN", "残疾人证冻结期间仍发放", "paid although the certificate was frozen"),
        ("PRISON", "服刑期间仍发放", "paid during a prison sentence"),
        ("OVERLAP", "与不能同时享受的待遇重叠", "overlaps with a benefit that excludes it"),
        ("EXPIRED", "没有在有效期内的残疾人证", "no certificate within its dates"),
        ("MOVED", "户籍迁出后仍发放", "paid after the household moved out"),
        ("INCOME", "家庭经济状况不在范围", "the household's income was not in scope"),
        ("WRONG_GRADE", "残疾类别、等级不符", "wrong category or grade"),
        ("DUPLICATE", "重复发放（两地或两份登记）", "paid twice: two regions or two records"),
        ("WRONG_RATE", "发放标准高于应发标准", "paid at a higher rate than due"),
        ("NO_DECISION", "没有补贴认定", "no award stands"),
        ("OTHER", "其他原因不应发放", "not due for another reason"),
    ),
    "integrity_standing": codes(
        ("NEW", "本次新发现", "found for the first time"),
        ("STILL", "上次已发现、仍存在", "found before, and still so"),
        ("GONE", "上次发现、本次已消除", "found before, and so no more"),
    ),
    "integrity_action": codes(
        ("STOP_AND_RECOVER", "停发并追回", "stop and recover"),
        ("VERIFY_AND_RECOVER", "核实后追回", "verify, then recover"),
        ("ADJUST_AND_RECOVER", "调整标准并追回差额", "adjust and recover the difference"),
        ("BLOCK_LATER_AND_RECOVER", "停发后一份并追回", "block the later one and recover"),
    ),
    "payroll_check": codes(
        ("JUMP_BY_TOWNSHIP", "乡镇金额较上月突变", "a township differs much from last month"),
        ("SHARED_ACCOUNT", "多人共用账户", "several persons share an account"),
        ("CARD_ENDING", "残疾人证当月到期", "card ends this month"),
        ("EVENTS_WAITING", "有未处理的登记事件", "events of the person wait"),
        ("NO_PAYEE", "未登记收款人", "no payee"),
        ("OPEN_SUSPECT", "有暂停发放的未办结疑点", "a suspect that holds money is open"),
        ("OPEN_OBJECTION", "有未答复的异议", "an objection is open"),
        ("MISSING_RATE", "缺少补贴标准", "no rate"),
    ),
    "payroll_waiver": codes(
        ("EXPLAINED_BY_POLICY", "政策原因", "explained by policy"),
        ("LOOKED_AT_ONE_BY_ONE", "已逐一核实", "looked at one by one"),
        ("FAMILY_OR_INSTITUTION", "家庭成员或供养机构共用", "family or institution"),
        ("HELD_ANYWAY", "已暂缓发放", "held anyway"),
        ("OTHER", "其他", "other"),
    ),
    "payment_line_state": codes(
        ("PENDING", "待下达", "pending"),
        ("HELD", "暂缓", "held"),
        ("SENT", "已下达", "sent"),
        ("UNKNOWN", "结果不明", "outcome unknown"),
        ("SETTLED", "已到账", "settled"),
        ("RETURNED", "退票", "returned"),
        ("CLOSED_UNPAID", "终止未付", "closed unpaid"),
        ("CANCELLED", "已取消", "cancelled"),
    ),
    "payment_cause": codes(
        ("REGULAR", "当月", "regular"),
        ("NEVER_PAID", "补发未发月份", "arrears of a month never paid"),
        ("PAID_TOO_LITTLE", "补发差额", "arrears of a month paid too little"),
    ),
    "payment_hold": codes(
        ("NO_LONGER_DUE", "已不应发", "no longer due"),
        ("EVENTS_WAITING", "有未处理的登记事件", "events of the person wait"),
        ("NO_PAYEE", "未登记收款人", "no payee"),
        ("SUSPECT", "疑点待核查（死亡、已见判决的服刑）", "a suspect is open: a death, or a judgment that was seen"),
    ),
    "payment_reason": codes(
        ("LOOKED_INTO", "已核实", "looked into"),
        ("NOT_OWED", "不应发放", "not owed"),
        ("ACCOUNT_CORRECTED", "账户已更正", "account corrected"),
        ("DIED", "已死亡", "died"),
        ("NOT_REACHED", "联系不上", "not reached"),
        ("OTHER", "其他", "other"),
    ),
}
