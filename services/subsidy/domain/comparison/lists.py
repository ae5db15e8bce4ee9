"""Lists of other bureaus: what each says of a person, and from which of its dates (DX-05 to DX-08).

A list tells of somebody from a day on. It decides nothing: what it says is compared, and somebody goes to look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

from shared.values.refusal import Refusal


class ListKind(StrEnum):
    """What a list is of. The three of deaths differ in time and completeness: all are kept (DX-05)."""

    DEATH_POLICE = "DEATH_POLICE"
    DEATH_HEALTH = "DEATH_HEALTH"
    CREMATION = "CREMATION"
    PRISON = "PRISON"
    HOUSEHOLD_MOVE = "HOUSEHOLD_MOVE"
    DIBAO_ROSTER = "DIBAO_ROSTER"
    DIBAO_EXIT = "DIBAO_EXIT"
    TEKUN = "TEKUN"
    WORK_INJURY_CARE = "WORK_INJURY_CARE"
    ORPHAN = "ORPHAN"
    UNATTENDED_FULL = "UNATTENDED_FULL"
    ELDER_NURSING = "ELDER_NURSING"
    PAID_ELSEWHERE = "PAID_ELSEWHERE"
    CERTIFICATES = "CERTIFICATES"
    CERTIFICATE_ALTERED = "CERTIFICATE_ALTERED"


@dataclass(frozen=True, slots=True)
class ListShape:
    """A list in words, and its dates: the first of ``dates`` that a row has is the day it tells of.

    ``dated``: whether a row must have one; without, the day of receipt counts.
    """

    zh: str
    en: str
    dates: tuple[str, ...]
    dated: bool = True


_DEATH: Final = ("died_on", "cremated_on", "day", "cancelled_on")
_SINCE: Final = ("since", "day")

SHAPES: Final = {
    ListKind.DEATH_POLICE: ListShape("公安户籍注销（死亡）", "deaths, police", _DEATH),
    ListKind.DEATH_HEALTH: ListShape("卫健死亡医学证明", "deaths, health", _DEATH),
    ListKind.CREMATION: ListShape("殡葬火化", "cremations", ("died_on", "cremated_on", "day")),
    ListKind.PRISON: ListShape("服刑人员", "prisoners", ("judged_on", "since", "day"), dated=False),
    ListKind.HOUSEHOLD_MOVE: ListShape("户籍迁出", "households moved out", ("moved_on", "cancelled_on", "day")),
    ListKind.DIBAO_ROSTER: ListShape("低保在册名单", "the dibao roster", _SINCE, dated=False),
    ListKind.DIBAO_EXIT: ListShape("低保退出名单", "exits from dibao", ("until", "day")),
    ListKind.TEKUN: ListShape("特困人员供养", "extreme hardship support", _SINCE),
    ListKind.WORK_INJURY_CARE: ListShape("工伤生活护理费", "work-injury care", _SINCE),
    ListKind.ORPHAN: ListShape("孤儿基本生活保障", "orphans", _SINCE),
    ListKind.UNATTENDED_FULL: ListShape("事实无人抚养儿童（全额）", "unattended children, in full", _SINCE),
    ListKind.ELDER_NURSING: ListShape("经济困难老年人护理补贴", "elder nursing subsidy", _SINCE),
    ListKind.PAID_ELSEWHERE: ListShape("外地两项补贴发放名单", "paid elsewhere", _SINCE),
    ListKind.CERTIFICATES: ListShape("残联全量残疾人证", "all certificates", ("issued_on", *_SINCE), dated=False),
    ListKind.CERTIFICATE_ALTERED: ListShape("残疾人证涉嫌变造线索", "certificates in doubt", ("day",), dated=False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """One row. Its person is named by number until the register has told who that is; then the number is gone.

    ``person_id``: None is nobody of the register. ``judged``: a judgment to imprisonment is told (SUB-41); not a
    suspended sentence or a detention (SUB-42).
    ``until``: the first day it no longer holds. ``card_state``: of a list of certificates.
    """

    number: str = field(repr=False)
    person_id: UUID | None = None
    dates: Mapping[str, date]
    until: date | None = None
    scheme: str | None = None
    amount_fen: int | None = None
    judged: bool = False
    category: int | None = None
    grade: int | None = None
    card_state: str | None = None
    expires_on: date | None = None

    def linked(self, person_id: UUID | None) -> ListRow:
        """With the person the register knows, and without the number."""
        return replace(self, number="", person_id=person_id)

    def day(self, kind: ListKind, today: date) -> date | None:
        """The day it tells of; None where a list of its kind need not. Raises `RowHasNoDay`, `DayLiesAhead`."""
        shape = SHAPES[kind]
        found = next((self.dates[name] for name in shape.dates if name in self.dates), None)
        if found is None and shape.dated:
            raise RowHasNoDay(fields=list(shape.dates))
        if found is not None and found > today:
            raise DayLiesAhead(given=found.isoformat(), latest=today.isoformat())
        return found


class RowHasNoDay(Refusal):
    """None of the dates a list of this kind tells of is filled in. Facts: fields."""

    code: ClassVar[str] = "list_row_has_no_day"


class DayLiesAhead(Refusal):
    """It tells of a day after today. Facts: given, latest."""

    code: ClassVar[str] = "list_day_lies_ahead"
