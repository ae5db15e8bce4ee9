"""Spreadsheets from strangers and for strangers: real files, honest and hostile."""

import io
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from shared.kit.spreadsheets import (
    Cell,
    CellFault,
    Column,
    ColumnsAreMissing,
    ColumnsAreRepeated,
    FileEncodingIsUnknown,
    FileIsNoSpreadsheet,
    FileIsSuspicious,
    FileIsTooLarge,
    FileIsUnreadable,
    FileTextIsMalformed,
    Limits,
    Row,
    csv_lines,
    open_table,
    write_faults,
    write_table,
)

NAME = Column("name", "姓名")
NUMBER = Column("number", "公民身份号码", aliases=("身份证号", "身份证号码"))
PHONE = Column("phone", "联系电话", required=False)
COLUMNS = (NAME, NUMBER, PHONE)
TITLES = ("姓名", "公民身份号码", "联系电话")
ROWS = [("张三", "11010519491231002X", "13800000000"), ("李四", "110105491231002", "")]


def read(source: Path | bytes, limits: Limits | None = None) -> list[Row]:
    with open_table(io.BytesIO(source) if isinstance(source, bytes) else source, COLUMNS, limits) as table:
        return list(table)


def values(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    return [tuple(row.values[column.field] for column in COLUMNS) for row in rows]


def a_workbook(rows: Sequence[Sequence[Cell]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"default_date_format": "yyyy-mm-dd"}) as workbook:
        sheet = workbook.add_worksheet()
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
    return buffer.getvalue()


def first_sheet(path: Path) -> Any:
    """The sheet as an independent reader sees it."""
    return openpyxl.load_workbook(path).active


def repacked(
    content: bytes,
    change: Callable[[str, bytes], bytes] = lambda _, data: data,
    extra: Sequence[tuple[str, bytes]] = (),
) -> bytes:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, data in extra:
            new.writestr(name, data)
    return buffer.getvalue()


def with_sheet(xml: bytes) -> bytes:
    """A workbook whose first sheet has these rows in place of its own."""

    def change(name: str, data: bytes) -> bytes:
        if name != "xl/worksheets/sheet1.xml":
            return data
        start, end = data.index(b"<sheetData>") + len(b"<sheetData>"), data.index(b"</sheetData>")
        return data[:start] + xml + data[end:]

    return repacked(a_workbook([TITLES, *ROWS]), change)


# ------------------------------------------------------------------------------------------------ reading


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_what_was_written_is_read_again_with_the_row_numbers_people_see(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"file{suffix}"
    assert write_table(path, TITLES, ROWS) == 2
    rows = read(path)
    assert values(rows) == ROWS
    assert [row.number for row in rows] == [2, 3]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_text_is_read_in_the_encodings_chinese_programs_write(encoding: str, delimiter: str) -> None:
    text = "\r\n".join(delimiter.join(row) for row in (TITLES, *ROWS))
    assert values(read(text.encode(encoding))) == ROWS


def test_a_header_is_found_under_titles_by_alias_and_in_any_order() -> None:
    content = a_workbook(
        [["六安市登记表"], [], ["序号", "身份证 号码*", "姓　名（必填）"], [1, "11010519491231002X", "张三"]]
    )
    with open_table(io.BytesIO(content), COLUMNS) as table:
        assert table.unknown_titles == ("序号",)
        assert table.rows_at_most == 1
        assert [(row.number, dict(row.values)) for row in table] == [
            (4, {"name": "张三", "number": "11010519491231002X", "phone": ""})
        ]


def test_empty_rows_are_passed_over_and_keep_the_numbering() -> None:
    assert [row.number for row in read(a_workbook([TITLES, [], ROWS[0], ["", " "], ROWS[1]]))] == [3, 5]
    assert [row.number for row in read("姓名,公民身份号码\n\n张三,1\n".encode())] == [3]


def test_cells_become_text_without_losing_anything() -> None:
    with_types: list[tuple[Cell, ...]] = [
        ("张三", date(2024, 5, 1), 13800000000),
        ("李四", datetime(2024, 5, 1, 8, 30), 1.5),  # noqa: DTZ001 - spreadsheets know no zones
        (" 王五 ", True, -3),
    ]
    assert values(read(a_workbook([TITLES, *with_types]))) == [
        ("张三", "2024-05-01", "13800000000"),
        ("李四", "2024-05-01 08:30:00", "1.5"),
        ("王五", "TRUE", "-3"),
    ]


def test_a_long_number_in_a_number_cell_is_a_fault_and_not_a_wrong_number() -> None:
    (row,) = read(a_workbook([TITLES, ("张三", 110105194912310021, "")]))
    assert row.values["number"] == ""
    assert [(fault.row, fault.column) for fault in row.faults] == [(2, "公民身份号码")]
    assert "文本格式" in row.faults[0].reason


def test_control_characters_and_endless_cells_are_faults_of_their_cell() -> None:
    rows = read(f"姓名,公民身份号码\n张\x01三,{'9' * 2001}\n王五,1\n".encode())
    assert [len(row.faults) for row in rows] == [2, 0]


def test_missing_columns_are_named() -> None:
    with pytest.raises(ColumnsAreMissing) as refused:
        read(a_workbook([["姓名", "电话"], ["张三", "1"]]))
    assert "公民身份号码" in refused.value.zh
    assert "姓名" not in refused.value.facts["missing"]  # type: ignore[operator]


def test_columns_that_mean_the_same_are_refused() -> None:
    with pytest.raises(ColumnsAreRepeated):
        read(a_workbook([["姓名", "身份证号", "公民身份号码"], ["张三", "1", "2"]]))


def test_the_callers_file_stays_open() -> None:
    for content in (a_workbook([TITLES, *ROWS]), "姓名,公民身份号码\n张三,1\n".encode()):
        file = io.BytesIO(content)
        with open_table(file, COLUMNS) as table:
            list(table)
        assert not file.closed


# ------------------------------------------------------------------------------------------------ limits


def test_rows_are_taken_up_to_the_limit_and_not_one_more() -> None:
    for content in (a_workbook([TITLES, *ROWS]), "\n".join(map(",".join, (TITLES, *ROWS))).encode()):
        assert len(read(content, Limits(rows_max=2))) == 2
        with pytest.raises(FileIsTooLarge):
            read(content, Limits(rows_max=1))


def test_bytes_columns_and_lines_are_limited() -> None:
    content = "\n".join(map(",".join, (TITLES, *ROWS))).encode()
    assert read(content, Limits(file_bytes_max=len(content), line_length_max=40, columns_max=3))
    for limits in (Limits(file_bytes_max=len(content) - 1), Limits(line_length_max=20), Limits(columns_max=2)):
        with pytest.raises(FileIsTooLarge):
            read(content, limits)


# ------------------------------------------------------------------------------------------------ hostile files


def test_a_bomb_is_refused_by_its_ratio_before_it_is_unpacked() -> None:
    bomb = repacked(a_workbook([TITLES, *ROWS]), extra=[("xl/media/bomb.xml", b" " * (40 << 20))])
    assert len(bomb) < 1_000_000
    with pytest.raises(FileIsSuspicious, match="ratio"):
        read(bomb)


def test_a_package_that_unpacks_to_too_much_is_refused() -> None:
    with pytest.raises(FileIsTooLarge):
        read(a_workbook([TITLES, *ROWS]), Limits(unpacked_bytes_max=2_000))


def test_a_member_that_lies_about_its_size_is_found_out() -> None:
    body = b"<a>" + b"x" * 5_000_000 + b"</a>"
    content = bytearray(repacked(a_workbook([TITLES, *ROWS]), extra=[("xl/bomb.xml", body)]))
    directory = content.rindex(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (10).to_bytes(4, "little")  # the size claimed
    content[directory + 16 : directory + 20] = zlib.crc32(body[:10]).to_bytes(4, "little")  # with a fitting checksum
    with pytest.raises(FileIsUnreadable):
        read(bytes(content))


@pytest.mark.parametrize(
    "cell",
    [
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="190000"><c r="GR190000"><v>1</v></c></row>',
        b"<row r='1'><c t='n'\n r='xfd1'><v>1</v></c></row>",
        b'<row r="1"><x:c xmlns:x="urn:x" r="XFD1"><v>1</v></x:c></row>',
    ],
)
def test_one_cell_in_the_last_corner_does_not_allocate_the_sheet(cell: bytes) -> None:
    with pytest.raises(FileIsTooLarge):
        read(with_sheet(cell))


@pytest.mark.parametrize(
    "cell",
    [
        b"<row><c><v>1</v></c></row>",
        b'<row r="1"><c t=" r=\'A1\' " r="XFD1048576"><v>1</v></c></row>',
        b'<row r="1"><c r="&#88;FD1"><v>1</v></c></row>',
        b'<row r="1"><c r = "XFD1"><v>1</v></c></row>',
    ],
)
def test_a_cell_that_hides_its_place_is_refused(cell: bytes) -> None:
    with pytest.raises((FileIsSuspicious, FileIsTooLarge)):
        read(with_sheet(cell))


def test_formatting_far_away_is_no_cell() -> None:
    titles = "".join(
        f'<c r="{at}1" t="inlineStr"><is><t>{title}</t></is></c>' for at, title in zip("AB", TITLES, strict=False)
    )
    assert read(with_sheet(f'<row r="1">{titles}</row><row r="1048576"><c r="XFD1048576" s="0"/></row>'.encode())) == []


def test_entities_are_not_expanded() -> None:
    def change(name: str, data: bytes) -> bytes:
        declared = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
        return data.replace(b"?>", b"?>" + declared, 1) if name == "xl/sharedStrings.xml" else data

    with pytest.raises(FileIsSuspicious, match="document type"):
        read(repacked(a_workbook([TITLES, *ROWS]), change))


def test_packages_of_another_kind_and_doubtful_members_are_refused() -> None:
    plain = a_workbook([TITLES, *ROWS])
    with pytest.raises(FileIsSuspicious, match="too many members"):
        read(repacked(plain, extra=[(f"x/{index}", b"") for index in range(600)]))
    with pytest.raises(FileIsSuspicious, match="one name"):
        read(repacked(plain, extra=[("XL/workbook.xml", b"<x/>")]))
    with pytest.raises(FileIsNoSpreadsheet):
        read(repacked(plain, extra=[("content.xml", b"<x/>")]))
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as package:
        package.writestr("hello.txt", "hello")
    with pytest.raises(FileIsNoSpreadsheet):
        read(other.getvalue())


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04" + b"\0" * 200,
        a_workbook([TITLES, *ROWS])[:-40],
        a_workbook([TITLES, *ROWS])[:900],
        repacked(a_workbook([TITLES]), lambda name, data: data[:50] if "workbook.xml" in name else data),
        repacked(a_workbook([TITLES]), lambda name, data: b"" if "sheet1" in name else data),
    ],
)
def test_a_damaged_package_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(FileIsUnreadable):
        read(content)


@pytest.mark.parametrize(
    "content", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, b"%PDF-1.7\n\0\0", b"\xff\xd8\xff\xe0\0"]
)
def test_old_encrypted_and_other_files_are_refused_with_advice(content: bytes) -> None:
    with pytest.raises(FileIsNoSpreadsheet) as refused:
        read(content)
    assert "另存为" in refused.value.zh


def test_text_in_no_known_encoding_is_refused() -> None:
    with pytest.raises(FileEncodingIsUnknown):
        read(b"\xff\xff\xff,\x81\x20")


def test_an_unclosed_quotation_is_refused_and_does_not_swallow_the_file() -> None:
    with pytest.raises(FileTextIsMalformed):
        read(('姓名,公民身份号码\n"张三,1\n' + "李四,2\n" * 50_000).encode())


def test_an_empty_file_is_a_file_without_columns() -> None:
    with pytest.raises(ColumnsAreMissing):
        read(b"")


@given(st.binary(max_size=400))
def test_no_bytes_at_all_break_the_reader(content: bytes) -> None:
    for file in (content, b"PK\x03\x04" + content):
        with pytest.raises(FileIsUnreadable):
            read(file)


@given(st.integers(0, 10**6), st.integers(0, 255))
def test_no_damaged_byte_breaks_the_reader(at: int, byte: int) -> None:
    content = bytearray(a_workbook([TITLES, *ROWS]))
    content[at % len(content)] = byte
    with suppress(FileIsUnreadable):
        read(bytes(content))


# ------------------------------------------------------------------------------------------------ writing

DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "=cmd|' /C calc'!A0"]


@pytest.mark.parametrize("text", DANGEROUS)
@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_text_that_looks_like_a_formula_is_quoted(tmp_path: Path, suffix: str, text: str) -> None:
    path = tmp_path / f"file{suffix}"
    write_table(path, TITLES, [(text, "1", "")])
    if suffix == ".xlsx":
        cell = first_sheet(path)["A2"]
        assert cell.data_type == "s"
        assert cell.value.startswith("'")
    else:
        assert b"'" + text[:1].encode() in path.read_bytes()
    assert read(path)[0].values["name"] == text.strip()


def test_numbers_and_dates_stay_numbers_and_dates_but_long_numbers_become_text(tmp_path: Path) -> None:
    path = tmp_path / "file.xlsx"
    write_table(path, ("a", "b", "c", "d"), [(170, -1.5, date(2024, 5, 1), 110105194912310021)])
    cells = first_sheet(path)[2]
    assert [cell.value for cell in cells] == [170, -1.5, datetime(2024, 5, 1), "110105194912310021"]  # noqa: DTZ001
    assert cells[2].is_date


def test_text_longer_than_a_cell_is_cut_and_not_dropped(tmp_path: Path) -> None:
    path = tmp_path / "file.xlsx"
    write_table(path, ("a",), [("x" * 40_000,)])
    assert first_sheet(path)["A2"].value.endswith("x…")


def test_faults_go_back_with_row_column_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "faults.xlsx"
    assert write_faults(path, [CellFault(7, "公民身份号码", "校验位不符"), CellFault(9, "姓名", "=坏")]) == 2
    rows = list(first_sheet(path).values)
    assert rows == [("行号", "列", "原因"), (7, "公民身份号码", "校验位不符"), (9, "姓名", "'=坏")]


def test_a_streamed_file_begins_with_the_mark_and_is_read_again() -> None:
    content = b"".join(csv_lines(TITLES, ROWS))
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\xef\xbb\xbf") == 1
    assert values(read(content)) == ROWS


def test_a_file_without_rows_has_its_header(tmp_path: Path) -> None:
    for suffix in (".xlsx", ".csv"):
        path = tmp_path / f"file{suffix}"
        assert write_table(path, TITLES, []) == 0
        assert read(path) == []


MEASURE = """
import sys
from pathlib import Path
from shared.kit.spreadsheets import Column, open_table
with open_table(Path(sys.argv[1]), [Column(title, title) for title in sys.argv[2]]) as table:
    count = sum(len(row.values) == 10 for row in table)
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(count, int(status["VmHWM"].split()[0]) // 1024)
"""
LETTERS = "ABCDEFGHIJ"


def a_large_workbook(rows: int) -> bytes:
    """As xlsxwriter would write it, made in a fraction of the time."""
    cell = '<c r="{0}%d" t="inlineStr"><is><t>{0}-%d-甲乙丙丁</t></is></c>'
    row = "".join(cell.format(letter) for letter in LETTERS)
    head = "".join(f'<c r="{letter}1" t="inlineStr"><is><t>{letter}</t></is></c>' for letter in LETTERS)
    body = "".join(f'<row r="{at}">{row % ((at,) * 20)}</row>' for at in range(2, rows + 2))
    return with_sheet(f'<row r="1">{head}</row>{body}'.encode())


def a_large_text(rows: int) -> bytes:
    return b"".join(csv_lines(LETTERS, ([f"{row}-甲乙丙丁"] * 10 for row in range(rows))))


@pytest.mark.parametrize("made", [a_large_workbook, a_large_text])
def test_a_hundred_thousand_rows_are_read_within_300_megabytes(tmp_path: Path, made: Callable[[int], bytes]) -> None:
    path = tmp_path / "large"
    path.write_bytes(made(100_000))
    command = [sys.executable, "-c", MEASURE, str(path), LETTERS]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    count, megabytes = map(int, told.stdout.split())
    assert count == 100_000
    assert megabytes <= 300
