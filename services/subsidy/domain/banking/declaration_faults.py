"""What is wrong with a declaration before it may come into force: where, and what is allowed.

The shape is checked when it is read; this is about content: files nobody could write, answers nobody could match.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from string import Formatter
from typing import Final

from services.subsidy.domain.banking.cells import CellDoesNotFit, must_be_harmless
from services.subsidy.domain.banking.declaration import (
    NUMBERS,
    OF_A_FILE,
    OF_A_PAYMENT,
    OF_AN_ANSWER,
    Declaration,
    Encoding,
    Field,
    Format,
    Holds,
    Layout,
    Pad,
)
from services.subsidy.domain.banking.reasons import MEANINGS
from services.subsidy.domain.banking.writing import NOT_IN_NAMES
from services.subsidy.domain.payroll.instructions import Outcome
from shared.values.document_faults import Fault, blank_faults, division_faults

NAME_PARTS: Final = ("batch", "bank", "part", "date", "month")
BYTES_MIN: Final = {
    Holds.INSTRUCTION_KEY: 32,
    Holds.AMOUNT: 10,
    Holds.AMOUNT_TOTAL: 12,
    Holds.RECORD_COUNT: 6,
    Holds.ORDINAL: 6,
    Holds.PART: 4,
    Holds.FILE_DATE: 8,
    Holds.ANSWERED_ON: 8,
    Holds.MONTH: 6,
}
"""Room for the largest value there can be."""
LINES_MAX: Final = 200_000
XLSX_LINES_MAX: Final = 20_000
"""A workbook is made in memory, since its payees may not lie on a disk in clear."""
WIDTHS: Final = range(1, 513)
DAYS: Final = range(1, 61)


def faults(declaration: Declaration) -> list[Fault]:
    """Everything that keeps a declaration from coming into force."""
    return [
        *division_faults(declaration.division),
        *blank_faults(title=declaration.title, agreement=declaration.agreement, code=declaration.code),
        *_name(declaration),
        *_bounds(declaration),
        *_layout("/file", declaration.file, OF_A_PAYMENT),
        *_layout("/answer", declaration.answer, OF_AN_ANSWER),
        *_needed(declaration),
        *_codes(declaration),
    ]


def _name(declaration: Declaration) -> Iterator[Fault]:
    where, name = "/file_name", declaration.file_name
    try:
        parts = [
            (field, spec, conversion) for _, field, spec, conversion in Formatter().parse(name) if field is not None
        ]
    except ValueError:
        yield Fault(where, "花括号不成对", "the braces do not match")
        return
    if any(field not in NAME_PARTS or spec or conversion for field, spec, conversion in parts):
        allowed = "、".join(f"{{{each}}}" for each in NAME_PARTS)
        yield Fault(where, f"只能使用：{allowed}", f"only these may be used: {allowed}")
    if any(letter in NOT_IN_NAMES or not letter.isprintable() for letter in name):
        yield Fault(where, f"不得含有 {NOT_IN_NAMES} 或控制字符", f"none of {NOT_IN_NAMES}, no control characters")
    if {"batch", "part"} - {field for field, _, _ in parts}:
        yield Fault(
            where, "须含有 {batch} 和 {part}，否则文件会重名", "it needs {batch} and {part}, or two files have one name"
        )


def _bounds(declaration: Declaration) -> Iterator[Fault]:
    most = XLSX_LINES_MAX if declaration.file.format is Format.XLSX else LINES_MAX
    if not 1 <= declaration.lines_max <= most:
        yield Fault("/lines_max", f"应为 1 至 {most}", f"between 1 and {most}")
    if declaration.answer_days not in DAYS:
        yield Fault("/answer_days", "应为 1 至 60 个工作日", "between 1 and 60 working days")


def _layout(where: str, layout: Layout, of_a_line: frozenset[Holds]) -> Iterator[Fault]:
    fixed = layout.format is Format.FIXED_WIDTH
    if fixed and (layout.titles or layout.encoding is Encoding.UTF_8_MARKED):
        yield Fault(where, "定长文件没有列标题，也不带字节序标记", "a fixed-width file has neither titles nor a mark")
    if not layout.columns:
        yield Fault(f"{where}/columns", "至少要有一栏", "at least one column")
    for part, fields, allowed in (
        ("columns", layout.columns, of_a_line),
        ("header", layout.header, OF_A_FILE),
        ("trailer", layout.trailer, OF_A_FILE),
    ):
        held = [each.holds for each in fields if each.holds not in {Holds.CONSTANT, Holds.IGNORED}]
        if len(held) != len(set(held)):
            yield Fault(f"{where}/{part}", "同一内容出现两次", "the same content twice")
        for number, each in enumerate(fields):
            yield from _field(f"{where}/{part}/{number}", each, layout, allowed)
            if part == "columns" and layout.titles:
                yield from _written(f"{where}/{part}/{number}/title", each, each.title, replace(layout, quoted=False))


def _field(where: str, each: Field, layout: Layout, allowed: frozenset[Holds]) -> Iterator[Fault]:
    fixed = layout.format is Format.FIXED_WIDTH
    if each.holds not in allowed:
        names = "、".join(sorted(allowed))
        yield Fault(f"{where}/holds", f"此处只能是：{names}", f"here only: {names}")
    if (fixed and each.width is None) or (each.width is not None and each.width not in WIDTHS):
        yield Fault(f"{where}/width", "须写明宽度（字节），1 至 512", "a width in bytes, 1 to 512")
    if each.pad is Pad.ZERO and (each.holds not in NUMBERS or each.align != "RIGHT"):
        yield Fault(f"{where}/pad", "只有右对齐的数字可以用零补齐", "only numbers, to the right, are filled with zeros")
    need = BYTES_MIN.get(each.holds, 1)
    if each.width is not None and each.width < need:
        yield Fault(f"{where}/width", f"至少 {need} 字节", f"at least {need} bytes")
    if each.holds is Holds.CONSTANT:
        yield from _written(f"{where}/text", each, each.text, layout)
        if each.width is not None and len(each.text.encode(layout.encoding.codec, "replace")) > each.width:
            yield Fault(f"{where}/text", "按字节计超过宽度", "longer in bytes than the width")


def _written(where: str, each: Field, text: str, layout: Layout) -> Iterator[Fault]:
    """A title, or what always stands in a cell. Titles are never quoted."""
    try:
        must_be_harmless(each, text, layout)
        text.encode(layout.encoding.codec)
    except (CellDoesNotFit, UnicodeEncodeError):
        yield Fault(where, "该文件中不能写出这些字", "it cannot be written in this file")
    if not text.strip():
        yield Fault(where, "不能为空", "it is not empty")


def _needed(declaration: Declaration) -> Iterator[Fault]:
    held = {each.holds for each in declaration.file.columns}
    for need in (Holds.NAME, Holds.ACCOUNT, Holds.AMOUNT):
        if need not in held:
            yield Fault("/file/columns", f"缺少 {need}", f"{need} is missing")
    answered = {each.holds for each in declaration.answer.columns}
    if Holds.RETURN_CODE not in answered:
        yield Fault("/answer/columns", "缺少 RETURN_CODE", "RETURN_CODE is missing")
    by = declaration.known_by
    if by not in answered or by not in held:
        yield Fault(
            "/answer/columns",
            "发送文件和回盘文件须有同一指令编号（INSTRUCTION_KEY）或序号（ORDINAL）",
            "file and answer need the same INSTRUCTION_KEY, or the same ORDINAL",
        )
    for each in (each for each in declaration.answer.columns if each.holds in {by, Holds.RETURN_CODE}):
        if not each.required:
            yield Fault("/answer/columns", f"{each.holds} 不能缺省", f"{each.holds} cannot be left out")


def _codes(declaration: Declaration) -> Iterator[Fault]:
    codes = [each.code for each in declaration.codes]
    if len(codes) != len(set(codes)):
        yield Fault("/codes", "返回码重复", "a code stands twice")
    if any(not code.strip() or code != code.strip() for code in codes):
        yield Fault("/codes", "返回码不能为空，前后不能有空格", "a code is not empty and has no blanks around it")
    if not any(MEANINGS[each.reason].outcome is Outcome.SETTLED for each in declaration.codes):
        yield Fault("/codes", "须有表示发放成功（PAID）的返回码", "one code has to mean PAID")
