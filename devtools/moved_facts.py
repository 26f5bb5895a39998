"""Moves facts of an archive to other dates: a game keeps its Eastern time and gets another id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from tipoff.errors import BadInputError
from tipoff.replay.archive import Archive
from tipoff.replay.archive.layout import TABLES
from tipoff.replay.archive.writer import write_archive

_EASTERN: Final = "America/New_York"


class AddedGame(NamedTuple):
    """A game that an archive lacks: it is played as the last one of the season with the same teams was."""

    game_id: str
    game_date: date
    away: str
    home: str


def write_with_games(folder: Path, archive: Archive, added: Sequence[AddedGame], season: str) -> Path:
    """Write an archive with more games to a folder. Raises BadInputError if it has no game of the same teams."""
    frames = {name: [getattr(archive, name)] for name in TABLES}
    for game in added:
        alike = archive.games.filter(season=season, away=game.away, home=game.home).sort("game_date").tail(1)
        if alike.is_empty():
            raise BadInputError(f"the archive {archive.path} has no game {game.away}@{game.home} of {season}")
        original, played = alike["game_id"][0], alike["game_date"][0]
        days = pl.duration(days=(game.game_date - played).days)
        for parts in frames.values():
            if "game_id" in parts[0].columns:
                facts = parts[0].filter(game_id=original)
                parts.append(_as_other_event(moved(facts, days, {original: season}, {original: game.game_id})))
    whole = {name: pl.concat(parts) for name, parts in frames.items()}
    whole["games"] = whole["games"].sort("game_date", "tip_off", "game_id")
    write_archive(folder, whole, source="import", missing=archive.missing)
    return folder


def _as_other_event(facts: pl.DataFrame) -> pl.DataFrame:
    """The facts with another id of the odds provider, of the same form."""
    return facts.with_columns(pl.col("event_id").str.reverse()) if "event_id" in facts.columns else facts


def moved(facts: pl.DataFrame, days: pl.Expr, seasons: Mapping[str, str], ids: Mapping[str, str]) -> pl.DataFrame:
    """The rows of a table some days later. `seasons`, `ids`: game -> its season and its id then."""
    changes = [pl.col(name) + days for name, dtype in facts.schema.items() if dtype == pl.Date]
    changes += [_later(name, days) for name, dtype in facts.schema.items() if isinstance(dtype, pl.Datetime)]
    if "season" in facts.columns:
        changes.append(pl.col("game_id").replace_strict(seasons).alias("season"))
    if "game_id" in facts.columns:
        changes.append(pl.col("game_id").replace_strict(ids))
    return facts.with_columns(changes)


def _later(name: str, days: pl.Expr) -> pl.Expr:
    """The same Eastern time of a later date."""
    local = pl.col(name).dt.convert_time_zone(_EASTERN).dt.replace_time_zone(None) + days
    return local.dt.replace_time_zone(_EASTERN, ambiguous="earliest").dt.convert_time_zone("UTC")
