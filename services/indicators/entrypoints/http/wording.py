"""Figures in Chinese words, as every page and paper of the service says them. Nothing here is escaped for HTML."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from services.indicators.domain.definition import Definition, Nature
from services.indicators.use_cases.read_figures import FigureState, Number
from shared.kit.clock import SHANGHAI
from shared.values.division import EVERYWHERE

NameOf = Callable[[str], str | None]
PUBLISHERS: Final = {"registry": "残联登记", "subsidy": "两项补贴", "rehab": "康复服务"}
WHY_NOT: Final = {
    FigureState.MISSING: "未上报",
    FigureState.NOT_APPLICABLE: "不适用",
    FigureState.SUPPRESSED: "人数过少，不予显示",
}
HIDDEN_SIGN: Final = "＊"


def place_name(code: str, name_of: NameOf) -> str:
    """A division's name, its code where the directory has none."""
    return "全国" if code == EVERYWHERE else name_of(code) or code


def amount(definition: Definition, value: int) -> str:
    """``12,345`` or ``34.90%``."""
    return f"{value / 100:.2f}%" if definition.nature is Nature.RATE else f"{value:,}"


def amount_or_sign(definition: Definition, number: Number) -> str:
    """A number, or why there is none; hidden ones as their sign."""
    if number.value is not None:
        return amount(definition, number.value)
    return HIDDEN_SIGN if number.state is FigureState.SUPPRESSED else WHY_NOT.get(number.state, "没有数")


def much(definition: Definition, changed: int) -> str:
    """How much a number has moved, without the way."""
    return f"{abs(changed) / 100:.2f} 个百分点" if definition.nature is Nature.RATE else f"{abs(changed):,}"


def difference(definition: Definition, changed: int) -> str:
    """``增加 3``, ``减少 1.20 个百分点``, ``持平``."""
    return "持平" if changed == 0 else f"{'增加' if changed > 0 else '减少'} {much(definition, changed)}"


def unit(definition: Definition) -> str:
    """Of a count; a rate carries its sign."""
    return "" if definition.nature is Nature.RATE else definition.unit_zh


def moment(time: datetime) -> str:
    """In China, to the second."""
    return time.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
