"""Why a line was paid, on one page to print: for the person who asks at the window, and for the audit office."""

from __future__ import annotations

from typing import Final

from services.subsidy.adapters.payroll.grounds import Grounds
from services.subsidy.adapters.payroll.lines import LineSeen
from services.subsidy.entrypoints.http.explanation_page import moment, section, sections_of, sheet, table
from shared.values.money import Money

STATE_ZH: Final = {
    "PENDING": "待下达",
    "HELD": "暂缓",
    "SENT": "在途",
    "UNKNOWN": "结果不明",
    "SETTLED": "已到账",
    "RETURNED": "退票",
    "CLOSED_UNPAID": "终止未付",
    "CANCELLED": "已取消",
}
COMPARED_ZH: Final = {
    "AMOUNT": "金额",
    "RULES": "规则判断",
    "POLICY": "政策文本摘要",
    "LINES_OF_RUN": "批次名单摘要",
}
AGREES_ZH: Final = {True: "是", False: "否", None: "按当时的摘要方法生成，不能重算"}
STEP_ZH: Final = {
    "create": "新建",
    "draw_up": "生成",
    "lock": "锁定",
    "reject": "退回",
    "approve": "批准",
    "fund": "财政审查",
    "send": "下达",
    "answer": "登记回盘",
    "abort": "作废",
    "reopen": "重新启用",
}


def page_of(grounds: Grounds) -> str:
    """The page."""
    line, draft = grounds.line, grounds.run.draft
    assert draft is not None
    altered = [COMPARED_ZH[each.name] for each in grounds.compared if each.agrees is False]
    verdict = f"与发放时不一致：{'、'.join(altered)}" if altered else "与发放时一致"
    approvals = [
        (each.maker, moment(each.made_at), each.checker, moment(each.decided_at)) for each in grounds.approvals
    ]
    told = [
        (
            each.instruction_key,
            each.attempt,
            each.dispatch_no,
            Money(each.amount_fen),
            moment(each.sent_at),
            each.file_name or "—",
        )
        for each in grounds.instructions
    ]
    turns = [
        (each.no, STATE_ZH[each.state], each.reason, each.instruction_key or "—", moment(each.at), each.recorded_by)
        for each in grounds.turns
    ]
    place = f"登记日志 {draft.proven.epoch}/{draft.proven.position}"
    return sheet(
        f"{grounds.explanation.title}付款依据",
        (
            _sum(line),
            *sections_of(grounds.explanation),
            section(
                "重新核算",
                f"<p>{verdict}</p>"
                + table(
                    ("项目", "发放时", "现在重算", "一致"),
                    (
                        (COMPARED_ZH[each.name], each.noted, each.found or "—", AGREES_ZH[each.agrees])
                        for each in grounds.compared
                    ),
                ),
            ),
            section(
                "批次",
                f"<p class=id>{line.run_id}　{place}</p>"
                + table(
                    ("步骤", "时间", "经办"),
                    ((STEP_ZH.get(each.step, each.step), moment(each.at), each.recorded_by) for each in grounds.steps),
                ),
            ),
            section("复核", table(("提请人", "提请时间", "复核人", "复核时间"), approvals)),
            section("付款指令", table(("指令", "次数", "第几次下达", "金额（元）", "下达时间", "银行文件"), told)),
            section("银行答复和办理", table(("序", "状态", "代码", "指令", "时间", "登记"), turns)),
            section(
                "资格的事件",
                table(
                    ("事件", "编号", "日志位置", "发生时间"),
                    (
                        (each.type, each.event_id, f"{each.epoch}/{each.position}", moment(each.occurred_at))
                        for each in grounds.events
                    ),
                ),
            ),
        ),
    )


def _sum(line: LineSeen) -> str:
    before = f"此前已发和在途：{Money(line.settled_before_fen)} 元"
    return f"<p class=sum>本笔：<strong>{Money(line.amount_fen)} 元</strong>　{STATE_ZH[line.state]}　{before}</p>"
