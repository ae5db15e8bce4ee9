"""Who may do what: roles of the field × permissions, the one table. Machines carry permissions as OAuth scopes.

``python -m shared.contracts.roles`` writes it as a page for people (``docs/roles.md``); ``--check`` fails when the page
is not current.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

PERMISSIONS: Final[Mapping[str, tuple[str, str]]] = {
    "person:read": ("查看人员（脱敏）", "see persons, masked"),
    "person:write": ("登记人员、监护人、联系方式和死亡信息", "register persons, guardians, contacts and deaths"),
    "person:import": ("批量导入人员", "import persons"),
    "person:export": ("导出名单", "export lists"),
    "person:link": ("按公民身份号码批量换取人员编号（系统间）", "turn identity numbers into person ids, for systems"),
    "survey:read": ("查看基本状况调查", "see the survey of basic status"),
    "survey:write": ("登记入户调查", "record visits of the survey"),
    "survey:import": ("批量导入调查结果", "import answers of the survey"),
    "form:read": ("查看调查表", "see survey forms"),
    "form:write": ("编制、发布调查表", "draw up and publish survey forms"),
    "division:read": ("查看行政区划变更", "see changes of divisions"),
    "division:write": ("登记、执行行政区划变更", "record and carry out changes of divisions"),
    "portal:write": ("政务平台推送办件（系统间）", "hand in cases, for portals"),
    "portal:read": ("查看政务平台办件与对账", "see portals' cases and reconciliation"),
    "task:read": ("查看我的待办", "see one's tasks"),
    "person:merge": ("合并重复人员", "merge records that are one person's"),
    "report:read": ("查看外部死亡、迁移信息", "see news of deaths and moves from outside"),
    "report:write": ("登记、核实、采用外部信息", "take in, confirm and apply news from outside"),
    "report:import": ("批量导入外部信息", "import news from outside"),
    "person:unmask": ("按用途查看明文个人信息", "see personal values in clear, for a stated purpose"),
    "person:erase": ("经双人复核删除个人信息", "erase personal data, with a second person"),
    "certificate:read": ("查看残疾人证", "see certificates"),
    "certificate:write": ("核发、注销、冻结、迁移残疾人证", "issue, cancel, freeze and transfer certificates"),
    "certificate:verify": ("核验残疾人证、出具状态证明", "verify certificates and issue proofs of their status"),
    "application:read": ("查看残疾人证申请", "see applications for certificates"),
    "application:write": ("受理残疾人证申请", "take in applications and lead them to a decision"),
    "application:decide": ("审核批准、制证发证、复核", "approve applications, issue cards, decide disputes"),
    "assessment:write": ("开放号源、录入评定结论", "offer slots and record assessments"),
    "institution:read": ("查看评定机构、号源和定点康复机构", "see institutions of assessment and rehabilitation"),
    "institution:write": ("指定评定机构、定点康复机构", "designate institutions of assessment and rehabilitation"),
    "campaign:write": ("组织十年到期审验核查", "run examination campaigns"),
    "rule:read": ("查看地方规定", "see local rules"),
    "rule:write": ("登记地方规定和时限", "decide local rules and time limits"),
    "calendar:read": ("查看工作日安排", "see working days"),
    "calendar:write": ("录入工作日安排", "enter working days"),
    "award:read": ("查看补贴资格", "see awards"),
    "award:write": ("认定补贴资格", "grant awards"),
    "award:import": ("批量导入补贴资格", "import awards"),
    "subsidy:read": ("查看补贴申请", "see applications for a subsidy"),
    "subsidy:accept": ("受理、初审补贴申请", "take in and first-check applications for a subsidy"),
    "subsidy:review": ("残联审核补贴申请", "review applications for a subsidy: card and grade"),
    "subsidy:determine": ("核对、公示、认定补贴申请", "check, post and determine applications for a subsidy"),
    "payee:write": ("登记收款人和银行账号", "record payees and their accounts"),
    "fact:read": ("查看家庭经济、其他待遇等事实", "see facts about persons: income, other benefits, care"),
    "fact:write": ("登记、更正、撤回事实", "record, correct and withdraw facts about persons"),
    "fact:import": ("批量导入事实", "import facts about persons"),
    "entitlement:read": ("查看应发测算和依据", "see what is due to persons, and why"),
    "reminder:read": ("查看主动提醒清单和主动服务率", "see whom to remind of a subsidy, and the rate"),
    "reminder:write": ("查找、发送、登记和办结主动提醒", "find, send, record and close reminders of a subsidy"),
    "suspect:read": ("查看疑点", "see suspects that comparisons found"),
    "suspect:write": ("核查疑点、上传佐证材料", "verify suspects and lay papers beside them"),
    "suspect:decide": ("分发、排除、处理、办结疑点", "hand suspects down, clear them, act and close"),
    "comparison:run": ("导入外部名单、进行数据比对", "import lists of other bureaus and compare"),
    "policy:read": ("查看补贴政策", "see the policy of the subsidies"),
    "policy:write": ("起草、经双人复核施行和废止补贴政策", "draft policy; with a second person put it in force"),
    "payroll:read": ("查看发放批次、检查和核对", "see payroll runs, their checks and reconciliation"),
    "payroll:write": ("生成、锁定、下达、退回、作废发放批次", "draw up, lock, send, reject and abandon payroll runs"),
    "payroll:approve": ("双人复核批准发放批次", "approve payroll runs, with a second person"),
    "payroll:fund": ("财政形式审查", "check payroll runs for finance"),
    "payroll:answer": ("登记银行回盘结果", "tell what the bank answers"),
    "payroll:audit": ("全面复核历次发放", "judge every payment again by what is known today"),
    "payment:read": ("查看发放明细", "see what persons are paid"),
    "payment:write": ("暂缓、放行、取消、重发发放明细", "hold, clear, cancel and renew single lines"),
    "bank:read": ("查看银行文件约定和返回码字典", "see how banks' files are made and what their codes mean"),
    "bank:write": (
        "起草、试行、经双人复核启用和停用银行文件约定",
        "draft and try banks' files; with a second person use them",
    ),
    "case:read": ("查看康复个案", "see rehabilitation cases"),
    "case:write": ("办理康复个案", "work on rehabilitation cases"),
    "case:serve": ("接收转介、评估、签订方案、登记服务", "serve clients: take referrals, assess, plan, log sessions"),
    "case:confidential": ("查看、办理精神障碍康复个案", "see and work on confidential (mental) cases"),
    "programme:read": ("查看救助项目、进度和结算单", "see aid programmes, how far they are, and settlements"),
    "programme:write": (
        "起草、经双人复核启动和终止救助项目，编制、复核结算单",
        "draft aid programmes, with a second person put them in force; draw up and approve settlements",
    ),
    "programme:settle": ("支付救助项目结算单", "pay settlements of aid programmes"),
    "indicator:read": ("查看统计指标", "see figures"),
    "indicator:report": ("上报、审定指标值和目标值", "report values and targets of indicators"),
    "indicator:freeze": ("固化、审定统计快照", "freeze figures and approve them"),
    "request:read": ("查看个人信息权利申请", "see persons' requests about their data"),
    "request:write": ("受理、办理个人信息权利申请", "take in and settle persons' requests"),
    "own:read": ("查看本人（被监护人）信息", "see one's own data, or a ward's"),
    "own:request": ("就本人（被监护人）信息提出申请", "file requests about one's own data, or a ward's"),
    "job:read": ("查看任务", "see jobs"),
    "job:cancel": ("取消任务", "cancel jobs"),
    "journal:read": ("读取事件日志", "read the journal"),
    "journal:compare": ("比对数据副本", "compare copies"),
    "events:read": ("查看事件消费情况", "see how events are applied"),
    "events:repair": ("处理死信和数据差异", "repair dead letters and differences"),
    "clock:set": ("调整业务时钟（生产环境禁用）", "move the clock, never in production"),
    "approval:read": ("查看双人复核事项", "see what waits for, or had, a second person"),
    "approval:decide": ("发起和复核双人复核事项", "propose, and decide as the second person"),
    "key:read": ("查看密钥使用情况", "see which keys are in use"),
    "key:rotate": ("启动密钥轮换", "start a rotation of keys"),
    "retention:run": ("运行到期清理", "run the retention rules"),
    "audit:read": ("查询审计记录", "query the audit trail"),
    "audit:verify": ("校验审计链", "verify the audit chain"),
    "audit:export": ("导出审计记录", "export the audit trail"),
}
"""Every permission there is: what it lets one do."""

_EVERYBODY: Final = frozenset(
    {
        *("job:read", "job:cancel", "task:read", "institution:read", "rule:read", "calendar:read"),
        *("form:read", "division:read"),
    }
)
_READERS: Final = _EVERYBODY | {
    "person:read",
    "certificate:read",
    "application:read",
    "subsidy:read",
    "award:read",
    "case:read",
    "programme:read",
    "indicator:read",
    "entitlement:read",
    "reminder:read",
    "suspect:read",
    "policy:read",
}
_FACTS: Final = frozenset({"fact:read", "fact:write"})
_REQUESTS: Final = frozenset({"request:read", "request:write"})
_FOUR_EYES: Final = frozenset({"approval:read", "approval:decide"})
_OWN: Final = frozenset({"own:read", "own:request"})

ROLES: Final[Mapping[str, frozenset[str]]] = {
    # 乡镇（街道）经办人
    "township_clerk": _READERS
    | _REQUESTS
    | _FACTS
    | {"person:write", "person:unmask", "case:write", "payee:write", "report:read", "application:write"}
    | {"survey:read", "survey:write", "subsidy:accept", "reminder:write", "suspect:write", "payment:read"},
    # 县（市、区）残联审核人
    "county_reviewer": _READERS
    | _REQUESTS
    | _FOUR_EYES
    | {"person:write", "person:import", "person:unmask", "person:erase", "certificate:write"}
    | {"case:write", "case:serve", "case:confidential"}
    | {"person:merge", "person:export", "report:read", "report:write", "report:import"}
    | {"survey:read", "survey:write", "survey:import", "form:write", "division:write", "portal:read"}
    | {"application:write", "application:decide", "assessment:write", "institution:write", "certificate:verify"}
    | {"campaign:write", "rule:write", "subsidy:review", "programme:write"},
    # 县（市、区）民政审定人
    "county_determiner": _READERS
    | _REQUESTS
    | _FACTS
    | _FOUR_EYES
    | {
        "subsidy:determine",
        "award:write",
        "award:import",
        "person:unmask",
        "payee:write",
        "fact:import",
        "reminder:write",
        "suspect:write",
        "suspect:decide",
        "comparison:run",
        "policy:write",
        "bank:read",
        "bank:write",
        "payroll:read",
        "payroll:write",
        "payroll:approve",
        "payroll:audit",
        "payment:read",
        "payment:write",
    },
    # 财政人员: checks who is to be paid, decides nothing about them
    "finance": _EVERYBODY
    | {"person:read", "award:read", "person:unmask", "entitlement:read", "policy:read", "bank:read"}
    | {"payroll:read", "payroll:fund", "payment:read", "programme:read", "programme:settle"},
    # 银行操作员: what is to be paid, masked; how its files are made, and what the bank answers
    "bank_operator": _EVERYBODY | {"award:read", "bank:read", "payroll:read", "payroll:answer"},
    # 定点机构: the cases that are with it; an assessment institution records what its physicians conclude
    "institution": _EVERYBODY | {"case:read", "case:serve", "case:confidential", "assessment:write", "programme:read"},
    # 审计人员: sees everything of its divisions, changes nothing
    "auditor": _READERS
    | {"person:unmask", "fact:read", "request:read", "journal:read", "events:read", "approval:read", "audit:read"}
    | {"payroll:read", "payroll:audit", "payment:read", "bank:read"},
    # 统计人员: figures, no persons
    "statistician": _EVERYBODY | _FOUR_EYES | {"indicator:read", "indicator:report", "indicator:freeze", "policy:read"},
    # 系统管理员: runs the house, sees no person
    "system_administrator": _EVERYBODY
    | _FOUR_EYES
    | {"events:read", "events:repair", "journal:read", "clock:set", "calendar:write"},
    # 安全管理员: keys and retention, sees no person
    "security_administrator": _EVERYBODY | _FOUR_EYES | {"key:read", "key:rotate", "retention:run"},
    # 审计管理员: who looked at what, sees no person
    "audit_administrator": _EVERYBODY | {"audit:read", "audit:verify", "audit:export"},
    # 本人
    "person": _OWN,
    # 监护人
    "guardian": _OWN,
}

ROLE_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "township_clerk": ("乡镇（街道）经办人", "township clerk"),
    "county_reviewer": ("县级残联审核人", "county federation reviewer"),
    "county_determiner": ("县级民政审定人", "county civil-affairs determiner"),
    "finance": ("财政人员", "finance"),
    "bank_operator": ("银行操作员", "bank operator"),
    "institution": ("定点机构", "designated institution"),
    "auditor": ("审计人员", "auditor"),
    "statistician": ("统计人员", "statistician"),
    "system_administrator": ("系统管理员", "system administrator"),
    "security_administrator": ("安全管理员", "security administrator"),
    "audit_administrator": ("审计管理员", "audit administrator"),
    "person": ("本人", "the person"),
    "guardian": ("监护人", "guardian"),
}

ADMINISTRATIONS: Final[Mapping[str, frozenset[str]]] = {
    "system": frozenset({"events:repair", "clock:set"}),
    "security": frozenset({"key:read", "key:rotate", "retention:run"}),
    "audit": frozenset({"audit:read", "audit:verify", "audit:export"}),
}
"""Three powers that no role may join (GB/T 22239 8.1: system, security and audit administration are separated)."""

MACHINE_PERMISSIONS: Final = frozenset(
    {
        "journal:read",
        "journal:compare",
        "events:read",
        "events:repair",
        "person:read",
        "person:write",
        "person:import",
        "person:export",
        "person:link",
        "portal:write",
        "report:read",
        "report:write",
        "report:import",
        "survey:read",
        "survey:import",
        "form:read",
        "division:read",
        "certificate:read",
        "certificate:write",
        "certificate:verify",
        "application:read",
        "application:write",
        "institution:read",
        "subsidy:read",
        "subsidy:accept",
        "award:read",
        "award:write",
        "award:import",
        "fact:read",
        "fact:write",
        "fact:import",
        "reminder:read",
        "reminder:write",
        "suspect:read",
        "comparison:run",
        "entitlement:read",
        "policy:read",
        "payroll:read",
        "payroll:answer",
        "payment:read",
        "case:read",
        "case:write",
        "case:serve",
        "indicator:read",
        "job:read",
        "job:cancel",
        "clock:set",
    }
)
"""What a machine may be given as scopes: never what needs a purpose, a second person or a person of one's own."""

PERSONAL: Final = frozenset(
    {
        "person:read",
        "person:write",
        "person:export",
        "person:link",
        "person:merge",
        "person:unmask",
        "portal:write",
        "survey:read",
        "survey:write",
        "report:read",
        "report:write",
        "certificate:read",
        "certificate:write",
        "certificate:verify",
        "application:read",
        "application:write",
        "application:decide",
        "assessment:write",
        "campaign:write",
        "subsidy:read",
        "subsidy:accept",
        "subsidy:review",
        "subsidy:determine",
        "award:read",
        "award:write",
        "payee:write",
        "fact:read",
        "fact:write",
        "reminder:read",
        "reminder:write",
        "suspect:read",
        "suspect:write",
        "suspect:decide",
        "entitlement:read",
        "payroll:audit",
        "payment:read",
        "payment:write",
        "case:read",
        "case:write",
        "case:serve",
        "own:read",
    }
)
"""Permissions about persons: a route that needs one tells the audit trail whom it showed or changed, or fails."""

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "roles.md"


def page() -> str:
    """The table as Markdown."""
    roles = list(ROLES)
    lines = [
        "# Roles and permissions / 角色与权限",
        "",
        "Generated by `python -m shared.contracts.roles`; the table itself is `shared/contracts/roles.py`.",
        "A person has the permissions of all their roles, within the divisions of their token; a machine has the",
        "scopes of its token, and only those marked M.",
        "",
        "| role | 角色 | English |",
        "|---|---|---|",
        *(f"| `{role}` | {zh} | {en} |" for role, (zh, en) in ROLE_NAMES.items()),
        "",
        "| permission | 说明 | lets one | held by |",
        "|---|---|---|---|",
    ]
    for permission, (zh, en) in PERMISSIONS.items():
        holders = [f"`{role}`" for role in roles if permission in ROLES[role]]
        machine = ["M"] if permission in MACHINE_PERMISSIONS else []
        lines.append(f"| `{permission}` | {zh} | {en} | {', '.join(holders + machine) or '–'} |")
    lines += ["", "No role holds permissions of two of these administrations:", ""]
    lines += [
        f"- {name}: {', '.join(f'`{held}`' for held in sorted(power))}" for name, power in ADMINISTRATIONS.items()
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page, or with ``--check`` fail when it is not current."""
    if sys.argv[1:] == ["--check"]:
        if not PAGE.exists() or PAGE.read_text() != page():
            sys.exit(f"{PAGE.name} is not current: python -m shared.contracts.roles")
        return
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
