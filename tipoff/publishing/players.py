"""Exports the players of the season: an index, and each player with his games and what was said of him."""

from __future__ import annotations

from datetime import date
from itertools import chain
from typing import Final

import polars as pl

from tipoff.publishing.envelope import Edition
from tipoff.publishing.export import Export
from tipoff.publishing.player_history import (
    NO_SPLITS,
    PastPick,
    PlayedGame,
    PlayerHistory,
    Splits,
    past_picks,
    player_history,
)
from tipoff.publishing.store import ExportStore
from tipoff.publishing.writing import write_export
from tipoff.vocabulary import Frozen, season_of
from tipoff.warehouse.base import Warehouse


class IndexedPlayer(Frozen):
    """A player of the season."""

    player_id: str
    player_name: str
    team: str
    """The team of the last game."""
    last_game: date
    games: int
    """Games of the season in which he was on court."""
    points: float
    """Mean of these games."""
    minutes: float
    """Mean of these games."""


class PlayersPayload(Frozen):
    """The players of a season by name."""

    season: str
    players: tuple[IndexedPlayer, ...]


class PlayerPayload(Frozen):
    """A player with his last games and the graded predictions of the year."""

    player: IndexedPlayer
    season: str
    splits: Splits
    recent_games: tuple[PlayedGame, ...]
    """The last 20, the newest first."""
    past_picks: tuple[PastPick, ...]
    """What the headline said of him before, the newest first."""


INDEX: Final = Export(
    "players-index",
    "v1/players/index.json",
    "Every player who was on court in the season, with his averages.",
    "after the games of a date",
    PlayersPayload,
    reads=("played_games",),
)
PLAYER: Final = Export(
    "player",
    "v1/players/{player_id}.json",
    "A player's last games, splits and graded predictions.",
    "after a game of his",
    PlayerPayload,
    reads=("past_picks", "played_games"),
)


def publish_players(warehouse: Warehouse, store: ExportStore, edition: Edition) -> tuple[str, ...]:
    """Export the players of a date's games, then the index of the season; return the paths."""
    history = player_history(warehouse, edition.game_date)
    season = season_of(edition.game_date)
    players = indexed_players(history, season)
    of_date = set(history.rows.filter(pl.col("game_date") == edition.game_date)["player_id"])
    files = player_files(warehouse, history, [each for each in players if each.player_id in of_date], season, edition)
    envelope = edition.envelope()

    def write(each: PlayerPayload) -> tuple[str, ...]:
        return write_export(store, PLAYER, envelope, each, player_id=each.player.player_id)

    return (
        *chain.from_iterable(store.each(write, files)),
        *write_export(store, INDEX, envelope, PlayersPayload(season=season, players=players)),
    )


def indexed_players(history: PlayerHistory, season: str) -> tuple[IndexedPlayer, ...]:
    """Return the players of a season by name, each with the team of his last game."""
    games = history.rows.filter(pl.col("season") == season)
    means = games.group_by("player_id", maintain_order=True).agg(
        pl.first("player_name", "team"),
        pl.first("game_date").alias("last_game"),
        pl.len().alias("games"),
        pl.col("points", "minutes").mean().round(1),
    )
    return tuple(IndexedPlayer.model_validate(row) for row in means.sort("player_name", "player_id").to_dicts())


def player_files(
    warehouse: Warehouse, history: PlayerHistory, players: list[IndexedPlayer], season: str, edition: Edition
) -> list[PlayerPayload]:
    """Return the file of each of these players."""
    recent, splits = history.recent_games(each.player_id for each in players), history.splits(season)
    picks = past_picks(warehouse, edition.game_date, edition.as_of)
    return [
        PlayerPayload(
            player=each,
            season=season,
            splits=splits.get(each.player_id, NO_SPLITS),
            recent_games=recent.get(each.player_id, ()),
            past_picks=picks.get(each.player_id, ()),
        )
        for each in players
    ]
