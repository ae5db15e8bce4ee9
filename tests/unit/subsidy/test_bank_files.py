"""Files for banks: written as declared, read back the same, to the fen; what does not fit is named (RULES 4.4, 9.1)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.subsidy.adapters import bank_files
from services.subsidy.adapters.bank_declarations import SHIPPED, dump
from services.subsidy.domain.banking.cells import Misfit, Value
from services.subsidy.domain.banking.declaration import Declaration, Encoding, Format, Holds, Layout
from services.subsidy.domain.banking.declaration_faults import faults
from services.subsidy.domain.banking.reading import parsed, records_of
from services.subsidy.domain.banking.writing import Payment
from shared.kit.spreadsheets import workbook_texts
from tests.builders.banking import BATCH, a_payment, shipped

NAMES = SHIPPED.names()
TITLE, GBK = "/file/columns/0/title", {"format": "CSV", "encoding": "GBK"}
CHARACTERS = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))
PAYMENTS = st.lists(
    st.builds(
        lambda number, fen, name, bank: a_payment(number, amount_fen=fen, name=name, bank=bank),
        st.integers(1, 10**9),
        st.integers(1, 10**9),
        st.one_of(
            st.sampled_from(["王小明", "买买提·阿不都", "䶮㛃", "𠮷野", "=SUM(A1)"]), st.text(CHARACTERS, max_size=40)
        ),
        st.sampled_from(["农村商业银行", "邮储银行"]),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda payment: payment.instruction_key,
)


def body_of(layout: Layout, content: bytes) -> list[dict[Holds, Value | None]]:
    """The lines of a file of ours, read back as its own columns."""
    if layout.format is Format.XLSX:
        records: list[Any] = [texts for texts, _ in workbook_texts(io.BytesIO(content)) if any(texts)]
    else:
        records = list(records_of(layout, io.BytesIO(content)))
    first = bool(layout.header) + layout.titles
    last = len(records) - bool(layout.trailer)
    return [parsed(layout, layout.columns, record) for record in records[first:last]]


def frame_of(layout: Layout, content: bytes) -> dict[Holds, Value | None]:
    records: list[Any] = (
        [texts for texts, _ in workbook_texts(io.BytesIO(content)) if any(texts)]
        if layout.format is Format.XLSX
        else list(records_of(layout, io.BytesIO(content)))
    )
    head = parsed(layout, layout.header, records[0]) if layout.header else {}
    return head | (parsed(layout, layout.trailer, records[-1]) if layout.trailer else {})


def written(declaration: Declaration, payments: Sequence[Payment]) -> bytes:
    (made,), refused = bank_files.write(declaration, BATCH, payments)
    assert refused == []
    return made.content


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_declaration_has_no_fault(name: str) -> None:
    assert faults(shipped(name)) == []


@pytest.mark.parametrize("name", NAMES)
@given(payments=PAYMENTS)
def test_what_is_written_reads_back_the_same_and_what_is_not_written_is_named(
    name: str, payments: list[Payment]
) -> None:
    declaration = shipped(name, by_bank=False)
    made, refused = bank_files.write(declaration, BATCH, payments)
    sent = {key for each in made for key in each.file.keys}
    assert sent | {each.instruction_key for each in refused} == {each.instruction_key for each in payments}
    assert len(sent) + len(refused) == len(payments)
    for each in made:
        going = [payment for payment in payments if payment.instruction_key in each.file.keys]
        back = body_of(declaration.file, each.content)
        assert [line[Holds.AMOUNT] for line in back] == [payment.amount_fen for payment in going]
        assert [line[Holds.NAME] for line in back] == [payment.name.strip() for payment in going]
        assert [line[Holds.ACCOUNT] for line in back] == [payment.account for payment in going]
        assert [
            line.get(Holds.INSTRUCTION_KEY, payment.instruction_key) for line, payment in zip(back, going, strict=True)
        ] == each.file.keys
        frame = frame_of(declaration.file, each.content)
        assert frame[Holds.RECORD_COUNT] == len(going) == each.file.count
        assert frame[Holds.AMOUNT_TOTAL] == sum(payment.amount_fen for payment in going) == each.file.total_fen


@given(payments=PAYMENTS, lines_max=st.integers(1, 4), by_bank=st.booleans())
def test_sub_files_hold_every_payment_once_and_never_more_lines_or_banks_than_agreed(
    payments: list[Payment],
    lines_max: int,
    by_bank: bool,  # noqa: FBT001 - drawn
) -> None:
    payments = sorted(payments, key=lambda payment: payment.bank)
    declaration = shipped("bank-csv", lines_max=lines_max, by_bank=by_bank)
    made, refused = bank_files.write(declaration, BATCH, payments)
    gone = [key for each in made for key in each.file.keys]
    assert len(gone) + len(refused) == len(payments)
    assert all(1 <= each.file.count <= lines_max for each in made)
    assert [each.file.part for each in made] == list(range(1, len(made) + 1))
    assert len({each.file.name for each in made}) == len(made)
    banks = {payment.instruction_key: payment.bank for payment in payments}
    if by_bank:
        assert all(len({banks[key] for key in each.file.keys}) == 1 for each in made)


def test_a_width_counts_bytes_and_a_name_one_byte_too_long_is_refused_not_cut() -> None:
    declaration = shipped("rural-bank-fixed")
    fits, too_long = "阿" * 30, "阿" * 30 + "b"
    made, refused = bank_files.write(declaration, BATCH, [a_payment(1, name=fits), a_payment(2, name=too_long)])
    (line,) = body_of(declaration.file, made[0].content)
    assert line[Holds.NAME] == fits
    assert [(each.holds, each.misfit) for each in refused] == [(Holds.NAME, Misfit.TOO_LONG)]


@pytest.mark.parametrize("name", ["䶮㛃", "𠮷野"])
def test_a_rare_character_goes_out_in_gb18030_and_is_named_where_the_bank_has_only_gbk(name: str) -> None:
    declaration = shipped("rural-bank-fixed")
    assert body_of(declaration.file, written(declaration, [a_payment(name=name)]))[0][Holds.NAME] == name
    old = shipped("bank-csv", file=_with(declaration=shipped("bank-csv"), encoding=Encoding.GBK))
    made, refused = bank_files.write(old, BATCH, [a_payment(name=name)])
    assert made == []
    assert [each.misfit for each in refused] == [Misfit.NOT_ENCODABLE]


def _with(declaration: Declaration, **given: Any) -> dict[str, Any]:
    told: dict[str, Any] = dump(declaration)["file"]
    return told | given


@pytest.mark.parametrize("name", ["=1+1", "+86", "-x", "@cmd", "＝A1"])
@pytest.mark.parametrize("declared", ["bank-csv", "bank-excel"])
def test_a_cell_a_spreadsheet_program_would_take_for_a_formula_never_leaves(name: str, declared: str) -> None:
    made, refused = bank_files.write(shipped(declared), BATCH, [a_payment(name=name)])
    assert made == []
    assert [(each.holds, each.misfit) for each in refused] == [(Holds.NAME, Misfit.FORMULA)]


@pytest.mark.parametrize("bad", ["王\n小明", "王\x00", "王\u2028"])
def test_a_name_that_would_break_a_line_never_leaves(bad: str) -> None:
    for declared in NAMES:
        made, refused = bank_files.write(shipped(declared), BATCH, [a_payment(name=f"{bad}明")])
        assert (made, [each.misfit for each in refused]) == ([], [Misfit.CONTROL])


def test_a_delimiter_in_a_name_is_quoted_or_refused_as_declared() -> None:
    quoted = shipped("bank-csv")
    assert body_of(quoted.file, written(quoted, [a_payment(name='王,"小"明')]))[0][Holds.NAME] == '王,"小"明'
    bare = shipped("bank-csv", file=_with(quoted, quoted=False))
    made, refused = bank_files.write(bare, BATCH, [a_payment(name="王,小明")])
    assert (made, [each.misfit for each in refused]) == ([], [Misfit.DELIMITER])


@pytest.mark.parametrize("fen", [0, -1, 10**9 + 1])
def test_an_amount_that_is_no_payment_never_leaves(fen: int) -> None:
    made, refused = bank_files.write(shipped("bank-csv"), BATCH, [a_payment(amount_fen=fen)])
    assert (made, [each.misfit for each in refused]) == ([], [Misfit.NOT_AN_AMOUNT])


def test_the_hash_is_that_of_the_content_and_the_same_payments_make_the_same_file() -> None:
    for declared in ("rural-bank-fixed", "bank-csv"):
        declaration = shipped(declared)
        one, two = (bank_files.write(declaration, BATCH, [a_payment(1), a_payment(2)])[0][0] for _ in range(2))
        assert (one.sha256, one.content) == (two.sha256, two.content)
        other = bank_files.write(declaration, BATCH, [a_payment(1), a_payment(3)])[0][0]
        assert other.sha256 != one.sha256


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"division": "341502001"}, "/division"),
        ({"title": " "}, "/title"),
        ({"file_name": "{batch}.txt"}, "/file_name"),
        ({"file_name": "{batch}{part}{name}"}, "/file_name"),
        ({"file_name": "{batch}{part"}, "/file_name"),
        ({"file_name": "../{batch}{part}"}, "/file_name"),
        ({"file_name": "{batch.__class__}{part}"}, "/file_name"),
        ({"lines_max": 0}, "/lines_max"),
        ({"lines_max": 200_001}, "/lines_max"),
        ({"answer_days": 0}, "/answer_days"),
        ({"codes": [{"code": "1", "reason": "OTHER"}]}, "/codes"),
        ({"codes": [{"code": "0", "reason": "PAID"}, {"code": "0", "reason": "OTHER"}]}, "/codes"),
        ({"file": {"format": "CSV", "columns": [{"holds": "NAME"}, {"holds": "ACCOUNT"}]}}, "/file/columns"),
        ({"file": {"format": "FIXED_WIDTH", "columns": [{"holds": "NAME"}]}}, "/file/columns/0/width"),
        ({"file": {"format": "CSV", "columns": [{"holds": "RETURN_CODE"}]}}, "/file/columns/0/holds"),
        ({"file": {"format": "CSV", "columns": [{"holds": "NAME", "pad": "ZERO"}]}}, "/file/columns/0/pad"),
        ({"file": {"format": "CSV", "columns": [{"holds": "INSTRUCTION_KEY", "width": 20}]}}, "/file/columns/0/width"),
        ({"file": {"format": "CSV", "columns": [{"holds": "CONSTANT", "text": "=1"}]}}, "/file/columns/0/text"),
        ({"file": {"format": "CSV", "columns": [{"holds": "NAME"}], "titles": True}}, "/file/columns/0/title"),
        ({"file": {"format": "CSV", "columns": [{"holds": "NAME", "title": "户,名"}], "titles": True}}, TITLE),
        ({"file": {"format": "CSV", "columns": [{"holds": "NAME", "title": "=1"}], "titles": True}}, TITLE),
        ({"file": GBK | {"columns": [{"holds": "NAME", "title": "𠮷"}], "titles": True}}, TITLE),
        ({"file": GBK | {"columns": [{"holds": "CONSTANT", "text": "𠮷"}]}}, "/file/columns/0/text"),
        ({"file": {"format": "CSV", "columns": [{"holds": "CONSTANT", "text": ""}]}}, "/file/columns/0/text"),
        ({"file": {"format": "CSV", "columns": [{"holds": "NAME"}, {"holds": "NAME"}]}}, "/file/columns"),
        ({"answer": {"format": "CSV", "columns": [{"holds": "ORDINAL"}]}}, "/answer/columns"),
        (
            {"answer": {"format": "CSV", "columns": [{"holds": "INSTRUCTION_KEY", "required": False}]}},
            "/answer/columns",
        ),
    ],
)
def test_a_declaration_nobody_could_work_with_is_refused_and_says_where(given: dict[str, Any], where: str) -> None:
    assert where in [fault.where for fault in faults(shipped("bank-csv", **given))]
