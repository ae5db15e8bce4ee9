"""What stands in one cell, written and read back. Nothing is cut, replaced or made up: what does not fit is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final
from uuid import UUID

from services.subsidy.domain.banking.declaration import (
    OF_A_FILE,
    OF_A_PAYMENT,
    Align,
    AmountIn,
    DayIn,
    Field,
    Format,
    Holds,
    Layout,
    Pad,
)
from shared.values.month import Month

Value = str | int | date | Month | UUID
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_YUAN: Final = re.compile(r"(\d{1,30}|\d{1,3}(?:,\d{3}){1,4})(?:\.(\d{1,2})0*)?", re.ASCII)
_WHOLE: Final = re.compile(r"\d{1,30}", re.ASCII)
_DAY: Final = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})", re.ASCII)
_MONTH: Final = re.compile(r"(\d{4})-?(\d{2})", re.ASCII)
_KEY: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
AMOUNT_FEN_MAX: Final = 10**9
"""Ten million yuan: no payment of ours comes near it."""
TOTAL_FEN_MAX: Final = 10**15 - 1
"""What a file can come to: exact in any spreadsheet."""


class Misfit(StrEnum):
    """Why a value cannot stand in a cell, or a cell cannot be read."""

    MISSING = "MISSING"
    TOO_LONG = "TOO_LONG"
    NOT_ENCODABLE = "NOT_ENCODABLE"
    CONTROL = "CONTROL"
    FORMULA = "FORMULA"
    DELIMITER = "DELIMITER"
    NOT_AN_AMOUNT = "NOT_AN_AMOUNT"
    NOT_A_NUMBER = "NOT_A_NUMBER"
    NOT_A_DAY = "NOT_A_DAY"
    NOT_A_MONTH = "NOT_A_MONTH"
    NOT_A_KEY = "NOT_A_KEY"
    NOT_THE_CONSTANT = "NOT_THE_CONSTANT"
    NOT_DECODABLE = "NOT_DECODABLE"
    NOT_APPROVED = "NOT_APPROVED"


WORDS: Final[dict[Misfit, tuple[str, str]]] = {
    Misfit.MISSING: ("缺少内容", "nothing is there"),
    Misfit.TOO_LONG: ("按字节计超过栏位宽度", "longer in bytes than the cell"),
    Misfit.NOT_ENCODABLE: ("含有银行字符集没有的字（生僻字）", "a character the bank's encoding lacks"),
    Misfit.CONTROL: ("含有不可见的控制字符", "an invisible control character"),
    Misfit.FORMULA: ("以公式符号开头，表格软件会当作公式", "a spreadsheet program would take it for a formula"),
    Misfit.DELIMITER: ("含有分隔符或引号", "it holds the delimiter or a quotation mark"),
    Misfit.NOT_AN_AMOUNT: ("金额不正确", "not an amount"),
    Misfit.NOT_A_NUMBER: ("不是数字", "not a number"),
    Misfit.NOT_A_DAY: ("日期不正确", "not a day"),
    Misfit.NOT_A_MONTH: ("月份不正确", "not a month"),
    Misfit.NOT_A_KEY: ("指令编号不正确", "not an instruction key"),
    Misfit.NOT_THE_CONSTANT: ("固定内容不符", "not what always stands here"),
    Misfit.NOT_DECODABLE: ("不是约定的字符集", "not of the agreed encoding"),
    Misfit.NOT_APPROVED: ("退回后更正的账户未经第二人复核", "an account corrected since without a second person"),
}


class CellDoesNotFit(Exception):
    """A value cannot be written here, or a cell cannot be read. The content is not repeated."""

    def __init__(self, holds: Holds, misfit: Misfit) -> None:
        super().__init__(holds, misfit)
        self.holds = holds
        self.misfit = misfit


# --- writing --------------------------------------------------------------------------------------------------------


def text_of(field: Field, value: Value) -> str:
    """A value as the field writes it, before width and encoding. Raises `CellDoesNotFit`."""
    match value:
        case str():
            return value.strip()
        case int() if field.holds in {Holds.AMOUNT, Holds.AMOUNT_TOTAL}:
            if not 0 < value <= (AMOUNT_FEN_MAX if field.holds is Holds.AMOUNT else TOTAL_FEN_MAX):
                raise CellDoesNotFit(field.holds, Misfit.NOT_AN_AMOUNT)
            return str(value) if field.amount is AmountIn.FEN else f"{value // 100}.{value % 100:02d}"
        case int():
            return str(value)
        case UUID():
            return value.hex
        case Month():
            return str(value) if field.day is DayIn.DASHED else str(value).replace("-", "")
        case date():
            return value.isoformat() if field.day is DayIn.DASHED else f"{value:%Y%m%d}"


def must_be_harmless(field: Field, text: str, layout: Layout) -> None:
    """Raise `CellDoesNotFit` for what would break the file, or whoever opens it."""
    if _CONTROL.search(text):
        raise CellDoesNotFit(field.holds, Misfit.CONTROL)
    if layout.format is not Format.FIXED_WIDTH and text.startswith(_FORMULA):
        raise CellDoesNotFit(field.holds, Misfit.FORMULA)
    if layout.format is Format.CSV and not layout.quoted and (layout.delimiter.mark in text or '"' in text):
        raise CellDoesNotFit(field.holds, Misfit.DELIMITER)


def encoder(field: Field, layout: Layout) -> Callable[[Value], bytes]:
    """Writes values of one field as the bytes of its cell; raises `CellDoesNotFit`."""
    codec, width, holds = layout.encoding.codec, field.width, field.holds
    fixed = layout.format is Format.FIXED_WIDTH
    fill = b"0" if field.pad is Pad.ZERO else b" "
    to_the_left = field.align is Align.LEFT
    delimiter = layout.delimiter.mark

    def encode(value: Value) -> bytes:
        text = text_of(field, value)
        if isinstance(value, str):
            must_be_harmless(field, text, layout)
        if not text and field.required:
            raise CellDoesNotFit(holds, Misfit.MISSING)
        try:
            cell = text.encode(codec)
        except UnicodeEncodeError:
            raise CellDoesNotFit(holds, Misfit.NOT_ENCODABLE) from None
        if width is not None and len(cell) > width:
            raise CellDoesNotFit(holds, Misfit.TOO_LONG)
        if fixed:
            assert width is not None
            return cell.ljust(width, fill) if to_the_left else cell.rjust(width, fill)
        if delimiter in text or '"' in text:
            return b'"' + cell.replace(b'"', b'""') + b'"'
        return cell

    # The same in most lines of a file: worked out once.
    return lru_cache(maxsize=256)(encode) if holds in OF_A_PAYMENT & OF_A_FILE else encode


# --- reading --------------------------------------------------------------------------------------------------------


def parse(field: Field, text: str) -> Value | None:
    """What a cell says; None where it is empty and may be. Raises `CellDoesNotFit`."""
    told = text.strip()
    if not told:
        if field.required and field.holds is not Holds.IGNORED:
            raise CellDoesNotFit(field.holds, Misfit.MISSING)
        return None
    return _READERS.get(field.holds, _text)(field, told)


def _text(field: Field, told: str) -> Value:
    if _CONTROL.search(told):
        raise CellDoesNotFit(field.holds, Misfit.CONTROL)
    return told


def _constant(field: Field, told: str) -> Value:
    if told != field.text.strip():
        raise CellDoesNotFit(field.holds, Misfit.NOT_THE_CONSTANT)
    return told


def _amount(field: Field, told: str) -> Value:
    if field.amount is AmountIn.FEN:
        fen = int(told) if _WHOLE.fullmatch(told) else -1
    else:
        found = _YUAN.fullmatch(told)
        fen = -1 if found is None else int(found[1].replace(",", "")) * 100 + int((found[2] or "0").ljust(2, "0"))
    if not 0 <= fen <= TOTAL_FEN_MAX:
        raise CellDoesNotFit(field.holds, Misfit.NOT_AN_AMOUNT)
    return fen


def _whole(field: Field, told: str) -> Value:
    if not _WHOLE.fullmatch(told):
        raise CellDoesNotFit(field.holds, Misfit.NOT_A_NUMBER)
    return int(told)


def _day(field: Field, told: str) -> Value:
    found = _DAY.fullmatch(told)
    try:
        if found is None:
            raise ValueError
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise CellDoesNotFit(field.holds, Misfit.NOT_A_DAY) from None


def _month(field: Field, told: str) -> Value:
    found = _MONTH.fullmatch(told)
    try:
        if found is None:
            raise ValueError
        return Month.parse(f"{found[1]}-{found[2]}")
    except ValueError:
        raise CellDoesNotFit(field.holds, Misfit.NOT_A_MONTH) from None


def _key(field: Field, told: str) -> Value:
    if not _KEY.fullmatch(told):
        raise CellDoesNotFit(field.holds, Misfit.NOT_A_KEY)
    return UUID(told)


_READERS: Final[dict[Holds, Callable[[Field, str], Value]]] = {
    Holds.CONSTANT: _constant,
    Holds.AMOUNT: _amount,
    Holds.AMOUNT_TOTAL: _amount,
    Holds.ORDINAL: _whole,
    Holds.PART: _whole,
    Holds.RECORD_COUNT: _whole,
    Holds.FILE_DATE: _day,
    Holds.ANSWERED_ON: _day,
    Holds.MONTH: _month,
    Holds.INSTRUCTION_KEY: _key,
}
