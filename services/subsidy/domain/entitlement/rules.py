"""The list of rules: what says no, why, by what clause. This list *is* the documentation; it is rendered into the docs.

A *condition* tells the days of the month on which it is met. Who has a day on which all are met is entitled. A *bar*
is true where it keeps a decision from covering the month: it voids the award (READ-02), comes before its start, has
stopped it, or pauses it. A month that is covered and entitled is due. The number of a rule is its bit in the answers
and never changes; new rules are appended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, false, func, or_

from services.subsidy.domain.entitlement.algebra import ZERO, mask
from services.subsidy.domain.entitlement.claims import ClaimKind
from services.subsidy.domain.person_facts import BENEFITS, FactKind

Bool = ColumnElement[bool]
Days = ColumnElement[int]

CARD_EVENTS: Final = (FactKind.CARD_FROZEN, FactKind.CARD_CANCELLED)
GROUNDS: Final[dict[str, tuple[FactKind, ...]]] = {
    "death": (FactKind.DEATH,),
    "frozen": (FactKind.CARD_FROZEN,),
    "cancelled": (FactKind.CARD_CANCELLED,),
    "tekun": (FactKind.TEKUN,),
    "work_injury": (FactKind.WORK_INJURY_CARE,),
    "orphan": (FactKind.ORPHAN,),
    "unattended": (FactKind.UNATTENDED_FULL,),
    "other_benefit": tuple(
        kind
        for kind in BENEFITS
        if kind not in {FactKind.TEKUN, FactKind.WORK_INJURY_CARE, FactKind.ORPHAN, FactKind.UNATTENDED_FULL}
    ),
    "prison": (FactKind.PRISON,),
    "missing": (FactKind.DECLARED_MISSING,),
    "fraud": (FactKind.FRAUD,),
    "own_wish": (FactKind.OWN_WISH,),
    "unconfirmed": (FactKind.CONFIRMATION_MISSED,),
}
"""Kinds of facts that block days and stop awards, under the word the rules use for them."""


class Case:
    """A claim and what is known about it: the columns of `cases.cases`, in the words of the rules."""

    def __init__(self, columns: Any) -> None:
        self._columns = columns

    def __getattr__(self, name: str) -> Any:
        return self._columns[name]

    @property
    def is_home(self) -> Bool:
        """Nothing was decided: the claim rests on living there."""
        return self.kind == ClaimKind.HOME.value  # type: ignore[no-any-return] # a column

    @property
    def is_back_payment(self) -> Bool:
        """A month before the award, granted (SUB-48)."""
        return self.kind == ClaimKind.BACK_PAYMENT.value  # type: ignore[no-any-return] # a column

    def free_of(self, ground: str) -> Days:
        """Days on which no fact of the ground stands."""
        blocked: Days = func.coalesce(self._columns[f"blocked_{ground}"], ZERO)
        return self.full.bitwise_and(blocked.bitwise_not())  # type: ignore[no-any-return] # a column

    def stopped_by(self, ground: str) -> Bool:
        """A fact of the ground touches the award and happened in an earlier month (SUB-38, READ-01)."""
        return self.touching.bitwise_and(mask(GROUNDS[ground])) != 0  # type: ignore[no-any-return] # a column

    def refused_by(self, *grounds: str) -> Bool:
        """A fact of one of the grounds held on the day of the application."""
        kinds = mask(kind for ground in grounds for kind in GROUNDS[ground])
        return self.refusing.bitwise_and(kinds) != 0  # type: ignore[no-any-return] # a column

    def given(self, condition: Any) -> Bool:
        """A condition that must be known to hold."""
        return func.coalesce(condition, false())


class Effect(StrEnum):
    """What a rule does to a month."""

    NOT_ENTITLED = "NOT_ENTITLED"
    """Facts and policy do not give it on any day."""
    VOID = "VOID"
    """The application would have to be refused (READ-02): its award gives nothing."""
    NOT_COVERED = "NOT_COVERED"
    """No decision covers the month."""
    STOPPED = "STOPPED"
    """The award was stopped in an earlier month."""
    PAUSED = "PAUSED"
    """Covered, but paused by a person."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule with its clause and the reason told to people."""

    number: int
    id: str
    clause: str
    effect: Effect
    reason_zh: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class Condition(Rule):
    """Met on ``days`` of the month."""

    days: Callable[[Case], Days]


@dataclass(frozen=True, slots=True)
class Bar(Rule):
    """Bars where ``bars`` is true."""

    bars: Callable[[Case], Bool]


_LAW: Final = "国发〔2015〕52号"
_TIMELY: Final = "民发〔2021〕70号"
_PRECISE: Final = "民发〔2022〕79号"


def _condition(  # noqa: PLR0917 - a row of the list below
    number: int, rule_id: str, clause: str, zh: str, en: str, days: Callable[[Case], Days]
) -> Condition:
    return Condition(number, rule_id, clause, Effect.NOT_ENTITLED, zh, en, days)


def _free(  # noqa: PLR0917 - a row of the list below
    number: int, rule_id: str, clause: str, ground: str, zh: str, en: str
) -> Condition:
    return _condition(number, rule_id, clause, zh, en, lambda c: c.free_of(ground))


def _stop(  # noqa: PLR0917 - a row of the list below
    number: int, rule_id: str, clause: str, ground: str, zh: str, en: str
) -> Bar:
    return Bar(number, rule_id, clause, Effect.STOPPED, zh, en, lambda c: c.stopped_by(ground))


def _lost(  # noqa: PLR0917 - a row of the list below
    number: int, rule_id: str, clause: str, column: str, zh: str, en: str
) -> Bar:
    return Bar(number, rule_id, clause, Effect.STOPPED, zh, en, lambda c: getattr(c, column).is_not(None))


def _refusal(  # noqa: PLR0917 - a row of the list below
    number: int, rule_id: str, clause: str, zh: str, en: str, bars: Callable[[Case], Bool]
) -> Bar:
    return Bar(number, rule_id, clause, Effect.VOID, zh, en, lambda c: and_(~c.is_home, bars(c)))


CONDITIONS: Final = (
    _condition(
        0,
        "SUB-15",
        f"{_LAW}、民发〔2016〕99号",
        "本地区当月未设立该补贴",
        "the scheme is not offered here in this month",
        lambda c: case((c.regime.is_(None), ZERO), else_=c.full),
    ),
    _condition(
        1,
        "SUB-18",
        f"{_LAW}；{_TIMELY}",
        "当月没有在有效期内的残疾人证",
        "no certificate within its dates on any day of the month",
        lambda c: func.coalesce(c.card_days, ZERO),
    ),
    _condition(
        2,
        "SUB-02",
        f"{_LAW}第二条",
        "残疾类别、等级不在补贴范围",
        "category and grade are not in scope",
        lambda c: func.coalesce(c.scope_days, ZERO),
    ),
    _condition(
        3,
        "SUB-01",
        f"{_LAW}第二条",
        "家庭经济状况不在补贴范围（非低保等）",
        "the household's income is not in scope",
        lambda c: func.coalesce(c.income_days, ZERO),
    ),
    _condition(
        4,
        "SUB-03",
        f"{_LAW}第二条",
        "评估认定不需要长期照护（六个月以上）",
        "care for six months or more is not needed",
        lambda c: func.coalesce(c.need_days, ZERO),
    ),
    _condition(
        5,
        "TRAIT",
        "本地区政策",
        "不具备该补贴要求的条件",
        "what the scheme requires is missing",
        lambda c: func.coalesce(c.trait_days, ZERO),
    ),
    _condition(
        6,
        "PERIOD",
        "本地区政策",
        "该补贴每年只在规定月份计发",
        "the scheme is due once a year, in another month",
        lambda c: case((c.due_month != c.calendar, ZERO), else_=c.full),
    ),
    _free(7, "SUB-07", _LAW, "tekun", "已享受特困人员救助供养", "supported as a person in extreme hardship"),
    _free(8, "SUB-08", _LAW, "work_injury", "已领取工伤保险生活护理费", "draws work-injury living care"),
    _free(9, "SUB-09", _PRECISE, "orphan", "已享受孤儿基本生活保障", "draws orphan basic security"),
    _free(
        10, "SUB-10", _PRECISE, "unattended", "已全额享受事实无人抚养儿童保障", "draws full unattended-child security"
    ),
    _free(
        11,
        "SUB-16",
        "本地区政策",
        "other_benefit",
        "已享受与本补贴不能同时享受的待遇",
        "draws a benefit that excludes it",
    ),
    _free(12, "SUB-38/death", _LAW, "death", "已死亡", "has died"),
    _free(13, "SUB-38/frozen", _TIMELY, "frozen", "残疾人证已冻结", "the certificate is frozen"),
    _free(14, "SUB-38/cancelled", _TIMELY, "cancelled", "残疾人证已注销", "the certificate is cancelled"),
    _free(15, "SUB-41", "地方停发规定", "prison", "正在监狱服刑", "serves a sentence in prison"),
    _free(16, "SUB-43/missing", "地方停发规定", "missing", "已宣告失踪", "declared missing"),
    _free(17, "SUB-43/fraud", "地方停发规定", "fraud", "已查实骗取补贴", "fraud established"),
    _free(18, "SUB-43/wish", "地方停发规定", "own_wish", "本人自愿放弃", "gave it up by own wish"),
    _free(19, "SUB-75", "广东省规定", "unconfirmed", "未按时进行年度资格确认", "annual confirmation missed"),
)

BARS: Final = (
    Bar(
        24,
        "SUB-35/none",
        f"{_LAW}第四条",
        Effect.NOT_COVERED,
        "没有经认定的申请",
        "no application was determined",
        lambda c: c.is_home,
    ),
    Bar(
        25,
        "SUB-35/start",
        f"{_LAW}第四条；{_PRECISE}",
        Effect.NOT_COVERED,
        "早于起发月份（申请当月起计发）",
        "before the first month due",
        lambda c: and_(~c.is_home, ~c.is_back_payment, c.start > c.number),
    ),
    Bar(
        26,
        "SUB-48",
        f"{_TIMELY}；{_PRECISE}",
        Effect.NOT_COVERED,
        "不在准予补发的月份内（到期后重新办证前的三个月）",
        "not one of the months a back-payment covers",
        lambda c: and_(
            c.is_back_payment,
            or_(c.gap_on.is_(None), c.gap_on >= c.first, c.number >= c.start, c.number < c.back_from),
        ),
    ),
    _refusal(
        27,
        "READ-18",
        _TIMELY,
        "申请当日没有有效的残疾人证",
        "no valid certificate on the day of the application",
        lambda c: ~c.had_card,
    ),
    _refusal(
        28,
        "READ-02/grade",
        f"{_LAW}第二条",
        "申请当日残疾类别、等级不在补贴范围",
        "category and grade were not in scope on the day of the application",
        lambda c: ~c.was_in_scope,
    ),
    _refusal(
        29,
        "READ-02/income",
        f"{_LAW}第二条",
        "申请当日家庭经济状况不在补贴范围",
        "the income was not in scope on the day of the application",
        lambda c: ~c.had_income,
    ),
    _refusal(
        30,
        "READ-02/need",
        f"{_LAW}第二条",
        "申请当日不具备长期照护需要或其他条件",
        "care need or a required condition was missing on the day of the application",
        lambda c: or_(~c.had_need, ~c.had_traits),
    ),
    _refusal(
        31,
        "READ-02/benefit",
        _LAW,
        "申请当日已享受不能同时享受的待遇",
        "an excluding benefit ran on the day of the application",
        lambda c: c.refused_by("tekun", "work_injury", "orphan", "unattended", "other_benefit"),
    ),
    _refusal(
        32,
        "READ-02/card",
        _TIMELY,
        "申请当日残疾人证已冻结或注销",
        "the certificate was frozen or cancelled on the day of the application",
        lambda c: c.refused_by("frozen", "cancelled"),
    ),
    _refusal(
        33,
        "READ-02/person",
        _LAW,
        "申请当日已死亡、服刑、宣告失踪或已查实骗取",
        "dead, in prison, missing or found a fraud on the day of the application",
        lambda c: c.refused_by("death", "prison", "missing", "fraud"),
    ),
    _refusal(
        34,
        "READ-02/scheme",
        "本地区政策",
        "申请当月本地区未设立该补贴",
        "the scheme was not offered in the month of the application",
        lambda c: c.regime_then.is_(None),
    ),
    _lost(35, "SUB-40", _TIMELY, "expired_on", "残疾人证到期，次月起停发", "the certificate expired"),
    _lost(
        36, "SUB-45", _TIMELY, "out_of_scope_on", "换发后类别、等级不在范围，次月起停发", "a new card is out of scope"
    ),
    _lost(37, "SUB-39", _LAW, "income_lost_on", "退出低保等范围，次月起停发", "the household left the scope of income"),
    _lost(38, "SUB-03/lost", _LAW, "need_lost_on", "不再需要长期照护，次月起停发", "care is needed no more"),
    _lost(
        39,
        "TRAIT/lost",
        "本地区政策",
        "trait_lost_on",
        "不再具备要求的条件，次月起停发",
        "a required condition was lost",
    ),
    _lost(40, "SUB-38/moved", _TIMELY, "moved_on", "户籍迁出，次月起停发", "the household moved out"),
    _stop(41, "SUB-38/dead", _LAW, "death", "死亡，次月起停发", "died"),
    _stop(42, "SUB-38/froze", _TIMELY, "frozen", "残疾人证冻结，次月起停发", "the certificate was frozen"),
    _stop(43, "SUB-38/cancel", _TIMELY, "cancelled", "残疾人证注销，次月起停发", "the certificate was cancelled"),
    _stop(44, "SUB-07/stop", _LAW, "tekun", "纳入特困供养，次月起停发", "became a person in extreme hardship"),
    _stop(45, "SUB-08/stop", _LAW, "work_injury", "领取工伤护理费，次月起停发", "began to draw work-injury care"),
    _stop(46, "SUB-09/stop", _PRECISE, "orphan", "纳入孤儿保障，次月起停发", "began to draw orphan security"),
    _stop(
        47,
        "SUB-10/stop",
        _PRECISE,
        "unattended",
        "纳入事实无人抚养儿童保障，次月起停发",
        "began to draw child security",
    ),
    _stop(
        48,
        "SUB-16/stop",
        "本地区政策",
        "other_benefit",
        "享受其他待遇，次月起停发",
        "began to draw an excluding benefit",
    ),
    _stop(49, "SUB-41/stop", "地方停发规定", "prison", "入狱服刑，判决生效次月起停发", "a prison sentence took effect"),
    _stop(50, "SUB-43/lost", "地方停发规定", "missing", "宣告失踪，次月起停发", "was declared missing"),
    _stop(51, "SUB-77", _PRECISE, "fraud", "查实骗取，次月起停发", "fraud was established"),
    _stop(52, "SUB-43/gave-up", "地方停发规定", "own_wish", "自愿放弃，次月起停发", "gave it up"),
    _stop(53, "SUB-75/stop", "广东省规定", "unconfirmed", "未确认，次月起停发", "missed the annual confirmation"),
    Bar(54, "PAUSE", "人工暂停决定", Effect.PAUSED, "已人工暂停", "paused by a person", lambda c: c.paused),
)

ONE_DAY: Final = Rule(
    20,
    "ONE-DAY",
    "4.9",
    Effect.NOT_ENTITLED,
    "各项条件没有在同一天全部具备",
    "the conditions are not met together on any day",
)
HIGHER: Final = Rule(
    21, "SUB-11", _PRECISE, Effect.NOT_ENTITLED, "已按就高原则领取其他护理补贴", "another payment of the kind is higher"
)
NO_RATE: Final = Rule(
    22,
    "READ-14",
    "READ-14",
    Effect.NOT_ENTITLED,
    "符合条件但没有适用的标准，待人工处理",
    "eligible, but there is no rate",
)
RULES: Final[tuple[Rule, ...]] = tuple(
    sorted((*CONDITIONS, *BARS, ONE_DAY, HIGHER, NO_RATE), key=lambda rule: rule.number)
)
