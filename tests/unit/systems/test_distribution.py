"""Distributions: what every reader of a prediction relies on."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tipoff.errors import BadInputError, NotEnoughDataError
from tipoff.systems.distribution import LEVELS, Distributions, ResidualSpread, pinball_loss

POINTS = st.floats(min_value=-20, max_value=80, allow_nan=False)
ROWS = arrays(np.float64, (3, len(LEVELS)), elements=POINTS)
LINES = st.integers(min_value=0, max_value=140).map(lambda halves: halves / 2)

WIDE = np.array([4.0, 6, 8, 11, 13, 15, 17, 19, 21, 24, 28, 32, 36])
"""Quantiles of a 17-point scorer; the median is 17."""


def one(quantiles: np.ndarray) -> Distributions:
    return Distributions(quantiles[None, :])


def over(distributions: Distributions, line: float) -> list[float]:
    return list(distributions.over_probability(np.full(len(distributions), line)))


@given(ROWS)
def test_quantiles_never_cross_and_are_never_negative(rows: np.ndarray) -> None:
    quantiles = Distributions(rows).quantiles
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert (quantiles >= 0).all()


@given(ROWS, LINES, LINES)
def test_a_higher_line_is_never_easier_to_beat(rows: np.ndarray, one_line: float, other_line: float) -> None:
    low, high = sorted((one_line, other_line))
    distributions = Distributions(rows)
    above = 1 - np.array([distributions._cdf(np.full(3, math.floor(line) + 0.5)) for line in (low, high)])
    assert (above[0] >= above[1] - 1e-12).all()
    assert all(0 <= probability <= 1 for probability in over(distributions, low))


@given(ROWS, st.integers(min_value=0, max_value=70))
def test_over_under_and_push_of_a_line_make_one(rows: np.ndarray, line: int) -> None:
    distributions = Distributions(rows)
    lines = np.full(3, float(line))
    push, share = distributions.push_probability(lines), distributions.over_probability(lines)
    at_least = 1 - distributions._cdf(lines - 0.5)
    assert (1 - push) * share + push == pytest.approx(at_least)


@given(ROWS)
def test_the_whole_numbers_around_the_median_hold_the_half(rows: np.ndarray) -> None:
    distributions = Distributions(rows)
    below, above = np.floor(distributions.median) - 0.5, np.ceil(distributions.median) + 0.5
    assert (distributions._cdf(below) <= 0.5 + 1e-9).all()
    assert (distributions._cdf(above) >= 0.5 - 1e-9).all()


def test_a_line_at_a_half_point_median_is_even() -> None:
    assert over(one(WIDE + 0.5), 17.5) == [pytest.approx(0.5)]


def test_half_point_lines_have_no_push_and_read_the_quantiles() -> None:
    distributions = one(WIDE + 0.5)  # the 80 % quantile is 24.5
    assert over(distributions, 24.5) == [pytest.approx(0.2)]
    assert distributions.push_probability([24.5]).tolist() == [0.0]


def test_an_integer_line_leaves_the_push_out() -> None:
    # F is linear between 16.5 (0.475) and 17.5 (0.525): the push is 0.05, both sides 0.475
    distributions = one(WIDE)
    assert distributions.push_probability([17]).tolist() == [pytest.approx(0.05)]
    assert over(distributions, 17) == [pytest.approx(0.5)]


def test_far_lines_keep_a_little_chance() -> None:
    assert 0 < over(one(WIDE), 60.5)[0] < 0.02
    assert 0.98 < over(one(WIDE), 0.5)[0] < 1


def test_a_bench_player_with_most_mass_at_zero_is_no_certainty() -> None:
    scoreless = one(np.array([0.0] * 7 + [1, 2, 3, 5, 7, 9]))
    [probability] = over(scoreless, 0.5)
    assert 0.4 < probability < 0.5


def test_a_missing_line_has_no_probability() -> None:
    assert math.isnan(over(one(WIDE), math.nan)[0])


def test_the_80_percent_interval_is_between_the_outer_tenths() -> None:
    low, high = one(WIDE).interval(0.8)
    assert (low.tolist(), high.tolist()) == ([8.0], [28.0])


def test_a_level_that_is_not_held_is_refused() -> None:
    with pytest.raises(BadInputError, match=r"no quantile is held at 0\.25"):
        one(WIDE).interval(0.5)


@pytest.mark.parametrize("rows", [np.zeros((2, 3)), np.full((1, len(LEVELS)), np.nan)])
def test_what_is_no_set_of_quantiles_is_refused(rows: np.ndarray) -> None:
    with pytest.raises(BadInputError):
        Distributions(rows)


@given(ROWS, st.floats(min_value=1, max_value=3))
def test_widening_keeps_the_median_and_never_narrows(rows: np.ndarray, factor: float) -> None:
    narrow = Distributions(rows)
    wide = narrow.widened(np.full(3, factor))
    assert wide.median == pytest.approx(narrow.median)
    assert (wide.at(0.9) - wide.median >= narrow.at(0.9) - narrow.median - 1e-9).all()


def test_widening_moves_the_probability_towards_one_half() -> None:
    assert 0.5 < over(one(WIDE).widened([1.5]), 11.5)[0] < over(one(WIDE), 11.5)[0]


def residuals(scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Results that spread the wider the more was predicted, skewed to the right, as points are."""
    generator = np.random.default_rng(11)
    predicted = generator.uniform(2, 30, 6_000)
    return predicted, np.round(generator.gamma(predicted / 2, 2 * scale))


def test_the_spread_learned_from_errors_covers_new_results() -> None:
    predicted, actual = residuals()
    spread = ResidualSpread.fit(predicted[::2], actual[::2])
    low, high = spread.around(predicted[1::2]).interval(0.8)
    covered = np.mean((actual[1::2] >= low) & (actual[1::2] <= high))
    assert covered == pytest.approx(0.8, abs=0.03)


def test_scorers_of_many_points_spread_wider_than_those_of_few() -> None:
    few, many = np.diff(ResidualSpread.fit(*residuals()).around([5.0, 25.0]).interval(0.8), axis=0)[0]
    assert many > 1.5 * few


def test_a_systematic_error_is_taken_out_of_the_median() -> None:
    predicted, actual = residuals()
    honest, high = (ResidualSpread.fit(predicted + shift, actual) for shift in (0.0, 3.0))
    assert honest.around([15.0]).median == pytest.approx(high.around([18.0]).median)


def test_a_spread_from_a_handful_of_games_is_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="needs 300 earlier predictions with results, there are 20"):
        ResidualSpread.fit([10.0] * 20, [11.0] * 20)


def test_a_spread_survives_being_written_down() -> None:
    spread = ResidualSpread.fit(*residuals())
    assert ResidualSpread.model_validate_json(spread.model_dump_json()) == spread


def test_a_spread_reads_polars_columns() -> None:
    predicted, actual = (pl.Series(values) for values in residuals())
    assert ResidualSpread.fit(predicted, actual) == ResidualSpread.fit(*residuals())


def test_pinball_loss_by_hand() -> None:
    # every quantile at 10, result 12: the loss at level p is 2 p; the levels' mean is 0.5
    flat = one(np.full(len(LEVELS), 10.0))
    assert pinball_loss(flat, [12.0]) == pytest.approx(1.0)
