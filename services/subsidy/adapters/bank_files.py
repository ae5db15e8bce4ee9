"""Files for banks as bytes, and answers of banks from bytes: what the format needs beyond text (Excel) lives here.

Nothing lies on a disk in clear: a sub-file is built in memory, which the declaration bounds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from services.subsidy.domain.banking.cells import Misfit
from services.subsidy.domain.banking.declaration import Declaration, Format, Layout
from services.subsidy.domain.banking.reading import Answer, FileFault, Record, read, records_of
from services.subsidy.domain.banking.writing import Batch, NotWritten, Payment, SubFile, Writer
from shared.kit.spreadsheets import FileIsUnreadable, Limits, workbook_bytes, workbook_texts

_LINE_BYTES_MAX: Final = 1 << 16
_LIMITS: Final = Limits(columns_max=100)


@dataclass(frozen=True, slots=True)
class BankFile:
    """One sub-file with its control totals and the hash of its content (RULES 4.8: kept from the moment it is sent)."""

    file: SubFile
    content: bytes
    sha256: bytes


def write(
    declaration: Declaration, batch: Batch, payments: Iterable[Payment]
) -> tuple[list[BankFile], list[NotWritten]]:
    """Everything at once: for trials. A sending goes file by file, see `files`."""
    writer = Writer(declaration, batch)
    return list(files(declaration, writer, payments)), writer.not_written


def files(declaration: Declaration, writer: Writer, payments: Iterable[Payment]) -> Iterator[BankFile]:
    """The sub-files one after the other, one in memory at a time."""
    for file in writer.sub_files(payments):
        if declaration.file.format is Format.XLSX:
            content = workbook_bytes(file.rows[0], file.rows[1:])
        else:
            content = b"".join(file.lines)
        file.lines, file.rows = [], []
        yield BankFile(file, content, hashlib.sha256(content).digest())


def answer_of(declaration: Declaration, content: BinaryIO, *, batch: str | None = None) -> Answer:
    """Read an answer as declared; a file of another kind is one with a fault, not an error."""
    try:
        return read(declaration, _records(declaration.answer, content), batch=batch)
    except FileIsUnreadable:
        return Answer(faults=(FileFault.NOT_DECODABLE,))


def _records(layout: Layout, content: BinaryIO) -> Iterator[Record]:
    if layout.format is not Format.XLSX:
        return records_of(layout, _lines(content))
    return (
        Misfit.NOT_DECODABLE if reason else texts for texts, reason in workbook_texts(content, _LIMITS) if any(texts)
    )


def _lines(content: BinaryIO) -> Iterator[bytes]:
    """Lines, the longest bounded: what follows in a longer one counts as a line that does not fit."""
    while line := content.readline(_LINE_BYTES_MAX):
        yield line
