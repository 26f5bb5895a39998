"""Recent scoring of a player, the baseline of every system, and how a player without any game is estimated."""

from __future__ import annotations

from typing import Final

import polars as pl

HAS_HISTORY: Final = pl.col("points_ewm").is_not_null()
"""Whether the player has any earlier game. Without one there is no own information, and no pick."""

OWN_SCORING: Final = "own scoring so far"
"""Name of the first term of every system."""

DEBUT_POINTS: Final = 6.0
"""Mean points of players without any earlier game who are predicted; used until a model has learnt it."""

SHRINKAGE_GAMES: Final = 8.0
"""The recent mean counts like this many games beside the season's, so that it prevails early in a season."""


def season_mean() -> pl.Expr:
    """Return the mean points of the season, drawn towards the recent games while the season is young; may be NULL."""
    games = pl.col("games_season")
    shrunk = (pl.col("points_mean_season") * games + pl.col("points_ewm") * SHRINKAGE_GAMES) / (games + SHRINKAGE_GAMES)
    return pl.coalesce(shrunk, "points_ewm")


def form(debut_points: float) -> pl.Expr:
    """Return the recent scoring; `debut_points` for a player without any game."""
    return ((pl.col("points_ewm") + season_mean()) / 2).fill_null(debut_points)


def learn_debut_points(rows: pl.DataFrame) -> float:
    """Return the mean points of debuts, shrunk to DEBUT_POINTS as if there had been 50 more of these."""
    debuts = rows.filter("eligible", ~HAS_HISTORY)["points"]
    return (float(debuts.sum()) + 50 * DEBUT_POINTS) / (debuts.len() + 50)
