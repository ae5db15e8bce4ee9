"""Cells of import files, read into values or explained in the reader's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TypeVar

from shared.kit.spreadsheets import CellFault, Column, Row
from shared.values.division import Division, Level
from shared.values.identity_number import IdentityNumber, Sex
from shared.values.invalid import InvalidValue
from shared.values.personal import Personal, PersonName

P = TypeVar("P", bound=Personal)


class Faults(list[CellFault]):
    """Collects what is wrong with one row, cell by cell."""

    def __init__(self, row: Row, titles: Mapping[str, str]) -> None:
        super().__init__()
        self._row = row
        self._titles = titles

    def add(self, field: str, reason: str) -> None:
        """One cell, by the title of its column."""
        self.append(CellFault(self._row.number, self._titles[field], reason))


def identity(row: Row, faults: Faults) -> IdentityNumber | None:
    """The identity number, agreeing with the sex when that is given (ID-02)."""
    try:
        number = IdentityNumber.parse(row.values["citizen_id_no"], today=date.today())  # noqa: DTZ011 - a sanity bound
        sex = row.values.get("sex")
        if sex and Sex.parse(sex) is not number.sex:
            faults.add("sex", f"与公民身份号码不一致，号码对应性别为{number.sex.zh}")
    except InvalidValue as refusal:
        faults.add("sex" if refusal.code.startswith("sex") else "citizen_id_no", refusal.zh_of_cell)
        return None
    return number


def county_or_below(row: Row, field: str, faults: Faults) -> Division | None:
    """A division, of a county or smaller."""
    try:
        division = Division.parse(row.values[field])
        division.prefix(Level.COUNTY)
    except InvalidValue as refusal:
        faults.add(field, refusal.zh_of_cell)
        return None
    return division


def personal(row: Row, field: str, kind: type[P], faults: Faults) -> P | None:
    """A personal value, when the cell holds one."""
    if not row.values.get(field):
        return None
    try:
        return kind.parse(row.values[field])
    except InvalidValue as refusal:
        faults.add(field, refusal.zh_of_cell)
        return None


def name_of(row: Row, faults: Faults) -> PersonName | None:
    """The name, which nobody lacks."""
    if not row.values["name"]:
        faults.add("name", "必填")
    return personal(row, "name", PersonName, faults)


def titles_of(columns: Iterable[Column]) -> dict[str, str]:
    """What people call the fields of an import."""
    return {column.field: column.title for column in columns}


def day(row: Row, field: str, faults: Faults) -> date | None:
    """A date, as people write one."""
    text = row.values[field].strip()[:10].replace("/", "-").replace(".", "-")
    try:
        return date.fromisoformat(text)
    except ValueError:
        faults.add(field, "日期应写作 2026-05-31 的形式")
        return None


def optional_day(row: Row, field: str, faults: Faults) -> date | None:
    """A date, when the cell holds one."""
    return day(row, field, faults) if row.values.get(field) else None
