"""The sixteen checks of a comparison, as one table (DX-10 to DX-25).

The first seven are those of the prosecutors' model that was adopted nationally; the others come from audits.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Action(StrEnum):
    """What may be done about a confirmed suspect."""

    STOP = "STOP"
    ADJUST = "ADJUST"
    CANCEL_CERTIFICATE = "CANCEL_CERTIFICATE"
    MEND_CERTIFICATE = "MEND_CERTIFICATE"
    TRANSFER_CERTIFICATE = "TRANSFER_CERTIFICATE"
    REMIND = "REMIND"
    START = "START"
    RECOVER = "RECOVER"
    CORRECT_ACCOUNT = "CORRECT_ACCOUNT"
    TRANSFER_CASE = "TRANSFER_CASE"


class Hold(StrEnum):
    """Whether money is held while a suspect is open (READ-22)."""

    AT_ONCE = "AT_ONCE"
    WITH_JUDGMENT = "WITH_JUDGMENT"
    """From the moment a judgment was seen: prison data often comes without one (DX-06)."""
    NEVER = "NEVER"


@dataclass(frozen=True, slots=True)
class Check:
    """One check. ``repeats``: what it says is looked for anew each month; ``actions``: what may answer it."""

    id: str
    zh: str
    en: str
    actions: tuple[Action, ...]
    hold: Hold = Hold.NEVER


_A = Action

CHECKS: Final = (
    Check("DX-10", "死亡仍发护理补贴", "dead and still paid nursing", (_A.STOP, _A.RECOVER), Hold.AT_ONCE),
    Check("DX-11", "死亡仍发生活补贴", "dead and still paid living", (_A.STOP, _A.RECOVER), Hold.AT_ONCE),
    Check("DX-12", "死亡未注销残疾人证", "dead, the certificate still active", (_A.CANCEL_CERTIFICATE,)),
    Check("DX-13", "健在但残疾人证过期", "alive, the certificate expired", (_A.REMIND,)),
    Check("DX-14", "残疾人证过期仍显示有效", "expired, yet shown as active", (_A.MEND_CERTIFICATE, _A.STOP)),
    Check("DX-15", "无有效残疾人证仍在发放", "paid without an active certificate", (_A.STOP, _A.RECOVER)),
    Check("DX-16", "同类补贴重复发放", "the same kind and month paid twice", (_A.STOP, _A.RECOVER)),
    Check("DX-17", "与其他待遇重叠", "overlaps with another benefit", (_A.STOP, _A.ADJUST, _A.RECOVER)),
    Check("DX-18", "退出低保仍发生活补贴", "left dibao, living still paid", (_A.STOP, _A.RECOVER)),
    Check("DX-19", "服刑仍在发放", "serving a sentence", (_A.STOP, _A.RECOVER), Hold.WITH_JUDGMENT),
    Check("DX-20", "户籍迁出仍在发放", "household moved out", (_A.STOP, _A.TRANSFER_CERTIFICATE, _A.RECOVER)),
    Check("DX-21", "符合条件未享受", "eligible and unpaid", (_A.REMIND, _A.START)),
    Check("DX-22", "新领证未申领", "a new certificate without an award", (_A.REMIND, _A.START)),
    Check("DX-23", "补贴类别等级与残疾人证不一致", "grade or category differs", (_A.ADJUST, _A.RECOVER)),
    Check(
        "DX-24",
        "多人共用账户或户名不符",
        "one account of several, or of another",
        (_A.CORRECT_ACCOUNT, _A.TRANSFER_CASE),
    ),
    Check("DX-25", "残疾人证涉嫌变造", "certificate papers altered", (_A.STOP, _A.RECOVER, _A.TRANSFER_CASE)),
)
BY_ID: Final = {check.id: check for check in CHECKS}
