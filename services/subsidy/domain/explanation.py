"""Why somebody gets what they get in a month, or why not: rules, facts, policy and arithmetic, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final, TypeVar
from uuid import UUID

from services.subsidy.domain.decisions import Answer
from services.subsidy.domain.entitlement.rules import RULES, Effect, Rule
from services.subsidy.domain.entitlement.terms import applies, rounded
from services.subsidy.domain.person_facts import CareNeed, CarePlace, Economy, FactKind, SelfCare, Settlement
from services.subsidy.domain.policy import PolicyDocument, RoundingMode
from services.subsidy.domain.policy_book import PolicyBook, PricedTariff
from shared.values.disability import DisabilityCategory, DisabilityGrade
from shared.values.money import Money
from shared.values.month import Month

V = TypeVar("V", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A fact as it stood: what, since when until when, from whom, and when we learned it."""

    what: str
    told: str
    valid_from: date | None
    valid_to: date | None
    source: str
    known_from: datetime
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A rule and whether it says no."""

    rule: Rule
    stops: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """A component of a card with the levels it was priced with."""

    component: int
    economy: int
    dibao_class: int
    self_care: int
    settlement: int
    care_place: int
    fen: int

    @property
    def point(self) -> list[Any]:
        """Its place among the dimensions of a tariff."""
        return [
            (self.component // 4 + 1, self.component % 4 + 1),
            _value(Economy, self.economy),
            self.dibao_class or None,
            _value(SelfCare, self.self_care),
            _value(Settlement, self.settlement),
            _value(CarePlace, self.care_place),
        ]

    @property
    def zh(self) -> str:
        """In words."""
        (category, grade), *levels = self.point
        told = [f"{DisabilityCategory(category).zh}{DisabilityGrade(grade).zh}"]
        told += [LEVEL_ZH.get(level, f"低保{level}类") for level in levels if level is not None]
        return "、".join(told)


def _value(values: type[V], number: int) -> V | None:
    return None if not number else list(values)[number - 1]


LEVEL_ZH: Final[dict[Any, str]] = {
    Economy.DIBAO: "低保家庭",
    Economy.NEAR_DIBAO: "低保边缘家庭",
    Economy.LOW_INCOME: "低收入家庭",
    Economy.OTHER: "其他家庭",
    Settlement.URBAN: "城镇",
    Settlement.RURAL: "农村",
    SelfCare.FULLY_UNABLE: "完全不能自理",
    SelfCare.MOSTLY_UNABLE: "基本不能自理",
    SelfCare.PARTLY_UNABLE: "部分不能自理",
    SelfCare.ABLE: "能够自理",
    CarePlace.HOME: "居家照护",
    CarePlace.INSTITUTION: "机构照护",
    CareNeed.NEEDED: "需要长期照护",
    CareNeed.NOT_NEEDED: "不需要长期照护",
}
KIND_ZH: Final = {
    FactKind.ECONOMY: "家庭经济状况",
    FactKind.SETTLEMENT: "户籍性质",
    FactKind.SELF_CARE: "自理能力",
    FactKind.CARE_PLACE: "照护地点",
    FactKind.CARE_NEED: "长期照护需要",
    FactKind.TEKUN: "特困人员救助供养",
    FactKind.WORK_INJURY_CARE: "工伤保险生活护理费",
    FactKind.ORPHAN: "孤儿基本生活保障",
    FactKind.UNATTENDED_FULL: "事实无人抚养儿童保障（全额）",
    FactKind.UNATTENDED_PARTIAL: "事实无人抚养儿童保障（差额）",
    FactKind.ELDER_NURSING: "老年人护理补贴",
    FactKind.ELDER_SERVICE: "养老服务补贴",
    FactKind.OLD_AGE_ALLOWANCE: "高龄津贴",
    FactKind.ELDER_LIVING: "老年人生活类福利",
    FactKind.WORK_DISABILITY_LIVING: "因公致残生活类福利",
    FactKind.WORK_DISABILITY_NURSING: "因公致残护理类福利",
    FactKind.LIXIU_LIVING: "离休人员生活类福利",
    FactKind.LIXIU_NURSING: "离休人员护理费",
    FactKind.DISABLED_SERVICEMAN: "残疾军人抚恤",
    FactKind.DEATH: "死亡",
    FactKind.CARD_FROZEN: "残疾人证冻结",
    FactKind.CARD_CANCELLED: "残疾人证注销",
    FactKind.PRISON: "服刑",
    FactKind.DECLARED_MISSING: "宣告失踪",
    FactKind.FRAUD: "查实骗取",
    FactKind.OWN_WISH: "自愿放弃",
    FactKind.CONFIRMATION_MISSED: "未按时年度确认",
    FactKind.MOTOR_WHEELCHAIR: "持有残疾人机动轮椅车",
    FactKind.REISSUE_REQUEST: "申请变更类别等级换证",
    FactKind.SUSPENDED_SENTENCE: "判处缓刑",
    FactKind.DETENTION: "羁押或社区矫正",
}
_MODE_ZH: Final = {
    RoundingMode.HALF_UP: "四舍五入",
    RoundingMode.DOWN: "舍去尾数",
    RoundingMode.UP: "进一",
    RoundingMode.HALF_EVEN: "四舍六入五成双",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything about one person, scheme and month."""

    answer: Answer
    title: str
    county: str | None
    outcomes: tuple[Outcome, ...]
    known: tuple[Known, ...]
    documents: tuple[PolicyDocument, ...]
    combinations: tuple[Combination, ...]
    arithmetic: tuple[str, ...]
    known_at: datetime | None
    other_records: tuple[UUID, ...] = ()
    """Of the same person (RU-02): what is on record of them counts here too."""
    succeeded: tuple[str, ...] = ()
    """The counties in turn, where the one that pays came in the place of others (ID-21)."""

    @property
    def reasons(self) -> tuple[Outcome, ...]:
        """The rules that said no."""
        return tuple(outcome for outcome in self.outcomes if outcome.stops)


def outcomes(answer: Answer) -> tuple[Outcome, ...]:
    """Every rule with what it said; what bars a decision says nothing where there is none."""
    decided = answer.rules >> _NO_AWARD.number & 1 == 0
    return tuple(
        Outcome(rule, bool(answer.rules >> rule.number & 1))
        for rule in RULES
        if decided or rule.effect is Effect.NOT_ENTITLED or rule is _NO_AWARD
    )


_NO_AWARD: Final = next(rule for rule in RULES if rule.id == "SUB-35/none")


def arithmetic(priced: PricedTariff | None, chosen: Combination | None) -> tuple[str, ...]:
    """How the amount comes about, step by step, as a clerk would write it down."""
    if priced is None or chosen is None:
        return ("没有适用的标准，待人工处理",)
    point = chosen.point
    row, base = next(
        (row, base) for row, base in zip(priced.tariff.rows, priced.amounts, strict=True) if applies(row.case, point)
    )
    assert base is not None, "a combination without an amount is not chosen"
    steps = [f"{chosen.zh}：每月标准 {_yuan(base)} 元"]
    if row.amount.parameter is not None:
        steps[0] += f"（{row.amount.parameter} 的 {row.amount.percent}%）"
    total, percent = base, Fraction(0)
    for supplement in priced.tariff.supplements:
        if applies(supplement.case, point):
            if supplement.percent is not None:
                percent += Fraction(supplement.percent)
                steps.append(f"加发 {supplement.percent}%")
            if supplement.fen is not None:
                total += supplement.fen
                steps.append(f"加发 {_yuan(Fraction(supplement.fen))} 元")
    total += base * percent / 100
    rounding = priced.tariff.rounding
    exact, fen = _yuan(total), rounded(total, rounding)
    steps.append(f"合计 {exact} 元，{_MODE_ZH[rounding.mode]}到 {Money(rounding.unit_fen)} 元：{Money(fen)} 元")
    return tuple(steps)


def _yuan(fen: Fraction) -> str:
    """An exact amount of yuan; four decimals where it has no end."""
    yuan = Decimal(fen.numerator) / Decimal(fen.denominator) / 100
    return f"{yuan:.4f}".rstrip("0").rstrip(".")


def documents_of(book: PolicyBook, county: str, month: Month, scheme: str) -> tuple[PolicyDocument, ...]:
    """The documents that say anything about a scheme in a county and month, the most specific first."""
    return tuple(document for document in book.concerning(county, month) if scheme in document.schemes)
