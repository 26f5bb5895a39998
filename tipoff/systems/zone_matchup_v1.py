"""The season mean, adjusted for where the player shoots from and what the opponent allows there."""

from __future__ import annotations

from typing import Final

import polars as pl

from tipoff.systems.base import WideningRule
from tipoff.systems.form import OWN_SCORING, season_mean
from tipoff.systems.formula import Adjustment, Formula
from tipoff.systems.moving_average import FATIGUE, OPPONENT_PACE, TEAMMATES_BACK, TEAMMATES_OUT, VENUE

ZONE_MATCHUP: Final = Formula(
    OWN_SCORING,
    lambda debut_points: season_mean().fill_null(debut_points),
    (
        Adjustment("shots the opponent allows", pl.col("shot_zone_mismatch") / 10),
        OPPONENT_PACE,
        VENUE,
        FATIGUE,
        TEAMMATES_OUT,
        TEAMMATES_BACK,
    ),
)

RULES: Final = (WideningRule("no shot zones", pl.col("paint_share_10").is_null(), 1.02),)
