"""Lines of a month fall into the named buckets, and nothing is in two or in none (ARCHITECTURE 4; RULES 12)."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.subsidy.domain.payroll.balance import SHARE_OF, Balance
from services.subsidy.domain.payroll.line import Account, LineState, account_of
from shared.values.month import Month

PERSON = UUID(int=1)
JUNE = Month.parse("2026-06")
FEN = st.integers(1, 10**6)
LINES = st.lists(st.tuples(st.sampled_from(LineState), FEN), max_size=6)


def balance(due: int | None, payable: int | None, lines: list[tuple[LineState, int]]) -> Balance:
    return Balance.of(PERSON, "nursing_subsidy", JUNE, owed=(due, payable), lines=lines)


@given(st.integers(0, 10**6), LINES)
def test_what_is_due_stands_in_the_buckets_to_the_fen(due: int, lines: list[tuple[LineState, int]]) -> None:
    """RULES 12, invariant 2: due = settled + in flight + held + returned + not yet run - overpaid."""
    counted = sum(fen for state, fen in lines if state is not LineState.CANCELLED)
    one = balance(due, due - counted, lines)
    assert one.agrees
    assert one.not_yet_run_fen is not None
    assert one.overpaid_fen is not None
    assert due == (
        one.settled_fen + one.in_flight_fen + one.held_fen + one.returned_fen + one.not_yet_run_fen - one.overpaid_fen
    )
    assert 0 in (one.not_yet_run_fen, one.overpaid_fen)


@given(st.integers(0, 10**6), LINES, st.integers(-(10**6), 10**6).filter(bool))
def test_a_fen_too_many_or_too_few_is_seen(due: int, lines: list[tuple[LineState, int]], off: int) -> None:
    """The identity does not hold by itself: money that was lost or made breaks it."""
    counted = sum(fen for state, fen in lines if state is not LineState.CANCELLED)
    assert balance(due, due - counted + off, lines).agrees is False


@given(LINES)
def test_a_month_without_a_rate_is_neither_right_nor_wrong(lines: list[tuple[LineState, int]]) -> None:
    """READ-14: nobody can say what is due, so nobody says it is nothing."""
    one = balance(None, None, lines)
    assert (one.agrees, one.not_yet_run_fen, one.overpaid_fen) == (None, None, None)


def test_every_state_but_cancelled_has_one_bucket_and_settled_alone_has_left_the_treasury() -> None:
    """A state that is added must be put somewhere."""
    assert set(LineState) - set(SHARE_OF) == {LineState.CANCELLED}
    left = {SHARE_OF[state] for state in SHARE_OF if account_of(state) is Account.TREASURY}
    stayed = {SHARE_OF[state] for state in SHARE_OF if account_of(state) is not Account.TREASURY}
    assert not left & stayed
