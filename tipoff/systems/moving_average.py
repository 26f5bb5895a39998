"""A weighted average of recent scoring, adjusted for the game."""

from __future__ import annotations

from typing import Final

import polars as pl

from tipoff.ordered_sum import ordered_sum
from tipoff.systems.form import OWN_SCORING
from tipoff.systems.formula import Adjustment, Formula

WEIGHTS: Final = {"points_mean_5": 0.5, "points_mean_10": 0.3, "points_mean_season": 0.2}
"""Weights of the means; the weights of missing means go to the others in proportion."""

LAYOFF_DAYS: Final = 3


def average(debut_points: float) -> pl.Expr:
    """Return the weighted mean of the available means; `debut_points` for a player without any game."""
    weighted = ordered_sum(pl.col(name) * weight for name, weight in WEIGHTS.items())
    weights = ordered_sum(pl.col(name).is_not_null() * weight for name, weight in WEIGHTS.items())
    return pl.when(weights > 0).then(weighted / weights).otherwise(debut_points)


# The earlier effects were fitted by least squares on 33,458 player-games of rotation players in 2021-22 and 2022-23.
OPPONENT_PACE: Final = Adjustment("the opponent's pace", pl.col("opponent_pace") / 100, 0.66)
OPPONENT_DEFENSE: Final = Adjustment("the opponent's defense", pl.col("opponent_defensive_rating") / 115, 0.39)
VENUE: Final = Adjustment("home or away", pl.col("home"), 0.015)
LAYOFF: Final = Adjustment(
    "days since the last game", (pl.col("days_since_last_game") >= LAYOFF_DAYS).cast(pl.Float64), -0.022
)
FATIGUE: Final = Adjustment("fatigue", pl.col("fatigue_score") / 100)
TEAMMATES_OUT: Final = Adjustment("teammates who are out", pl.col("lost_points") / 100)
TEAMMATES_BACK: Final = Adjustment("teammates who are back", pl.col("regained_points") / 100)

MOVING_AVERAGE: Final = Formula(
    OWN_SCORING,
    average,
    (
        OPPONENT_PACE,
        OPPONENT_DEFENSE,
        VENUE,
        LAYOFF,
        FATIGUE,
        Adjustment("shots the opponent allows", pl.col("shot_zone_mismatch") / 10),
        TEAMMATES_OUT,
        TEAMMATES_BACK,
    ),
)
