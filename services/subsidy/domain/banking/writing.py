"""Payments as sub-files, cut by bank and size, each with its control totals; what does not fit is named, not sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import Final, NamedTuple
from uuid import UUID

from services.subsidy.domain.banking.cells import (
    TOTAL_FEN_MAX,
    CellDoesNotFit,
    Misfit,
    Value,
    encoder,
    must_be_harmless,
    text_of,
)
from services.subsidy.domain.banking.declaration import (
    NUMBERS,
    AmountIn,
    Declaration,
    Encoding,
    Field,
    Format,
    Holds,
    Layout,
)
from shared.values.month import Month

MARK: Final = b"\xef\xbb\xbf"
NOT_IN_NAMES: Final = '/\\:*?"<>|'
Encode = Callable[[Value], bytes]


@dataclass(frozen=True, slots=True)
class Payment:
    """One instruction with what the bank must know of the payee. Personal: never logged, never kept in clear.

    ``citizen_id_no`` is empty where the declaration has no such column.
    """

    instruction_key: UUID
    name: str
    account: str
    bank: str
    amount_fen: int
    month: Month
    citizen_id_no: str = ""

    def __repr__(self) -> str:
        return f"Payment({self.instruction_key})"


@dataclass(frozen=True, slots=True)
class Batch:
    """What is said of all files of one sending."""

    number: str
    on: date
    month: Month
    purpose: str


@dataclass(frozen=True, slots=True)
class NotWritten:
    """A payment that is in no file, because one of its cells does not fit: to be held by name."""

    instruction_key: UUID
    holds: Holds
    misfit: Misfit


@dataclass(slots=True)
class SubFile:
    """One file as it goes out: its lines encoded (for Excel: as cells), in the order of ``keys``."""

    name: str
    bank: str
    part: int
    keys: list[UUID] = field(default_factory=list)
    total_fen: int = 0
    lines: list[bytes] = field(default_factory=list)
    rows: list[list[str | Decimal]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many payments it holds."""
        return len(self.keys)


class _Line(NamedTuple):
    """What the cells of a line may tell of."""

    payment: Payment
    ordinal: int
    batch: Batch


class _Whole(NamedTuple):
    """What header and trailer may tell of."""

    file: SubFile
    batch: Batch


_OF_A_LINE: Final[dict[Holds, str]] = {
    Holds.ORDINAL: "ordinal",
    Holds.INSTRUCTION_KEY: "payment.instruction_key",
    Holds.NAME: "payment.name",
    Holds.CITIZEN_ID_NO: "payment.citizen_id_no",
    Holds.ACCOUNT: "payment.account",
    Holds.AMOUNT: "payment.amount_fen",
    Holds.BANK: "payment.bank",
    Holds.MONTH: "payment.month",
    Holds.PURPOSE: "batch.purpose",
}
_OF_A_FILE: Final[dict[Holds, str]] = {
    Holds.BATCH: "batch.number",
    Holds.PART: "file.part",
    Holds.FILE_DATE: "batch.on",
    Holds.MONTH: "batch.month",
    Holds.PURPOSE: "batch.purpose",
    Holds.BANK: "file.bank",
    Holds.RECORD_COUNT: "file.count",
    Holds.AMOUNT_TOTAL: "file.total_fen",
}


class Writer:
    """Writes the files of one declaration for one sending, holding one sub-file in memory.

    ``parts_before``: files that this sending has already. ``not_written`` grows while ``sub_files`` is read: payments
    that are in none of them.
    """

    def __init__(self, declaration: Declaration, batch: Batch, *, parts_before: int = 0) -> None:
        self._parts_before = parts_before
        self._declaration = declaration
        self._layout = declaration.file
        self._batch = batch
        self._line = _line_writer(self._layout)
        self._cells = [(each, _getter(each, _OF_A_LINE)) for each in self._layout.columns]
        self._total_max = min(
            (_total_max(each) for each in (*self._layout.header, *self._layout.trailer)), default=TOTAL_FEN_MAX
        )
        self.not_written: list[NotWritten] = []

    def sub_files(self, payments: Iterable[Payment]) -> Iterator[SubFile]:
        """The files. Where they are cut by bank, payments have to come in the order of their banks.

        Raises `CellDoesNotFit` where the batch itself does not fit header or trailer.
        """
        file: SubFile | None = None
        part = self._parts_before
        for payment in payments:
            changed = file is not None and self._declaration.by_bank and file.bank != payment.bank
            full = file is not None and (
                file.count == self._declaration.lines_max or file.total_fen + payment.amount_fen > self._total_max
            )
            if file is not None and (changed or full):
                yield from self._finished(file)
                file = None
            if file is None:
                part += 1
                file = SubFile(self._name(payment.bank, part), payment.bank, part)
            if not self._took(file, payment):
                part -= file.count == 0
                file = file if file.count else None
        if file is not None:
            yield from self._finished(file)

    def _name(self, bank: str, part: int) -> str:
        batch = self._batch
        named = self._declaration.file_name.format(
            batch=batch.number, bank=bank, part=f"{part:03d}", date=f"{batch.on:%Y%m%d}", month=str(batch.month)
        )
        return "".join("_" if letter in NOT_IN_NAMES or not letter.isprintable() else letter for letter in named)

    def _took(self, file: SubFile, payment: Payment) -> bool:
        ordinal = file.count + 1
        try:
            if self._layout.format is Format.XLSX:
                line = _Line(payment, ordinal, self._batch)
                file.rows.append([_cell(self._layout, each, of(line)) for each, of in self._cells])
            else:
                file.lines.append(self._line(payment, ordinal, self._batch))
        except CellDoesNotFit as misfit:
            self.not_written.append(NotWritten(payment.instruction_key, misfit.holds, misfit.misfit))
            return False
        file.keys.append(payment.instruction_key)
        file.total_fen += payment.amount_fen
        return True

    def _finished(self, file: SubFile) -> Iterator[SubFile]:
        """With header, titles and trailer, now that the totals are known."""
        layout = self._layout
        if layout.format is Format.XLSX:
            titles: list[list[str | Decimal]] = [[each.title for each in layout.columns]] if layout.titles else []
            file.rows = [
                *self._frame_row(layout.header, file),
                *titles,
                *file.rows,
                *self._frame_row(layout.trailer, file),
            ]
        else:
            titles_line = [_titles(layout)] if layout.titles else []
            mark = [MARK] if layout.encoding is Encoding.UTF_8_MARKED else []
            head = [*self._frame_line(layout.header, file), *titles_line]
            file.lines = [*mark, *head, *file.lines, *self._frame_line(layout.trailer, file)]
        yield file

    def _frame_line(self, fields: tuple[Field, ...], file: SubFile) -> list[bytes]:
        if not fields:
            return []
        cells = [encoder(each, self._layout)(_getter(each, _OF_A_FILE)(_Whole(file, self._batch))) for each in fields]
        return [_joint(self._layout).join(cells) + self._layout.line_end.mark]

    def _frame_row(self, fields: tuple[Field, ...], file: SubFile) -> list[list[str | Decimal]]:
        if not fields:
            return []
        return [[_cell(self._layout, each, _getter(each, _OF_A_FILE)(_Whole(file, self._batch))) for each in fields]]


def _line_writer(layout: Layout) -> Callable[[Payment, int, Batch], bytes]:
    """Writes one line. The columns are looked up once, not for every line."""
    columns = [(encoder(each, layout), _getter(each, _OF_A_LINE)) for each in layout.columns]
    joint, end = _joint(layout), layout.line_end.mark

    def write(payment: Payment, ordinal: int, batch: Batch) -> bytes:
        line = _Line(payment, ordinal, batch)
        return joint.join([encode(of(line)) for encode, of in columns]) + end

    return write


def _total_max(field: Field) -> int:
    """The largest total a field has room for."""
    if field.holds is not Holds.AMOUNT_TOTAL or field.width is None:
        return TOTAL_FEN_MAX
    digits = field.width if field.amount is AmountIn.FEN else field.width - len(".")
    return int(min(10**digits - 1, TOTAL_FEN_MAX))


def _joint(layout: Layout) -> bytes:
    return layout.delimiter.mark.encode() if layout.format is Format.CSV else b""


def _getter(field: Field, paths: Mapping[Holds, str]) -> Callable[[_Line | _Whole], Value]:
    return (lambda _: field.text) if field.holds is Holds.CONSTANT else attrgetter(paths[field.holds])


def _titles(layout: Layout) -> bytes:
    return (
        _joint(layout).join(each.title.encode(layout.encoding.codec) for each in layout.columns) + layout.line_end.mark
    )


def _cell(layout: Layout, field: Field, value: Value) -> str | Decimal:
    """A cell of an Excel file, judged as text is. Numbers are numbers there, accounts and keys are text."""
    text = text_of(field, value)
    must_be_harmless(field, text, layout)
    if not text and field.required:
        raise CellDoesNotFit(field.holds, Misfit.MISSING)
    if field.width is not None and len(text.encode(layout.encoding.codec, errors="replace")) > field.width:
        raise CellDoesNotFit(field.holds, Misfit.TOO_LONG)
    return Decimal(text) if field.holds in NUMBERS else text
