"""Builds rows of feature inputs: a rotation player in mid-season, with the changes of a test."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import polars as pl

from tipoff.features.vector import build_vector

GAME_DATE = date(2024, 3, 29)
TIP_OFF = datetime(2024, 3, 29, 23, 30, tzinfo=UTC)
MORNING = datetime(2024, 3, 29, 14, 0, tzinfo=UTC)

INPUTS: dict[str, Any] = {
    "game_date": GAME_DATE,
    "game_id": "0022301083",
    "season": "2023-24",
    "player_id": "1628378",
    "player_name": "Donovan Mitchell",
    "team": "CLE",
    "opponent": "PHI",
    "home": True,
    "tip_off": TIP_OFF,
    "as_of": MORNING,
    "missing": None,
    "injury_status": None,
    "has_injury_report": True,
    "injury_source": "nbac_injury_report",
    "stars_out": 0,
    "vacated_minutes": 0.0,
    "vacated_points": 0.0,
    "lost_points": 0.0,
    "lost_minutes": 0.0,
    "lost_attempts": 0.0,
    "regained_points": 3.5,
    "regained_minutes": 8.0,
    "regained_attempts": 2.5,
    "opponent_pace": 98.0,
    "opponent_defensive_rating": 114.0,
    "has_prop_line": True,
    "line": 24.5,
    "opening_line": 25.5,
    "line_move": -1.0,
    "books": 6,
    "over_price_american": -105.0,
    "over_book": "fanduel",
    "under_price_american": -110.0,
    "under_book": "draftkings",
    "market_over_probability": 0.5,
    "implied_median": 24.5,
    "line_as_of": datetime(2024, 3, 29, 13, 0, tzinfo=UTC),
    "line_source": "odds_api_player_points_props",
    "roster_source": "espn_team_rosters",
    "schedule_source": "nbac_schedule",
    "team_box_source": "nbac_team_boxscore;nbac_team_history",
    "game_lines_source": "odds_api_game_lines",
    "team_games": 72,
    "opponent_games": 73,
    "team_days_rest": 2,
    "opponent_days_rest": 1,
    "team_pace": 97.5,
    "team_offensive_rating": 116.0,
    "team_win_share": 0.62,
    "spread": -4.5,
    "total": 218.5,
    "implied_total": 111.5,
    "spread_move": -1.0,
    "total_move": 2.0,
    "travel_miles": 345.6,
    "time_zone_change": 1.0,
    "fatigue_score": 85.0,
    "shot_zone_mismatch": 1.2,
    "pace_score": -0.25,
    "usage_spike": 0.0,
    "paint_share_10": 0.35,
    "mid_range_share_10": 0.25,
    "three_share_10": 0.4,
    "shot_games_10": 10,
    "shot_source": "nbac_play_by_play",
    "games_season": 50,
    "games_history": 50,
    "bootstrap": False,
    "box_source": "nbac_player_history",
    "days_since_last_game": 2,
    "points_mean_5": 25.0,
    "points_mean_10": 26.0,
    "points_mean_season": 27.0,
    "points_sd_10": 7.5,
    "points_ewm": 25.5,
    "points_trend": -2.0,
    "points_per_minute_10": 0.75,
    "minutes_mean_5": 34.0,
    "minutes_mean_7": 34.2,
    "minutes_mean_10": 34.5,
    "minutes_mean_season": 35.5,
    "minutes_sd_10": 3.1,
    "minutes_last_game": 36.0,
    "fga_mean_10": 19.8,
    "fg3a_mean_10": 8.9,
    "fta_mean_10": 5.8,
    "usage_rate_10": 31.0,
    "true_shooting_10": 0.59,
    "games_last_7_days": 3,
    "games_last_14_days": 7,
    "minutes_last_7_days": 103.0,
    "back_to_back": False,
    "back_to_backs_last_14_days": 1,
    "age": 27,
    "free_throw_share_10": 0.18,
    "start_share_10": 1.0,
    "gamebook_games_10": 10,
    "gamebook_source": "nbac_gamebook_player_stats",
    "points_mean_opponent": 28.0,
    "games_opponent": 2,
    "home_points_difference": 1.2,
    "start_share_5": 1.0,
    "started_last_game": 1,
    "games_with_team": 50,
    "new_team": False,
    "points_level": 26.5,
    "minutes_level": 35.0,
}

_TYPES: dict[str, Any] = {
    "missing": pl.String,
    "injury_status": pl.String,
    "tip_off": pl.Datetime("us", "UTC"),
    "as_of": pl.Datetime("us", "UTC"),
    "line_as_of": pl.Datetime("us", "UTC"),
}


def inputs(*changes: dict[str, Any]) -> pl.DataFrame:
    """Return one row of inputs per dictionary of changes; without changes one default row."""
    types = {bool: pl.Boolean, int: pl.Int64, float: pl.Float64, str: pl.String, date: pl.Date}
    schema = {name: _TYPES.get(name) or types[type(value)] for name, value in INPUTS.items()}
    return pl.DataFrame([INPUTS | change for change in changes or ({},)], schema=schema)


def vectors(*changes: dict[str, Any]) -> pl.DataFrame:
    """Return the feature rows of `inputs`."""
    return build_vector(inputs(*changes))


NO_LINE: dict[str, Any] = dict.fromkeys(
    (
        *("line", "opening_line", "line_move", "books", "over_price_american", "over_book", "under_price_american"),
        *("under_book", "market_over_probability", "implied_median", "line_as_of", "line_source"),
    )
) | {"has_prop_line": False}


def past(rows: int = 600, dates: int = 40) -> pl.DataFrame:
    """Return feature rows with points of earlier dates: form between 4 and 30 points, right-skewed results."""
    generator = np.random.default_rng(5)
    form = generator.uniform(4, 30, rows)
    days = [date.fromordinal(GAME_DATE.toordinal() - 1 - index % dates) for index in range(rows)]
    features = vectors(
        *(
            {
                "game_date": day,
                "player_id": str(index),
                "points_mean_5": mean,
                "points_mean_10": mean,
                "points_mean_season": mean,
                "points_ewm": mean,
            }
            | NO_LINE
            for index, (day, mean) in enumerate(zip(days, form.tolist(), strict=True))
        )
    )
    return features.with_columns(points=pl.Series(np.round(generator.gamma(form / 2, 2)).astype(np.int64)))
