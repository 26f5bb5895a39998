"""Recent scoring, weighted and adjusted for tonight; its spread comes from its own past errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from tipoff.errors import NotEnoughDataError
from tipoff.systems.distribution import Distributions, ResidualSpread

WEIGHTS: Final = {"points_mean_5": 0.5, "points_mean_10": 0.3, "points_mean_season": 0.2}
"""The system's definition. A mean that does not exist yet leaves its weight to the others."""

# Effects on points, as shares, fitted by least squares on 33,458 rotation player-games of 2021-22 and 2022-23
# (standard error behind). Being on a back-to-back is not among them: +0.8 % (0.7), for those who are tired sit out.
HOME_ADVANTAGE: Final = 0.015  # (0.005) at home against away
AFTER_A_PAUSE: Final = -0.022  # (0.005) three days off or more
PACE_ELASTICITY: Final = 0.66  # (0.11) of the opponent's pace relative to the league's
DEFENCE_ELASTICITY: Final = 0.39  # (0.06) of the opponent's defensive rating relative to the league's

PAUSE_DAYS: Final = 3

_EARLIER_SEASONS: Final = ResidualSpread(
    centres=(5.1, 7.6, 9.8, 12.4, 16.3, 24.0),
    residuals=(
        (-6.2, -5.5, -4.5, -3.3, -2.2, -1.0, 0.0, 1.4, 2.7, 4.5, 7.3, 10.1, 13.1),
        (-8.0, -7.3, -6.3, -4.4, -3.0, -1.7, -0.4, 1.1, 2.7, 4.7, 7.6, 10.5, 13.9),
        (-9.6, -8.6, -7.1, -5.1, -3.6, -2.1, -0.7, 1.0, 2.8, 5.1, 8.2, 11.1, 14.7),
        (-11.6, -9.8, -8.1, -5.7, -3.9, -2.2, -0.6, 1.1, 2.9, 5.2, 8.4, 11.4, 14.6),
        (-13.6, -11.4, -9.0, -6.3, -4.1, -2.4, -0.5, 1.3, 3.3, 5.7, 9.0, 12.3, 15.6),
        (-16.6, -13.6, -11.0, -7.6, -5.1, -2.8, -0.8, 1.2, 3.4, 6.1, 9.8, 13.2, 17.4),
    ),
    rows=39_490,
)
"""This system's spread over 2021-22 and 2022-23: stands in on a season's first days, so that no day goes without."""


@dataclass(frozen=True)
class MovingAverage:
    """0.5 of the last 5 games, 0.3 of the last 10, 0.2 of the season, times tonight's adjustments."""

    system_id: str = "moving_average"
    title: str = "Moving average"
    model_version: None = None

    def predict(self, features: pl.DataFrame, history: pl.DataFrame) -> Distributions:
        """See `System.predict`. The league's pace and rating are the history's means."""
        past = history.filter("eligible")
        league = past.select("opponent_pace", "opponent_defensive_rating").mean()
        return _spread(_estimate(past, league), past["points"]).around(_estimate(features, league))


def _spread(estimates: pl.Series, points: pl.Series) -> ResidualSpread:
    try:
        return ResidualSpread.fit(estimates, points)
    except NotEnoughDataError:
        return _EARLIER_SEASONS


def _estimate(features: pl.DataFrame, league: pl.DataFrame) -> pl.Series:
    """Points expected of each row."""
    pace = _relative("opponent_pace", league, PACE_ELASTICITY)
    defence = _relative("opponent_defensive_rating", league, DEFENCE_ELASTICITY)
    venue = 1 + HOME_ADVANTAGE * (pl.col("home") - 0.5)
    paused = pl.col("days_since_last_game").fill_null(0) >= PAUSE_DAYS
    rest = pl.when(paused).then(1 + AFTER_A_PAUSE).otherwise(1.0)
    return features.select(_form() * pace * defence * venue * rest).to_series()


def _form() -> pl.Expr:
    """The weighted mean of what there is; a player without a single game stands at his line."""
    weighted = pl.sum_horizontal(pl.col(name) * weight for name, weight in WEIGHTS.items())
    weights = pl.sum_horizontal(pl.col(name).is_not_null() * weight for name, weight in WEIGHTS.items())
    return pl.when(weights > 0).then(weighted / weights).otherwise(pl.col("line"))


def _relative(column: str, league: pl.DataFrame, elasticity: float) -> pl.Expr:
    """Factor by which a column's distance from the league's mean moves points; 1 while either is unknown."""
    mean: float | None = league[column].item()
    return (1 + elasticity * (pl.col(column) / mean - 1)).fill_null(1.0)
