"""Long and scheduled work of the registry: the import of holders, the daily expiry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, TypeVar

from services.registry.adapters.bulk import Holder, add_holders, expire_some, expired_waiting
from services.registry.adapters.work import RegistryWork
from services.registry.metrics import EXPIRED_NOT_ANNOUNCED
from shared.kit.imports import Applied, Import, Parsed
from shared.kit.spreadsheets import CellFault, Column, Row
from shared.kit.work import Works
from shared.kit.worker import Timer
from shared.values.dates import last_valid_day
from shared.values.disability import Disability
from shared.values.division import Division, Level
from shared.values.identity_number import IdentityNumber, Sex
from shared.values.invalid import InvalidValue
from shared.values.personal import AddressDetail, Personal, PersonName, Phone

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
_TITLE: Final = {column.field: column.title for column in COLUMNS}
P = TypeVar("P", bound=Personal)


class _Faults(list[CellFault]):
    """Collects what is wrong with one row, cell by cell."""

    def __init__(self, row: Row) -> None:
        super().__init__()
        self.row = row

    def add(self, field: str, reason: str) -> None:
        self.append(CellFault(self.row.number, _TITLE[field], reason))


def parse_holder(row: Row) -> Holder | list[CellFault]:
    """One row: a person, and a certificate when category, grade and issue date are given."""
    faults = _Faults(row)
    value = row.values
    number = _identity(row, faults)
    division = _division(row, faults)
    name = _personal(row, "name", PersonName, faults)
    phone = _personal(row, "phone", Phone, faults) if value.get("phone") else None
    address = _personal(row, "address", AddressDetail, faults) if value.get("address") else None
    certificate = _certificate(row, faults)
    if faults or number is None or division is None or name is None:
        return list(faults)
    return Holder(number, name, phone, division, certificate, address)


def _personal(row: Row, field: str, kind: type[P], faults: _Faults) -> P | None:
    try:
        return kind.parse(row.values[field])
    except InvalidValue as refusal:
        faults.add(field, refusal.zh)
        return None


def _identity(row: Row, faults: _Faults) -> IdentityNumber | None:
    try:
        number = IdentityNumber.parse(row.values["citizen_id_no"], today=date.today())  # noqa: DTZ011 - a sanity bound
        sex = row.values.get("sex")
        if sex and Sex.parse(sex) is not number.sex:
            faults.add("sex", f"与公民身份号码不一致，号码对应性别为{number.sex.zh}")
    except InvalidValue as refusal:
        faults.add("sex" if refusal.code.startswith("sex") else "citizen_id_no", refusal.zh)
        return None
    return number


def _division(row: Row, faults: _Faults) -> Division | None:
    try:
        division = Division.parse(row.values["division"])
        division.prefix(Level.COUNTY)
    except InvalidValue as refusal:
        faults.add("division", refusal.zh)
        return None
    return division


def _certificate(row: Row, faults: _Faults) -> tuple[Disability, date, date] | None:
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
        faults.add("components" if value.get("components") else "category", refusal.zh)
    issued = _day(row, "issued_on", faults)
    if disability is None or issued is None:
        return None
    if not value.get("expires_on"):
        return disability, issued, last_valid_day(issued)
    expires = _day(row, "expires_on", faults)
    if expires is None:
        return None
    if expires < issued:
        faults.add("expires_on", "有效期截止不能早于发证日期")
    return disability, issued, expires


def _day(row: Row, field: str, faults: _Faults) -> date | None:
    text = row.values[field].strip()[:10].replace("/", "-").replace(".", "-")
    try:
        return date.fromisoformat(text)
    except ValueError:
        faults.add(field, "日期应写作 2026-05-31 的形式")
        return None


async def apply_holders(chunk: Sequence[Parsed[Holder]], work: RegistryWork) -> Applied:
    """Write a chunk; rows outside the importer's divisions are rejected, conflicts explained."""
    faults: list[CellFault] = []
    inside: list[Parsed[Holder]] = []
    for parsed in chunk:
        if work.caller is None or work.caller.scope.covers(parsed.value.division):
            inside.append(parsed)
        else:
            faults.append(CellFault(parsed.number, _TITLE["division"], "不在您的管辖区划范围内"))
    unchanged, conflicts = await add_holders([parsed.value for parsed in inside], work)
    faults += [
        CellFault(inside[index].number, _TITLE["citizen_id_no"], "该号码已登记且内容不同，或在文件中重复")
        for index in conflicts
    ]
    return Applied(applied=len(inside) - len(unchanged) - len(conflicts), unchanged=len(unchanged), faults=faults)


PERSON_IMPORT: Final[Import[Holder, RegistryWork]] = Import(
    kind="person.import", columns=COLUMNS, parse=parse_holder, apply=apply_holders
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
