"""An answer of a bank, read as declared: every line with what it says, or why it cannot be read (SUB-59)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache, partial
from itertools import islice
from typing import Final
from uuid import UUID

from services.subsidy.domain.banking.cells import CellDoesNotFit, Misfit, Value, parse
from services.subsidy.domain.banking.declaration import Declaration, Field, Format, Holds, Layout
from services.subsidy.domain.banking.writing import MARK

Record = Sequence[str] | bytes | Misfit
"""The texts of a line, the line where it has to be cut up, or why it is neither."""
Told = dict[Holds, Value | None]
Parse = Callable[[str], Value | None]
_FEW: Final = frozenset({Holds.AMOUNT, Holds.RETURN_CODE, Holds.RETURN_TEXT, Holds.ANSWERED_ON, Holds.CONSTANT})


class FileFault(StrEnum):
    """What is wrong with an answer as a whole: nothing of it counts."""

    EMPTY = "EMPTY"
    NOT_DECODABLE = "NOT_DECODABLE"
    HEADER_UNREADABLE = "HEADER_UNREADABLE"
    TITLES_DIFFER = "TITLES_DIFFER"
    TRAILER_UNREADABLE = "TRAILER_UNREADABLE"
    COUNT_DIFFERS = "COUNT_DIFFERS"
    TOTAL_DIFFERS = "TOTAL_DIFFERS"
    ANOTHER_BATCH = "ANOTHER_BATCH"


FILE_WORDS: Final[dict[FileFault, tuple[str, str]]] = {
    FileFault.EMPTY: ("文件没有内容", "the file is empty"),
    FileFault.NOT_DECODABLE: ("文件不是约定的字符集或格式", "not of the agreed encoding or format"),
    FileFault.HEADER_UNREADABLE: ("首行与约定不符", "the header is not as agreed"),
    FileFault.TITLES_DIFFER: ("列标题与约定不符", "the titles are not as agreed"),
    FileFault.TRAILER_UNREADABLE: ("末行与约定不符", "the trailer is not as agreed"),
    FileFault.COUNT_DIFFERS: ("总笔数与明细不符", "the count is not that of the lines"),
    FileFault.TOTAL_DIFFERS: ("总金额与明细不符", "the total is not that of the lines"),
    FileFault.ANOTHER_BATCH: ("批次号不是所发批次", "the answer to another batch"),
}


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """What a line says. ``named`` is an instruction key or the number of a line sent; ``row`` counts from 1.

    A line that cannot be read has a ``misfit`` and says nothing else that counts.
    """

    row: int
    named: UUID | int | None = None
    code: str = ""
    text: str = ""
    amount_fen: int | None = None
    answered_on: date | None = None
    misfit: tuple[Holds, Misfit] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole file: its lines, and what is wrong with it as a whole."""

    lines: tuple[AnswerLine, ...] = ()
    faults: tuple[FileFault, ...] = ()


def read(declaration: Declaration, records: Iterable[Record], *, batch: str | None = None) -> Answer:
    """Read the records of a file (see `records_of`); ``batch``: the one it must be about, where it says so."""
    layout = declaration.answer
    rows = iter(enumerate(records, start=1))
    frames: list[Told] = []
    faults: list[FileFault] = []
    if layout.header and not _framed(layout, layout.header, rows, frames):
        faults.append(FileFault.HEADER_UNREADABLE)
    if layout.titles and not _titled(layout, rows):
        faults.append(FileFault.TITLES_DIFFER)
    body = list(rows)
    if layout.trailer and not (body and _framed(layout, layout.trailer, iter([body.pop()]), frames)):
        faults.append(FileFault.TRAILER_UNREADABLE)
    parsers, known_by = [_parser(each) for each in layout.columns], declaration.known_by
    lines = tuple(_line(layout, parsers, known_by, row, record) for row, record in body)
    if not lines and not faults:
        faults.append(FileFault.EMPTY)
    differing = {fault for frame in frames for fault in _differs(lines, frame, batch)}
    return Answer(lines, (*faults, *sorted(differing)))


def _framed(layout: Layout, fields: tuple[Field, ...], rows: Iterator[tuple[int, Record]], frames: list[Told]) -> bool:
    _, record = next(rows, (0, Misfit.MISSING))
    try:
        frames.append(parsed(layout, fields, record))
    except CellDoesNotFit:
        return False
    return True


def _titled(layout: Layout, rows: Iterator[tuple[int, Record]]) -> bool:
    _, record = next(rows, (0, Misfit.MISSING))
    if isinstance(record, Misfit | bytes):
        return False
    return [each.strip() for each in _trimmed(record, len(layout.columns))] == [each.title for each in layout.columns]


def _line(layout: Layout, parsers: Sequence[Parse], known_by: Holds, row: int, record: Record) -> AnswerLine:
    try:
        told = parsed(layout, layout.columns, record, parsers)
    except CellDoesNotFit as misfit:
        return AnswerLine(row, misfit=(misfit.holds, misfit.misfit))
    named, amount, day = told.get(known_by), told.get(Holds.AMOUNT), told.get(Holds.ANSWERED_ON)
    assert named is None or isinstance(named, UUID | int)
    assert amount is None or isinstance(amount, int)
    assert day is None or isinstance(day, date)
    code, text = told.get(Holds.RETURN_CODE), told.get(Holds.RETURN_TEXT)
    return AnswerLine(row, named, "" if code is None else str(code), "" if text is None else str(text), amount, day)


def _parser(each: Field) -> Parse:
    """Reads cells of one field. Amounts, codes and days are few in many lines: each is worked out once."""
    read_cell = partial(parse, each)
    return lru_cache(maxsize=4096)(read_cell) if each.holds in _FEW else read_cell


def parsed(layout: Layout, fields: tuple[Field, ...], record: Record, parsers: Sequence[Parse] | None = None) -> Told:
    """What the cells of a record say. Raises `CellDoesNotFit`."""
    if isinstance(record, Misfit):
        raise CellDoesNotFit(fields[0].holds, record)
    cells = _sliced(layout, fields, record) if isinstance(record, bytes) else _trimmed(record, len(fields))
    if len(cells) > len(fields):
        raise CellDoesNotFit(fields[-1].holds, Misfit.TOO_LONG)
    cells = [*cells, *[""] * (len(fields) - len(cells))]
    read_cells = parsers or [partial(parse, each) for each in fields]
    return {each.holds: say(text) for each, say, text in zip(fields, read_cells, cells, strict=True)}


def _trimmed(record: Sequence[str], width: int) -> Sequence[str]:
    """Without the empty cells spreadsheet programs put behind the last column."""
    return record[:width] if not any(record[width:]) else record


def _differs(lines: Sequence[AnswerLine], said: Told, batch: str | None) -> Iterator[FileFault]:
    if said.get(Holds.RECORD_COUNT, len(lines)) != len(lines):
        yield FileFault.COUNT_DIFFERS
    if Holds.AMOUNT_TOTAL in said and said[Holds.AMOUNT_TOTAL] != sum(line.amount_fen or 0 for line in lines):
        yield FileFault.TOTAL_DIFFERS
    if batch is not None and said.get(Holds.BATCH, batch) != batch:
        yield FileFault.ANOTHER_BATCH


# --- files of text --------------------------------------------------------------------------------------------------


def records_of(layout: Layout, content: Iterable[bytes]) -> Iterator[Record]:
    """The records of a CSV or fixed-width file, given its lines as bytes. Empty lines are none."""
    lines = _unmarked(iter(content))
    if layout.format is Format.FIXED_WIDTH:
        return (line for line in map(_bare, lines) if line)
    return _separated(layout, lines)


def _unmarked(lines: Iterator[bytes]) -> Iterator[bytes]:
    for first in islice(lines, 1):
        yield first.removeprefix(MARK)
    yield from lines


def _bare(line: bytes) -> bytes:
    return line.rstrip(b"\r\n")


def _sliced(layout: Layout, fields: tuple[Field, ...], line: bytes) -> list[str]:
    """The cells of a fixed-width line: bytes are counted, not characters. Blanks at its end may be missing."""
    total = sum(each.width or 0 for each in fields)
    if len(line) > total:
        raise CellDoesNotFit(fields[-1].holds, Misfit.TOO_LONG)
    cells, at, whole = [], 0, line.ljust(total)
    for each in fields:
        following = at + (each.width or 0)
        try:
            cells.append(whole[at:following].decode(layout.encoding.codec))
        except UnicodeDecodeError:
            raise CellDoesNotFit(each.holds, Misfit.NOT_DECODABLE) from None
        at = following
    return cells


def _separated(layout: Layout, lines: Iterator[bytes]) -> Iterator[Record]:
    codec, mark = layout.encoding.codec, layout.delimiter.mark
    for line in lines:
        bare = _bare(line)
        if not bare:
            continue
        try:
            text = bare.decode(codec)
            if layout.quoted and '"' in text:
                yield next(csv.reader([text], delimiter=mark, strict=True))
            else:
                yield text.split(mark)
        except (UnicodeDecodeError, csv.Error, StopIteration):
            yield Misfit.NOT_DECODABLE
