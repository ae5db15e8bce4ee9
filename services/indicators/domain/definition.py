"""What is counted, and by which rule: every definition says so in both languages, and carries its version."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.indicators.domain.errors import IndicatorNotFound


class Source(StrEnum):
    """Whose events make spells."""

    REGISTRY = "registry"
    SUBSIDY = "subsidy"
    REHAB = "rehab"


class Kind(StrEnum):
    """Who or what has spells."""

    PERSON = "person"
    CERTIFICATE = "certificate"
    AWARD = "award"
    CASE = "case"

    @property
    def source(self) -> Source:
        """The publisher whose events alone decide these spells: replaying another one leaves them alone."""
        match self:
            case Kind.PERSON | Kind.CERTIFICATE:
                return Source.REGISTRY
            case Kind.AWARD:
                return Source.SUBSIDY
            case Kind.CASE:
                return Source.REHAB

    @property
    def by_month(self) -> bool:
        """Whether spells begin and end with calendar months (subsidies are owed by the month)."""
        return self is Kind.AWARD


class Counting(StrEnum):
    """STOCK: spells that cover the reference date. ENDED: spells whose last day lies in the month (RU-03)."""

    STOCK = "STOCK"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One indicator. ``distinct``: persons are counted once at the level asked for, however many spells (RU-02)."""

    code: str
    kind: Kind
    zh: str
    en: str
    unit_zh: str
    unit_en: str
    rule_zh: str
    rule_en: str
    counting: Counting = Counting.STOCK
    distinct: bool = False
    version: int = 1


DEFINITIONS: Final = (
    Definition(
        code="persons",
        kind=Kind.PERSON,
        zh="在册人数",
        en="Persons on the register",
        unit_zh="人",
        unit_en="persons",
        rule_zh="基准日已登记且在世的人员；死亡当日仍计入",
        rule_en="registered and alive on the reference date; the day of death still counts",
    ),
    Definition(
        code="certificates",
        kind=Kind.CERTIFICATE,
        zh="有效残疾人证",
        en="Valid certificates",
        unit_zh="本",
        unit_en="certificates",
        rule_zh="基准日有效（含挂失）的残疾人证；注销、冻结、到期、持证人死亡当日仍计入（READ-04、READ-09）",
        rule_en="valid (or lost) on the reference date; the day of cancellation, freeze, expiry or the holder's death "
        "still counts (READ-04, READ-09)",
    ),
    Definition(
        code="certificates_ended",
        kind=Kind.CERTIFICATE,
        zh="当月失效残疾人证",
        en="Certificates ended in the month",
        unit_zh="本",
        unit_en="certificates",
        rule_zh="最后有效日在当月（截至基准日）的残疾人证，迁移不计；冻结后恢复又失效的再计一次",
        rule_en="their last valid day lies in the month, up to the reference date; a move is no end, a second end "
        "after an unfreezing counts again",
        counting=Counting.ENDED,
    ),
    Definition(
        code="awards",
        kind=Kind.AWARD,
        zh="在享补贴资格",
        en="Active awards",
        unit_zh="份",
        unit_en="awards",
        rule_zh="当月应发的两项补贴资格：自申请月起，停发自事件次月生效（SUB-35、SUB-38）",
        rule_en="due for the month: from the month of application until the month before the stop takes effect "
        "(SUB-35, SUB-38)",
    ),
    Definition(
        code="award_recipients",
        kind=Kind.AWARD,
        zh="享受补贴人数",
        en="Persons with an active award",
        unit_zh="人",
        unit_en="persons",
        rule_zh="当月有任一应发补贴的人员，在所查级别去重（RU-02），下级之和可能大于上级",
        rule_en="with any award due for the month, once at the level asked for (RU-02): parts may add up to more than "
        "the whole",
        distinct=True,
    ),
    Definition(
        code="awards_ended",
        kind=Kind.AWARD,
        zh="当月末停发补贴资格",
        en="Awards ending with the month",
        unit_zh="份",
        unit_en="awards",
        rule_zh="当月为最后应发月的两项补贴资格，停发事件登记后立即计入",
        rule_en="this month is the last one due; counted as soon as the stop is known",
        counting=Counting.ENDED,
    ),
    Definition(
        code="rehab_cases",
        kind=Kind.CASE,
        zh="在管康复个案",
        en="Open rehabilitation cases",
        unit_zh="个",
        unit_en="cases",
        rule_zh="基准日已建档且未结案的康复个案；结案当日不计",
        rule_en="opened and not closed on the reference date; the day of closing no longer counts",
    ),
)


def definitions(codes: list[str] | None) -> tuple[Definition, ...]:
    """The definitions asked for, in the order of the catalogue; all by default. Raises `IndicatorNotFound`."""
    if codes is None:
        return DEFINITIONS
    known = [definition.code for definition in DEFINITIONS]
    for code in codes:
        if code not in known:
            raise IndicatorNotFound(indicator=code[:64], allowed=known)
    return tuple(definition for definition in DEFINITIONS if definition.code in codes)
