"""What the exports of a slate share: its games, its players, and what its predictions lack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final

import polars as pl
from pydantic import AwareDatetime

from tipoff.grading.accuracy import last_injury_reports
from tipoff.grading.outcomes import POSTPONED
from tipoff.publishing.envelope import Completeness, JsonObject
from tipoff.systems.registry import HEADLINE
from tipoff.vocabulary import Frozen, View
from tipoff.warehouse.base import Warehouse

STALE_AFTER: Final = timedelta(hours=12)
"""A prediction this old for a game that has not started lacks the day's injuries and lines."""


class Headline(Frozen):
    """The system and view that picks and best bets are about."""

    system_id: str
    view: View


HEADLINE_SHOWN: Final = Headline(system_id=HEADLINE[0], view=HEADLINE[1])


class Game(Frozen):
    """A game as known at the as-of time."""

    game_id: str
    """The league's id, ten digits."""
    away: str
    """Tricode."""
    home: str
    """Tricode."""
    tip_off: AwareDatetime | None
    """Null while it is not fixed."""
    status: str
    """scheduled, live, final, postponed or unknown."""
    status_text: str | None
    """The provider's words, such as "Q3 4:12"."""
    away_points: int | None
    """Null before the game has started."""
    home_points: int | None


class PlayerInGame(Frozen):
    """A player of the slate."""

    player_id: str
    """The league's id of the person."""
    player_name: str
    game_id: str
    team: str
    """Tricode."""
    opponent: str
    """Tricode."""
    home: bool
    tip_off: AwareDatetime | None
    """Null while it is not fixed."""
    line: float | None
    """The consensus line of his newest prediction, points; null if books asked for no bet on him by then."""
    line_as_of: AwareDatetime | None
    """When the books quoted that line."""
    injury_status: str | None
    """The word of the last injury report, such as Out or Questionable; null if he is not listed."""


def games_payload(games: pl.DataFrame) -> tuple[Game, ...]:
    """Return the games of `games_of` as exports show them."""
    return tuple(_game(row) for row in games.iter_rows(named=True))


def _game(row: JsonObject) -> Game:
    points = ("away_points", "home_points")
    known = {name: row[name] if row["game_status"] in ("live", "final") else None for name in points}
    described = {name: row[name] for name in ("game_id", "away", "home", "tip_off", "status_text")}
    return Game.model_validate({**described, **known, "status": row["game_status"]})


def completeness(games: pl.DataFrame, active: pl.DataFrame, as_of: datetime) -> Completeness:
    """Return what the active predictions of a date lack at a time."""
    played = games.filter(pl.col("game_status") != POSTPONED)
    missing = sorted(set(played["game_id"]) - set(active["game_id"]))
    is_open = (pl.col("tip_off") > as_of).fill_null(value=True)
    return Completeness(
        empty=played.is_empty(),
        degraded=("predictions are not published yet",) if active.is_empty() and missing else (),
        missing_games=missing,
        stale=not active.filter(is_open & (pl.col("as_of") < as_of - STALE_AFTER)).is_empty(),
        backfilled=all_backfilled(active),
    )


def all_backfilled(rows: pl.DataFrame) -> bool:
    """Whether there are predictions, and every one was made after its game began."""
    return not rows.is_empty() and bool(rows["backfilled"].all())


def by_player(rows: pl.DataFrame, of_system: Callable[[JsonObject], JsonObject]) -> Iterator[JsonObject]:
    """Group rows of one player, system and view each into one object per player with its `systems`."""
    groups = groupby(rows.iter_rows(named=True), key=lambda row: (row["game_id"], row["player_id"]))
    for _, of_player in groups:
        predictions = list(of_player)
        newest = max(predictions, key=lambda row: row["as_of"])
        shown = {name: newest[name] for name in PlayerInGame.model_fields}
        yield {**shown, "systems": [of_system(row) for row in predictions]}


def with_reports(warehouse: Warehouse, game_date: date, as_of: datetime, rows: pl.DataFrame) -> pl.DataFrame:
    """Join rows with the last injury report, as a player may be ruled out since; sort by tip-off, game and line."""
    reports = last_injury_reports(warehouse, game_date, as_of)
    return (
        rows.join(reports, on=["game_id", "player_id"], how="left")
        .with_columns(
            player_line=pl.col("line").max().over("game_id", "player_id"),
            player_points=pl.col("points").max().over("game_id", "player_id"),
        )
        .sort(
            ["tip_off", "game_id", "player_line", "player_points", "player_id", "system_id", "view"],
            descending=[False, False, True, True, False, False, False],
            nulls_last=True,
        )
    )
