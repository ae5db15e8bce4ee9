"""What a bank answers, beside what was sent: nothing passed over, paid twice or guessed (SUB-59, RULES 12.4)."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.subsidy.adapters.bank_declarations import dump
from services.subsidy.adapters.bank_files import answer_of
from services.subsidy.domain.banking.cells import Misfit
from services.subsidy.domain.banking.declaration import Declaration, Holds
from services.subsidy.domain.banking.matching import Matched, Reading, Sent, match
from services.subsidy.domain.banking.reading import FileFault
from services.subsidy.domain.banking.reasons import MEANINGS, Next, Reason
from services.subsidy.domain.payroll.instructions import Outcome
from shared.kit.spreadsheets import Cell, workbook_bytes
from tests.builders.banking import BATCH, key, shipped

AT: Final = datetime(2026, 6, 12, 9, tzinfo=UTC)
PAID, CLOSED, PENDING = "S", "1002", "P"
SENT: Final = {key(number): Sent(key(number), 7000 + number) for number in (1, 2, 3)}
TITLES: Final = "指令编号,金额（元）,结果,原因,日期"


def a_line(number: int, code: str = PAID, *, fen: int | None = None, day: str = "2026-06-11") -> str:
    amount = 7000 + number if fen is None else fen
    return f"{key(number).hex},{amount // 100}.{amount % 100:02d},{code},,{day}"


def answered(lines: Sequence[str], sent: Mapping[UUID, Sent] = SENT, **given: Any) -> Matched:
    declaration = shipped("bank-csv")
    content = "\r\n".join([TITLES, *lines]).encode("utf-8-sig")
    return match(declaration, answer_of(declaration, io.BytesIO(content)), sent, at=AT, **given)


def readings(matched: Matched) -> list[Reading]:
    return [each.reading for each in matched.lines]


def outcomes(matched: Matched) -> dict[UUID, Outcome]:
    return {each.instruction_key: each.outcome for each in matched.results}


def test_a_whole_answer_ends_every_line_it_pays_or_returns() -> None:
    matched = answered([a_line(1), a_line(2, CLOSED), a_line(3)])
    assert outcomes(matched) == {key(1): Outcome.SETTLED, key(2): Outcome.RETURNED, key(3): Outcome.SETTLED}
    assert (matched.partial, matched.late) == (False, False)
    assert [each.code for each in matched.results] == [PAID, CLOSED, PAID]
    assert {each.at.date() for each in matched.results} == {date(2026, 6, 11)}
    assert matched.lines[1].meaning == MEANINGS[Reason.ACCOUNT_CLOSED]


def test_a_partial_answer_names_every_line_nobody_spoke_of_and_says_nothing_about_it() -> None:
    matched = answered([a_line(2)])
    assert matched.partial
    assert matched.unanswered == (key(1), key(3))
    assert set(outcomes(matched)) == {key(2)}


def test_an_answer_after_its_day_is_late_and_counts_all_the_same() -> None:
    assert answered([a_line(1)], due_on=AT.date() - timedelta(days=1)).late
    assert not answered([a_line(1)], due_on=AT.date()).late
    assert outcomes(answered([a_line(1)], due_on=date(2026, 1, 1))) == {key(1): Outcome.SETTLED}


def test_the_same_answer_once_more_changes_nothing() -> None:
    first = answered([a_line(1), a_line(2, CLOSED)])
    on_record = SENT | {
        each.instruction_key: Sent(each.instruction_key, each.amount_fen, each.outcome, each.code)
        for each in first.results
    }
    again = answered([a_line(1), a_line(2, CLOSED)], on_record)
    assert readings(again) == [Reading.REPEATED, Reading.REPEATED]
    assert again.results == ()
    assert again.unanswered == (key(3),)


@pytest.mark.parametrize(("before", "now"), [(Outcome.SETTLED, CLOSED), (Outcome.RETURNED, PAID)])
def test_an_answer_that_contradicts_what_is_on_record_overwrites_nothing(before: Outcome, now: str) -> None:
    known = {key(1): Sent(key(1), 7001, before, PAID if before is Outcome.SETTLED else CLOSED)}
    matched = answered([a_line(1, now)], known)
    assert (readings(matched), matched.results) == ([Reading.CONTRADICTS], ())


def test_the_same_code_with_another_amount_is_no_repetition() -> None:
    known = {key(1): Sent(key(1), 7001, Outcome.SETTLED, PAID)}
    assert readings(answered([a_line(1)], known)) == [Reading.REPEATED]
    assert readings(answered([a_line(1, fen=7000)], known)) == [Reading.CONTRADICTS]


def test_what_was_unknown_ends_with_the_first_word_that_says_more() -> None:
    known = {key(1): Sent(key(1), 7001, Outcome.UNKNOWN, PENDING)}
    assert readings(answered([a_line(1, PENDING)], known)) == [Reading.REPEATED]
    assert outcomes(answered([a_line(1)], known)) == {key(1): Outcome.SETTLED}


def test_a_line_nobody_sent_is_named_and_changes_nothing() -> None:
    matched = answered([a_line(9)])
    assert (readings(matched), matched.results) == ([Reading.LINE_UNKNOWN], ())


def test_another_amount_than_was_sent_is_neither_paid_nor_returned() -> None:
    matched = answered([a_line(1, fen=7000)])
    assert readings(matched) == [Reading.AMOUNT_DIFFERS]
    assert outcomes(matched) == {key(1): Outcome.UNKNOWN}
    assert matched.results[0].amount_fen == 7000


def test_a_code_the_dictionary_lacks_is_neither_paid_nor_returned() -> None:
    matched = answered([a_line(1, "7777")])
    assert readings(matched) == [Reading.CODE_UNKNOWN]
    assert outcomes(matched) == {key(1): Outcome.UNKNOWN}


def test_a_line_twice_in_one_answer_counts_once_and_a_contradiction_is_named() -> None:
    assert readings(answered([a_line(1), a_line(1)])) == [Reading.ANSWERED, Reading.REPEATED]
    twice = answered([a_line(1), a_line(1, CLOSED)])
    assert readings(twice) == [Reading.ANSWERED, Reading.CONTRADICTS]
    assert outcomes(twice) == {key(1): Outcome.SETTLED}


@pytest.mark.parametrize(
    ("line", "holds", "misfit"),
    [
        ("not-a-key,70.01,S,,", Holds.INSTRUCTION_KEY, Misfit.NOT_A_KEY),
        (f"{key(1).hex},seventy,S,,", Holds.AMOUNT, Misfit.NOT_AN_AMOUNT),
        (f"{key(1).hex},70.011,S,,", Holds.AMOUNT, Misfit.NOT_AN_AMOUNT),
        (f"{key(1).hex},-70.01,S,,", Holds.AMOUNT, Misfit.NOT_AN_AMOUNT),
        (f"{key(1).hex},70.01,,,", Holds.RETURN_CODE, Misfit.MISSING),
        (f"{key(1).hex},70.01,S,,2026-02-30", Holds.ANSWERED_ON, Misfit.NOT_A_DAY),
        (f"{key(1).hex},70.01,S,,,more", Holds.ANSWERED_ON, Misfit.TOO_LONG),
    ],
)
def test_a_line_that_cannot_be_read_is_named_with_its_cell_and_the_others_count(
    line: str, holds: Holds, misfit: Misfit
) -> None:
    matched = answered([line, a_line(2)])
    assert readings(matched) == [Reading.UNREADABLE, Reading.ANSWERED]
    assert matched.lines[0].line.misfit == (holds, misfit)
    assert set(outcomes(matched)) == {key(2)}


def fixed(lines: Sequence[bytes], *, count: int, total: int, batch: str = BATCH.number) -> bytes:
    head = b"H" + batch.encode().ljust(20) + b"20260612" + f"{count:08d}{total:015d}".encode()
    return b"\r\n".join([head, *lines, b""])


def a_fixed_line(number: int, code: str = "0000", words: str = "") -> bytes:
    line = b"D" + key(number).hex.encode() + f"{7000 + number:015d}{code}".encode()
    return line + words.encode("gb18030").ljust(60) + b"20260611"


def test_a_fixed_width_answer_is_cut_by_bytes() -> None:
    declaration = shipped("rural-bank-fixed")
    content = fixed([a_fixed_line(1), a_fixed_line(2, "1003", "户名不符：䶮")], count=2, total=14003)
    answer = answer_of(declaration, io.BytesIO(content), batch=BATCH.number)
    assert answer.faults == ()
    assert [(line.code, line.text, line.amount_fen) for line in answer.lines] == [
        ("0000", "", 7001),
        ("1003", "户名不符：䶮", 7002),
    ]


def test_a_fixed_width_line_that_is_too_long_is_unreadable_and_a_trimmed_one_is_not() -> None:
    declaration = shipped("rural-bank-fixed")
    lines = [a_fixed_line(1) + b"X", a_fixed_line(2)[:-8].rstrip()]
    answer = answer_of(declaration, io.BytesIO(fixed(lines, count=2, total=7002)), batch=BATCH.number)
    assert answer.lines[0].misfit == (Holds.ANSWERED_ON, Misfit.TOO_LONG)
    assert (answer.lines[1].misfit, answer.lines[1].answered_on) == (None, None)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"count": 2, "total": 7001}, FileFault.COUNT_DIFFERS),
        ({"count": 1, "total": 7002}, FileFault.TOTAL_DIFFERS),
        ({"count": 1, "total": 7001, "batch": "B1"}, FileFault.ANOTHER_BATCH),
    ],
)
def test_an_answer_whose_totals_or_batch_differ_counts_for_nothing_as_a_whole(
    given: dict[str, Any], fault: FileFault
) -> None:
    declaration = shipped("rural-bank-fixed")
    answer = answer_of(declaration, io.BytesIO(fixed([a_fixed_line(1)], **given)), batch=BATCH.number)
    assert answer.faults == (fault,)
    matched = match(declaration, answer, SENT, at=AT)
    assert (matched.results, matched.unanswered) == ((), tuple(SENT))


def test_totals_in_header_and_trailer_both_count() -> None:
    answer = dump(shipped("rural-bank-fixed"))["answer"]
    trailer = [{"holds": "CONSTANT", "width": 1, "text": "T"}, {"holds": "AMOUNT_TOTAL", "width": 15, "amount": "FEN"}]
    declaration = shipped("rural-bank-fixed", answer=answer | {"trailer": trailer})
    for total, faults in ((7001, ()), (7002, (FileFault.TOTAL_DIFFERS,))):
        content = fixed([a_fixed_line(1), f"T{7001:015d}".encode()], count=1, total=total)
        assert answer_of(declaration, io.BytesIO(content)).faults == faults


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("bank-csv", b"", FileFault.TITLES_DIFFER),
        ("bank-csv", f"{TITLES}\r\n".encode(), FileFault.EMPTY),
        ("bank-csv", "金额,指令编号\r\n1,2".encode(), FileFault.TITLES_DIFFER),
        ("rural-bank-fixed", b"\x81", FileFault.HEADER_UNREADABLE),
        ("bank-excel", b"PK\x03\x04 broken", FileFault.NOT_DECODABLE),
        ("bank-excel", b"a,b,c", FileFault.NOT_DECODABLE),
    ],
)
def test_a_file_of_another_kind_is_one_with_a_fault_and_no_error(name: str, content: bytes, fault: FileFault) -> None:
    assert fault in answer_of(shipped(name), io.BytesIO(content)).faults


def test_an_excel_answer_names_lines_by_their_number_and_its_numbers_are_exact() -> None:
    declaration = shipped("bank-excel")
    rows: list[list[Cell]] = [[1, 70.01, "成功", ""], [2, "70.02", "失败", "销户"]]
    head: list[Cell] = ["B1", "2026-06-12", 2, 140.03]
    content = workbook_bytes(head, [["序号", "金额（元）", "返回码", "返回说明"], *rows])
    answer = answer_of(declaration, io.BytesIO(content))
    assert answer.faults == ()
    sent = {number: Sent(key(number), 7000 + number) for number in (1, 2)}
    assert outcomes(match(declaration, answer, sent, at=AT)) == {key(1): Outcome.SETTLED, key(2): Outcome.RETURNED}


def test_only_a_bank_that_was_not_able_to_is_a_reason_to_pay_again_as_it_stands() -> None:
    assert [reason for reason in Reason if MEANINGS[reason].next is Next.RETRY] == [Reason.BANK_UNAVAILABLE]
    assert all(
        (MEANINGS[each].outcome is Outcome.RETURNED) == (MEANINGS[each].next in {Next.RETRY, Next.HOLD})
        for each in Reason
    )


CODES: Final = ("S", "P", "1002", "1003", "7777")
FILES: Final = st.lists(
    st.lists(st.tuples(st.integers(1, 4), st.sampled_from(CODES), st.sampled_from([0, 0, 0, 1])), max_size=6),
    max_size=4,
)


def replayed(declaration: Declaration, files: Sequence[Sequence[tuple[int, str, int]]]) -> list[dict[UUID, Sent]]:
    """What is on record after each answer."""
    known: dict[UUID, Sent] = dict(SENT)
    history = [dict(known)]
    for file in files:
        lines = [a_line(number, code, fen=7000 + number + more) for number, code, more in file]
        matched = answered(lines, known)
        assert len(matched.lines) == len(file) == sum(matched.counts.values())
        assert matched.counts == Counter(readings(matched))
        for result in matched.results:
            before = known[result.instruction_key]
            known[result.instruction_key] = Sent(before.instruction_key, before.amount_fen, result.outcome, result.code)
        assert set(matched.unanswered) == {each.instruction_key for each in known.values() if each.outcome is None}
        history.append(dict(known))
    return history


@given(files=FILES)
def test_whatever_answers_come_in_whatever_order_a_line_ends_once_and_stays_ended(
    files: list[list[tuple[int, str, int]]],
) -> None:
    history = replayed(shipped("bank-csv"), files)
    for before, after in pairwise(history):
        for name, line in before.items():
            if line.outcome in {Outcome.SETTLED, Outcome.RETURNED}:
                assert after[name] == line


@given(files=FILES)
def test_every_answer_given_twice_says_the_same_as_given_once(files: list[list[tuple[int, str, int]]]) -> None:
    ended = {Outcome.SETTLED, Outcome.RETURNED}
    once = replayed(shipped("bank-csv"), files)[-1]
    twice = replayed(shipped("bank-csv"), [*files, *files])[-1]
    assert all(twice[name] == line for name, line in once.items() if line.outcome in ended)
