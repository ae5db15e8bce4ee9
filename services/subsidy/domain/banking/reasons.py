"""Why banks pay or do not, in one dictionary: words, advice, whether paying again as it stands may help (SUB-59)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.subsidy.domain.payroll.instructions import Outcome


class Reason(StrEnum):
    """What the codes of all banks come down to."""

    PAID = "PAID"
    PENDING = "PENDING"
    ACCOUNT_UNKNOWN = "ACCOUNT_UNKNOWN"
    ACCOUNT_CLOSED = "ACCOUNT_CLOSED"
    NAME_MISMATCH = "NAME_MISMATCH"
    IDENTITY_MISMATCH = "IDENTITY_MISMATCH"
    ACCOUNT_FROZEN = "ACCOUNT_FROZEN"
    ACCOUNT_DORMANT = "ACCOUNT_DORMANT"
    ACCOUNT_LIMITED = "ACCOUNT_LIMITED"
    FORMAT = "FORMAT"
    BANK_UNAVAILABLE = "BANK_UNAVAILABLE"
    OTHER = "OTHER"


class Next(StrEnum):
    """What to do about the line: nothing, wait for the bank, pay again as it stands, hold until somebody mended it."""

    NOTHING = "NOTHING"
    WAIT = "WAIT"
    RETRY = "RETRY"
    HOLD = "HOLD"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A reason in words, the outcome it stands for, and what to do."""

    outcome: Outcome
    next: Next
    zh: str
    en: str
    advice_zh: str
    advice_en: str


def _returned(zh: str, en: str, advice_zh: str, advice_en: str, *, following: Next = Next.HOLD) -> Meaning:
    return Meaning(Outcome.RETURNED, following, zh, en, advice_zh, advice_en)


MEANINGS: Final[dict[Reason, Meaning]] = {
    Reason.PAID: Meaning(Outcome.SETTLED, Next.NOTHING, "发放成功", "paid", "无需处理", "nothing to do"),
    Reason.PENDING: Meaning(
        Outcome.UNKNOWN,
        Next.WAIT,
        "银行处理中",
        "the bank is not done",
        "等待银行回盘，不得重复发放",
        "wait for the bank; never pay again meanwhile",
    ),
    Reason.ACCOUNT_UNKNOWN: _returned(
        "账号不存在",
        "no such account",
        "与本人核对账号，更正后重新发放",
        "check the account with the payee, correct it",
    ),
    Reason.ACCOUNT_CLOSED: _returned(
        "账户已销户", "the account is closed", "请本人提供新的账户，更正后重新发放", "ask for another account"
    ),
    Reason.NAME_MISMATCH: _returned(
        "户名不符",
        "the name is not the account's",
        "核对姓名用字（生僻字、曾用名），更正户名或账号后重新发放",
        "check the characters of the name, correct name or account",
    ),
    Reason.IDENTITY_MISMATCH: _returned(
        "证件号码不符",
        "the identity number is not the account's",
        "请本人到银行更新证件信息，或更正账号后重新发放",
        "the payee has the bank renew the document, or gives another account",
    ),
    Reason.ACCOUNT_FROZEN: _returned(
        "账户被冻结（止付）",
        "the account is frozen",
        "查明冻结原因，请本人提供可用账户",
        "find out why; another account",
    ),
    Reason.ACCOUNT_DORMANT: _returned(
        "账户久悬未用",
        "the account is dormant",
        "请本人到银行激活，或提供新的账户",
        "the payee wakes it up, or another",
    ),
    Reason.ACCOUNT_LIMITED: _returned(
        "账户类别或限额不允许入账",
        "the kind or limit of the account forbids it",
        "请本人升级账户或提供一类账户",
        "the payee has the account upgraded, or gives another",
    ),
    Reason.FORMAT: _returned(
        "报文格式有误", "the line is malformed", "核对该行内容，更正后重新发放", "check what the line holds, correct it"
    ),
    Reason.BANK_UNAVAILABLE: _returned(
        "银行系统暂时不可用",
        "the bank was not able to",
        "可在下一批次按原账户重新发放",
        "pay again with the next batch",
        following=Next.RETRY,
    ),
    Reason.OTHER: _returned(
        "其他原因退回", "returned for another reason", "向银行查询原因后处理", "ask the bank for the reason"
    ),
}
