"""Long and scheduled work of the registry: the import of holders, the daily expiry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from services.registry.adapters.bulk import (
    REPEATED,
    HeldCard,
    Holder,
    OnConflict,
    Outcome,
    expire_some,
    expired_waiting,
    take_cards,
    take_holders,
)
from services.registry.adapters.work import RegistryWork
from services.registry.entrypoints.cells import Faults, county_or_below, day, identity, name_of, personal, titles_of
from services.registry.metrics import EXPIRED_NOT_ANNOUNCED
from shared.kit.imports import Applied, Import, Parsed
from shared.kit.spreadsheets import CellFault, Column, Row
from shared.kit.work import Works
from shared.kit.worker import Timer
from shared.values.dates import last_valid_day
from shared.values.disability import Disability
from shared.values.invalid import InvalidValue
from shared.values.personal import AddressDetail, Phone

COLUMNS: Final = (
    Column("name", "姓名"),
    Column("sex", "性别", required=False),
    Column("citizen_id_no", "公民身份号码", ("身份证号", "身份证号码")),
    Column("division", "户籍地区划代码", ("区划代码",)),
    Column("phone", "联系电话", ("手机", "手机号码"), required=False),
    Column("address", "详细地址", ("住址", "家庭住址"), required=False),
    Column("category", "残疾类别", required=False),
    Column("grade", "残疾等级", required=False),
    Column("components", "多重残疾明细", required=False),
    Column("issued_on", "发证日期", required=False),
    Column("expires_on", "有效期截止", required=False),
)
_TITLE: Final = titles_of(COLUMNS)


def parse_holder(row: Row) -> Holder | list[CellFault]:
    """One row: a person, and a certificate when category, grade and issue date are given."""
    faults = Faults(row, _TITLE)
    number = identity(row, faults)
    division = county_or_below(row, "division", faults)
    name = name_of(row, faults)
    phone = personal(row, "phone", Phone, faults)
    address = personal(row, "address", AddressDetail, faults)
    certificate = _certificate(row, faults)
    if faults or number is None or division is None or name is None:
        return list(faults)
    return Holder(number, name, phone, division, certificate, address)


def _certificate(row: Row, faults: Faults) -> tuple[Disability, date, date] | None:
    value = row.values
    given = [field for field in ("category", "grade", "issued_on") if value.get(field)]
    if not given:
        return None
    if len(given) < 3:  # noqa: PLR2004 - the three named above
        faults.add("category", "残疾类别、残疾等级、发证日期须同时填写或同时留空")
        return None
    disability = issued = None
    try:
        disability = Disability.parse(value["category"], value["grade"], value.get("components", ""))
    except InvalidValue as refusal:
        faults.add("components" if value.get("components") else "category", refusal.zh_of_cell)
    issued = day(row, "issued_on", faults)
    if disability is None or issued is None:
        return None
    if not value.get("expires_on"):
        return disability, issued, last_valid_day(issued)
    expires = day(row, "expires_on", faults)
    if expires is None:
        return None
    if expires < issued:
        faults.add("expires_on", "有效期截止不能早于发证日期")
    return disability, issued, expires


async def apply_holders(chunk: Sequence[Parsed[Holder]], work: RegistryWork) -> Applied:
    """Write a chunk; rows outside the importer's divisions are rejected, conflicts explained."""
    faults: list[CellFault] = []
    inside: list[Parsed[Holder]] = []
    for parsed in chunk:
        if work.caller is None or work.caller.scope.covers(parsed.value.division):
            inside.append(parsed)
        else:
            faults.append(CellFault(parsed.number, _TITLE["division"], "不在您的管辖区划范围内"))
    asked = OnConflict(work.asked.get("on_conflict", OnConflict.REJECT))
    outcome = await take_holders([parsed.value for parsed in inside], work, on_conflict=asked)
    return _accounted(inside, outcome, faults, _KNOWN_REASONS)


async def apply_cards(chunk: Sequence[Parsed[HeldCard]], work: RegistryWork) -> Applied:
    """Write a chunk of certificates of registered persons."""
    outcome = await take_cards([parsed.value for parsed in chunk], work)
    reasons = {**_KNOWN_REASONS, "citizen_id_no": "在您的管辖范围内没有该人员的有效登记"}
    return _accounted(chunk, outcome, [], reasons)


def _accounted(
    rows: Sequence[Parsed[Any]], outcome: Outcome, faults: list[CellFault], reasons: Mapping[str, str]
) -> Applied:
    for at, differs in sorted(outcome.conflicts.items()):
        title = _TITLE["citizen_id_no" if differs == REPEATED else differs]
        faults.append(CellFault(rows[at].number, title, reasons[differs]))
    applied = len(rows) - len(outcome.unchanged) - len(outcome.conflicts)
    return Applied(applied=applied, unchanged=len(outcome.unchanged), faults=faults)


_KNOWN_REASONS: Final = {
    REPEATED: "该号码在文件中重复",
    "citizen_id_no": "该号码刚被登记，或其记录已合并、已登记死亡",
    "division": "该号码已登记在其他区划；户籍变更请按迁移办理",
    "category": "该人员已持有内容不同的残疾人证；变更、换领请另行办理",
    "name": "与已登记的姓名不同；如需以文件为准，请选择“更新”方式导入",
    "phone": "与已登记的电话不同；如需以文件为准，请选择“更新”方式导入",
    "address": "与已登记的地址不同；如需以文件为准，请选择“更新”方式导入",
}


PERSON_IMPORT: Final[Import[Holder, RegistryWork]] = Import(
    kind="person.import",
    columns=COLUMNS,
    parse=parse_holder,
    apply=apply_holders,
    on_conflict=(OnConflict.REJECT, OnConflict.KEEP, OnConflict.UPDATE),
)

CARD_COLUMNS: Final = tuple(
    replace(column, required=column.field in {"citizen_id_no", "category", "grade", "issued_on"})
    for column in COLUMNS
    if column.field in {"citizen_id_no", "category", "grade", "components", "issued_on", "expires_on"}
)


def parse_card(row: Row) -> HeldCard | list[CellFault]:
    """One certificate of somebody registered."""
    faults = Faults(row, _TITLE)
    number, card = identity(row, faults), _certificate(row, faults)
    if card is None and not faults:
        faults.add("category", "残疾类别、残疾等级、发证日期须填写")
    return list(faults) if faults or number is None or card is None else HeldCard(number, card)


CARD_IMPORT: Final[Import[HeldCard, RegistryWork]] = Import(
    kind="certificate.import", columns=CARD_COLUMNS, parse=parse_card, apply=apply_cards
)


async def announce_expiry(works: Works[RegistryWork]) -> None:
    """Announce every certificate whose last valid day has passed, in chunks of 2,000 (CERT-34, SUB-40)."""
    async with works.begin() as work:
        EXPIRED_NOT_ANNOUNCED.set(await expired_waiting(work))
    announced = None
    while announced is None or announced > 0:
        async with works.begin() as work:
            announced = await expire_some(work)
    EXPIRED_NOT_ANNOUNCED.set(0)


TIMERS: Final[tuple[Timer[RegistryWork], ...]] = (Timer("certificate-expiry", 60.0, announce_expiry),)
