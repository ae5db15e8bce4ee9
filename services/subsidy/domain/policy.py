"""Policy as dated data: who is in scope, how much they get, what overlaps, how payment starts and stops.

A `PolicyDocument` belongs to a division (``*`` is the nation) and holds from a month on. It says only what it changes:
every *part* (a scheme's scope, its tariff, one overlap, one switch, one parameter …) is taken from the most specific
division that says anything about it, and there from the document that came into force last. The JSON form of a document
is these classes field by field; months are ``YYYY-MM``, days ``YYYY-MM-DD``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from services.subsidy.domain.person_facts import CarePlace, Economy, FactKind, SelfCare, Settlement


class Part:
    """What a document is made of. A schema library reads the attribute: unknown fields are refused, not passed over."""

    __slots__ = ()
    __pydantic_config__: ClassVar[Mapping[str, str]] = {"extra": "forbid"}


# --- who ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CardScope(Part):
    """Components of a disability in scope: any of these categories (all when None) with any of these grades."""

    grades: tuple[int, ...]
    categories: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomeScope(Part):
    """Households in scope: one of these classes, or an income of at most so many percent of the dibao standard."""

    classes: tuple[Economy, ...] = ()
    percent_max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage(Part):
    """Who a scheme is for. ``cards`` None: every valid card. ``income`` None: no test of income.

    ``requires``: kinds of facts (traits) that must all hold. ``care_need``: care for six
    months must be needed (SUB-03), which is so unless an assessment says NOT_NEEDED.
    """

    cards: tuple[CardScope, ...] | None = None
    income: IncomeScope | None = None
    requires: tuple[FactKind, ...] = ()
    care_need: bool = False


# --- how much -------------------------------------------------------------------------------------------------------


class Per(StrEnum):
    """What an amount is for."""

    MONTH = "MONTH"
    YEAR = "YEAR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Part):
    """A new amount from a month on."""

    since: str
    fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class YearlyIncrease(Part):
    """So much more each 1 January after the tariff began, the last time in ``last_year`` (READ-13)."""

    fen: int
    last_year: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount(Part):
    """An amount: fixed in fen (``fen``), or ``percent`` of a dated ``parameter`` of the division.

    A fixed one may change by ``steps`` or by a yearly ``increase``. ``per`` YEAR is divided by
    twelve, unless the scheme is due once a year.
    """

    fen: int | None = None
    percent: Decimal | None = None
    parameter: str | None = None
    per: Per = Per.MONTH
    steps: tuple[Step, ...] = ()
    increase: YearlyIncrease | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(Part):
    """To whom a row of a tariff applies; None: whatever it is. A person without a fact has none of the values.

    Category and grade are those of one component of the disability (READ-12).
    """

    categories: tuple[int, ...] | None = None
    grades: tuple[int, ...] | None = None
    self_care: tuple[SelfCare, ...] | None = None
    economy: tuple[Economy, ...] | None = None
    dibao_classes: tuple[int, ...] | None = None
    settlements: tuple[Settlement, ...] | None = None
    places: tuple[CarePlace, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffRow(Part):
    """The amount of one case. Of several rows that apply the first counts, so a last one may say "all others"."""

    case: Case
    amount: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplement(Part):
    """Added to the row's amount where the case applies: a percentage of it, or so many fen a month."""

    case: Case
    percent: Decimal | None = None
    fen: int | None = None


class RoundingMode(StrEnum):
    """What happens to the rest."""

    HALF_UP = "HALF_UP"
    DOWN = "DOWN"
    UP = "UP"
    HALF_EVEN = "HALF_EVEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTo(Part):
    """Rounded once per month, after all steps (READ-15): to this unit, in this way."""

    unit_fen: int = 100
    mode: RoundingMode = RoundingMode.HALF_UP


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff(Part):
    """Amounts of a scheme from ``since`` on (default: the first month of the document)."""

    rows: tuple[TariffRow, ...]
    supplements: tuple[Supplement, ...] = ()
    rounding: RoundTo = field(default_factory=RoundTo)
    since: str | None = None


# --- what else ------------------------------------------------------------------------------------------------------


class Overlap(StrEnum):
    """What another benefit does to a scheme."""

    EXCLUDE = "EXCLUDE"
    HIGHER = "HIGHER"
    STACK = "STACK"


class Frequency(StrEnum):
    """How often a scheme is due."""

    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"
    """Once a year, in ``due_month`` (1-12)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemePolicy(Part):
    """One scheme. A part left out is inherited; a scheme without ``coverage`` anywhere is not offered."""

    title_zh: str | None = None
    frequency: Frequency | None = None
    due_month: int | None = None
    coverage: Coverage | None = None
    tariff: Tariff | None = None
    overlaps: Mapping[FactKind, Overlap] = field(default_factory=dict)
    quota: int | None = None


class RestartBasis(StrEnum):
    """Where payment starts again after an expiry (SUB-47)."""

    APPLICATION_MONTH = "APPLICATION_MONTH"
    CARD_ISSUE_MONTH = "CARD_ISSUE_MONTH"


class RateChange(StrEnum):
    """When a higher amount takes effect (SUB-45, READ-06)."""

    ISSUE_MONTH = "ISSUE_MONTH"
    NEXT_MONTH = "NEXT_MONTH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches(Part):
    """Choices of RULES 4.10 and 11 a division may make; None: inherited."""

    restart_basis: RestartBasis | None = None
    rate_change_effective: RateChange | None = None
    expiry_inclusive: bool | None = None
    back_payment_months_max: int | None = None
    annual_confirmation: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition(Part):
    """A period in which expired cards go on counting (SUB-49, READ-10); both days included.

    It holds for its own days, whatever the months of the document, in the division and everything inside it.
    """

    first_day: date
    last_day: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated(Part):
    """The value of a parameter from a month on, such as the local dibao standard of a month."""

    since: str
    fen: int


class NoticeAt(StrEnum):
    """Where a notice is posted (SUB-22)."""

    VILLAGE = "VILLAGE"
    TOWNSHIP = "TOWNSHIP"
    COUNTY = "COUNTY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure(Part):
    """Time limits of an application in working days (SUB-22, SUB-25…27); None: inherited.

    A notice runs ``notice_days`` working days, or days of the calendar. The county's ``determination_days`` run to the
    beginning of the notice, ``closing_days`` from its end.
    """

    first_check_days: int | None = None
    review_days: int | None = None
    determination_days: int | None = None
    notice_days: int | None = None
    notice_in_calendar_days: bool | None = None
    notice_at: NoticeAt | None = None
    closing_days: int | None = None
    push_days: int | None = None
    remote_decision_days: int | None = None
    tell_days: int | None = None
    review_request_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDocument(Part):
    """What one division decided, from ``since`` on (``until``: the first month it no longer holds)."""

    division: str
    title: str
    legal_basis: str
    since: str
    until: str | None = None
    schemes: Mapping[str, SchemePolicy] = field(default_factory=dict)
    parameters: Mapping[str, tuple[Dated, ...]] = field(default_factory=dict)
    switches: Switches = field(default_factory=Switches)
    transitions: tuple[Transition, ...] = ()
    procedure: Procedure = field(default_factory=Procedure)
