"""Clustered standard errors, scores and calibration, against values computed by hand."""

from math import log, sqrt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.grading.statistics import (
    calibration_error,
    clustered_mean,
    compare,
    log_loss,
    reliability,
    squared_error,
)

VALUES = st.lists(st.floats(-50, 50), min_size=2, max_size=60)


def test_the_clustered_standard_error_of_two_games_matches_the_formula() -> None:
    """Mean 2.5; residuals sum to -2 in one game and 2 in the other: sqrt(2 / 1 (4 + 4)) / 4 = 1."""
    figure = clustered_mean([1.0, 2.0, 3.0, 4.0], ["a", "a", "b", "b"])
    assert (figure.n, figure.clusters, figure.value, figure.se) == (4, 2, 2.5, 1.0)


def test_opposite_errors_within_each_game_leave_no_standard_error() -> None:
    assert clustered_mean([1.0, 4.0, 2.0, 3.0], ["a", "a", "b", "b"]).se == 0


@given(VALUES)
def test_with_one_row_per_game_the_standard_error_is_the_usual_one(values: list[float]) -> None:
    figure = clustered_mean(values, list(range(len(values))))
    assert figure.se == pytest.approx(np.std(values, ddof=1) / sqrt(len(values)), rel=1e-6, abs=1e-9)


@given(VALUES, st.integers(1, 8))
def test_copies_of_each_row_in_its_game_change_no_standard_error(values: list[float], copies: int) -> None:
    """Rows of one game that repeat each other are no more evidence than one."""
    once = clustered_mean(values, list(range(len(values))))
    repeated = clustered_mean(np.repeat(values, copies), np.repeat(range(len(values)), copies))
    assert repeated.value == pytest.approx(once.value, abs=1e-9)
    assert repeated.se == pytest.approx(once.se, rel=1e-6, abs=1e-9)


@given(VALUES, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(values: list[float], random: object) -> None:
    games = [number // 3 for number in range(len(values))]
    order = list(range(len(values)))
    random.shuffle(order)  # type: ignore[attr-defined]
    figure = clustered_mean(values, games)
    shuffled = clustered_mean([values[index] for index in order], [games[index] for index in order])
    assert shuffled.value == pytest.approx(figure.value, abs=1e-9)
    assert shuffled.se == (None if figure.se is None else pytest.approx(figure.se, rel=1e-6, abs=1e-9))


def test_one_game_has_a_mean_and_no_standard_error() -> None:
    figure = clustered_mean([1.0, 2.0], ["a", "a"])
    assert (figure.value, figure.se) == (1.5, None)


def test_without_rows_there_is_no_figure() -> None:
    figure = clustered_mean([], [])
    assert (figure.n, figure.value, figure.se) == (0, None, None)


def test_a_comparison_uses_only_rows_with_both_figures_and_pairs_them() -> None:
    rows = pl.DataFrame({"game_id": ["a", "b", "c"], "mine": [1.0, 3.0, 9.0], "other": [2.0, 2.0, None]})
    figures = compare(rows, pl.col("mine"), pl.col("other"))
    assert (figures.system.value, figures.other.value, figures.difference.value) == (2.0, 2.0, 0.0)
    assert figures.difference.se == pytest.approx(1.0)


def test_brier_and_log_loss_match_their_formulas() -> None:
    rows = pl.DataFrame({"p": [0.8, 0.8], "happened": [1.0, 0.0]})
    p, happened = pl.col("p"), pl.col("happened")
    scores = rows.select(squared_error(p, happened).alias("brier"), log_loss(p, happened).alias("log"))
    assert scores["brier"].to_list() == pytest.approx([0.04, 0.64])
    assert scores["log"].to_list() == pytest.approx([-log(0.8), -log(0.2)])


def test_a_wrong_certainty_costs_much_and_not_infinitely_much() -> None:
    rows = pl.DataFrame({"p": [0.0], "happened": [1.0]})
    assert 10 < rows.select(log_loss(pl.col("p"), pl.col("happened"))).item() < 20


def test_the_calibration_error_weights_each_bin_by_its_rows() -> None:
    """Bin .60: mean .6, 1 of 2 happened, off by .1; bin .20: .2, 0 of 1, off by .2: (2 x .1 + 1 x .2) / 3."""
    figure = calibration_error([0.6, 0.6, 0.2], [1.0, 0.0, 0.0])
    assert figure.value == pytest.approx(0.4 / 3)


def test_the_bound_of_chance_is_that_of_a_calibrated_forecast() -> None:
    """400 rows at .5: the error is |wins - 200| / 400, whose 95 % quantile is 1.96 x 10 / 400."""
    figure = calibration_error([0.5] * 400, [1.0] * 200 + [0.0] * 200)
    assert figure.value == 0
    assert figure.bound_95 == pytest.approx(1.96 * 10 / 400, abs=0.004)
    assert figure.by_chance == pytest.approx(sqrt(2 / np.pi) * 10 / 400, abs=0.002)
    assert calibration_error([0.5] * 400, [1.0] * 400) == figure.model_copy(update={"value": 0.5})


def test_draws_in_parts_are_as_many_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    probabilities, happened = [0.3, 0.52, 0.54, 0.7], [0.0, 1.0, 0.0, 1.0]
    whole = calibration_error(probabilities, happened)
    monkeypatch.setattr("tipoff.grading.statistics._DRAWS_AT_ONCE", 28)
    assert calibration_error(probabilities, happened) == whole


def test_without_rows_there_is_no_calibration_error() -> None:
    assert calibration_error([], []).value is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80))
def test_the_bins_hold_every_row_and_the_error_is_their_weighted_difference(rows: list[tuple[float, bool]]) -> None:
    probabilities, happened = [row[0] for row in rows], [float(row[1]) for row in rows]
    bins = reliability(probabilities, happened)
    assert sum(each.n for each in bins) == len(rows)
    weighted = sum(each.n * abs(each.predicted - each.observed) for each in bins) / len(rows)
    assert calibration_error(probabilities, happened).value == pytest.approx(weighted, abs=1e-9)
