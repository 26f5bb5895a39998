"""What the archive knows of a finished game, as the shapes of box scores need it."""

from collections.abc import Iterable
from typing import Any

import polars as pl

from tipoff.replay.archive.layout import PLAYED
from tipoff.replay.shapes.view import Game, Params, View

Row = dict[str, Any]


def game_asked(view: View, params: Params) -> list[Game]:
    """The game with the id in the path or the query: what a request for its box score is about."""
    game = view.past.by_id.get(params.get("game_id") or params.get("GameID", ""))
    return [game] if game else []


def player_rows(view: View, game: Game, team: str) -> list[Row]:
    """Who played for a side: starters first, then by minutes; nobody while a fault keeps the game back."""
    if not view.shows(game):
        return []
    box = view.past.archive.player_box.filter(game_id=game.game_id, team=team)
    return box.sort(["starter", "minutes", "player_id"], descending=[True, True, False]).to_dicts()


def others(view: View, game: Game, team: str) -> list[Row]:
    """Who was listed for a side and did not play, as far as the NBA's id is known."""
    if not view.shows(game):
        return []
    listed = view.past.archive.availability.filter(game_id=game.game_id, team=team)
    return listed.filter(pl.col("status") != PLAYED, pl.col("player_id").is_not_null()).sort("player_name").to_dicts()


def team_row(view: View, game: Game, team: str) -> Row | None:
    """A side's totals; None while a fault keeps the game back."""
    rows = view.past.archive.team_box.filter(game_id=game.game_id, team=team).to_dicts()
    return rows[0] if rows and view.shows(game) else None


def summed(rows: Iterable[Row], names: Iterable[str]) -> Row:
    """Sums of columns."""
    rows = tuple(rows)
    return {name: sum(row[name] for row in rows) for name in names}


def seconds_played(minutes: float) -> tuple[int, int]:
    """Whole minutes and seconds."""
    return divmod(round(minutes * 60), 60)


def share(made: int, tried: int) -> float:
    """Made of tried, as the NBA rounds it; 0 where nothing was tried."""
    return round(made / tried, 3) if tried else 0.0
