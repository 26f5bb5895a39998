"""Rows of a finished game from the archive, for the box-score shapes."""

from collections.abc import Iterable
from typing import Any

import polars as pl

from tipoff.replay.archive.layout import COUNTS, PLAYED
from tipoff.replay.shapes.view import ArchiveView, Game, Params

Row = dict[str, Any]


def requested_games(view: ArchiveView, params: Params) -> list[Game]:
    """The game whose id is in the path or the query."""
    game = view.index.by_id.get(params.get("game_id") or params.get("GameID", ""))
    return [game] if game else []


def player_rows(view: ArchiveView, game: Game, team: str) -> list[Row]:
    """The players of a side, starters first, then by minutes; none while a fault hides the game."""
    if not view.shows(game):
        return []
    box = view.index.archive.player_box.filter(game_id=game.game_id, team=team)
    return box.sort(["starter", "minutes", "player_id"], descending=[True, True, False]).to_dicts()


def absent_rows(view: ArchiveView, game: Game, team: str) -> list[Row]:
    """The listed players of a side who did not play and whose NBA id is known."""
    if not view.shows(game):
        return []
    listed = view.index.archive.availability.filter(game_id=game.game_id, team=team)
    return listed.filter(pl.col("status") != PLAYED, pl.col("player_id").is_not_null()).sort("player_name").to_dicts()


def team_row(view: ArchiveView, game: Game, team: str) -> Row | None:
    """The totals of a side; None while a fault hides the game."""
    rows = view.index.archive.team_box.filter(game_id=game.game_id, team=team).to_dicts()
    if not rows or not view.shows(game):
        return None
    return _of_first_minutes(rows[0]) if game.game_id in view.games_with_partial_totals else rows[0]


def _of_first_minutes(totals: Row) -> Row:
    """Totals as they were after a twelfth of the game, with its whole minutes."""
    return {**totals, **{name: totals[name] // 12 for name in COUNTS}}


def column_sums(rows: Iterable[Row], names: Iterable[str]) -> Row:
    """Sums of the named columns."""
    rows = tuple(rows)
    return {name: sum(row[name] for row in rows) for name in names}


def minutes_and_seconds(minutes: float) -> tuple[int, int]:
    """Minutes split into whole minutes and seconds."""
    return divmod(round(minutes * 60), 60)


def fraction(made: int, attempted: int) -> float:
    """Made per attempted, rounded as the NBA does; 0 without attempts."""
    return round(made / attempted, 3) if attempted else 0.0
