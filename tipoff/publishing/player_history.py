"""What readers see of a player's past: his games, his averages, and what the headline said of him before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Final

import polars as pl

from tipoff.systems.registry import HEADLINE
from tipoff.vocabulary import Frozen, Grade, Recommendation
from tipoff.warehouse.base import Parameters, Warehouse
from tipoff.warehouse.sql_files import sql_text

GAMES_SHOWN: Final = 20
PICKS_SHOWN: Final = 40
_YEAR: Final = timedelta(days=365)


class PlayedGame(Frozen):
    """A game in which the player was on court."""

    game_date: date
    game_id: str
    season: str
    team: str
    opponent: str
    home: bool
    starter: bool | None
    """Null without a gamebook."""
    minutes: float
    points: int
    fga: int
    """Field-goal attempts."""
    fta: int
    """Free-throw attempts."""
    usage_rate: float | None
    """Percent."""
    closing_line: float | None
    """The last consensus line before tip-off, points."""


class PastPick(Frozen):
    """What the headline said before a game, and how it was graded."""

    game_date: date
    game_id: str
    opponent: str
    home: bool
    points: float
    """The median of the predicted distribution."""
    low_80: float
    """Lower end of the 80 % interval, points."""
    high_80: float
    over_probability: float | None
    """P(points > line), given no push; null without a line."""
    line: float | None
    """The consensus line when the prediction was made, points."""
    lean: Recommendation | None
    """The side by which it is graded, OVER or UNDER."""
    recommendation: Recommendation
    price_american: float | None
    """The best price of the lean."""
    grade: Grade
    void_reason: str | None
    actual_points: int | None
    """Null for a void one."""
    profit_units: float | None
    """Units won by a pick with a stake of one; null for what is no pick."""


class Average(Frozen):
    """Means over some games; null without a game."""

    games: int
    points: float | None
    minutes: float | None


class Splits(Frozen):
    """Averages of the season so far."""

    season: Average
    last_5: Average
    last_10: Average
    home: Average
    away: Average


@dataclass(frozen=True)
class PlayerHistory:
    """The games of a year."""

    rows: pl.DataFrame
    """Columns of `PlayedGame` and `player_id`, `player_name`; of each player the newest game first."""

    def recent_games(self, player_ids: Iterable[str]) -> Mapping[str, tuple[PlayedGame, ...]]:
        """Return the last GAMES_SHOWN games of each of these players who has one, the newest first."""
        wanted = self.rows.filter(pl.col("player_id").is_in(list(player_ids)))
        shown = wanted.filter(pl.int_range(pl.len()).over("player_id") < GAMES_SHOWN)
        games = shown.select("player_id", *PlayedGame.model_fields).iter_rows(named=True)
        return {
            player_id: tuple(PlayedGame.model_validate(_without_player(game)) for game in of_player)
            for player_id, of_player in groupby(games, key=lambda game: str(game["player_id"]))
        }

    def splits(self, season: str) -> Mapping[str, Splits]:
        """Return the averages of each player of a season."""
        ranked = self.rows.filter(pl.col("season") == season).with_columns(
            rank=pl.int_range(pl.len()).over("player_id")
        )
        averages = {name: _averages(ranked.filter(games)) for name, games in _SPLITS.items()}
        return {
            player_id: Splits(**{name: means.get(player_id, NO_GAMES) for name, means in averages.items()})
            for player_id in averages["season"]
        }


NO_GAMES: Final = Average(games=0, points=None, minutes=None)
NO_SPLITS: Final = Splits(season=NO_GAMES, last_5=NO_GAMES, last_10=NO_GAMES, home=NO_GAMES, away=NO_GAMES)

_SPLITS: Final = {
    "season": pl.lit(True),
    "last_5": pl.col("rank") < 5,
    "last_10": pl.col("rank") < 10,
    "home": pl.col("home"),
    "away": ~pl.col("home"),
}


def player_history(warehouse: Warehouse, last_date: date) -> PlayerHistory:
    """Return the games of the year up to a date, inclusive."""
    dates: Parameters = {"first_date": last_date - _YEAR, "last_date": last_date}
    return PlayerHistory(warehouse.query(sql_text("played_games"), dates))


def _averages(games: pl.DataFrame) -> Mapping[str, Average]:
    means = games.group_by("player_id").agg(pl.len(), pl.col("points", "minutes").mean().round(1))
    return {
        player_id: Average(games=count, points=points, minutes=minutes)
        for player_id, count, points, minutes in means.iter_rows()
    }


def _without_player(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "player_id"}


def past_picks(warehouse: Warehouse, last_date: date, as_of: datetime) -> Mapping[str, tuple[PastPick, ...]]:
    """Return by player what the headline said in the year up to a date and was graded by a time, the newest first."""
    system_id, view = HEADLINE
    parameters: Parameters = {
        "first_date": last_date - _YEAR,
        "last_date": last_date,
        "as_of": as_of,
        "system_id": system_id,
        "view": view.value,
    }
    rows = warehouse.query(sql_text("past_picks"), parameters)
    shown = rows.filter(pl.int_range(pl.len()).over("player_id") < PICKS_SHOWN).iter_rows(named=True)
    return {
        player_id: tuple(PastPick.model_validate(_without_player(pick)) for pick in of_player)
        for player_id, of_player in groupby(shown, key=lambda pick: str(pick["player_id"]))
    }
