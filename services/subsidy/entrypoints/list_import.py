"""Import of lists from other bureaus, as they come: any of their titles, days in any writing, several sheets.

Whom a row is about is asked of the register, a chunk at a time and before anything is written: the number is never
kept here. Most of a bureau's people are on no register of disabled persons; their rows change nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from services.subsidy.adapters.comparison import entries
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.comparison.lists import SHAPES, ListKind, ListRow
from services.subsidy.entrypoints.http.problems import TEXTS
from shared.kit.clients import ServiceIsUnavailable
from shared.kit.imports import Applied, Import, Parsed
from shared.kit.jobs import may_pass
from shared.kit.spreadsheets import CellFault, Column, Row
from shared.values.award import TWO_SUBSIDIES, Scheme
from shared.values.dates import DayIsInvalid, parse_day
from shared.values.division import Scope
from shared.values.identity_number import IdentityNumber
from shared.values.invalid import InvalidValue
from shared.values.money import Money
from shared.values.refusal import Refusal

Linked = Callable[[Sequence[IdentityNumber]], Awaitable[Sequence[UUID | None]]]
"""Who bears some numbers, in their order."""

T = TypeVar("T")
_NUMBER: Final = Column(
    "number",
    "公民身份号码",
    ("身份证号", "身份证号码", "身份证", "证件号码", "证件号", "居民身份证号", "居民身份证号码", "身份号码"),
)
_DATES: Final = (
    Column("died_on", "死亡日期", ("死亡时间", "死亡年月日", "去世日期"), required=False),
    Column("cremated_on", "火化日期", ("火化时间",), required=False),
    Column("cancelled_on", "注销日期", ("户口注销日期", "销户日期", "注销时间", "户籍注销日期"), required=False),
    Column("judged_on", "判决生效日期", ("判决日期", "生效日期", "判决时间", "收监日期", "入狱日期"), required=False),
    Column("moved_on", "迁出日期", ("迁移日期", "迁出时间", "户口迁出日期"), required=False),
    Column("issued_on", "发证日期", ("签发日期", "发证时间", "首次发证日期"), required=False),
    Column(
        "since",
        "起始日期",
        ("享受起始日期", "享受补贴起始月份", "起始月份", "起始时间", "开始日期", "认定日期", "享受时间", "纳入日期"),
        required=False,
    ),
    Column(
        "until",
        "终止日期",
        ("截止日期", "结束日期", "停发日期", "退出日期", "退保日期", "取消日期", "刑满日期", "释放日期"),
        required=False,
    ),
    Column("day", "日期", ("事件日期", "发生日期", "数据日期", "线索日期"), required=False),
)
COLUMNS: Final = (
    _NUMBER,
    *_DATES,
    Column("scheme", "补贴种类", ("补贴类型", "补贴名称", "待遇名称"), required=False),
    Column("amount", "每月金额（元）", ("每月金额", "金额", "月补贴金额", "补贴金额", "发放金额"), required=False),
    Column("sentence", "刑罚种类", ("处罚类别", "刑种", "人员类别", "强制措施"), required=False),
    Column("category", "残疾类别", ("残疾类型", "类别"), required=False),
    Column("grade", "残疾等级", ("等级", "残疾级别"), required=False),
    Column("card_state", "证件状态", ("残疾人证状态", "状态", "持证状态"), required=False),
    Column("expires_on", "有效期至", ("有效期截止", "到期日期", "有效期止"), required=False),
)
_TITLE: Final = {column.field: column.title for column in COLUMNS}

_SERIAL: Final = range(10_000, 80_000)
"""What a spreadsheet program calls a day of the years 1927 to 2119, counted from the last but one of 1899."""
_EPOCH: Final = date(1899, 12, 30)
_MONTH: Final = re.compile(r"(\d{4})(?:[-/.年]?)(0?[1-9]|1[0-2])月?", re.ASCII)
_CLOCK: Final = re.compile(r"[ T]\d{1,2}:\d{2}(:\d{2})?(\.\d+)?$", re.ASCII)
_IMPRISONMENT: Final = ("有期徒刑", "无期徒刑", "死刑", "死缓")
_NOT_SERVED: Final = ("缓刑", "社区矫正", "假释", "监外")
_CATEGORIES: Final = {"视力": 1, "听力": 2, "言语": 3, "肢体": 4, "智力": 5, "精神": 6, "多重": 7}
_GRADES: Final = {"一": 1, "二": 2, "三": 3, "四": 4}
_CARD_STATES: Final = {
    "有效": "VALID", "正常": "VALID", "挂失": "LOST", "冻结": "FROZEN", "过期": "EXPIRED", "到期": "EXPIRED",
    "注销": "CANCELLED",
}  # fmt: skip
_DAY_WRONG: Final = "日期应写作 2026-05-31 的形式"


def day_of(text: str) -> date:
    """A day as bureaus write it: any form of `parse_day`, with a time of day behind it, a month, or the number a
    spreadsheet program keeps. Raises `DayIsInvalid`."""
    plain = _CLOCK.sub("", unicodedata.normalize("NFKC", text).strip())
    if plain.isascii() and plain.isdecimal() and len(plain) == len(str(_SERIAL.start)) and int(plain) in _SERIAL:
        return _EPOCH + timedelta(days=int(plain))
    if month := _MONTH.fullmatch(plain):
        return date(int(month[1]), int(month[2]), 1)
    return parse_day(plain)


def _within(words: dict[str, T]) -> Callable[[str], T]:
    """Reads a cell that holds one of some words somewhere."""

    def read(text: str) -> T:
        found = [value for word, value in words.items() if word in text]
        if len(found) != 1:
            raise ValueError(text)
        return found[0]

    return read


def _category(text: str) -> int:
    """``肢体``, ``肢体残疾``, ``4`` or ``64`` (ID-07)."""
    digits = text.removeprefix("6") if len(text) == 2 else text  # noqa: PLR2004 - 61 to 67
    if digits in {str(number) for number in _CATEGORIES.values()}:
        return int(digits)
    return _within(_CATEGORIES)(text)


def _grade(text: str) -> int:
    return int(text[0]) if text[:1] in {"1", "2", "3", "4"} else _within(_GRADES)(text)


def _scheme(text: str) -> str:
    return {scheme.value: scheme.value for scheme in TWO_SUBSIDIES}.get(text) or _within(
        {"生活": Scheme.LIVING.value, "护理": Scheme.NURSING.value}
    )(text)


_READ: Final[dict[str, tuple[Callable[[str], Any], str]]] = {
    **{column.field: (day_of, _DAY_WRONG) for column in _DATES},
    "expires_on": (day_of, _DAY_WRONG),
    "scheme": (_scheme, "应写明生活补贴或护理补贴"),
    "amount": (lambda text: Money.parse(text).fen, "金额以元为单位，最多两位小数"),
    "category": (_category, "应为视力、听力、言语、肢体、智力、精神、多重之一"),
    "grade": (_grade, "应为一级至四级"),
    "card_state": (_within(_CARD_STATES), f"应为：{'、'.join(_CARD_STATES)}"),
}


def parse_row(row: Row) -> ListRow | list[CellFault]:
    """One row of any list; which of its days counts is known with the list."""
    faults: list[CellFault] = []
    read: dict[str, Any] = {}
    for name, (parse, reason) in _READ.items():
        if text := row.values.get(name, "").strip():
            try:
                read[name] = parse(text)
            except (ValueError, DayIsInvalid, InvalidValue):
                faults.append(CellFault(row.number, _TITLE[name], reason))
    number = ""
    try:
        number = IdentityNumber.parse(row.values.get("number", "")).number
    except InvalidValue as refusal:
        faults.append(CellFault(row.number, _NUMBER.title, refusal.zh))
    if faults:
        return faults
    sentence = row.values.get("sentence", "")
    return ListRow(
        number=number,
        dates={column.field: read[column.field] for column in _DATES if column.field in read},
        until=read.get("until"),
        scheme=read.get("scheme"),
        amount_fen=read.get("amount"),
        judged=_is_judged(sentence, told="judged_on" in read),
        category=read.get("category"),
        grade=read.get("grade"),
        card_state=read.get("card_state"),
        expires_on=read.get("expires_on"),
    )


def _is_judged(sentence: str, *, told: bool) -> bool:
    """Whether a judgment to imprisonment, to be served, is told (SUB-41); where no kind is named, a day of judgment."""
    if any(word in sentence for word in _NOT_SERVED):
        return False
    return any(word in sentence for word in _IMPRISONMENT) or (told and not sentence)


async def apply_rows(chunk: Sequence[Parsed[ListRow]], work: SubsidyWork) -> Applied:
    """Keep what a chunk says of persons of the register within the caller's divisions."""
    kind, today = ListKind(work.asked["variant"]), work.today()
    within = Scope.everywhere() if work.caller is None else work.caller.scope
    asked = {each.value.person_id for each in chunk if each.value.person_id is not None}
    known = await work.facts.divisions(sorted(asked), within=within)
    told: dict[tuple[UUID, date | None, str | None], ListRow] = {}
    faults: list[CellFault] = []
    for each in chunk:
        try:
            day = each.value.day(kind, today)
        except Refusal as refusal:
            reason = TEXTS[type(refusal)].detail_zh.format(**refusal.facts)
            faults.append(CellFault(each.number, _TITLE[SHAPES[kind].dates[0]], reason))
            continue
        if each.value.person_id in known:
            told[each.value.person_id, day, each.value.scheme] = each.value
    applied = await entries.keep(work, kind, [(key[1], row) for key, row in told.items()])
    return Applied(applied=applied, unchanged=len(chunk) - applied - len(faults), faults=faults)


def list_import(linked: Linked) -> Import[ListRow, SubsidyWork]:
    """The import of lists; ``linked`` asks the register."""

    async def prepare(chunk: Sequence[Parsed[ListRow]]) -> list[Parsed[ListRow]]:
        persons = await linked([IdentityNumber(each.value.number) for each in chunk])
        return [Parsed(each.number, each.value.linked(person)) for each, person in zip(chunk, persons, strict=True)]

    return Import(
        kind=KIND,
        columns=COLUMNS,
        parse=parse_row,
        apply=apply_rows,
        variants=tuple(ListKind),
        prepare=prepare,
        every_sheet=True,
    )


def may_pass_soon(error: BaseException) -> bool:
    """Whether a job is tried again: the register may be back in a moment, and is asked again whom a chunk is about."""
    return may_pass(error) or isinstance(error, ServiceIsUnavailable)


KIND: Final = "list.import"
