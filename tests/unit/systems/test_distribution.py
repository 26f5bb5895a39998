"""Properties of distributions that predictions rely on."""

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


def single(quantiles: np.ndarray) -> Distributions:
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
def test_over_under_and_push_probabilities_sum_to_one(rows: np.ndarray, line: int) -> None:
    distributions = Distributions(rows)
    lines = np.full(3, float(line))
    push, share = distributions.push_probability(lines), distributions.over_probability(lines)
    at_least = 1 - distributions._cdf(lines - 0.5)
    assert (1 - push) * share + push == pytest.approx(at_least)


@given(ROWS)
def test_the_integers_around_the_median_enclose_one_half(rows: np.ndarray) -> None:
    distributions = Distributions(rows)
    below, above = np.floor(distributions.median) - 0.5, np.ceil(distributions.median) + 0.5
    assert (distributions._cdf(below) <= 0.5 + 1e-9).all()
    assert (distributions._cdf(above) >= 0.5 - 1e-9).all()


def test_a_line_at_the_median_has_probability_one_half() -> None:
    assert over(single(WIDE + 0.5), 17.5) == [pytest.approx(0.5)]


def test_half_point_lines_have_no_push_and_follow_the_quantiles() -> None:
    distributions = single(WIDE + 0.5)  # the 80 % quantile is 24.5
    assert over(distributions, 24.5) == [pytest.approx(0.2)]
    assert distributions.push_probability([24.5]).tolist() == [0.0]


def test_the_over_probability_of_an_integer_line_excludes_the_push() -> None:
    # F is linear between 16.5 (0.475) and 17.5 (0.525): the push is 0.05, both sides 0.475
    distributions = single(WIDE)
    assert distributions.push_probability([17]).tolist() == [pytest.approx(0.05)]
    assert over(distributions, 17) == [pytest.approx(0.5)]


def test_the_probability_of_a_far_line_stays_positive() -> None:
    assert 0 < over(single(WIDE), 60.5)[0] < 0.02
    assert 0.98 < over(single(WIDE), 0.5)[0] < 1


def test_most_mass_at_zero_does_not_give_a_certain_outcome() -> None:
    scoreless = single(np.array([0.0] * 7 + [1, 2, 3, 5, 7, 9]))
    [probability] = over(scoreless, 0.5)
    assert 0.4 < probability < 0.5


def test_a_missing_line_has_no_probability() -> None:
    assert math.isnan(over(single(WIDE), math.nan)[0])


def test_the_80_percent_interval_lies_between_the_outer_deciles() -> None:
    low, high = single(WIDE).interval(0.8)
    assert (low.tolist(), high.tolist()) == ([8.0], [28.0])


def test_an_unknown_level_is_rejected() -> None:
    with pytest.raises(BadInputError, match=r"there is no quantile at level 0\.25"):
        single(WIDE).interval(0.5)


@pytest.mark.parametrize("rows", [np.zeros((2, 3)), np.full((1, len(LEVELS)), np.nan)])
def test_invalid_quantiles_are_rejected(rows: np.ndarray) -> None:
    with pytest.raises(BadInputError):
        Distributions(rows)


@given(ROWS, st.floats(min_value=1, max_value=3))
def test_widening_keeps_the_median_and_never_narrows(rows: np.ndarray, factor: float) -> None:
    narrow = Distributions(rows)
    wide = narrow.widened(np.full(3, factor))
    assert wide.median == pytest.approx(narrow.median)
    assert (wide.at(0.9) - wide.median >= narrow.at(0.9) - narrow.median - 1e-9).all()


def test_widening_moves_the_over_probability_towards_one_half() -> None:
    assert 0.5 < over(single(WIDE).widened([1.5]), 11.5)[0] < over(single(WIDE), 11.5)[0]


def residuals(scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return predictions and right-skewed results whose spread grows with the prediction, as for points."""
    generator = np.random.default_rng(11)
    predicted = generator.uniform(2, 30, 6_000)
    return predicted, np.round(generator.gamma(predicted / 2, 2 * scale))


def test_a_fitted_spread_covers_new_results() -> None:
    predicted, actual = residuals()
    spread = ResidualSpread.fit(predicted[::2], actual[::2])
    low, high = spread.around(predicted[1::2]).interval(0.8)
    covered = np.mean((actual[1::2] >= low) & (actual[1::2] <= high))
    assert covered == pytest.approx(0.8, abs=0.03)


def test_the_spread_is_wider_for_high_scorers() -> None:
    few, many = np.diff(ResidualSpread.fit(*residuals()).around([5.0, 25.0]).interval(0.8), axis=0)[0]
    assert many > 1.5 * few


def test_a_systematic_error_is_removed_from_the_median() -> None:
    predicted, actual = residuals()
    honest, high = (ResidualSpread.fit(predicted + shift, actual) for shift in (0.0, 3.0))
    assert honest.around([15.0]).median == pytest.approx(high.around([18.0]).median)


def test_fitting_a_spread_to_too_few_games_is_rejected() -> None:
    with pytest.raises(NotEnoughDataError, match="needs 300 earlier predictions with results, there are 20"):
        ResidualSpread.fit([10.0] * 20, [11.0] * 20)


def test_a_spread_survives_serialization() -> None:
    spread = ResidualSpread.fit(*residuals())
    assert ResidualSpread.model_validate_json(spread.model_dump_json()) == spread


def test_a_spread_accepts_polars_columns() -> None:
    predicted, actual = (pl.Series(values) for values in residuals())
    assert ResidualSpread.fit(predicted, actual) == ResidualSpread.fit(*residuals())


def test_pinball_loss_by_hand() -> None:
    # every quantile at 10, result 12: the loss at level p is 2 p; the levels' mean is 0.5
    flat = single(np.full(len(LEVELS), 10.0))
    assert pinball_loss(flat, [12.0]) == pytest.approx(1.0)
