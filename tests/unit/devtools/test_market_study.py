"""Ways to remove the hold against two independent implementations, and the report on an invented market."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
import shin
from goto_conversion import goto_conversion
from hypothesis import given
from hypothesis import strategies as st

from devtools.market_study import METHODS, Floats, additive, goto, hold_figures, mean_and_error, median_figures, power

Method = Callable[[Floats, Floats], Floats]

PAIRS = st.tuples(st.floats(0.15, 0.85), st.floats(0.005, 0.1)).map(lambda pair: (pair[0], 1 - pair[0] + pair[1]))
"""Implied probabilities of both sides with a hold of 0.5 to 9 %."""


def of_pair(method: Method, pair: tuple[float, float]) -> tuple[float, float]:
    """P(over) and P(under)."""
    one, other = (np.array([value]) for value in pair)
    return float(method(one, other)[0]), float(method(other, one)[0])


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@given(pair=PAIRS)
def test_without_the_hold_both_sides_add_up_to_one_and_each_is_less_likely(
    method: Method, pair: tuple[float, float]
) -> None:
    fair = of_pair(method, pair)
    assert sum(fair) == pytest.approx(1)
    assert all(0 < side < implied for side, implied in zip(fair, pair, strict=True))


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@given(one=PAIRS, other=PAIRS)
def test_the_favourite_stays_the_favourite(
    method: Method, one: tuple[float, float], other: tuple[float, float]
) -> None:
    for over, under in (one, other):
        fair = of_pair(method, (over, under))
        assert (fair[0] - fair[1]) * (over - under) >= -1e-12


@given(PAIRS)
def test_additive_is_shins_method(pair: tuple[float, float]) -> None:
    expected = shin.calculate_implied_probabilities([1 / side for side in pair])
    assert of_pair(additive, pair) == pytest.approx(tuple(expected), abs=1e-6)


@given(PAIRS)
def test_goto_is_that_of_its_author(pair: tuple[float, float]) -> None:
    expected = goto_conversion([1 / side for side in pair])
    assert of_pair(goto, pair) == pytest.approx(tuple(expected), abs=1e-9)


def test_power_raises_both_sides_alike() -> None:
    """.6² + .8² = 1."""
    assert of_pair(power, (0.6, 0.8)) == pytest.approx((0.36, 0.64))


def test_the_standard_error_counts_a_game_once() -> None:
    values, games = np.array([1.0, 1.0, 3.0, 3.0]), np.array(["1", "1", "2", "2"])
    assert mean_and_error(values, games) == pytest.approx((2.0, np.sqrt(8) / 4))


def test_a_table_has_a_row_per_method_compared_with_the_first() -> None:
    quotes = pl.DataFrame(
        {"over": [0.55, 0.6], "under": [0.5, 0.45], "points": [20, 20], "line": [19.5, 20.5], "game_id": ["1", "2"]}
    )
    rows = hold_figures(quotes)
    assert len(rows) == len(METHODS)
    # .55 / 1.05 = .5238 and hit, .6 / 1.05 = .5714 and missed: (.4762² + .5714²) / 2
    assert rows[0] == "| multiplicative | 0.27664 | +0.0 ± 0.0 |"


def test_the_implied_median_is_compared_with_the_line() -> None:
    lines = pl.DataFrame(
        {
            "game_id": ["1", "2"],
            "points": [20, 30],
            "line": [18.5, 30.0],
            "implied_median": [19.5, 30.0],
            "books": [6, 7],
            "market_over_probability": [0.5, 0.5],
        }
    )
    assert median_figures(lines) == [
        "Player-games with a line: 2, with 6.5 books on average.",
        "MAE of the line: 0.750 ± 0.530.",
        "MAE of the implied median minus that of the line: -0.5000 ± 0.3536.",
        "Brier score of the market: 0.25000 ± 0.00000.",
    ]
