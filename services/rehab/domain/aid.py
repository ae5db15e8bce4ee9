"""Aid programmes are data (RULES 10): who pays, for whom, how many, what is given how often, and how it is accepted.

One model for surgery, medicine, devices, adaptation of homes, day care, workshops, training, insurance, contracts and
referrals: a programme is a document that takes two persons to put in force, never code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from services.rehab.domain.aid_errors import AidItemUnknown, AidOutsidePeriod, AidTooExpensive
from services.rehab.domain.measures import AgeBand
from shared.values.dates import ONE_DAY, add_months
from shared.values.division import Division
from shared.values.document_faults import Fault, blank_faults
from shared.values.invalid import InvalidValue
from shared.values.month import Month

ITEMS_MAX: Final = 50


class Funding(StrEnum):
    """Where the money comes from."""

    CENTRAL = "CENTRAL"
    PROVINCIAL = "PROVINCIAL"
    LOCAL = "LOCAL"
    LOTTERY = "LOTTERY"
    EMPLOYMENT_LEVY = "EMPLOYMENT_LEVY"
    MEDICAL_INSURANCE = "MEDICAL_INSURANCE"
    CHARITY = "CHARITY"


class Purchase(StrEnum):
    """How it is bought (政府购买服务); a grant goes to the person, an own deed costs nothing."""

    TENDER = "TENDER"
    CONTRACT = "CONTRACT"
    GRANT = "GRANT"
    OWN = "OWN"


class Counting(StrEnum):
    """What the quota limits: persons ever served, or places at a time, which somebody else takes when they are free."""

    PERSONS = "PERSONS"
    PLACES = "PLACES"


class Every(StrEnum):
    """How soon the same item may be given to the same person again."""

    ONCE = "ONCE"
    LIFE = "LIFE"
    YEAR = "YEAR"
    MONTH = "MONTH"
    DAY = "DAY"


@dataclass(frozen=True, slots=True, kw_only=True)
class AidItem:
    """Something that is given. Two programmes that give the same ``code`` give the same thing: REH-45 holds over both.

    ``stages``: what must be on record before it is delivered, in this order (survey, design, work). ``serial``: it has
    a number of its own. ``measured``: nobody accepts it without saying what it brought.
    """

    code: str
    name: str
    most_fen: int
    every: Every
    life_months: int | None = None
    stages: tuple[str, ...] = ()
    serial: bool = False
    measured: bool = False

    def covers(self, day: date) -> tuple[date, date | None]:
        """From the first day to the day before the second: how long somebody has it, None for good (REH-45)."""
        match self.every:
            case Every.ONCE:
                return day, None
            case Every.LIFE:
                assert self.life_months is not None
                return day, add_months(day, self.life_months)
            case Every.YEAR:
                return date(day.year, 1, 1), date(day.year + 1, 1, 1)
            case Every.MONTH:
                return Month.of(day).first_day, Month.of(day).next().first_day
            case Every.DAY:
                return day, day + ONE_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualifies:
    """Whom it is for. ``holders``: only with a valid certificate of one of the categories and grades.

    The register's copy knows no birthday: whoever enrols names the age band, where there are ``age_bands``.
    """

    holders: bool = True
    categories: tuple[int, ...] = (1, 2, 3, 4, 5, 6)
    grades: tuple[int, ...] = (1, 2, 3, 4)
    age_bands: tuple[AgeBand, ...] = ()

    @property
    def pattern(self) -> str:
        """What one component of a certificate looks like (ID-13: ``4:2;6:3``)."""
        categories, grades = ("".join(map(str, sorted(each))) for each in (self.categories, self.grades))
        return f"(^|;)[{categories}]:[{grades}](;|$)"


@dataclass(frozen=True, slots=True, kw_only=True)
class AidProgramme:
    """A programme of a division, for a time. ``basis``: the document behind it; ``contract``: of what is bought.

    ``confidential``: who is in it is for few to see, as with mental cases (REH-60).
    """

    division: str
    code: str
    title: str
    basis: str
    funding: Funding
    purchase: Purchase
    begins_on: date
    ends_on: date
    quota: int
    budget_fen: int
    items: tuple[AidItem, ...]
    counting: Counting = Counting.PERSONS
    qualifies: Qualifies = Qualifies()
    contract: str = ""
    most_per_person_fen: int | None = None
    confidential: bool = False

    def item(self, code: str) -> AidItem:
        """Raise `AidItemUnknown`."""
        found = next((each for each in self.items if each.code == code), None)
        if found is None:
            raise AidItemUnknown(given=code)
        return found

    def must_give(self, code: str, amount_fen: int, day: date) -> AidItem:
        """The item, where it may be given on the day for that. Raises `AidOutsidePeriod`, `AidTooExpensive`."""
        item = self.item(code)
        if not self.begins_on <= day <= self.ends_on:
            raise AidOutsidePeriod(
                day=day.isoformat(), begins_on=self.begins_on.isoformat(), ends_on=self.ends_on.isoformat()
            )
        if amount_fen > item.most_fen:
            raise AidTooExpensive(given=amount_fen, most=item.most_fen)
        return item


def faults(programme: AidProgramme) -> list[Fault]:
    """Everything that is wrong with a programme."""
    return [
        *_division_faults(programme.division),
        *blank_faults(code=programme.code, title=programme.title, basis=programme.basis),
        *_money_faults(programme),
        *_qualifying_faults(programme.qualifies),
        *_item_faults(programme),
    ]


def _division_faults(division: str) -> Iterator[Fault]:
    """Any division has programmes: a township's day centre as well as a province's mission."""
    try:
        Division(division)
    except InvalidValue:
        yield Fault("/division", "应为区划代码", "a division's code")


def _money_faults(programme: AidProgramme) -> Iterator[Fault]:
    if programme.ends_on < programme.begins_on:
        yield Fault("/ends_on", "不能早于开始日期", "before the first day")
    if programme.quota < 1:
        yield Fault("/quota", "至少为 1", "at least 1")
    if programme.budget_fen < 0:
        yield Fault("/budget_fen", "不能为负", "not below nothing")
    if (programme.most_per_person_fen or 0) < 0:
        yield Fault("/most_per_person_fen", "不能为负", "not below nothing")
    if programme.purchase in {Purchase.TENDER, Purchase.CONTRACT} and not programme.contract.strip():
        yield Fault("/contract", "招标或合同采购须填写合同或标书编号", "what is bought has a contract or a tender")


def _qualifying_faults(qualifies: Qualifies) -> Iterator[Fault]:
    for name, given, known in (
        ("categories", qualifies.categories, range(1, 7)),
        ("grades", qualifies.grades, range(1, 5)),
    ):
        if not given or not set(given) <= set(known):
            yield Fault(f"/qualifies/{name}", f"应为 {known[0]} 至 {known[-1]}", f"some of {known[0]} to {known[-1]}")


def _item_faults(programme: AidProgramme) -> Iterator[Fault]:
    items = programme.items
    if not 1 <= len(items) <= ITEMS_MAX:
        yield Fault("/items", f"应有 1 至 {ITEMS_MAX} 项", f"1 to {ITEMS_MAX} items")
    if len({item.code for item in items}) < len(items):
        yield Fault("/items", "项目代码重复", "two items of one code")
    for at, item in enumerate(items):
        where = f"/items/{at}"
        if not item.code.strip() or not item.name.strip():
            yield Fault(where, "代码和名称不能为空", "code and name must not be empty")
        if item.most_fen < 0:
            yield Fault(f"{where}/most_fen", "不能为负", "not below nothing")
        if (item.every is Every.LIFE) != (item.life_months is not None and item.life_months > 0):
            yield Fault(
                f"{where}/life_months",
                "按使用年限的项目须填写月数，其他项目不填",
                "months where it lasts, and only there",
            )
        if item.stages and item.every not in {Every.ONCE, Every.LIFE}:
            yield Fault(f"{where}/stages", "分阶段的项目不能按年、月、日重复", "what goes by stages is not repeated")
        if len(set(item.stages)) < len(item.stages):
            yield Fault(f"{where}/stages", "阶段重复", "a stage twice")
