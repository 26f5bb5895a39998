"""Conversions of prices by hand and by property."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.errors import BadInputError
from tipoff.odds import american_price, decimal_price, expected_value

PRICES = st.one_of(st.integers(-2000, -100), st.integers(100, 2000)).map(float)


@pytest.mark.parametrize(
    ("number", "price"), [(-110.0, -110.0), (100.0, 100.0), (1.91, None), (99.0, None), (-110.5, None)]
)
def test_only_whole_numbers_from_100_are_american_prices(number: float, price: float | None) -> None:
    assert american_price(number) == price


@pytest.mark.parametrize(
    ("price_american", "price_decimal"),
    [(-110, 1.909091), (100, 2.0), (-100, 2.0), (150, 2.5), (-150, 1.666667)],
)
def test_prices_by_hand(price_american: float, price_decimal: float) -> None:
    assert decimal_price(price_american) == pytest.approx(price_decimal, abs=1e-6)


@pytest.mark.parametrize("price", [0.0, 99.0, -99.9, float("nan")])
def test_a_number_that_is_no_american_price_is_refused(price: float) -> None:
    with pytest.raises(BadInputError, match="not an American price"):
        decimal_price(price)


@given(PRICES)
def test_a_bet_at_its_implied_probability_breaks_even(price: float) -> None:
    assert expected_value(1 / decimal_price(price), price) == pytest.approx(0, abs=1e-12)


def test_a_push_gives_the_stake_back() -> None:
    # .55 at -110: .55 * .909091 - .45 = .05; with one bet in ten pushed nine tenths of it remain
    assert expected_value(0.55, -110) == pytest.approx(0.05)
    assert expected_value(0.55, -110, push_probability=0.1) == pytest.approx(0.045)
