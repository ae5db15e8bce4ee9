"""What is known about a person: dated facts, each with the days it holds, its source and when we learned it.

A fact holds on the days ``valid_from <= day < valid_to``; ``valid_to`` is the first day it is over (the day of release,
of unfreezing, the first day without dibao), None while it goes on. Nothing is overwritten: a correction is a further
revision of the same ``fact_id``, a withdrawal says that the fact was wrong, and what was known before stays on record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, StrEnum
from typing import Final
from uuid import UUID

from services.subsidy.domain.errors import FactDoesNotFit, FactIsTheRegisters


class Nature(Enum):
    """What facts of a kind are to a decision."""

    LEVEL = "level"
    """One value a day; several sources may contradict each other, and then one of them stands."""
    BENEFIT = "benefit"
    """Another payment; the overlap matrix of the policy says what it does to a scheme (SUB-07…16)."""
    STOP = "stop"
    """Stops money from the month after its first day, whatever the policy (RULES 4.9)."""
    TRAIT = "trait"
    """Something a scheme may require."""
    NOTE = "note"
    """Shown and flagged; decides nothing by itself."""


class FactKind(StrEnum):
    """Every kind of fact, in the order of its number in the database (never reordered, only appended to)."""

    # Levels
    ECONOMY = "ECONOMY"
    """Income class of the household; `Fact.value` is an `Economy`."""
    SETTLEMENT = "SETTLEMENT"
    """Urban or rural household; `Settlement`."""
    SELF_CARE = "SELF_CARE"
    """`SelfCare`."""
    CARE_PLACE = "CARE_PLACE"
    """`CarePlace`."""
    CARE_NEED = "CARE_NEED"
    """Whether care is needed for six months or more (SUB-03); `CareNeed`."""
    # Other benefits
    TEKUN = "TEKUN"
    WORK_INJURY_CARE = "WORK_INJURY_CARE"
    ORPHAN = "ORPHAN"
    UNATTENDED_FULL = "UNATTENDED_FULL"
    UNATTENDED_PARTIAL = "UNATTENDED_PARTIAL"
    ELDER_NURSING = "ELDER_NURSING"
    ELDER_SERVICE = "ELDER_SERVICE"
    OLD_AGE_ALLOWANCE = "OLD_AGE_ALLOWANCE"
    ELDER_LIVING = "ELDER_LIVING"
    WORK_DISABILITY_LIVING = "WORK_DISABILITY_LIVING"
    WORK_DISABILITY_NURSING = "WORK_DISABILITY_NURSING"
    LIXIU_LIVING = "LIXIU_LIVING"
    LIXIU_NURSING = "LIXIU_NURSING"
    DISABLED_SERVICEMAN = "DISABLED_SERVICEMAN"
    # Stops
    DEATH = "DEATH"
    CARD_FROZEN = "CARD_FROZEN"
    CARD_CANCELLED = "CARD_CANCELLED"
    PRISON = "PRISON"
    """From the day the judgment takes effect to the day of release (SUB-41)."""
    DECLARED_MISSING = "DECLARED_MISSING"
    FRAUD = "FRAUD"
    """Dated the day it is established (READ-16)."""
    OWN_WISH = "OWN_WISH"
    CONFIRMATION_MISSED = "CONFIRMATION_MISSED"
    # Traits
    MOTOR_WHEELCHAIR = "MOTOR_WHEELCHAIR"
    # Notes
    REISSUE_REQUEST = "REISSUE_REQUEST"
    """A re-issue for a change of category or grade was asked for on ``valid_from``; ``valid_to`` is the day it was
    refused or withdrawn, None while it is pending or when the new card was issued (SUB-44, READ-05)."""
    SUSPENDED_SENTENCE = "SUSPENDED_SENTENCE"
    DETENTION = "DETENTION"
    """Detention before judgment, community correction (SUB-42)."""

    @property
    def number(self) -> int:
        """Its number in the database and its bit in masks, from 0."""
        return NUMBER[self]

    @property
    def nature(self) -> Nature:
        """What it is to a decision."""
        return NATURE[self]


NUMBER: Final = {kind: number for number, kind in enumerate(FactKind)}
LEVELS: Final = (
    FactKind.ECONOMY,
    FactKind.SETTLEMENT,
    FactKind.SELF_CARE,
    FactKind.CARE_PLACE,
    FactKind.CARE_NEED,
)
BENEFITS: Final = tuple(FactKind)[FactKind.TEKUN.number : FactKind.DEATH.number]
STOPS: Final = tuple(FactKind)[FactKind.DEATH.number : FactKind.MOTOR_WHEELCHAIR.number]
TRAITS: Final = (FactKind.MOTOR_WHEELCHAIR,)
NATURE: Final = {
    kind: Nature.LEVEL
    if kind in LEVELS
    else Nature.BENEFIT
    if kind in BENEFITS
    else Nature.STOP
    if kind in STOPS
    else Nature.TRAIT
    if kind in TRAITS
    else Nature.NOTE
    for kind in FactKind
}

OF_THE_REGISTER: Final = frozenset({FactKind.DEATH, FactKind.CARD_FROZEN, FactKind.CARD_CANCELLED})
"""The register alone tells of these."""
_DIBAO_CLASSES: Final = range(1, 5)
AMOUNT_FEN_MAX: Final = 10_000_000
INCOME_PERCENT_MAX: Final = 1_000


class Economy(StrEnum):
    """Income class of a household, as civil affairs decided it."""

    DIBAO = "DIBAO"
    NEAR_DIBAO = "NEAR_DIBAO"
    LOW_INCOME = "LOW_INCOME"
    OTHER = "OTHER"


class Settlement(StrEnum):
    """Urban or rural."""

    URBAN = "URBAN"
    RURAL = "RURAL"


class SelfCare(StrEnum):
    """How far a person cannot care for themselves (T-ZJ)."""

    FULLY_UNABLE = "FULLY_UNABLE"
    MOSTLY_UNABLE = "MOSTLY_UNABLE"
    PARTLY_UNABLE = "PARTLY_UNABLE"
    ABLE = "ABLE"


class CarePlace(StrEnum):
    """Where care is given."""

    HOME = "HOME"
    INSTITUTION = "INSTITUTION"


class CareNeed(StrEnum):
    """The result of an assessment of long-term care need."""

    NEEDED = "NEEDED"
    NOT_NEEDED = "NOT_NEEDED"


VALUES: Final[dict[FactKind, type[StrEnum]]] = {
    FactKind.ECONOMY: Economy,
    FactKind.SETTLEMENT: Settlement,
    FactKind.SELF_CARE: SelfCare,
    FactKind.CARE_PLACE: CarePlace,
    FactKind.CARE_NEED: CareNeed,
}
"""The values of each level; facts of other kinds have none."""


class Source(StrEnum):
    """Where a fact comes from, best first: where levels contradict each other, the better source stands."""

    REGISTRY = "REGISTRY"
    COURT = "COURT"
    PUBLIC_SECURITY = "PUBLIC_SECURITY"
    CIVIL_AFFAIRS = "CIVIL_AFFAIRS"
    HUMAN_RESOURCES = "HUMAN_RESOURCES"
    HEALTH = "HEALTH"
    VETERANS = "VETERANS"
    FEDERATION = "FEDERATION"
    TOWNSHIP = "TOWNSHIP"
    APPLICANT = "APPLICANT"

    @property
    def rank(self) -> int:
        """0 is the best."""
        return RANK[self]


RANK: Final = {source: rank for rank, source in enumerate(Source)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One fact about one person.

    ``amount_fen`` per month: of a benefit. ``dibao_class`` 1-4 and ``income_percent`` (household income as a percentage
    of the local dibao standard): of an `ECONOMY` fact. ``scheme``: stops of one scheme only; None is every scheme.
    ``reason``: the code the register gave a freeze or cancellation (RULES 3.2). ``verified``: what is not verified is
    shown and flagged, and decides nothing (READ-22).
    """

    fact_id: UUID
    person_id: UUID
    kind: FactKind
    valid_from: date
    valid_to: date | None = None
    value: str | None = None
    amount_fen: int | None = None
    dibao_class: int | None = None
    income_percent: int | None = None
    scheme: str | None = None
    reason: str | None = None
    source: Source = Source.CIVIL_AFFAIRS
    verified: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A fact as it was told at a moment. ``division``: of the person then, for the scope of readers."""

    fact: Fact
    revision: int
    division: str
    withdrawn: bool = False
    recorded_at: datetime | None = None
    recorded_by: str = ""


_SCHEME_CODE: Final = re.compile(r"[a-z][a-z0-9_]{1,39}")


def must_fit(fact: Fact) -> None:
    """Raise `FactDoesNotFit` where the fields of a fact do not go with its kind, `FactIsTheRegisters` for its kinds."""
    if fact.kind in OF_THE_REGISTER:
        raise FactIsTheRegisters(kind=fact.kind.value)
    for field, wrong, zh, en in _misfits(fact):
        if wrong:
            raise FactDoesNotFit(kind=fact.kind.value, field=field, zh=zh, en=en)


def _misfits(fact: Fact) -> Iterator[tuple[str, bool, str, str]]:
    values = VALUES.get(fact.kind)
    poor = fact.kind is FactKind.ECONOMY
    yield (
        "value",
        fact.value is not None if values is None else fact.value not in set(values),
        "该种事实的取值不正确" if values else "该种事实不应有取值",
        "not a value of this kind" if values else "facts of this kind have no value",
    )
    yield (
        "amount_fen",
        fact.amount_fen is not None
        and (fact.kind.nature is not Nature.BENEFIT or not 0 <= fact.amount_fen <= AMOUNT_FEN_MAX),
        "只有其他待遇可以写明每月金额，为 0 至 100000 元",
        "only other benefits have an amount, of 0 to 100,000 yuan",
    )
    yield (
        "dibao_class",
        fact.dibao_class is not None and (fact.value != Economy.DIBAO or fact.dibao_class not in _DIBAO_CLASSES),
        "只有低保家庭可以写明低保类别（1 至 4）",
        "only a dibao household has a class, 1 to 4",
    )
    yield (
        "income_percent",
        fact.income_percent is not None and (not poor or not 0 <= fact.income_percent <= INCOME_PERCENT_MAX),
        "只有家庭经济状况可以写明收入比例，为 0 至 1000",
        "only the economy of a household has a percentage, of 0 to 1000",
    )
    yield (
        "scheme",
        fact.scheme is not None and (fact.kind.nature is not Nature.STOP or not _SCHEME_CODE.fullmatch(fact.scheme)),
        "只有停发事项可以限定补贴种类，且须写明其代码",
        "only what stops money may name a scheme, by its code",
    )
    yield (
        "valid_to",
        fact.valid_to is not None and fact.valid_to <= fact.valid_from,
        "终止日期应晚于起始日期（终止日期为不再成立的第一天）",
        "it ends after it begins: the first day on which it no longer holds",
    )
