"""Cuts a sample out of an archive: one date and its season up to it, small enough to commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from tipoff.errors import ArchiveError, BadInputError
from tipoff.replay.archive.importing import import_folder
from tipoff.replay.archive.layout import MANIFEST, TABLES, missing_games
from tipoff.replay.archive.reader import Archive
from tipoff.replay.archive.rosters import previous_games

_RESULTS = ("home_points", "away_points", "overtime_periods")


@dataclass(frozen=True)
class Sample:
    """The tables of a sample, and one text for each thing it lacks."""

    frames: Mapping[str, pl.DataFrame]
    missing: tuple[str, ...]


def cut_sample(origin: Path, game_date: date) -> Sample:
    """The results of the season up to the date, and the lines, officials and availability of the date.

    `origin` is an archive or a folder to import. Raises ArchiveError when it is neither, BadInputError when it has no
    games on the date.
    """
    frames = _frames(origin)
    slate = frames["games"].filter(pl.col("game_date") == game_date)
    if slate.is_empty():
        raise BadInputError(f"{origin} has no games on {game_date}; choose a date with games")
    season = slate["season"][0]
    games = frames["games"].filter(pl.col("season") == season, pl.col("game_date") <= game_date + timedelta(days=1))
    kept = _kept_games(games, slate, game_date)
    cut = {name: frames[name].filter(pl.col("game_id").is_in(ids.implode())) for name, ids in kept.items()}
    cut["games"] = _without_results_after(games, game_date)
    cut["players"] = _players_of(frames["players"], cut, season)
    missing = [text for name, ids in kept.items() for text in missing_games(name, cut[name], ids)]
    return Sample({name: cut[name] for name in TABLES}, (*_omissions(season, game_date), *missing))


def _kept_games(games: pl.DataFrame, slate: pl.DataFrame, game_date: date) -> dict[str, pl.Series]:
    """The games to keep by table; availability includes the previous games, which injury reports need."""
    played, of_date = games.filter(pl.col("game_date") <= game_date)["game_id"], slate["game_id"]
    return {
        **dict.fromkeys(("player_box", "team_box", "shots_by_zone"), played),
        **dict.fromkeys(("game_lines", "closing_lines", "prop_lines", "officials"), of_date),
        "availability": pl.concat([of_date, previous_games(games, slate)["game_id"]]).unique(),
    }


def _frames(origin: Path) -> Mapping[str, pl.DataFrame]:
    if (origin / MANIFEST).is_file():
        archive = Archive(origin)
        return {name: getattr(archive, name) for name in TABLES}
    if not origin.is_dir():
        raise ArchiveError(f"{origin} is neither an archive nor a folder of past seasons; name one with --from")
    return import_folder(origin).frames


def _without_results_after(games: pl.DataFrame, game_date: date) -> pl.DataFrame:
    """The games with the results of later dates removed."""
    known = pl.col("game_date") <= game_date
    return games.with_columns(pl.when(known).then(name).alias(name) for name in _RESULTS)


def _players_of(players: pl.DataFrame, cut: Mapping[str, pl.DataFrame], season: str) -> pl.DataFrame:
    player_ids = pl.concat(cut[name]["player_id"] for name in ("player_box", "availability")).drop_nulls().unique()
    return players.filter(pl.col("player_id").is_in(player_ids.implode())).with_columns(
        last_season=pl.min_horizontal("last_season", pl.lit(season))
    )


def _omissions(season: str, game_date: date) -> tuple[str, ...]:
    return (
        f"seasons other than {season}, and {season} after {game_date}",
        f"game_lines, closing_lines, prop_lines and officials of other dates than {game_date}",
        f"availability of games other than those of {game_date} and their teams' previous ones",
    )
