"""Spreadsheets in and out: .xlsx and .csv from strangers, rows with the numbers people see, reasons in their language.

Reading assumes malice. A package is weighed before anything is unpacked into memory: its true sizes (not those it
claims), and the position of every cell, because one cell in the last corner of a sheet makes a reader allocate all the
cells between. What is wrong with the file as a whole is a refusal; what is wrong with one cell is a `CellFault` of its
row.

Writing assumes that somebody will open the file: text that a spreadsheet program would take for a formula is quoted.
"""

import codecs
import copy
import csv
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, ClassVar, Final, Self

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook

from shared.values.invalid import InvalidValue

Cell = str | int | float | date | time | timedelta | Decimal | None
"""What a cell may hold, read or written; a `datetime` is a `date`, a `bool` an `int`."""

_CHUNK: Final = 1 << 18
_ZIP_MAGIC: Final = b"PK\x03\x04"
_OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0"
_HEADER_ROWS: Final = 10
"""Chinese forms often have a title or two above the header; it is looked for in so many rows."""
_EXACT_DIGITS: Final = 10**15
"""A number in a spreadsheet is a double: from here on the last digits of an identity number are lost."""
_SHEET_ROWS: Final = 1_048_576
_SHEET_STEP: Final = 1 << 21
"""Rows of further sheets are numbered from multiples of this on: no sheet has so many."""
_CELL_LENGTH_MAX: Final = 32_767
"""Of the format; longer text would be dropped by the writer."""
_OTHER_WORKBOOKS: Final = frozenset({"xl/workbook.bin", "content.xml", "mimetype"})
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MARKS: Final = re.compile(r"[\s*:：]+|[(（]必填[)）]")
_ATTRIBUTES: Final = rb"(?:\s+(?!r=)[\w:.-]+=(?:\"[^\"<]*\"|'[^'<]*'))*"
_CELL: Final = re.compile(rb"<(?:[\w.-]+:)?c[\s/>]")
_PLACED_CELL: Final = re.compile(
    rb"<(?:[\w.-]+:)?c" + _ATTRIBUTES + rb"\s+r=[\"']([A-Za-z]{1,3})([0-9]{1,7})[\"']" + _ATTRIBUTES + rb"\s*(/?)>"
)
"""Column, row, and a slash if the cell is empty: formatting alone takes no room."""


class FileIsUnreadable(InvalidValue):
    """The file as a whole cannot be taken. The subclasses say why."""

    code: ClassVar[str] = "file_is_unreadable"
    zh_text: ClassVar[str] = "文件无法读取，可能已损坏；请用表格软件重新另存为 .xlsx 后再试"
    en_text: ClassVar[str] = "the file cannot be read and may be damaged; save it again as .xlsx"


class FileIsTooLarge(FileIsUnreadable):
    """More than a limit allows: bytes, rows, cells, or the length of a line."""

    code: ClassVar[str] = "file_is_too_large"
    zh_text: ClassVar[str] = "文件过大：{what_zh}超过上限 {limit}；请拆分后分别导入"
    en_text: ClassVar[str] = "the file is too large: more than {limit} {what}; split it"


class FileIsNoSpreadsheet(FileIsUnreadable):
    """Another kind of file, an old .xls, or one with a password."""

    code: ClassVar[str] = "file_is_no_spreadsheet"
    zh_text: ClassVar[str] = "仅支持 .xlsx 与 .csv；旧版 .xls 或加密的文件，请取消密码并另存为 .xlsx"
    en_text: ClassVar[str] = "only .xlsx and .csv are taken; save an old or encrypted workbook as plain .xlsx"


class FileIsSuspicious(FileIsUnreadable):
    """Built in a way no spreadsheet program builds files."""

    code: ClassVar[str] = "file_is_suspicious"
    zh_text: ClassVar[str] = "文件结构异常，出于安全考虑未予读取；请用表格软件重新另存为 .xlsx"
    en_text: ClassVar[str] = "the file is built in an unusual way ({why}) and was not opened; save it again as .xlsx"


class FileEncodingIsUnknown(FileIsUnreadable):
    """Text that is neither UTF-8 nor GB 18030."""

    code: ClassVar[str] = "file_encoding_is_unknown"
    zh_text: ClassVar[str] = "无法识别文本编码；.csv 应为 UTF-8 或 GB18030（GBK）编码"
    en_text: ClassVar[str] = "the encoding is unknown; a .csv is UTF-8 or GB 18030"


class FileTextIsMalformed(FileIsUnreadable):
    """Quotation marks of a .csv that do not match."""

    code: ClassVar[str] = "file_text_is_malformed"
    zh_text: ClassVar[str] = "第 {row} 行附近的引号不成对或格式有误"
    en_text: ClassVar[str] = "quotation marks do not match near row {row}"


class ColumnsAreMissing(FileIsUnreadable):
    """The header lacks columns that are needed."""

    code: ClassVar[str] = "columns_are_missing"
    zh_text: ClassVar[str] = "缺少必需的列：{missing}；表头应位于前 10 行之内"
    en_text: ClassVar[str] = "columns are missing: {missing}; the header has to be within the first 10 rows"


class ColumnsAreRepeated(FileIsUnreadable):
    """Two columns of the header mean the same."""

    code: ClassVar[str] = "columns_are_repeated"
    zh_text: ClassVar[str] = "列重复：{repeated}"
    en_text: ClassVar[str] = "columns appear twice: {repeated}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may weigh. The defaults keep one import under 300 MB of memory."""

    file_bytes_max: int = 64 << 20
    rows_max: int = 200_000
    cells_max: int = 3_000_000
    columns_max: int = 200
    members_max: int = 500
    unpacked_bytes_max: int = 256 << 20
    ratio_max: int = 200
    ratio_from_bytes: int = 1 << 20
    """Smaller members may compress as well as they like."""
    line_length_max: int = 65_536
    cell_length_max: int = 2_000


@dataclass(frozen=True, slots=True)
class Column:
    """A column a file may have: the name in the code, the title people write, and other titles they write for it."""

    field: str
    title: str
    aliases: tuple[str, ...] = ()
    required: bool = True


@dataclass(frozen=True, slots=True)
class CellFault:
    """What is wrong with one cell, in the reader's words. The content is not repeated."""

    row: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number as a spreadsheet program shows it, and the text of each known column ('' when empty)."""

    number: int
    values: Mapping[str, str]
    faults: tuple[CellFault, ...] = ()


@dataclass(slots=True)
class Table:
    """An open file, positioned after its header. Iterate once; use it as a context manager."""

    columns: Sequence[Column]
    limits: Limits
    header_row: int
    positions: Mapping[int, Column]
    unknown_titles: tuple[str, ...]
    """Titles of the file that no column claims; their cells are not read."""
    rows_at_most: int | None
    """For progress: how many rows follow, empty ones included; not known for text files."""
    _rows: Iterator[tuple[int, Sequence[Cell]]] = field(repr=False)
    _resources: ExitStack = field(repr=False)

    def __iter__(self) -> Iterator[Row]:
        """Every row that is not empty.

        :raises FileIsTooLarge: when more rows come than the limits allow.
        :raises FileTextIsMalformed: when a text file breaks off inside quotation marks.
        """
        empty = {column.field: "" for column in self.columns}
        positions = tuple(self.positions.items())
        last = self.header_row + self.limits.rows_max
        for number, cells in self._rows:
            if number > last:
                raise FileIsTooLarge(what="rows", what_zh="行数", limit=self.limits.rows_max)
            values = empty.copy()
            faults: list[CellFault] = []
            for index, column in positions:
                if index < len(cells) and (cell := cells[index]) not in ("", None):
                    values[column.field], reason = _text_of(cell, self.limits.cell_length_max)
                    if reason:
                        faults.append(CellFault(number, column.title, reason))
            if faults or any(values.values()):
                yield Row(number, values, tuple(faults))

    def close(self) -> None:
        """Let go of the file."""
        self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(slots=True)
class Sheets:
    """Every sheet of a workbook that has the header; rows are numbered through, see `place_of`."""

    tables: Sequence[Table]
    _resources: ExitStack = field(repr=False)

    @property
    def rows_at_most(self) -> int:
        """For progress, as of a table."""
        return sum(table.rows_at_most or 0 for table in self.tables)

    def __iter__(self) -> Iterator[Row]:
        """The rows of one sheet after the other; refusals as of a table."""
        return chain.from_iterable(self.tables)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()


def place_of(number: int) -> tuple[int, int]:
    """Sheet, counted from 1, and row of a row's number."""
    sheet, row = divmod(number, _SHEET_STEP)
    return sheet + 1, row


def open_every_sheet(source: BinaryIO, columns: Sequence[Column], limits: Limits | None = None) -> Table | Sheets:
    """As `open_table`; of a workbook every sheet that has the header, with the value of a merged cell in every row it
    covers. A cover or a page of notes is passed over.

    :raises FileIsUnreadable: or one of its subclasses; `ColumnsAreMissing` where no sheet has the header.
    """
    bounds = limits or Limits()
    source.seek(0)
    if source.read(len(_ZIP_MAGIC)) != _ZIP_MAGIC:
        return open_table(source, columns, bounds)
    with ExitStack() as stack:
        if source.seek(0, io.SEEK_END) > bounds.file_bytes_max:
            raise FileIsTooLarge(what="bytes", what_zh="字节数", limit=bounds.file_bytes_max)
        workbook = _workbook(source, bounds, stack)
        tables: list[Table] = []
        without: ColumnsAreMissing | None = None
        for at in range(len(workbook.sheet_names)):
            height, rows = _sheet_rows(workbook, at, merged=True)
            numbered = enumerate(rows, start=at * _SHEET_STEP + 1)
            try:
                tables.append(_table(numbered, columns, bounds, height, ExitStack()))
            except ColumnsAreMissing as missing:
                without = without or missing
        if not tables:
            raise without or FileIsUnreadable
        return Sheets(tables, stack.pop_all())


def open_table(source: Path | BinaryIO, columns: Sequence[Column], limits: Limits | None = None) -> Table:
    """Open an .xlsx (its first sheet) or .csv file, told apart by content, and find its header.

    :param source: a path, or a seekable binary file, which stays the caller's to close.
    :raises FileIsUnreadable: or one of its subclasses.
    """
    bounds = limits or Limits()
    with ExitStack() as stack:
        file = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
        if file.seek(0, io.SEEK_END) > bounds.file_bytes_max:
            raise FileIsTooLarge(what="bytes", what_zh="字节数", limit=bounds.file_bytes_max)
        file.seek(0)
        magic = file.read(len(_ZIP_MAGIC))
        file.seek(0)
        if magic == _OLE_MAGIC:
            raise FileIsNoSpreadsheet
        height: int | None = None
        if magic == _ZIP_MAGIC:
            height, rows = _workbook_rows(file, bounds, stack)
        else:
            rows = _text_rows(file, bounds, stack)
        return _table(enumerate(rows, start=1), columns, bounds, height, stack)


def _table(
    numbered: Iterator[tuple[int, Sequence[Cell]]],
    columns: Sequence[Column],
    limits: Limits,
    height: int | None,
    stack: ExitStack,
) -> Table:
    """The table in some rows, after its header was found; whatever is open is its own from then on."""
    head = list(islice(numbered, _HEADER_ROWS))
    at, positions, unknown = _find_header([cells for _, cells in head], columns)
    return Table(
        columns=columns,
        limits=limits,
        header_row=head[at][0],
        positions=positions,
        unknown_titles=unknown,
        rows_at_most=None if height is None else height - at - 1,
        _rows=chain(head[at + 1 :], numbered),
        _resources=stack.pop_all(),
    )


def workbook_texts(source: BinaryIO, limits: Limits | None = None) -> Iterator[tuple[list[str], str]]:
    """Every row of the first sheet of an .xlsx as texts, without looking for a header; with them the reason why one of
    the cells cannot be taken, or ''.

    :raises FileIsUnreadable: or one of its subclasses.
    """
    bounds = limits or Limits()
    with ExitStack() as stack:
        if source.read(len(_ZIP_MAGIC)) != _ZIP_MAGIC:
            raise FileIsNoSpreadsheet
        _, rows = _workbook_rows(source, bounds, stack)
        for number, cells in enumerate(rows, start=1):
            if number > bounds.rows_max:
                raise FileIsTooLarge(what="rows", what_zh="行数", limit=bounds.rows_max)
            told = [_text_of("" if cell is None else cell, bounds.cell_length_max) for cell in cells]
            yield [text for text, _ in told], next((reason for _, reason in told if reason), "")


# ------------------------------------------------------------------------------------------------ header and cells


def _find_header(
    head: Sequence[Sequence[Cell]], columns: Sequence[Column]
) -> tuple[int, dict[int, Column], tuple[str, ...]]:
    """Where the header is, which position holds which column, and the titles nobody claims."""
    by_title = {_plain_title(title): column for column in columns for title in (column.title, *column.aliases)}
    required = {column.title for column in columns if column.required}
    found: list[dict[int, Column]] = []
    for at, cells in enumerate(head):
        titles = {index: _plain_title(str(cell)) for index, cell in enumerate(cells) if cell not in ("", None)}
        positions = {index: by_title[title] for index, title in titles.items() if title in by_title}
        found.append(positions)
        taken = [column.title for column in positions.values()]
        if positions and required.issubset(taken):
            if repeated := sorted({title for title in taken if taken.count(title) > 1}):
                raise ColumnsAreRepeated(repeated="、".join(repeated))
            unknown = (str(cells[index])[:40] for index in titles if index not in positions)
            return at, positions, tuple(unknown)
    best = max(found, key=len, default={})
    missing = required - {column.title for column in best.values()}
    raise ColumnsAreMissing(missing="、".join(column.title for column in columns if column.title in missing))


def _plain_title(title: str) -> str:
    return _MARKS.sub("", unicodedata.normalize("NFKC", title)).casefold()


def _text_of(cell: Cell, length_max: int) -> tuple[str, str]:
    """The text of a cell, and the reason why it cannot be taken, or ''."""
    match cell:
        case str():
            guarded = cell.startswith("'") and cell[1:].startswith(_FORMULA)
            text = (cell[1:] if guarded else cell).strip()
        case bool():
            text = "TRUE" if cell else "FALSE"
        case int() | float() if abs(cell) >= _EXACT_DIGITS:
            return "", "长数字以数值格式保存，末几位已丢失；请将该列设为文本格式后重新填写"
        case float():
            text = str(int(cell)) if cell.is_integer() else repr(cell)
        case datetime():
            text = cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ", timespec="seconds")
        case date() | time():
            text = cell.isoformat()
        case _:
            text = str(cell)
    if len(text) > length_max:
        return "", f"内容超过 {length_max} 个字符"
    if _CONTROL.search(text):
        return "", "含有不可见的控制字符"
    return text, ""


# ------------------------------------------------------------------------------------------------ .xlsx


def _workbook_rows(file: BinaryIO, limits: Limits, stack: ExitStack) -> tuple[int, Iterator[Sequence[Cell]]]:
    """The height of the first sheet and its rows, after the package was found harmless."""
    return _sheet_rows(_workbook(file, limits, stack), 0)


def _workbook(file: BinaryIO, limits: Limits, stack: ExitStack) -> CalamineWorkbook:
    """A package that was found harmless."""
    with _unreadable():
        _weigh(file, limits)
        file.seek(0)
        return stack.enter_context(CalamineWorkbook.from_filelike(file))


def _sheet_rows(workbook: CalamineWorkbook, at: int, *, merged: bool = False) -> tuple[int, Iterator[Sequence[Cell]]]:
    """The height of a sheet and its rows; ``merged``: a merged cell counts for every row it covers."""
    with _unreadable():
        sheet = workbook.get_sheet_by_index(at)
        rows = sheet.iter_rows()
        covered = sheet.merged_cell_ranges if merged else None
    return (sheet.end or (-1, 0))[0] + 1, _filled(rows, covered) if covered else rows


def _filled(
    rows: Iterator[Sequence[Cell]], ranges: Iterable[tuple[tuple[int, int], tuple[int, int]]]
) -> Iterator[Sequence[Cell]]:
    begins: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, _) in ranges:
        if bottom > top:
            begins.setdefault(top, []).append((left, bottom))
    running: dict[int, tuple[int, Cell]] = {}
    for number, row in enumerate(rows):
        running = {column: told for column, told in running.items() if told[0] >= number}
        if running:
            row = list(row)  # noqa: PLW2901 - the same row, filled
            for column, (_, value) in running.items():
                if column < len(row):
                    row[column] = value
        for left, bottom in begins.get(number, ()):
            if left < len(row):
                running[left] = (bottom, row[left])
        yield row


@contextmanager
def _unreadable() -> Iterator[None]:
    """However the reader fails, the file is what is wrong."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, CalamineError, OSError, IndexError) as error:
        raise FileIsUnreadable from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # how the reader's own faults arrive; it has no importable type
            raise FileIsUnreadable from error
        raise


def _weigh(file: BinaryIO, limits: Limits) -> None:
    """Unpack every member once without keeping it, and refuse what would not fit or is not what it says it is."""
    with zipfile.ZipFile(file) as package:
        members = package.infolist()
        names = {member.filename.lower() for member in members}
        if len(members) > limits.members_max:
            raise FileIsSuspicious(why="too many members")
        if len(names) != len(members):
            raise FileIsSuspicious(why="members of one name")
        if "xl/workbook.xml" not in names or names & _OTHER_WORKBOOKS:
            raise FileIsNoSpreadsheet
        if sum(member.file_size for member in members) > limits.unpacked_bytes_max:
            raise FileIsTooLarge(what="bytes unpacked", what_zh="解压后字节数", limit=limits.unpacked_bytes_max)
        markup = 0
        for member in members:
            markup += _weigh_member(package, member, limits)
            if markup > 6 * limits.cells_max:  # what a cell with its text in place takes
                raise FileIsTooLarge(what="cells", what_zh="单元格数", limit=limits.cells_max)


def _weigh_member(package: zipfile.ZipFile, member: zipfile.ZipInfo, limits: Limits) -> int:
    """Check the true size of one member and where its cells are; how many tags it has."""
    if member.flag_bits & 0x1:
        raise FileIsNoSpreadsheet
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FileIsSuspicious(why="compression")
    if member.file_size > max(limits.ratio_from_bytes, member.compress_size * limits.ratio_max):
        raise FileIsSuspicious(why="compression ratio")
    honest = copy.copy(member)
    honest.file_size += 1  # zipfile stops at the size claimed: one byte more shows whether there is more
    size = markup = 0
    columns: set[bytes] = set()
    bottom = 0
    with package.open(honest) as stream:
        for piece in _tags(iter(lambda: stream.read(_CHUNK), b"")):
            size += len(piece)
            markup += piece.count(b"<")
            if b"<!DOCTYPE" in piece or b"<!ENTITY" in piece:
                raise FileIsSuspicious(why="document type")
            placed = _PLACED_CELL.findall(piece)
            if len(placed) != len(_CELL.findall(piece)):
                raise FileIsSuspicious(why="cells without a place")
            columns.update(column for column, _, empty in placed if not empty)
            bottom = max(bottom, max((int(row) for _, row, empty in placed if not empty), default=0))
            right = max(map(_column_number, columns), default=0)
            if right > limits.columns_max:
                raise FileIsTooLarge(what="columns", what_zh="列数", limit=limits.columns_max)
            if right * bottom > limits.cells_max:
                raise FileIsTooLarge(what="cells", what_zh="单元格数", limit=limits.cells_max)
    if size != member.file_size:
        raise FileIsSuspicious(why="sizes that are not true")
    return markup


def _tags(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, cut so that no tag is in two pieces."""
    rest = b""
    for chunk in chunks:
        whole, tag, rest = (rest + chunk).rpartition(b"<")
        rest = tag + rest
        if len(rest) > _CHUNK:
            if b">" not in rest and tag:
                raise FileIsSuspicious(why="a tag without end")
            whole, rest = whole + rest, b""
        yield whole
    yield rest


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number


# ------------------------------------------------------------------------------------------------ .csv


def _text_rows(file: BinaryIO, limits: Limits, stack: ExitStack) -> Iterator[Sequence[Cell]]:
    encoding = _encoding_of(file)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    stack.callback(text.detach)  # collecting the wrapper would close the caller's file
    lines = _lines(text, limits.line_length_max)
    sample = list(islice(lines, _HEADER_ROWS))
    delimiter = max(",\t;", key="".join(sample).count)
    return _records(csv.reader(chain(sample, lines), delimiter=delimiter, strict=True), limits)


def _records(reader: Iterator[list[str]], limits: Limits) -> Iterator[Sequence[Cell]]:
    row = 0
    while True:
        row += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FileTextIsMalformed(row=row) from error
        if len(cells) > limits.columns_max:
            raise FileIsTooLarge(what="columns", what_zh="列数", limit=limits.columns_max)
        yield cells


def _lines(text: io.TextIOWrapper, length_max: int) -> Iterator[str]:
    while line := text.readline(length_max + 1):
        if len(line) > length_max:
            raise FileIsTooLarge(what="characters in a line", what_zh="单行字符数", limit=length_max)
        yield line


def _encoding_of(file: BinaryIO) -> str:
    """UTF-8 if every byte agrees, else GB 18030: what Chinese spreadsheet programs write."""
    for encoding in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        file.seek(0)
        try:
            while chunk := file.read(_CHUNK):
                if b"\0" in chunk:
                    raise FileIsNoSpreadsheet
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise FileEncodingIsUnknown


# ------------------------------------------------------------------------------------------------ writing


def write_table(path: Path, titles: Sequence[str], rows: Iterable[Sequence[Cell]], *, sheet: str = "Sheet1") -> int:
    """Write an .xlsx or .csv file, by the suffix of the path, in constant memory.

    :return: how many rows were written, the header not counted. An .xlsx goes on in further sheets when one is full.
    """
    if path.suffix == ".csv":
        with path.open("wb") as file:
            return _counted(csv_lines(titles, rows), file.write) - 1
    options = {"constant_memory": True, "tmpdir": str(path.parent), "default_date_format": "yyyy-mm-dd"}
    with xlsxwriter.Workbook(str(path), options) as workbook:
        return _write_sheets(workbook, titles, rows, sheet)


def workbook_bytes(titles: Sequence[Cell], rows: Iterable[Sequence[Cell]], *, sheet: str = "Sheet1") -> bytes:
    """A small .xlsx that never touches a disk: for what may not lie there in clear."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as workbook:
        _write_sheets(workbook, titles, rows, sheet)
    return content.getvalue()


def write_faults(path: Path, faults: Iterable[CellFault]) -> int:
    """Write the file that goes back to whoever sent one: row, column, reason."""
    rows = ((_place_zh(fault.row), fault.column, fault.reason) for fault in faults)
    return write_table(path, ("行号", "列", "原因"), rows, sheet="错误清单")


def _place_zh(number: int) -> Cell:
    sheet, row = place_of(number)
    return row if sheet == 1 else f"第 {sheet} 张表第 {row} 行"


def csv_lines(titles: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """The lines of a .csv in UTF-8, to be stored or streamed; it begins with the mark spreadsheet programs look for."""
    mark = codecs.BOM_UTF8
    for row in chain([titles], rows):
        line = io.StringIO(newline="")
        csv.writer(line).writerow([_safe(cell) for cell in row])
        yield mark + line.getvalue().encode()
        mark = b""


def _safe(cell: Cell) -> Cell:
    """A cell no spreadsheet program takes for a formula, or rounds."""
    match cell:
        case str():
            text = cell if len(cell) < _CELL_LENGTH_MAX else f"{cell[: _CELL_LENGTH_MAX - 2]}…"
            return f"'{text}" if text.startswith(_FORMULA) else text
        case bool():
            return "TRUE" if cell else "FALSE"
        case int() if abs(cell) >= _EXACT_DIGITS:
            return str(cell)
        case datetime():
            return cell.isoformat(sep=" ", timespec="seconds")
        case _:
            return cell


def _counted(lines: Iterable[bytes], write: Callable[[bytes], Any]) -> int:
    count = 0
    for count, line in enumerate(lines, start=1):  # noqa: B007 - the count is the result
        write(line)
    return count


def _write_sheets(
    workbook: xlsxwriter.Workbook, titles: Sequence[Cell], rows: Iterable[Sequence[Cell]], name: str
) -> int:
    sheet = _begin_sheet(workbook, titles, name)
    count = 0
    at = 1
    for row in rows:
        if at == _SHEET_ROWS:
            sheet, at = _begin_sheet(workbook, titles, f"{name} ({len(workbook.worksheets()) + 1})"), 1
        for column, cell in enumerate(row):
            _write_cell(sheet, at, column, _safe(cell))
        at += 1
        count += 1
    return count


def _begin_sheet(workbook: xlsxwriter.Workbook, titles: Sequence[Cell], name: str) -> Any:
    sheet = workbook.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, max(len(titles) - 1, 0), 18)
    for column, title in enumerate(titles):
        _write_cell(sheet, 0, column, _safe(title))
    return sheet


def _write_cell(sheet: Any, row: int, column: int, cell: Cell) -> None:
    match cell:
        case None | "":
            return
        case str():
            sheet.write_string(row, column, cell)
        case date():
            sheet.write_datetime(row, column, cell)
        case int() | float() | Decimal():
            sheet.write_number(row, column, cell)
        case _:
            sheet.write_string(row, column, str(cell))
