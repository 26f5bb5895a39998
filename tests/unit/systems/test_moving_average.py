"""The moving average, checked by hand."""

from typing import Any

import polars as pl
import pytest

from tests.support.features import NO_LINE, past, vectors
from tipoff.systems.distribution import ResidualSpread
from tipoff.systems.moving_average import _EARLIER_SEASONS, MovingAverage, _estimate

LEAGUE = pl.DataFrame({"opponent_pace": [98.0], "opponent_defensive_rating": [114.0]})
AVERAGE_GAME: dict[str, Any] = {"opponent_pace": 98.0, "opponent_defensive_rating": 114.0, "days_since_last_game": 2}


def estimate(**changes: Any) -> float:
    return float(_estimate(vectors(AVERAGE_GAME | changes), LEAGUE).item())


def test_recent_games_have_the_largest_weight() -> None:
    # .5 * 20 + .3 * 10 + .2 * 30 = 19, at home 0.75 % more
    points = estimate(points_mean_5=20.0, points_mean_10=10.0, points_mean_season=30.0)
    assert points == pytest.approx(19 * 1.0075)


def test_home_is_worth_one_and_a_half_percent() -> None:
    assert estimate(home=True) / estimate(home=False) == pytest.approx(1.0075 / 0.9925)


def test_a_faster_opponent_and_a_weaker_defense_give_more_points() -> None:
    # 5 % more pace at elasticity .66; 5 % softer at .39
    assert estimate(opponent_pace=98.0 * 1.05) / estimate() == pytest.approx(1.033)
    assert estimate(opponent_defensive_rating=114.0 * 1.05) / estimate() == pytest.approx(1.0195)


def test_a_layoff_of_three_days_costs_two_percent() -> None:
    assert estimate(days_since_last_game=3) / estimate(days_since_last_game=2) == pytest.approx(0.978)


def test_weights_of_missing_means_go_to_the_others() -> None:
    # first game of the season, earlier seasons known: (.5 * 20 + .3 * 12) / .8 = 17
    points = estimate(points_mean_5=20.0, points_mean_10=12.0, points_mean_season=None)
    assert points == pytest.approx(17 * 1.0075)


def test_a_player_without_any_game_is_predicted_at_the_line() -> None:
    nothing = dict.fromkeys(("points_mean_5", "points_mean_10", "points_mean_season", "days_since_last_game"))
    assert estimate(**nothing, line=11.5) == pytest.approx(11.5 * 1.0075)


def test_unknown_opponent_ratings_have_no_effect() -> None:
    assert estimate(opponent_pace=None, opponent_defensive_rating=None) == estimate()


def test_the_spread_comes_from_the_systems_own_past_errors() -> None:
    history = past()
    spread = ResidualSpread.fit(
        _estimate(history, history.select("opponent_pace", "opponent_defensive_rating").mean()), history["points"]
    )
    today = vectors(NO_LINE)
    predicted = MovingAverage().predict(today, history.lazy())
    assert predicted.quantiles.tolist() == spread.around([estimate()]).quantiles.tolist()


def test_a_short_history_uses_the_spread_of_earlier_seasons() -> None:
    early = MovingAverage().predict(vectors(AVERAGE_GAME), past(rows=20, dates=2).lazy())
    later = MovingAverage().predict(vectors(AVERAGE_GAME), past().lazy())
    assert early.median == pytest.approx(later.median, abs=1)
    low, high = early.interval(0.8)
    assert (high - low).item() == pytest.approx(20.8, abs=0.5)  # by hand from the highest level: 9.8 + 11


def test_the_spread_of_earlier_seasons_is_the_fitted_one() -> None:
    """Any changed number changes two sums; after another fit, its sums belong here."""
    levels = [16.4, 9.4, 6.1, 1.7, -0.1, -6.4]
    quantiles = [-65.6, -56.2, -46.0, -32.4, -21.9, -12.2, -3.0, 7.1, 17.8, 31.3, 50.3, 68.6, 89.3]
    assert [sum(residuals) for residuals in _EARLIER_SEASONS.residuals] == pytest.approx(levels)
    assert [sum(residuals) for residuals in zip(*_EARLIER_SEASONS.residuals, strict=True)] == pytest.approx(quantiles)
    assert _EARLIER_SEASONS.centres == (5.1, 7.6, 9.8, 12.4, 16.3, 24.0)
    assert all(list(residuals) == sorted(residuals) for residuals in _EARLIER_SEASONS.residuals)


def test_a_date_without_any_history_is_predicted() -> None:
    assert 20 < MovingAverage().predict(vectors(), past().clear().lazy()).median.item() < 30
