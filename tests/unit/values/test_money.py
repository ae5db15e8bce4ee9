"""Money in fen, and rounding by name: READ-15."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.values import Money, MoneyIsInvalid, MoneyIsOutOfRange, Rounding

amounts = st.integers(-(10**13), 10**13).map(Money)
ORACLE = {
    Rounding.DOWN: ROUND_DOWN,
    Rounding.UP: ROUND_UP,
    Rounding.HALF_UP: ROUND_HALF_UP,
    Rounding.HALF_EVEN: ROUND_HALF_EVEN,
}


@given(amounts)
def test_reading_what_was_written_gives_the_same_amount(amount: Money) -> None:
    assert Money.parse(str(amount)) == amount


@pytest.mark.parametrize(("text", "fen"), [("170", 17000), ("170.5", 17050), ("-0.05", -5), ("0", 0)])
def test_amounts_are_read_in_yuan(text: str, fen: int) -> None:
    assert Money.parse(text) == Money(fen)


@pytest.mark.parametrize("wrong", ["", "1.234", "1,000", "1e3", "NaN", "１", "+1", ".5", "1.", "9" * 30])
def test_anything_else_is_no_amount(wrong: str) -> None:
    with pytest.raises(MoneyIsInvalid):
        Money.parse(wrong)


@pytest.mark.parametrize("wrong", [1.0, True, "1", None, Decimal(1)])
def test_only_whole_fen_make_money(wrong: object) -> None:
    with pytest.raises(TypeError):
        Money(wrong)  # type: ignore[arg-type]


def test_an_amount_too_large_for_the_database_is_refused() -> None:
    assert Money(2**63 - 1)
    with pytest.raises(MoneyIsOutOfRange):
        Money(2**63)


def test_money_is_neither_divided_nor_multiplied_by_a_fraction() -> None:
    with pytest.raises(TypeError):
        Money(1) / 2  # type: ignore[operator]
    with pytest.raises(TypeError):
        Money(1) // 2  # type: ignore[operator]
    with pytest.raises(TypeError):
        Money(1) * 0.5  # type: ignore[operator]
    with pytest.raises(TypeError):
        Money(1) + 1  # type: ignore[operator]


@given(amounts, amounts)
def test_adding_and_taking_away_undo_each_other(some: Money, more: Money) -> None:
    assert some + more - more == some
    assert -some + some == Money.zero()
    assert bool(some) == (some.fen != 0)
    assert abs(some) >= Money.zero()


@given(amounts, st.integers(-999, 999), st.integers(1, 999), st.sampled_from(Rounding))
def test_a_share_is_rounded_the_way_it_says(amount: Money, numerator: int, denominator: int, how: Rounding) -> None:
    exact = Decimal(amount.fen * numerator) / Decimal(denominator)
    assert amount.scaled(numerator, denominator, how).fen == int(exact.quantize(Decimal(1), rounding=ORACLE[how]))


def test_800_yuan_a_year_are_67_a_month_rounded_once() -> None:
    monthly = Money.yuan(800).scaled(1, 12, Rounding.HALF_UP).rounded_to(Money.yuan(1), Rounding.HALF_UP)
    assert monthly == Money.yuan(67)
    assert monthly * 12 == Money.yuan(804)


@given(amounts, st.integers(1, 40))
def test_parts_of_an_amount_add_up_to_it_and_differ_by_one_fen_at_most(amount: Money, count: int) -> None:
    parts = amount.split(count)
    assert Money.total(parts) == amount
    assert (max(parts) - min(parts)).fen <= 1


def test_nothing_is_shared_among_nobody() -> None:
    with pytest.raises(ZeroDivisionError):
        Money(1).scaled(1, 0, Rounding.DOWN)
    with pytest.raises(ValueError, match="at least one part"):
        Money(1).split(0)
