"""The feature vector: the registry `FEATURES` defines names, order, values, sources and qualities.

To add a feature, add one entry to `FEATURES`. The columns of the feature store and the order of `feature_sources` and
`feature_qualities` derive from it. Models are trained on `MODEL_FEATURES` only: no betting line is among them, and a
feature with `in_models=False` is kept in the store, so that its history exists before a model uses it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import partial
from typing import Final

import polars as pl

from tipoff.ordered_sum import ordered_sum
from tipoff.vocabulary import ARCHIVED, step_names

ROTATION_MINUTES: Final = 15.0
"""Mean minutes over the last 7 games that make a player eligible without a line."""

MISSING_SOURCE: Final = "missing"


class Quality(IntEnum):
    """Quality of one feature, 0-100."""

    MEASURED = 100
    FALLBACK = 85
    PARTIAL_WINDOW = 60
    MISSING = 0


class SourceColumn(StrEnum):
    """The input columns that hold the sources of the data behind a feature."""

    BOX = "box_source"
    GAMEBOOK = "gamebook_source"
    SHOTS = "shot_source"
    TEAM_BOX = "team_box_source"
    SCHEDULE = "schedule_source"
    INJURIES = "injury_source"
    GAME_LINES = "game_lines_source"
    PROPS = "line_source"
    ROSTER = "roster_source"


_PRIMARY_SOURCES: Final[dict[SourceColumn, tuple[str, ...]]] = {
    SourceColumn.BOX: (step_names.PLAYER_BOX_SCORES, step_names.PLAYER_BOX_SCORE_HISTORY),
    SourceColumn.GAMEBOOK: (step_names.GAMEBOOK,),
    SourceColumn.SHOTS: (step_names.PLAY_BY_PLAY,),
    SourceColumn.TEAM_BOX: (step_names.TEAM_BOX_SCORES, step_names.TEAM_BOX_SCORE_HISTORY),
    SourceColumn.SCHEDULE: (step_names.SCHEDULE,),
    SourceColumn.INJURIES: (step_names.INJURY_REPORT,),
    SourceColumn.GAME_LINES: (step_names.GAME_BETTING_LINES,),
    SourceColumn.PROPS: (step_names.BETTING_LINES,),
    # For a finished game, the box score gives the player's team.
    SourceColumn.ROSTER: (step_names.ROSTERS, step_names.PLAYER_BOX_SCORES, step_names.PLAYER_BOX_SCORE_HISTORY),
}
_TEAM_LEVEL: Final = (SourceColumn.TEAM_BOX, SourceColumn.SCHEDULE, SourceColumn.INJURIES, SourceColumn.GAME_LINES)
"""Data about teams and games; a player gets it through the team on the roster."""
_BETTING_LINES: Final = (SourceColumn.GAME_LINES, SourceColumn.PROPS)


@dataclass(frozen=True, eq=False)
class Feature:
    """One number of the vector.

    With fewer than `window` games, counted in the column `games`, its quality is PARTIAL_WINDOW.
    """

    name: str
    description: str
    value: pl.Expr
    origin: SourceColumn
    window: int = 0
    games: str = "games_history"
    in_models: bool = True

    @property
    def origins(self) -> tuple[SourceColumn, ...]:
        """All source columns that determine the quality."""
        return (self.origin, SourceColumn.ROSTER) if self.origin in _TEAM_LEVEL else (self.origin,)

    @property
    def is_betting_line(self) -> bool:
        """Whether it comes from betting lines; the model view sees none."""
        return self.origin in _BETTING_LINES

    @property
    def is_missing(self) -> pl.Expr:
        """True without a value or without a source. Example: without a line, `has_line` is 0 and missing."""
        return self.value.is_null() | pl.col(self.origin.value).is_null()

    @property
    def source(self) -> pl.Expr:
        """The sources of the value, separated by semicolons."""
        return pl.when(self.is_missing).then(pl.lit(MISSING_SOURCE)).otherwise(pl.col(self.origin.value))

    @property
    def quality(self) -> pl.Expr:
        return (
            pl.when(self.is_missing)
            .then(Quality.MISSING)
            .when(pl.col(self.games) < self.window)
            .then(Quality.PARTIAL_WINDOW)
            .when(pl.any_horizontal(_fallback_used(origin) for origin in self.origins))
            .then(Quality.FALLBACK)
            .otherwise(Quality.MEASURED)
            .cast(pl.Int64)
        )


def _as_is(
    origin: SourceColumn,
    window: int = 0,
    games: str = "games_history",
    convert: Callable[[pl.Expr], pl.Expr] = lambda column: column,
    *,
    in_models: bool = True,
) -> Callable[[str, str], Feature]:
    """Return a constructor of features that equal the input column of the same name."""

    def declare(name: str, description: str) -> Feature:
        return Feature(name, description, convert(pl.col(name)).cast(pl.Float64), origin, window, games, in_models)

    return declare


_last_game = _as_is(SourceColumn.BOX, window=1)
_last_5 = _as_is(SourceColumn.BOX, window=5)
_last_10 = _as_is(SourceColumn.BOX, window=10)
_last_20 = _as_is(SourceColumn.BOX, window=20)
_season_5 = _as_is(SourceColumn.BOX, window=5, games="games_season")
_season_10 = _as_is(SourceColumn.BOX, window=10, games="games_season")
_team_15 = _as_is(SourceColumn.TEAM_BOX, window=15, games="team_games")
_opponent_15 = _as_is(SourceColumn.TEAM_BOX, window=15, games="opponent_games")
_team_season = _as_is(SourceColumn.TEAM_BOX, window=5, games="team_games")
_game_line = _as_is(SourceColumn.GAME_LINES)
_prop = _as_is(SourceColumn.PROPS)
_injury = _as_is(SourceColumn.INJURIES)
_stored = partial(_as_is, in_models=False)
"""A constructor of features that no model uses yet."""
_shots_10 = _stored(SourceColumn.SHOTS, window=10, games="shot_games_10")


def _minutes_change() -> pl.Expr:
    return pl.col("minutes_mean_5") - pl.col("minutes_mean_season")


def _rest_advantage() -> pl.Expr:
    return (pl.col("team_days_rest") - pl.col("opponent_days_rest")).clip(-2, 2).cast(pl.Float64)


def _playoffs() -> pl.Expr:
    """Read the game type from the id: 004 playoffs, 005 play-in."""
    return pl.col("game_id").str.slice(0, 3).is_in(["004", "005"]).cast(pl.Float64)


def _played_share() -> pl.Expr:
    return (pl.col("games_season") / pl.col("team_games").clip(lower_bound=1)).clip(upper_bound=1)


_RISK: Final = {"Available": 0.0, "Probable": 1.0, "Questionable": 2.0, "Doubtful": 3.0, "Out": 3.0}


def _injury_risk() -> pl.Expr:
    """0 to 3. A player not listed in the report is healthy (0); without a report the risk is unknown (NULL)."""
    risk = pl.col("injury_status").fill_null("Available").replace_strict(_RISK, return_dtype=pl.Float64)
    return pl.when(pl.col("has_injury_report")).then(risk)


FEATURES: Final[tuple[Feature, ...]] = (
    _last_5("points_mean_5", "mean points over the last 5 games"),
    _last_10("points_mean_10", "mean points over the last 10 games"),
    _season_5("points_mean_season", "mean points over the season"),
    _last_10("points_sd_10", "standard deviation of points over the last 10 games"),
    _last_20("points_ewm", "exponentially weighted mean of points over the last 20 games, half-life 5 games"),
    _last_10("points_trend", "mean points over the last 5 games minus the 5 games before; positive: improving"),
    _last_10("points_per_minute_10", "points per minute over the last 10 games"),
    _last_5("minutes_mean_5", "mean minutes over the last 5 games"),
    _last_10("minutes_mean_10", "mean minutes over the last 10 games"),
    _season_5("minutes_mean_season", "mean minutes over the season"),
    _last_10("minutes_sd_10", "standard deviation of minutes over the last 10 games"),
    _last_game("minutes_last_game", "minutes in the last game"),
    _last_game("points_level", "mean points of the season and the last one, which counts like 8 games"),
    _last_game("minutes_level", "mean minutes of the season and the last one, which counts like 8 games"),
    Feature(
        "played_share",
        "share of the team's games of the season that the player played, 0-1 scale",
        _played_share(),
        SourceColumn.BOX,
    ),
    _as_is(SourceColumn.BOX, convert=lambda games: games.clip(upper_bound=20))(
        "games_with_team", "games of the season for the team, at most 20"
    ),
    _last_game("new_team", "whether the last game was for another team, 1 or 0"),
    Feature(
        "minutes_change",
        "mean minutes over the last 5 games minus mean minutes over the season",
        _minutes_change(),
        SourceColumn.BOX,
        window=5,
        games="games_season",
    ),
    _last_10("fga_mean_10", "mean field-goal attempts over the last 10 games"),
    _last_10("fg3a_mean_10", "mean three-point attempts over the last 10 games"),
    _last_10("fta_mean_10", "mean free-throw attempts over the last 10 games"),
    _last_10("usage_rate_10", "mean usage rate over the last 10 games, percent"),
    _last_10("true_shooting_10", "true shooting over the last 10 games, 0-1 scale"),
    _last_game("games_season", "games played this season before the date"),
    _last_game("games_last_7_days", "games in the 7 days before the date"),
    _last_game("games_last_14_days", "games in the 14 days before the date"),
    _last_game("minutes_last_7_days", "minutes in the 7 days before the date"),
    _last_game("back_to_back", "whether the player played on the day before, 1 or 0"),
    _as_is(SourceColumn.BOX, window=1, convert=lambda days: days.clip(upper_bound=10))(
        "days_since_last_game", "calendar days since the last game, at most 10"
    ),
    _last_game("points_mean_opponent", "mean points over the games of the history against the opponent"),
    _last_game("games_opponent", "games of the history against the opponent"),
    _season_10("home_points_difference", "mean points at home minus mean points away over the season"),
    _as_is(SourceColumn.SCHEDULE)("home", "whether at home, 1 or 0"),
    Feature("playoffs", "whether in playoffs or play-in, 1 or 0", _playoffs(), SourceColumn.SCHEDULE),
    Feature(
        "rest_advantage",
        "days of rest of the team minus those of the opponent, clipped to -2 and 2",
        _rest_advantage(),
        SourceColumn.TEAM_BOX,
    ),
    _team_15("team_pace", "mean pace over the team's last 15 games, possessions per 48 minutes"),
    _team_15("team_offensive_rating", "mean offensive rating over the team's last 15 games"),
    _team_season("team_win_share", "share of the team's games of the season won, 0-1 scale"),
    _opponent_15("opponent_pace", "mean pace over the opponent's last 15 games"),
    _opponent_15("opponent_defensive_rating", "mean defensive rating over the opponent's last 15 games"),
    _game_line("spread", "consensus spread from the side of the team, points"),
    _game_line("total", "consensus total, points"),
    _game_line("implied_total", "points of the team implied by the game lines"),
    _prop("line", "consensus line, points"),
    _prop("opening_line", "consensus line of the first snapshot with the player, points"),
    _prop("line_move", "mean move since the first snapshot of the books in both, points"),
    _prop("has_line", "whether a line is quoted, 1 or 0"),
    Feature(
        "injury_risk",
        "injury risk: 0 healthy, 1 probable, 2 questionable, 3 doubtful or out",
        _injury_risk(),
        SourceColumn.INJURIES,
    ),
    _injury("stars_out", "teammates ruled out who average 18 points or more"),
    _injury("vacated_minutes", "sum of the mean minutes of the teammates ruled out"),
    _injury("vacated_points", "sum of the mean points of the teammates ruled out"),
    _injury("lost_points", "points of the teammates ruled out that the player's last 10 games still had"),
    _injury("lost_minutes", "minutes of the teammates ruled out that the player's last 10 games still had"),
    _injury("lost_attempts", "attempts of the teammates ruled out that the player's last 10 games still had"),
    _injury("regained_points", "points of available teammates that the player's last 10 games lacked"),
    _injury("regained_minutes", "minutes of available teammates that the player's last 10 games lacked"),
    _injury("regained_attempts", "attempts of available teammates that the player's last 10 games lacked"),
    _stored(SourceColumn.BOX, window=1)("fatigue_score", "freshness: 100 is fresh, 0-100"),
    _shots_10("shot_zone_mismatch", "what the opponent allows where the player shoots from, -10 to 10"),
    _stored(SourceColumn.TEAM_BOX, window=15, games="team_games")(
        "pace_score", "half the pace of the team minus that of the opponent, -3 to 3"
    ),
    _stored(SourceColumn.INJURIES)("usage_spike", "expected change of usage by teammates ruled out, -3 to 3"),
    _shots_10("paint_share_10", "share of the shots from the paint over the last 10 games, 0-1 scale"),
    _shots_10("mid_range_share_10", "share of the shots from mid-range over the last 10 games, 0-1 scale"),
    _shots_10("three_share_10", "share of the shots from behind the arc over the last 10 games, 0-1 scale"),
    _stored(SourceColumn.BOX, window=10)(
        "free_throw_share_10", "share of the points made from the free-throw line over the last 10 games, 0-1 scale"
    ),
    _as_is(SourceColumn.GAMEBOOK, window=10, games="gamebook_games_10")(
        "start_share_10", "share of the last 10 games that the player started, 0-1 scale"
    ),
    _as_is(SourceColumn.GAMEBOOK, window=5, games="gamebook_games_10")(
        "start_share_5", "share of the last 5 games that the player started, 0-1 scale"
    ),
    _as_is(SourceColumn.GAMEBOOK)("started_last_game", "whether the player started the last game, 1 or 0"),
    Feature(
        "spread_size", "size of the spread, points", pl.col("spread").abs(), SourceColumn.GAME_LINES, in_models=False
    ),
    _stored(SourceColumn.GAME_LINES)("spread_move", "spread minus opening spread, points"),
    _stored(SourceColumn.GAME_LINES)("total_move", "total minus opening total, points"),
    _stored(SourceColumn.SCHEDULE)("travel_miles", "distance from the arena of the team's previous game, miles"),
    _stored(SourceColumn.SCHEDULE)("time_zone_change", "local time here minus local time there, hours"),
)

FEATURE_NAMES: Final[tuple[str, ...]] = tuple(feature.name for feature in FEATURES)

MODEL_FEATURES: Final[tuple[str, ...]] = tuple(
    feature.name for feature in FEATURES if feature.in_models and not feature.is_betting_line
)
"""The features that models are trained on."""

MODEL_FEATURES_HASH: Final = hashlib.sha256("\n".join(MODEL_FEATURES).encode()).hexdigest()[:16]
"""Hash of the names and their order; a model trained on other features is rejected."""

KEYS: Final[tuple[str, ...]] = ("game_date", "game_id", "player_id")
CARRIED_COLUMNS: Final[tuple[str, ...]] = (
    *("season", "player_name", "team", "opponent", "tip_off", "as_of", "missing"),
    *("bootstrap", "has_injury_report", "injury_status"),
    *("books", "over_price_american", "over_book", "under_price_american", "under_book"),
    *("market_over_probability", "implied_median", "line_as_of"),
)
"""Input columns that the predictions need besides the features."""


def build_vector(inputs: pl.DataFrame) -> pl.DataFrame:
    """Compute one row per row of `tipoff/sql/features/feature_inputs.sql`, in the same order.

    Columns: KEYS, CARRIED_COLUMNS, `eligible`, one Float64 per feature, `feature_sources` and `feature_qualities`
    (lists in the order of FEATURES) and `feature_quality_score` (0-100, the mean of the qualities).
    """
    rows = inputs.with_columns(
        pl.col("has_prop_line").alias("has_line"),
        *(_uses_fallback(origin).alias(_fallback_used(origin)) for origin in SourceColumn),
    )
    return rows.select(
        *KEYS,
        *CARRIED_COLUMNS,
        _eligible().alias("eligible"),
        *(feature.value.alias(feature.name) for feature in FEATURES),
        pl.concat_list(feature.source for feature in FEATURES).alias("feature_sources"),
        pl.concat_list(feature.quality for feature in FEATURES).alias("feature_qualities"),
        (ordered_sum(feature.quality for feature in FEATURES) / len(FEATURES)).alias("feature_quality_score"),
    )


def _eligible() -> pl.Expr:
    rotation = (pl.col("minutes_mean_7") >= ROTATION_MINUTES).fill_null(value=False)
    return rotation | pl.col("has_prop_line")


def _fallback_used(origin: SourceColumn) -> str:
    return f"{origin.value}_is_fallback"


def _uses_fallback(origin: SourceColumn) -> pl.Expr:
    """True if any of the sources (separated by semicolons) is not a primary source, and for an old line."""
    is_primary = pl.element().str.strip_prefix(ARCHIVED).is_in(list(_PRIMARY_SOURCES[origin]))
    uses_fallback = ~pl.col(origin.value).str.split(";").list.eval(is_primary).list.all()
    return uses_fallback | is_missing("fresh_line") if origin is SourceColumn.PROPS else uses_fallback


def is_missing(name: str) -> pl.Expr:
    """True if the context row was built without the input."""
    return pl.col("missing").fill_null("").str.split(";").list.contains(name)
