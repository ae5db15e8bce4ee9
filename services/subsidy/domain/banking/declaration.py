"""How one bank wants its payment file and how it answers: a document, like policy (SUB-55, SUB-58, SUB-59, RULES 9.1).

No national format exists: each bank has its own. The JSON form of a declaration is these classes field by field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from services.subsidy.domain.banking.reasons import Reason


class Part:
    """What a declaration is made of. A schema library reads the attribute: unknown fields are refused."""

    __slots__ = ()
    __pydantic_config__: ClassVar[Mapping[str, str]] = {"extra": "forbid"}


class Format(StrEnum):
    """What kind of file it is."""

    CSV = "CSV"
    XLSX = "XLSX"
    FIXED_WIDTH = "FIXED_WIDTH"


class Encoding(StrEnum):
    """How text is written. GBK lacks rare characters that occur in names; GB18030 has them all."""

    UTF_8 = "UTF_8"
    UTF_8_MARKED = "UTF_8_MARKED"
    """With the mark spreadsheet programs look for."""
    GBK = "GBK"
    GB18030 = "GB18030"

    @property
    def codec(self) -> str:
        """The name Python knows it by; the mark is written apart."""
        return {"GBK": "gbk", "GB18030": "gb18030"}.get(self.value, "utf-8")


class LineEnd(StrEnum):
    """What ends a line."""

    CRLF = "CRLF"
    LF = "LF"

    @property
    def mark(self) -> bytes:
        """Its bytes."""
        return b"\r\n" if self is LineEnd.CRLF else b"\n"


class Delimiter(StrEnum):
    """What parts the cells of a CSV line."""

    COMMA = "COMMA"
    TAB = "TAB"
    PIPE = "PIPE"

    @property
    def mark(self) -> str:
        """The character."""
        return {"COMMA": ",", "TAB": "\t", "PIPE": "|"}[self.value]


class Align(StrEnum):
    """On which side the content of a fixed width stands."""

    LEFT = "LEFT"
    RIGHT = "RIGHT"


class Pad(StrEnum):
    """What fills a fixed width."""

    SPACE = "SPACE"
    ZERO = "ZERO"


class AmountIn(StrEnum):
    """``170.00`` or ``17000``."""

    YUAN = "YUAN"
    FEN = "FEN"


class DayIn(StrEnum):
    """``20260610`` or ``2026-06-10``."""

    PLAIN = "PLAIN"
    DASHED = "DASHED"


class Holds(StrEnum):
    """What a cell holds."""

    # of a payment
    ORDINAL = "ORDINAL"
    """The number of the line in its file, from 1."""
    INSTRUCTION_KEY = "INSTRUCTION_KEY"
    """Names line and attempt: 32 hexadecimal digits."""
    NAME = "NAME"
    CITIZEN_ID_NO = "CITIZEN_ID_NO"
    ACCOUNT = "ACCOUNT"
    AMOUNT = "AMOUNT"
    # of a payment or of a whole file
    BANK = "BANK"
    MONTH = "MONTH"
    """The month owed in a line, the month of the run in a header."""
    PURPOSE = "PURPOSE"
    CONSTANT = "CONSTANT"
    # of a whole file
    BATCH = "BATCH"
    PART = "PART"
    """The number of the sub-file, from 1."""
    FILE_DATE = "FILE_DATE"
    RECORD_COUNT = "RECORD_COUNT"
    AMOUNT_TOTAL = "AMOUNT_TOTAL"
    # of an answer
    RETURN_CODE = "RETURN_CODE"
    RETURN_TEXT = "RETURN_TEXT"
    ANSWERED_ON = "ANSWERED_ON"
    IGNORED = "IGNORED"


_EITHER = frozenset({Holds.BANK, Holds.MONTH, Holds.PURPOSE, Holds.CONSTANT})
OF_A_PAYMENT = _EITHER | {
    Holds.ORDINAL,
    Holds.INSTRUCTION_KEY,
    Holds.NAME,
    Holds.CITIZEN_ID_NO,
    Holds.ACCOUNT,
    Holds.AMOUNT,
}
OF_A_FILE = _EITHER | {Holds.BATCH, Holds.PART, Holds.FILE_DATE, Holds.RECORD_COUNT, Holds.AMOUNT_TOTAL}
OF_AN_ANSWER = OF_A_PAYMENT | {Holds.RETURN_CODE, Holds.RETURN_TEXT, Holds.ANSWERED_ON, Holds.IGNORED}
NUMBERS = frozenset({Holds.ORDINAL, Holds.AMOUNT, Holds.PART, Holds.RECORD_COUNT, Holds.AMOUNT_TOTAL})
"""What may be filled up with zeros: of anything else they would become a part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field(Part):
    """One cell. ``width`` in bytes of the encoding: exactly so many in a fixed-width file, at most in others.

    ``text``: of a constant. ``amount``, ``day``: how amounts and days are written. ``required``: may not be empty.
    """

    holds: Holds
    title: str = ""
    width: int | None = None
    align: Align = Align.LEFT
    pad: Pad = Pad.SPACE
    text: str = ""
    amount: AmountIn = AmountIn.YUAN
    day: DayIn = DayIn.PLAIN
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout(Part):
    """A file: perhaps a header line, perhaps the titles of the columns, lines, perhaps a trailer line.

    ``quoted``: a cell of a CSV file that holds the delimiter or a quotation mark is put in quotation marks; otherwise
    such a cell is refused. Encoding, line end and delimiter mean nothing in an Excel file.
    """

    format: Format
    columns: tuple[Field, ...]
    header: tuple[Field, ...] = ()
    trailer: tuple[Field, ...] = ()
    titles: bool = False
    encoding: Encoding = Encoding.GB18030
    line_end: LineEnd = LineEnd.CRLF
    delimiter: Delimiter = Delimiter.COMMA
    quoted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeMeaning(Part):
    """What the bank means by a code of its answers. ``text``: the bank's own words, where they say more."""

    code: str
    reason: Reason
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration(Part):
    """One bank's files for the payers of a division (``*``: everybody).

    ``code`` names it among those of the division. ``agreement``: what was agreed with the bank, and where. ``banks``:
    the banks of payees it serves, all when empty. ``file_name`` may hold ``{batch}``, ``{bank}``, ``{part}``,
    ``{date}`` and ``{month}``. A sub-file has at most ``lines_max`` lines, and payees of one bank where ``by_bank``.
    ``answer_days``: working days after which an answer is late.
    """

    division: str
    code: str
    title: str
    agreement: str
    file: Layout
    file_name: str
    answer: Layout
    codes: tuple[CodeMeaning, ...]
    banks: tuple[str, ...] = ()
    by_bank: bool = False
    lines_max: int = 50_000
    answer_days: int = 3

    @property
    def known_by(self) -> Holds:
        """What an answer names its line by: the instruction key where it has one."""
        held = {each.holds for each in self.answer.columns}
        return Holds.INSTRUCTION_KEY if Holds.INSTRUCTION_KEY in held else Holds.ORDINAL
