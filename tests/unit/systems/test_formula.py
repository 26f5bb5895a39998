"""The formulas of moving average and zone matchup, checked by hand."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.support.features import past, vectors
from tipoff.systems.form import DEBUT_POINTS
from tipoff.systems.formula import Adjustment, Effects, Formula, FormulaModel
from tipoff.systems.moving_average import (
    FATIGUE,
    LAYOFF,
    MOVING_AVERAGE,
    OPPONENT_DEFENSE,
    OPPONENT_PACE,
    TEAMMATES_BACK,
    TEAMMATES_OUT,
    VENUE,
)
from tipoff.systems.zone_matchup_v1 import ZONE_MATCHUP

MEANS = {OPPONENT_PACE.name: 0.98, OPPONENT_DEFENSE.name: 114 / 115, VENUE.name: 0.5, LAYOFF.name: 0.0}
AVERAGE_GAME: dict[str, Any] = {"opponent_pace": 98.0, "opponent_defensive_rating": 114.0, "days_since_last_game": 2}
NOTHING = pl.LazyFrame()


def estimate(formula: Formula = MOVING_AVERAGE, **changes: Any) -> float:
    model = FormulaModel(formula, Effects(means=MEANS))
    return float(model.expected_points(vectors(AVERAGE_GAME | changes), NOTHING).item())


def test_recent_games_have_the_largest_weight() -> None:
    # .5 * 20 + .3 * 10 + .2 * 30 = 19, at home 0.75 % more
    points = estimate(points_mean_5=20.0, points_mean_10=10.0, points_mean_season=30.0)
    assert points == pytest.approx(19 * 1.0075)


@pytest.mark.parametrize(
    ("changes", "effect"),
    [
        ({"home": False}, -0.0075),
        ({"opponent_pace": 103.0}, 0.0075 + 0.66 * 0.05),
        ({"opponent_defensive_rating": 119.75}, 0.0075 + 0.39 * 0.05),
        ({"days_since_last_game": 3}, 0.0075 - 0.022),
        ({"opponent_pace": None, "opponent_defensive_rating": None}, 0.0075),
    ],
)
def test_each_adjustment_is_a_share_of_the_average(changes: dict[str, Any], effect: float) -> None:
    average: dict[str, Any] = {"points_mean_5": 20.0, "points_mean_10": 20.0, "points_mean_season": 20.0}
    assert estimate(**average | changes) == pytest.approx(20 * (1 + effect))


@pytest.mark.parametrize(
    ("adjustment", "column", "whole"),
    [
        (TEAMMATES_OUT, "lost_points", 100.0),
        (TEAMMATES_BACK, "regained_points", 100.0),
        (FATIGUE, "fatigue_score", 100.0),
    ],
)
def test_an_effect_of_one_half_on_a_tenth_of_the_whole_changes_a_twentieth(
    adjustment: Adjustment, column: str, whole: float
) -> None:
    learnt = Effects(means={adjustment.name: 0.0}, effects={adjustment.name: 0.5})
    means = {"points_mean_5": 20.0, "points_mean_10": 20.0, "points_mean_season": 20.0}
    estimated = FormulaModel(MOVING_AVERAGE, learnt).expected_points(vectors(means | {column: whole / 10}), NOTHING)
    assert estimated.item() == pytest.approx(20 * 1.05)


def test_weights_of_missing_means_go_to_the_others() -> None:
    # first game of the season, earlier seasons known: (.5 * 20 + .3 * 12) / .8 = 17
    points = estimate(points_mean_5=20.0, points_mean_10=12.0, points_mean_season=None)
    assert points == pytest.approx(17 * 1.0075)


@pytest.mark.parametrize("formula", [MOVING_AVERAGE, ZONE_MATCHUP])
def test_a_player_without_any_game_is_estimated_like_a_debut_whatever_the_line(formula: Formula) -> None:
    means = ("points_mean_5", "points_mean_10", "points_mean_season", "points_ewm", "days_since_last_game")
    nothing: dict[str, Any] = dict.fromkeys(means) | {"games_season": 0}
    low, high = (estimate(formula, **nothing, line=line) for line in (4.5, 24.5))
    assert low == high == pytest.approx(DEBUT_POINTS * 1.0075)


def test_a_season_mean_of_few_games_is_drawn_towards_recent_games() -> None:
    early = estimate(ZONE_MATCHUP, points_mean_season=30.0, points_ewm=20.0, games_season=8)
    late = estimate(ZONE_MATCHUP, points_mean_season=30.0, points_ewm=20.0, games_season=72)
    assert [early / 1.0075, late / 1.0075] == pytest.approx([25.0, 29.0])


def test_the_terms_add_up_to_the_expected_points() -> None:
    model, rows = FormulaModel(MOVING_AVERAGE, Effects(means=MEANS)), vectors({}, {"player_id": "2", "home": False})
    terms = model.terms(rows, NOTHING)
    assert terms.columns[0] == "own scoring so far"
    assert terms.sum_horizontal().to_list() == pytest.approx(model.expected_points(rows, NOTHING).to_list())


def test_effects_are_learnt_from_results_and_drawn_towards_the_earlier_ones() -> None:
    """Points are 20 % higher on fresh legs; with few rows the effect stays near that of earlier seasons."""
    rows = past(6_000).with_columns(fatigue_score=pl.Series(np.arange(6_000) % 2 * 100.0))
    rows = rows.with_columns(points=pl.col("points_mean_5") * (1 + 0.2 * (pl.col("fatigue_score") / 100 - 0.5)))
    formula = Formula("base", lambda debut: pl.col("points_mean_5"), (FATIGUE, Adjustment("nothing", pl.lit(None))))
    many, few = (FormulaModel.fit(formula, rows.head(count)).learnt.effects for count in (6_000, 100))
    assert many[FATIGUE.name] == pytest.approx(0.15, abs=0.01)  # 6,000 of 6,000 + 2,000 rows
    assert 0 < few[FATIGUE.name] < 0.02
    assert many["nothing"] == 0


def test_a_value_that_hardly_varied_in_the_past_has_hardly_an_effect() -> None:
    """With the reports of few past dates, 0.1 points were lost at most. On the date 40 are."""
    lost = pl.Series([0.0] * 5_900 + [0.1] * 100)
    rows = past(6_000).with_columns(lost_points=lost, points=pl.col("points_mean_5") - 3.0 * (lost > 0))
    formula = Formula("base", lambda debut: pl.col("points_mean_5"), (TEAMMATES_OUT,))
    model = FormulaModel.fit(formula, rows)
    few, many = model.expected_points(vectors({"lost_points": 0.0}, {"lost_points": 40.0}), NOTHING)
    assert abs(many - few) < 0.1 * few


def test_a_restored_formula_is_the_same() -> None:
    model = FormulaModel.fit(MOVING_AVERAGE, past())
    assert FormulaModel.from_bytes(MOVING_AVERAGE, model.to_bytes()) == model


def test_a_date_without_any_history_is_predicted() -> None:
    assert FormulaModel.fit(MOVING_AVERAGE, past().clear()).learnt.debut_points == DEBUT_POINTS
